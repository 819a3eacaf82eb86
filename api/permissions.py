"""Who may use an operation: the operation says so; one that says nothing opens to nobody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.models import PersonalToken
from api.scopes import Need
from metrics.batches.fitting import SOMEBODY_ELSES
from metrics.entry_rights import EntryRights

NOT_YOURS = "Your role does not reach this far."
OUT_OF_SCOPE = 'The token has no scope "{scope}"; make one that has it under "Your account".'


class AsTheOperationSays(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        method = (request.method or "").lower()
        operation = getattr(view, method, None) if method in view.http_method_names else None
        if operation is None:
            return True  # there is none, which is told by 405
        need: Need | None = getattr(operation, "need", None)
        if need is None:
            return False
        refuse_without(need, request)
        return True


def refuse_without(need: Need, request: Request) -> None:
    """PermissionDenied with a sentence; the same check for what an operation asks further in."""
    if need.permissions and not any(request.user.has_perm(each) for each in need.permissions):
        raise PermissionDenied(NOT_YOURS, code="role")
    token = request.auth
    if need.scope and isinstance(token, PersonalToken) and need.scope not in token.scopes:
        raise PermissionDenied(OUT_OF_SCOPE.format(scope=need.scope.value), code="scope")


def refuse_somebody_elses(person: User, pairs: Collection[tuple[int, int]]) -> None:
    """PermissionDenied where values of a metric and subject are somebody else's to enter."""
    rights = EntryRights.of(person, {metric for metric, _ in pairs})
    if not all(rights.may_enter(*pair) for pair in pairs):
        raise PermissionDenied(SOMEBODY_ELSES, code="assigned")
