"""What a header tells: files that the portal writes itself, and files like one mapped before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from metrics.importing.periods import PeriodReader
from metrics.importing.plans import DateOrder, Mapping, Shape

DUE_LIST_HEADER = (
    "metric",
    "metric_name",
    "subject",
    "subject_name",
    "period",
    "due_on",
    "value",
    "note",
)
DUMP_HEADER = ("metric", "subject", "period", "value", "note")

_PERIODS = "\N{DOTTED CIRCLE} periods"


def is_due_list(header: Sequence[str]) -> bool:
    """The list of what is due, as it is downloaded: values not filled in are no mistake."""
    # Refused rows of it that come back mended have more columns behind.
    return tuple(header[: len(DUE_LIST_HEADER)]) == DUE_LIST_HEADER


def recognised(header: Sequence[str]) -> Mapping | None:
    """How a file that the portal wrote itself is mapped; None for every other."""
    if tuple(header) not in (DUE_LIST_HEADER, DUMP_HEADER, DUMP_HEADER[:-1]):
        return None
    places = {name: place for place, name in enumerate(header)}
    return Mapping(
        Shape.LONG,
        metric_column=places["metric"],
        subject_column=places["subject"],
        period_column=places["period"],
        value_column=places["value"],
        note_column=places.get("note"),
    )


def signature(header: Sequence[str]) -> str:
    """The same for files that were made the same way, though other periods stand in them."""
    reader = _any_period()
    words: list[str] = []
    for head in header:
        word = _PERIODS if reader.is_period(head) else " ".join(head.casefold().split())
        if word != _PERIODS or words[-1:] != [_PERIODS]:
            words.append(word)
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()


def refitted(mapping: Mapping, header: Sequence[str]) -> Mapping:
    """A saved mapping for a file with this header: its columns of periods are those it has now."""
    if mapping.shape != Shape.WIDE_PERIODS:
        return mapping
    across = period_columns(header)
    others = [place for place in range(len(header)) if place not in across]

    def now_at(column: int | None) -> int | None:
        if column is None:
            return None
        rank = column - sum(1 for place in mapping.across if place < column)
        return others[rank] if 0 <= rank < len(others) else None

    return replace(
        mapping,
        across=across,
        metric_column=now_at(mapping.metric_column),
        subject_column=now_at(mapping.subject_column),
        note_column=now_at(mapping.note_column),
    )


def period_columns(header: Sequence[str]) -> dict[int, str]:
    reader = _any_period()
    return {place: head for place, head in enumerate(header) if reader.is_period(head)}


def _any_period() -> PeriodReader:
    return PeriodReader(DateOrder.DAY_FIRST)
