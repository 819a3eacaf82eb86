"""Write the demo as a workspace folder: python examples/demo/build.py DIR [--until YYYY-MM]."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

if not __package__:  # run as a script, from wherever
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.demo.company import (
    CUSTOMERS,
    ORGANISATION,
    ORGANISATION_NAME,
    PORTFOLIOS,
    SEGMENTS,
    SERVICES,
)
from examples.demo.measures import MEASURES, Measure
from examples.demo.periods import FIRST_MONTH, month_label, month_number
from examples.demo.projects import PROJECTS, Project, engagements_of
from examples.demo.scorecards import (
    AMBER_FROM,
    CURVE_OVERRIDES,
    EXEMPTIONS,
    GREEN_FROM,
    SCORECARDS,
    is_exempt,
)
from examples.demo.series import Value, span_of, values
from metrics.catalogue import Points

Row = dict[str, object]
CATEGORIES = ("tactical", "value_creation", "longevity", "financial")
SHARES = ("own", "engagements", "projects", "services", "customers", "segments")


def build_demo(folder: Path, until: str) -> None:
    """Write every file of the workspace, with measurements up to and including a month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", until) or until < FIRST_MONTH:
        raise ValueError(
            f"--until is a month from {FIRST_MONTH} on, such as 2026-10; got {until!r}"
        )
    last = month_number(until)
    reported = list(all_values(last))
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Iterable[Row]] = {
        "organisation": [{"code": ORGANISATION, "name": ORGANISATION_NAME}],
        "portfolios": portfolio_rows(),
        "segments": segment_rows(),
        "customers": customer_rows(last),
        "services": service_rows(),
        "service_segments": offer_rows(),
        "projects": project_rows(last, reported),
        "project_segments": engagement_rows(),
        "metrics": metric_rows(),
        "curve_overrides": override_rows(),
        "exemptions": exemption_rows(),
        "scorecards": scorecard_rows(),
        "scorecard_lines": line_rows(),
        "measurements": measurement_rows(reported),
    }
    for name, rows in files.items():
        write(folder / f"{name}.csv", list(rows))


def write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Subject:
    """Somebody measured: the scorecard if it is not the default one, and the months of the span."""

    code: str
    kind: str
    scorecard: str = ""
    first: str = ""
    last: str = ""


def subjects() -> Iterator[Subject]:
    yield Subject(ORGANISATION, "organisation")
    for portfolio in PORTFOLIOS:
        yield Subject(portfolio.code, "portfolio")
    for segment in SEGMENTS:
        yield Subject(segment.code, "segment")
    for service in SERVICES:
        yield Subject(service.code, "service", service.scorecard)
    for customer in CUSTOMERS:
        span = customer.active_from, customer.active_until
        yield Subject(customer.code, "customer", customer.scorecard, *span)
    for project in PROJECTS:
        span = project.active_from, project.active_until
        yield Subject(project.code, "project", project.scorecard, *span)
        for engagement in engagements_of(project):
            yield Subject(engagement, "engagement", "", *span)


def all_values(until: int) -> Iterator[Value]:
    for subject in subjects():
        for measure in measures_of(subject):
            span = span_of(measure, subject.first, subject.last)
            for value in values(measure, subject.code, span, until):
                if not is_exempt(measure.code, subject.code, month_label(value.month)):
                    yield value


def measures_of(subject: Subject) -> Iterator[Measure]:
    """What is reported of a subject: the lines of its scorecard and the inputs of formulas."""
    lines = next(
        card.lines
        for card in SCORECARDS
        if card.kind == subject.kind
        and (card.code == subject.scorecard if subject.scorecard else card.is_default)
    )
    for measure in MEASURES:
        is_reported = measure.subject_kind == subject.kind and not measure.formula
        if is_reported and (measure.is_input or measure.code in lines):
            yield measure


def portfolio_rows() -> Iterator[Row]:
    for portfolio in PORTFOLIOS:
        yield {
            "code": portfolio.code,
            "name": portfolio.name,
            "parent": portfolio.parent,
            "description": portfolio.description,
        }


def segment_rows() -> Iterator[Row]:
    for segment in SEGMENTS:
        yield {
            "code": segment.code,
            "name": segment.name,
            "audience": segment.audience,
            "description": segment.description,
            "value_proposition": segment.value_proposition,
            "customer_count": segment.customer_count,
            "annual_revenue": segment.annual_revenue,
            "currency": "EUR" if segment.annual_revenue else "",
            "weight": segment.weight,
        }


def customer_rows(until: int) -> Iterator[Row]:
    for customer in CUSTOMERS:
        yield {
            "code": customer.code,
            "name": customer.name,
            "segment": customer.segment,
            "since": customer.since,
            "renewal_on": customer.renewal_on(until),
            "annual_revenue": customer.annual_revenue,
            "currency": "EUR" if customer.annual_revenue else "",
            "weight": customer.weight,
            "scorecard": customer.scorecard,
            "active_from": customer.active_from,
            "active_until": customer.active_until,
        }


def service_rows() -> Iterator[Row]:
    for service in SERVICES:
        yield {
            "code": service.code,
            "name": service.name,
            "description": service.description,
            "value_proposition": service.value_proposition,
            "owner": service.owner,
            "scorecard": service.scorecard,
        }


def offer_rows() -> Iterator[Row]:
    for service in SERVICES:
        for offer in service.offers:
            yield {
                "service": service.code,
                "segment": offer.segment,
                "weight": offer.weight,
                "annual_cost": offer.annual_cost,
                "benchmark_cost": offer.benchmark_cost,
                "currency": offer.currency,
            }


def project_rows(until: int, reported: list[Value]) -> Iterator[Row]:
    """Stage and money are those of the last month."""
    ratios = {value.subject: value for value in reported if value.measure == "cost_ratio"}
    for project in PROJECTS:
        forecast, spent = forecast_and_spent(project, ratios.get(project.code))
        yield {
            "code": project.code,
            "name": project.name,
            "portfolio": project.portfolio,
            "stage": project.stage_in(until),
            "description": project.description,
            "customer_experience": project.customer_experience,
            "relationship_effect": project.relationship_effect,
            "revenue_effect": project.revenue_effect,
            "sponsor": project.people[0],
            "lead": project.people[1],
            "start_on": project.start_on,
            "end_on": project.end_on,
            "baseline_end_on": project.baseline_end_on,
            "budget": project.budget * 1000,
            "forecast_cost": forecast,
            "actual_cost": spent,
            "currency": project.currency,
            "weight": project.weight,
            "scorecard": project.scorecard,
            "active_from": project.active_from,
            "active_until": project.active_until,
        }


def forecast_and_spent(project: Project, ratio: Value | None) -> tuple[int | None, int | None]:
    """The forecast is the one last reported; what is spent by then follows the plan."""
    if ratio is None:
        return None, None
    forecast = round(project.budget * 1000 * float(ratio.text))
    return forecast, round(forecast * project.share_spent_in(ratio.month)) // 100 * 100


def engagement_rows() -> Iterator[Row]:
    for project in PROJECTS:
        for segment, share in project.serves.items():
            yield {"project": project.code, "segment": segment, "share": share}


def metric_rows() -> Iterator[Row]:
    for measure in MEASURES:
        yield {
            "code": measure.code,
            "name": measure.name,
            "question": measure.question,
            "category": measure.category,
            "dimension": measure.dimension,
            "due_days": measure.due_days,
            "perspective": measure.perspective,
            "subject_kind": measure.subject_kind,
            "unit": measure.unit,
            "decimals": measure.decimals,
            "cadence": measure.cadence,
            "time_aggregation": measure.time_aggregation,
            "grace_months": measure.grace_months,
            "curve": json.dumps(measure.curve) if measure.curve else "",
            "formula": measure.formula,
            "timing": measure.timing,
            "owner_role": measure.owner_role,
            "description": measure.description,
            "source": measure.source,
            "active_from": measure.active_from,
        }


def override_rows() -> Iterator[Row]:
    curves: dict[str, Points] = {measure.code: measure.curve for measure in MEASURES}
    for override in CURVE_OVERRIDES:
        stretched = [
            (round(value * override.stretch, 2), score) for value, score in curves[override.measure]
        ]
        yield {
            "metric": override.measure,
            "subject": override.subject,
            "from_month": override.from_month,
            "curve": json.dumps(stretched),
        }


def exemption_rows() -> Iterator[Row]:
    for exemption in EXEMPTIONS:
        for measure in exemption.measures:
            yield {
                "metric": measure,
                "subject": exemption.subject,
                "from_month": exemption.from_month,
                "until_month": exemption.until_month,
                "reason": exemption.reason,
            }


def scorecard_rows() -> Iterator[Row]:
    for card in SCORECARDS:
        yield {
            "code": card.code,
            "name": card.name,
            "subject_kind": card.kind,
            "default": "true" if card.is_default else "false",
            **{
                f"weight_{category}": weight
                for category, weight in zip(CATEGORIES, card.weights, strict=True)
            },
            "overall": card.overall,
            "min_coverage": card.min_coverage,
            "min_categories": card.min_categories,
            "amber_from": AMBER_FROM,
            "green_from": GREEN_FROM,
            **{f"share_{group}": card.shares.get(group, 0) for group in SHARES},
        }


def line_rows() -> Iterator[Row]:
    for card in SCORECARDS:
        for measure, weight in card.lines.items():
            yield {"scorecard": card.code, "metric": measure, "weight": weight}


def measurement_rows(reported: list[Value]) -> Iterator[Row]:
    for value in reported:
        yield {
            "metric": value.measure,
            "subject": value.subject,
            "period": value.period,
            "value": value.text,
            "note": value.note,
        }


def month_before(day: date) -> str:
    return month_label(day.year * 12 + day.month - 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write; made if missing")
    parser.add_argument(
        "--until",
        metavar="YYYY-MM",
        default=month_before(datetime.now(UTC).date()),
        help="last month with measurements (default: last month)",
    )
    arguments = parser.parse_args()
    try:
        build_demo(arguments.folder, arguments.until)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
