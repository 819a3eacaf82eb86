"""What is agreed about a metric for single subjects: curves of their own, and exemptions."""

from __future__ import annotations

import copy
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.selectors.metrics.values import ValuesNow, limits_for, values_now
from dashboards.selectors.months import current_month, default_month
from dashboards.views.metrics.curve_form import DRAWING, EDITOR, STEPS, curve_editor
from dashboards.views.metrics.editing import crumbs_of
from dashboards.views.metrics.forms import ExemptionForm, OverrideForm
from dashboards.views.metrics.steps import (
    BACK,
    Change,
    check_or_save,
    context_of,
    person,
    step_of,
)
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.models import CurveOverride, Exemption, MetricDefinition
from metrics.operations.definitions import (
    delete_exemption,
    delete_override,
    save_exemption,
    save_override,
)
from projects.models import Subject

editor = require_http_methods(["GET", "HEAD", "POST"])


@editor
@needs(KEEP_DEFINITIONS)
def override_new(request: HttpRequest, code: str) -> HttpResponse:
    """A subject is judged by a curve of its own from a month on."""
    metric = get_object_or_404(MetricDefinition, code=code)
    return _override(request, CurveOverride(metric=metric, from_month=current_month()), None)


@editor
@needs(KEEP_DEFINITIONS)
def override_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    stored = _stored(CurveOverride, code, pk)
    return _override(request, copy.copy(stored), stored)


@editor
@needs(KEEP_DEFINITIONS)
def override_delete(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The metric's own curve, or an earlier override, holds again."""
    stored = _stored(CurveOverride, code, pk)
    return _removed(
        request,
        stored,
        title=_("Remove the curve of %(name)s") % {"name": stored.subject.name},
        done=_("%(name)s is judged by the common curve again.") % {"name": stored.subject.name},
        remove=lambda row, reason: delete_override(row, by=person(request), reason=reason),
    )


@editor
@needs(KEEP_DEFINITIONS)
def exemption_new(request: HttpRequest, code: str) -> HttpResponse:
    """A metric does not apply to a subject for some months."""
    metric = get_object_or_404(MetricDefinition, code=code)
    return _exemption(request, Exemption(metric=metric), None)


@editor
@needs(KEEP_DEFINITIONS)
def exemption_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Change an exemption; `?end` proposes to end it with the month that pages open with."""
    stored = _stored(Exemption, code, pk)
    return _exemption(request, copy.copy(stored), stored)


@editor
@needs(KEEP_DEFINITIONS)
def exemption_delete(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The metric is expected again, as if nothing had been agreed."""
    stored = _stored(Exemption, code, pk)
    return _removed(
        request,
        stored,
        title=_("Remove the exemption of %(name)s") % {"name": stored.subject.name},
        done=_("The metric is expected of %(name)s again.") % {"name": stored.subject.name},
        remove=lambda row, reason: delete_exemption(row, by=person(request), reason=reason),
    )


def _stored(model: Any, code: str, pk: int) -> Any:
    return get_object_or_404(
        model.objects.select_related("metric", "subject"), pk=pk, metric__code=code
    )


def _back_to(metric: MetricDefinition) -> str:
    return reverse("metric_detail", args=[metric.code])


def _override(
    request: HttpRequest, row: CurveOverride, stored: CurveOverride | None
) -> HttpResponse:
    metric = row.metric
    if request.method != "POST":
        form = OverrideForm(
            instance=row, initial={"subject": request.GET.get("subject")} if stored is None else {}
        )
        return _override_page(request, row, stored, form)
    if step_of(request) == BACK or step_of(request).partition(":")[0] in STEPS:
        form = OverrideForm.as_typed(request.POST, instance=row)
        return _override_page(request, row, stored, form)
    form = OverrideForm(request.POST, instance=row)
    if not form.is_valid():
        return _override_page(request, row, stored, form)
    change = Change(
        row=row,
        before=stored,
        save=lambda changed, reason: save_override(changed, by=person(request), reason=reason),  # type: ignore[arg-type]
        counts=True,
        title=_("%(metric)s: a curve for %(name)s")
        % {"metric": metric.name, "name": row.subject.name},
        crumbs=crumbs_of(metric),
        done_url=lambda: _back_to(metric),
        done=_("%(name)s has a curve of its own.") % {"name": row.subject.name},
        silent=("metric",),
    )
    return check_or_save(
        request, change, form, lambda told: _override_page(request, row, stored, told)
    )


def _override_page(
    request: HttpRequest, row: CurveOverride, stored: CurveOverride | None, form: BaseForm
) -> HttpResponse:
    metric = row.metric
    posted = request.POST if request.method == "POST" else None
    subject = _chosen(posted, request, stored)
    common = metric.curve
    shown = curve_editor(
        posted,
        stored=stored.curve if stored else common,
        before=stored.curve if stored else common,
        values=_values_of(metric, subject),
        limits=limits_for(metric.subject_kind),
        unit=metric.unit,
        decimals=metric.decimals,
        step=step_of(request) if posted is not None else "",
    )
    if is_asked_for(request, EDITOR):
        return render_part(request, "curve_editor", {"editor": shown})
    if is_asked_for(request, DRAWING):
        return render_part(request, "curve_drawing", {"editor": shown})
    context = {
        **context_of(request, stored, form),
        "metric": metric,
        "override": stored,
        "editor": shown,
        "crumbs": crumbs_of(metric),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "dashboards/override_form.html", context, status=status)


def _chosen(posted: Any, request: HttpRequest, stored: CurveOverride | None) -> Subject | None:
    """The subject whose value is drawn."""
    key = (posted or request.GET).get("subject", "")
    if not key.isdigit() or len(key) > 18:
        return stored.subject if stored else None
    return Subject.objects.filter(pk=key).first()


def _values_of(metric: MetricDefinition, subject: Subject | None) -> ValuesNow | None:
    """The subject's own value; what it is judged by is the curve that is being typed."""
    values = values_now(metric)
    if values is None or subject is None:
        return None
    return values.of(subject.code).without_own_curves()


def _exemption(request: HttpRequest, row: Exemption, stored: Exemption | None) -> HttpResponse:
    metric = row.metric
    if request.method != "POST":
        return _exemption_page(request, row, stored, _opened(request, row, stored))
    if step_of(request) == BACK:
        form = ExemptionForm.as_typed(request.POST, instance=row)
        return _exemption_page(request, row, stored, form)
    form = ExemptionForm(request.POST, instance=row)
    if not form.is_valid():
        return _exemption_page(request, row, stored, form)
    change = Change(
        row=row,
        before=stored,
        save=lambda changed, reason: save_exemption(changed, by=person(request), reason=reason),  # type: ignore[arg-type]
        counts=True,
        title=_("%(metric)s: an exemption of %(name)s")
        % {"metric": metric.name, "name": row.subject.name},
        crumbs=crumbs_of(metric),
        done_url=lambda: _back_to(metric),
        done=_("The exemption of %(name)s is saved.") % {"name": row.subject.name},
        silent=("metric",),
        reason=row.reason if stored is None else "",
    )
    return check_or_save(
        request, change, form, lambda told: _exemption_page(request, row, stored, told)
    )


def _opened(request: HttpRequest, row: Exemption, stored: Exemption | None) -> ExemptionForm:
    initial: dict[str, Any] = {}
    if stored is None:
        initial["subject"] = request.GET.get("subject")
    elif "end" in request.GET and stored.until_month is None:
        initial["until_month"] = default_month(current_month())
    return ExemptionForm(instance=row, initial=initial)


def _exemption_page(
    request: HttpRequest, row: Exemption, stored: Exemption | None, form: BaseForm
) -> HttpResponse:
    context = {
        **context_of(request, stored, form),
        "metric": row.metric,
        "exemption": stored,
        "crumbs": crumbs_of(row.metric),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "dashboards/exemption_form.html", context, status=status)


def _removed(
    request: HttpRequest, stored: Any, *, title: str, done: str, remove: Any
) -> HttpResponse:
    """What goes and what that does to the scores, asked before it is done."""
    metric = stored.metric
    change = Change(
        row=stored,
        before=stored,
        save=remove,
        counts=True,
        title=title,
        crumbs=crumbs_of(metric),
        done_url=lambda: _back_to(metric),
        done=done,
        silent=("metric",),
        action=_("Remove"),
        is_removal=True,
    )
    return check_or_save(request, change)
