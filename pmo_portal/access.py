"""Sign-in, sign-out, one's own account, and a record of every refusal."""

import logging
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pmo_portal.roles import home_for, roles_of

logger = logging.getLogger(__name__)


class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True


class ChangePassword(PasswordChangeView):
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your password was changed."))
        return super().form_valid(form)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The page of one's role."""
    return redirect(home_for(request.user))


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "pmo_portal/account.html", {"roles": roles_of(request.user)})


class RefusalLogMiddleware:
    """Every refusal leaves a line in the log, whatever refused: a view, a form's token, the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 403:
            user = getattr(request, "user", None)
            name = (
                user.get_username()
                if user is not None and user.is_authenticated
                else "nobody signed in"
            )
            logger.warning("Refused: %s %s to %s", request.method, request.path, name)
        return response
