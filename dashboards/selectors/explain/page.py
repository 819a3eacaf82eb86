"""Everything the page of an explanation shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Exists, Func, Subquery, Value
from django.utils.translation import gettext as _

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.explain.moves import ChangeStory, change_story
from dashboards.selectors.explain.opened import Opened
from dashboards.selectors.explain.parts import (
    CategoryPart,
    GroupPart,
    SubjectPart,
    category_parts,
)
from dashboards.selectors.explain.reasons import (
    Discrepancy,
    card_of,
    differences,
    says_the_same,
    what_is_not_on_record,
    why_category_insufficient,
    why_insufficient,
    why_no_scores,
)
from dashboards.selectors.months import current_month
from dashboards.selectors.status import ScoreStatus
from dashboards.selectors.trends import ScoreHistory
from metrics.choices import Category, OverallRule, RunState
from metrics.closed_months import ClosedMonths, numbered
from metrics.explaining import Explanation, explain
from metrics.models import (
    SCORE_COLUMNS,
    MonthClosing,
    ReportedScore,
    RescoreNeed,
    Score,
    ScoreRun,
)
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import FIRST_MONTH, Month

FEW_SUBJECTS = 1500
"""Up to so many subjects in all, children are opened too, to tell what moved them."""

TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Reported:
    """What one closing of a month reported, until the month was reopened."""

    number: int
    """1 is the first closing of its month."""
    closing: MonthClosing


@dataclass(frozen=True, slots=True)
class ExplainPage:
    """A subject's stored scores in a month, and the same taken apart."""

    subject: Subject
    month: Month
    reported: Reported | None
    """The closing whose report is explained, where that is not what stands now."""
    against: Month
    """What it is compared with; a report with what its own month says now, unless asked."""
    stored: Score | None
    """As it stands, or as it was reported."""
    stored_before: Score | None
    scored_months: tuple[Month, ...]
    history: ScoreHistory
    limits: BandLimits | None
    rule: OverallRule | None
    categories: tuple[CategoryPart, ...]
    opened: Opened
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
    differences: tuple[Discrepancy, ...]
    """Where the parts add up to something else than is stored."""
    not_on_record: str
    as_of: datetime | None
    """When the month was closed: what stood then explains it."""
    as_of_before: datetime | None
    status: ScoreStatus | None
    """Asked only where the stored scores are not what the parts add up to."""

    @property
    def is_restated(self) -> bool:
        """Whether what was reported is compared with what the same month says now."""
        return self.reported is not None and self.against == self.month

    @property
    def query(self) -> str:
        """What an address of the same kind has behind its question mark."""
        return urlencode({**self.closing_query, "against": str(self.against)})

    @property
    def closing_suffix(self) -> str:
        """For addresses that have nothing else behind a question mark."""
        return f"?{urlencode(self.closing_query)}" if self.reported else ""

    @property
    def closing_query(self) -> dict[str, int]:
        return {} if self.reported is None else {"closing": self.reported.number}

    @property
    def mean_points(self) -> float:
        """What the categories add up to before the balance is taken away."""
        return sum(part.points for part in self.categories if part.points is not None)

    @property
    def groups(self) -> tuple[GroupPart, ...]:
        """Those of the subject itself."""
        return tuple(group for part in self.categories for group in part.groups)

    @property
    def all_groups(self) -> Iterator[GroupPart]:
        """Those of the subject and of all members that stand open."""
        waiting = list(self.groups)
        while waiting:
            group = waiting.pop()
            yield group
            waiting += [inner for child in group.subjects for inner in child.groups]

    def member(self, path: str) -> tuple[GroupPart, SubjectPart] | None:
        """A member by its path, with the group that it stands in."""
        for group in self.all_groups:
            for child in group.subjects:
                if child.path == path:
                    return group, child
        return None

    @property
    def is_being_updated(self) -> bool:
        return self.status is not None and not self.status.is_up_to_date


@dataclass(frozen=True, slots=True)
class _Asked:
    """The subject, and what of the whole site the page has to know; in one query."""

    subject: Subject
    everybody: int
    is_waiting: bool
    run_id: int | None
    opened: tuple[int, ...]
    """The keys of the members that are opened."""

    @classmethod
    def find(cls, code: str, opened: Collection[str]) -> _Asked | None:
        # A plain function, as an aggregate would group by what it counts.
        everybody = Subject.objects.order_by().values(count=Func("pk", function="COUNT"))
        running = ScoreRun.objects.filter(state=RunState.RUNNING).values("pk")[:1]
        found = {
            row.code: row
            for row in Subject.objects.filter(code__in={code, *opened}).annotate(
                everybody=Subquery(everybody),
                is_waiting=Exists(RescoreNeed.objects.all()),
                run_id=Subquery(running),
            )
        }
        subject = found.pop(code, None)
        if subject is None:
            return None
        keys = tuple(sorted(row.pk for row in found.values()))
        return cls(subject, subject.everybody, subject.is_waiting, subject.run_id, keys)

    def status(self) -> ScoreStatus:
        run = None if self.run_id is None else ScoreRun.objects.filter(pk=self.run_id).first()
        return ScoreStatus(self.is_waiting, run)


def explain_page(
    code: str,
    month: Month,
    *,
    against: Month | None = None,
    opened: Opened | None = None,
    closing: int | None = None,
) -> ExplainPage | None:
    """The page of a subject and month; None if there is no such subject, or no such closing.

    With the number of a closing that was ended it tells what was reported then.
    """
    opened = opened or Opened()
    asked = _Asked.find(code, opened.codes)
    closings = list(MonthClosing.objects.select_related("reopened_by", "closed_by"))
    of_month = numbered(row for row in closings if row.month == month)
    if asked is None or (closing is not None and closing not in of_month):
        return None
    subject = asked.subject
    told = None if closing is None else Reported(closing, of_month[closing])
    if told is not None and told.closing.reopened_at is None:
        told = None  # it is in force: what it reported is what stands
    against = against or _against(month, told)
    rows, reported = _rows(subject, told)
    stored = rows.get(month) if told is None else reported
    before = rows.get(against)
    closed = ClosedMonths.of((row.month, row.reopened_at, row.closed_at) for row in closings)
    depth = _depth(subject, asked.everybody)
    explanation = explain(
        subject,
        month,
        against=against,
        depth=depth,
        closed=closed,
        closing=None if told is None else told.closing,
        further=asked.opened,
    )
    months = tuple(there for there in _until(month) if there >= FIRST_MONTH)
    card = card_of(explanation)
    is_same = says_the_same(stored, explanation.node)
    # While scores follow, the page asks how far they are, and not who entered each value.
    is_behind = not is_same and told is None and month not in closed
    return ExplainPage(
        subject=subject,
        month=month,
        reported=told,
        against=against,
        stored=stored,
        stored_before=before,
        scored_months=tuple(rows),
        history=ScoreHistory(months, rows if stored is None else {**rows, month: stored}),
        limits=None if card is None else BandLimits(card.amber_from, card.green_from),
        rule=None if card is None else OverallRule(card.overall),
        categories=category_parts(explanation, opened, with_records=not is_behind),
        opened=opened,
        computed=explanation.node.score if explanation.node else None,
        balance_points=_balance_points(explanation),
        story=change_story(explanation) if before and stored else None,
        why_no_change=_why_no_change(explanation, against, rows.keys()),
        why_no_scores="" if stored else why_no_scores(explanation, tuple(rows)),
        why_insufficient=why_insufficient(explanation),
        why_unknown=_why_unknown(explanation),
        is_closed=told is None and month in closed,
        is_running=month == current_month(),
        says_the_same=is_same,
        says_the_same_before=says_the_same(before, explanation.before),
        differences=differences(stored, explanation),
        not_on_record="" if is_same else what_is_not_on_record(explanation),
        as_of=explanation.as_of,
        as_of_before=explanation.as_of_before,
        status=asked.status() if is_behind else None,
    )


def closing_of(month: Month, number: int) -> MonthClosing | None:
    """A closing of a month by its number, 1 being the first."""
    return numbered(MonthClosing.objects.filter(month=month)).get(number)


def _against(month: Month, told: Reported | None) -> Month:
    if told is not None:
        return month
    return month.plus(-1 if month > FIRST_MONTH else 0)


def _rows(subject: Subject, told: Reported | None) -> tuple[dict[Month, Score], Score | None]:
    """The subject's stored scores by month, and what a closing reported of it; in one query."""
    stored = Score.objects.filter(subject=subject.pk).order_by()
    found = stored.values_list("month", Value(0), *SCORE_COLUMNS)
    if told is not None:
        reported = ReportedScore.objects.filter(subject=subject.pk, closing=told.closing.pk)
        found = found.union(
            reported.order_by().values_list("closing__month", Value(1), *SCORE_COLUMNS), all=True
        )
    rows: dict[Month, Score] = {}
    as_reported = None
    for month, is_reported, *columns in sorted(found, key=lambda row: row[:2]):
        row = Score(subject=subject, month=month, **dict(zip(SCORE_COLUMNS, columns, strict=True)))
        if is_reported:
            as_reported = row
        else:
            rows[Month(month)] = row
    return rows, as_reported


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
    if explanation.is_restated and against not in scored:
        return _("Nothing stands in %(month)s now, so there is nothing to compare with.") % {
            "month": against
        }
    if against not in scored:
        return _("Nothing is scored in %(month)s, so there is no change to tell.") % {
            "month": against
        }
    return explanation.reason


def _why_unknown(explanation: Explanation) -> dict[str, str]:
    card = card_of(explanation)
    parts = explanation.node.parts if explanation.node else ()
    nodes = {part.number: part for part in parts if part.kind == "category"}
    return {
        category.value: why_category_insufficient(nodes.get(number), card)
        for number, category in enumerate(Category)
    }
