"""A slow, plain reading of SCORING.md, written from its text alone, to check the engine against."""

from .changes import explain_change
from .explanation import effective_weights, explain, possible_range
from .periods import month_label, month_number, read_period
from .rules import broken_rules
from .scores import (
    CATEGORIES,
    MEASURES,
    ScoreRow,
    Scores,
    scheduled_months,
    score_workspace,
    values_in_force,
)
from .values import InForce
from .workspace import COLUMNS, Row, Workspace, read_workspace, write_workspace

__all__ = [
    "CATEGORIES",
    "COLUMNS",
    "MEASURES",
    "InForce",
    "Row",
    "ScoreRow",
    "Scores",
    "Workspace",
    "broken_rules",
    "effective_weights",
    "explain",
    "explain_change",
    "month_label",
    "month_number",
    "possible_range",
    "read_period",
    "read_workspace",
    "scheduled_months",
    "score_workspace",
    "values_in_force",
    "write_workspace",
]
