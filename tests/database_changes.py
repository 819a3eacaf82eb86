"""The changes of tests/strategies, made in the database through the operation functions."""

from __future__ import annotations

import json
from functools import singledispatch
from typing import Any

from metrics.choices import Door
from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    Scorecard,
    ScorecardLine,
)
from metrics.operations.assignments import assign_scorecard
from metrics.operations.definitions import (
    delete_exemption,
    delete_override,
    save_exemption,
    save_metric,
    save_override,
)
from metrics.operations.measurements import delete_measurement, record_measurement
from metrics.operations.scorecards import delete_line, save_line, save_scorecard
from metrics.periods import Period, parse_period
from projects.models import (
    SUBJECT_MODELS,
    Customer,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)
from projects.months import BEGINNING, Month
from projects.operations.links import delete_offer, link_project, save_offer, unlink_project
from projects.operations.subjects import save_subject
from tests import strategies as s


@singledispatch
def perform(change: Any) -> None:
    """Make the change in the database."""
    raise NotImplementedError(type(change))


def month(text: str) -> Month | None:
    return Month.parse(text) if text else None


def number(text: str) -> float:
    """A weight or share of a member, 1 where it is blank."""
    return float(text or 1)


def subject(code: str) -> Any:
    found = Subject.objects.get(code=code)
    return SUBJECT_MODELS[found.kind].objects.get(pk=found.pk)


def metric(code: str) -> MetricDefinition:
    return MetricDefinition.objects.get(code=code)


def period_of(definition: MetricDefinition, text: str) -> Period:
    organisation = Organisation.objects.get()
    return parse_period(text, definition.cadence, organisation.fiscal_year_starts_in)


@perform.register(s.RecordMeasurement)
@perform.register(s.CorrectMeasurement)
def _(change: s.RecordMeasurement | s.CorrectMeasurement) -> None:
    definition = metric(change.metric)
    record_measurement(
        metric=definition,
        subject=Subject.objects.get(code=change.subject),
        period=period_of(definition, change.period),
        value=float(change.value),
        by=None,
        door=Door.COMMAND,
    )


@perform.register
def _(change: s.DeleteMeasurement) -> None:
    definition = metric(change.metric)
    row = Measurement.objects.get(
        metric=definition,
        subject__code=change.subject,
        period_start=period_of(definition, change.period).start,
    )
    delete_measurement(row, by=None, door=Door.COMMAND)


@perform.register
def _(change: s.SetWeight) -> None:
    found = subject(change.subject)
    found.weight = number(change.weight)
    save_subject(found, by=None)


@perform.register
def _(change: s.SetLink) -> None:
    link_project(
        Project.objects.get(code=change.project),
        segment=Segment.objects.get(code=change.segment),
        share=number(change.share),
        by=None,
    )


@perform.register
def _(change: s.RemoveLink) -> None:
    # An engagement with measurements can't be deleted; here its past goes first, as no door can.
    of_engagement = {"subject__code": f"{change.project}@{change.segment}"}
    Measurement.objects.filter(**of_engagement).delete()
    MeasurementChange.objects.filter(**of_engagement).delete()
    unlink_project(
        Project.objects.get(code=change.project),
        segment=Segment.objects.get(code=change.segment),
        by=None,
    )


@perform.register
def _(change: s.SetOffer) -> None:
    service = Service.objects.get(code=change.service)
    segment = Segment.objects.get(code=change.segment)
    offer = Offer.objects.filter(service=service, segment=segment).first()
    offer = offer or Offer(service=service, segment=segment)
    offer.weight = number(change.weight)
    save_offer(offer, by=None)


@perform.register
def _(change: s.RemoveOffer) -> None:
    delete_offer(
        Offer.objects.get(service__code=change.service, segment__code=change.segment), by=None
    )


@perform.register
def _(change: s.AddProject) -> None:
    project = Project(
        code=change.code,
        name=change.name,
        portfolio=Portfolio.objects.get(code=change.portfolio),
        weight=number(change.weight),
    )
    save_subject(project, by=None)


@perform.register
def _(change: s.MoveProject) -> None:
    project = Project.objects.get(code=change.project)
    project.portfolio = Portfolio.objects.get(code=change.portfolio)
    save_subject(project, by=None)


@perform.register
def _(change: s.MovePortfolio) -> None:
    portfolio = Portfolio.objects.get(code=change.portfolio)
    portfolio.parent = Portfolio.objects.filter(code=change.parent).first()
    save_subject(portfolio, by=None)


@perform.register
def _(change: s.MoveCustomer) -> None:
    customer = Customer.objects.get(code=change.customer)
    customer.segment = Segment.objects.get(code=change.segment)
    save_subject(customer, by=None)


@perform.register
def _(change: s.SetSubjectSpan) -> None:
    found = subject(change.subject)
    found.active_from, found.active_until = month(change.active_from), month(change.active_until)
    save_subject(found, by=None)


@perform.register
def _(change: s.AssignScorecard) -> None:
    assign_scorecard(
        Subject.objects.get(code=change.subject),
        scorecard=Scorecard.objects.filter(code=change.scorecard).first(),
        by=None,
    )


@perform.register
def _(change: s.SetLine) -> None:
    scorecard, definition = Scorecard.objects.get(code=change.scorecard), metric(change.metric)
    line = ScorecardLine.objects.filter(scorecard=scorecard, metric=definition).first()
    line = line or ScorecardLine(scorecard=scorecard, metric=definition)
    line.weight = number(change.weight)
    save_line(line, by=None)


@perform.register
def _(change: s.RemoveLine) -> None:
    delete_line(
        ScorecardLine.objects.get(scorecard__code=change.scorecard, metric__code=change.metric),
        by=None,
    )


@perform.register
def _(change: s.SetCategoryWeights) -> None:
    scorecard = Scorecard.objects.get(code=change.scorecard)
    for category in ("tactical", "value_creation", "longevity", "financial"):
        setattr(scorecard, f"weight_{category}", float(getattr(change, f"weight_{category}")))
    save_scorecard(scorecard, by=None)


@perform.register
def _(change: s.SetShare) -> None:
    scorecard = Scorecard.objects.get(code=change.scorecard)
    setattr(scorecard, f"share_{change.group}", float(change.share or 0))
    save_scorecard(scorecard, by=None)


@perform.register
def _(change: s.SetLimits) -> None:
    scorecard = Scorecard.objects.get(code=change.scorecard)
    scorecard.overall = change.overall
    scorecard.min_coverage = float(change.min_coverage)
    scorecard.min_categories = int(change.min_categories)
    scorecard.amber_from, scorecard.green_from = float(change.amber_from), float(change.green_from)
    save_scorecard(scorecard, by=None)


def change_metric(code: str, **fields: Any) -> None:
    definition = metric(code)
    for name, value in fields.items():
        setattr(definition, name, value)
    save_metric(definition, by=None)


@perform.register
def _(change: s.SetCurve) -> None:
    change_metric(change.metric, curve=json.loads(change.curve) if change.curve else None)


@perform.register
def _(change: s.SetGrace) -> None:
    change_metric(change.metric, grace_months=int(change.grace_months or 0))


@perform.register
def _(change: s.SetTimeAggregation) -> None:
    change_metric(change.metric, time_aggregation=change.time_aggregation or "last")


@perform.register
def _(change: s.SetFormula) -> None:
    change_metric(change.metric, formula=change.formula)


@perform.register
def _(change: s.SetMetricSpan) -> None:
    change_metric(
        change.metric,
        active_from=month(change.active_from),
        active_until=month(change.active_until),
    )


@perform.register
def _(change: s.SetOverride) -> None:
    key = {
        "metric": metric(change.metric),
        "subject": Subject.objects.get(code=change.subject),
        "from_month": Month.parse(change.from_month),
    }
    override = CurveOverride.objects.filter(**key).first() or CurveOverride(**key)
    override.curve = json.loads(change.curve)
    save_override(override, by=None)


@perform.register
def _(change: s.RemoveOverride) -> None:
    delete_override(
        CurveOverride.objects.get(
            metric__code=change.metric,
            subject__code=change.subject,
            from_month=Month.parse(change.from_month),
        ),
        by=None,
    )


@perform.register
def _(change: s.SetExemption) -> None:
    key = {
        "metric": metric(change.metric),
        "subject": Subject.objects.get(code=change.subject),
        "from_month": month(change.from_month) or BEGINNING,
    }
    exemption = Exemption.objects.filter(**key).first() or Exemption(**key)
    exemption.until_month = month(change.until_month)
    exemption.reason = "does not apply"
    save_exemption(exemption, by=None)


@perform.register
def _(change: s.RemoveExemption) -> None:
    delete_exemption(
        Exemption.objects.get(
            metric__code=change.metric,
            subject__code=change.subject,
            from_month=month(change.from_month) or BEGINNING,
        ),
        by=None,
    )
