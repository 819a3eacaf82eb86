"""Imports after the mapping: the check, the import, its report, and its undoing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from dashboards.access import ENTER_MEASUREMENTS, UNDO_IMPORTS, needs
from dashboards.exports.desk import import_rows_table, imports_table
from dashboards.reports.refused_rows import refused_csv, refused_workbook
from dashboards.selectors.import_batches import (
    LEFT_SHOWN,
    BatchPage,
    batch_page,
    batch_with_file,
    batches_page,
    shown_rows,
)
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.month_pages import render_part
from metrics.batches.refused import refused_table
from metrics.batches.undoing import undoing_of
from metrics.choices import BatchMode, BatchState
from metrics.importing.files import FileKind, kind_of
from metrics.models import ImportBatch
from metrics.operations.imports import import_batch as ask_for_import
from metrics.operations.imports import undo_batch

TYPES = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMATS = {"csv": (FileKind.CSV, refused_csv), "xlsx": (FileKind.XLSX, refused_workbook)}

NOT_JUDGED = (BatchState.NEW, BatchState.CHECK_DUE, BatchState.CHECKING, BatchState.FAILED)


class DecisionForm(forms.Form):
    """What is to become of a checked file."""

    mode = forms.ChoiceField(choices=BatchMode)
    is_confirmed = forms.BooleanField(required=False)


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS, UNDO_IMPORTS)
def import_list(request: HttpRequest) -> HttpResponse:
    """All imports: one's own, and for those who may undo anybody's, everybody's."""
    sees_all = request.user.has_perm(UNDO_IMPORTS)
    everybodys = sees_all and request.GET.get("whose") != "mine"
    page = batches_page(request.user, request.GET.get("page"), everybodys=everybodys)
    context = {"imports": page, "sees_all": sees_all, "may_enter": _may_enter(request)}
    return page_or_export(
        request,
        "dashboards/import_list.html",
        context,
        Exports(
            _("Imports"),
            {
                "imports": lambda: imports_table(
                    batches_page(
                        request.user, None, everybodys=everybodys, per_page=LEAST_TOO_MANY
                    ).rows
                )
            },
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS, UNDO_IMPORTS)
def import_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: how far it is, what is said of its rows, and the decision about it."""
    batch = _batch(request, pk)
    refusals: list[str] = []
    if request.method == "POST":
        refusals = _decide(request, batch)
        if not refusals:
            return redirect("import_batch", pk=pk)
        batch = _batch(request, pk)
    page = batch_page(batch, request.GET.get("rows", ""), request.GET.get("page"))
    context = {
        "page": page,
        "refusals": refusals,
        "is_own": batch.created_by_id == request.user.pk and _may_enter(request),
        "may_undo": _may_undo(request, batch),
        "chosen_mode": request.POST.get("mode") or _usual_mode(page),
        "is_confirmed": bool(request.POST.get("is_confirmed")),
        **_crumbs(),
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        if page.is_busy:
            return render_part(request, "import_progress", context)
        return HttpResponseClientRefresh()
    status = 422 if refusals else 200
    label = _("Now") if page.shows_left else _("Before")
    return page_or_export(
        request,
        "dashboards/import_batch.html",
        context,
        Exports(
            _("import %(number)s %(verdict)s") % {"number": pk, "verdict": _verdict(page)},
            {
                "rows": lambda: import_rows_table(
                    batch_page(
                        batch, request.GET.get("rows", ""), None, per_page=LEAST_TOO_MANY
                    ).rows,
                    label_of_before=label,
                )
            },
        ),
        status=status,
    )


def _verdict(page: BatchPage) -> str:
    """Of the rows that are shown."""
    return next((tab.verdict.value for tab in page.tabs if tab.is_chosen), "")


def _decide(request: HttpRequest, batch: ImportBatch) -> list[str]:
    """Ask for the import; the sentences that stand against it."""
    if batch.created_by_id != request.user.pk or not _may_enter(request):
        raise PermissionDenied
    assert isinstance(request.user, User)  # nobody else has the permission
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return [_("Choose whether all rows or the accepted rows only are imported.")]
    try:
        ask_for_import(
            batch,
            mode=BatchMode(form.cleaned_data["mode"]),
            is_confirmed=form.cleaned_data["is_confirmed"],
            by=request.user,
        )
    except ValidationError as refusal:
        return refusal.messages
    return []


def _usual_mode(page: BatchPage) -> str:
    return BatchMode.ACCEPTED_ONLY if page.refused else BatchMode.ALL_OR_NOTHING


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS, UNDO_IMPORTS)
def import_refused(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not stored, as CSV or XLSX, to be mended and sent again."""
    batch = _batch(request, pk)
    if batch.state in NOT_JUDGED:
        raise Http404
    ending = request.GET.get("as", "xlsx")
    if ending not in FORMATS:
        raise Http404
    kind, write = FORMATS[ending]
    name = batch.file.name.rsplit(".", 1)[0] or "import"
    return _download(write(refused_table(batch)), f"{name}-refused.{ending}", kind)


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS, UNDO_IMPORTS)
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it came."""
    batch = _batch(request, pk)
    content = bytes(batch.file.content)
    return _download(content, batch.file.name, kind_of(content))


def _download(content: bytes, name: str, kind: FileKind) -> HttpResponse:
    """Never shown by the browser itself, whatever is in it."""
    return HttpResponse(
        content,
        content_type=TYPES[kind],
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name)
            or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS, UNDO_IMPORTS)
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Say first what would come back and what would stay; then ask a worker to undo."""
    batch = _batch(request, pk)
    if not _may_undo(request, batch):
        raise PermissionDenied
    if batch.state != BatchState.DONE:
        return redirect("import_batch", pk=pk)
    if request.method == "POST":
        assert isinstance(request.user, User)  # nobody else has the permission
        try:
            undo_batch(batch, by=request.user)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("import_batch", pk=pk)
    undoing = undoing_of(batch)
    context = {
        "batch": batch,
        "undoing": undoing,
        "left": shown_rows(undoing.left[:LEFT_SHOWN]),
        "crumbs": [
            *_crumbs()["crumbs"],
            (_("Import %(number)s") % {"number": pk}, reverse("import_batch", args=[pk])),
        ],
    }
    return page_or_export(
        request,
        "dashboards/import_undo.html",
        context,
        Exports(
            _("import %(number)s left") % {"number": pk},
            {"rows": lambda: import_rows_table(shown_rows(undoing.left), label_of_before=_("Now"))},
        ),
    )


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    """One's own, or anybody's for those who may undo anybody's."""
    batch = batch_with_file(pk)
    if batch is None:
        raise Http404
    if batch.created_by_id != request.user.pk and not request.user.has_perm(UNDO_IMPORTS):
        raise PermissionDenied
    return batch


def _may_enter(request: HttpRequest) -> bool:
    return request.user.has_perm(ENTER_MEASUREMENTS)


def _may_undo(request: HttpRequest, batch: ImportBatch) -> bool:
    if request.user.has_perm(UNDO_IMPORTS):
        return True
    return batch.created_by_id == request.user.pk and _may_enter(request)


def _crumbs() -> dict[str, Any]:
    return {"crumbs": [(_("Imports"), reverse("import_list"))]}
