"""Scorecards with their lines, who uses which, and whose metrics are whose to enter."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import changes_of
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import KEEPS, READS, READS_ASSIGNMENTS
from api.shapes.definitions import DeletionQuery
from api.shapes.scorecards import (
    Assigned,
    AssignmentInput,
    AssignmentQuery,
    AssignmentShape,
    ScorecardFields,
    ScorecardInput,
    ScorecardOf,
    ScorecardQuery,
    ScorecardShape,
)
from api.shapes.subjects import ScorecardChoice
from api.views.definitions import refused_field, row_of
from metrics.models import (
    MetricAssignment,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.operations.assignments import assign_scorecard
from metrics.operations.responsibilities import (
    SCOPE_KINDS,
    assign_metrics,
    take_metrics_away,
)
from metrics.operations.scorecards import (
    delete_scorecard,
    save_scorecard_with_lines,
    version_of,
)
from projects.models import Subject
from projects.validation import listed_with_or

COLUMNS: list[str] = [name for name in ScorecardFields._declared_fields if name != "lines"]
NOT_COLUMNS = ("lines", "reason", "version")


def _scorecards() -> QuerySet[Scorecard]:
    lines = ScorecardLine.objects.select_related("metric").order_by("metric_id")
    return Scorecard.objects.prefetch_related(Prefetch("lines", lines))


class ScorecardList(Operation):
    @operation(
        "scorecards_list",
        "Scorecards with their lines",
        READS,
        query=ScorecardQuery,
        page=ScorecardFields,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(_scorecards(), query, subject_kind="subject_kind")
        page = page_of(rows, ("code",), query)
        return page.told(request, [told_scorecard(row) for row in page.rows])

    @operation(
        "scorecards_create",
        "Make a scorecard with its lines",
        KEEPS,
        body=ScorecardInput,
        answer=ScorecardShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        columns = {name: value for name, value in body.items() if name not in NOT_COLUMNS}
        card = save_scorecard_with_lines(
            Scorecard(**columns),
            weights=_weights(body.get("lines", [])),
            by=self.person,
            reason=body.get("reason", ""),
        )
        return _with_version(card)


class ScorecardDetail(Operation):
    @operation("scorecards_read", "One scorecard", READS, answer=ScorecardShape, refusals=(404,))
    def get(self, request: Request, code: str) -> dict[str, Any]:
        return _with_version(found(_scorecards(), code=code))

    @operation(
        "scorecards_change",
        "Change a scorecard",
        KEEPS,
        body=changes_of(ScorecardInput),
        answer=ScorecardShape,
        refusals=(404, 409),
    )
    def patch(self, request: Request, code: str, body: dict[str, Any]) -> dict[str, Any]:
        """What is not told stays; `lines`, if told, become the lines, and others go."""
        with transaction.atomic():
            card = found(Scorecard.objects.all(), code=code)
            for name, value in body.items():
                if name not in NOT_COLUMNS:
                    setattr(card, name, value)
            weights = (
                _weights(body["lines"])
                if "lines" in body
                else dict(card.lines.values_list("metric_id", "weight"))
            )
            save_scorecard_with_lines(
                card,
                weights=weights,
                by=self.person,
                reason=body.get("reason", ""),
                seen=body.get("version"),
            )
        return _with_version(card)

    @operation(
        "scorecards_delete",
        "Delete a scorecard that no subject has as its own",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409),
    )
    def delete(self, request: Request, code: str, query: dict[str, Any]) -> Response:
        card = found(Scorecard.objects.all(), code=code)
        delete_scorecard(card, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_scorecard(card: Scorecard) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(card, name) for name in COLUMNS}
    told["lines"] = [
        {"metric": line.metric.code, "weight": line.weight} for line in card.lines.all()
    ]
    return told


def _with_version(card: Scorecard) -> dict[str, Any]:
    fresh = found(_scorecards(), pk=card.pk)
    return {**told_scorecard(fresh), "version": version_of(fresh)}


def _weights(lines: list[dict[str, Any]]) -> dict[int, float]:
    wanted = {line["metric"]: line["weight"] for line in lines}
    if len(wanted) < len(lines):
        raise refused_field("lines", "A metric has one line on a scorecard; one is told twice.")
    keys = dict(MetricDefinition.objects.filter(code__in=wanted).values_list("code", "pk"))
    for code in wanted:
        if code not in keys:
            row_of(MetricDefinition, "metric", code)
    return {keys[code]: weight for code, weight in wanted.items()}


class SubjectScorecard(Operation):
    @operation(
        "subjects_scorecard",
        "Which scorecard a subject has as its own",
        READS,
        answer=ScorecardChoice,
        refusals=(404,),
        tag="subjects",
    )
    def get(self, request: Request, code: str) -> dict[str, Any]:
        return _choice(found(Subject.objects.all(), code=code))

    @operation(
        "subjects_scorecard_put",
        "Let a subject use a scorecard of its own",
        KEEPS,
        body=ScorecardOf,
        answer=ScorecardChoice,
        refusals=(404, 409),
        tag="subjects",
    )
    def put(self, request: Request, code: str, body: dict[str, Any]) -> dict[str, Any]:
        subject = found(Subject.objects.all(), code=code)
        card = row_of(Scorecard, "scorecard", body["scorecard"])
        assign_scorecard(subject, scorecard=card, by=self.person)
        return _choice(subject)

    @operation(
        "subjects_scorecard_delete",
        "Let a subject use its kind's default again",
        KEEPS,
        status=204,
        refusals=(404,),
        tag="subjects",
    )
    def delete(self, request: Request, code: str) -> Response:
        subject = found(Subject.objects.all(), code=code)
        assign_scorecard(subject, scorecard=None, by=self.person)
        return Response(status=204)


def _choice(subject: Subject) -> dict[str, Any]:
    own = ScorecardAssignment.objects.filter(subject=subject).select_related("scorecard").first()
    return {"subject": subject.code, "scorecard": None if own is None else own.scorecard.code}


class AssignmentList(Operation):
    @operation(
        "assignments_list",
        "Whose metrics are whose to enter",
        READS_ASSIGNMENTS,
        query=AssignmentQuery,
        page=AssignmentShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = MetricAssignment.objects.select_related("metric", "user", "scope")
        rows = narrowed(rows, query, metric="metric__code", user="user__username")
        page = page_of(rows, ("id",), query)
        return page.told(request, [told_assignment(row) for row in page.rows])

    @operation(
        "assignments_create",
        "Make metrics a person's to enter",
        KEEPS,
        body=AssignmentInput,
        answer=Assigned,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Harmless to repeat: what the person has already stays; the new ones are answered."""
        user = User.objects.filter(username=body["user"], is_active=True).first()
        if user is None:
            raise refused_field("user", "There is nobody of this user name.")
        scope = row_of(Subject, "scope", body["scope"])
        if scope.kind not in SCOPE_KINDS:
            kinds = listed_with_or([str(kind) for kind in SCOPE_KINDS])
            raise refused_field("scope", f"{scope.code} is a {scope.kind}; a scope is {kinds}.")
        metrics = [
            row_of(MetricDefinition, "metric", code) for code in dict.fromkeys(body["metrics"])
        ]
        made = assign_metrics(metrics, user=user, scope=scope, by=self.person)
        return {"assignments": [told_assignment(row) for row in made]}


class AssignmentDetail(Operation):
    @operation(
        "assignments_delete",
        "Take a metric away from a person",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404,),
    )
    def delete(self, request: Request, pk: int, query: dict[str, Any]) -> Response:
        found(MetricAssignment.objects.all(), pk=pk)
        take_metrics_away([pk], by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_assignment(row: MetricAssignment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "metric": row.metric.code,
        "user": row.user.get_username(),
        "scope": row.scope.code,
    }
