"""Addresses of people's own accounts: each page of django-allauth that is open stands here.

Its names stay where the library itself looks for them.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from accounts import views


def own(view: Any) -> Callable[..., Any]:
    """A page with secrets of whoever is signed in: nobody else's, and in no cache."""
    page: Callable[..., Any] = never_cache(login_required(view.as_view()))
    return page


urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-in/", views.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", views.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("account/password/", views.NewPassword.as_view(), name="password_change"),
    path(
        "account/password/forgotten/",
        views.ForgottenPassword.as_view(),
        name="account_reset_password",
    ),
    path(
        "account/password/forgotten/sent/",
        views.PasswordMailSent.as_view(),
        name="account_reset_password_done",
    ),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        never_cache(views.PasswordByMail.as_view()),
        name="account_reset_password_from_key",
    ),
    path("account/confirm/", own(views.Confirm), name="account_reauthenticate"),
    path("account/confirm/code/", own(views.ConfirmByCode), name="mfa_reauthenticate"),
    path("account/second-factor/", own(views.SecondFactor), name="mfa_index"),
    path("account/second-factor/set-up/", own(views.SetUp), name="mfa_activate_totp"),
    path("account/second-factor/remove/", own(views.Remove), name="mfa_deactivate_totp"),
    path("account/second-factor/codes/", own(views.RecoveryCodes), name="mfa_view_recovery_codes"),
    path(
        "account/second-factor/codes/new/",
        own(views.NewRecoveryCodes),
        name="mfa_generate_recovery_codes",
    ),
    path("account/sessions/", views.session_list, name="session_list"),
    path("account/sessions/end-others/", views.session_end_others, name="session_end_others"),
    path("account/sessions/<int:pk>/end/", views.session_end, name="session_end"),
]
