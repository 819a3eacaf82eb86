"""What holds for every request of somebody who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions import app_settings
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

SEEN_EVERY_SECONDS = 300
"""How often it is written that somebody is here: a write for each page would queue on SQLite."""

Answer = Callable[[HttpRequest], HttpResponse]


class SeenMiddleware:
    """Where and when a session was last seen; and it lasts from then on, not from sign-in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if app_settings.TRACK_ACTIVITY and request.user.is_authenticated:
            self._note(request)
        return self.get_response(request)

    def _note(self, request: HttpRequest) -> None:
        key = request.session.session_key
        if key and cache.add(f"seen:{key}", True, timeout=SEEN_EVERY_SECONDS):
            UserSession.objects.create_from_request(request)
            request.session.modified = True


WITHOUT_SECOND_FACTOR = {
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_index",
    "sign_out",
}
"""What somebody may open who has to set up their second factor first."""


class SecondFactorMiddleware:
    """Who must have a second factor and has none is led to set it up, and opens nothing else."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not settings.REQUIRE_SECOND_FACTOR_FOR or not isinstance(request.user, User):
            return None
        match = request.resolver_match
        if match is not None and match.view_name in WITHOUT_SECOND_FACTOR:
            return None
        return _led_to_set_it_up(request) if lacks_second_factor(request.user) else None


def lacks_second_factor(person: User) -> bool:
    """Whether one of their roles asks for a second factor that they have not set up."""
    asked = Q(groups__name__in=settings.REQUIRE_SECOND_FACTOR_FOR)
    if "Administrator" in settings.REQUIRE_SECOND_FACTOR_FOR:
        asked |= Q(is_superuser=True)
    found = User.objects.filter(asked, pk=person.pk)
    return found.exclude(authenticator__type=Authenticator.Type.TOTP).exists()


def _led_to_set_it_up(request: HttpRequest) -> HttpResponse:
    place = reverse("mfa_activate_totp")
    if request.path.startswith("/api/"):
        told = _("Set up your second factor first: your role asks for one.")
        problem = {"code": "second_factor", "message": told, "errors": []}
        return JsonResponse(problem, status=403)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": place})
    return redirect(place)
