"""Bars: where a score lies in its possible range, and how much a part contributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.presentation.bands import BandLimits
from dashboards.presentation.drawing import Scale
from dashboards.presentation.numbers import change_text, percent_text, score_text


@dataclass(frozen=True)
class RangeMeter:
    """On a bar from 0 to 100: what is possible, what is known, where the bands begin."""

    label: str
    low: float
    width: float
    score: float | None
    limits: tuple[float, ...]


def range_meter(
    *,
    score: float | None,
    low: float | None,
    high: float | None,
    coverage: float | None,
    limits: BandLimits | None = None,
) -> RangeMeter:
    """Without a range everything is possible."""
    low = 0 if low is None else low
    high = 100 if high is None else high
    known = _("No score") if score is None else _("Score %(score)s") % {"score": score_text(score)}
    return RangeMeter(
        label=_("%(known)s, possible %(low)s to %(high)s; %(share)s of the evidence is in")
        % {
            "known": known,
            "low": score_text(low),
            "high": score_text(high),
            "share": percent_text(coverage or 0),
        },
        low=round(low, 2),
        width=round(max(high - low, 0.4), 2),
        score=None if score is None else round(score, 2),
        limits=(limits.amber_from, limits.green_from) if limits else (),
    )


@dataclass(frozen=True)
class ContributionBar:
    """On a bar as wide as the largest of its neighbours, from a common zero."""

    text: str
    zero: float
    start: float
    width: float
    is_negative: bool


def contribution_bar(points: float, *, largest: float, smallest: float = 0) -> ContributionBar:
    """`largest` and `smallest` are those of all the bars that stand together."""
    across = Scale(min(smallest, 0), max(largest, 0), 0, 100)
    zero, end = across(0), across(points)
    return ContributionBar(
        text=change_text(points) if smallest < 0 else score_text(points),
        zero=zero,
        start=min(zero, end),
        width=round(abs(end - zero), 2),
        is_negative=points < 0,
    )


@dataclass(frozen=True)
class Share:
    """One part of a whole: its name, how much in percent, and where it begins on the bar."""

    name: str
    percent: float
    start: float


def shares(parts: Sequence[tuple[str, float]]) -> tuple[Share, ...]:
    """Parts of a whole of any size; without a whole there are none."""
    whole = sum(size for _, size in parts)
    if not whole:
        return ()
    found, start = [], 0.0
    for name, size in parts:
        percent = size / whole * 100
        found.append(Share(name, round(percent, 2), round(start, 2)))
        start += percent
    return tuple(found)
