"""Who may open a page: each view says so with one decorator."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import urlencode

View = Callable[..., HttpResponseBase]

READ_DASHBOARDS = "metrics.read_dashboards"
READ_ORGANISATION = "metrics.read_organisation"
"""What is about the whole: closed to people who are limited to portfolios."""
ENTER_MEASUREMENTS = "metrics.enter_measurements"
KEEP_DEFINITIONS = "metrics.keep_definitions"
CLOSE_MONTHS = "metrics.close_months"
APPROVE_MEASUREMENTS = "metrics.approve_measurements"
UNDO_IMPORTS = "metrics.undo_imports"
READ_LOG = "accounts.view_auditevent"


def needs(permission: str, *others: str) -> Callable[[View], View]:
    """Sign-in for strangers; 403, and a line in the log, for people without the permission.

    Where several are named, any one of them is enough.
    """

    def decorate(view: View) -> View:
        if others:
            allowed: Any = _with_any(view, (permission, *others))
        else:
            allowed = permission_required(permission, raise_exception=True)(view)
        signed_in: View = login_required(allowed)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated and request.headers.get("HX-Request"):
                return _leave_for_sign_in(request)
            return signed_in(request, *args, **kwargs)

        guarded.opened_by = (permission, *others)  # type: ignore[attr-defined]
        return guarded

    return decorate


def may_open(user: User | AnonymousUser, view: Callable[..., Any]) -> bool:
    """Whether a page lets this person in; a view that does not say whom it needs lets in nobody."""
    permissions: tuple[str, ...] = getattr(view, "opened_by", ())
    return any(user.has_perm(permission) for permission in permissions)


def _with_any(view: View, permissions: tuple[str, ...]) -> View:
    @wraps(view)
    def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(request.user.has_perm(permission) for permission in permissions):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return allowed


def _leave_for_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment asked for after the session ended: the whole page goes to sign-in, not the part.

    After it comes the page that was looked at, as the browser says by HX-Current-URL; sign-in
    itself refuses to lead to another host.
    """
    back_to = request.headers.get("HX-Current-URL", "")
    address = f"{resolve_url('sign_in')}?{urlencode({'next': back_to})}"
    return HttpResponse(status=204, headers={"HX-Redirect": address})
