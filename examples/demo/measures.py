"""What is measured, of whom, how often, and how its invented values behave.

The definitions are the portal's ready-made ones, out of its catalogue; here stands only what makes
numbers of them.
"""

from dataclasses import asdict, dataclass
from typing import Any

from metrics.catalogue import CATALOGUE, ReadyMade


@dataclass(frozen=True, kw_only=True)
class Measure(ReadyMade):
    """A ready-made metric, and how its values behave; those of a formula come from its inputs."""

    active_from: str = ""
    poor: float = 0.0  # the value of a subject at level 0
    good: float = 0.0  # and at level 1
    wobble: float = 0.035  # how far the level strays from period to period
    gap: float = 0.04  # share of the periods that nobody reports
    is_seasonal: bool = False
    chance_of_event: float = 1.0  # below 1: there is only something to measure now and then

    @property
    def is_input(self) -> bool:
        return not self.curve


def measure(code: str, **behaviour: Any) -> Measure:
    return Measure(**asdict(CATALOGUE[code]), **behaviour)


MEASURES = (
    measure("fix_days", poor=20, good=1, gap=0.1, is_seasonal=True),
    measure("right_people", poor=55, good=97, gap=0.08),
    measure("feedback_loops", good=2.1, wobble=0.2, gap=0.03),
    measure("adoption", poor=8, good=90, gap=0.1),
    measure("growth_plans", poor=25, good=98, gap=0.1),
    measure("ideas_per_head", good=2.1, gap=0.08, active_from="2025-01"),
    measure("cost_ratio", poor=1.3, good=0.95, wobble=0.025, gap=0.02),
    measure("handoffs", poor=9, good=1, gap=0.1),
    measure("ttv_customer", poor=90, good=12, gap=0.14),
    measure("ttv_employee", poor=85, good=9, gap=0.1),
    measure("ttv_gap"),
    measure("minutes_per_case", poor=20, good=5, gap=0.05, is_seasonal=True),
    measure("cost_per_minute", poor=1.5, good=0.72, gap=0.02),
    measure("cost_per_case"),
    measure("mail_on_time", poor=75, good=98.5, wobble=0.06, gap=0.01, is_seasonal=True),
    measure("backlog_days", poor=12, good=0.5, is_seasonal=True),
    measure("recovery_days", poor=14, good=0.5, wobble=0.07, gap=0, chance_of_event=0.032),
    measure("lowest_availability", poor=98.2, good=99.99),
    measure("certified_people", poor=42, good=98, gap=0.08),
    measure("nps", poor=-60, good=75, wobble=0.06, gap=0.2),
    measure("customers_success", poor=40, good=95, gap=0.26, active_from="2025-01"),
    measure("interactions_to_close", poor=9, good=1.4, gap=0.1),
    measure("familiar_faces", poor=20, good=92, gap=0.1),
    measure("account_growth", poor=-22, good=14, gap=0.06),
    measure("renewal_rate", poor=70, good=98.5),
    measure("promise_kept", poor=50, good=97, gap=0),
    measure("benefits_reviewed", poor=30, good=100, gap=0),
    measure("employee_tenure", poor=1.5, good=6.5, gap=0),
    measure("cash_days", poor=10, good=80, gap=0),
    measure("revenue", poor=3700, good=4900, gap=0),
    measure("cost_of_goods_sold", poor=3300, good=2430, wobble=0.03, gap=0),
    measure("overhead_percent", poor=41, good=21, gap=0),
    measure("cogs_percent"),
    measure("profit_margin"),
)
