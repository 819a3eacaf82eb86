"""The way from a form to a saved change: its effect is shown before whatever counts is saved.

The form is posted as a whole in each step, so that nothing waits on the server and the back button
works: at first the change is shown with its effect, `save` saves it, `back` shows the form again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.presentation.months import month_name
from dashboards.selectors.definition_history import FieldChange
from dashboards.views.keeping.words import Pending
from metrics.effects import ChangeEffects, effects_of_change

SAVE, BACK = "save", "back"
STEP = "step"
WHY = "why"
NOT_CARRIED = frozenset({"csrfmiddlewaretoken", STEP, WHY})

Crumbs = Sequence[tuple[Any, str]]


class ReasonForm(forms.Form):
    """Why a definition is changed; not named `reason`, which an exemption has as a field."""

    why = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with the change, for everybody who later asks."),
        error_messages={"required": _("Say why; the reason is kept with the change.")},
    )

    def __init__(self, data: Any = None, *, is_asked: bool = True, proposed: str = "") -> None:
        super().__init__(data, initial={WHY: proposed} if proposed else None)
        self.fields[WHY].required = is_asked


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that a person is about to save, and the words around it."""

    run: Callable[[str], Any]
    """With the reason, as often as it is asked: what it makes is made anew."""
    counts: bool
    """Whether scores can depend on it, so that its effect is shown."""
    asks_always: bool = False
    """Shown before it is saved even where no score depends on it."""
    needs_reason: bool = True
    reason: str = ""
    """What is proposed as the reason."""
    title: str | Promise
    crumbs: Crumbs
    save: str | Promise
    """What the button says."""
    pending: Sequence[Pending | FieldChange] = ()
    is_new: bool = False
    is_destructive: bool = False
    notes: Sequence[str | Promise] = ()
    tells_coverage: bool = False
    """Whether it decides how much is known of what it counts in."""
    back: str = ""
    """Where to go instead; blank leads back to the form."""

    @property
    def is_whole(self) -> bool:
        """The row comes or goes, so that `pending` tells all of it and not a difference."""
        return self.is_new or self.is_destructive


@dataclass(frozen=True, slots=True)
class ParentCoverage:
    """How much is known of what a subject counts in, without the change and with it."""

    name: str
    month: str
    before: float | None
    after: float | None


def step_of(request: HttpRequest) -> str:
    return request.POST.get(STEP, "")


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has the permission
    return request.user


def take(request: HttpRequest, change: Change) -> tuple[Any, HttpResponse | None]:
    """What the change made; or, as long as it is not confirmed, the page that shows its effect.

    ValidationError is what the operation refuses.
    """
    if not change.counts and not change.asks_always:
        return change.run(""), None
    is_confirmed = step_of(request) == SAVE
    form = ReasonForm(
        request.POST if is_confirmed else None,
        is_asked=change.needs_reason,
        proposed=change.reason,
    )
    if is_confirmed and form.is_valid():
        return change.run(form.cleaned_data[WHY]), None
    effects = effects_of_change(lambda: change.run("")) if change.counts else None
    page = render(
        request,
        "dashboards/definition_check.html",
        {
            "change": change,
            "effects": effects,
            "coverages": parents_coverage(effects) if effects and change.tells_coverage else [],
            "form": form,
            "carried": carried(request.POST),
            "crumbs": change.crumbs,
        },
        status=422 if is_confirmed else 200,
    )
    return None, page


def carried(data: QueryDict) -> list[tuple[str, str]]:
    """What the form's own page sent, to be sent again."""
    return [
        (name, value)
        for name, values in data.lists()
        if name not in NOT_CARRIED
        for value in values
    ]


def parents_coverage(effects: ChangeEffects) -> list[ParentCoverage]:
    """Of what the subject counts in, in the latest month in which it differs, the nearest first."""
    return [
        ParentCoverage(
            row.subject.name,
            month_name(row.month),
            row.overall.before.coverage if row.overall.before else None,
            row.overall.after.coverage if row.overall.after else None,
        )
        for row in effects.rows_above
    ]
