"""A person's own subscriptions, and the link in each mail that stops one without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.form_fields import choose
from dashboards.models import Rest, Rhythm, Subscription, Weekday
from dashboards.operations.subscriptions import (
    Wish,
    change_subscription,
    delete_subscription,
    read_stop_token,
    resume_subscription,
    stop_subscription,
    subscribe,
    unsubscribe,
)
from dashboards.presentation.subscriptions import rhythm_words
from dashboards.reader_clock import TimeZoneField, zone_name
from dashboards.selectors.packs import pack_subjects
from dashboards.selectors.personal import subscriptions_of, views_of
from metrics.choices import MailState
from projects.choices import SubjectKind

PACK, VIEW = "pack", "view"
"""What stands before the code or key in the choice of what is sent."""


class SubscriptionForm(forms.Form):
    """What is sent, and when; what may be combined is decided by the operation."""

    what = forms.ChoiceField(label=gettext_lazy("What"))
    with_pdf = forms.BooleanField(label=gettext_lazy("Attach the PDF"), required=False)
    with_pptx = forms.BooleanField(label=gettext_lazy("Attach the PowerPoint"), required=False)
    rhythm = forms.ChoiceField(
        label=gettext_lazy("How often"), choices=Rhythm, widget=forms.RadioSelect
    )
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Day of the week"),
        choices=Weekday,
        coerce=int,
        required=False,
        help_text=gettext_lazy("For every week."),
    )
    day = forms.IntegerField(
        label=gettext_lazy("Day of the month"),
        min_value=1,
        max_value=31,
        required=False,
        help_text=gettext_lazy("For every month. Shorter months send on their last day."),
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Hour"),
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        coerce=int,
    )
    time_zone = TimeZoneField()

    def __init__(self, data: Any, user: User, **given: Any) -> None:
        super().__init__(data, **given)
        self._subjects = {f"{PACK}-{row.code}": row for row in pack_subjects()}
        views = views_of(user)
        self._views = {f"{VIEW}-{row.pk}": row for row in views}
        groups: dict[str, list[tuple[str, str]]] = {}
        for key, subject in self._subjects.items():
            label = _("Pack: %(kind)s") % {"kind": SubjectKind(subject.kind).label}
            groups.setdefault(label, []).append((key, subject.name))
        if self._views:
            groups[_("Saved views")] = [(key, view.name) for key, view in self._views.items()]
        choose(self, "what", list(groups.items()))
        # A day is asked for by its own rhythm alone; one that is not sent may yet be chosen.
        rhythm = self["rhythm"].value() if self.is_bound else None
        self.fields["weekday"].required = rhythm in (None, Rhythm.WEEKLY)
        self.fields["day"].required = rhythm in (None, Rhythm.MONTHLY)

    def wish(self) -> Wish:
        """What was chosen; a day that the rhythm has no use for is left out."""
        given = self.cleaned_data
        view = self._views.get(given["what"])
        rhythm = given["rhythm"]
        return Wish(
            subject=self._subjects.get(given["what"]),
            view=view,
            rhythm=rhythm,
            hour=given["hour"],
            time_zone=given["time_zone"],
            weekday=_number(given.get("weekday")) if rhythm == Rhythm.WEEKLY else None,
            day=given.get("day") if rhythm == Rhythm.MONTHLY else None,
            with_pdf=view is None and given["with_pdf"],
            with_pptx=view is None and given["with_pptx"],
        )


def _number(given: Any) -> int | None:
    return given if isinstance(given, int) else None


@dataclass(frozen=True, slots=True)
class Row:
    subscription: Subscription
    rhythm: str
    next_at: datetime | None
    """On the clocks of its own time zone."""
    sent_at: datetime | None
    could_not_be_sent: bool

    @property
    def why(self) -> str:
        return str(Rest(self.subscription.rests).label) if self.subscription.rests else ""


@require_safe
@needs(READ_DASHBOARDS)
def subscription_list(request: HttpRequest) -> HttpResponse:
    context = {"rows": _rows(_person(request)), "has_address": bool(_person(request).email)}
    return render(request, "dashboards/subscription_list.html", context)


def _rows(user: User) -> list[Row]:
    subscriptions = list(
        subscriptions_of(user)
        .select_related("subject", "view")
        .annotate(sent_at=Max("mails__sent_at"), written_at=Max("mails__created_at"))
        .order_by("pk")
    )
    failed = set(
        Subscription.objects.filter(user=user, mails__state=MailState.FAILED, rests="").values_list(
            "pk", "mails__created_at"
        )
    )
    return [
        Row(
            row,
            rhythm_words(row),
            _on_its_clocks(row.next_at, row),
            _on_its_clocks(row.sent_at, row),
            (row.pk, row.written_at) in failed,
        )
        for row in subscriptions
    ]


def _on_its_clocks(moment: datetime | None, subscription: Subscription) -> datetime | None:
    """Without its zone, by which templates would put it on the clocks of the installation."""
    return None if moment is None else moment.astimezone(subscription.zone).replace(tzinfo=None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(READ_DASHBOARDS)
def subscription_new(request: HttpRequest) -> HttpResponse:
    """`?pack=CODE` or `?view=KEY` chooses what is sent."""
    user = _person(request)
    if request.method != "POST":
        return _form(request, SubscriptionForm(None, user, initial=_proposed(request)))
    form = SubscriptionForm(request.POST, user)
    if form.is_valid():
        try:
            subscription = subscribe(user, form.wish())
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _told(subscription))
            return redirect("subscription_list")
    return _form(request, form)


def _proposed(request: HttpRequest) -> dict[str, Any]:
    proposed = {
        "rhythm": Rhythm.MONTHLY,
        "weekday": Weekday.MONDAY.value,
        "day": 5,
        "hour": 7,
        "time_zone": _last_zone(request),
        "with_pdf": True,
    }
    for name in (PACK, VIEW):
        if chosen := request.GET.get(name):
            proposed["what"] = f"{name}-{chosen}"
    return proposed


def _last_zone(request: HttpRequest) -> str:
    """The one that the person chose last, else the one that pages are shown in."""
    mine = Subscription.objects.filter(user=_person(request)).order_by("-pk")
    return mine.values_list("time_zone", flat=True).first() or zone_name(request)


def _told(subscription: Subscription) -> str:
    return _("You are sent “%(title)s” %(rhythm)s.") % {
        "title": subscription.title,
        "rhythm": rhythm_words(subscription),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@needs(READ_DASHBOARDS)
def subscription_edit(request: HttpRequest, pk: int) -> HttpResponse:
    subscription = _mine(request, pk)
    user = _person(request)
    if request.method != "POST":
        form = SubscriptionForm(None, user, initial=_as_chosen(subscription))
        return _form(request, form, subscription)
    form = SubscriptionForm(request.POST, user)
    if form.is_valid():
        try:
            change_subscription(subscription, form.wish())
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _told(subscription))
            return redirect("subscription_list")
    return _form(request, form, subscription)


def _as_chosen(subscription: Subscription) -> dict[str, Any]:
    subject, view = subscription.subject, subscription.view
    day = subscription.day
    return {
        "what": f"{VIEW}-{view.pk}" if view else f"{PACK}-{subject.code if subject else ''}",
        "with_pdf": subscription.with_pdf,
        "with_pptx": subscription.with_pptx,
        "rhythm": subscription.rhythm,
        "weekday": Weekday.MONDAY if subscription.weekday is None else subscription.weekday,
        "day": 5 if day is None else day,
        "hour": subscription.hour,
        "time_zone": subscription.time_zone,
    }


def _form(
    request: HttpRequest, form: SubscriptionForm, subscription: Subscription | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "subscription": subscription,
        "has_address": bool(_person(request).email),
        "crumbs": [(_("Subscriptions"), reverse("subscription_list"))],
    }
    status = 422 if form.is_bound else 200
    return render(request, "dashboards/subscription_form.html", context, status=status)


@require_POST
@needs(READ_DASHBOARDS)
def subscription_delete(request: HttpRequest, pk: int) -> HttpResponse:
    subscription = _mine(request, pk)
    title = subscription.title
    delete_subscription(subscription)
    messages.success(request, _("You are not sent “%(title)s” any more.") % {"title": title})
    return redirect("subscription_list")


@require_POST
@needs(READ_DASHBOARDS)
def subscription_rest(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it rest; with `resume`, let it go on."""
    subscription = _mine(request, pk)
    if "resume" not in request.POST:
        stop_subscription(subscription)
        return redirect("subscription_list")
    try:
        resume_subscription(subscription)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _told(subscription))
    return redirect("subscription_list")


@csrf_exempt  # mail programs send this form with nothing but the link (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Open to whoever has the link; it says neither whose it is nor what was sent."""
    if read_stop_token(token) is None:
        raise Http404
    is_stopped = request.method == "POST" and unsubscribe(token)
    return render(request, "dashboards/subscription_stop.html", {"is_stopped": is_stopped})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has the permission
    return request.user


def _mine(request: HttpRequest, pk: int) -> Subscription:
    mine = subscriptions_of(_person(request)).select_related("subject", "view", "user")
    return get_object_or_404(mine, pk=pk)
