"""The curve editor: points as they are typed, presets, and what the curve does to today's values.

It works by forms alone: a button that adds, removes, draws or fills posts the whole form and saves
nothing. With HTMX the same answers come as parts of the page while one types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dashboards.forms import decimal_sign
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.curve_drawing import (
    CurveDrawing,
    Place,
    band_counts,
    curve_drawing,
)
from dashboards.selectors.metrics.values import ValueNow, ValuesNow
from metrics.choices import Band
from metrics.curve_presets import (
    PRESETS,
    Preset,
    PresetError,
    answers_in,
    grades_for,
    points_of,
)
from metrics.models import Scorecard
from metrics.validation.curves import point_problems, validate_curve
from metrics.validation.numbers import NumberError, number_text, read_number

VALUE, SCORE = "curve_value", "curve_score"
FEWEST_ROWS = 3
"""So many rows are there to be filled, however short the curve."""

MOST_POINTS = 100

EDITOR, DRAWING = "curve-editor", "curve-drawing"
"""The ids of the parts that HTMX asks for."""

STEPS = ("draw", "add", "remove", "preset")
"""What the editor's own buttons do; none of them saves."""

Points = list[list[float]]


def written(value: float) -> str:
    """A number as the reader writes it."""
    return number_text(value).replace(".", decimal_sign())


@dataclass(frozen=True, slots=True)
class TypedPoint:
    value: str = ""
    score: str = ""
    problem: str = ""
    is_new: bool = False
    """Just added, so that typing goes on there."""

    @property
    def is_blank(self) -> bool:
        return not self.value.strip() and not self.score.strip()


@dataclass(frozen=True, slots=True)
class TypedCurve:
    """Points as somebody typed them: sorted where they can be, each with what is wrong with it."""

    rows: tuple[TypedPoint, ...]
    points: Points | None
    """The curve; None without points, and as long as anything is wrong."""
    problem: str = ""
    """What is wrong with the curve as a whole."""

    @classmethod
    def of(cls, typed: Sequence[tuple[str, str]]) -> TypedCurve:
        rows = [TypedPoint(value, score) for value, score in typed]
        filled = [row for row in rows if not row.is_blank][:MOST_POINTS]
        if not filled:
            return cls((), None)
        read = [_read(row, number) for number, row in enumerate(filled, start=1)]
        if any(isinstance(point, str) for point in read):
            told = zip(filled, read, strict=True)
            return cls(
                tuple(
                    TypedPoint(row.value, row.score, point if isinstance(point, str) else "")
                    for row, point in told
                ),
                None,
            )
        points = sorted(point for point in read if not isinstance(point, str))
        problems = dict(point_problems(points))
        problem = ""
        if not problems:
            try:
                validate_curve(points)
            except ValidationError as error:
                problem = error.messages[0]
        return cls(
            tuple(
                TypedPoint(written(value), written(score), problems.get(number, ""))
                for number, (value, score) in enumerate(points, start=1)
            ),
            None if problems or problem else points,
            problem,
        )

    @classmethod
    def of_points(cls, points: Sequence[Sequence[float]] | None) -> TypedCurve:
        return cls.of([(written(value), written(score)) for value, score in points or ()])

    @property
    def problems(self) -> list[str]:
        told = [row.problem for row in self.rows if row.problem]
        return [*told, self.problem] if self.problem else told


def _read(row: TypedPoint, number: int) -> list[float] | str:
    """The point, or the sentence about what can't be read of it."""
    coordinates = []
    for name, text in ((_("value"), row.value), (_("score"), row.score)):
        if not text.strip():
            return _("Point %(number)s: it has no %(name)s.") % {"number": number, "name": name}
        try:
            coordinates.append(read_number(text.strip(), decimal_sign()))
        except NumberError as error:
            return _("Point %(number)s: %(problem)s") % {"number": number, "problem": error}
    return coordinates


def typed_rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The rows of the points' table as they were posted."""
    if not isinstance(data, MultiValueDict):
        return []
    values, scores = data.getlist(VALUE), data.getlist(SCORE)
    return list(zip(values, scores, strict=False))


class CurveWidget(forms.Widget):
    """Reads the table of points; templates/dashboards/_curve_editor.html shows it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return typed_rows(data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return VALUE not in data


class CurveField(forms.Field):
    widget = CurveWidget

    def clean(self, value: Any) -> Points | None:
        typed = TypedCurve.of(value or [])
        if typed.problems:
            raise ValidationError(typed.problems, code="curve")
        if typed.points is None and self.required:
            raise ValidationError(
                _("A curve has two or more points; this one has none."), code="curve"
            )
        return typed.points


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    name: str
    label: str | Promise
    text: str
    grade: float


@dataclass(frozen=True, slots=True)
class ShownPreset:
    """One preset with what is typed into it."""

    preset: Preset
    answers: tuple[ShownAnswer, ...]
    problem: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class CurveEditor:
    """All that the editor shows."""

    typed: TypedCurve
    rows: tuple[TypedPoint, ...]
    presets: tuple[ShownPreset, ...]
    drawing: CurveDrawing | None
    values: ValuesNow | None
    bands: tuple[tuple[Band, int, int], ...]
    """How many of today's values come out in each band: now, and before."""
    limits: BandLimits
    card: Scorecard | None
    """Whose limits they are."""
    unit: str
    has_before: bool
    editor: str = field(default=EDITOR)
    target: str = field(default=DRAWING)


def curve_editor(
    data: QueryDict | None,
    *,
    stored: Sequence[Sequence[float]] | None,
    before: Sequence[Sequence[float]] | None,
    values: ValuesNow | None,
    limits: tuple[BandLimits, Scorecard | None],
    unit: str = "",
    decimals: int | None = None,
    step: str = "",
) -> CurveEditor:
    """`stored` fills the table at first; `before` is drawn beneath and counted against."""
    typed = TypedCurve.of_points(stored) if data is None else TypedCurve.of(typed_rows(data))
    rows = list(typed.rows)
    presets = _presets(data, typed, limits[0])
    action, _separator, which = step.partition(":")
    if action == "preset" and data is not None and which in PRESETS:
        typed, presets = _filled(which, typed, presets, limits[0])
        rows = list(typed.rows)
    elif action == "remove" and which.isdigit() and 0 < int(which) <= len(rows):
        kept = [row for number, row in enumerate(rows, start=1) if number != int(which)]
        typed = TypedCurve.of([(row.value, row.score) for row in kept])
        rows = list(typed.rows)
    if action == "add":
        rows.append(TypedPoint(is_new=True))
    while len(rows) < FEWEST_ROWS:
        rows.append(TypedPoint())
    shown = values.values if values else ()
    return CurveEditor(
        typed=typed,
        rows=tuple(rows),
        presets=presets,
        drawing=None
        if not typed.points
        else curve_drawing(
            typed.points,
            before=before or (),
            places=_places(shown, typed.points),
            limits=limits[0],
            unit=unit,
            decimals=_decimals(decimals, shown),
        ),
        values=values,
        bands=_bands(values, typed.points, before),
        limits=limits[0],
        card=limits[1],
        unit=unit,
        has_before=bool(before),
    )


def _decimals(decimals: int | None, shown: Sequence[ValueNow]) -> int:
    if decimals is not None:
        return decimals
    return 0 if all(value.value == round(value.value) for value in shown) else 2


def _places(values: Sequence[ValueNow], points: Points) -> list[Place]:
    places = []
    for value in values:
        score, band = value.judged(points)
        if score is not None:
            places.append(Place(value.name, value.value, score, band))
    return places


def _bands(
    values: ValuesNow | None, points: Points | None, before: Sequence[Sequence[float]] | None
) -> tuple[tuple[Band, int, int], ...]:
    if values is None or not values.values or not points:
        return ()
    now, then = band_counts(values.counts(points)), dict(band_counts(values.counts(before)))
    return tuple((band, number, then[band]) for band, number in now)


def _presets(
    data: QueryDict | None, typed: TypedCurve, limits: BandLimits
) -> tuple[ShownPreset, ...]:
    """With what was typed into them; before that, with what the curve looks like."""
    like, answers = answers_in(typed.points) if typed.points else ("", {})
    grades = grades_for(limits.amber_from, limits.green_from)
    shown = []
    for preset in PRESETS.values():
        told = []
        for answer in preset.answers:
            name = f"preset_{preset.name}_{answer.name}"
            known = answers.get(answer.name) if preset.name == like else None
            text = "" if known is None else written(known)
            told.append(
                ShownAnswer(
                    name,
                    answer.label,
                    text if data is None else data.get(name, ""),
                    grades[answer.grade],
                )
            )
        shown.append(ShownPreset(preset, tuple(told)))
    return tuple(shown)


def _filled(
    which: str, typed: TypedCurve, presets: tuple[ShownPreset, ...], limits: BandLimits
) -> tuple[TypedCurve, tuple[ShownPreset, ...]]:
    """The points that the answers of a preset make, or what is wrong with the answers."""
    grades = grades_for(limits.amber_from, limits.green_from)
    shown = next(shown for shown in presets if shown.preset.name == which)
    answers: dict[str, float] = {}
    problem = ""
    for answer, told in zip(shown.preset.answers, shown.answers, strict=True):
        try:
            answers[answer.name] = read_number(told.text.strip(), decimal_sign())
        except NumberError as error:
            missing = _("“%(label)s” is blank; type its value.") % {"label": told.label}
            problem = f"{told.label}: {error}" if told.text.strip() else missing
            break
    if not problem:
        try:
            typed = TypedCurve.of_points(points_of(shown.preset, answers, grades))
        except PresetError as error:
            problem = str(error)
    opened = ShownPreset(shown.preset, shown.answers, problem, is_open=True)
    return typed, tuple(opened if other is shown else other for other in presets)
