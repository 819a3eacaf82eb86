"""What the pages of projects, customers and services share: scoreboard and filled scorecard."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import limits_of, scorecard_of
from dashboards.selectors.scorecards import filled_scorecard
from dashboards.selectors.trends import history_of, trend_months
from dashboards.views.month_pages import render_part
from dashboards.views.scoreboards import Scoreboard
from projects.models import Subject
from projects.months import Month

SCORECARD = "scorecard"
"""The id of the part of the page that comes after it: the engine takes the scores apart for it."""


def board_of(subject: Subject, month: ViewMonth) -> Scoreboard:
    """The subject's stored scores, ready for tiles and charts."""
    return Scoreboard(
        history_of(subject.pk, trend_months(month), month.before, month.previous),
        month,
        scorecard_of(subject.pk, subject.kind),
        reverse("explain", args=[subject.code, month.month]),
    )


def scorecard_part(request: HttpRequest, subject: Subject, month: Month) -> HttpResponse:
    return render_part(
        request,
        "subject_scorecard",
        {
            "subject": subject,
            "month": month,
            "scorecard": filled_scorecard(subject, month),
            "limits": limits_of(scorecard_of(subject.pk, subject.kind)),
        },
    )
