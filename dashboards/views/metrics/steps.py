"""From a form to a saved definition: what changes and what it does is shown before it is saved.

The form is posted as a whole in each step, so that nothing waits on the server and the back button
works: `check` shows the change with its effect and asks why, `save` saves, `back` shows the form.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from dashboards.selectors.definition_history import differences
from dashboards.views.metrics.forms import ReasonForm
from metrics.effects import effects_of_change
from metrics.operations.versions import refuse_if_overtaken, save_as_seen, version_of

CHECK, SAVE, BACK = "check", "save", "back"

SEEN = "seen"
"""The hidden field with the version that the person looked at."""

OWN_FIELDS = ("csrfmiddlewaretoken", "step", "why")
"""What a step does not hand on to the next one."""

Crumbs = Sequence[tuple[str, str]]


def step_of(request: HttpRequest) -> str:
    return request.POST.get("step", CHECK)


def seen_in(request: HttpRequest) -> int:
    text = request.POST.get(SEEN, "")
    return int(text) if text.isdigit() and len(text) < 18 else 0


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has the permission
    return request.user


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it is to be, and what saving it means."""

    row: models.Model
    before: models.Model | None
    """None for a new row."""
    save: Callable[[models.Model, str], object]
    """The operation: gets the row and the reason."""
    counts: bool
    """Whether scores can depend on it, so that its effect is shown."""
    title: str
    crumbs: Crumbs
    done_url: Callable[[], str]
    done: str
    """What is said when it is saved."""
    silent: Sequence[str] = ()
    """Fields that need no telling."""
    action: str = "Save"
    is_removal: bool = False
    reason: str = ""
    """What is proposed as the reason."""


def refusals_in(form: BaseForm, refusal: ValidationError) -> None:
    """What an operation refuses, beside the fields that the form has."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for name, errors in refusal.error_dict.items():
        known = name in form.fields and name != NON_FIELD_ERRORS
        for error in errors:
            form.add_error(name if known else None, error)


def check_or_save(
    request: HttpRequest,
    change: Change,
    form: BaseForm | None = None,
    form_page: Callable[[BaseForm], HttpResponse] | None = None,
) -> HttpResponse:
    """The form was valid: show what it changes, or save it where that was shown.

    What has no form, a removal, tells of a refusal where it leads to.
    """
    try:
        if step_of(request) == SAVE:
            reason = ReasonForm(request.POST)
            if not reason.is_valid():
                return _shown(request, change, reason)
            _save(request, change, reason.cleaned_data["why"])
            messages.success(request, change.done)
            return redirect(change.done_url())
        if change.before is not None and not change.is_removal:
            refuse_if_overtaken(change.before, seen_in(request))
            if not differences(change.before, change.row):
                messages.info(request, "Nothing was changed, so nothing was saved.")
                return redirect(change.done_url())
        return _shown(request, change, ReasonForm(initial={"why": change.reason}))
    except ValidationError as refusal:
        if form is None or form_page is None:
            for sentence in refusal.messages:
                messages.error(request, sentence)
            return redirect(change.done_url())
        refusals_in(form, refusal)
        return form_page(form)


def _save(request: HttpRequest, change: Change, reason: str) -> None:
    if change.before is None or change.is_removal:
        change.save(change.row, reason)
        return
    save_as_seen(change.before, seen_in(request), lambda: change.save(change.row, reason))


def _shown(request: HttpRequest, change: Change, reason: ReasonForm) -> HttpResponse:
    """What changes, what it does to the scores, and the question why."""
    effects = None
    if change.counts:
        # The trial has a row of its own: what it saved is forgotten with it.
        effects = effects_of_change(lambda: change.save(copy.copy(change.row), ""))
    compared = None if change.is_removal else change.before
    told = differences(compared, change.row, silent=change.silent)
    return render(
        request,
        "dashboards/definition_check.html",
        {
            "change": change,
            "crumbs": change.crumbs,
            "differences": told,
            "effects": effects,
            "form": reason,
            "handed_on": handed_on(request),
        },
        status=422 if reason.errors else 200,
    )


def handed_on(request: HttpRequest) -> list[tuple[str, str]]:
    """The posted form as hidden fields."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in OWN_FIELDS
        for value in values
    ]


def version_shown(request: HttpRequest, row: models.Model | None, *, is_told: bool) -> int:
    """The version that the form stands on: the latest one once somebody was told of it."""
    if request.method == "POST" and not is_told:
        return seen_in(request)
    return version_of(row)


def was_overtaken(form: BaseForm) -> bool:
    return form.is_bound and form.has_error(NON_FIELD_ERRORS, "overtaken")


def context_of(request: HttpRequest, row: models.Model | None, form: BaseForm) -> dict[str, Any]:
    """What every editor's template needs."""
    return {
        "form": form,
        "seen": version_shown(request, row, is_told=was_overtaken(form)),
        "crumbs": [],
    }
