"""What is due from the person who looks: the list, one line of it unfolded, and as a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.exports.desk import due_table
from dashboards.form_fields import choose_or_not
from dashboards.presentation.counts import VALUES, count_text
from dashboards.reports.due_workbook import due_workbook
from dashboards.selectors.due import (
    DueFilter,
    DueLine,
    DuePage,
    Offered,
    Show,
    due_page,
)
from dashboards.selectors.entry import Desk, read_desk
from dashboards.selectors.entry.approvals import Returned, returned_to, sent_by
from dashboards.selectors.explain import shown_decimals
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.month_pages import render_part
from dashboards.views.places import place_text
from metrics.due import DueValue, Whose
from projects.choices import SubjectKind
from projects.visibility import current_sight

LINES_PER_PAGE = 30
VALUES_PER_PAGE = 40

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

SHOWN = [
    (Show.TO_DO.value, _("To do")),
    (Show.OVERDUE.value, _("Overdue")),
    (Show.COMING.value, _("Not overdue yet")),
    (Show.RETURNED.value, _("Rejected, or expected after all")),
    (Show.ELSEWHERE.value, _("Waiting for others")),
    (Show.ANSWERED.value, _("Said to have no value")),
]


class DueFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    state = forms.ChoiceField(label=_("Show"), required=False, choices=SHOWN)
    metric = forms.ChoiceField(label=_("Metric"), required=False)
    scope = forms.ChoiceField(label=_("Portfolio or segment"), required=False)
    period = forms.ChoiceField(label=_("Period"), required=False)

    def __init__(self, data: Any, offered: Offered) -> None:
        super().__init__(data)
        choose_or_not(self, "metric", _("All metrics"), [(m.code, m.name) for m in offered.metrics])
        choose_or_not(
            self, "period", _("All periods"), [(label, label) for label in offered.periods]
        )
        groups = [
            (title, [(scope.code, scope.name) for scope in offered.scopes if scope.facts.kind == k])
            for k, title in (
                (SubjectKind.PORTFOLIO, _("Portfolios")),
                (SubjectKind.SEGMENT, _("Segments")),
            )
        ]
        whole = _("All that you see") if current_sight().is_limited else _("The whole organisation")
        choose_or_not(self, "scope", whole, [group for group in groups if group[1]])


def filter_of(request: HttpRequest, desk: Desk) -> DueFilter:
    """What the address asks for; what makes no sense is no filter."""
    asked = request.GET
    whose, show = asked.get("whose", ""), asked.get("state", "")
    metric = desk.metric(asked.get("metric", ""))
    return DueFilter(
        metric=metric.code if metric else "",
        period=asked.get("period", ""),
        scope=next((row for row in desk.scopes if row.code == asked.get("scope")), None),
        subject=desk.any_subject(asked["subject"]) if asked.get("subject") else None,
        whose=Whose(whose) if whose in list(Whose) else None,
        show=Show(show) if show in list(Show) else Show.TO_DO,
    )


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def due(request: HttpRequest) -> HttpResponse:
    """What is due, by whose it is and how urgent."""
    desk = read_desk(request.user)
    if not desk.metrics or not any(desk.subjects.values()):
        return nothing_yet(request)
    wanted = filter_of(request, desk)
    found = due_page(desk, wanted)
    page = Paginator(found.lines, LINES_PER_PAGE).get_page(request.GET.get("page"))
    # Who asks for one line wants to see what is in it, with or without a script.
    only = found.lines[0] if wanted.is_one_line and len(found.lines) == 1 else None
    return page_or_export(
        request,
        "dashboards/due.html",
        {
            "due": found,
            "wanted": wanted,
            "form": DueFilterForm(request.GET or None, found.offered),
            "found": count_text(len(found.values), VALUES),
            "page": page,
            "sections": found.sections(list(page)),
            "query": request.GET.urlencode(),
            "start_with": _start_with(found, wanted),
            "returned": _returned(request, desk, found, wanted),
            **(_rows(request, only) if only else {"only": None}),
        },
        Exports(
            gettext("What is due"),
            {"due": lambda: due_table(found.values, name=f"{timezone.localdate():%Y-%m-%d}")},
        ),
    )


def _returned(
    request: HttpRequest, desk: Desk, found: DuePage, wanted: DueFilter
) -> Returned | None:
    """What came back stands above the whole list; who filters is about something else."""
    if not wanted.is_whole_list:
        return None
    return returned_to(_person(request), found.everything.missing, desk.fiscal_year_starts_in)


def _start_with(found: DuePage, wanted: DueFilter) -> DueLine | None:
    """The most urgent line, where somebody has to be told which it is."""
    is_whole_list = wanted.show in (Show.TO_DO, Show.OVERDUE) and not wanted.is_one_line
    return found.most_urgent if is_whole_list and len(found.lines) > 1 else None


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def due_line(request: HttpRequest) -> HttpResponse:
    """The values of one line, when it is unfolded."""
    desk = read_desk(request.user)
    found = due_page(desk, filter_of(request, desk))
    line = found.lines[0] if found.lines else None
    return render_part(request, "due_values", _rows(request, line))


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def due_sent(request: HttpRequest) -> HttpResponse:
    """What the person sent and others have, fetched after the list; others go to it."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("entry")
    return render_part(request, "sent_by_me", {"sent": sent_by(_person(request))})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has the permission
    return request.user


def _rows(request: HttpRequest, line: DueLine | None) -> dict[str, Any]:
    values: tuple[DueValue, ...] = line.values if line else ()
    rows: Page[DueValue] = Paginator(values, VALUES_PER_PAGE).get_page(request.GET.get("rows"))
    return {
        "only": line,
        "line": line,
        "rows": rows,
        "shown": [_shown(value) for value in rows],
        "can_be_answered": any(value.is_to_do for value in rows),
        "can_be_taken_back": any(value.is_answered for value in rows),
        "back_to": _back_to(request),
    }


@dataclass(frozen=True, slots=True)
class DueRow:
    """A value with what its row needs besides."""

    value: DueValue
    place: str
    """How forms name it."""
    decimals: int


def _shown(value: DueValue) -> DueRow:
    given = value.answer.value if value.answer else None
    return DueRow(
        value,
        place_text(value.metric.code, value.subject.code, value.label),
        shown_decimals(value.metric.decimals, given),
    )


def _back_to(request: HttpRequest) -> str:
    """The list as it is looked at, for whoever comes back to it from a form."""
    current = getattr(request, "htmx", None) and request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    return current or request.get_full_path()


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def due_download(request: HttpRequest) -> HttpResponse:
    """The list to fill in elsewhere and to upload again."""
    desk = read_desk(request.user)
    found = due_page(desk, filter_of(request, desk))
    to_give = [value for value in found.values if value.is_to_do]
    name = f"due-{timezone.localdate():%Y-%m-%d}.xlsx"
    return HttpResponse(
        due_workbook(to_give),
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
