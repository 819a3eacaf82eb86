"""The history of one value, and putting an old value back as a new change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import ENTER_MEASUREMENTS, READ_DASHBOARDS, needs
from dashboards.exports.histories import measurement_history_table
from dashboards.forms import RestoreForm
from dashboards.presentation.numbers import value_text
from dashboards.selectors.entry.history import Event, MeasurementHistory, history_of
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.places import read_seen, seen_text
from metrics.choices import Door
from metrics.entry_rights import EntryRights
from metrics.models import MetricDefinition
from metrics.operations.entering import enter_value
from metrics.operations.measurements import Outcome
from metrics.periods import PeriodError, parse_period
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject


def _history(metric: str, subject: str, period: str) -> MeasurementHistory:
    definition = get_object_or_404(MetricDefinition, code=metric)
    whose = get_object_or_404(Subject, code=subject)
    starts_in = fiscal_year_starts_in()
    try:
        when = parse_period(period, definition.cadence, starts_in)
    except PeriodError:
        raise Http404 from None
    return history_of(definition, whose, when, starts_in)


def _context(request: HttpRequest, history: MeasurementHistory) -> dict[str, Any]:
    rights = EntryRights.of(request.user, [history.metric.pk])
    may_enter = not history.metric.is_computed and rights.may_enter(
        history.metric.pk, history.subject.pk
    )
    return {"history": history, "may_enter": may_enter, **_crumbs(request, history)}


def _crumbs(request: HttpRequest, history: MeasurementHistory) -> dict[str, Any]:
    if not request.user.has_perm(ENTER_MEASUREMENTS):
        subject, month = history.subject.code, history.month
        return {"crumbs": [(history.subject.name, reverse("explain", args=[subject, month]))]}
    form = (
        f"{reverse('entry_value')}?metric={history.metric.code}"
        f"&subject={history.subject.code}&period={history.label}"
    )
    return {"crumbs": [(_("What is due"), reverse("entry")), (_("Value"), form)]}


@require_safe
@never_cache
@needs(READ_DASHBOARDS)
def measurement_history(
    request: HttpRequest, metric: str, subject: str, period: str
) -> HttpResponse:
    """Who gave which value when, through which door, and what came of it."""
    history = _history(metric, subject, period)
    return page_or_export(
        request,
        "dashboards/measurement_history.html",
        _context(request, history),
        Exports(
            f"{metric} {subject} {history.label}",
            {"history": lambda: measurement_history_table(history)},
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def measurement_restore(
    request: HttpRequest, metric: str, subject: str, period: str
) -> HttpResponse:
    """Ask first, showing what stands there and what would; then put the old value back."""
    history = _history(metric, subject, period)
    context = _context(request, history)
    if not context["may_enter"]:
        raise PermissionDenied
    event = history.event(request.GET.get("event", ""))
    if event is None:
        raise Http404
    is_sent = request.method == "POST"
    form = RestoreForm(request.POST if is_sent else None, initial={"note": event.note})
    refusals: list[str] = []
    if is_sent and form.is_valid():
        try:
            return _restored(request, history, event, form.cleaned_data["note"])
        except ValidationError as refusal:
            refusals = refusal.messages
            history = _history(metric, subject, period)
            context["history"] = history
    context |= {
        "event": event,
        "form": form,
        "refusals": refusals,
        "seen": seen_text(history.seen),
        "here": reverse("measurement_history", args=[metric, subject, period]),
    }
    context["crumbs"] = [*context["crumbs"], (_("History"), context["here"])]
    return render(
        request,
        "dashboards/measurement_restore.html",
        context,
        status=422 if refusals or form.errors else 200,
    )


def _restored(
    request: HttpRequest, history: MeasurementHistory, event: Event, note: str
) -> HttpResponse:
    assert isinstance(request.user, User)  # nobody else has the permission
    assert event.value is not None
    entered = enter_value(
        metric=history.metric,
        subject=history.subject,
        period=history.period,
        value=event.value,
        note=note,
        by=request.user,
        door=Door.RESTORE,
        seen=read_seen(request.POST.get("seen", "")),
    )
    value = value_text(event.value, history.metric.unit, history.decimals)
    if entered.outcome == Outcome.DRAFTED:
        words = _("%(value)s waits for approval; it is put back once somebody approves it.")
    elif entered.outcome == Outcome.SAME:
        words = _("%(value)s stands there already; nothing was changed.")
    else:
        words = _("%(value)s is put back, as a new change. The scores follow.")
    messages.success(request, words % {"value": value})
    return redirect("measurement_history", history.metric.code, history.subject.code, history.label)
