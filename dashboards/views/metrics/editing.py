"""Editing a metric: the form with its curve, the trial of its formula, and deleting."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.selectors.metrics.trial import try_formula
from dashboards.selectors.metrics.values import limits_for, values_now
from dashboards.views.keeping.fields import refusals_into
from dashboards.views.keeping.steps import BACK, WHY, ReasonForm, person, step_of
from dashboards.views.metrics.curve_form import DRAWING, EDITOR, STEPS, curve_editor
from dashboards.views.metrics.forms import MetricForm
from dashboards.views.metrics.steps import RowChange, check_or_save, context_of
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.models import MetricDefinition
from metrics.operations.definitions import (
    DATING_FIELDS,
    SCORE_FIELDS,
    VALUE_FIELDS,
    delete_metric,
    save_metric,
)
from projects.operations.recording import changed_fields

TRY = "try"
TRIAL = "formula-trial"
"""The id of the part that shows a formula's trial."""

COUNTING_FIELDS = DATING_FIELDS | VALUE_FIELDS | SCORE_FIELDS


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def metric_new(request: HttpRequest) -> HttpResponse:
    """A metric of one's own, from nothing."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def metric_edit(request: HttpRequest, code: str) -> HttpResponse:
    """All that a metric says; saved once its effect was seen."""
    return _edit(request, get_object_or_404(MetricDefinition, code=code))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def metric_delete(request: HttpRequest, code: str) -> HttpResponse:
    """Delete a metric that nothing was measured by; say what keeps it otherwise."""
    metric = get_object_or_404(MetricDefinition, code=code)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            delete_metric(metric, by=person(request), reason=form.cleaned_data[WHY])
        except ValidationError as refusal:
            refusals_into(form, refusal)
        else:
            messages.success(request, _("%(metric)s is deleted.") % {"metric": metric})
            return redirect("metric_list")
    return render(
        request,
        "dashboards/metric_delete.html",
        {"metric": metric, "form": form, "crumbs": crumbs_of(metric)},
        status=422 if form.errors else 200,
    )


def crumbs_of(metric: MetricDefinition | None) -> list[tuple[str, str]]:
    crumbs = [(_("Metrics"), reverse("metric_list"))]
    if metric is not None:
        crumbs.append((metric.name, reverse("metric_detail", args=[metric.code])))
    return crumbs


def _edit(request: HttpRequest, metric: MetricDefinition | None) -> HttpResponse:
    row = MetricDefinition() if metric is None else copy.copy(metric)
    if request.method != "POST":
        return _page(request, metric, MetricForm(instance=row))
    step = step_of(request)
    if step == BACK or step.partition(":")[0] in STEPS:
        return _page(request, metric, MetricForm.as_typed(request.POST, instance=row))
    if step == TRY:
        return _tried(request, metric, row)
    form = MetricForm(request.POST, instance=row)
    if not form.is_valid():
        return _page(request, metric, form)
    if metric is None:
        return _created(request, form)
    change = RowChange(
        row=row,
        before=metric,
        save=lambda changed, reason: save_metric(changed, by=person(request), reason=reason),
        counts=bool(changed_fields(metric, row) & COUNTING_FIELDS),
        title=_("Change %(name)s") % {"name": metric.name},
        crumbs=crumbs_of(metric),
        done_url=lambda: reverse("metric_detail", args=[row.code]),
        done=_("%(name)s is saved.") % {"name": row.name},
    )
    return check_or_save(request, change, form, lambda told: _page(request, metric, told))


def _created(request: HttpRequest, form: MetricForm) -> HttpResponse:
    """A new metric stands on no scorecard yet, so that there is no effect to show."""
    try:
        metric = save_metric(form.instance, by=person(request))
    except ValidationError as refusal:
        refusals_into(form, refusal)
        return _page(request, None, form)
    messages.success(
        request,
        _("%(name)s is there. It counts for nobody until a scorecard has it.")
        % {"name": metric.name},
    )
    return redirect("metric_detail", code=metric.code)


def _tried(
    request: HttpRequest, metric: MetricDefinition | None, row: MetricDefinition
) -> HttpResponse:
    """What the typed formula gives; whatever else is wrong with the form can wait."""
    bound = MetricForm(request.POST, instance=row)
    bound.is_valid()
    telling = ("formula", "cadence", "subject_kind", "curve")
    problems = [
        f"{bound.fields[name].label}: {problem}" if name != "formula" else str(problem)
        for name in telling
        for problem in bound.errors.get(name, ())
    ]
    trial = None
    if not row.formula and not problems:
        problems = [_("There is no formula to try: type one first.")]
    if not problems:
        trial = try_formula(row)
    told = {"trial": trial, "problems": problems, "tried": row, "is_tried": True}
    if is_asked_for(request, TRIAL):
        return render_part(request, "formula_trial", told)
    return _page(request, metric, MetricForm.as_typed(request.POST, instance=row), told)


def _page(
    request: HttpRequest,
    metric: MetricDefinition | None,
    form: BaseForm,
    told: dict[str, Any] | None = None,
) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    shown = metric or MetricDefinition()
    typed = request.POST  # empty before anything was
    kind = typed.get("subject_kind", shown.subject_kind)
    decimals = typed.get("decimals", "")
    editor = curve_editor(
        posted,
        stored=shown.curve,
        before=shown.curve,
        values=None if metric is None else values_now(metric),
        limits=limits_for(kind),
        unit=typed.get("unit", shown.unit),
        decimals=int(decimals) if decimals.isdigit() and len(decimals) < 3 else shown.decimals,
        step=step_of(request) if posted is not None else "",
    )
    if is_asked_for(request, EDITOR):
        return render_part(request, "curve_editor", {"editor": editor})
    if is_asked_for(request, DRAWING):
        return render_part(request, "curve_drawing", {"editor": editor})
    context = {
        **context_of(request, metric, form),
        "metric": metric,
        "editor": editor,
        "crumbs": crumbs_of(metric),
        "inputs": _inputs(kind, metric),
        **(told or {}),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "dashboards/metric_form.html", context, status=status)


def _inputs(kind: str, metric: MetricDefinition | None) -> list[MetricDefinition]:
    """The metrics that a formula of this kind may take in."""
    rows = MetricDefinition.objects.filter(subject_kind=kind).order_by("code")
    return list(rows.exclude(pk=metric.pk) if metric is not None else rows)
