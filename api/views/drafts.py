"""Values that wait for approval, and what is decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from rest_framework.request import Request

from api.errors import Refused
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import APPROVES, ENTERS, READS_DRAFTS
from api.shapes.answers import (
    ApproveInput,
    DecisionsShape,
    DraftQuery,
    DraftShape,
    RejectInput,
)
from api.views.measurements import period_label
from api.views.people import user_name
from dashboards.access import APPROVE_MEASUREMENTS
from metrics.models import DraftMeasurement
from metrics.operations.drafts import Decisions, approve_drafts, reject_drafts, withdraw_draft
from metrics.validation.dependence import fiscal_year_starts_in

REASON = "Say why; the analyst reads it."


class DraftList(Operation):
    @operation(
        "drafts_list",
        "Values that need approval, the latest first: one's own, or all for those who approve",
        READS_DRAFTS,
        query=DraftQuery,
        page=DraftShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(
            _visible(self.person),
            query,
            metric="metric__code",
            subject="subject__code",
            user="entered_by__username",
            state="state",
        )
        page = page_of(rows, ("-id",), query)
        starts_in = fiscal_year_starts_in()
        return page.told(request, [told_draft(row, starts_in) for row in page.rows])


class DraftDetail(Operation):
    @operation("drafts_read", "One such value", READS_DRAFTS, answer=DraftShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_draft(found(_visible(self.person), pk=pk), fiscal_year_starts_in())


class DraftApprove(Operation):
    @operation(
        "drafts_approve",
        "Make values measurements that somebody else has given",
        APPROVES,
        body=ApproveInput,
        answer=DecisionsShape,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Nobody approves what they gave themselves."""
        drafts, unknown = _asked(self.person, body["drafts"])
        return _told(approve_drafts(drafts, by=self.person), unknown)


class DraftReject(Operation):
    @operation(
        "drafts_reject",
        "Send values back to who gave them, with a reason",
        APPROVES,
        body=RejectInput,
        answer=DecisionsShape,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        if not body["reason"].strip():
            raise Refused.because(REASON, code="required", field="reason")
        drafts, unknown = _asked(self.person, body["drafts"])
        return _told(reject_drafts(drafts, by=self.person, reason=body["reason"]), unknown)


class DraftWithdraw(Operation):
    @operation(
        "drafts_withdraw",
        "Take one's own value back before it is decided about",
        ENTERS,
        answer=DraftShape,
        refusals=(404, 409, 422),
    )
    def post(self, request: Request, pk: int) -> dict[str, Any]:
        draft = withdraw_draft(found(_visible(self.person), pk=pk), by=self.person)
        return told_draft(draft, fiscal_year_starts_in())


def told_draft(row: DraftMeasurement, starts_in: int) -> dict[str, Any]:
    return {
        "id": row.pk,
        "metric": row.metric.code,
        "subject": row.subject.code,
        "period": period_label(row, starts_in),
        "month": str(row.month),
        "value": row.value,
        "note": row.note,
        "door": row.door,
        "batch": row.batch_id,
        "entered_by": user_name(row.entered_by),
        "entered_at": row.entered_at,
        "state": row.state,
        "decided_by": user_name(row.decided_by),
        "decided_at": row.decided_at,
        "answer": row.answer,
    }


def _visible(person: User) -> QuerySet[DraftMeasurement]:
    """Of somebody else's draft only who approves learns."""
    rows = DraftMeasurement.objects.select_related("metric", "subject", "entered_by", "decided_by")
    return rows if person.has_perm(APPROVE_MEASUREMENTS) else rows.filter(entered_by=person)


def _asked(person: User, keys: Sequence[int]) -> tuple[QuerySet[DraftMeasurement], list[int]]:
    """Those that are asked for, in the order in which they were given; and keys of none."""
    drafts = _visible(person).filter(pk__in=keys).order_by("entered_at", "pk")
    there = {draft.pk for draft in drafts}
    return drafts, [key for key in dict.fromkeys(keys) if key not in there]


def _told(decisions: Decisions, unknown: Sequence[int]) -> dict[str, Any]:
    return {
        "done": [draft.pk for draft in decisions.done],
        "refused": [
            *({"draft": each.draft.pk, "message": each.sentence} for each in decisions.refused),
            *({"draft": key, "message": "There is nothing of this name."} for key in unknown),
        ],
    }
