"""What is expected of whom: scorecards, and the exceptions to metrics for single subjects."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scorecard:
    """`weights` in the order tactical, value creation, longevity, financial."""

    code: str
    name: str
    kind: str
    weights: tuple[int, int, int, int]
    lines: dict[str, int]
    shares: dict[str, int]
    is_default: bool = True
    overall: str = "geometric"
    min_coverage: float = 0.4
    min_categories: int = 3


PROJECT_LINES = {
    "fix_days": 2,
    "right_people": 2,
    "adoption": 3,
    "growth_plans": 2,
    "ideas_per_head": 1,
    "cost_ratio": 1,
}
SERVICE_LINES = {
    "minutes_per_case": 1,
    "backlog_days": 2,
    "recovery_days": 1,
    "certified_people": 1,
    "cost_per_case": 1,
}

SCORECARDS = (
    Scorecard(
        "SC-ORGANISATION",
        "The company",
        kind="organisation",
        weights=(2, 4, 2, 2),
        lines={"employee_tenure": 1, "cash_days": 1, "cogs_percent": 1, "profit_margin": 2},
        shares={"own": 2, "projects": 2, "segments": 3},
        min_coverage=0.3,
    ),
    Scorecard(
        "SC-PORTFOLIO",
        "Portfolio",
        kind="portfolio",
        weights=(2, 4, 2, 2),
        lines={"benefits_reviewed": 1},
        shares={"own": 1, "projects": 4},
        min_coverage=0.3,
    ),
    Scorecard(
        "SC-PROJECT",
        "Project",
        kind="project",
        weights=(2, 4, 2, 2),
        lines=PROJECT_LINES,
        shares={"own": 3, "engagements": 3},
    ),
    Scorecard(
        "SC-TRANSITION",
        "Transition project",
        kind="project",
        weights=(2, 4, 2, 2),
        lines={**PROJECT_LINES, "feedback_loops": 2},
        shares={"own": 3, "engagements": 3},
        is_default=False,
    ),
    Scorecard(
        "SC-ENGAGEMENT",
        "One project's work for one segment",
        kind="engagement",
        weights=(1, 2, 0, 0),
        lines={"handoffs": 1, "ttv_customer": 2, "ttv_employee": 1, "ttv_gap": 1},
        shares={"own": 1},
        overall="arithmetic",
        min_categories=1,
    ),
    Scorecard(
        "SC-SERVICE",
        "Service",
        kind="service",
        weights=(2, 3, 1, 2),
        lines={**SERVICE_LINES, "lowest_availability": 2},
        shares={"own": 1},
    ),
    Scorecard(
        "SC-DESK",
        "Service desk",
        kind="service",
        weights=(2, 3, 1, 2),
        lines={**SERVICE_LINES, "mail_on_time": 2},
        shares={"own": 1},
        is_default=False,
    ),
    Scorecard(
        "SC-SEGMENT",
        "Segment",
        kind="segment",
        weights=(2, 4, 2, 2),
        lines={"promise_kept": 1, "renewal_rate": 1},
        shares={"own": 3, "engagements": 2, "projects": 2, "services": 2, "customers": 4},
        min_coverage=0.3,
    ),
    Scorecard(
        "SC-CUSTOMER",
        "Customer",
        kind="customer",
        weights=(1, 3, 1, 1),
        lines={
            "nps": 2,
            "customers_success": 1,
            "interactions_to_close": 1,
            "familiar_faces": 1,
            "account_growth": 1,
        },
        shares={"own": 1},
        min_categories=2,
    ),
    Scorecard(
        "SC-COLLEAGUES",
        "Customer inside the group",
        kind="customer",
        weights=(1, 3, 0, 0),
        lines={"nps": 2, "interactions_to_close": 1},
        shares={"own": 1},
        is_default=False,
        overall="weakest",
        min_categories=1,
    ),
)
AMBER_FROM, GREEN_FROM = 50, 70


@dataclass(frozen=True)
class CurveOverride:
    """The usual curve with its values stretched: other work, or a target that was tightened."""

    measure: str
    subject: str
    from_month: str
    stretch: float


# Their cases are longer by nature, and so are their values: see `stretch_of`.
LONGER_CASES = {"SRV-FIELD": 5.0, "SRV-PAYROLL": 2.5, "SRV-ONBOARD": 4.0}

CURVE_OVERRIDES = (
    *(CurveOverride("minutes_per_case", code, "2024-05", by) for code, by in LONGER_CASES.items()),
    *(CurveOverride("cost_per_case", code, "2024-05", by) for code, by in LONGER_CASES.items()),
    CurveOverride("cost_per_case", "SRV-BILLING", "2026-01", 0.9),
    CurveOverride("handoffs", "PRJ-ONETEAM@SEG-ENT", "2025-07", 0.9),
)


def stretch_of(measure: str, subject: str) -> float:
    return LONGER_CASES.get(subject, 1.0) if measure == "minutes_per_case" else 1.0


@dataclass(frozen=True)
class Exemption:
    measures: tuple[str, ...]
    subject: str
    reason: str
    from_month: str = ""
    until_month: str = ""

    def holds_for(self, measure: str, subject: str, month: str) -> bool:
        is_meant = subject == self.subject and measure in self.measures
        return is_meant and self.from_month <= month <= (self.until_month or month)


EXEMPTIONS = (
    Exemption(("fix_days",), "PRJ-CONTRACT", "Words, not software: there are no defects to count."),
    Exemption(("fix_days",), "PRJ-MENTOR", "Delivers meetings, not software."),
    Exemption(("fix_days",), "PRJ-EXIT", "Delivers plans, not software."),
    Exemption(
        ("fix_days", "right_people"),
        "PRJ-VOICE",
        "Closed in November 2025; its benefits and last bills are measured on.",
        from_month="2025-12",
    ),
    Exemption(
        ("fix_days", "right_people"),
        "PRJ-POWER",
        "Closed in February 2026; its benefits and last bills are measured on.",
        from_month="2026-03",
    ),
    Exemption(
        ("adoption",),
        "PRJ-NORTH",
        "Nothing delivered yet: the first customers start in October 2026.",
        from_month="2026-08",
        until_month="2026-09",
    ),
    Exemption(("lowest_availability",), "SRV-FIELD", "A visit, not a system."),
    Exemption(("lowest_availability",), "SRV-PAYROLL", "Runs once a month; no hours are agreed."),
    Exemption(("lowest_availability",), "SRV-ONBOARD", "People, not a system."),
    Exemption(("recovery_days",), "SRV-ONBOARD", "Has no system of its own that is upgraded."),
    Exemption(("renewal_rate",), "SEG-UNITS", "Units of the group have no contract to renew."),
    Exemption(("renewal_rate",), "SEG-STAFF", "Colleagues have no contract to renew."),
)


def is_exempt(measure: str, subject: str, month: str) -> bool:
    return any(exemption.holds_for(measure, subject, month) for exemption in EXEMPTIONS)
