"""Are the scores up to date? Runs with live progress, and the button that asks for one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import KEEP_DEFINITIONS, READ_ORGANISATION, needs
from dashboards.exports.running import runs_table
from dashboards.selectors.runs import runs_page
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.choices import RunTrigger
from metrics.operations.rescoring import ask_for_a_run
from metrics.operations.runs import request_full_run


@require_safe
@never_cache
@needs(READ_ORGANISATION)
def run_list(request: HttpRequest) -> HttpResponse:
    """All runs; HTMX asks for them again as long as something goes on."""
    context = {"runs": runs_page(request.GET.get("page"))}
    if is_asked_for(request, "runs"):
        return render_part(request, "runs", context)
    return page_or_export(
        request,
        "dashboards/run_list.html",
        context,
        Exports(
            _("Runs"), {"runs": lambda: runs_table(runs_page(None, per_page=LEAST_TOO_MANY).rows)}
        ),
    )


@require_POST
@needs(KEEP_DEFINITIONS)
def run_request(request: HttpRequest) -> HttpResponse:
    """Ask for all open months to be scored; a request that waits already is enough."""
    assert isinstance(request.user, User)  # nobody else has the permission
    with transaction.atomic():
        run = request_full_run(RunTrigger.COMMAND, by=request.user)
        transaction.on_commit(ask_for_a_run)
    messages.success(
        request,
        _("Run %(number)s will score all open months as soon as a worker is free.")
        % {"number": run.pk},
    )
    return redirect("run_list")
