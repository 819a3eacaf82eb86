"""Events: all of them on one page, and the forms with which one is noted, changed and deleted."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import KEEP_DEFINITIONS, READ_DASHBOARDS, needs
from dashboards.exports.events import events_table
from dashboards.selectors.definition_history import changes_page
from dashboards.selectors.events import event_page
from dashboards.selectors.months import current_month
from dashboards.selectors.search import subjects_like
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.keeping.conflicts import keys_in
from dashboards.views.keeping.fields import KeepingForm, form_field
from dashboards.views.keeping.steps import person
from dashboards.views.keeping.words import pending_changes
from dashboards.views.links import LISTS, PAGES
from projects.choices import SubjectKind
from projects.models import Event, Subject
from projects.operations.events import delete_event, save_event
from projects.operations.recording import changed_fields
from projects.operations.versions import version_of

BACK = "next"

NEAR_MATCHES = 8


class EventForm(KeepingForm):
    """What happened, and when."""

    refusals_at = {"event_noted": "title"}

    class Meta:
        model = Event
        fields = ("title", "day", "text")
        formfield_callback = form_field
        labels = {
            "title": gettext_lazy("What happened"),
            "text": gettext_lazy("More about it"),
        }
        help_texts = {
            "title": gettext_lazy("In a few words: “New pricing”, “Merger”."),
            "day": gettext_lazy("What is planned can be noted, too."),
            "text": gettext_lazy("For whoever asks later why a line turned there."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self.before = None if self.is_new else copy.copy(self.instance)

    @property
    def is_changed(self) -> bool:
        return bool(changed_fields(self.before, self.instance))


@require_safe
@needs(READ_DASHBOARDS)
def event_list(request: HttpRequest) -> HttpResponse:
    """All events, or `?of=CODE` those of a subject and of everything below it.

    `?q=TEXT` leads to the subject that is meant, or names those that may be.
    """
    text = request.GET.get("q", "").strip()
    near = subjects_like(text, NEAR_MATCHES)
    if near and (len(near) == 1 or near[0].code.casefold() == text.casefold()):
        return redirect(f"{reverse('event_list')}?{urlencode({'of': near[0].code})}")
    code = request.GET.get("of", "")
    subject = get_object_or_404(Subject, code=code) if code else None
    return page_or_export(
        request,
        "dashboards/event_list.html",
        {
            "subject": subject,
            "events": event_page(subject, request.GET.get("page", "1")),
            "month": current_month(),
            "subject_url": "" if subject is None else _page_of(subject),
            "text": text,
            "near": near,
        },
        Exports(
            _("Events") if subject is None else subject.name,
            {"events": lambda: events_table(event_page(subject, "1", per_page=LEAST_TOO_MANY))},
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def event_new(request: HttpRequest, code: str) -> HttpResponse:
    """Note what happened to a subject."""
    kept = Subject.objects.exclude(kind=SubjectKind.ENGAGEMENT)
    subject = get_object_or_404(kept, code=code)
    return _edited(request, Event(subject=subject, day=timezone.localdate()))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def event_edit(request: HttpRequest, number: int) -> HttpResponse:
    """Change what was noted."""
    return _edited(request, _event_of(number))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def event_delete(request: HttpRequest, number: int) -> HttpResponse:
    """Ask, and take the note away."""
    event = _event_of(number)
    back = _way_back(request, event.subject)
    refusals: list[str] = []
    if request.method == "POST":
        words = str(event)
        try:
            delete_event(event, seen=_version_sent(request), by=person(request))
        except ValidationError as refusal:
            refusals, event = refusal.messages, _event_of(number)
        else:
            messages.success(
                request,
                _("%(event)s is deleted. Its history stays on record.") % {"event": words},
            )
            return redirect(back)
    return render(
        request,
        "dashboards/event_delete.html",
        {
            "event": event,
            "subject": event.subject,
            "refusals": refusals,
            "version": version_of(event),
            "back": back,
            "crumbs": _crumbs(event.subject),
        },
        status=422 if refusals else 200,
    )


def _event_of(number: int) -> Event:
    return get_object_or_404(Event.objects.select_related("subject"), pk=number)


def _version_sent(request: HttpRequest) -> int | None:
    seen = keys_in([request.POST.get("version", "")])
    return seen[0] if seen else None


def _edited(request: HttpRequest, event: Event) -> HttpResponse:
    if request.method != "POST":
        return _page(request, EventForm(instance=event))
    form = EventForm(request.POST, instance=event)
    if not form.is_valid():
        return _page(request, form)
    back = _way_back(request, event.subject)
    if not form.is_changed:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
        return redirect(back)
    try:
        saved = save_event(
            copy.copy(form.instance), seen=_version_sent(request), by=person(request)
        )
    except ValidationError as refusal:
        form.add_refusal(refusal)
        return _page(request, form)
    said = _("%(event)s is noted.") if form.is_new else _("%(event)s is saved.")
    messages.success(request, said % {"event": saved})
    return redirect(back)


def _page(request: HttpRequest, form: EventForm) -> HttpResponse:
    """The form; of an event that is there, with what became of it so far."""
    event: Event = form.instance
    context: dict[str, Any] = {
        "form": form,
        "subject": event.subject,
        "back": _way_back(request, event.subject),
        "crumbs": _crumbs(event.subject),
    }
    if form.before is not None:
        is_overtaken = form.has_error("__all__", "overtaken")
        now = Event.objects.filter(pk=event.pk).first() if is_overtaken else None
        sent = request.POST.get("version", "") if form.is_bound and now is None else ""
        context |= {
            "event": form.before,
            "version": sent or version_of(event),
            "now": pending_changes(event, now) if now is not None else [],
            "changes": changes_page(form.before, request.GET.get("page")),
        }
    return page_or_export(
        request,
        "dashboards/event_form.html",
        context,
        Exports(event.title or event.subject.name),
        status=422 if form.is_bound and form.errors else 200,
    )


def _crumbs(subject: Subject) -> list[tuple[Any, str]]:
    listed, label = LISTS[SubjectKind(subject.kind)]
    crumbs: list[tuple[Any, str]] = [(label, reverse(listed))]
    if SubjectKind(subject.kind) in PAGES:
        crumbs.append((subject.name, _page_of(subject)))
    return crumbs


def _page_of(subject: Subject) -> str:
    """The page on which the subject's events are listed beside its charts."""
    page = PAGES.get(SubjectKind(subject.kind))
    return reverse(page, args=[subject.code]) if page else reverse("summary")


def _way_back(request: HttpRequest, subject: Subject) -> str:
    """Where the person came from, else the subject's own page; never another site."""
    address = request.POST.get(BACK) or request.GET.get(BACK) or ""
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        return address
    return _page_of(subject)
