"""What the tests of packs share: a small measured company, and files read again."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import time_machine
from pptx import Presentation
from pypdf import PdfReader

from dashboards.packs.content import PackContent
from dashboards.packs.reading import content_of
from metrics.choices import Category, Door, RunTrigger
from metrics.models import Measurement, MetricDefinition, MonthClosing
from metrics.operations.measurements import record_measurement
from metrics.operations.months import close_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.periods import parse_period
from projects.choices import SubjectKind
from projects.models import Organisation, Portfolio, Project, Segment, Subject
from projects.months import Month
from tests.factories import (
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)

FEBRUARY, MARCH = Month.parse("2026-02"), Month.parse("2026-03")
SET_UP = datetime(2026, 4, 9, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 4, 10, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 11, 9, 0, tzinfo=UTC)
REOPENED = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
CLOSED_AGAIN = datetime(2026, 4, 13, 9, 0, tzinfo=UTC)
AFTERWARDS = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)

CATEGORIES = [str(label) for label in Category.labels]


@dataclass(frozen=True)
class Company:
    """One project in one portfolio for one segment, with a metric in each category."""

    organisation: Organisation
    portfolio: Portfolio
    segment: Segment
    project: Project
    metrics: dict[str, MetricDefinition]

    def correct(self, category: str, value: float, month: Month = MARCH, note: str = "") -> None:
        """A value as somebody enters it."""
        record_measurement(
            metric=self.metrics[category],
            subject=self.project,
            period=parse_period(str(month), "month"),
            value=value,
            note=note,
            by=None,
            door=Door.FORM,
        )

    def value(self, category: str, month: Month = MARCH) -> Measurement:
        return Measurement.objects.get(metric=self.metrics[category], month=month)


FEBRUARY_VALUES = {"tactical": 70, "value_creation": 60, "longevity": 80, "financial": 90}
MARCH_VALUES = {"tactical": 74, "value_creation": 62, "longevity": 80, "financial": 40}


def measured_company(**names: str) -> Company:
    """Scored in February and March: by April, overall 75 and 64, by the arithmetic rule."""
    with time_machine.travel(SET_UP, tick=False):
        organisation = OrganisationFactory(name=names.get("organisation", "Ferry Services"))
        portfolio = PortfolioFactory(code="PF", name="Harbours")
        segment = SegmentFactory(code="SEG", name=names.get("segment", "Islanders"))
        project = ProjectFactory(
            code="P",
            name=names.get("project", "New quay"),
            portfolio=portfolio,
            budget=Decimal(1_000_000),
            forecast_cost=Decimal(1_200_000),
            currency="EUR",
        )
        EngagementFactory(project=project, segment=segment)
        card = ScorecardFactory(
            subject_kind=SubjectKind.PROJECT, is_default=True, name="Project card", share_own=1
        )
        for kind in (SubjectKind.ORGANISATION, SubjectKind.PORTFOLIO, SubjectKind.SEGMENT):
            ScorecardFactory(
                subject_kind=kind,
                is_default=True,
                name=f"Card of each {kind}",
                share_own=0,
                share_projects=1,
            )
        metrics = {}
        for category in Category.values:
            metric = MetricFactory(
                code=f"m_{category}", name=f"Metric {category}", category=category
            )
            ScorecardLineFactory(scorecard=card, metric=metric)
            metrics[category] = metric
            for month, values in ((FEBRUARY, FEBRUARY_VALUES), (MARCH, MARCH_VALUES)):
                MeasurementFactory(
                    metric=metric,
                    subject=project,
                    period=str(month),
                    value=float(values[category]),
                    note="A storm took the crane." if values[category] == 40 else "",
                    created_at=SET_UP,
                    changed_at=SET_UP,
                )
        score_now(trigger=RunTrigger.COMMAND, months=[FEBRUARY, MARCH])
    return Company(organisation, portfolio, segment, project, metrics)


def closed(at: datetime = CLOSED, **who: Any) -> MonthClosing:
    """March, closed at a moment, with February."""
    with time_machine.travel(at, tick=False):
        answer_all_needs()
        close_month(MARCH, by=who.get("by"))
    return MonthClosing.objects.in_force().get(month=MARCH)


def pdf_pages(written: bytes) -> list[str]:
    """The words of each sheet."""
    reader = PdfReader(io.BytesIO(written))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def pdf_words(written: bytes) -> str:
    return " ".join(pdf_pages(written))


def slides_of(written: bytes) -> list[Any]:
    return list(Presentation(io.BytesIO(written)).slides)


def slide_words(slide: Any) -> str:
    """Everything that can be read on a slide, tables and charts among it."""
    words: list[str] = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            words.append(shape.text_frame.text)
        if getattr(shape, "has_table", False) and shape.has_table:
            words += [cell.text for row in shape.table.rows for cell in row.cells]
        if getattr(shape, "has_chart", False) and shape.has_chart:
            for plot in shape.chart.plots:
                words += [str(name) for name in plot.categories]
                words += [series.name for series in plot.series]
    return " ".join(" ".join(words).split())


def charts_of(slide: Any) -> list[Any]:
    return [shape.chart for shape in slide.shapes if getattr(shape, "has_chart", False)]


def told(subject: Subject, closing: MonthClosing | None = None) -> PackContent:
    """What the pack of March says, or that of a closing of it."""
    return content_of(subject, MARCH, closing)
