"""How it is measured, and what came of it."""

from metrics.models.answers import ExemptionProposal, FormerNoValue, NoValue
from metrics.models.definitions import (
    CurveOverride,
    Exemption,
    MetricAssignment,
    MetricDefinition,
)
from metrics.models.drafts import DraftMeasurement
from metrics.models.imports import BatchRows, ImportBatch, ImportFile, SavedMapping
from metrics.models.measurements import Measurement, MeasurementChange
from metrics.models.operating import FailedTask, Tally
from metrics.models.reminders import Reminder
from metrics.models.runs import RescoreNeed, RunChunk, ScoreRun
from metrics.models.scorecards import (
    GROUPS,
    SHARE_FIELDS,
    WEIGHT_FIELDS,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.models.scores import (
    SCORE_COLUMNS,
    Measure,
    MonthClosing,
    ReportedScore,
    Score,
    ScoreColumns,
)
from metrics.models.weights import MonthWeights, SubjectWeight

__all__ = [
    "GROUPS",
    "SCORE_COLUMNS",
    "SHARE_FIELDS",
    "WEIGHT_FIELDS",
    "BatchRows",
    "CurveOverride",
    "DraftMeasurement",
    "Exemption",
    "ExemptionProposal",
    "FailedTask",
    "FormerNoValue",
    "ImportBatch",
    "ImportFile",
    "Measure",
    "Measurement",
    "MeasurementChange",
    "MetricAssignment",
    "MetricDefinition",
    "MonthClosing",
    "MonthWeights",
    "NoValue",
    "Reminder",
    "ReportedScore",
    "RescoreNeed",
    "RunChunk",
    "SavedMapping",
    "Score",
    "ScoreColumns",
    "ScoreRun",
    "Scorecard",
    "ScorecardAssignment",
    "ScorecardLine",
    "SubjectWeight",
    "Tally",
]
