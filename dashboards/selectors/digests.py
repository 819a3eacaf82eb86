"""What a mail says of a subject and a month: its scores, and what needs a decision."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.packs.content import Decisions, Mark, SubjectLine
from dashboards.packs.reading import PACK_KINDS, content_of
from dashboards.packs.since import latest_scored_before
from dashboards.saved_pages import SavedPage
from dashboards.selectors.months import current_month, view_month
from dashboards.selectors.scores import Mark as StoredMark
from dashboards.selectors.scores import marks_of
from metrics.models import MonthClosing, Score
from projects.models import Organisation, Subject
from projects.months import Month


@dataclass(frozen=True, slots=True)
class Digest:
    """A subject's scores in a month, beside those of the month that it is compared with."""

    line: SubjectLine
    month: Month
    month_before: Month
    is_closed: bool
    is_running: bool
    decisions: Decisions | None
    """None of subjects that nothing else belongs to."""


def latest_month() -> Month | None:
    """The month that pages open with; None while nothing has been measured."""
    month = view_month(None)
    return None if month is None else month.month


def closing_of(month: Month) -> MonthClosing | None:
    """The closing of a month that is in force."""
    return MonthClosing.objects.in_force().filter(month=month).select_related("closed_by").first()


def subject_shown(page: SavedPage) -> Subject | None:
    """The subject that a page is about; of pages about none, the whole organisation."""
    if page.subject_code:
        return Subject.objects.filter(code=page.subject_code).first()
    return Organisation.objects.first()


def digest_of(
    subject: Subject,
    month: Month,
    closing: MonthClosing | None,
    *,
    before: Month | None = None,
) -> Digest:
    """Changes are counted from the month before, or from the one that is named."""
    decisions, month_before = None, before or latest_scored_before(month)
    if subject.kind in PACK_KINDS:
        content = content_of(subject, month, closing, before=before)
        line, decisions = content.score, content.decisions
        month_before = Month.parse(content.month_before)
    else:
        line = _line(subject, month, month_before)
    return Digest(
        line=line,
        month=month,
        month_before=month_before,
        is_closed=closing is not None,
        is_running=month >= current_month(),
        decisions=decisions,
    )


def _line(subject: Subject, month: Month, month_before: Month) -> SubjectLine:
    rows = Score.objects.filter(subject=subject, month__in=[month, month_before])
    of_month = {row.month: row for row in rows}
    overall, categories = marks_of(of_month.get(month))
    before = of_month.get(month_before)
    return SubjectLine(
        subject.kind,
        subject.code,
        subject.name,
        _mark(overall),
        tuple(_mark(mark) for mark in categories),
        before.overall_score if before else None,
        before.overall_band if before else None,
    )


def _mark(mark: StoredMark) -> Mark:
    band = None if mark.band is None else int(mark.band)
    return Mark(mark.score, mark.coverage, band, mark.low, mark.high)
