"""What django-allauth asks the portal: who may come in, where pages lead, how secrets are kept."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.asking import client_address
from accounts.encryption import Unreadable, decrypt, encrypt
from accounts.lockout import LOCK_OUT, Try, remember_browser
from accounts.operations.security_mails import CHANGES, tell_of_change

NO_ADDRESS = "0.0.0.0"  # nosec B104 - it names nobody; nothing listens there

TOLD = {
    "account/messages/password_changed.txt": gettext_lazy("Your password was changed."),
    "mfa/messages/totp_activated.txt": gettext_lazy("Your second factor is set up."),
    "mfa/messages/totp_deactivated.txt": gettext_lazy("Your second factor is removed."),
}
"""The library's messages that are shown, in our words; the others are not."""


def wait_words(seconds: int) -> str:
    """How long to wait, in whole minutes."""
    minutes = max(1, -(-seconds // 60))
    return ngettext(
        "Too many wrong passwords. None is tried for another minute; wait, then try again.",
        "Too many wrong passwords. None is tried for another %(minutes)s minutes; wait, then try"
        " again.",
        minutes,
    ) % {"minutes": minutes}


class PortalAccountAdapter(DefaultAccountAdapter):
    typed = ""
    """The name as it was typed, where that is not the account's: it is what tries count for."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy(
            "This name and password don't belong together. Both are case-sensitive."
        ),
        "incorrect_password": gettext_lazy("This is not your password."),
        "enter_current_password": gettext_lazy("This is not your password."),
        "invalid_password_reset": gettext_lazy("This link has been used, or is too old."),
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        if code == "too_many_login_attempts":
            minutes = settings.SIGN_IN_LOCK_MINUTES
            told = ngettext(
                "Too many wrong codes. Wait %(minutes)s minute, then try again.",
                "Too many wrong codes. Wait %(minutes)s minutes, then try again.",
                minutes,
            )
            return ValidationError(told % {"minutes": minutes}, code=code)
        error: ValidationError = super().validation_error(code, *args)
        return error

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        typed = self.typed or credentials.get("username", "")
        self._try = Try(request, self.get_client_ip(request), typed)
        if not (wait := self._try.take()):
            return
        if self._try.begins_the_wait:
            # No password was looked at, so that Django does not say it; each further try would
            # make a line of what nobody needs to know twice.
            user_login_failed.send(
                sender=LOCK_OUT, credentials={"username": typed}, request=request
            )
        raise ValidationError(wait_words(wait), code="locked")

    def _rollback_login_failed_rl_usage(self) -> None:
        self._try.give_back()

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_browser(response, user)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Somebody switched the account off between password and code."""
        return redirect("sign_in")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of who signed in a moment ago: a password they typed just now says the same again."""
        records = get_authentication_records(context.request, context.request.user)
        latest = max((record["at"] for record in records), default=0.0)
        if time.time() - latest < app_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Never none: of whom a proxy tells no address, the proxy's own counts."""
        return client_address(request) or request.META.get("REMOTE_ADDR") or NO_ADDRESS

    def is_safe_url(self, url: str) -> bool:
        """Sign-in leads to pages of this portal alone."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def is_ajax(self, request: HttpRequest) -> bool:
        """These pages answer with pages, whatever the sender says to be."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if told := message or TOLD.get(message_template or ""):
            messages.add_message(request, level, str(told), extra_tags=extra_tags)

    def send_notification_mail(
        self, template_prefix: str, user: User, *args: Any, **kwargs: Any
    ) -> None:
        """To the address in the account's row, in our words, by a worker."""
        change = template_prefix.rpartition("/")[2]
        if change in CHANGES:
            tell_of_change(user, change)


class PortalSecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This code is wrong, or was used already."),
    }

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return decrypt(encrypted_text)
        except Unreadable as error:
            raise ValidationError(
                _("This second factor can't be read any more. Ask an administrator to remove it.")
            ) from error
