"""What is due, and what is said instead of a value: there is none, or it does not apply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, prefetch_related_objects
from rest_framework.request import Request

from api.errors import Fault, Refused, faults_of
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of, page_of_list
from api.permissions import refuse_somebody_elses
from api.scopes import ENTERS, KEEPS, READS, READS_DUE, READS_PROPOSALS
from api.shapes.answers import (
    DueQuery,
    DueShape,
    GrantInput,
    NoValueInput,
    NoValueQuery,
    NoValueShape,
    NoValuesShape,
    ProposalInput,
    ProposalQuery,
    ProposalShape,
    ProposalsShape,
    RefuseInput,
    TakeBackInput,
    TakenBackShape,
)
from api.views.definitions import rows_of, told_span
from api.views.measurements import period_label
from api.views.people import user_name
from dashboards.access import KEEP_DEFINITIONS
from metrics.due import DueValue, due_list, read_expectations
from metrics.entry_rights import EntryRights
from metrics.models import ExemptionProposal, MetricDefinition, NoValue
from metrics.operations.answers import (
    Place,
    grant_proposal,
    propose_exemptions,
    refuse_proposal,
    say_no_values,
    take_back_no_values,
    take_back_proposal,
)
from metrics.periods import PeriodError, parse_period
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject


class Due(Operation):
    @operation(
        "due_list",
        "Values that are one's own to enter and have not come, the first that was due first",
        READS_DUE,
        query=DueQuery,
        page=DueShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        """What was answered with "no value", or waits for somebody else, is not among them."""
        due = due_list(read_expectations(), EntryRights.of(self.person))
        rows = [
            value
            for value in due.values
            if query.get("metric", value.metric.code) == value.metric.code
            and query.get("subject", value.subject.code) == value.subject.code
        ]
        page = page_of_list(rows, ("due_on", "metric.code", "subject.code", "label"), query)
        return page.told(request, [told_due(value) for value in page.rows])


def told_due(value: DueValue) -> dict[str, Any]:
    return {
        "metric": value.metric.code,
        "subject": value.subject.code,
        "period": value.label,
        "month": str(value.month),
        "due_on": value.due_on.isoformat(),
        "days_late": value.days_late,
        "is_older": value.is_older,
        "is_closed": value.is_closed,
        "state": value.state.value,
    }


class NoValueList(Operation):
    @operation(
        "no_values_list",
        "Periods of which somebody said that they have no value",
        READS,
        query=NoValueQuery,
        page=NoValueShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(
            NoValue.objects.select_related("metric", "subject", "said_by"),
            query,
            metric="metric__code",
            subject="subject__code",
            first_month="month__gte",
            last_month="month__lte",
        )
        page = page_of(rows, ("id",), query)
        starts_in = fiscal_year_starts_in()
        return page.told(request, [told_no_value(row, starts_in) for row in page.rows])

    @operation(
        "no_values_say",
        "Say of periods that they have no value, and why",
        ENTERS,
        body=NoValueInput,
        answer=NoValuesShape,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """They stay missing in the scores, and are asked for no longer. Said again, the new reason
        holds."""
        places = _places(body["places"])
        refuse_somebody_elses(self.person, [place.key[:2] for place in places])
        answers = say_no_values(places, reason=body["reason"], by=self.person)
        prefetch_related_objects(answers.done, "metric", "subject", "said_by")
        numbers = _numbers(place.key for place in places)
        starts_in = fiscal_year_starts_in()
        return {
            "done": [told_no_value(row, starts_in) for row in answers.done],
            "refused": [
                row
                for each in answers.refused
                for row in _refused(numbers[each.place.key], each.refusal)
            ],
        }


class NoValueTakeBack(Operation):
    @operation(
        "no_values_take_back",
        "Expect the values of periods again, and say why",
        ENTERS,
        body=TakeBackInput,
        answer=TakenBackShape,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """What was said stays on record. Of what nobody said there is none to take back."""
        places = _places(body["places"])
        refuse_somebody_elses(self.person, [place.key[:2] for place in places])
        ended = take_back_no_values(places, by=self.person, why=body["why"])
        return {"taken_back": len(ended)}


class ProposalList(Operation):
    @operation(
        "proposals_list",
        "What is said not to apply, the latest first: one's own, or everybody's for those who"
        " decide",
        READS_PROPOSALS,
        query=ProposalQuery,
        page=ProposalShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(
            _visible(self.person),
            query,
            metric="metric__code",
            subject="subject__code",
            state="state",
        )
        page = page_of(rows, ("-id",), query)
        return page.told(request, [told_proposal(row) for row in page.rows])

    @operation(
        "proposals_make",
        "Propose that metrics do not apply to subjects",
        ENTERS,
        body=ProposalInput,
        answer=ProposalsShape,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The values are missing until it is granted. Proposed again by the same person while it
        waits, the new months and reason hold."""
        pairs = _pairs(body["pairs"])
        refuse_somebody_elses(self.person, [(metric.pk, subject.pk) for metric, subject in pairs])
        proposals = propose_exemptions(
            pairs,
            reason=body["reason"],
            by=self.person,
            from_month=body["from_month"],
            until_month=body["until_month"],
        )
        prefetch_related_objects(proposals.done, "metric", "subject", "proposed_by", "decided_by")
        numbers = _numbers((metric.pk, subject.pk) for metric, subject in pairs)
        return {
            "done": [told_proposal(row) for row in proposals.done],
            "refused": [
                row
                for each in proposals.refused
                for row in _refused(numbers[each.metric.pk, each.subject.pk], each.refusal)
            ],
        }


class ProposalDetail(Operation):
    @operation(
        "proposals_read", "One proposal", READS_PROPOSALS, answer=ProposalShape, refusals=(404,)
    )
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_proposal(found(_visible(self.person), pk=pk))


class ProposalTakeBack(Operation):
    @operation(
        "proposals_take_back",
        "Take one's own proposal back",
        ENTERS,
        answer=ProposalShape,
        refusals=(404, 409, 422),
    )
    def post(self, request: Request, pk: int) -> dict[str, Any]:
        proposal = found(_visible(self.person), pk=pk)
        refuse_somebody_elses(self.person, [(proposal.metric_id, proposal.subject_id)])
        return told_proposal(take_back_proposal(proposal, by=self.person))


class ProposalGrant(Operation):
    @operation(
        "proposals_grant",
        "Make the exemption that was proposed",
        KEEPS,
        body=GrantInput,
        answer=ProposalShape,
        refusals=(404, 409),
    )
    def post(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        proposal = found(_visible(self.person), pk=pk)
        grant_proposal(proposal, by=self.person, answer=body["answer"])
        return told_proposal(found(_visible(self.person), pk=pk))


class ProposalRefuse(Operation):
    @operation(
        "proposals_refuse",
        "Go on expecting the values, and say why",
        KEEPS,
        body=RefuseInput,
        answer=ProposalShape,
        refusals=(404, 409),
    )
    def post(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        proposal = found(_visible(self.person), pk=pk)
        return told_proposal(refuse_proposal(proposal, by=self.person, answer=body["answer"]))


def told_no_value(row: NoValue, starts_in: int) -> dict[str, Any]:
    return {
        "metric": row.metric.code,
        "subject": row.subject.code,
        "period": period_label(row, starts_in),
        "month": str(row.month),
        "reason": row.reason,
        "said_by": user_name(row.said_by),
        "said_at": row.said_at,
    }


def told_proposal(row: ExemptionProposal) -> dict[str, Any]:
    return {
        "id": row.pk,
        "metric": row.metric.code,
        "subject": row.subject.code,
        **told_span(row),
        "reason": row.reason,
        "state": row.state,
        "proposed_by": user_name(row.proposed_by),
        "proposed_at": row.proposed_at,
        "decided_by": user_name(row.decided_by),
        "decided_at": row.decided_at,
        "answer": row.answer,
        "exemption": row.exemption_id,
    }


def _visible(person: User) -> QuerySet[ExemptionProposal]:
    """Of somebody else's proposal only who decides about it learns."""
    rows = ExemptionProposal.objects.select_related(
        "metric", "subject", "proposed_by", "decided_by"
    )
    return rows if person.has_perm(KEEP_DEFINITIONS) else rows.filter(proposed_by=person)


def _pairs(told: Sequence[dict[str, str]]) -> list[tuple[MetricDefinition, Subject]]:
    """The rows that the codes mean, in two queries."""
    metrics = rows_of(MetricDefinition, "metric", [row["metric"] for row in told])
    subjects = rows_of(Subject, "subject", [row["subject"] for row in told])
    return [(metrics[row["metric"]], subjects[row["subject"]]) for row in told]


def _places(told: Sequence[dict[str, str]]) -> list[Place]:
    starts_in = fiscal_year_starts_in()
    places, faults = [], []
    for number, (row, (metric, subject)) in enumerate(zip(told, _pairs(told), strict=True)):
        try:
            period = parse_period(row["period"], metric.cadence, starts_in)
        except PeriodError as error:
            faults.append(Fault("period", str(error), "period", number))
        else:
            places.append(Place(metric, subject, period))
    if faults:
        raise Refused(f"Row {faults[0].row}: {faults[0].message}", code="period", faults=faults)
    return places


def _numbers(keys: Iterable[Any]) -> dict[Any, int]:
    """The place among those sent, of one that is sent twice the first."""
    numbers: dict[Any, int] = {}
    for number, key in enumerate(keys):
        numbers.setdefault(key, number)
    return numbers


def _refused(row: int, refusal: ValidationError) -> list[dict[str, Any]]:
    return [
        {"row": row, "field": fault.field, "message": fault.message} for fault in faults_of(refusal)
    ]
