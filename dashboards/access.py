"""Who may open a page: each view says so with one decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponseBase

View = Callable[..., HttpResponseBase]

READ_DASHBOARDS = "metrics.read_dashboards"
ENTER_MEASUREMENTS = "metrics.enter_measurements"
KEEP_DEFINITIONS = "metrics.keep_definitions"
CLOSE_MONTHS = "metrics.close_months"


def needs(permission: str) -> Callable[[View], View]:
    """Sign-in for strangers; 403, and a line in the log, for people without the permission."""

    def decorate(view: View) -> View:
        allowed: Any = permission_required(permission, raise_exception=True)(view)
        signed_in: View = login_required(allowed)
        return signed_in

    return decorate
