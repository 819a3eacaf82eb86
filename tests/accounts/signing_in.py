"""What tests of accounts do again and again: type a password, type a code."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.conftest import PASSWORD

NEW_PASSWORD = "an entirely different staple"


def type_password(
    client: Client, name: str, password: str = PASSWORD, *, address: str = "192.0.2.1", **more: str
) -> Any:
    sent = {"username": name, "password": password, **more}
    return client.post(reverse("sign_in"), sent, REMOTE_ADDR=address)


def is_signed_in(client: Client) -> bool:
    """By what the portal answers, not by what lies in the client's session."""
    return client.get(reverse("account")).status_code == 200


def with_app(person: User) -> str:
    """Set an app up for the person; its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def code_of(secret: str, *, periods: int = 0) -> str:
    """What the app shows now, or so many periods later."""
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods))
    return code


def recovery_codes_of(person: User) -> list[str]:
    RecoveryCodes.activate(person)
    codes = Authenticator.objects.get(user=person, type=Authenticator.Type.RECOVERY_CODES)
    unused: list[str] = codes.wrap().get_unused_codes()
    return unused


def type_code(client: Client, code: str) -> Any:
    return client.post(reverse("mfa_authenticate"), {"code": code})
