"""What others changed while a grid is open: asked by the page every half minute, and cheap."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from hashlib import sha256

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.selectors.entry import read_desk
from dashboards.selectors.grid import Place, Watched, changed_places, changes_since
from dashboards.selectors.grid.changes import CellChange
from dashboards.views.grid_cells import data_of, reader_of
from metrics.choices import Cadence
from metrics.closed_months import ClosedMonths


@require_safe
@never_cache
@needs(ENTER_MEASUREMENTS)
def entry_grid_changes(request: HttpRequest) -> HttpResponse:
    """The cells that changed since then, as the grid itself would show them; mostly there are none.

    Nothing new is 204, nothing but what the page has heard of already 304: both cost one query.
    """
    watched, since = _asked(request)
    now = timezone.now()
    changes = changes_since(watched, since)
    if not changes:
        return HttpResponse(status=204)
    tag = _tag(changes)
    known = HttpResponse(headers={"ETag": tag})
    answer = get_conditional_response(request, etag=tag, response=known)
    if answer is not None and answer is not known:
        return answer
    desk = read_desk(request.user)
    found = changed_places(desk, changes)
    reader = reader_of(desk, [place for _, place in found], ClosedMonths.read())
    cells = [
        {
            **_named(place, desk.fiscal_year_starts_in),
            "by": change.by,
            "at": change.at.isoformat(),
            "cell": data_of(place, reader.cell(place)),
        }
        for change, place in found
    ]
    return JsonResponse({"asOf": now.isoformat(), "cells": cells}, headers={"ETag": tag})


def _asked(request: HttpRequest) -> tuple[Watched, datetime]:
    asked = request.GET
    try:
        since = datetime.fromisoformat(asked["since"])
        watched = Watched(
            metric=asked.get("metric", ""),
            subject=asked.get("subject", ""),
            cadence=asked.get("cadence", Cadence.MONTH),
            first=date.fromisoformat(asked["from"]),
            last=date.fromisoformat(asked["until"]),
        )
    except (KeyError, ValueError) as error:
        raise BadRequest(gettext("Which cells are watched, and since when?")) from error
    if timezone.is_naive(since) or since.year < 2000:
        raise BadRequest(gettext("Since when is a moment of this century, with its time zone."))
    return watched, since


def _tag(changes: Collection[CellChange]) -> str:
    told = sorted(repr((row.metric, row.subject, row.start, row.at)) for row in changes)
    return f'"{sha256("".join(told).encode()).hexdigest()[:20]}"'


def _named(place: Place, fiscal_year_starts_in: int) -> dict[str, str]:
    return {
        "m": place.metric.code,
        "s": place.subject.code,
        "p": place.period.label(fiscal_year_starts_in),
    }
