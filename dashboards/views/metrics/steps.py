"""From a metric's form, or a form of what is agreed about it, to a saved row.

Around the steps that all editors share (`dashboards.views.keeping.steps`): the version that the
person looked at, and what is told of a row that was not changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from dashboards.selectors.definition_history import differences
from dashboards.views.keeping.fields import refusals_into
from dashboards.views.keeping.steps import SAVE, Change, Crumbs, step_of, take
from projects.operations.versions import not_overtaken, refuse_if_overtaken, version_of

SEEN = "seen"
"""The hidden field with the version that the person looked at."""


def seen_in(request: HttpRequest) -> int:
    text = request.POST.get(SEEN, "")
    return int(text) if text.isdigit() and len(text) < 18 else 0


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row as it is to be, and what saving it means."""

    row: models.Model
    before: models.Model | None
    """None for a new row."""
    save: Callable[[Any, str], object]
    """The operation: gets the row and the reason."""
    counts: bool
    title: str
    crumbs: Crumbs
    done_url: Callable[[], str]
    done: str
    """What is said when it is saved."""
    silent: Sequence[str] = ()
    """Fields that need no telling."""
    action: str = ""
    is_removal: bool = False
    reason: str = ""
    """What is proposed as the reason."""


def check_or_save(
    request: HttpRequest,
    wanted: RowChange,
    form: BaseForm | None = None,
    form_page: Callable[[BaseForm], HttpResponse] | None = None,
) -> HttpResponse:
    """The form was valid: show what it changes, or save it where that was shown.

    What has no form, a removal, tells of a refusal where it leads to.
    """
    before = wanted.before
    try:
        if before is not None and not wanted.is_removal and step_of(request) != SAVE:
            refuse_if_overtaken(before, seen_in(request))
            if not differences(before, wanted.row):
                messages.info(request, _("Nothing was changed, so nothing was saved."))
                return redirect(wanted.done_url())
        _saved, page = take(request, _change(request, wanted))
    except ValidationError as refusal:
        if form is None or form_page is None:
            for sentence in refusal.messages:
                messages.error(request, sentence)
            return redirect(wanted.done_url())
        refusals_into(form, refusal)
        return form_page(form)
    if page is not None:
        return page
    messages.success(request, wanted.done)
    return redirect(wanted.done_url())


def _change(request: HttpRequest, wanted: RowChange) -> Change:
    before = None if wanted.is_removal else wanted.before

    def run(reason: str) -> object:
        # The trial has a row of its own: what it saved is forgotten with it.
        row = copy.copy(wanted.row)
        if before is None:
            return wanted.save(row, reason)
        with not_overtaken(before, seen_in(request)):
            return wanted.save(row, reason)

    return Change(
        run=run,
        counts=wanted.counts,
        asks_always=True,
        reason=wanted.reason,
        title=wanted.title,
        crumbs=wanted.crumbs,
        save=wanted.action or _("Save"),
        pending=differences(before, wanted.row, silent=wanted.silent),
        is_new=wanted.before is None,
        is_destructive=wanted.is_removal,
        back=wanted.done_url() if wanted.is_removal else "",
    )


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
