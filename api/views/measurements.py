"""Values: read, given one by one or by thousands, corrected, deleted."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Fault, Refused
from api.operation import Operation, found, narrowed, operation
from api.paging import Paged, page_of
from api.permissions import refuse_somebody_elses
from api.scopes import ENTERS, READS
from api.shapes.answers import ValueChangeShape
from api.shapes.measurements import (
    MODES,
    EnteredShape,
    ManyInput,
    ManyShape,
    MeasurementQuery,
    MeasurementShape,
    StandingShape,
    ValueInput,
)
from api.views.people import user_name
from metrics.choices import BatchMode, Cadence, Door, DraftState
from metrics.models import (
    DraftMeasurement,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    NoValue,
)
from metrics.operations.entering import NOT_LOOKED, Seen, enter_value
from metrics.operations.many_values import GivenValue, ManyOutcome, give_many_values
from metrics.operations.measurements import delete_measurement
from metrics.periods import Period, PeriodError, parse_period
from metrics.unusual import past_values, unusual
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject


class MeasurementList(Operation):
    @operation(
        "measurements_list",
        "Values by metric, subject and period",
        READS,
        query=MeasurementQuery,
        page=MeasurementShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = _asked_for(query).select_related("metric", "subject", "entered_by")
        page = page_of(rows, ("metric_id", "subject_id", "period_start"), query)
        starts_in = fiscal_year_starts_in()
        return page.told(request, [told_measurement(row, starts_in) for row in page.rows])

    @operation(
        "measurements_give",
        "Give one value or many",
        ENTERS,
        body=ManyInput,
        answer=ManyShape,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Each row is accepted or refused with its reason; with `mode` "all" all are stored or
        none. The same again changes nothing. What was stored is a batch, which can be undone."""
        mode = MODES[body["mode"]]
        outcome = give_many_values(
            [GivenValue(**{"note": None, **given}) for given in body["measurements"]],
            by=self.person,
            mode=mode,
            is_confirmed=body["confirm_unusual"],
        )
        if mode == BatchMode.ALL_OR_NOTHING and not outcome.stored:
            _refuse_unfit(outcome, is_confirmed=body["confirm_unusual"])
        return {
            "stored": outcome.stored,
            "batch": None if outcome.batch is None else outcome.batch.pk,
            "counts": outcome.counts,
            "rows": [
                {
                    "row": row.number,
                    "verdict": row.verdict.value,
                    "field": row.column,
                    "message": row.sentence,
                }
                for row in outcome.rows
            ],
        }


class MeasurementDetail(Operation):
    @operation(
        "measurements_read",
        "What stands for a metric, subject and period",
        READS,
        answer=StandingShape,
        refusals=(404, 422),
    )
    def get(self, request: Request, metric: str, subject: str, period: str) -> dict[str, Any]:
        return _standing(*_place(metric, subject, period))

    @operation(
        "measurements_put",
        "Give or correct one value",
        ENTERS,
        body=ValueInput,
        answer=EnteredShape,
        refusals=(404, 409, 422),
    )
    def put(
        self, request: Request, metric: str, subject: str, period: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Harmless to repeat. A value of a metric that needs approval waits for it ("drafted")."""
        place = _place(metric, subject, period)
        refuse_somebody_elses(self.person, [(place[0].pk, place[1].pk)])
        if not body["confirm_unusual"]:
            _question(*place, body["value"])
        entered = enter_value(
            metric=place[0],
            subject=place[1],
            period=place[2],
            value=body["value"],
            note=body["note"],
            by=self.person,
            door=Door.API,
            seen=Seen(body["seen"]["value"]) if "seen" in body else NOT_LOOKED,
        )
        return {**_standing(*place), "outcome": entered.outcome.value}

    @operation(
        "measurements_delete",
        "Delete a value, on record",
        ENTERS,
        status=204,
        refusals=(404, 409, 422),
    )
    def delete(self, request: Request, metric: str, subject: str, period: str) -> Response:
        place = _place(metric, subject, period)
        refuse_somebody_elses(self.person, [(place[0].pk, place[1].pk)])
        with transaction.atomic():
            row = found(
                Measurement.objects.all(),
                metric=place[0],
                subject=place[1],
                period_start=place[2].start,
            )
            delete_measurement(row, by=self.person, door=Door.API)
        return Response(status=204)


class MeasurementHistory(Operation):
    @operation(
        "measurements_history",
        "How a value was corrected or deleted, the latest change first",
        READS,
        query=Paged,
        page=ValueChangeShape,
        refusals=(404, 422),
    )
    def get(
        self, request: Request, metric: str, subject: str, period: str, query: dict[str, Any]
    ) -> dict[str, Any]:
        place = _place(metric, subject, period)
        rows = MeasurementChange.objects.filter(
            metric=place[0], subject=place[1], period_start=place[2].start
        )
        page = page_of(rows.select_related("entered_by_before", "changed_by"), ("-id",), query)
        return page.told(request, [_told_change(row) for row in page.rows])


def _told_change(row: MeasurementChange) -> dict[str, Any]:
    return {
        "value_before": row.value_before,
        "note_before": row.note_before,
        "entered_by_before": user_name(row.entered_by_before),
        "entered_at_before": row.entered_at_before,
        "value": row.value_after,
        "note": row.note_after,
        "door": row.door,
        "changed_by": user_name(row.changed_by),
        "changed_at": row.changed_at,
        "batch": row.batch_id,
    }


def told_measurement(row: Measurement, starts_in: int) -> dict[str, Any]:
    return {
        "metric": row.metric.code,
        "subject": row.subject.code,
        "period": period_label(row, starts_in),
        "month": str(row.month),
        "value": row.value,
        "note": row.note,
        "is_late": row.is_late,
        "door": row.door,
        "entered_by": user_name(row.entered_by),
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "batch": row.batch_id,
    }


def period_label(row: Measurement | DraftMeasurement | NoValue, starts_in: int) -> str:
    return Period(Cadence(row.metric.cadence), row.period_start).label(starts_in)


def _asked_for(query: dict[str, Any]) -> QuerySet[Measurement]:
    return narrowed(
        Measurement.objects.all(),
        query,
        metric="metric__code",
        subject="subject__code",
        kind="subject__kind",
        first_month="month__gte",
        last_month="month__lte",
        changed_since="changed_at__gte",
    )


Place = tuple[MetricDefinition, Subject, Period]


def _place(metric: str, subject: str, period: str) -> Place:
    definition = found(MetricDefinition.objects.all(), code=metric)
    measured = found(Subject.objects.all(), code=subject)
    try:
        when = parse_period(period, definition.cadence, fiscal_year_starts_in())
    except PeriodError as error:
        raise Refused(str(error), code="period") from None
    return definition, measured, when


def _standing(metric: MetricDefinition, subject: Subject, period: Period) -> dict[str, Any]:
    at = {"metric": metric, "subject": subject, "period_start": period.start}
    row = Measurement.objects.filter(**at).select_related("metric", "subject", "entered_by").first()
    draft = (
        DraftMeasurement.objects.filter(state=DraftState.WAITING, **at)
        .select_related("entered_by")
        .first()
    )
    return {
        "measurement": None if row is None else told_measurement(row, fiscal_year_starts_in()),
        "waiting": None
        if draft is None
        else {
            "value": draft.value,
            "note": draft.note,
            "entered_by": user_name(draft.entered_by),
            "entered_at": draft.entered_at,
        },
    }


def _question(metric: MetricDefinition, subject: Subject, period: Period, value: float) -> None:
    """As the form does; what stands there already is not questioned again."""
    stored = Measurement.objects.filter(
        metric=metric, subject=subject, period_start=period.start
    ).first()
    if stored is not None and stored.value == value:
        return
    pair = metric.pk, subject.pk
    question = unusual(value, past_values([pair]).of(*pair, period.start))
    if question is not None:
        raise Refused(f"{question.sentence} Send confirm_unusual if it is right.", code="unusual")


def _refuse_unfit(outcome: ManyOutcome, *, is_confirmed: bool) -> None:
    """All or nothing: what stood against it, row by row."""
    unfit = [row for row in outcome.unfit if row.verdict == "refused" or not is_confirmed]
    if unfit:
        raise Refused(
            f"Nothing was stored: {len(unfit)} of {len(outcome.rows)} rows stand against it.",
            code="rows",
            faults=[
                Fault(row.verdict.value, row.sentence, row.column or None, row.number)
                for row in unfit
            ],
        )
