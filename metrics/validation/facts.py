"""What the rules need to know of metrics and subjects, wherever it was read."""

from __future__ import annotations

from dataclasses import dataclass

from projects.months import BEGINNING, LAST_MONTH


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """A metric as formulas, scorecards and measurements see it."""

    code: str
    subject_kind: str
    cadence: str
    formula: str = ""
    has_curve: bool = True
    key: int = 0


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """A subject with the months in which it is measured, within the organisation's."""

    code: str
    kind: str
    first: int = BEGINNING
    last: int = LAST_MONTH
    key: int = 0
