"""Imports: all of them, one with what was said of its rows, and what undoing it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import Max, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.selectors.status import ScoreStatus, score_status
from metrics.batches.progress import STEPS, Progress, shown_progress
from metrics.batches.rows import JudgedRow, kept_rows, numbers_of
from metrics.batches.seen import batches_seen
from metrics.choices import BatchState, Verdict
from metrics.models import ImportBatch, Measurement, MetricDefinition
from metrics.validation.numbers import number_text
from projects.models import Subject
from projects.months import Month

BATCHES_PER_PAGE = 25
ROWS_PER_PAGE = 50
LEFT_SHOWN = 100
LONGEST_SHOWN = 24
"""Letters of a text that stands where a number belongs; the reason beside it says more of it."""

DUE_STATES = (BatchState.CHECK_DUE, BatchState.STORE_DUE, BatchState.UNDO_DUE)
BUSY_STATES = (*DUE_STATES, *STEPS)

TABS: dict[Verdict, Promise] = {
    Verdict.REFUSED: _("Refused"),
    Verdict.QUESTIONED: _("Unusual"),
    Verdict.NEW: _("New"),
    Verdict.CHANGED: _("Changed"),
    Verdict.SAME: _("Same"),
    Verdict.LEFT: _("Left as it is"),
}
"""What needs a look comes first."""

Person = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One import in the list."""

    batch: ImportBatch

    @property
    def counts(self) -> list[int]:
        """New, changed, same, unusual, refused."""
        order = (
            Verdict.NEW,
            Verdict.CHANGED,
            Verdict.SAME,
            Verdict.QUESTIONED,
            Verdict.REFUSED,
        )
        return [self.batch.counts.get(verdict.value, 0) for verdict in order]

    @property
    def is_counted(self) -> bool:
        return bool(self.batch.counts)

    @property
    def is_failed(self) -> bool:
        return self.batch.state == BatchState.FAILED

    @property
    def icon(self) -> str:
        return _ICONS.get(BatchState(self.batch.state), "hourglass-split")


_ICONS = {
    BatchState.NEW: "pencil-square",
    BatchState.CHECKED: "eye",
    BatchState.DONE: "check-circle",
    BatchState.FAILED: "exclamation-octagon",
    BatchState.UNDONE: "arrow-counterclockwise",
}


@dataclass(frozen=True, slots=True)
class BatchesPage:
    rows: tuple[BatchRow, ...]
    page: Page
    shows_everybodys: bool


def batches_page(
    person: Person,
    number: str | None,
    *,
    everybodys: bool,
    per_page: int = BATCHES_PER_PAGE,
) -> BatchesPage:
    """The latest imports first: one's own, or everybody's."""
    batches = _batches()
    if not everybodys:
        batches = batches.filter(created_by=person.pk)
    page = Paginator(batches.order_by("-pk"), per_page).get_page(number)
    return BatchesPage(tuple(BatchRow(batch) for batch in page), page, everybodys)


def batch_with_file(pk: int) -> ImportBatch | None:
    """Without the file's content, which is large."""
    return _batches().filter(pk=pk).first()


def _batches() -> QuerySet[ImportBatch]:
    rows = ImportBatch.objects.select_related("file", "created_by", "undone_by", "mends__file")
    return batches_seen(rows).defer("file__content", "mends__file__content")


@dataclass(frozen=True, slots=True)
class Tab:
    """The rows with one verdict."""

    verdict: Verdict
    label: Promise
    number: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as the page shows it, with the names behind the codes."""

    row: JudgedRow
    metric: MetricDefinition | None
    subject: str

    @property
    def value(self) -> str:
        """As it was read; what is no number, as the file has it, as far as a cell can show it."""
        if self.row.value is not None:
            return number_text(self.row.value)
        text = " ".join(self.row.given.split())
        return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"

    @property
    def before(self) -> str:
        return "" if self.row.before is None else number_text(self.row.before)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """An import with what was said of its rows, one verdict and page at a time."""

    batch: ImportBatch
    tabs: tuple[Tab, ...]
    rows: tuple[ShownRow, ...]
    page: Page | None
    month: Month | None
    """The latest month that it has values of, once it is imported."""
    status: ScoreStatus | None
    progress: Progress | None = None
    """How far the worker is that has it, as far as that is known."""

    def number(self, verdict: Verdict) -> int:
        return int(self.batch.counts.get(verdict.value, 0))

    @property
    def accepted(self) -> int:
        """New and changed values that nobody has to look at."""
        return self.number(Verdict.NEW) + self.number(Verdict.CHANGED)

    @property
    def questioned(self) -> int:
        return self.number(Verdict.QUESTIONED)

    @property
    def with_questioned(self) -> int:
        return self.accepted + self.questioned

    @property
    def refused(self) -> int:
        return self.number(Verdict.REFUSED)

    @property
    def same(self) -> int:
        return self.number(Verdict.SAME)

    @property
    def new(self) -> int:
        return self.number(Verdict.NEW)

    @property
    def changed(self) -> int:
        return self.number(Verdict.CHANGED)

    @property
    def left(self) -> int:
        return self.number(Verdict.LEFT)

    @property
    def stored(self) -> int:
        return int(self.batch.counts.get("stored", 0))

    @property
    def to_mend(self) -> int:
        """Rows that were not stored and can be downloaded."""
        return self.refused + (0 if self.batch.is_confirmed else self.questioned)

    @property
    def shows_left(self) -> bool:
        """Whether the rows are those that an undoing left alone."""
        return any(tab.is_chosen and tab.verdict == Verdict.LEFT for tab in self.tabs)

    @property
    def asks_for_a_look(self) -> bool:
        """Whether what there is to say comes first: why rows are refused, or what is asked."""
        look = (Verdict.REFUSED, Verdict.QUESTIONED, Verdict.LEFT)
        return any(tab.is_chosen and tab.verdict in look for tab in self.tabs)

    @property
    def is_new(self) -> bool:
        return self.batch.state == BatchState.NEW

    @property
    def is_busy(self) -> bool:
        return self.batch.state in BUSY_STATES

    @property
    def is_due(self) -> bool:
        return self.batch.state in DUE_STATES

    @property
    def is_checking(self) -> bool:
        return self.batch.state in (BatchState.CHECK_DUE, BatchState.CHECKING)

    @property
    def is_to_be_undone(self) -> bool:
        return self.batch.state in (BatchState.UNDO_DUE, BatchState.UNDOING)

    @property
    def step(self) -> str:
        """`Step 2 of 3: Comparing it with what is stored`."""
        if self.progress is None:
            return ""
        steps = STEPS[BatchState(self.batch.state)]
        return gettext("Step %(number)s of %(all)s: %(step)s") % {
            "number": steps.index(self.progress.step) + 1,
            "all": len(steps),
            "step": self.progress.step.label,
        }

    @property
    def deleted(self) -> int:
        return int(self.batch.counts.get("deleted", 0))

    @property
    def restored(self) -> int:
        return int(self.batch.counts.get("restored", 0))

    @property
    def withdrawn(self) -> int:
        return int(self.batch.counts.get("withdrawn", 0))

    @property
    def waiting_again(self) -> int:
        return int(self.batch.counts.get("waiting_again", 0))

    @property
    def is_checked(self) -> bool:
        return self.batch.state == BatchState.CHECKED

    @property
    def is_done(self) -> bool:
        return self.batch.state == BatchState.DONE

    @property
    def is_failed(self) -> bool:
        return self.batch.state == BatchState.FAILED

    @property
    def is_undone(self) -> bool:
        return self.batch.state == BatchState.UNDONE


def batch_page(
    batch: ImportBatch, verdict: str, number: str | None, *, per_page: int = ROWS_PER_PAGE
) -> BatchPage:
    """With the rows of the chosen verdict, else of the first that has any."""
    if batch.state in BUSY_STATES:
        progress = shown_progress(batch) if batch.state in STEPS else None
        return BatchPage(batch, (), (), None, None, None, progress)
    numbers = numbers_of(batch)
    shown = [each for each in TABS if numbers[each]]
    if batch.state == BatchState.UNDONE:
        # What stayed is what somebody who undid it asks for.
        shown.sort(key=lambda each: each != Verdict.LEFT)
    chosen = next((each for each in shown if each.value == verdict), None)
    chosen = chosen or next(iter(shown), None)
    tabs = tuple(Tab(each, TABS[each], numbers[each], each == chosen) for each in shown)
    rows: tuple[ShownRow, ...] = ()
    page = None
    if chosen is not None:
        page = Paginator(range(numbers[chosen]), per_page).get_page(number)
        first = page.start_index() - 1
        rows = shown_rows(kept_rows(batch, chosen, first, first + per_page))
    month, status = None, None
    if batch.state in (BatchState.DONE, BatchState.UNDONE):
        status = score_status()
        latest = Measurement.objects.filter(batch=batch).aggregate(month=Max("month"))["month"]
        month = None if latest is None else Month(latest)
    return BatchPage(batch, tabs, rows, page, month, status)


def shown_rows(rows: list[JudgedRow]) -> tuple[ShownRow, ...]:
    """The rows with the names that their codes stand for."""
    metrics = {
        metric.code: metric
        for metric in MetricDefinition.objects.filter(code__in={row.metric for row in rows})
    }
    subjects: dict[str, Any] = dict(
        Subject.objects.filter(code__in={row.subject for row in rows}).values_list("code", "name")
    )
    return tuple(
        ShownRow(row, metrics.get(row.metric), subjects.get(row.subject, "")) for row in rows
    )
