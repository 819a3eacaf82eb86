"""Everything the page of an explanation shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Func, Subquery

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.explain.moves import ChangeStory, change_story
from dashboards.selectors.explain.parts import CategoryPart, GroupPart, category_parts
from dashboards.selectors.explain.reasons import (
    card_of,
    says_the_same,
    why_category_insufficient,
    why_insufficient,
    why_no_scores,
)
from dashboards.selectors.months import current_month
from dashboards.selectors.status import ScoreStatus, score_status
from dashboards.selectors.trends import ScoreHistory
from metrics.choices import Category, OverallRule
from metrics.closed_months import ClosedMonths
from metrics.explaining import Explanation, explain
from metrics.models import Score
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import FIRST_MONTH, Month

FEW_SUBJECTS = 1500
"""Up to so many subjects in all, children are opened too, to tell what moved them."""

TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class ExplainPage:
    """A subject's stored scores in a month, and the same taken apart."""

    subject: Subject
    month: Month
    against: Month
    scored_months: tuple[Month, ...]
    history: ScoreHistory
    limits: BandLimits | None
    rule: OverallRule | None
    categories: tuple[CategoryPart, ...]
    computed: float | None
    """What the parts add up to."""
    balance_points: float | None
    story: ChangeStory | None
    why_no_change: str
    why_no_scores: str
    why_insufficient: str
    why_unknown: dict[str, str]
    is_closed: bool
    is_running: bool
    says_the_same: bool
    says_the_same_before: bool
    as_of: datetime | None
    """When the month was closed: what stood then explains it."""
    as_of_before: datetime | None
    status: ScoreStatus | None
    """Asked only where the stored scores are not what the parts add up to."""

    @property
    def stored(self) -> Score | None:
        return self.history.at(self.month)

    @property
    def stored_before(self) -> Score | None:
        return self.history.at(self.against)

    @property
    def mean_points(self) -> float:
        """What the categories add up to before the balance is taken away."""
        return sum(part.points for part in self.categories if part.points is not None)

    @property
    def groups(self) -> tuple[GroupPart, ...]:
        return tuple(group for part in self.categories for group in part.groups)

    @property
    def is_being_updated(self) -> bool:
        return self.status is not None and not self.status.is_up_to_date


def subject_to_explain(code: str) -> tuple[Subject, int] | None:
    """The subject of a code, and how many subjects there are in all; in one query."""
    # A plain function, as an aggregate would group by what it counts.
    everybody = Subject.objects.order_by().values(count=Func("pk", function="COUNT"))
    subject = Subject.objects.filter(code=code).annotate(everybody=Subquery(everybody)).first()
    return None if subject is None else (subject, subject.everybody)


def explain_page(
    code: str, month: Month, *, against: Month | None = None, open_groups: Sequence[str] = ()
) -> ExplainPage | None:
    """The page of a subject and month; None if there is no such subject."""
    found = subject_to_explain(code)
    if found is None:
        return None
    subject, everybody = found
    against = against or month.plus(-1 if month > FIRST_MONTH else 0)
    rows = {row.month: row for row in Score.objects.filter(subject=subject.pk).order_by("month")}
    closed = ClosedMonths.read()
    depth = _depth(subject, everybody)
    explanation = explain(subject, month, against=against, depth=depth, closed=closed)
    months = tuple(there for there in _until(month) if there >= FIRST_MONTH)
    card = card_of(explanation)
    is_same = says_the_same(rows.get(month), explanation.node)
    return ExplainPage(
        subject=subject,
        month=month,
        against=against,
        scored_months=tuple(rows),
        history=ScoreHistory(months, rows),
        limits=None if card is None else BandLimits(card.amber_from, card.green_from),
        rule=None if card is None else OverallRule(card.overall),
        categories=category_parts(explanation, open_groups),
        computed=explanation.node.score if explanation.node else None,
        balance_points=_balance_points(explanation),
        story=change_story(explanation) if against in rows and month in rows else None,
        why_no_change=_why_no_change(explanation, against, rows.keys()),
        why_no_scores=why_no_scores(explanation, tuple(rows)) if month not in rows else "",
        why_insufficient=why_insufficient(explanation),
        why_unknown=_why_unknown(explanation),
        is_closed=month in closed,
        is_running=month == current_month(),
        says_the_same=is_same,
        says_the_same_before=says_the_same(rows.get(against), explanation.before),
        as_of=explanation.as_of,
        as_of_before=explanation.as_of_before,
        status=None if is_same or month in closed else score_status(),
    )


def _until(month: Month) -> list[Month]:
    return [month.plus(-back) for back in reversed(range(TREND_MONTHS))]


def _depth(subject: Subject, everybody: int) -> int:
    """Opening children tells more of why they moved; it costs with their number."""
    if everybody <= FEW_SUBJECTS:
        return 2
    return 1 if subject.kind == SubjectKind.PROJECT else 0


def _balance_points(explanation: Explanation) -> float | None:
    parts = explanation.node.parts if explanation.node else ()
    return next((part.points for part in parts if part.kind == "balance"), None)


def _why_no_change(explanation: Explanation, against: Month, scored: Collection[Month]) -> str:
    if against not in scored:
        return f"Nothing is scored in {against}, so there is no change to tell."
    return explanation.reason


def _why_unknown(explanation: Explanation) -> dict[str, str]:
    card = card_of(explanation)
    parts = explanation.node.parts if explanation.node else ()
    nodes = {part.number: part for part in parts if part.kind == "category"}
    return {
        category.value: why_category_insufficient(nodes.get(number), card)
        for number, category in enumerate(Category)
    }
