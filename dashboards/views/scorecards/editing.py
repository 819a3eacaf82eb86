"""Editing scorecards: new, copied, changed, deleted; the effect is shown before it is saved."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.selectors.scorecard_pages import balance_of, categories_of
from dashboards.views.keeping.steps import BACK, Change, person, step_of, take
from dashboards.views.keeping.words import Pending
from dashboards.views.scorecards.forms import ScorecardForm
from metrics.models import Scorecard
from metrics.operations.scorecards import (
    delete_scorecard,
    save_scorecard_with_lines,
    version_of,
)
from metrics.validation.numbers import number_text
from projects.choices import SubjectKind

RECOUNT = "recount"

editor = require_http_methods(["GET", "HEAD", "POST"])


def _crumbs(card: Scorecard | None = None) -> list[tuple[str, str]]:
    crumbs = [(_("Scorecards"), reverse("scorecard_list"))]
    if card is not None:
        crumbs.append((card.name, reverse("scorecard_detail", args=[card.code])))
    return crumbs


@editor
@needs(KEEP_DEFINITIONS)
def scorecard_new(request: HttpRequest) -> HttpResponse:
    """A new scorecard: for a kind (`?kind=`), or as a copy of another (`?copy=`)."""
    card, weights = _started(request)
    if card is None:
        return render(
            request,
            "dashboards/scorecard_new.html",
            {"kinds": SubjectKind, "cards": Scorecard.objects.all(), "crumbs": _crumbs()},
        )
    return _edited(request, card, weights, None)


def _started(request: HttpRequest) -> tuple[Scorecard | None, Mapping[int, float]]:
    kind, code = request.GET.get("kind", ""), request.GET.get("copy", "")
    if code:
        model = get_object_or_404(Scorecard, code=code)
        weights = dict(model.lines.values_list("metric_id", "weight"))
        card = copy.copy(model)
        card.pk, card.code, card.is_default = None, "", False
        card.name = _("Copy of %(name)s") % {"name": model.name}
        card._state.adding = True
        return card, weights
    if kind in SubjectKind.values:
        return Scorecard(
            subject_kind=kind,
            overall="geometric",
            min_coverage=0.5,
            min_categories=2,
            amber_from=50.0,
            green_from=75.0,
        ), {}
    return None, {}


@editor
@needs(KEEP_DEFINITIONS)
def scorecard_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Head and lines in one form; two who edit at once don't overwrite each other."""
    stored = get_object_or_404(Scorecard, code=code)
    weights = dict(stored.lines.values_list("metric_id", "weight"))
    return _edited(request, copy.copy(stored), weights, stored)


def _edited(
    request: HttpRequest, card: Scorecard, weights: Mapping[int, float], stored: Scorecard | None
) -> HttpResponse:
    started = weights if stored is None else {}
    if request.method != "POST":
        return _form_page(request, ScorecardForm(instance=card, weights=weights), stored)
    form = ScorecardForm(request.POST, instance=card, weights=weights)
    is_valid = form.is_valid()
    if not is_valid or step_of(request) in (BACK, RECOUNT):
        return _form_page(request, form, stored)
    seen = request.POST.get("version", "") if stored else None

    def run(reason: str) -> Scorecard:
        return save_scorecard_with_lines(
            copy.copy(form.instance),
            weights=form.weights,
            by=person(request),
            reason=reason,
            seen=seen,
        )

    change = Change(
        run=run,
        counts=form.counts,
        is_new=stored is None,
        title=_("Scorecard %(name)s") % {"name": form.instance.name},
        crumbs=_crumbs(stored),
        save=_("Save the scorecard"),
        pending=_pending(form, stored, started),
    )
    try:
        saved, page = take(request, change)
    except ValidationError as refusal:
        _add_refusal(form, refusal)
        is_overtaken = (
            any(error.code == "overtaken" for error in refusal.error_list)
            if not hasattr(refusal, "error_dict")
            else False
        )
        return _form_page(request, form, stored, is_overtaken=is_overtaken)
    if page is not None:
        return page
    messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
    return redirect("scorecard_detail", code=saved.code)


def _add_refusal(form: ScorecardForm, refusal: ValidationError) -> None:
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for field, errors in refusal.error_dict.items():
        for error in errors:
            form.add_error(field if field in form.fields else None, error)


def _form_page(
    request: HttpRequest,
    form: ScorecardForm,
    stored: Scorecard | None,
    *,
    is_overtaken: bool = False,
) -> HttpResponse:
    weights = (
        form.typed_weights
        if form.is_bound
        else [
            (metric, form.stored_weights[metric.pk])
            for metric in form.metrics
            if metric.pk in form.stored_weights
        ]
    )
    shown = form.instance
    parts = categories_of(shown, weights) if _is_readable(shown) else ()
    version = (request.POST.get("version") if form.is_bound else None) or (
        version_of(stored) if stored else ""
    )
    is_asked = step_of(request) in (BACK, RECOUNT)
    return render(
        request,
        "dashboards/scorecard_form.html",
        {
            "form": form,
            "stored": stored,
            "card": form.instance,
            "kind": SubjectKind(form.instance.subject_kind),
            "version": version,
            "shares": {line.metric.pk: line for part in parts for line in part.lines},
            "sums": {part.category: sum(line.weight for line in part.lines) for part in parts},
            "balance": balance_of(parts) if parts else None,
            "is_overtaken": is_overtaken,
            "crumbs": _crumbs(stored),
        },
        status=422 if form.is_bound and form.errors and not is_asked else 200,
    )


def _is_readable(card: Scorecard) -> bool:
    numbers = [
        getattr(card, field.attname)
        for field in card._meta.concrete_fields
        if field.name.startswith(("weight_", "share_"))
    ]
    return all(isinstance(number, int | float) for number in numbers)


def _pending(
    form: ScorecardForm, stored: Scorecard | None, started: Mapping[int, float]
) -> list[Pending]:
    """What the form changes, field by field and line by line."""
    told = []
    for name in form.changed_data if stored else ():
        field = form.fields[name]
        told.append(
            Pending(
                name,
                str(field.label),
                _words(form.initial.get(name)),
                _words(form.cleaned_data.get(name)),
            )
        )
    before = dict(form.stored_weights) if stored else {}
    for metric in form.metrics:
        was, becomes = before.get(metric.pk), form.weights.get(metric.pk)
        if was != becomes:
            told.append(
                Pending(f"line-{metric.code}", metric.name, _line_words(was), _line_words(becomes))
            )
    return told


def _line_words(weight: float | None) -> str:
    return (
        _("not on it")
        if weight is None
        else _("weight %(weight)s") % {"weight": number_text(weight)}
    )


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return (
        number_text(value) if isinstance(value, float) else str(value if value is not None else "")
    )


@editor
@needs(KEEP_DEFINITIONS)
def scorecard_delete(request: HttpRequest, code: str) -> HttpResponse:
    """What its subjects' scores become without it, asked before it goes."""
    card = get_object_or_404(Scorecard, code=code)
    change = Change(
        run=lambda reason: delete_scorecard(
            Scorecard.objects.get(pk=card.pk), by=person(request), reason=reason
        ),
        counts=True,
        title=_("Delete scorecard %(name)s") % {"name": card.name},
        crumbs=_crumbs(card),
        save=_("Delete the scorecard"),
        is_destructive=True,
        notes=[_("Its lines go with it. Its history stays on record.")],
        back=reverse("scorecard_detail", args=[card.code]),
    )
    try:
        _gone, page = take(request, change)
    except ValidationError as refusal:
        for sentence in refusal.messages:
            messages.error(request, sentence)
        return redirect("scorecard_detail", code=card.code)
    if page is not None:
        return page
    messages.success(request, _("%(name)s is deleted.") % {"name": card.name})
    return redirect("scorecard_list")
