"""Scores, and why they are what they are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import READS
from api.shapes.scores import (
    ExplanationQuery,
    ExplanationShape,
    ScoreQuery,
    ScoreShape,
    told_score,
)
from metrics.explaining import as_json, explain
from metrics.models import Score
from projects.models import Subject
from projects.months import Month


class ScoreList(Operation):
    @operation(
        "scores_list",
        "Scores by month and subject",
        READS,
        query=ScoreQuery,
        page=ScoreShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        """Every row tells all four categories with coverage, possible range and band, the overall
        score and the balance."""
        rows = _asked_for(query).select_related("subject")
        page = page_of(rows, ("month", "subject_id"), query)
        return page.told(request, [told_score(score) for score in page.rows])


def _asked_for(query: dict[str, Any]) -> QuerySet[Score]:
    measure = query.get("measure", "overall")
    rows = narrowed(
        Score.objects.all(),
        query,
        subject="subject__code",
        kind="subject__kind",
        first_month="month__gte",
        last_month="month__lte",
        band=f"{measure}_band",
    )
    if "measure" in query and "band" not in query:
        rows = rows.filter(**{f"{measure}_score__isnull": False})
    return rows


class Explanation(Operation):
    @operation(
        "explanations_read",
        "A score taken apart, and what changed since another month",
        READS,
        query=ExplanationQuery,
        answer=ExplanationShape,
        refusals=(404,),
    )
    def get(
        self, request: Request, code: str, month: Month, query: dict[str, Any]
    ) -> dict[str, Any]:
        """The points of the parts add up to the score, and the parts of a change to the change."""
        subject = found(Subject.objects.all(), code=code)
        return as_json(
            explain(subject, month, against=query.get("against"), depth=query.get("depth", 0))
        )
