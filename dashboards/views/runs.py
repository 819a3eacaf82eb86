"""Are the scores up to date? Runs with live progress, and the button that asks for one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import KEEP_DEFINITIONS, READ_DASHBOARDS, needs
from dashboards.selectors.runs import runs_page
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.choices import RunTrigger
from metrics.operations.rescoring import ask_for_a_run
from metrics.operations.runs import request_full_run


@require_safe
@never_cache
@needs(READ_DASHBOARDS)
def run_list(request: HttpRequest) -> HttpResponse:
    """All runs; HTMX asks for them again as long as something goes on."""
    context = {"runs": runs_page(request.GET.get("page"))}
    if is_asked_for(request, "runs"):
        return render_part(request, "runs", context)
    return render(request, "dashboards/run_list.html", context)


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
