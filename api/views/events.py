"""Events: dated notes on subjects."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import changes_of
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import KEEPS, READS
from api.shapes.definitions import DeletionQuery
from api.shapes.keeping import EventInput, EventQuery, EventShape
from api.views.definitions import ABOUT, row_of, versions_of
from projects.models import Event, Subject
from projects.operations.events import delete_event, save_event
from projects.operations.versions import version_of


class EventList(Operation):
    @operation("events_list", "Events, the latest first", READS, query=EventQuery, page=EventShape)
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(
            _events(), query, subject="subject__code", first_day="day__gte", last_day="day__lte"
        )
        page = page_of(rows, ("-day", "-id"), query)
        versions = versions_of(Event, page.rows)
        return page.told(request, [told_event(row, versions.get(row.pk, 0)) for row in page.rows])

    @operation(
        "events_create",
        "Note what happened to a subject",
        KEEPS,
        body=EventInput,
        answer=EventShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        columns = {name: value for name, value in body.items() if name not in ABOUT}
        columns["subject"] = row_of(Subject, "subject", body["subject"])
        event = save_event(Event(**columns), by=self.person, reason=body.get("reason", ""))
        return told_event(event, version_of(event))


class EventDetail(Operation):
    @operation("events_read", "One event", READS, answer=EventShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        event = found(_events(), pk=pk)
        return told_event(event, version_of(event))

    @operation(
        "events_change",
        "Change an event",
        KEEPS,
        body=changes_of(EventInput, but=("subject",)),
        answer=EventShape,
        refusals=(404, 409),
    )
    def patch(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        event = found(_events(), pk=pk)
        for name, value in body.items():
            if name not in ABOUT:
                setattr(event, name, value)
        reason = body.get("reason", "")
        save_event(event, seen=body.get("version"), by=self.person, reason=reason)
        return told_event(event, version_of(event))

    @operation(
        "events_delete",
        "Take an event away; its history stays",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409),
    )
    def delete(self, request: Request, pk: int, query: dict[str, Any]) -> Response:
        event = found(_events(), pk=pk)
        delete_event(event, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_event(event: Event, version: int) -> dict[str, Any]:
    return {
        "id": event.pk,
        "subject": event.subject.code,
        "day": event.day.isoformat(),
        "title": event.title,
        "text": event.text,
        "version": version,
    }


def _events() -> QuerySet[Event]:
    return Event.objects.select_related("subject")
