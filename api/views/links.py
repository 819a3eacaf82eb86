"""Links between subjects, each with how much it counts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import KEEPS, READS
from api.shapes.definitions import DeletionQuery
from api.shapes.keeping import (
    EngagementInput,
    EngagementLink,
    EngagementQuery,
    OfferInput,
    OfferQuery,
    OfferShape,
)
from api.views.definitions import versions_of
from metrics.operations.keeping import keep_offer
from projects.models import Engagement, Offer, Project, Segment, Service
from projects.operations.links import delete_offer
from projects.operations.subjects import delete_subject, save_subject
from projects.operations.versions import not_overtaken, version_of

GONE = "There is no such link any more; without `version` it is made anew."


class EngagementList(Operation):
    @operation(
        "engagements_list",
        "Which projects serve which segments, and with which share",
        READS,
        query=EngagementQuery,
        page=EngagementLink,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(_engagements(), query, project="project__code", segment="segment__code")
        page = page_of(rows, ("pk",), query)
        versions = versions_of(Engagement, page.rows)
        results = [told_engagement(row, versions.get(row.pk, 0)) for row in page.rows]
        return page.told(request, results)


class EngagementDetail(Operation):
    @operation("engagements_read", "One such link", READS, answer=EngagementLink, refusals=(404,))
    def get(self, request: Request, code: str, segment: str) -> dict[str, Any]:
        row = found(_engagements(), project__code=code, segment__code=segment)
        return told_engagement(row, version_of(row))

    @operation(
        "engagements_put",
        "Say that a project serves a segment, and with which share",
        KEEPS,
        body=EngagementInput,
        answer=EngagementLink,
        refusals=(404, 409),
    )
    def put(
        self, request: Request, code: str, segment: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Harmless to repeat. The link is itself a subject, which can be measured."""
        ends: dict[str, Any] = {
            "project": found(Project.objects.all(), code=code),
            "segment": found(Segment.objects.all(), code=segment),
        }
        with transaction.atomic():
            row = _standing(Engagement, ends, body)
            row.share = body["share"]
            with not_overtaken(row, body.get("version")):
                save_subject(row, by=self.person, reason=body.get("reason", ""))
        return told_engagement(row, version_of(row))

    @operation(
        "engagements_delete",
        "Take a link away of which nothing was measured",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409, 422),
    )
    def delete(self, request: Request, code: str, segment: str, query: dict[str, Any]) -> Response:
        row = found(_engagements(), project__code=code, segment__code=segment)
        delete_subject(row, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


class OfferList(Operation):
    @operation(
        "offers_list",
        "Which services are offered to which segments, and on what terms",
        READS,
        query=OfferQuery,
        page=OfferShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(_offers(), query, service="service__code", segment="segment__code")
        page = page_of(rows, ("id",), query)
        versions = versions_of(Offer, page.rows)
        return page.told(request, [told_offer(row, versions.get(row.pk, 0)) for row in page.rows])


class OfferDetail(Operation):
    @operation("offers_read", "One such offer", READS, answer=OfferShape, refusals=(404,))
    def get(self, request: Request, code: str, segment: str) -> dict[str, Any]:
        row = found(_offers(), service__code=code, segment__code=segment)
        return told_offer(row, version_of(row))

    @operation(
        "offers_put",
        "Offer a service to a segment, or change on what terms",
        KEEPS,
        body=OfferInput,
        answer=OfferShape,
        refusals=(404, 409),
    )
    def put(
        self, request: Request, code: str, segment: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Harmless to repeat. An amount that is not told becomes unknown."""
        ends: dict[str, Any] = {
            "service": found(Service.objects.all(), code=code),
            "segment": found(Segment.objects.all(), code=segment),
        }
        with transaction.atomic():
            row = _standing(Offer, ends, body)
            for name in ("weight", "annual_cost", "benchmark_cost", "currency"):
                setattr(row, name, body[name])
            reason = body.get("reason", "")
            keep_offer(row, seen=body.get("version"), by=self.person, reason=reason)
        stored = found(_offers(), pk=row.pk)
        return told_offer(stored, version_of(stored))

    @operation(
        "offers_delete",
        "Offer a service to a segment no more",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409),
    )
    def delete(self, request: Request, code: str, segment: str, query: dict[str, Any]) -> Response:
        row = found(_offers(), service__code=code, segment__code=segment)
        delete_offer(row, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_engagement(row: Engagement, version: int) -> dict[str, Any]:
    return {
        "code": row.code,
        "project": row.project.code,
        "segment": row.segment.code,
        "share": row.share,
        "version": version,
    }


def told_offer(row: Offer, version: int) -> dict[str, Any]:
    return {
        "service": row.service.code,
        "segment": row.segment.code,
        "weight": row.weight,
        "annual_cost": None if row.annual_cost is None else str(row.annual_cost),
        "benchmark_cost": None if row.benchmark_cost is None else str(row.benchmark_cost),
        "currency": row.currency,
        "version": version,
    }


def _engagements() -> QuerySet[Engagement]:
    return Engagement.objects.select_related("project", "segment")


def _offers() -> QuerySet[Offer]:
    return Offer.objects.select_related("service", "segment")


def _standing(model: type[Model], ends: dict[str, Any], body: dict[str, Any]) -> Any:
    """The link that is there, or a new one; whoever has seen one is told if it is gone."""
    row = model._default_manager.filter(**ends).first()
    if row is None and body.get("version"):
        raise ValidationError(GONE, code="gone")
    return row or model(**ends)
