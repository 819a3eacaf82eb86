"""Closing months, so that their scores stay as reported, and reopening them with a reason."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext

from metrics.choices import RunState, RunTrigger
from metrics.closed_months import ClosedMonths
from metrics.horizon import scheduled_months
from metrics.ledger import read_ledger
from metrics.models import (
    SCORE_COLUMNS,
    Measurement,
    MonthClosing,
    ReportedScore,
    RescoreNeed,
    Score,
    ScoreRun,
)
from metrics.operations.locks import lock_out_measurements, lock_out_runs
from metrics.operations.rescoring import mark_for_rescoring
from metrics.operations.runs import AnotherRunIsGoing, answer_all_needs, score_now
from metrics.operations.weighing import weigh_open_months
from metrics.signals import months_closed
from projects.models import Subject
from projects.months import Month, month_range
from projects.visibility import seeing_everything

PATIENCE = 60.0
"""Seconds to wait for a scoring run that is going on."""

ATTEMPTS = 3
"""How often to answer what came in between the last answer and the closing."""


class ScoresAreBehindError(ValidationError):
    """Something still waits to be scored, so that the scores are not yet what they should be."""


@seeing_everything()
def close_month(month: Month, *, by: User | None, patience: float = PATIENCE) -> list[Month]:
    """Freeze the scores of a month and of every open month before it; which months that were.

    What waits to be rescored is answered first, and the effective weights are brought up with it.
    """
    month = Month(month)
    _refuse_unless_closable(month)
    for _ in range(ATTEMPTS - 1):
        _bring_scores_up_to_date(month, patience)
        weigh_open_months(until=month)
        try:
            return _close(month, by=by)
        except ScoresAreBehindError:
            continue
    _bring_scores_up_to_date(month, patience)
    weigh_open_months(until=month)
    return _close(month, by=by)


@transaction.atomic
@seeing_everything()
def reopen_month(month: Month, *, reason: str, by: User | None) -> MonthClosing:
    """Let a closed month's scores move again; they are kept as they were reported."""
    month, reason = Month(month), reason.strip()
    if not reason:
        raise ValidationError(
            {"reason": gettext("Say why %(month)s is reopened.") % {"month": month}}, code="reason"
        )
    lock_out_measurements()
    closed = ClosedMonths.read()
    if month not in closed:
        raise ValidationError(
            gettext("%(month)s is open; only a closed month is reopened.") % {"month": month},
            code="open",
        )
    if closed.first_named is not None and month < closed.first_named:
        _name_months_before(closed.first_named, month)
    closing = MonthClosing.objects.select_for_update().in_force().get(month=month)
    _keep_as_reported(closing)
    closing.reopened_at = timezone.now()
    closing.reopened_by = by
    closing.reopen_reason = reason
    closing.full_clean()
    closing.save()
    mark_for_rescoring(_subjects_scored_in(month), month)
    return closing


def _refuse_unless_closable(month: Month) -> None:
    running = Month.of(timezone.localdate())
    if month >= running:
        if month == running:
            sentence = gettext(
                "%(month)s is not over yet; the latest month that can be closed is %(latest)s."
            )
        else:
            sentence = gettext(
                "%(month)s has not begun; the latest month that can be closed is %(latest)s."
            )
        raise ValidationError(
            sentence % {"month": month, "latest": running.plus(-1)},
            code="unfinished",
        )
    if month in ClosedMonths.read():
        raise ValidationError(
            gettext("%(month)s is closed already.") % {"month": month}, code="closed"
        )


def _bring_scores_up_to_date(month: Month, patience: float) -> None:
    try:
        answer_all_needs(patience=patience)
        if unscored := _unscored_months(month):
            # The nightly run has not come to them yet.
            score_now(trigger=RunTrigger.SCHEDULE, months=unscored, patience=patience)
    except AnotherRunIsGoing as error:
        raise ScoresAreBehindError(str(error), code="running") from error


def _unscored_months(month: Month) -> list[Month]:
    """The open months up to this one that values reach and no run has scored."""
    if Score.objects.in_month(month).exists():
        return []
    reached = scheduled_months(read_ledger(), Month.of(timezone.localdate()))
    up_to_it = ClosedMonths.read().open_among(each for each in reached if each <= month)
    scores = Score.objects.filter(month__in=up_to_it).order_by()
    scored = set(scores.values_list("month", flat=True).distinct())
    return [each for each in up_to_it if each not in scored]


@transaction.atomic
def _close(month: Month, *, by: User | None) -> list[Month]:
    lock_out_measurements()
    lock_out_runs()
    _refuse_unless_closable(month)
    _refuse_while_scores_are_behind(month)
    closed = ClosedMonths.read()
    months = closed.open_among(month_range(_first_to_name(closed, month), month))
    now = timezone.now()
    MonthClosing.objects.bulk_create(
        MonthClosing(month=each, closed_at=now, closed_by=by) for each in months
    )
    # Whoever listens can't undo the closing: what fails there is logged.
    transaction.on_commit(
        partial(months_closed.send_robust, sender=MonthClosing, months=tuple(months))
    )
    return months


def _refuse_while_scores_are_behind(month: Month) -> None:
    run = ScoreRun.objects.filter(state__in=[RunState.RUNNING, RunState.DUE]).first()
    if run is not None:
        if run.state == RunState.RUNNING:
            sentence = gettext(
                "%(month)s can't be closed while scoring run %(run)s is going on;"
                " try again when it is done."
            )
        else:
            sentence = gettext(
                "%(month)s can't be closed while scoring run %(run)s is due;"
                " try again when it is done."
            )
        raise ScoresAreBehindError(
            sentence % {"month": month, "run": run.pk},
            code="running",
        )
    waiting = RescoreNeed.objects.filter(first_month__lte=month).count()
    if waiting:
        raise ScoresAreBehindError(
            gettext(
                "%(month)s can't be closed while changes wait to be scored (%(waiting)s now);"
                " try again in a moment."
            )
            % {"month": month, "waiting": waiting},
            code="waiting",
        )


def _first_to_name(closed: ClosedMonths, month: Month) -> Month:
    """Months before the first that is named are closed with it; those with scores get a name."""
    if closed.first_named is not None:
        return closed.first_named
    first_scored = Score.objects.filter(month__lte=month).aggregate(first=Min("month"))["first"]
    return month if first_scored is None else Month(first_scored)


def _name_months_before(first_named: Month, month: Month) -> None:
    """Give a row to months that were closed without one, from the one that is to be reopened on."""
    if not Measurement.objects.filter(month__lte=month).exists():
        raise ValidationError(
            gettext("No value is recorded up to %(month)s, so there is nothing to reopen.")
            % {"month": month},
            code="empty",
        )
    first = MonthClosing.objects.filter(month=first_named).earliest("closed_at")
    MonthClosing.objects.bulk_create(
        MonthClosing(month=each, closed_at=first.closed_at, closed_by_id=first.closed_by_id)
        for each in month_range(month, first_named.plus(-1))
    )


def _keep_as_reported(closing: MonthClosing) -> None:
    """Copy the month's scores as they stand, whatever their number, in one statement."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in SCORE_COLUMNS)
    reported, scores = quote(ReportedScore._meta.db_table), quote(Score._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {reported} (closing_id, subject_id, {columns})"  # nosec B608
            f" SELECT %s, subject_id, {columns} FROM {scores} WHERE month = %s",
            [closing.pk, int(closing.month)],
        )


def _subjects_scored_in(month: Month) -> list[int]:
    """Who has scores in a month or is measured in it, and so may get some."""
    scored = Exists(Score.objects.filter(subject=OuterRef("pk"), month=month))
    measured = Q(pk__in=Subject.objects.active_in(month).values("pk"))
    return list(
        Subject.objects.filter(scored | measured).order_by("pk").values_list("pk", flat=True)
    )
