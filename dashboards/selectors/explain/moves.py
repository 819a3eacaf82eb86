"""What moved between two months: parts in points, level by level, and what caused it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.figures import ChangeBridge, Part
from dashboards.presentation.months import month_label, month_name
from dashboards.presentation.numbers import change_text, listed, score_text
from dashboards.selectors.explain.parts import GROUP_TITLES
from metrics.choices import Category
from metrics.explaining import Explanation
from metrics.models import GROUPS
from metrics.scoring.changes import Change
from metrics.scoring.columns import CATEGORIES
from projects.models import Subject

FIRST_MOVES = 8
"""How many members of a group are told one by one."""

SMALLEST_MOVE = 0.05
"""What would be shown as 0.0 is not told one by one."""

CAUSES = {
    "values": gettext_lazy("New and changed values"),
    "evidence": gettext_lazy("Data that faded, ended or came back"),
    "definition": gettext_lazy("Changed rules"),
    "below": gettext_lazy("Inside parts that are not opened here"),
    "balance": gettext_lazy("Balance between the categories"),
}
CAUSE_WORDS = {
    "values": gettext_lazy("values"),
    "evidence": gettext_lazy("evidence"),
    "definition": gettext_lazy("rules"),
    "below": gettext_lazy("inside it"),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """How many points of a change something brought about."""

    key: str
    label: str
    points: float


@dataclass(frozen=True, slots=True)
class Move:
    """One part of a change: the four ways in which it can move the score above it."""

    kind: str
    name: str
    before: float | None
    now: float | None
    score_moved: float
    weight_moved: float
    came: float
    went: float
    points: float
    causes: tuple[Cause, ...]
    subject: Subject | None = None

    @property
    def why(self) -> str:
        """`values +0.9, evidence +0.2`; causes too small to show are left out."""
        return ", ".join(
            f"{CAUSE_WORDS[cause.key]} {change_text(cause.points)}"
            for cause in self.causes
            if cause.key != "balance" and abs(cause.points) >= SMALLEST_MOVE
        )


@dataclass(frozen=True, slots=True)
class OtherMoves:
    """The members that hardly moved, together, so that a table still adds up."""

    count: int
    score_moved: float
    weight_moved: float
    came: float
    went: float
    points: float


@dataclass(frozen=True, slots=True)
class GroupMoves:
    """The members of one group; what they moved adds up to the group's own change."""

    move: Move
    members: tuple[Move, ...]
    others: OtherMoves | None
    own_change: float | None


@dataclass(frozen=True, slots=True)
class CategoryMoves:
    """One category, in overall points, and its groups in the category's points."""

    move: Move
    groups: tuple[GroupMoves, ...]
    own_change: float | None
    anchor: str


@dataclass(frozen=True, slots=True)
class ChangeStory:
    """The change of an overall score between two months."""

    before_label: str
    label: str
    since: str
    """`since May 2026`, or `since it was reported`."""
    before: float
    now: float
    moves: tuple[Move, ...]
    categories: tuple[CategoryMoves, ...]
    causes: tuple[Cause, ...]

    @property
    def points(self) -> float:
        return self.now - self.before

    def bridge(self, name: str) -> ChangeBridge:
        return ChangeBridge(
            name=name,
            before=self.before_label,
            start=self.before,
            parts=[Part(move.name, move.points, _detail(move)) for move in self.moves],
            after=self.label,
            end=self.now,
        )


def change_story(explanation: Explanation) -> ChangeStory | None:
    """The explanation's change with names; None if either month lacks the overall score."""
    change = explanation.change
    if change is None or explanation.against is None:
        return None
    assert change.before is not None  # a change is told of two scores only
    assert change.now is not None
    before_label, label = month_label(explanation.against), month_label(explanation.month)
    since = _("since %(month)s") % {"month": month_name(explanation.against)}
    if explanation.is_restated:
        before_label = _("%(month)s as reported") % {"month": label}
        label = _("%(month)s now") % {"month": label}
        since = _("since it was reported")
    elif explanation.closing is not None:
        label = _("%(month)s as reported") % {"month": label}
    # In the fixed order of the categories, the balance last.
    parts = sorted(change.parts, key=lambda part: (part.kind != "category", part.number))
    return ChangeStory(
        before_label=before_label,
        label=label,
        since=since,
        before=change.before,
        now=change.now,
        moves=tuple(_move(explanation, part) for part in parts),
        categories=tuple(
            _category(explanation, part) for part in parts if part.kind == "category" and part.parts
        ),
        causes=tuple(_causes_of(parts)),
    )


def _category(explanation: Explanation, change: Change) -> CategoryMoves:
    return CategoryMoves(
        move=_move(explanation, change),
        groups=tuple(_group(explanation, part) for part in change.parts),
        own_change=change.own_change,
        anchor=CATEGORIES[change.number],
    )


def _group(explanation: Explanation, change: Change) -> GroupMoves:
    ordered = sorted(change.parts, key=lambda part: -abs(part.total))
    told = [part for part in ordered if abs(part.total) >= SMALLEST_MOVE][:FIRST_MOVES]
    return GroupMoves(
        move=_move(explanation, change),
        members=tuple(_move(explanation, part) for part in told),
        others=_others(ordered[len(told) :]),
        own_change=change.own_change,
    )


def _others(changes: Sequence[Change]) -> OtherMoves | None:
    if not changes:
        return None
    return OtherMoves(
        len(changes),
        sum(change.score_moved for change in changes),
        sum(change.weight_moved for change in changes),
        sum(change.came for change in changes),
        sum(change.went for change in changes),
        sum(change.total for change in changes),
    )


def _move(explanation: Explanation, change: Change) -> Move:
    return Move(
        kind=change.kind,
        name=_name(explanation, change),
        before=change.before,
        now=change.now,
        score_moved=change.score_moved,
        weight_moved=change.weight_moved,
        came=change.came,
        went=change.went,
        points=change.total,
        causes=tuple(_causes_of([change])),
        subject=explanation.subject_of(change) if change.kind == "subject" else None,
    )


def _name(explanation: Explanation, change: Change) -> str:
    match change.kind:
        case "category":
            return str(Category(CATEGORIES[change.number]).label)
        case "group":
            return str(GROUP_TITLES[GROUPS[change.number]])
        case "metric":
            return explanation.metric_of(change.number).name
        case "subject":
            return explanation.subject_of(change).name
    return _("Balance")


def _causes_of(changes: Sequence[Change]) -> Iterator[Cause]:
    """The causes of some changes together, in a fixed order; the balance is one of its own."""
    points = dict.fromkeys(CAUSES, 0.0)
    present: set[str] = set()
    for change in changes:
        for cause, amount in change.by.items():
            key = "balance" if change.kind == "balance" else cause
            points[key] += amount
            present.add(key)
    for key, label in CAUSES.items():
        if key in present:
            yield Cause(key, str(label), points[key])


def _detail(move: Move) -> str:
    """For the hover text and the table: what its score did, and why."""
    if move.kind == "balance":
        return _("What the rule for the overall score takes away from the mean")
    said = {"before": score_text(move.before), "now": score_text(move.now)}
    scores = _("score %(before)s to %(now)s") % said
    if move.before is None:
        scores = _("came with %(now)s") % said
    elif move.now is None:
        scores = _("went with %(before)s") % said
    return listed([words for words in (scores, move.why) if words])
