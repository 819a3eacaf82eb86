"""Why a score is what it is, and what changed since: down to the measurement."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import ENTER_MEASUREMENTS, READ_DASHBOARDS, needs
from dashboards.exports.explain import EVERY_GROUP, changes_table, contributions_table
from dashboards.exports.histories import values_behind_table
from dashboards.figures import Chart, change_bridge_chart
from dashboards.presentation.icons import CATEGORY_ICONS
from dashboards.presentation.months import MonthPicker, month_label
from dashboards.presentation.numbers import score_text
from dashboards.presentation.tiles import ScoreTile
from dashboards.selectors.explain import (
    ExplainPage,
    Opened,
    closing_of,
    explain_page,
    values_behind,
)
from dashboards.selectors.months import current_month
from dashboards.selectors.scores import OVERALL, Mark, marks_of
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.links import crumbs_of
from dashboards.views.month_pages import is_asked_for, render_part
from dashboards.views.requests import month_parameter
from metrics.choices import Category
from metrics.models import MetricDefinition, Score
from metrics.operations.measurements import may_enter
from projects.models import Subject
from projects.months import MONTHS_PER_YEAR, Month

DIGITS = 6
"""No month is closed a million times."""


@require_safe
@needs(READ_DASHBOARDS)
def explain(request: HttpRequest, code: str, month: Month) -> HttpResponse:
    """One subject's scores in a month, taken apart; HTMX asks for single groups of it."""
    if wanted := month_parameter(request):
        return redirect(_address(request, code, wanted))
    page = explain_page(
        code,
        month,
        against=month_parameter(request, "against"),
        opened=Opened.of(request.GET.getlist("open"), request.GET.getlist("all")),
        closing=_closing_parameter(request),
    )
    if page is None:
        raise Http404
    if part := _part(request, page):
        return part
    return page_or_export(
        request,
        "dashboards/explain.html",
        {
            "page": page,
            "crumbs": crumbs_of(page.subject, month),
            "picker": _picker(page),
            "against": _against_picker(page),
            "overall": _overall_tile(page),
            "tiles": _category_tiles(page),
            "bridge": _bridge(page),
            "largest": max((part.points or 0.0 for part in page.categories), default=0.0),
            "smallest": min(page.balance_points or 0.0, 0.0),
        },
        Exports(
            _title(page),
            {
                "contributions": lambda: contributions_table(_whole_page(request, page)),
                "changes": lambda: changes_table(page.story),
            },
            month,
            state=_state(page),
        ),
    )


def _title(page: ExplainPage) -> str:
    told = {"subject": page.subject.name}
    if page.reported:
        return _("Why this reported score: %(subject)s") % told
    return _("Why this score: %(subject)s") % told


def _state(page: ExplainPage) -> str:
    if page.reported:
        return _("as reported by closing %(number)s") % {"number": page.reported.number}
    if page.is_closed:
        return _("closed: what was reported stays reported")
    return _("unfinished: values are still coming in") if page.is_running else _("open")


def _whole_page(request: HttpRequest, page: ExplainPage) -> ExplainPage:
    """The same explanation with all members of all groups, not only the weightiest."""
    whole = explain_page(
        page.subject.code,
        page.month,
        against=month_parameter(request, "against"),
        opened=Opened((), EVERY_GROUP),
        closing=_closing_parameter(request),
    )
    return whole or page


def _part(request: HttpRequest, page: ExplainPage) -> HttpResponse | None:
    """What HTMX asks for of the tree: all members of a group, or one member, opened or shut."""
    for group in page.all_groups:
        if is_asked_for(request, group.anchor):
            return render_part(request, "explain_group", {"page": page, "group": group})
    path = request.GET.get("member", "")
    member = page.member(path) if path else None
    if member is None or not is_asked_for(request, member[1].anchor):
        return None
    group, child = member
    return render_part(request, "explain_child", {"page": page, "group": group, "child": child})


@require_safe
@needs(READ_DASHBOARDS)
def explain_values(
    request: HttpRequest, code: str, month: Month, metric: str, period: Month
) -> HttpResponse:
    """The measurements behind a metric's value: a part of the explanation, or a page."""
    subject = get_object_or_404(Subject, code=code)
    definition = get_object_or_404(MetricDefinition, code=metric)
    page = values_behind(definition, subject, period)
    number = _closing_parameter(request)
    closing = None if number is None else closing_of(month, number)
    if number is not None and closing is None:
        raise Http404
    is_enterable = (
        not definition.is_computed
        and definition.subject_kind == subject.kind
        and request.user.has_perm(ENTER_MEASUREMENTS)
        and may_enter(request.user, definition, subject)
    )
    context = {"page": page, "may_enter": is_enterable, "closing": closing}
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render_part(request, "explain_values", context)
    crumbs = [
        *crumbs_of(subject, month),
        (_("Explanation"), reverse("explain", args=[code, month])),
    ]
    return page_or_export(
        request,
        "dashboards/explain_values.html",
        {**context, "crumbs": crumbs},
        Exports(
            f"{definition.code} {subject.code}",
            {"values": lambda: values_behind_table(page)},
            period,
        ),
    )


def _address(request: HttpRequest, code: str, month: Month) -> str:
    """The same page of another month; what it is compared with moves to that month's own."""
    query = request.GET.copy()
    for name in ("month", "against", "closing", "member"):
        query.pop(name, None)
    address = reverse("explain", args=[code, month])
    return f"{address}?{query.urlencode()}" if query else address


def _closing_parameter(request: HttpRequest) -> int | None:
    """Which closing of the month is asked about, None if none is."""
    text = request.GET.get("closing", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text)):
        raise BadRequest(
            _("%(text)s is no closing; a month's closings are numbered from 1.")
            % {"text": repr(text)}
        )
    return int(text)


def _picker(page: ExplainPage) -> MonthPicker:
    return MonthPicker.of(page.scored_months, chosen=page.month, running=current_month())


def _against_picker(page: ExplainPage) -> dict[str, object]:
    """The months that this one can be compared with, the same month of the year before first."""
    offered = [month for month in page.scored_months if month != page.month]
    if page.against not in offered and not page.is_restated:
        offered.append(page.against)
    year_ago = page.month.plus(-MONTHS_PER_YEAR)
    return {
        "months": sorted(offered, reverse=True),
        "chosen": page.against,
        "year_ago": year_ago if year_ago in offered and year_ago != page.against else None,
        "year_ago_query": urlencode({**page.closing_query, "against": str(year_ago)}),
    }


def _overall_tile(page: ExplainPage) -> ScoreTile:
    overall, before = marks_of(page.stored)[0], marks_of(_changes(page))[0]
    return ScoreTile(
        name=_("Overall"),
        score=overall.score,
        band=overall.band,
        coverage=overall.coverage,
        low=overall.low,
        high=overall.high,
        change=_change(overall, before),
        since="" if page.is_restated else month_label(page.against),
        history=page.history.scores(OVERALL),
        is_unfinished=page.is_running,
        limits=page.limits,
        balance=page.stored.balance if page.stored else None,
        why_unknown=page.why_insufficient or _as_it_stands(page, marks_of(page.stored_before)[0]),
    )


def _category_tiles(page: ExplainPage) -> list[ScoreTile]:
    now, before = marks_of(page.stored)[1], marks_of(_changes(page))[1]
    standing = marks_of(page.stored_before)[1]
    return [
        ScoreTile(
            name=mark.label,
            score=mark.score,
            band=mark.band,
            coverage=mark.coverage,
            low=mark.low,
            high=mark.high,
            change=_change(mark, earlier),
            since="" if page.is_restated else month_label(page.against),
            history=page.history.scores(mark.measure),
            is_unfinished=page.is_running,
            limits=page.limits,
            icon=CATEGORY_ICONS[Category(mark.measure)],
            url=f"#{mark.measure}",
            why_unknown=page.why_unknown[mark.measure] or _as_it_stands(page, as_it_stands),
        )
        for mark, earlier, as_it_stands in zip(now, before, standing, strict=True)
    ]


def _change(now: Mark, before: Mark) -> float | None:
    return None if now.score is None or before.score is None else now.score - before.score


def _as_it_stands(page: ExplainPage, now: Mark) -> str:
    """Said with what was reported: what the same score is now."""
    if not page.is_restated:
        return ""
    return (
        _("Unknown now")
        if now.score is None
        else _("Now %(score)s") % {"score": score_text(now.score)}
    )


def _changes(page: ExplainPage) -> Score | None:
    """What tiles tell their change from; the report itself is told beside what stands now."""
    return None if page.is_restated else page.stored_before


def _bridge(page: ExplainPage) -> Chart | None:
    if page.story is None:
        return None
    return change_bridge_chart(
        page.story.bridge(_("%(subject)s, overall,") % {"subject": page.subject.name}),
        title=_("From %(before_label)s to %(story)s")
        % {"before_label": page.story.before_label, "story": page.story.label},
    )
