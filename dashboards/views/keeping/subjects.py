"""All subjects by kind; making, changing and deleting one."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models.deletion import Collector, ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import grouped, listed
from dashboards.selectors.definition_history import Source, changes_page, source_of
from dashboards.selectors.keeping.links import links_of
from dashboards.selectors.months import current_month
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.keeping.conflicts import merged, version_sent, version_text
from dashboards.views.keeping.end_forms import EndForm
from dashboards.views.keeping.steps import BACK, Change, carried, person, step_of, take
from dashboards.views.keeping.subject_forms import MODELS, SubjectForm, subject_form
from dashboards.views.keeping.words import pending_of_subject
from dashboards.views.links import PAGES
from metrics.models import ScorecardAssignment
from metrics.operations.keeping import SubjectVersion, keep_subject
from metrics.operations.projects import ProjectEnd, exemptions_of_closing
from projects.choices import SubjectKind
from projects.models import Engagement, Offer, Organisation, Project, Subject
from projects.months import Month
from projects.naming import in_words
from projects.operations.subjects import as_its_kind, delete_subject

KIND_NAMES = {
    SubjectKind.ORGANISATION: (gettext_lazy("Organisation"), gettext_lazy("organisation")),
    SubjectKind.PORTFOLIO: (gettext_lazy("Portfolios"), gettext_lazy("portfolio")),
    SubjectKind.PROJECT: (gettext_lazy("Projects"), gettext_lazy("project")),
    SubjectKind.SEGMENT: (gettext_lazy("Segments"), gettext_lazy("segment")),
    SubjectKind.CUSTOMER: (gettext_lazy("Customers"), gettext_lazy("customer")),
    SubjectKind.SERVICE: (gettext_lazy("Services"), gettext_lazy("service")),
}
"""What many of a kind are called, and one."""

SPAN_OR_PLACE = frozenset({"active_from", "active_until", "portfolio", "parent", "segment"})


def list_url(kind: str) -> str:
    return f"{reverse('subject_list')}?kind={kind}"


def crumbs_to(subject: Subject | None, kind: str) -> list[tuple[Any, str]]:
    """The way to a subject's form: the list of its kind, and the form itself from further in."""
    crumbs: list[tuple[Any, str]] = [
        (_("Subjects"), reverse("subject_list")),
        (KIND_NAMES[SubjectKind(kind)][0], list_url(kind)),
    ]
    if subject is not None:
        crumbs.append((subject.name, reverse("subject_edit", args=[subject.code])))
    return crumbs


def subject_of(code: str) -> Subject:
    """A subject as a row of its own kind, or a page that is not there."""
    kinds = [f"as_{kind}" for kind in SubjectKind]
    subject = get_object_or_404(Subject.objects.select_related(*kinds), code=code)
    found: Subject = getattr(subject, f"as_{subject.kind}")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def subject_new(request: HttpRequest, kind: str) -> HttpResponse:
    """A form for a new subject of a kind; the address may say where it lies."""
    if kind not in MODELS:
        raise Http404
    if kind == SubjectKind.ORGANISATION and (found := Organisation.objects.first()):
        return redirect("subject_edit", code=found.code)
    return _edited(request, MODELS[kind]())


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def subject_edit(request: HttpRequest, code: str) -> HttpResponse:
    """A subject's facts, its links beside them, and what became of them so far."""
    subject = subject_of(code)
    if isinstance(subject, Engagement):
        return redirect("link_edit", code=subject.project.code, other=subject.segment.code)
    return _edited(request, subject)


def _edited(request: HttpRequest, subject: Subject) -> HttpResponse:
    form_class = subject_form(subject.KIND)
    if request.method != "POST":
        return _page(request, form_class(instance=subject, initial=_initial(request, form_class)))
    stored = copy.copy(subject)
    form = form_class(request.POST, instance=subject)
    if step_of(request) == BACK:
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form)
    if not form.is_new and not form.changed_names:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
        return redirect("subject_edit", code=subject.code)
    end = None
    if form.ends_project:
        assert isinstance(form.instance, Project)
        end = EndForm(form.instance, request.POST)
        if not end.is_valid():
            return _end_page(request, form, end)
    try:
        saved, page = take(request, _change(request, form, end.end if end else None))
    except ValidationError as refusal:
        if any(error.code == "overtaken" for error in getattr(refusal, "error_list", ())):
            return _conflict_page(request, form_class, stored, refusal)
        if end is not None and end.add_refusal(refusal):
            return _end_page(request, form, end)
        form.add_refusal(refusal)
        return _page(request, form)
    if page is not None:
        return page
    messages.success(request, _saved_words(form, saved))
    return redirect("subject_edit", code=saved.code)


def _initial(request: HttpRequest, form_class: type[SubjectForm]) -> dict[str, Any]:
    """What the address says of a new subject: `?portfolio=CODE`."""
    initial = {}
    for name in ("portfolio", "parent", "segment"):
        field = form_class.base_fields.get(name)
        if field is not None and (code := request.GET.get(name)):
            queryset: Any = field.queryset  # type: ignore[attr-defined]
            initial[name] = queryset.filter(code=code).first()
    return initial


def _change(request: HttpRequest, form: SubjectForm, end: ProjectEnd | None) -> Change:
    seen = version_sent(request.POST)

    def run(reason: str) -> Subject:
        subject: Subject = copy.copy(form.instance)
        return keep_subject(
            subject,
            scorecard=form.chosen_scorecard,
            seen=seen,
            end=end,
            open_from=current_month() if form.reopens_project else None,
            by=person(request),
            reason=reason,
        )

    name = form.before.name if form.before is not None else form.instance.name
    return Change(
        run=run,
        counts=form.counts or end is not None or form.reopens_project,
        needs_reason=not form.is_new,
        is_new=form.is_new,
        title=_("Add %(name)s?") % {"name": name}
        if form.is_new
        else _("Change %(name)s?") % {"name": name},
        crumbs=crumbs_to(form.before, form.kind),
        pending=pending_of_subject(form),
        save=_("Add %(kind)s") % {"kind": KIND_NAMES[form.kind][1]} if form.is_new else _("Save"),
        notes=[*_end_words(end), *_reopening_words(form)],
        tells_coverage=form.is_new or bool(form.changed_names & SPAN_OR_PLACE),
    )


def _end_words(end: ProjectEnd | None) -> list[str]:
    if end is None:
        return []
    if not end.goes_on:
        return [_("Measuring stops: it is measured until %(month)s.") % {"month": end.last_month}]
    if not end.exempt:
        return [_("Measuring goes on with all of its metrics.")]
    names = [str(metric.name) for metric in end.exempt]
    return [
        _("Measuring goes on for its benefits. From %(month)s on it is exempted from %(metrics)s.")
        % {"month": end.last_month.plus(1), "metrics": listed(names)}
    ]


def _reopening_words(form: SubjectForm) -> list[str]:
    """What comes back with a project that is delivered again, and what does not by itself."""
    project = form.instance
    if not form.reopens_project or not isinstance(project, Project):
        return []
    running = current_month()
    words = []
    if ending := exemptions_of_closing(project):
        named = [f"{row.metric.name} ({row.subject.code})" for row in ending]
        words.append(
            _(
                "From %(month)s on these are expected again: %(metrics)s. The exemptions that its"
                " closing made end with the month before."
            )
            % {"month": month_name(running), "metrics": listed(named)}
        )
    if project.active_until is not None and project.active_until < running:
        words.append(
            _(
                "It is measured until %(month)s only. To measure it again, go back and make"
                " “Measured until” blank or later."
            )
            % {"month": month_name(Month(project.active_until))}
        )
    return words


def _saved_words(form: SubjectForm, saved: Subject) -> str:
    if not form.is_new:
        return _("%(subject)s is saved.") % {"subject": saved}
    if form.kind in (SubjectKind.PROJECT, SubjectKind.SERVICE):
        return _("%(subject)s is there. Link it now to the segments that it is for.") % {
            "subject": saved
        }
    return _("%(subject)s is there.") % {"subject": saved}


def _page(
    request: HttpRequest, form: SubjectForm, *, version: str = "", **more: Any
) -> HttpResponse:
    """The form; beside it, once the subject is there, its links and its history.

    What was typed was typed over what was seen then, so a form that was sent keeps its version.
    """
    subject = form.before
    context: dict[str, Any] = {
        "form": form,
        "kind": form.kind,
        "kind_name": KIND_NAMES[form.kind][1],
        "subject": subject,
        "crumbs": crumbs_to(None, form.kind),
    }
    if subject is not None:
        if not version:
            sent = request.POST.get("version", "")
            version = sent if form.is_bound else version_text(SubjectVersion.of(subject))
        context |= {
            "version": version,
            "links": links_of(subject),
            "changes": changes_page(subject, request.GET.get("page"), sources=_sources_of(subject)),
            "page_url": _page_url(subject),
        }
    is_refused = form.is_bound and (bool(form.errors) or bool(more))
    return page_or_export(
        request,
        "dashboards/subject_edit.html",
        context | more,
        Exports("" if subject is None else subject.name),
        status=422 if is_refused else 200,
    )


def _page_url(subject: Subject) -> str:
    page = PAGES.get(SubjectKind(subject.kind))
    return reverse(page, args=[subject.code]) if page else ""


def _sources_of(subject: Subject) -> list[Source]:
    """A subject's own changes, with those of its scorecard and of its links."""
    sources = [
        source_of(subject),
        Source(
            ScorecardAssignment,
            {"subject_id": subject.pk},
            gettext_lazy("Scorecard"),
            ("scorecard",),
            ("subject",),
        ),
    ]
    ends = {
        SubjectKind.PROJECT: (Engagement, "project", "segment"),
        SubjectKind.SERVICE: (Offer, "service", "segment"),
    }
    if found := ends.get(SubjectKind(subject.kind)):
        model, own, other = found
        where = {f"{own}_id": subject.pk}
        silent = (own, other, "code", "name", "active_from", "active_until")
        sources.append(Source(model, where, gettext_lazy("Link"), (other,), silent))
    return sources


def _end_page(request: HttpRequest, form: SubjectForm, end: EndForm) -> HttpResponse:
    """How does measuring go on? Asked before the effect is shown."""
    sent = [pair for pair in carried(request.POST) if not pair[0].startswith(f"{end.prefix}-")]
    return render(
        request,
        "dashboards/subject_end.html",
        {
            "form": end,
            "subject": form.before,
            "stage": form.instance.get_stage_display(),
            "carried": sent,
            "crumbs": crumbs_to(form.before, form.kind),
        },
        status=422 if end.is_bound else 200,
    )


def _conflict_page(
    request: HttpRequest,
    form_class: type[SubjectForm],
    subject: Subject,
    refusal: ValidationError,
) -> HttpResponse:
    """Somebody was faster: their values where the person changed nothing, and both elsewhere."""
    seen = version_sent(request.POST)
    assert seen is not None  # or nothing would have been compared
    now = as_its_kind(subject)
    form, clashes = merged(form_class, request.POST, now, seen)
    return _page(
        request,
        form,
        conflict=refusal.messages,
        clashes=clashes,
        version=version_text(SubjectVersion.of(now)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def subject_delete(request: HttpRequest, code: str) -> HttpResponse:
    """What would go, and what that does to scores; or why it stays."""
    subject = subject_of(code)
    if isinstance(subject, Engagement):
        return redirect("link_delete", code=subject.project.code, other=subject.segment.code)
    change = Change(
        run=lambda reason: delete_subject(copy.copy(subject), by=person(request), reason=reason),
        counts=True,
        title=_("Delete %(name)s?") % {"name": subject.name},
        crumbs=crumbs_to(subject, subject.kind),
        save=_("Delete"),
        is_destructive=True,
        notes=_goes_with(subject),
        back=reverse("subject_edit", args=[subject.code]),
    )
    try:
        _none, page = take(request, change)
    except ValidationError as refusal:
        return render(
            request,
            "dashboards/subject_stays.html",
            {
                "subject": subject,
                "refusals": refusal.messages,
                "crumbs": crumbs_to(subject, subject.kind),
                "is_measured": any(
                    error.code == "measured" for error in getattr(refusal, "error_list", ())
                ),
            },
            status=422 if request.method == "POST" else 200,
        )
    if page is not None:
        return page
    messages.success(
        request,
        _("%(subject)s is deleted. Its history stays on record.") % {"subject": subject},
    )
    return redirect(list_url(subject.kind))


def _goes_with(subject: Subject) -> list[str]:
    """What is deleted together with a subject, in numbers."""
    collector = Collector(using=router.db_for_write(Subject), origin=subject)
    try:
        collector.collect([subject])
    except ProtectedError:
        return []  # the operation refuses, and says why
    counts: Counter[tuple[str, str]] = Counter()
    for model, rows in collector.data.items():
        counts[_names_of(model)] += len(rows)
    for query in collector.fast_deletes:
        counts[_names_of(query.model)] += query.count()
    own = {_names_of(Subject), _names_of(type(subject))}
    told = [
        f"{grouped(number)} {names[number != 1]}"
        for names, number in sorted(counts.items())
        if number and names not in own
    ]
    if not told:
        return [_("Nothing else goes with it.")]
    return [_("With it go %(rows)s.") % {"rows": listed(told)}]


def _names_of(model: Any) -> tuple[str, str]:
    return in_words(model._meta.verbose_name), in_words(model._meta.verbose_name_plural)
