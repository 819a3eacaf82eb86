"""Forms for passwords and codes: django-allauth's, with the portal's words and field names."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordKeyForm,
)
from allauth.account.models import Login
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as second_factor
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts.adapter import PortalAccountAdapter, PortalSecondFactorAdapter
from accounts.people import user_name_of


class SignInForm(LoginForm):
    """A user name or a mail address, and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {
            "username": forms.CharField(
                label=_("User name or e-mail address"),
                max_length=254,
                widget=forms.TextInput(
                    attrs={
                        "autocomplete": "username",
                        "autocapitalize": "none",
                        "autofocus": True,
                        "spellcheck": "false",
                    }
                ),
            ),
            "password": password_field(_("Password")),
            "remember": forms.BooleanField(label=_("Stay signed in"), required=False),
        }

    def user_credentials(self) -> dict[str, str]:
        return {
            "username": user_name_of(self.cleaned_data["username"]),
            "password": self.cleaned_data["password"],
        }

    def _clean_with_password(self, credentials: dict[str, str]) -> dict[str, Any]:
        adapter = PortalAccountAdapter(self.request)
        adapter.typed = self.cleaned_data["username"]
        user = adapter.authenticate(self.request, **credentials)
        if user is None:
            raise adapter.validation_error("username_password_mismatch")
        self._login = Login(user=user)
        self.user = user
        return dict(self.cleaned_data)


class NewPasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        put_in_words(self, oldpassword=_("Your password now"))
        say_the_rules(self)


class ForgottenPasswordForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
        help_text=_("The one that is kept with your account."),
    )


class PasswordByMailForm(ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_the_rules(self)


class ConfirmForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        put_in_words(self, password=_("Your password"))
        self.fields["password"].widget.attrs["autofocus"] = True


class _CodeForm(forms.Form):
    """A code that is taken once."""

    user: Any
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        put_in_words(self, code=_("Code"))
        self.fields["code"].widget.attrs |= {"autofocus": True, "spellcheck": "false"}

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            refuse_used_code(self.user.pk, code)
        return code


class SecondStepForm(_CodeForm, AuthenticateForm):
    pass


class ConfirmByCodeForm(_CodeForm, ReauthenticateByCodeForm):
    pass


class SetUpForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        put_in_words(self, code=_("Code that the app shows"))
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "spellcheck": "false"}

    def clean_code(self) -> str:
        code: str = super().clean_code()
        refuse_used_code(self.user.pk, code)
        return code


def refuse_used_code(person: int, code: str) -> None:
    """An app's code is taken once in all the time in which it is right.

    The library remembers it for one period; with the periods beside it, it is right for longer.
    """
    periods = 2 * second_factor.TOTP_TOLERANCE + 1
    key = f"code-used:{person}:{normalize_user_code(code)}"
    if not cache.add(key, True, timeout=second_factor.TOTP_PERIOD * periods):
        raise PortalSecondFactorAdapter().validation_error("incorrect_code")


def password_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def say_the_rules(form: forms.Form) -> None:
    """A new password twice, and what is asked of it before it is typed."""
    put_in_words(form, password1=_("New password"), password2=_("New password once more"))
    form.fields["password1"].help_text = password_validators_help_text_html()


def put_in_words(form: forms.Form, **labels: Any) -> None:
    """Our labels; the library's placeholders and helps go."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label, field.help_text = label, ""
        field.widget.attrs.pop("placeholder", None)
