"""The form for one value, and what a saved value did."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.forms import (
    EntryForm,
    NoValueForm,
    ProposalForm,
    decimal_sign,
)
from dashboards.presentation.numbers import value_text
from dashboards.selectors.entry import (
    AboutValue,
    Desk,
    DueList,
    Preview,
    Remembered,
    SubjectChoice,
    ValueState,
    about_value,
    due_values,
    effects_of,
    latest_ended,
    month_of_effect,
    preview,
    read_desk,
    remember,
    small_desk,
    state_of,
)
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.months import current_month, default_month
from dashboards.selectors.runs import PATIENCE
from dashboards.selectors.status import is_answered
from dashboards.views.empty import nothing_yet
from dashboards.views.month_pages import is_asked_for, render_part
from dashboards.views.places import place_text, read_seen, seen_text
from metrics.choices import Door
from metrics.models import DraftMeasurement, Measurement, MetricDefinition, NoValue
from metrics.operations.entering import (
    NOT_LOOKED,
    NotLooked,
    OvertakenError,
    Seen,
    enter_value,
)
from metrics.operations.measurements import Outcome
from metrics.validation.numbers import NumberError, number_text, read_number
from projects.models import Subject

RESULTS_KEPT = 10
SESSION_KEY = "saved_values"

FORM_ID = "entry-form"

NOTHING_SAID = ValueState()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address or a half-filled form says so far, as far as it makes sense."""

    metric: MetricDefinition | None
    subject: SubjectChoice | None
    about: AboutValue | None = None
    state: ValueState = NOTHING_SAID

    @property
    def place(self) -> str:
        """Which value the form is about; blank until that is chosen."""
        if self.about is None or self.metric is None or self.subject is None:
            return ""
        return f"{self.metric.code} {self.subject.code} {self.about.label}"

    @classmethod
    def of(cls, desk: Desk, data: Mapping[str, Any]) -> Chosen:
        """PermissionDenied for values that are somebody else's to enter."""
        metric = desk.metric(data.get("metric", "").strip())
        code = data.get("subject", "").strip()
        if metric is None:
            return cls(None, desk.any_subject(code))
        subject = desk.subject(metric, code)
        refuse_what_is_not_theirs(desk, metric, subject)
        period = (data.get("other_period") or data.get("period") or "").strip()
        about = about_value(desk, metric, subject, period)
        if about.period is None:
            about = about_value(desk, metric, subject, latest_ended(metric, desk))
        return cls(metric, subject, about)

    def with_state(self, desk: Desk) -> Chosen:
        """With what was said of the period, which the form shows."""
        return replace(self, state=state_of(desk, self.about))


def refuse_what_is_not_theirs(
    desk: Desk, metric: MetricDefinition, subject: SubjectChoice | None
) -> None:
    everybody = desk.subjects[metric.subject_kind]
    if subject is not None:
        allowed = desk.may_enter(metric, subject)
    else:
        allowed = not everybody or any(desk.may_enter(metric, row) for row in everybody)
    if not allowed:
        raise PermissionDenied


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def entry_value(request: HttpRequest) -> HttpResponse:
    """The form for one value; a posted form is saved."""
    desk = read_desk(request.user)
    if request.method == "POST":
        return _save(request, desk)
    if not desk.metrics or not any(desk.subjects.values()):
        return nothing_yet(request)
    chosen = Chosen.of(desk, request.GET).with_state(desk)
    form = _prefilled(desk, chosen, request.GET)
    if chosen.metric and chosen.subject:
        form.fields["value"].widget.attrs["autofocus"] = True
    if is_asked_for(request, FORM_ID):
        return _form_fragment(request, form, chosen)
    return _page(request, form, chosen)


@require_POST
@needs(ENTER_MEASUREMENTS)
def entry_form(request: HttpRequest) -> HttpResponse:
    """The form again, after another metric, subject or period was chosen; nothing is saved.

    Posted, because a long note does not fit into an address.
    """
    desk = read_desk(request.user)
    chosen = Chosen.of(desk, request.POST).with_state(desk)
    form = _prefilled(desk, chosen, request.POST)
    # Lists that stay the same stay in place: in another one, typing a name would begin anew.
    form.fields["metric"].widget.attrs["hx-preserve"] = "true"
    if chosen.metric and chosen.metric.code == request.POST.get("shown_metric"):
        form.fields["subject"].widget.attrs["hx-preserve"] = "true"
    return _form_fragment(request, form, chosen)


@require_safe
@needs(ENTER_MEASUREMENTS)
def entry_preview(request: HttpRequest) -> HttpResponse:
    """What the typed value would score."""
    metric = MetricDefinition.objects.filter(code=request.GET.get("metric", "")).first()
    subject = Subject.objects.filter(code=request.GET.get("subject", "")).first()
    about = None
    if metric is not None and subject is not None:
        about = Chosen.of(small_desk(request.user, metric, subject), request.GET).about
    typed = _previewed(about, request.GET.get("value", ""))
    context = {"about": about, "is_typed": True, **typed}
    return render_part(request, "entry_preview", context)


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def entry_saved(request: HttpRequest, token: str) -> HttpResponse:
    """What became of a saved value; HTMX asks again until the scores have followed."""
    record = request.session.get(SESSION_KEY, {}).get(token)
    if record is None:
        raise Http404
    saved = SavedValue(**record)
    context = {"saved": saved, "token": token, **_outcome(saved), **_crumbs()}
    if is_asked_for(request, "outcome"):
        return render_part(request, "entry_outcome", context)
    return render(request, "dashboards/entry_saved.html", context)


def _crumbs() -> dict[str, Any]:
    return {"crumbs": [(_("What is due"), reverse("entry"))]}


@dataclass(frozen=True, slots=True)
class SavedValue:
    """What the page after saving needs to know; plain, so that the session can keep it."""

    metric: str
    subject: str
    subject_id: int
    period: str
    outcome: str
    before: float | None
    after: float
    is_late: bool
    has_replaced_no_value: bool
    month: str | None
    remembered: dict[str, Any] | None
    at: str
    next_one: dict[str, str] | None

    @property
    def is_same(self) -> bool:
        return self.outcome == Outcome.SAME

    @property
    def is_drafted(self) -> bool:
        return self.outcome == Outcome.DRAFTED

    @property
    def moves_no_score(self) -> bool:
        return self.is_same or self.is_drafted or self.is_note_only

    @property
    def is_created(self) -> bool:
        return self.outcome == Outcome.CREATED

    @property
    def is_note_only(self) -> bool:
        return self.outcome == Outcome.CHANGED and self.before == self.after

    @property
    def age(self) -> timedelta:
        return timezone.now() - datetime.fromisoformat(self.at)


def _outcome(saved: SavedValue) -> dict[str, Any]:
    """The scores before and after, once the change is answered."""
    metric = MetricDefinition.objects.filter(code=saved.metric).first()
    subject = Subject.objects.filter(pk=saved.subject_id).first()
    if metric is None or subject is None:
        raise Http404
    is_waiting = not saved.moves_no_score and not is_answered(saved.subject_id)
    effects = None
    if not is_waiting and not saved.moves_no_score and saved.remembered is not None:
        effects = effects_of(metric, subject, Remembered.of_plain(saved.remembered))
    return {
        "metric": metric,
        "subject": subject,
        "told": _told(saved, metric),
        "shown_month": saved.month or default_month(current_month()) or current_month(),
        "is_waiting": is_waiting,
        "is_left_waiting": is_waiting and saved.age > PATIENCE,
        "effects": effects,
    }


def _told(saved: SavedValue, metric: MetricDefinition) -> str:
    """What was saved, in a sentence."""
    decimals = shown_decimals(metric.decimals, saved.before, saved.after)
    after = value_text(saved.after, metric.unit, decimals)
    if saved.is_same:
        return _("Nothing was changed: %(value)s was recorded already, note included.") % {
            "value": after
        }
    if saved.is_drafted:
        return _(
            "Sent for approval: %(value)s. It counts as soon as somebody else approves it."
        ) % {"value": after}
    if saved.is_created:
        return _("Saved: %(value)s.") % {"value": after}
    if saved.is_note_only:
        return _("The note is saved. The value stays %(value)s, and so do all scores.") % {
            "value": after
        }
    return _("Saved: %(before)s became %(after)s. The correction is kept on record.") % {
        "before": value_text(saved.before, metric.unit, decimals),
        "after": after,
    }


def _page(
    request: HttpRequest,
    form: EntryForm,
    chosen: Chosen,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
) -> HttpResponse:
    return render(
        request,
        "dashboards/entry_value.html",
        {**_form_context(form, chosen), **_crumbs(), "conflict": conflict},
        status=status,
    )


def _form_fragment(request: HttpRequest, form: EntryForm, chosen: Chosen) -> HttpResponse:
    return render_part(request, "entry_form", _form_context(form, chosen))


def _form_context(form: EntryForm, chosen: Chosen) -> dict[str, Any]:
    # What is wrong with the value is said once, beside its field.
    typed = "" if form.is_bound and "value" in form.errors else form["value"].value() or ""
    return {
        "form": form,
        "about": chosen.about,
        "state": chosen.state,
        "form_id": FORM_ID,
        "recorded": _recorded(chosen),
        "seen": _as_seen(chosen),
        **_previewed(chosen.about, typed),
        **_answer_forms(chosen),
    }


def _answer_forms(chosen: Chosen) -> dict[str, Any]:
    """The small forms for what can be said instead of a value."""
    about, state = chosen.about, chosen.state
    if about is None or about.period is None or chosen.subject is None:
        return {}
    return {
        "place": place_text(about.metric.code, chosen.subject.code, about.label),
        "may_say_no_value": not (about.existing or state.waiting or state.no_value),
        "no_value_form": NoValueForm(auto_id="no_value_%s"),
        "proposal_form": ProposalForm(
            auto_id="proposal_%s", initial={"from_month": str(about.period.month)}
        ),
    }


def _prefilled(desk: Desk, chosen: Chosen, data: Mapping[str, Any]) -> EntryForm:
    """The form as far as it is filled; what is recorded already stands in it, to be corrected."""
    about = chosen.about
    offered = [] if about is None else [period.label for period in about.periods]
    label = about.label if about else ""
    initial = {
        "metric": chosen.metric.code if chosen.metric else "",
        "subject": chosen.subject.code if chosen.subject else data.get("subject", ""),
        "period": label if label in offered else "",
        "other_period": "" if label in offered else label,
    }
    for field, recorded in _recorded(chosen).items():
        typed = data.get(field, "")
        # What stood in the field because it was recorded for another period is not typed.
        is_untouched = typed == data.get(f"recorded_{field}", "")
        initial[field] = recorded if is_untouched or not typed else typed
    kind = chosen.subject.facts.kind if chosen.subject else ""
    return EntryForm(initial=initial, desk=desk, about=about, kind="" if chosen.metric else kind)


def _recorded(chosen: Chosen) -> dict[str, str]:
    """What stands in the form to be corrected: what was sent back, what waits, what is recorded."""
    about, state = chosen.about, chosen.state
    latest = state.rejected or state.waiting or (about.existing if about else None)
    if latest is None:
        return {"value": "", "note": ""}
    text = number_text(latest.value).replace(".", decimal_sign())
    return {"value": text, "note": latest.note}


def _as_seen(chosen: Chosen) -> str:
    """What the page shows of the value, for its form to bring back."""
    about = chosen.about
    standing = chosen.state.waiting or (about.existing if about else None)
    return f"{chosen.place}|{seen_text(Seen.of(standing))}"


def _seen(request: HttpRequest, chosen: Chosen) -> Seen | NotLooked:
    """What the person had before their eyes; of another value than the page was about: nothing."""
    if "seen" not in request.POST:
        return NOT_LOOKED  # a program's, which was shown no form
    place, _, seen = request.POST["seen"].partition("|")
    return read_seen(seen) if place == chosen.place else Seen(None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody else gave while the person was typing; `their` is None if it was deleted."""

    sentence: str
    typed: str
    their: Measurement | DraftMeasurement | None

    @property
    def is_draft(self) -> bool:
        return isinstance(self.their, DraftMeasurement)


def _previewed(about: AboutValue | None, text: str) -> dict[str, Any]:
    """The score of a typed text, or the sentence about why it is no number."""
    if about is None or not text.strip():
        return {"preview": None, "problem": ""}
    try:
        value = read_number(text.strip(), decimal_sign())
    except NumberError as error:
        return {"preview": None, "problem": str(error)}
    shown: Preview = preview(about, value)
    return {"preview": shown, "problem": ""}


def _save(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Record the posted value, or show the form again with what is wrong beside its field."""
    chosen = Chosen.of(desk, request.POST)
    form = EntryForm(request.POST, desk=desk, about=chosen.about)
    conflict = None
    if form.is_valid() and chosen.metric and chosen.subject:
        try:
            token = _record(request, desk, chosen, form.cleaned_data)
            return redirect("entry_saved", token=token)
        except OvertakenError as overtaken:
            conflict = Conflict(overtaken.messages[0], request.POST["value"], overtaken.now)
            # Looked at again: it may have changed since this page was begun.
            chosen = Chosen.of(desk, request.POST)
        except ValidationError as refusal:
            form.add_refusal(refusal)
    chosen = chosen.with_state(desk)
    return _page(request, form, chosen, status=422, conflict=conflict)


def _record(request: HttpRequest, desk: Desk, chosen: Chosen, cleaned: Mapping[str, Any]) -> str:
    """Record the value and keep, under a token, what the page after it will tell."""
    assert isinstance(request.user, User)  # nobody else has the permission
    assert chosen.metric is not None
    assert chosen.subject is not None
    metric, period = chosen.metric, cleaned["when"]
    subject = Subject.objects.get(pk=chosen.subject.pk)
    here = {"metric": metric, "subject": subject, "period_start": period.start}
    existing = Measurement.objects.filter(**here).first()
    month = month_of_effect(metric, subject, period)
    before = None if month is None else remember(metric, subject, month)
    entered = enter_value(
        metric=metric,
        subject=subject,
        period=period,
        value=cleaned["number"],
        note=cleaned["note"],
        by=request.user,
        door=Door.FORM,
        seen=_seen(request, chosen),
    )
    saved = SavedValue(
        metric=metric.code,
        subject=subject.code,
        subject_id=subject.pk,
        period=period.label(desk.fiscal_year_starts_in),
        outcome=entered.outcome.value,
        before=None if existing is None else existing.value,
        after=cleaned["number"],
        is_late=entered.measurement is not None and entered.measurement.is_late,
        has_replaced_no_value=NoValue.objects.filter(**here).exists(),
        month=None if month is None else str(month),
        remembered=None if before is None else before.as_plain(),
        at=timezone.now().isoformat(),
        next_one=_next(due_values(desk.only(metric))),
    )
    return _keep(request, saved)


def _next(due: DueList) -> dict[str, str] | None:
    """The next value to enter, and how many there are."""
    if not due.values:
        return None
    value = due.values[0]
    query = f"metric={value.metric.code}&subject={value.subject.code}&period={value.label}"
    return {
        "url": f"{reverse('entry_value')}?{query}",
        "words": f"{value.metric.name}, {value.subject.name}, {value.label}",
        "left": str(due.total),
    }


def _keep(request: HttpRequest, saved: SavedValue) -> str:
    token = secrets.token_urlsafe(8)
    kept = {**request.session.get(SESSION_KEY, {}), token: asdict(saved)}
    request.session[SESSION_KEY] = dict(list(kept.items())[-RESULTS_KEPT:])
    return token
