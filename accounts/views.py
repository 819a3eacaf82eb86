"""Signing in and out, passwords, the second factor, and where one is signed in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from allauth.account.views import (
    LoginView,
    PasswordChangeView,
    PasswordResetFromKeyView,
    ReauthenticateView,
)
from allauth.core import ratelimit
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LogoutView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView, TemplateView

from accounts.adapter import PortalAccountAdapter
from accounts.forms import (
    ConfirmByCodeForm,
    ConfirmForm,
    ForgottenPasswordForm,
    NewPasswordForm,
    PasswordByMailForm,
    SecondStepForm,
    SetUpForm,
    SignInForm,
)
from accounts.lockout import forget_tries
from accounts.middleware import lacks_second_factor
from accounts.operations.forgotten_passwords import NobodyToSend, ask_for_mail
from accounts.operations.sessions import end_session, end_sessions
from accounts.sessions import places_of
from dashboards.reader_clock import keep_zone


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    form_class = SignInForm

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """A script put the browser's time zone into the form."""
        answer: HttpResponse = super().form_valid(form)
        keep_zone(self.request, self.request.POST.get("time_zone", ""))
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        next_page = context["redirect_field_value"]
        return context | {"next": next_page or "", "asked_for": next_page not in (None, "", "/")}


class SecondStep(AuthenticateView):
    template_name = "accounts/second_step.html"
    form_class = SecondStepForm

    def _build_forms(self) -> SecondStepForm:
        """A code, from the app or from paper; no security keys."""
        data = self.request.POST if self.request.method == "POST" else None
        self.webauthn_form = None
        self.auth_form = self.form_class(user=self.stage.login.user, data=data)
        return self.auth_form


class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        return super().post(request, *args, **kwargs)


class NewPassword(PasswordChangeView):
    template_name = "accounts/password_change.html"
    form_class = NewPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and not request.user.has_usable_password():
            return redirect("account_reset_password")
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        end_sessions(form.user, but=self.request.session.session_key)
        return answer


class ForgottenPassword(FormView):
    template_name = "accounts/password_forgotten.html"
    form_class = ForgottenPasswordForm

    def form_valid(self, form: ForgottenPasswordForm) -> HttpResponse:
        address = form.cleaned_data["email"]
        too_often: HttpResponse | None = ratelimit.consume_or_429(
            self.request, action="reset_password", key=address.casefold()
        )
        if too_often:
            return too_often
        try:
            ask_for_mail(address)
        except NobodyToSend:
            form.add_error(None, _("No mail can be sent just now. Try again in a few minutes."))
            return self.form_invalid(form)
        return redirect("account_reset_password_done")


class PasswordMailSent(TemplateView):
    template_name = "accounts/password_mail_sent.html"
    extra_context = {"minutes": settings.PASSWORD_RESET_TIMEOUT // 60}


class PasswordByMail(PasswordResetFromKeyView):
    template_name = "accounts/password_by_mail.html"
    form_class = PasswordByMailForm
    success_url = reverse_lazy("sign_in")

    def form_valid(self, form: PasswordByMailForm) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        end_sessions(self.reset_user)
        address = PortalAccountAdapter().get_client_ip(self.request)
        forget_tries(self.request, address, self.reset_user)
        return answer


class Confirm(ReauthenticateView):
    """The password once more, before something that a borrowed browser must not do."""

    template_name = "accounts/confirm.html"
    form_class = ConfirmForm
    extra_context = {"by_code": False}


class ConfirmByCode(ReauthenticateByCodeView):
    template_name = "accounts/confirm.html"
    form_class = ConfirmByCodeForm
    extra_context = {"by_code": True}


class SecondFactor(IndexView):
    template_name = "accounts/second_factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        codes = context["authenticators"].get("recovery_codes")
        left = len(codes.get_unused_codes()) if codes else 0
        app = context["authenticators"].get("totp")
        return context | {"app": app.instance if app else None, "codes_left": left}


class SetUp(ActivateTOTPView):
    template_name = "accounts/second_factor_set_up.html"
    form_class = SetUpForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        in_fours = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        must = bool(settings.REQUIRE_SECOND_FACTOR_FOR) and lacks_second_factor(self.request.user)
        return context | {"secret": in_fours, "must": must}


class Remove(DeactivateTOTPView):
    template_name = "accounts/second_factor_remove.html"


class RecoveryCodes(ViewRecoveryCodesView):
    """Codes for when the phone is not at hand, shown once."""

    template_name = "accounts/recovery_codes.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        lines = [_("PMO portal: codes for signing in, each once"), "", *context["unused_codes"], ""]
        return context | {"as_file": f"data:text/plain;charset=utf-8,{quote(chr(10).join(lines))}"}


class NewRecoveryCodes(GenerateRecoveryCodesView):
    template_name = "accounts/recovery_codes_new.html"


@require_safe
@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    places = places_of(request.user, this_key=request.session.session_key)
    others = sum(not place.is_this_one for place in places)
    return render(request, "accounts/session_list.html", {"places": places, "others": others})


@require_POST
@login_required
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    assert isinstance(request.user, User)
    if not end_session(request.user, pk):
        raise Http404
    messages.success(request, _("You are signed out there."))
    return redirect("session_list")


@require_POST
@login_required
def session_end_others(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    count = end_sessions(request.user, but=request.session.session_key)
    told = ngettext(
        "You are signed out in %(count)s other browser.",
        "You are signed out in %(count)s other browsers.",
        count,
    )
    messages.success(request, told % {"count": count})
    return redirect("session_list")
