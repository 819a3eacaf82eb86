"""Who asks: a program by a personal token, or a browser by its session."""

from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api.models import PersonalToken
from api.operations.tokens import note_use, token_of
from projects.visibility import look_as

SCHEME = "Bearer"
WRONG = "This token is unknown, ended or past its last day."
HOW = "A token is sent as: Authorization: Bearer pmo_…"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer pmo_…`"""

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, words = header.partition(" ")
        if scheme.lower() != SCHEME.lower() or not words.strip():
            raise AuthenticationFailed(HOW, code="token")
        token = token_of(words.strip())
        if token is None:
            raise AuthenticationFailed(WRONG, code="token")
        note_use(token)
        look_as(token.user)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class BrowserAuthentication(SessionAuthentication):
    """The session of somebody who is signed in; what writes comes with the CSRF token."""
