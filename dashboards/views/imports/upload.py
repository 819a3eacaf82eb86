"""A file is chosen, looked at, and kept; what the portal wrote itself needs no mapping."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.import_forms import UploadForm
from dashboards.selectors.import_mapping import first_choice
from metrics.choices import BatchState
from metrics.importing.files import Received, receive
from metrics.importing.names import stored_names
from metrics.importing.problems import FileProblem
from metrics.models import ImportBatch
from metrics.operations.imports import map_batch, receive_file


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ENTER_MEASUREMENTS)
def import_upload(request: HttpRequest) -> HttpResponse:
    """Send a file to be imported; nothing of it is stored yet."""
    if request.method != "POST":
        return _page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    # The upload was cut off before it was whole; there is no file to speak of.
    refusal = getattr(request, "upload_refusal", "")
    if refusal:
        form.errors.pop("file", None)
        form.add_error("file", refusal)
    if not form.is_valid():
        return _page(request, form, status=422)
    assert isinstance(request.user, User)  # nobody else has the permission
    upload = form.cleaned_data["file"]
    content = upload.read()
    upload.seek(0)
    try:
        # Looked at here, and held, so that it is opened once for all that follows.
        received = receive(content, upload.name, largest=settings.IMPORT_MAX_BYTES)
        with transaction.atomic():
            batch = receive_file(upload, by=request.user)
            is_mapped = batch.state != BatchState.NEW or _map_what_is_ours(
                batch, content, received, by=request.user
            )
    except FileProblem as problem:
        form.add_error("file", str(problem))
        return _page(request, form, status=422)
    return redirect("import_batch" if is_mapped else "import_mapping", pk=batch.pk)


def _map_what_is_ours(batch: ImportBatch, content: bytes, received: Received, *, by: User) -> bool:
    """Files that the portal wrote are mapped by their header, unless something is to be asked."""
    try:
        chosen = first_choice(content, received, stored_names(), by)
    except FileProblem:
        return False  # how it is read is asked on the next page, which shows what is wrong
    if not chosen.is_recognised or chosen.unsure:
        return False
    map_batch(batch, reading=chosen.reading, mapping=chosen.mapping, by=by)
    return True


def _page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "crumbs": [(_("Imports"), reverse("import_list"))]}
    return render(request, "dashboards/import_upload.html", context, status=status)
