"""Reading scorecards: the list, and one with its balance, its users and its history."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.scorecards import lines_table, scorecards_table
from dashboards.selectors.definition_history import Source, changes_page, source_of
from dashboards.selectors.months import current_month, default_month
from dashboards.selectors.scorecard_pages import scorecard_page, scorecard_rows
from dashboards.views.exports import Exports, page_or_export
from metrics.models import Scorecard, ScorecardLine


@require_safe
@needs(READ_DASHBOARDS)
def scorecard_list(request: HttpRequest) -> HttpResponse:
    """All scorecards, by the kind of subject that they are for."""
    rows = scorecard_rows()
    return page_or_export(
        request,
        "dashboards/scorecard_list.html",
        {"rows": rows},
        Exports(_("Scorecards"), {"scorecards": lambda: scorecards_table(rows)}),
    )


@require_safe
@needs(READ_DASHBOARDS)
def scorecard_detail(request: HttpRequest, code: str) -> HttpResponse:
    """What is rewarded, and how that came to be so."""
    card = get_object_or_404(Scorecard, code=code)
    lines = Source(
        ScorecardLine,
        {"scorecard_id": card.pk},
        gettext_lazy("Line"),
        named_by=("metric",),
        silent=("scorecard",),
    )
    running = current_month()
    page = scorecard_page(card)
    return page_or_export(
        request,
        "dashboards/scorecard_detail.html",
        {
            "page": page,
            "month": default_month(running) or running,
            "changes": changes_page(
                card, request.GET.get("page"), sources=[source_of(card), lines]
            ),
            "crumbs": [(_("Scorecards"), reverse("scorecard_list"))],
        },
        Exports(card.name, {"lines": lambda: lines_table(page)}),
    )
