"""The catalogue of services, what they cost, and both sides of one of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.scores import score_cells, score_columns
from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, currency, money, number, rate, text
from dashboards.selectors.risks import Risk
from dashboards.selectors.services import OfferRow, ServiceRow


def services_table(services: Iterable[ServiceRow]) -> ExportTable:
    """A row per service and currency of its costs; one without a cost has a row as well."""
    return ExportTable(
        "services",
        (
            *named("Service"),
            text(_("Owner")),
            *score_columns(),
            number(_("Segments")),
            number(_("Customers reached")),
            money(_("Cost a year")),
            money(_("Of it with a benchmark")),
            money(_("Benchmark")),
            currency(),
        ),
        [
            (
                row.scores.code,
                row.scores.name,
                row.owner,
                *score_cells(row.scores),
                row.segments,
                row.reach.customers,
                *(
                    (line.cost, line.compared_cost, line.benchmark, line.currency)
                    if line
                    else (None, None, None, None)
                ),
            )
            for row in services
            for line in row.costs or (None,)
        ],
    )


def offers_table(offers: Iterable[OfferRow]) -> ExportTable:
    """What a service costs each segment, and how the segment does."""
    return ExportTable(
        "offers",
        (
            *named("Segment"),
            number(_("Weight"), None),
            rate(_("Part of what it is offered")),
            number(_("Customers")),
            money(_("Cost a year")),
            money(_("Benchmark")),
            money(_("Cost per customer")),
            money(_("Benchmark per customer")),
            currency(),
            *score_columns(),
            *(number(_("Known customers: %(risk)s") % {"risk": risk.label}) for risk in Risk),
        ),
        [
            (
                row.segment.code,
                row.segment.name,
                row.weight,
                row.weight_rate,
                row.customer_count,
                row.cost.annual,
                row.cost.benchmark,
                row.cost.per_customer,
                row.cost.benchmark_per_customer,
                row.cost.currency,
                *score_cells(row.segment),
                *(group.customers for group in row.groups),
            )
            for row in offers
        ],
    )
