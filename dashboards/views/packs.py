"""Monthly packs: which there are, and their files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import READ_ORGANISATION, needs
from dashboards.exports.packs import kept_packs_table
from dashboards.models import Pack, PackKind
from dashboards.models.packs import MEDIA_TYPES, file_name
from dashboards.operations.packs import keep_packs, pack_now
from dashboards.packs.content import canonical
from dashboards.packs.reading import PACK_KINDS
from dashboards.packs.writing import PackNotWritten
from dashboards.presentation.months import month_name
from dashboards.selectors.packs import (
    kept_packs,
    organisation_first,
    pack_choice,
    pack_subjects,
)
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY
from dashboards.views.month_pages import render_month
from dashboards.views.requests import month_of
from metrics.closed_months import ClosedMonths
from metrics.models import MonthClosing
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month


class SubjectForm(forms.Form):
    """Whom the pack is about."""

    subject = forms.ChoiceField(label=gettext_lazy("Pack of"), required=False)

    def __init__(self, data: Any, subjects: list[Subject]) -> None:
        super().__init__(data)
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in subjects:
            label = str(SubjectKind(row.kind).label)
            groups.setdefault(label, []).append((row.code, row.name))
        self.fields["subject"].choices = list(groups.items())  # type: ignore[attr-defined]


@require_safe
@needs(READ_ORGANISATION)
def pack_list(request: HttpRequest) -> HttpResponse:
    """The packs of a subject and a month, and all that are kept."""
    month = month_of(request)
    subjects = pack_subjects()
    subject = organisation_first(subjects, request.GET.get("subject", ""))
    if month is None or subject is None:
        return nothing_yet(request)
    form = SubjectForm({"subject": subject.code}, subjects)
    choice = pack_choice(subject, month)
    return render_month(
        request,
        "pack_list",
        month,
        {
            "form": form,
            "choice": choice,
            "kinds": PackKind,
            "kept": kept_packs(request.GET.get("page")),
        },
        title=_("Packs"),
        exports={
            "of-month": lambda: kept_packs_table(subject.code, choice.kept),
            "kept": lambda: kept_packs_table(
                _("all kept"), kept_packs(None, per_page=LEAST_TOO_MANY)
            ),
        },
    )


@require_safe
@needs(READ_ORGANISATION)
def pack_open(request: HttpRequest, code: str, month: Month, kind: str) -> HttpResponse:
    """The pack of an open month as it stands now; that of a closed one is kept elsewhere."""
    subject = get_object_or_404(Subject, code=code, kind__in=PACK_KINDS)
    if kind not in PackKind.values:
        raise Http404
    if month in ClosedMonths.read():
        return redirect(_page_of(subject, month))
    try:
        written = pack_now(subject, month, kind)
    except PackNotWritten as refusal:
        return _not_written(request, subject, month, str(refusal))
    return _file(
        written, file_name(subject.code, f"{month}-open", kind), MEDIA_TYPES[PackKind(kind)]
    )


@require_POST
@needs(READ_ORGANISATION)
def pack_keep(request: HttpRequest, closing: int, code: str) -> HttpResponse:
    """Make the packs of a closing that nobody has asked for yet, and keep them."""
    subject = get_object_or_404(Subject, code=code, kind__in=PACK_KINDS)
    row = get_object_or_404(MonthClosing.objects.select_related("closed_by"), pk=closing)
    assert isinstance(request.user, User)  # nobody else has the permission
    try:
        keep_packs(row, subject, by=request.user)
    except (ValidationError, PackNotWritten) as refusal:
        told = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
        return _not_written(request, subject, row.month, " ".join(told))
    messages.success(
        request,
        _("The pack of %(subject)s for %(month)s is made and kept.")
        % {"subject": subject.name, "month": month_name(row.month)},
    )
    return redirect(_page_of(subject, row.month))


@require_safe
@needs(READ_ORGANISATION)
def pack_kept(request: HttpRequest, number: int) -> HttpResponse:
    """A kept file, byte for byte as it was made."""
    pack = get_object_or_404(Pack.objects.select_related("closing"), pk=number)
    response = _file(bytes(pack.content), pack.file_name, MEDIA_TYPES[PackKind(pack.kind)])
    response["ETag"] = f'"{pack.sha256}"'
    return response


@require_safe
@needs(READ_ORGANISATION)
def pack_data(request: HttpRequest, number: int) -> HttpResponse:
    """The data that a kept file was written from; its SHA-256 is the one printed in the file."""
    pack = get_object_or_404(Pack.objects.defer("content"), pk=number)
    name = f"{pack.file_name.rpartition('.')[0]}.json"
    return _file(canonical(pack.data), name, "application/json")


def _page_of(subject: Subject, month: Month) -> str:
    return f"{reverse('pack_list')}?{urlencode({'month': str(month), 'subject': subject.code})}"


def _file(written: bytes, name: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        written,
        content_type=media_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
            "Cache-Control": "private",
        },
    )


def _not_written(request: HttpRequest, subject: Subject, month: Month, reason: str) -> HttpResponse:
    return render(
        request,
        "dashboards/pack_refused.html",
        {
            "subject": subject,
            "reason": reason,
            "back": _page_of(subject, month),
            "crumbs": [(_("Packs"), reverse("pack_list"))],
        },
        status=422,
    )
