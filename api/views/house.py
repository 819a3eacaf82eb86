"""Months and their closing, scoring runs, and who is asking."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request

from api.fields import fields_of
from api.models import PersonalToken
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import ANYBODY, CLOSES, KEEPS, READS_ORGANISATION
from api.shapes.house import (
    ClosedShape,
    MeShape,
    MonthQuery,
    MonthShape,
    MonthsShape,
    ReopenInput,
    RunQuery,
    RunShape,
)
from api.views.people import user_name
from metrics.choices import RunTrigger
from metrics.closed_months import ClosedMonths
from metrics.models import MonthClosing, Score, ScoreRun
from metrics.operations.months import close_month, reopen_month
from metrics.operations.rescoring import ask_for_a_run
from metrics.operations.runs import request_full_run
from projects.months import Month, month_range


class Me(Operation):
    @operation("me_read", "Who is asking", ANYBODY, answer=MeShape)
    def get(self, request: Request) -> dict[str, Any]:
        token = request.auth
        return {
            "user": self.person.get_username(),
            "name": self.person.get_full_name(),
            "roles": sorted(self.person.groups.values_list("name", flat=True)),
            "token": {
                "name": token.name,
                "scopes": token.scopes,
                "expires_at": token.expires_at,
            }
            if isinstance(token, PersonalToken)
            else None,
        }


class MonthList(Operation):
    @operation(
        "months_list",
        "Months from the first score on, with what was closed",
        READS_ORGANISATION,
        query=MonthQuery,
        answer=MonthsShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        first, last = _reach()
        first = max(first, query.get("first_month", first))
        last = min(last, query.get("last_month", last))
        months = month_range(first, last)
        return {"results": told_months(months)}


class MonthDetail(Operation):
    @operation("months_read", "One month", READS_ORGANISATION, answer=MonthShape, refusals=(404,))
    def get(self, request: Request, month: Month) -> dict[str, Any]:
        if month > Month.of(timezone.localdate()):
            raise Http404
        return told_months([month])[0]


class MonthClose(Operation):
    @operation(
        "months_close",
        "Close a month and every open month before it",
        CLOSES,
        answer=ClosedShape,
        refusals=(404, 409, 422),
    )
    def post(self, request: Request, month: Month) -> dict[str, Any]:
        """What waits to be scored is answered first; then the scores no longer move."""
        closed = close_month(month, by=self.person, patience=settings.API_PATIENCE_SECONDS)
        return {"closed": [str(each) for each in closed]}


class MonthReopen(Operation):
    @operation(
        "months_reopen",
        "Reopen a closed month, with a reason",
        CLOSES,
        body=ReopenInput,
        answer=MonthShape,
        refusals=(404, 409),
    )
    def post(self, request: Request, month: Month, body: dict[str, Any]) -> dict[str, Any]:
        """Its scores are kept as they were reported."""
        reopen_month(month, reason=body["reason"], by=self.person)
        return told_months([month])[0]


def told_months(months: list[Month]) -> list[dict[str, Any]]:
    running = Month.of(timezone.localdate())
    closed = ClosedMonths.read()
    closings: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = MonthClosing.objects.select_related("closed_by", "reopened_by")
    for row in rows.filter(month__in=months).order_by("closed_at", "pk"):
        closings[row.month].append(
            {
                "closed_at": row.closed_at,
                "closed_by": user_name(row.closed_by),
                "reopened_at": row.reopened_at,
                "reopened_by": user_name(row.reopened_by),
                "reason": row.reopen_reason,
            }
        )
    return [
        {
            "month": str(month),
            "state": "closed" if month in closed else "unfinished" if month == running else "open",
            "closings": closings[month],
        }
        for month in months
    ]


def _reach() -> tuple[Month, Month]:
    """From the first month that has a score or was closed to the running one."""
    running = Month.of(timezone.localdate())
    scored = Score.objects.aggregate(first=Min("month"), last=Max("month"))
    named = MonthClosing.objects.aggregate(first=Min("month"))
    firsts = [found for found in (scored["first"], named["first"]) if found is not None]
    return Month(min([*firsts, running])), running


class RunList(Operation):
    @operation(
        "runs_list",
        "Scoring runs, the newest first",
        READS_ORGANISATION,
        query=RunQuery,
        page=RunShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(ScoreRun.objects.all(), query, state="state")
        page = page_of(rows, ("-id",), query)
        return page.told(request, [told_run(row) for row in page.rows])

    @operation(
        "runs_request",
        "Ask for all open months to be scored",
        KEEPS,
        answer=RunShape,
        status=202,
        keeps_answers=True,
    )
    def post(self, request: Request) -> dict[str, Any]:
        """A request that waits already is enough, and is answered."""
        with transaction.atomic():
            run = request_full_run(RunTrigger.COMMAND, by=self.person)
            transaction.on_commit(ask_for_a_run)
        return told_run(run)


class RunDetail(Operation):
    @operation("runs_read", "One scoring run", READS_ORGANISATION, answer=RunShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_run(found(ScoreRun.objects.all(), pk=pk))


def told_run(run: ScoreRun) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, field in fields_of(RunShape).items():
        value = getattr(run, name)
        told[name] = None if value is None else field.to_representation(value)
    return told
