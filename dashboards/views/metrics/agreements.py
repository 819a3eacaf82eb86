"""What is agreed about a metric for single subjects: curves of their own, and exemptions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.selectors.metrics.values import ValuesNow, limits_for, values_now
from dashboards.selectors.months import current_month, default_month
from dashboards.views.keeping.steps import BACK, person, step_of
from dashboards.views.metrics.curve_form import DRAWING, EDITOR, STEPS, curve_editor
from dashboards.views.metrics.editing import crumbs_of
from dashboards.views.metrics.forms import AgreementForm, ExemptionForm, OverrideForm
from dashboards.views.metrics.steps import RowChange, check_or_save, context_of
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
    row = CurveOverride(metric=metric, from_month=current_month())
    return _edited(request, OVERRIDE, row, None)


@editor
@needs(KEEP_DEFINITIONS)
def override_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    stored = _stored(OVERRIDE, code, pk)
    return _edited(request, OVERRIDE, copy.copy(stored), stored)


@editor
@needs(KEEP_DEFINITIONS)
def override_delete(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The metric's own curve, or an earlier override, holds again."""
    return _removed(request, OVERRIDE, _stored(OVERRIDE, code, pk))


@editor
@needs(KEEP_DEFINITIONS)
def exemption_new(request: HttpRequest, code: str) -> HttpResponse:
    """A metric does not apply to a subject for some months."""
    metric = get_object_or_404(MetricDefinition, code=code)
    return _edited(request, EXEMPTION, Exemption(metric=metric), None)


@editor
@needs(KEEP_DEFINITIONS)
def exemption_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Change an exemption; `?end` proposes to end it with the month that pages open with."""
    stored = _stored(EXEMPTION, code, pk)
    return _edited(request, EXEMPTION, copy.copy(stored), stored)


@editor
@needs(KEEP_DEFINITIONS)
def exemption_delete(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The metric is expected again, as if nothing had been agreed."""
    return _removed(request, EXEMPTION, _stored(EXEMPTION, code, pk))


@dataclass(frozen=True)
class Agreement:
    """A kind of what is agreed about a metric and one subject: its form, words and operations."""

    model: Any
    form: type[AgreementForm]
    opened: Callable[[HttpRequest, Any], dict[str, Any]]
    """What a form says before anything is typed."""
    page: Callable[[HttpRequest, Any, Any, BaseForm], HttpResponse]
    """Shows the form of a row, beside the stored one."""
    save: Callable[..., Any]
    delete: Callable[..., None]
    title: str | Promise
    saved: str | Promise
    removal: str | Promise
    removed: str | Promise


def _stored(kind: Agreement, code: str, pk: int) -> Any:
    rows = kind.model.objects.select_related("metric", "subject")
    return get_object_or_404(rows, pk=pk, metric__code=code)


def _back_to(metric: MetricDefinition) -> str:
    return reverse("metric_detail", args=[metric.code])


def _names(row: Any) -> dict[str, str]:
    return {"metric": row.metric.name, "name": row.subject.name}


def _edited(request: HttpRequest, kind: Agreement, row: Any, stored: Any) -> HttpResponse:
    if request.method != "POST":
        form = kind.form(instance=row, initial=kind.opened(request, stored))
        return kind.page(request, row, stored, form)
    if step_of(request) == BACK or step_of(request).partition(":")[0] in STEPS:
        return kind.page(request, row, stored, kind.form.as_typed(request.POST, instance=row))
    form = kind.form(request.POST, instance=row)
    if not form.is_valid():
        return kind.page(request, row, stored, form)
    wanted = RowChange(
        row=row,
        before=stored,
        save=lambda changed, reason: kind.save(changed, by=person(request), reason=reason),
        counts=True,
        title=str(kind.title) % _names(row),
        crumbs=crumbs_of(row.metric),
        done_url=lambda: _back_to(row.metric),
        done=str(kind.saved) % _names(row),
        silent=("metric",),
        # Why it does not apply is a good answer to why that is agreed.
        reason=getattr(row, "reason", "") if stored is None else "",
    )
    return check_or_save(request, wanted, form, lambda told: kind.page(request, row, stored, told))


def _removed(request: HttpRequest, kind: Agreement, stored: Any) -> HttpResponse:
    """What goes and what that does to the scores, asked before it is done."""
    wanted = RowChange(
        row=stored,
        before=stored,
        save=lambda row, reason: kind.delete(row, by=person(request), reason=reason),
        counts=True,
        title=str(kind.removal) % _names(stored),
        crumbs=crumbs_of(stored.metric),
        done_url=lambda: _back_to(stored.metric),
        done=str(kind.removed) % _names(stored),
        silent=("metric",),
        action=_("Remove"),
        is_removal=True,
    )
    return check_or_save(request, wanted)


def _override_opened(request: HttpRequest, stored: CurveOverride | None) -> dict[str, Any]:
    return {"subject": request.GET.get("subject")} if stored is None else {}


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


def _exemption_opened(request: HttpRequest, stored: Exemption | None) -> dict[str, Any]:
    if stored is None:
        return {"subject": request.GET.get("subject")}
    if "end" in request.GET and stored.until_month is None:
        return {"until_month": default_month(current_month())}
    return {}


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


OVERRIDE = Agreement(
    model=CurveOverride,
    form=OverrideForm,
    opened=_override_opened,
    page=_override_page,
    save=save_override,
    delete=delete_override,
    title=gettext_lazy("%(metric)s: a curve for %(name)s"),
    saved=gettext_lazy("%(name)s has a curve of its own."),
    removal=gettext_lazy("Remove the curve of %(name)s"),
    removed=gettext_lazy("%(name)s is judged by the common curve again."),
)

EXEMPTION = Agreement(
    model=Exemption,
    form=ExemptionForm,
    opened=_exemption_opened,
    page=_exemption_page,
    save=save_exemption,
    delete=delete_exemption,
    title=gettext_lazy("%(metric)s: an exemption of %(name)s"),
    saved=gettext_lazy("The exemption of %(name)s is saved."),
    removal=gettext_lazy("Remove the exemption of %(name)s"),
    removed=gettext_lazy("The metric is expected of %(name)s again."),
)
