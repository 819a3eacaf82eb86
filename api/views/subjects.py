"""Subjects of every kind, with their links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import fields_of
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import KEEPS, READS
from api.shapes.definitions import DeletionQuery
from api.shapes.keeping import NEW_SUBJECT, VERSIONED, KeptSubject, SubjectChange
from api.shapes.subjects import SHAPES, SubjectField, SubjectQuery
from api.views.subject_changes import Kept, change_subject, create_subject, version_text
from metrics.models import ScorecardAssignment
from projects.choices import SubjectKind
from projects.models import SUBJECT_MODELS, Engagement, Offer, Portfolio, Subject
from projects.operations.subjects import as_its_kind, delete_subject
from projects.visibility import current_sight

ABOVE = {
    SubjectKind.PORTFOLIO: ("parent",),
    SubjectKind.PROJECT: ("portfolio",),
    SubjectKind.CUSTOMER: ("segment",),
    SubjectKind.ENGAGEMENT: ("project", "segment"),
}
"""The links of a kind that are columns of its table."""


class SubjectList(Operation):
    @operation(
        "subjects_list",
        "Subjects of every kind, in the order of their codes",
        READS,
        query=SubjectQuery,
        page=SubjectField(),
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        page = page_of(_asked_for(query), ("code",), query)
        return page.told(request, told_subjects(page.rows))

    @operation(
        "subjects_create",
        "Make a subject of any kind but an engagement",
        KEEPS,
        body=NEW_SUBJECT,
        answer=KeptSubject,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Measured from the running month on, if nothing else is told. The answer says what that
        does to the coverage of what the subject counts in."""
        return _told_kept(create_subject(body, by=self.person))


class SubjectDetail(Operation):
    @operation("subjects_read", "One subject", READS, answer=VERSIONED, refusals=(404,))
    def get(self, request: Request, code: str) -> dict[str, Any]:
        return _with_version(found(Subject.objects.all(), code=code))

    @operation(
        "subjects_change",
        "Change a subject",
        KEEPS,
        body=SubjectChange,
        answer=KeptSubject,
        refusals=(404, 409),
    )
    def patch(self, request: Request, code: str, body: dict[str, Any]) -> dict[str, Any]:
        """What is not told stays as it is. A project that is closed or cancelled says in `end` how
        measuring goes on; one that is opened again is delivered from the running month on."""
        subject = as_its_kind(found(Subject.objects.all(), code=code))
        return _told_kept(change_subject(subject, body, by=self.person))

    @operation(
        "subjects_delete",
        "Delete a subject of which nothing was measured",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409, 422),
    )
    def delete(self, request: Request, code: str, query: dict[str, Any]) -> Response:
        """Its links go with it."""
        subject = found(Subject.objects.all(), code=code)
        delete_subject(subject, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def _with_version(subject: Subject) -> dict[str, Any]:
    return {**told_subjects([subject])[0], "version": version_text(as_its_kind(subject))}


def _told_kept(kept: Kept) -> dict[str, Any]:
    return {"subject": _with_version(kept.subject), "coverage": kept.coverage}


def _asked_for(query: dict[str, Any]) -> QuerySet[Subject]:
    rows: QuerySet[Subject] = Subject.objects.all()
    rows = narrowed(rows, query, kind="kind", portfolio="as_project__portfolio__code")
    if "active_in" in query:
        rows = Subject.objects.active_in(query["active_in"]) & rows
    if segment := query.get("segment"):
        rows = rows.filter(
            Q(pk__in=Engagement.objects.filter(segment__code=segment).values("project"))
            | Q(pk__in=Offer.objects.filter(segment__code=segment).values("service"))
            | Q(as_customer__segment__code=segment)
            | Q(as_engagement__segment__code=segment)
        )
    if search := query.get("search"):
        rows = rows.filter(Q(code__icontains=search) | Q(name__icontains=search))
    return rows


def told_subjects(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """In a number of queries that depends on the kinds among them, and not on how many they are."""
    by_kind: dict[str, list[int]] = defaultdict(list)
    for subject in subjects:
        by_kind[subject.kind].append(subject.pk)
    own = dict(
        ScorecardAssignment.objects.filter(subject__in=[row.pk for row in subjects])
        .order_by()
        .values_list("subject_id", "scorecard__code")
    )
    told: dict[int, dict[str, Any]] = {}
    for kind, keys in by_kind.items():
        rows = SUBJECT_MODELS[kind].objects.filter(pk__in=keys)
        above = ABOVE.get(SubjectKind(kind), ())
        links = _links(kind, keys)
        for row in rows.select_related(*above) if above else rows:
            told[row.pk] = _told(row, own.get(row.pk), above, links.get(row.pk, []))
    return [told[subject.pk] for subject in subjects if subject.pk in told]


def _told(
    row: Any, scorecard: str | None, above: Iterable[str], segments: list[dict[str, Any]]
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, field in fields_of(SHAPES[row.kind]).items():
        if name == "segments":
            facts[name] = segments
        elif name == "scorecard":
            facts[name] = scorecard
        elif name in above:
            end = getattr(row, name)
            facts[name] = end.code if _is_told(end) else None
        else:
            value = getattr(row, name)
            facts[name] = None if value is None else field.to_representation(value)
    return facts


def _is_told(end: Subject | None) -> bool:
    """What is seen lies in what is seen, but for the portfolio above a person's limit."""
    if not isinstance(end, Portfolio):
        return end is not None
    return current_sight().sees_portfolio(end.pk)


def _links(kind: str, keys: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The segments that projects serve and services are offered to."""
    links: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if kind == SubjectKind.PROJECT:
        engagements = Engagement.objects.filter(project__in=keys).order_by("segment__code")
        for project, segment, code, share in engagements.values_list(
            "project_id", "segment__code", "code", "share"
        ):
            links[project].append({"segment": segment, "engagement": code, "share": share})
    elif kind == SubjectKind.SERVICE:
        offers = Offer.objects.filter(service__in=keys).select_related("segment")
        for offer in offers.order_by("segment__code"):
            links[offer.service_id].append(
                {
                    "segment": offer.segment.code,
                    "weight": offer.weight,
                    "annual_cost": _text(offer.annual_cost),
                    "benchmark_cost": _text(offer.benchmark_cost),
                    "currency": offer.currency,
                }
            )
    return links


def _text(amount: Any) -> str | None:
    return None if amount is None else str(amount)
