"""On whose clocks times are shown: the reader's, as their browser said at sign-in or they chose.

It is for showing alone. Which day it is, and so what is due or still running, is one thing for
everybody: that goes by the installation's time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboards.moments import time_zones

IN_SESSION = "time_zone"


def zone_name(request: HttpRequest) -> str:
    """The reader's time zone, else that of the installation."""
    kept = _kept(request)
    return kept or settings.TIME_ZONE


def _kept(request: HttpRequest) -> str:
    session = getattr(request, "session", None)
    name = "" if session is None else session.get(IN_SESSION, "")
    return name if name in time_zones() else ""


def keep_zone(request: HttpRequest, name: str) -> None:
    """Until they sign out; a name that is none of a time zone changes nothing."""
    if name in time_zones():
        request.session[IN_SESSION] = name


@contextmanager
def on_the_readers_clock(request: HttpRequest | None) -> Iterator[None]:
    """Times that are put into words meanwhile are the reader's."""
    kept = _kept(request) if request is not None else ""
    if not kept:
        yield
        return
    with timezone.override(ZoneInfo(kept)):
        yield


class TimeZoneField(forms.ChoiceField):
    """A time zone by area; beside it the script of the page offers the browser's own."""

    def __init__(self, **given: Any) -> None:
        widget = forms.Select(attrs={"data-time-zone": _("Take this browser's: {zone}")})
        super().__init__(label=_("Time zone"), choices=_zones_by_area, widget=widget, **given)


def _zones_by_area() -> list[tuple[str, list[tuple[str, str]]]]:
    areas: dict[str, list[tuple[str, str]]] = {}
    for name in time_zones():
        area, _slash, place = name.partition("/")
        areas.setdefault(area, []).append((name, (place or name).replace("_", " ")))
    return list(areas.items())
