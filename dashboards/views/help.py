"""How is a score computed?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.help import case_table, glossary_table, limits_table
from dashboards.figures import Chart, CurvePlace, MetricCurve, metric_curve_chart
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.glossary import TERMS
from dashboards.selectors.help import WorkedCase, fading_steps, scorecards, worked_case
from dashboards.selectors.policies import limits_of
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.requests import month_of, picker_of

USUAL_GRACE = 3
"""To tell fading by, where no case has a metric with grace months."""


@require_safe
@needs(READ_DASHBOARDS)
def help_page(request: HttpRequest) -> HttpResponse:
    """The rules in plain words; without any score only the case is missing."""
    month = month_of(request)
    case = worked_case(month, request.GET.get("subject", "")) if month else None
    cards = scorecards()
    terms = sorted(TERMS.values(), key=lambda term: str(term.word).casefold())
    words = {term.anchor: term.word for term in terms}
    return page_or_export(
        request,
        "dashboards/help.html",
        {
            "month": month,
            "picker": picker_of(month) if month else None,
            "case": case,
            "curve": curve_of(case) if case else None,
            "cards": cards,
            "first_card": cards[0] if cards else None,
            "fading": fading_steps((case and case.metric.metric.grace_months) or USUAL_GRACE),
            "terms": terms,
            "words": words,
        },
        Exports(
            _("How is a score computed?"),
            {
                "case": lambda: case_table(case),
                "limits": lambda: limits_table(cards),
                "glossary": lambda: glossary_table(terms, words),
            },
            month,
        ),
    )


def curve_of(case: WorkedCase) -> Chart:
    """The curve of the metric that is followed, with its one value on it."""
    metric, reading = case.metric, case.metric.reading
    assert reading is not None  # a case is followed from a value
    limits: BandLimits | None = limits_of(case.card)
    places = []
    if metric.score is not None:
        places = [CurvePlace(case.subject.name, reading.value, metric.score, metric.band)]
    return metric_curve_chart(
        MetricCurve(
            metric.metric.name,
            [(value, score) for value, score in metric.curve],
            places,
            metric.metric.unit,
            metric.decimals,
            limits,
        ),
        slug="case-curve",
    )
