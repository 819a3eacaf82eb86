"""Fields that take what the schema says and nothing that merely looks like it."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from metrics.choices import Band
from projects.months import Month

MONTH_PATTERN = (
    r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])$"  # there is no year 0
)
CODE_PATTERN = r"^[A-Za-z0-9_.@-]{1,129}$"
LARGEST_KEY = 2**53 - 1
"""The largest whole number that every JSON reader holds exactly."""

AMOUNT_PATTERN = r"^-?[0-9]{1,18}(\.[0-9]{1,4})?$"

NOT_TEXT = "This is no text."
NOT_A_NUMBER = "This is no number."
NO_SUCH_FIELD = "There is no field of this name here."

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Shape(serializers.Serializer):
    """Named fields; one that is not among them is refused and not passed over.

    A misspelt filter would otherwise show everything, and a misspelt field change nothing.
    """

    @cached_property
    def _known(self) -> frozenset[str]:
        # Asked for each of 10,000 rows.
        return frozenset(name for name, field in self.fields.items() if not field.read_only)

    def to_internal_value(self, data: Any) -> Any:
        surplus = data.keys() - self._known if isinstance(data, Mapping) else ()
        if surplus:
            raise serializers.ValidationError(
                {
                    str(name): serializers.ErrorDetail(NO_SUCH_FIELD, "unknown")
                    for name in data
                    if name in surplus
                }
            )
        return super().to_internal_value(data)


@cache
def fields_of(shape: type[serializers.Serializer]) -> Mapping[str, serializers.Field]:
    """The fields by which rows are told: made once, and not for each of 1,000 rows."""
    fields: Mapping[str, serializers.Field] = shape().fields
    return fields


def changes_of(shape: type[Shape], *, but: Collection[str] = ()) -> type[Shape]:
    """The same fields, none of them required: what is not told stays as it is.

    Of a row within, such as a line, everything is still to be told (which DRF's own `partial`
    does not ask for).
    """
    fields: dict[str, Any] = {}
    declared: dict[str, Any] = shape._declared_fields
    for name, field in declared.items():
        if name in but:
            continue
        told = {key: value for key, value in field._kwargs.items() if key != "default"}
        if "child" in told:
            told["child"] = copy.deepcopy(told["child"])
        fields[name] = type(field)(*field._args, **told | {"required": False})
    return type(
        shape.__name__.removesuffix("Input").removesuffix("Fields") + "Change", (Shape,), fields
    )


class Text(serializers.CharField):
    """Text as it is: no number is taken for one, and no blank is cut off."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT, code="text")
        return super().to_internal_value(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # DRF takes text of blanks alone for blank; whether that is enough is the rules' to say.
        if isinstance(data, str) and data and not data.strip():
            value = self.to_internal_value(data)
            self.run_validators(value)
            return value
        return super().run_validation(data)


class Number(serializers.FloatField):
    """A finite number of JSON; one in quotes is text."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise serializers.ValidationError(NOT_A_NUMBER, code="number")
        try:
            number = float(data)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise serializers.ValidationError("This number is too large.", code="number")
        return number


class WholeNumber(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number or (isinstance(data, float) and not data.is_integer()):
            raise serializers.ValidationError("This is no whole number.", code="number")
        return int(data)


class YesNo(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("It is true or false.", code="boolean")
        return data


class OneOf(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT, code="text")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": MONTH_PATTERN, "examples": ["2026-03"]})
class MonthText(serializers.Field):
    """A calendar month as `2026-03`."""

    def to_internal_value(self, data: Any) -> Month:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT, code="text")
        try:
            return Month.parse(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="month") from None

    def to_representation(self, value: int) -> str:
        return str(Month(value))


class Patterned(serializers.RegexField):
    """Text of one form."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT, code="text")
        if data.endswith("\n"):
            self.fail("invalid")  # which `$` passes by in Python, and not in the schema
        return super().to_internal_value(data)


class Code(Patterned):
    """What a subject, a metric or a scorecard is called by programs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CODE_PATTERN, trim_whitespace=False, **kwargs)


class Amount(Patterned):
    """Money as a decimal in text: a number of JSON would lose its last digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(AMOUNT_PATTERN, trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # Read once the text has been looked at.
        text = super().run_validation(data)
        return None if text is None else Decimal(text)


@extend_schema_field({"type": "string", "format": "date", "examples": ["2026-03-31"]})
class Day(serializers.Field):
    """A day as `2026-03-31`."""

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_TEXT, code="text")
        try:
            if not _DAY.fullmatch(data):
                raise ValueError(data)
            return date.fromisoformat(data)
        except ValueError:
            raise serializers.ValidationError(
                "This is no day; write it like 2026-03-31.", code="day"
            ) from None

    def to_representation(self, value: date) -> str:
        return value.isoformat()


@extend_schema_field(
    {
        "type": "array",
        "minItems": 2,
        "maxItems": 100,
        "items": {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": {"type": "number"},
        },
        "examples": [[[0, 0], [100, 100]]],
    }
)
class CurvePoints(serializers.Field):
    """Points [value, score]; what makes a curve of them the rules say."""

    def to_internal_value(self, data: Any) -> list[list[float]]:
        if not isinstance(data, list) or not 2 <= len(data) <= 100:
            raise serializers.ValidationError("A curve is a list of 2 to 100 points.", code="curve")
        number = Number()
        points = []
        for point in data:
            if not isinstance(point, list) or len(point) != 2:
                raise serializers.ValidationError("A point is [value, score].", code="curve")
            points.append([number.to_internal_value(part) for part in point])
        return points

    def to_representation(self, value: list[list[float]]) -> list[list[float]]:
        return value


@extend_schema_field({"type": "string", "enum": [band.name.lower() for band in Band]})
class BandName(serializers.Field):
    """green, amber, red or insufficient."""

    def to_internal_value(self, data: Any) -> Band:
        names = {band.name.lower(): band for band in Band}
        if not isinstance(data, str) or data not in names:
            raise serializers.ValidationError(
                f"A band is one of {', '.join(names)}.", code="invalid_choice"
            )
        return names[data]

    def to_representation(self, value: int) -> str:
        return Band(value).name.lower()


class ByKind:
    """A body whose fields depend on what its `kind` says."""

    def __init__(self, name: str, shapes: Mapping[str, type[Shape]]) -> None:
        self.shapes = shapes
        self.schema = PolymorphicProxySerializer(name, dict(shapes), "kind", many=False)

    def shape_of(self, data: Any) -> type[Shape]:
        kind = data.get("kind") if isinstance(data, Mapping) else None
        if isinstance(kind, str) and kind in self.shapes:
            return self.shapes[kind]
        detail = serializers.ErrorDetail(
            f"A kind is one of {', '.join(self.shapes)}.", "invalid_choice"
        )
        raise serializers.ValidationError({"kind": detail})
