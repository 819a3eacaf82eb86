"""Codes, months and periods in addresses."""

from __future__ import annotations

from django.urls import register_converter

from projects.months import Month


class CodeConverter:
    """A subject's, metric's or scorecard's code."""

    regex = r"[A-Za-z0-9_.@-]{1,129}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class MonthConverter:
    """A score month such as 2026-03; anything else is no such page."""

    regex = r"\d{4}-\d{2}"

    def to_python(self, value: str) -> Month:
        return Month.parse(value)

    def to_url(self, value: Month | str) -> str:
        return str(value)


class PeriodConverter:
    """A period as it is written: `2026-03-09`, `2026-W11`, `2026-03`, `2026-Q1`, `2026`."""

    regex = r"\d{4}(?:-[0-9QW][0-9-]{0,4})?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CodeConverter, "code")
register_converter(MonthConverter, "month")
register_converter(PeriodConverter, "period")
