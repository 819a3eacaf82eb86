"""The files of a workspace and their columns, in the order of SCORING section 9."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from metrics.models import (
    CurveOverride,
    Exemption,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.workspace.cells import Reader, Writer, blank_value, reader_of, writer_of
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)

# A column is named after its field, but for a name that a field would not have.
_FIELD_OF_COLUMN = {"default": "is_default"}
SCORECARD_COLUMN = "scorecard"


@dataclass(frozen=True, eq=False)
class Column:
    """One column and the field whose rules its cells obey."""

    name: str
    is_required: bool
    position: int
    field: models.Field
    read: Reader
    write: Writer
    blank: Any

    @property
    def refers_to(self) -> type[models.Model] | None:
        """The model whose code the cell names."""
        related = self.field.related_model
        return related if isinstance(related, type) else None

    @property
    def is_assignment(self) -> bool:
        """The scorecard of a subject is a row of its own, not a field of the subject's."""
        return self.field.model is ScorecardAssignment


@dataclass(frozen=True, eq=False)
class Table:
    """One file of definitions or subjects and the model whose rows it holds."""

    name: str
    order: int
    model: type[models.Model]
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def is_of_subjects(self) -> bool:
        return issubclass(self.model, Subject) and self.model is not Engagement

    @property
    def is_coded(self) -> bool:
        """Its rows are called by a code of their own."""
        return self.key == ("code",)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column_of(self, field_name: str) -> Column | None:
        for column in self.columns:
            if column.field.name == field_name and not column.is_assignment:
                return column
        return None


def _table(order: int, name: str, model: type[models.Model], columns: str, key: str) -> Table:
    return Table(
        name,
        order,
        model,
        tuple(
            _column(model, text.rstrip("*"), text.endswith("*"), position)
            for position, text in enumerate(columns.split(), start=1)
        ),
        tuple(key.split()),
    )


def _column(model: type[models.Model], name: str, is_required: bool, position: int) -> Column:
    has_assignment = issubclass(model, Subject) and name == SCORECARD_COLUMN
    owner: type[models.Model] = ScorecardAssignment if has_assignment else model
    field: Any = owner._meta.get_field(_FIELD_OF_COLUMN.get(name, name))
    blank = None if has_assignment or field.is_relation else blank_value(field)
    read = str if field.is_relation else reader_of(field)
    return Column(name, is_required, position, field, read, writer_of(field), blank)


SPAN = "active_from active_until"

TABLES: tuple[Table, ...] = tuple(
    _table(order, *row)
    for order, row in enumerate(
        (
            (
                "organisation",
                Organisation,
                f"code* name* fiscal_year_starts_in scorecard {SPAN}",
                "code",
            ),
            (
                "portfolios",
                Portfolio,
                f"code* name* parent description scorecard {SPAN}",
                "code",
            ),
            (
                "segments",
                Segment,
                "code* name* audience description value_proposition customer_count annual_revenue"
                f" currency weight scorecard {SPAN}",
                "code",
            ),
            (
                "customers",
                Customer,
                "code* name* segment* since renewal_on annual_revenue currency weight scorecard"
                f" {SPAN}",
                "code",
            ),
            (
                "services",
                Service,
                f"code* name* description value_proposition owner scorecard {SPAN}",
                "code",
            ),
            (
                "service_segments",
                Offer,
                "service* segment* weight annual_cost benchmark_cost currency",
                "service segment",
            ),
            (
                "projects",
                Project,
                "code* name* portfolio* stage description customer_experience relationship_effect"
                " revenue_effect sponsor lead start_on end_on baseline_end_on budget forecast_cost"
                f" actual_cost currency weight scorecard {SPAN}",
                "code",
            ),
            ("project_segments", Engagement, "project* segment* share", "project segment"),
            (
                "metrics",
                MetricDefinition,
                "code* name* question category* dimension due_days perspective subject_kind* unit"
                " decimals cadence* time_aggregation grace_months curve formula timing owner_role"
                f" description source {SPAN}",
                "code",
            ),
            (
                "curve_overrides",
                CurveOverride,
                "metric* subject* from_month* curve*",
                "metric subject from_month",
            ),
            (
                "exemptions",
                Exemption,
                "metric* subject* from_month until_month reason*",
                "metric subject from_month",
            ),
            (
                "scorecards",
                Scorecard,
                "code* name* subject_kind* default* weight_tactical* weight_value_creation*"
                " weight_longevity* weight_financial* overall* min_coverage* min_categories*"
                " amber_from* green_from* share_own* share_engagements share_projects"
                " share_services share_customers share_segments",
                "code",
            ),
            (
                "scorecard_lines",
                ScorecardLine,
                "scorecard* metric* weight*",
                "scorecard metric",
            ),
        ),
        start=1,
    )
)
"""Every file but the measurements, which are too many to be read as a whole."""

TABLE_OF_MODEL = {table.model: table for table in TABLES}
SUBJECT_TABLES = tuple(table for table in TABLES if table.is_of_subjects)

MEASUREMENTS = "measurements"
MEASUREMENTS_ORDER = len(TABLES) + 1
MEASUREMENT_COLUMNS = ("metric", "subject", "period", "value", "note")
REQUIRED_MEASUREMENT_COLUMNS = MEASUREMENT_COLUMNS[:4]

ORDER_OF_FILE = {table.name: table.order for table in TABLES} | {MEASUREMENTS: MEASUREMENTS_ORDER}
FILE_NAMES = tuple(f"{name}.csv" for name in ORDER_OF_FILE)


def is_passed_by(name: str) -> bool:
    """A folder may explain itself in a README."""
    return name.startswith("README.")


def required(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns if column.is_required]
