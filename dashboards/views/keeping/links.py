"""Links: projects that serve segments, services that are offered to them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import UniqueConstraint
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.selectors.definition_history import changes_page
from dashboards.selectors.keeping.links import OTHER_ENDS, link_between, not_linked_yet
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.keeping.conflicts import keys_in, version_sent, version_text
from dashboards.views.keeping.fields import KeepingForm, form_field
from dashboards.views.keeping.steps import BACK, Change, person, step_of, take
from dashboards.views.keeping.subjects import KIND_NAMES, crumbs_to, subject_of
from dashboards.views.keeping.words import Pending, pending_changes
from metrics.models import Scorecard, ScorecardAssignment
from metrics.operations.keeping import SubjectVersion, keep_offer, keep_subject
from projects.choices import SubjectKind, kind_word
from projects.models import Engagement, Offer, Subject
from projects.operations.links import delete_offer
from projects.operations.recording import changed_fields
from projects.operations.subjects import delete_subject
from projects.operations.versions import version_of
from projects.validation import unknown

SUBJECTS_IN_A_LIST = 150
"""Of more subjects one types a few letters instead of opening a list."""

Link = Engagement | Offer


class LinkForm(KeepingForm):
    """The terms of a link; of a new one its other end, too."""

    other = forms.CharField(error_messages={"required": gettext_lazy("Choose one.")})

    def __init__(self, *args: Any, subject: Subject, other_kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self.other_kind = SubjectKind(other_kind)
        self.before = None if self.is_new else copy.copy(self.instance)
        self.other_choices: Sequence[tuple[str, str]] = ()
        if self.is_new:
            self._offer_others(subject)
        else:
            del self.fields["other"]

    def _offer_others(self, subject: Subject) -> None:
        self.other_choices = not_linked_yet(subject, self.other_kind)
        field = self.fields["other"]
        field.label = self.other_kind.label
        if self.needs_a_list:
            field.widget = forms.TextInput(attrs={"list": "others", "autocomplete": "off"})
            field.help_text = _("Type a few letters of the code or the name.")
        else:
            named = [(code, f"{name} ({code})") for code, name in self.other_choices]
            field.widget = forms.Select(choices=[("", _("Choose…")), *named])

    @property
    def needs_a_list(self) -> bool:
        """Whether the other ends are offered as suggestions while one types."""
        return len(self.other_choices) > SUBJECTS_IN_A_LIST

    def clean_other(self) -> str:
        code = str(self.cleaned_data["other"]).strip()
        known = [known for known, _name in self.other_choices]
        other = Subject.objects.filter(code=code, kind=self.other_kind).first()
        if other is None:
            raise ValidationError(unknown(kind_word(self.other_kind), code, known), code="unknown")
        if code not in known:
            raise ValidationError(_linked_already(self.instance), code="unique")
        setattr(self.instance, f"{self.other_kind.value}_id", other.pk)
        return code

    @property
    def counts(self) -> bool:
        changed = changed_fields(self.before, self.instance)
        return self.is_new or bool(changed & {"share", "weight"})

    @property
    def is_changed(self) -> bool:
        return bool(changed_fields(self.before, self.instance))

    def pending(self) -> list[Pending]:
        return pending_changes(self.before, self.instance)

    def version(self) -> str:
        return str(version_of(self.instance))


def _linked_already(link: Link) -> str:
    """The sentence of the constraint that would refuse it."""
    constraints = type(link)._meta.constraints
    one = next(rule for rule in constraints if isinstance(rule, UniqueConstraint))
    return str(one.violation_error_message)


class OfferForm(LinkForm):
    """A service offered to a segment: how much it counts, and what it costs there."""

    class Meta:
        model = Offer
        fields = ("weight", "annual_cost", "benchmark_cost", "currency")
        formfield_callback = form_field
        help_texts = {
            "annual_cost": gettext_lazy("What the service costs for this segment in a year."),
            "benchmark_cost": gettext_lazy("What the same would cost elsewhere."),
            "currency": gettext_lazy("Three capital letters, such as EUR; of both amounts."),
        }

    field_order = ("other",)


class EngagementForm(LinkForm):
    """A project for a segment: its share, and by which scorecard that work is scored."""

    scorecard = forms.ModelChoiceField(
        Scorecard.objects.none(),
        label=gettext_lazy("Scorecard"),
        required=False,
        help_text=gettext_lazy("By which the project's work for just this segment is scored."),
    )

    class Meta:
        model = Engagement
        fields = ("share",)
        formfield_callback = form_field

    field_order = ("other", "share", "scorecard")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cards = Scorecard.objects.filter(subject_kind=SubjectKind.ENGAGEMENT)
        field = self.fields["scorecard"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = cards.order_by("-is_default", "name")
        field.empty_label = _("The default of all engagements, if there is one")
        own = ScorecardAssignment.objects.filter(subject=self.instance.pk)
        found = None if self.is_new else own.select_related("scorecard").first()
        self.scorecard_before = found.scorecard if found else None
        self.initial["scorecard"] = self.scorecard_before

    @property
    def scorecard_changes(self) -> bool:
        return bool(self.cleaned_data["scorecard"] != self.scorecard_before)

    @property
    def counts(self) -> bool:
        return super().counts or self.scorecard_changes

    @property
    def is_changed(self) -> bool:
        return super().is_changed or self.scorecard_changes

    def pending(self) -> list[Pending]:
        changes = super().pending()
        if self.scorecard_changes:
            default = _("the default of its kind")
            cards = (self.scorecard_before, self.cleaned_data["scorecard"])
            before, after = (card.name if card else default for card in cards)
            changes.append(Pending("scorecard", _("Scorecard"), before, after))
        return changes

    def version(self) -> str:
        return version_text(SubjectVersion.of(self.instance))


def _ends_of(code: str, other: str) -> tuple[Subject, Subject]:
    return subject_of(code), subject_of(other)


def _link_of(code: str, other: str) -> tuple[Subject, Subject, Link]:
    subject, end = _ends_of(code, other)
    link = link_between(subject, end)
    if link is None:
        raise Http404
    return subject, end, link


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def link_new(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Link a subject to another one of a kind."""
    subject = subject_of(code)
    if kind not in SubjectKind.values:
        raise Http404
    model = OTHER_ENDS.get((SubjectKind(subject.kind), SubjectKind(kind)))
    if model is None:
        raise Http404
    link: Link = Engagement() if model is Engagement else Offer()
    setattr(link, f"{subject.kind}_id", subject.pk)
    return _edited(request, subject, None, link, kind)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def link_edit(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Change on what terms two subjects are linked."""
    subject, end, link = _link_of(code, other)
    return _edited(request, subject, end, link, end.kind)


def _edited(
    request: HttpRequest, subject: Subject, end: Subject | None, link: Link, kind: str
) -> HttpResponse:
    form_class = EngagementForm if isinstance(link, Engagement) else OfferForm
    about: dict[str, Any] = {"subject": subject, "other_kind": kind}
    if request.method != "POST":
        return _page(request, form_class(instance=link, **about), subject, end)
    form = form_class(request.POST, instance=link, **about)
    if step_of(request) == BACK or not form.is_valid():
        return _page(request, form, subject, end)
    if not form.is_changed:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
        return redirect("subject_edit", code=subject.code)
    try:
        saved, page = take(request, _change(request, form, subject, end))
    except ValidationError as refusal:
        form.add_refusal(refusal)
        is_overtaken = form.has_error("__all__", "overtaken")
        return _page(request, form, subject, end, is_overtaken=is_overtaken)
    if page is not None:
        return page
    messages.success(request, _saved_words(saved, is_new=form.is_new))
    return redirect(f"{reverse('subject_edit', args=[subject.code])}#links")


def _change(
    request: HttpRequest, form: EngagementForm | OfferForm, subject: Subject, end: Subject | None
) -> Change:
    def run(reason: str) -> Link:
        by = person(request)
        if isinstance(form, OfferForm):
            offer: Offer = copy.copy(form.instance)
            seen = keys_in([request.POST.get("version", "")])
            return keep_offer(offer, seen=seen[0] if seen else None, by=by, reason=reason)
        engagement: Engagement = copy.copy(form.instance)
        return keep_subject(
            engagement,
            scorecard=form.cleaned_data["scorecard"],
            seen=version_sent(request.POST),
            by=by,
            reason=reason,
        )

    if end is None:
        title = _("Link %(subject)s?") % {"subject": subject.name}
    else:
        title = _("Change the link of %(subject)s and %(other)s?") % {
            "subject": subject.name,
            "other": end.name,
        }
    return Change(
        run=run,
        counts=form.counts,
        needs_reason=not form.is_new,
        is_new=form.is_new,
        title=title,
        crumbs=crumbs_to(subject, subject.kind),
        pending=form.pending(),
        save=_("Add the link") if form.is_new else _("Save"),
        tells_coverage=form.is_new,
    )


def _saved_words(link: Link, *, is_new: bool) -> str:
    if not is_new:
        return _("The link is saved.")
    if isinstance(link, Engagement):
        return _("%(project)s now serves %(segment)s.") % {
            "project": link.project.name,
            "segment": link.segment.name,
        }
    return _("%(service)s is now offered to %(segment)s.") % {
        "service": link.service.name,
        "segment": link.segment.name,
    }


def _page(
    request: HttpRequest,
    form: EngagementForm | OfferForm,
    subject: Subject,
    end: Subject | None,
    *,
    is_overtaken: bool = False,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "subject": subject,
        "end": end,
        "other_name": KIND_NAMES[form.other_kind][1],
        "is_offer": isinstance(form, OfferForm),
        "crumbs": crumbs_to(subject, subject.kind),
    }
    if form.before is not None:
        link = link_between(subject, end) if end is not None and is_overtaken else form.before
        assert link is not None
        sent = request.POST.get("version", "") if form.is_bound and not is_overtaken else ""
        context |= {
            "version": sent or form.version(),
            "now": pending_changes(form.instance, link) if is_overtaken else [],
            "changes": changes_page(form.before, request.GET.get("page")),
        }
    return page_or_export(
        request,
        "dashboards/link_edit.html",
        context,
        Exports(subject.name if end is None else f"{subject.name} {end.name}"),
        status=422 if form.is_bound and form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def link_delete(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Take a link away, and the engagement with it."""
    subject, end, link = _link_of(code, other)
    back = reverse("link_edit", args=[subject.code, end.code])

    def run(reason: str) -> None:
        row, by = copy.copy(link), person(request)
        if isinstance(row, Engagement):
            delete_subject(row, by=by, reason=reason)
        else:
            delete_offer(row, by=by, reason=reason)

    change = Change(
        run=run,
        counts=True,
        title=_("Take away the link of %(subject)s and %(other)s?")
        % {"subject": subject.name, "other": end.name},
        crumbs=crumbs_to(subject, subject.kind),
        save=_("Take the link away"),
        is_destructive=True,
        back=back,
    )
    try:
        _none, page = take(request, change)
    except ValidationError as refusal:
        return render(
            request,
            "dashboards/subject_stays.html",
            {
                "subject": link,
                "refusals": refusal.messages,
                "crumbs": crumbs_to(subject, subject.kind),
                "instead": back,
                "instead_words": _("Change its share"),
                "back": reverse("subject_edit", args=[subject.code]),
            },
            status=422 if request.method == "POST" else 200,
        )
    if page is not None:
        return page
    messages.success(request, _("The link is taken away. Its history stays on record."))
    return redirect(f"{reverse('subject_edit', args=[subject.code])}#links")
