"""Customers with their risk, and what one of them gets."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.scores import score_cells, score_columns
from dashboards.exports.subjects import named
from dashboards.exports.table import (
    ExportTable,
    currency,
    day,
    money,
    number,
    text,
)
from dashboards.selectors.customers import CustomerRow
from dashboards.selectors.services import ServiceForSegment


def customers_table(customers: Iterable[CustomerRow]) -> ExportTable:
    """With the rule's word for the risk, and what it saw."""
    return ExportTable(
        "customers",
        (
            *named("Customer"),
            text(_("Segment")),
            text(_("Risk")),
            text(_("Why")),
            *score_columns(),
            day(_("Renewal")),
            day(_("Customer since")),
            money(_("Revenue a year")),
            currency(),
        ),
        [
            (
                row.scores.code,
                row.scores.name,
                row.segment_name,
                row.risk.label,
                row.why,
                *score_cells(row.scores),
                row.renewal_on,
                row.since,
                row.annual_revenue,
                row.currency,
            )
            for row in customers
        ],
    )


def services_for_table(services: Iterable[ServiceForSegment]) -> ExportTable:
    return ExportTable(
        "services",
        (
            *named("Service"),
            number(_("Weight"), None),
            *score_columns(),
            money(_("Cost a year")),
            money(_("Benchmark")),
            money(_("Cost per customer")),
            money(_("Benchmark per customer")),
            currency(),
        ),
        [
            (
                row.scores.code,
                row.scores.name,
                row.weight,
                *score_cells(row.scores),
                row.cost.annual,
                row.cost.benchmark,
                row.cost.per_customer,
                row.cost.benchmark_per_customer,
                row.cost.currency,
            )
            for row in services
        ],
    )
