"""What moved a score between two months (SCORING.md, section 8)."""

from typing import Any

from .explanation import Node, explain
from .scores import Scores, scores_of
from .workspace import Workspace

Change = dict[str, Any]


def explain_change(workspace: Workspace | Scores, subject: str, month: str, against: str) -> Change:
    """The change of the overall score from `against` to `month`, opened all the way down.

    A node has `before`, `after`, `change`, `reason` and `parts`; each part has the amounts it
    gives to the change above it, and as `inside` the change of its own score in its own points:
    - `score_moved` and `weight_moved` where it counted in both months, `came` or `went` where in
      one, `moved` for the balance;
    - for a metric also `new_value`: whether a later period's value came in, and not only age.
    Without a score in one of the months there is only the reason.
    """
    scores = scores_of(workspace)
    before, after = explain(scores, subject, against), explain(scores, subject, month)
    return _change("overall", subject, before, after, (against, month))


def _change(
    kind: str, name: str, before: Node | None, after: Node | None, months: tuple[str, str]
) -> Change:
    reasons = [
        _reason(node, kind, month)
        for node, month in zip((before, after), months, strict=True)
        if node is None or node["score"] is None
    ]
    told: Change = {
        "kind": kind,
        "name": name,
        "before": before["score"] if before else None,
        "after": after["score"] if after else None,
        "change": None,
        "reason": "; ".join(reasons) or None,
        "parts": [],
    }
    if before is None or after is None or reasons:
        return told
    told["change"] = after["score"] - before["score"]
    told["parts"] = _parts(before, after, months)
    return told


def _reason(node: Node | None, kind: str, month: str) -> str:
    if kind == "metric":
        return f"not expected in {month}" if node is None else f"missing in {month}"
    if node is None or not node["parts"]:
        return f"not measured in {month}"
    return f"insufficient in {month}"


def _parts(before: Node, after: Node, months: tuple[str, str]) -> list[Change]:
    old, new = _members(before), _members(after)
    old_weight, new_weight = _normalised(before["kind"], old), _normalised(after["kind"], new)
    middle = (_mean_score(old) + _mean_score(new)) / 2
    parts = []
    for name in [*old, *(name for name in new if name not in old)]:
        part: Change = {"kind": (new.get(name) or old[name])["kind"], "name": name}
        if name not in old:
            part["came"] = new_weight[name] * (new[name]["score"] - middle)
        elif name not in new:
            part["went"] = -old_weight[name] * (old[name]["score"] - middle)
        else:
            s0, s1 = old[name]["score"], new[name]["score"]
            w0, w1 = old_weight[name], new_weight[name]
            part["score_moved"] = (w0 + w1) / 2 * (s1 - s0)
            part["weight_moved"] = (w1 - w0) * ((s0 + s1) / 2 - middle)
        part["inside"] = _change(
            part["kind"], name, _part(before, name), _part(after, name), months
        )
        if part["kind"] == "metric" and name in new:
            part["new_value"] = name not in old or old[name]["period"] != new[name]["period"]
        parts.append(part)
    if before["kind"] == "overall":
        moved = _balance_points(after) - _balance_points(before)
        parts.append({"kind": "balance", "name": "balance", "moved": moved})
    return parts


def _members(node: Node) -> dict[str, Node]:
    """The parts that count in a mean: the balance and what gives no points left out."""
    return {
        part["name"]: part
        for part in node["parts"]
        if part["kind"] != "balance" and part["points"] is not None
    }


def _part(node: Node, name: str) -> Node | None:
    return next((part for part in node["parts"] if part["name"] == name), None)


def _normalised(kind: str, members: dict[str, Node]) -> dict[str, float]:
    """Evidence decides how much a category counts nowhere, and how much a member counts below."""
    raw = {
        name: part["weight"] * (1.0 if kind == "overall" else part["coverage"])
        for name, part in members.items()
    }
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}


def _mean_score(members: dict[str, Node]) -> float:
    """The score of the mean itself: under an overall score, before the balance."""
    return float(sum(part["points"] for part in members.values()))


def _balance_points(node: Node) -> float:
    return float(sum(part["points"] for part in node["parts"] if part["kind"] == "balance"))
