"""The start, one's own account, and a record of every refusal."""

import logging
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.asking import shown_path
from accounts.audit import begin_waiting, keep_what_waits, record_if_possible
from accounts.choices import Happening
from accounts.recording import note_answer
from api.models import PersonalToken
from dashboards.reader_clock import TimeZoneField, keep_zone, zone_name
from pmo_portal.roles import home_for, roles_of

logger = logging.getLogger(__name__)

REFUSALS = (401, 403)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The page of one's role."""
    return redirect(home_for(request.user))


class ClockForm(forms.Form):
    time_zone = TimeZoneField(
        help_text=gettext_lazy(
            "Until you sign out; when you sign in, it is that of your browser. Days, such as the"
            " one on which a value is due, are the same for everybody."
        )
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and on whose clocks times are shown."""
    given = request.POST if request.method == "POST" else None
    clock = ClockForm(given, initial={"time_zone": zone_name(request)})
    if clock.is_valid():
        keep_zone(request, clock.cleaned_data["time_zone"])
        messages.success(
            request,
            _("Times are shown as in %(zone)s.") % {"zone": zone_name(request).replace("_", " ")},
        )
        return redirect("account")
    return render(
        request,
        "pmo_portal/account.html",
        {
            "roles": roles_of(request.user),
            "clock": clock,
            "has_second_factor": is_mfa_enabled(request.user),
        },
        status=422 if clock.is_bound else 200,
    )


class RefusalLogMiddleware:
    """Every refusal leaves a line in the log and a row in the audit log, whatever refused.

    A view, a form's token, the admin site, the API. Outside of all transactions of the answer:
    what these take back does not take the refusal with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begin_waiting(request)
        response = self.get_response(request)
        keep_what_waits(request)
        if response.status_code in REFUSALS:
            note_refusal(request, response)
        else:
            note_answer(request, response)
        return response


def note_refusal(request: HttpRequest, response: HttpResponse) -> None:
    user = getattr(request, "user", None)
    name = user.get_username() if user is not None and user.is_authenticated else "nobody signed in"
    logger.warning("Refused: %s %s to %s", request.method, shown_path(request), name)
    record_if_possible(Happening.REFUSED, detail=_why(request, response), request=request)


def _why(request: HttpRequest, response: HttpResponse) -> str:
    """The API's code for it, and by which token it was asked."""
    data = getattr(response, "data", None)
    words = [str(response.status_code), data.get("code") if isinstance(data, dict) else ""]
    token = getattr(request, "auth", None)
    if isinstance(token, PersonalToken):
        words.append(str(token))
    return ", ".join(str(word) for word in words if word)
