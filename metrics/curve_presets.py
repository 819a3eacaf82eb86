"""Curves out of a few questions that anybody can answer, instead of points.

The scores are 0 for the worst value, 50 for an acceptable one, 80 for one that is on target and 100
for the best; where a scorecard's limits lie higher, acceptable is where its amber begins and on
target where its green does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORST, ACCEPTABLE, ON_TARGET, BEST = 0.0, 50.0, 80.0, 100.0

Points = list[list[float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One value that a preset asks for, and which of the four scores it gets."""

    name: str
    label: str | Promise
    grade: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A shape of curve, with the values that it is made of in the order of the axis."""

    name: str
    label: str | Promise
    about: str | Promise
    answers: tuple[Answer, ...]


_FOUR = (
    Answer("worst", _("Worst"), WORST),
    Answer("acceptable", _("Acceptable"), ACCEPTABLE),
    Answer("on_target", _("On target"), ON_TARGET),
    Answer("best", _("Best"), BEST),
)

PRESETS = {
    preset.name: preset
    for preset in (
        Preset("higher", _("Higher is better"), _("From the worst value up to the best."), _FOUR),
        Preset(
            "lower",
            _("Lower is better"),
            _("From the worst value down to the best."),
            _FOUR[::-1],
        ),
        Preset(
            "range",
            _("Ideal range"),
            _("Best inside a range, worse on either side of it."),
            (
                Answer("worst", _("Far too low"), WORST),
                Answer("acceptable", _("Acceptably low"), ACCEPTABLE),
                Answer("best", _("Best from"), BEST),
                Answer("best_until", _("Best until"), BEST),
                Answer("acceptable_above", _("Acceptably high"), ACCEPTABLE),
                Answer("worst_above", _("Far too high"), WORST),
            ),
        ),
    )
}


class PresetError(ValueError):
    """Answers that make no curve; the message says which, and what would fit."""


def points_of(
    preset: Preset, answers: Mapping[str, float], grades: Mapping[float, float]
) -> Points:
    """The curve; PresetError where the answers are not in the order of the preset."""
    for lower, higher in pairwise(preset.answers):
        if answers[lower.name] >= answers[higher.name]:
            raise PresetError(
                _("%(preset)s: “%(lower)s” must be below “%(higher)s”.")
                % {"preset": preset.label, "lower": lower.label, "higher": higher.label}
            )
    return [[answers[answer.name], grades[answer.grade]] for answer in preset.answers]


def grades_for(amber_from: float, green_from: float) -> dict[float, float]:
    """What each grade scores, so that acceptable is never red and on target always green."""
    return {
        WORST: WORST,
        ACCEPTABLE: max(ACCEPTABLE, amber_from),
        ON_TARGET: max(ON_TARGET, green_from),
        BEST: BEST,
    }


def answers_in(points: Sequence[Sequence[float]]) -> tuple[str, dict[str, float]]:
    """The preset that a curve looks like, and its values as answers as far as they can be told."""
    scores = [score for _, score in points]
    name = "range"
    if scores == sorted(scores):
        name = "higher"
    elif scores == sorted(scores, reverse=True):
        name = "lower"
    preset = PRESETS[name]
    if len(preset.answers) != len(points):
        return name, {}
    return name, {
        answer.name: point[0] for answer, point in zip(preset.answers, points, strict=True)
    }
