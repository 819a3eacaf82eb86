"""One page after the other, without counting: each ends with where the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from api.errors import Refused
from api.fields import Shape

USUAL, MOST = 100, 1000
WRONG_CURSOR = "This is no cursor of this list; take the one that the page before told."


class Paged(Shape):
    """How much of a list, and from where on."""

    cursor = serializers.CharField(
        required=False, max_length=500, help_text="Where the page before ended: its `next_cursor`."
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST, help_text=f"Rows a page; {USUAL} if not said."
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where those behind them begin; None = there are no more."""

    rows: list[Any]
    next_cursor: str | None

    def told(self, request: Request, results: list[Any]) -> dict[str, Any]:
        return {
            "next": None if self.next_cursor is None else self._address(request),
            "next_cursor": self.next_cursor,
            "results": results,
        }

    def _address(self, request: Request) -> str:
        asked = request.query_params.copy()
        asked["cursor"] = str(self.next_cursor)
        return request.build_absolute_uri(f"{request.path}?{asked.urlencode()}")


def page_of(rows: QuerySet[Any], order: Sequence[str], asked: dict[str, Any]) -> Page:
    """The rows behind the cursor, in an order that no two of them share a place in.

    A row that comes or goes meanwhile moves no other onto another page.
    """
    limit = asked.get("limit", USUAL)
    if asked.get("cursor"):
        rows = rows.filter(_behind(rows.model, order, _read(asked["cursor"], rows.model, order)))
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, _written(found[-1], order) if more else None)


def page_of_list(rows: Sequence[Any], order: Sequence[str], asked: dict[str, Any]) -> Page:
    """The same of rows that are computed, by what their attributes are as text."""
    limit = asked.get("limit", USUAL)
    parts = [attrgetter(name) for name in order]
    placed = sorted(
        (tuple(str(part(row)) for part in parts), number) for number, row in enumerate(rows)
    )
    if asked.get("cursor"):
        behind = _place(asked["cursor"])
        if len(behind) != len(order) or not all(isinstance(part, str) for part in behind):
            raise wrong_cursor()
        placed = placed[bisect_right(placed, (tuple(behind), len(rows))) :]
    more = len(placed) > limit
    placed = placed[:limit]
    return Page([rows[number] for _, number in placed], _told(placed[-1][0]) if more else None)


def _behind(model: type[Model], order: Sequence[str], place: Sequence[Any]) -> Q:
    """`(a, b) > (x, y)`, said so that an index over a and b serves it."""
    condition = Q()
    for depth, (name, value) in reversed(list(enumerate(zip(order, place, strict=True)))):
        side = "lt" if name.startswith("-") else "gt"
        field = name.lstrip("-")
        further = Q((f"{field}__{side}", value))
        if depth == len(order) - 1:
            condition = further
        else:
            condition = Q((f"{field}__{side}e", value)) & (further | condition)
    return condition


def _written(row: Any, order: Sequence[str]) -> str:
    place = []
    for name in order:
        value = getattr(row, name.lstrip("-"))
        place.append(int(value) if isinstance(value, int) else str(value))
    return _told(place)


def _told(place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read(cursor: str, model: type[Model], order: Sequence[str]) -> list[Any]:
    place = _place(cursor)
    try:
        return [
            _value(model, name.lstrip("-"), value) for name, value in zip(order, place, strict=True)
        ]
    except (ValueError, TypeError, ValidationError):
        raise wrong_cursor() from None


def _place(cursor: str) -> list[Any]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error):
        raise wrong_cursor() from None
    if not isinstance(place, list):
        raise wrong_cursor()
    return place


def wrong_cursor() -> Refused:
    return Refused.because(WRONG_CURSOR, code="cursor", field="cursor")


def _value(model: type[Model], name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(value)
    if isinstance(value, int) and abs(value) >= 2**31 and not name.endswith("id"):
        raise ValueError(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError(value)
    if isinstance(value, str) and "\0" in value:
        raise ValueError(value)
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    target = getattr(field, "target_field", field)
    return target.to_python(value)
