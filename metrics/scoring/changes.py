"""Taking the change of a score between two months apart, exactly (SCORING section 8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from metrics.scoring.explanation import Node

CAUSES = ("values", "evidence", "definition", "below")
"""Why something moved: a value came in; evidence faded or ended; a rule changed; it is told only
by the parts below, which were not opened."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a part did to the score above it, in that score's points.

    `total` is the sum of the four ways a member can move a mean, and again the sum of the causes.
    `parts` take the part's own change apart, in its own points.
    """

    kind: str
    number: int
    before: float | None
    now: float | None
    score_moved: float = 0.0
    weight_moved: float = 0.0
    came: float = 0.0
    went: float = 0.0
    by: dict[str, float] = field(default_factory=dict)
    parts: tuple[Change, ...] = ()

    @property
    def total(self) -> float:
        return self.score_moved + self.weight_moved + self.came + self.went

    @property
    def own_change(self) -> float | None:
        """How much its own score moved, in its own points."""
        return None if self.before is None or self.now is None else self.now - self.before


def change_between(before: Node | None, now: Node | None) -> Change | None:
    """The change of an overall score; None if either month lacks it."""
    if before is None or now is None or before.score is None or now.score is None:
        return None
    parts = _parts(before, now)
    return Change(
        "overall",
        now.number,
        before.score,
        now.score,
        score_moved=now.score - before.score,
        by=_summed(parts),
        parts=parts,
    )


def _parts(before: Node, now: Node) -> tuple[Change, ...]:
    """How each member moved the mean of its level; the totals add up to the level's change."""
    earlier = {part.key: part for part in before.parts if part.evidence > 0}
    later = {part.key: part for part in now.parts if part.evidence > 0}
    evidence_before = sum(part.evidence for part in earlier.values())
    evidence_now = sum(part.evidence for part in later.values())
    level = (_mean(earlier, evidence_before) + _mean(later, evidence_now)) / 2
    expected_before = {part.key for part in before.parts}
    expected_now = {part.key for part in now.parts}
    changes = []
    for key in dict.fromkeys([*later, *earlier]):
        old, new = earlier.get(key), later.get(key)
        if old is not None and new is not None:
            change = _stayed(
                old, new, old.evidence / evidence_before, new.evidence / evidence_now, level
            )
        elif new is not None:
            points = new.evidence / evidence_now * (_score(new) - level)
            change = _came(new, points, key in expected_before)
        else:
            gone = earlier[key]
            points = -gone.evidence / evidence_before * (_score(gone) - level)
            change = _went(gone, points, key in expected_now)
        changes.append(change)
    balance = _balance(before, now)
    return (*changes, balance) if balance else tuple(changes)


def _mean(members: dict[tuple[str, int], Node], evidence: float) -> float:
    return sum(part.evidence * _score(part) for part in members.values()) / evidence


def _score(node: Node) -> float:
    """The score of a member that has evidence, and so has one."""
    if node.score is None:
        raise ValueError(f"{node.key} has no score.")
    return node.score


def _stayed(old: Node, new: Node, weight_before: float, weight_now: float, level: float) -> Change:
    was, is_now = _score(old), _score(new)
    mean_weight = (weight_before + weight_now) / 2
    score_moved = mean_weight * (is_now - was)
    weight_moved = (weight_now - weight_before) * ((was + is_now) / 2 - level)
    parts = _parts(old, new) if old.parts and new.parts else ()
    if parts:
        by = {cause: mean_weight * amount for cause, amount in _summed(parts).items()}
    elif new.kind == "metric":
        by = {_cause_of_metric(old, new): score_moved}
    else:
        by = {"below": score_moved}
    renewed = new.kind == "metric" and _is_new_value(old, new)
    weight_cause = "values" if renewed else "evidence"
    by[weight_cause] = by.get(weight_cause, 0.0) + weight_moved
    return Change(
        new.kind,
        new.number,
        old.score,
        new.score,
        score_moved=score_moved,
        weight_moved=weight_moved,
        by=by,
        parts=parts,
    )


def _is_new_value(old: Node, new: Node) -> bool:
    return (
        old.reading is None
        or new.reading is None
        or (old.reading.period, old.reading.value) != (new.reading.period, new.reading.value)
    )


def _cause_of_metric(old: Node, new: Node) -> str:
    return "values" if _is_new_value(old, new) else "definition"


def _came(new: Node, points: float, was_expected: bool) -> Change:
    """A member that has a score now: a value came in, or it began to be expected."""
    cause = "values" if was_expected or new.kind != "metric" else "definition"
    return Change(new.kind, new.number, None, new.score, came=points, by={cause: points})


def _went(old: Node, points: float, is_expected: bool) -> Change:
    """A member that has no score any more: its evidence ended, or it is no longer expected."""
    cause = "evidence" if is_expected or old.kind != "metric" else "definition"
    return Change(old.kind, old.number, old.score, None, went=points, by={cause: points})


def _balance(before: Node, now: Node) -> Change | None:
    """What the geometric or weakest rule takes away changes by its own difference."""
    was = next((part for part in before.parts if part.kind == "balance"), None)
    is_now = next((part for part in now.parts if part.kind == "balance"), None)
    if was is None or is_now is None or was.points is None or is_now.points is None:
        return None
    moved = is_now.points - was.points
    return Change("balance", 0, was.points, is_now.points, score_moved=moved, by={"below": moved})


def _summed(parts: tuple[Change, ...]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for cause, amount in part.by.items():
            total[cause] = total.get(cause, 0.0) + amount
    return total
