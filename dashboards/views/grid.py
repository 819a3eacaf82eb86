"""The grid: many values of one metric or one subject side by side, entered as in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.form_fields import Choices, choose, choose_or_not, search_field
from dashboards.forms import decimal_sign
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, style_of
from dashboards.presentation.counts import (
    DAYS,
    DECIMALS,
    METRICS,
    OF_CADENCE,
    PERIODS,
    SUBJECTS,
    count_text,
)
from dashboards.presentation.numbers import score_text, value_text
from dashboards.selectors.entry import Desk, SubjectChoice, read_desk
from dashboards.selectors.grid import (
    GridCell,
    GridFilter,
    GridPage,
    GridRow,
    cell_detail,
    metric_grid,
    subject_grid,
)
from dashboards.selectors.grid.columns import PERIODS_OFFERED, USUAL_PERIODS
from dashboards.selectors.grid.page import ASKED, EVERYBODY, MINE, MISSING
from dashboards.views.empty import nothing_yet
from dashboards.views.grid_texts import grid_texts, missing_text
from metrics.choices import Cadence, Category, period_word
from metrics.entry_rights import held_by_each
from metrics.judging import Judged
from metrics.models import MetricDefinition
from metrics.periods import PeriodError, parse_period
from metrics.validation.numbers import number_text
from projects.choices import SubjectKind
from projects.visibility import current_sight

MOST_CELLS = 500
"""In one request; the page sends a longer paste in parts."""

SUBJECTS_IN_A_LIST = 150
"""Of more subjects one types a few letters instead of opening a list."""

IN_PORTFOLIOS = (SubjectKind.PORTFOLIO, SubjectKind.PROJECT, SubjectKind.ENGAGEMENT)
IN_SEGMENTS = (
    SubjectKind.SEGMENT,
    SubjectKind.PROJECT,
    SubjectKind.ENGAGEMENT,
    SubjectKind.SERVICE,
    SubjectKind.CUSTOMER,
)


class GridForm(forms.Form):
    """What the grid is of, and how much of it; it stands in the address."""

    metric = forms.ChoiceField(label=gettext_lazy("Metric"), required=False)
    subject = forms.CharField(label=gettext_lazy("Of whom"), required=False)
    cadence = forms.ChoiceField(label=gettext_lazy("Rhythm"), required=False)
    periods = forms.ChoiceField(label=gettext_lazy("Periods"), required=False)
    portfolio = forms.ChoiceField(label=gettext_lazy("Portfolio"), required=False)
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    show = forms.ChoiceField(label=gettext_lazy("Rows"), required=False)
    q = search_field()

    def leave_out(self, *names: str) -> None:
        for name in names:
            del self.fields[name]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for, as far as it makes sense."""

    desk: Desk
    metric: MetricDefinition | None
    subject: SubjectChoice | None
    metrics: tuple[MetricDefinition, ...]
    """Those of the subject."""
    cadence: str
    by_subject: bool

    @classmethod
    def of(cls, desk: Desk, request: HttpRequest) -> Chosen:
        subject = desk.any_subject(request.GET.get("subject", "").strip())
        by_subject = "subject" in request.GET and "metric" not in request.GET
        if by_subject:
            metrics = _metrics_of(subject)
            cadences = _cadences(metrics)
            asked = request.GET.get("cadence", "")
            cadence = asked if asked in cadences else next(iter(cadences), "")
            return cls(desk, None, subject, metrics, cadence, by_subject=True)
        metric = desk.metric(request.GET.get("metric", "").strip())
        return cls(desk, metric, None, (), metric.cadence if metric else "", by_subject=False)

    @property
    def kind(self) -> str:
        return self.metric.subject_kind if self.metric else ""

    @property
    def is_complete(self) -> bool:
        return self.metric is not None or (self.subject is not None and bool(self.cadence))


def _metrics_of(subject: SubjectChoice | None) -> tuple[MetricDefinition, ...]:
    """The metrics of a subject's kind by category, computed ones too: they stand there to read."""
    if subject is None:
        return ()
    order = list(Category)
    rows = MetricDefinition.objects.filter(subject_kind=subject.facts.kind).order_by("name", "code")
    return tuple(sorted(rows, key=lambda metric: order.index(Category(metric.category))))


def _cadences(metrics: Iterable[MetricDefinition]) -> dict[str, int]:
    """How many metrics of each cadence; the one with the most of them first."""
    found: dict[str, int] = {}
    for metric in metrics:
        found[metric.cadence] = found.get(metric.cadence, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def entry_grid(request: HttpRequest) -> HttpResponse:
    """The grid that the address asks for; without any, what there is to choose from."""
    as_of = timezone.now()
    desk = read_desk(request.user)
    if not desk.metrics or not any(desk.subjects.values()):
        return nothing_yet(request)
    chosen = Chosen.of(desk, request)
    form = _form(desk, chosen, request)
    context: dict[str, Any] = {
        "chosen": chosen,
        "form": form,
        "subject_options": _subject_options(desk) if chosen.by_subject else (),
        "crumbs": [(_("Enter values"), reverse("entry"))],
    }
    if not chosen.is_complete:
        offered = [] if chosen.by_subject else _offered(desk)
        return render(
            request,
            "dashboards/grid.html",
            {**context, "offered": offered, "problem": _problem(request)},
        )
    grid = _read(desk, chosen, form)
    return render(
        request,
        "dashboards/grid.html",
        {
            **context,
            "grid": grid,
            "heading": _heading(chosen),
            "about": about_metric(chosen.metric) if chosen.metric else _kind_and_code(chosen),
            "count": _count(grid, chosen),
            "columns": _columns(grid, chosen),
            "rows": _rows(grid, chosen),
            "data": {**_data(request, grid, chosen), "asOf": as_of.isoformat()},
            "older_url": _step(request, grid.columns.older),
            "newer_url": _step(request, grid.columns.newer),
            "pages": _pages(request, grid),
        },
    )


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def entry_grid_cell(request: HttpRequest) -> HttpResponse:
    """What the panel beside the grid tells of one cell."""
    desk = read_desk(request.user)
    metric = desk.metric(request.GET.get("metric", ""))
    subject = None if metric is None else desk.subject(metric, request.GET.get("subject", ""))
    if metric is None or subject is None:
        raise Http404
    try:
        period = parse_period(
            request.GET.get("period", ""), metric.cadence, desk.fiscal_year_starts_in
        )
    except PeriodError:
        raise Http404 from None
    detail = cell_detail(desk, metric, subject, period)
    return render(
        request,
        "dashboards/_grid_cell.html",
        {
            "detail": detail,
            "form_query": urlencode(_names(metric, subject, detail.label)),
            "no_value_query": urlencode(
                {
                    "row": f"{metric.code}/{subject.code}/{detail.label}",
                    "next": request.GET.get("next", ""),
                }
            ),
        },
    )


def _names(metric: MetricDefinition, subject: SubjectChoice, label: str) -> dict[str, str]:
    return {"metric": metric.code, "subject": subject.code, "period": label}


def _offered(desk: Desk) -> list[tuple[str, list[MetricDefinition]]]:
    """The person's metrics to begin with, by category."""
    mine = desk.metrics_to_enter()
    groups = [
        (str(category.label), [metric for metric in mine if metric.category == category])
        for category in Category
    ]
    return [(label, metrics) for label, metrics in groups if metrics]


def _form(desk: Desk, chosen: Chosen, request: HttpRequest) -> GridForm:
    form = GridForm(request.GET)
    words = OF_CADENCE[Cadence(chosen.cadence)] if chosen.cadence else PERIODS
    choose(
        form,
        "periods",
        [
            ("" if count == USUAL_PERIODS else str(count), count_text(count, words))
            for count in PERIODS_OFFERED
        ],
    )
    choose(form, "show", _shown_choices(chosen))
    if chosen.by_subject:
        form.leave_out("metric", "portfolio", "segment")
        _offer_subjects(form, desk)
        _offer_cadences(form, chosen)
    else:
        form.leave_out("subject", "cadence")
        choose(form, "metric", _metric_choices(desk))
        _offer_scopes(form, desk, chosen)
    if not chosen.is_complete:
        form.leave_out(*({"periods", "show", "q"} & form.fields.keys()))
    form.is_valid()
    return form


def _shown_choices(chosen: Chosen) -> Choices:
    everybody = _("All metrics") if chosen.by_subject else _("Everybody")
    return [
        (ASKED, _("Asked for")),
        (MISSING, _("With missing values")),
        (MINE, _("Mine to enter")),
        (EVERYBODY, everybody),
    ]


def _subject_options(desk: Desk) -> list[SubjectChoice]:
    """Suggestions while one types, where there are too many for a list."""
    rows = [row for rows in desk.subjects.values() for row in rows]
    return rows if len(rows) > SUBJECTS_IN_A_LIST else []


def _offer_subjects(form: GridForm, desk: Desk) -> None:
    if _subject_options(desk):
        form.fields["subject"].widget = forms.TextInput(
            attrs={"list": "grid-subjects", "autocomplete": "off"}
        )
        return
    groups: Choices = [("", _("Choose…"))]
    for kind in SubjectKind:
        of_kind = [(row.code, row.name) for row in desk.subjects.get(kind, ())]
        if of_kind:
            groups.append((kind.label, of_kind))
    form.fields["subject"].widget = forms.Select(choices=groups)


def _offer_cadences(form: GridForm, chosen: Chosen) -> None:
    cadences = _cadences(chosen.metrics)
    if len(cadences) < 2:
        form.leave_out("cadence")
        return
    usual = next(iter(cadences))
    choose(
        form,
        "cadence",
        [
            ("" if cadence == usual else cadence, f"{Cadence(cadence).label} ({count})")
            for cadence, count in cadences.items()
        ],
    )


def _metric_choices(desk: Desk) -> Choices:
    """All that take values, by category: what somebody else enters can be read."""
    groups: Choices = [("", _("Choose…"))]
    for category in Category:
        rows = [(row.code, row.name) for row in desk.metrics.values() if row.category == category]
        if rows:
            groups.append((category.label, rows))
    return groups


def _offer_scopes(form: GridForm, desk: Desk, chosen: Chosen) -> None:
    for name, kind, kinds, blank in (
        ("portfolio", SubjectKind.PORTFOLIO, IN_PORTFOLIOS, _("All portfolios")),
        ("segment", SubjectKind.SEGMENT, IN_SEGMENTS, _("All segments")),
    ):
        rows = [(row.code, row.name) for row in desk.scopes if row.facts.kind == kind]
        if rows and chosen.kind in kinds:
            choose_or_not(form, name, blank, rows)
        else:
            form.leave_out(name)


def _read(desk: Desk, chosen: Chosen, form: GridForm) -> GridPage:
    wanted = GridFilter(
        count=int(form.cleaned_data.get("periods") or USUAL_PERIODS),
        until=str(form.data.get("until", "")),
        text=form.cleaned_data.get("q", "").strip(),
        scope=_scope(desk, form),
        show=form.cleaned_data.get("show", ASKED),
        page=_number(form.data.get("page", "")),
    )
    if chosen.metric is not None:
        return metric_grid(desk, chosen.metric, wanted)
    assert chosen.subject is not None
    return subject_grid(desk, chosen.subject, chosen.metrics, chosen.cadence, wanted)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _scope(desk: Desk, form: GridForm) -> frozenset[int] | None:
    """The subjects that lie in the chosen portfolio as well as in the chosen segment."""
    codes = {form.cleaned_data.get("portfolio"), form.cleaned_data.get("segment")}
    scopes = {row.pk: row.facts.kind for row in desk.scopes if row.code in codes}
    if not scopes:
        return None
    held = list(held_by_each(list(scopes.items())).values())
    return held[0].intersection(*held[1:])


def _heading(chosen: Chosen) -> str:
    if chosen.metric is not None:
        return chosen.metric.name
    assert chosen.subject is not None
    return chosen.subject.name


def _kind_and_code(chosen: Chosen) -> str:
    assert chosen.subject is not None
    return f"{SubjectKind(chosen.subject.facts.kind).label} {chosen.subject.code}"


def _problem(request: HttpRequest) -> str:
    """Why the address leads to no grid, where somebody could wonder."""
    code = request.GET.get("metric", "") or request.GET.get("subject", "")
    if not code:
        return ""
    metric = MetricDefinition.objects.filter(code=code).first()
    if metric is not None and metric.is_computed:
        return _(
            "%(metric)s is computed by its formula and takes no values; enter the metrics that it"
            " is made of."
        ) % {"metric": metric.name}
    return _("There is nothing to enter under the code %(code)s.") % {"code": code}


def _count(grid: GridPage, chosen: Chosen) -> str:
    return count_text(grid.total, METRICS if chosen.by_subject else SUBJECTS)


@dataclass(frozen=True, slots=True)
class ShownColumn:
    label: str
    title: str
    about: str
    is_running: bool


def _columns(grid: GridPage, chosen: Chosen) -> list[ShownColumn]:
    return [
        ShownColumn(
            column.label,
            column.title,
            column.about or missing_text(missing),
            column.is_running,
        )
        for column, missing in zip(grid.columns, grid.missing, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row before any script has touched it."""

    name: str
    code: str
    about: str
    reason: str
    form_url: str
    values: tuple[str, ...]


def _rows(grid: GridPage, chosen: Chosen) -> list[ShownRow]:
    last = grid.columns.columns[-1].label
    form = reverse("entry_value")
    return [
        ShownRow(
            name=row.metric.name if chosen.by_subject else row.subject.name,
            code=row.metric.code if chosen.by_subject else row.subject.code,
            about=about_metric(row.metric) if chosen.by_subject else "",
            reason=row.reason,
            form_url=f"{form}?{urlencode(_names(row.metric, row.subject, last))}",
            values=tuple(
                value_text(cell.standing.value if cell.standing else None, "", row.decimals)
                for cell in row.cells
            ),
        )
        for row in grid.rows
    ]


def about_metric(metric: MetricDefinition) -> str:
    """Unit, decimals and due day, which people should know before they type."""
    words = [metric.unit or _("no unit")]
    if metric.decimals is not None:
        words.append(count_text(metric.decimals, DECIMALS))
    word = period_word(metric.cadence)
    words.append(
        _("due on the %(period)s's last day") % {"period": word}
        if metric.due_days == 0
        else _("due %(days)s after the %(period)s's end")
        % {"days": count_text(metric.due_days, DAYS), "period": word}
    )
    if metric.needs_approval:
        words.append(_("needs approval"))
    return ", ".join(words)


def _data(request: HttpRequest, grid: GridPage, chosen: Chosen) -> dict[str, Any]:
    """What the script needs; words and scores come from here, so that it knows no rule."""
    return {
        "keep": salted_hmac("grid", f"{request.user.pk}{current_sight().mark}").hexdigest()[:20],
        "title": _heading(chosen),
        "texts": grid_texts(),
        "decimalSign": decimal_sign(),
        "mostCells": MOST_CELLS,
        "cellsUrl": reverse("entry_grid_cells"),
        "cellUrl": reverse("entry_grid_cell"),
        "changesUrl": reverse("entry_grid_changes"),
        "changes": _watched(grid, chosen),
        "bands": {
            style.code: {"word": style.word, "shape": style.shape}
            for style in map(style_of, FROM_GOOD_TO_UNKNOWN)
        },
        "columns": [{"label": column.label, "title": column.title} for column in grid.columns],
        "rows": [_row_data(row, grid, chosen) for row in grid.rows],
    }


def _watched(grid: GridPage, chosen: Chosen) -> dict[str, str]:
    """The cells of the page, as it asks what became of them (views.grid_changes)."""
    whose = {"metric": chosen.metric.code} if chosen.metric else {"cadence": chosen.cadence}
    if chosen.subject is not None:
        whose["subject"] = chosen.subject.code
    periods = grid.columns.periods
    return {
        **whose,
        "from": periods[0].start.isoformat(),
        "until": periods[-1].start.isoformat(),
    }


def _row_data(row: GridRow, grid: GridPage, chosen: Chosen) -> dict[str, Any]:
    data: dict[str, Any] = {
        "m": row.metric.code,
        "s": row.subject.code,
        "name": row.metric.name if chosen.by_subject else row.subject.name,
        "unit": row.metric.unit,
        "cells": [cell_data(cell, row.decimals) for cell in row.cells],
    }
    if row.metric.needs_approval:
        data["approval"] = 1
    if row.previous is not None:
        period, value, judged = row.previous
        data["before"] = {
            "label": period.label(chosen.desk.fiscal_year_starts_in),
            "t": value_text(value, "", row.decimals),
            **judged_data(judged),
        }
    return data


def cell_data(cell: GridCell, decimals: int) -> dict[str, Any]:
    """One cell, with nothing said that is not so: there are thousands of them."""
    data: dict[str, Any] = {}
    if cell.standing is not None:
        data |= {
            "v": number_text(cell.standing.value),
            "t": value_text(cell.standing.value, "", decimals),
            "at": cell.standing.said_at.isoformat(),
            "by": cell.standing.said_by,
            **judged_data(cell.judged),
        }
        if cell.standing.note:
            data["n"] = cell.standing.note
        if cell.standing.waits:
            data["w"] = 1
    if cell.lock:
        data |= {"lock": cell.lock, "why": cell.reason}
    if cell.due:
        data["due"] = cell.due
    if cell.no_value:
        data["none"] = cell.no_value
    return data


def judged_data(judged: Judged) -> dict[str, str]:
    if judged.score is None:
        return {}
    return {"sc": score_text(judged.score), "b": style_of(judged.band).code}


def _address(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _step(request: HttpRequest, until: str) -> str:
    return _address(request, until=until) if until else ""


def _pages(request: HttpRequest, grid: GridPage) -> Sequence[tuple[int, str, bool]]:
    if grid.pages == 1:
        return ()
    return [
        (number, _address(request, page=str(number)), number == grid.page)
        for number in range(1, grid.pages + 1)
    ]
