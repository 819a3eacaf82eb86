"""Where a person's limit takes hold: on their rights, and on what is read for their request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from pmo_portal.roles import WITHIN_LIMITS
from projects.visibility import seeing, sight_of, with_limits


class PortalBackend(ModelBackend):
    """Django's own, but for people with a limit, whose roles give them no more than fits in it.

    It refuses instead of saying nothing, so that no backend after it can grant.
    """

    def get_user(self, user_id: int) -> User | None:
        user = with_limits(User._default_manager.filter(pk=user_id)).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Any = None) -> bool:
        if perm not in WITHIN_LIMITS and sight_of(user_obj).is_limited:
            raise PermissionDenied
        return super().has_perm(user_obj, perm, obj)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        if sight_of(user_obj).is_limited:
            raise PermissionDenied
        return super().has_module_perms(user_obj, app_label)

    def with_perm(self, perm: Any, *args: Any, **kwargs: Any) -> QuerySet[User]:
        people: QuerySet[User] = super().with_perm(perm, *args, **kwargs)
        return people if perm in WITHIN_LIMITS else people.filter(portfolio_limits=None)


class SightMiddleware:
    """Whatever is read while a request is answered is read as its person sees it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with seeing(request.user):
            response = self.get_response(request)
        if response.streaming:
            # What is written piece by piece is written after this.
            response.streaming_content = seen_by(  # type: ignore[attr-defined]
                request.user,
                response.streaming_content,  # type: ignore[attr-defined]
            )
        return response


def seen_by(person: User | AnonymousUser, pieces: Any) -> Iterator[bytes]:
    pieces = iter(pieces)
    while True:
        with seeing(person):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
