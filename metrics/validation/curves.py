"""Curves: points [value, score], values rising, scores 0 to 100 (SCORING section 3)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from metrics.validation.numbers import number_text
from projects.validation import LONGEST_QUOTE, quoted

Points = list[list[float]]

EXAMPLE = "[[0,0],[100,100]]"


def validate_curve(points: Any) -> None:
    """ValidationError that says which point is wrong, and how."""
    if not isinstance(points, list | tuple):
        _refuse(
            gettext("%(points)s is no curve; write points [value, score] like %(example)s.")
            % {"points": quoted(str(points)), "example": EXAMPLE}
        )
    if len(points) < 2:
        _refuse(
            gettext("A curve has two or more points; this one has %(count)s.")
            % {"count": len(points)}
        )
    for _, problem in point_problems(points):
        _refuse(problem)


def point_problems(points: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """The number of each point that is wrong, counted from 1, and the sentence about it."""
    wrong = set()
    for number, point in enumerate(points, start=1):
        if problem := _problem_of(point, number):
            wrong.add(number)
            yield number, problem
    for number in range(2, len(points) + 1):
        if wrong & {number - 1, number}:
            continue
        before, value = points[number - 2][0], points[number - 1][0]
        if value <= before:
            yield (
                number,
                gettext(
                    "Point %(number)s: the value %(value)s is not above %(before)s, the value"
                    " of point %(number_before)s."
                )
                % {
                    "number": number,
                    "value": number_text(value),
                    "before": number_text(before),
                    "number_before": number - 1,
                },
            )


def _problem_of(point: Any, number: int) -> str:
    if not isinstance(point, list | tuple) or len(point) != 2:
        return gettext("Point %(number)s is %(point)s; a point is [value, score].") % {
            "number": number,
            "point": _shown(point),
        }
    for name, coordinate in zip(("value", "score"), point, strict=True):
        if isinstance(coordinate, bool) or not isinstance(coordinate, int | float):
            return gettext("Point %(number)s: the %(name)s %(coordinate)s is not a number.") % {
                "number": number,
                "name": name,
                "coordinate": _shown(coordinate),
            }
        if not is_finite(coordinate):
            return gettext("Point %(number)s: the %(name)s is not finite.") % {
                "number": number,
                "name": name,
            }
    if not 0 <= point[1] <= 100:
        return gettext("Point %(number)s: the score %(point)s is not between 0 and 100.") % {
            "number": number,
            "point": number_text(point[1]),
        }
    return ""


def is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond any float
        return False


def read_curve(text: str) -> Points:
    """A curve out of its JSON text, checked."""
    try:
        points = json.loads(text)
    except (ValueError, RecursionError):
        _refuse(
            gettext("%(text)s is no curve; write points [value, score] like %(example)s.")
            % {"text": quoted(text), "example": EXAMPLE}
        )
    validate_curve(points)
    return [[_plain(value), _plain(score)] for value, score in points]


def curve_text(points: Points) -> str:
    """The curve as compact JSON, numbers in their shortest form."""
    written = (f"[{number_text(value)},{number_text(score)}]" for value, score in points)
    return f"[{','.join(written)}]"


def _plain(number: float) -> float:
    """2.0 and 2 are one number, so that a curve that is written again is no change."""
    return float(number) + 0.0


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def _refuse(sentence: str) -> NoReturn:
    raise ValidationError(sentence, code="curve")
