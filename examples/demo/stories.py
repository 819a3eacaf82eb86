"""What is worth finding in the demo. Everything that no story names is ordinary."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from examples.demo.company import customers_of
from examples.demo.periods import month_number
from examples.demo.projects import PROJECTS, engagements_of, engagements_with

Path = tuple[tuple[str, float], ...]

# The level of an ordinary subject, 0 poor and 1 good: the company gets better at its trade.
ORDINARY: Path = (("2024-05", 0.56), ("2025-06", 0.61), ("2026-10", 0.685))

# Summer leave and the rush before the year ends, January to December.
SEASON = (0.02, 0.02, 0.01, 0.0, 0.0, 0.0, -0.02, -0.04, 0.0, 0.01, -0.01, -0.04)


@dataclass(frozen=True)
class Story:
    """Some measures (none named: all) of some subjects follow a path of their own."""

    title: str
    subjects: tuple[str, ...]
    path: Path
    measures: tuple[str, ...] = ()

    def tells(self, measure: str, subject: str) -> bool:
        return subject in self.subjects and (not self.measures or measure in self.measures)


def _whole(code: str) -> tuple[str, ...]:
    """A project with its engagements."""
    project = next(project for project in PROJECTS if project.code == code)
    return code, *engagements_of(project)


CUSTOMERS_SIDE = ("adoption", "handoffs", "ttv_customer", "fix_days")
OUR_SIDE = ("cost_ratio", "ttv_employee")

# The first story that tells of a measure and a subject counts.
STORIES = (
    Story(
        "Green on money, red for its customers",
        _whole("PRJ-BILLBOT"),
        path=(("2024-10", 0.72), ("2025-06", 0.66), ("2026-02", 0.24)),
        measures=CUSTOMERS_SIDE,
    ),
    Story(
        "Green on money, red for its customers",
        _whole("PRJ-BILLBOT"),
        path=(("2024-10", 0.74), ("2026-02", 0.92)),
        measures=OUR_SIDE,
    ),
    Story(
        "The turn-round",
        _whole("PRJ-HANDOVER"),
        path=(("2024-11", 0.55), ("2025-05", 0.36), ("2025-09", 0.34), ("2026-07", 0.84)),
    ),
    Story(
        "A cost overrun that pays off for customers",
        ("PRJ-REGIONS",),
        path=(("2024-06", 0.8), ("2025-09", 0.36), ("2026-04", 0.3)),
        measures=("cost_ratio",),
    ),
    Story(
        "A cost overrun that pays off for customers",
        _whole("PRJ-REGIONS"),
        path=(("2024-06", 0.6), ("2025-06", 0.66), ("2026-03", 0.95)),
        measures=("adoption", "handoffs", "ttv_customer", "ttv_employee"),
    ),
    Story(
        "Cancelled",
        _whole("PRJ-VIDEO"),
        path=(("2025-01", 0.6), ("2026-01", 0.3)),
    ),
    Story(
        "In trouble from end to end",
        _whole("PRJ-EDGE"),
        path=(("2025-03", 0.6), ("2025-12", 0.5), ("2026-06", 0.36)),
    ),
    Story(
        "Small businesses turn away while everybody else comes closer",
        ("SEG-SMB", *customers_of("SEG-SMB"), *engagements_with("SEG-SMB")),
        path=(("2024-05", 0.7), ("2025-04", 0.72), ("2026-10", 0.38)),
    ),
    Story(
        "A large customer at risk, with the renewal near",
        ("C-ENT-11",),
        path=(("2024-05", 0.75), ("2025-11", 0.72), ("2026-06", 0.22)),
    ),
    Story(
        "An upgrade that went wrong, and was learned from",
        ("SRV-WORKPLACE",),
        path=(("2026-01", 0.72), ("2026-03", 0.12), ("2026-04", 0.3), ("2026-08", 0.82)),
        measures=("recovery_days", "backlog_days", "lowest_availability"),
    ),
)

# The back office changed its reporting tool in the summer of 2026 and nobody has reported since.
SILENT_AFTER = "2026-06"
SILENT = {
    "PF-BACK",
    *(
        code
        for project in PROJECTS
        if project.portfolio == "PF-BACK"
        for code in _whole(project.code)
    ),
}

# Customers that answer no survey and share no figures: nothing is known of them.
NEVER_HEARD = {"C-MID-11", "C-MID-24", "C-SMB-09", "C-SMB-13", "C-SMB-28", "C-SMB-36", "C-PUB-05"}


def level(measure: str, subject: str, month: int) -> float:
    """How well a measure of a subject typically stands in a month."""
    return _along(_path(measure, subject), month)


def is_ordinary(measure: str, subject: str) -> bool:
    return _path(measure, subject) == ORDINARY


def is_silent(subject: str, month: int) -> bool:
    return subject in NEVER_HEARD or (subject in SILENT and month > month_number(SILENT_AFTER))


@cache
def _path(measure: str, subject: str) -> Path:
    for story in STORIES:
        if story.tells(measure, subject):
            return story.path
    return ORDINARY


def _along(path: Path, month: int) -> float:
    """Straight from point to point, flat before the first and after the last."""
    points = [(month_number(label), height) for label, height in path]
    if month <= points[0][0]:
        return points[0][1]
    for (start, low), (end, high) in pairwise(points):
        if month <= end:
            return low + (high - low) * (month - start) / (end - start)
    return points[-1][1]


# (measure, subject, period): what somebody wrote beside the value
NOTES = {
    ("cost_ratio", "PRJ-REGIONS", "2025-09"): "Second region needs its own power feed.",
    ("cost_ratio", "PRJ-REGIONS", "2026-04"): "Board accepts the overrun: four groups signed.",
    ("adoption", "PRJ-BILLBOT", "2026-02"): "Many ask for a person at the first answer.",
    ("adoption", "PRJ-BILLBOT", "2026-09"): "Button to reach a person is still missing.",
    ("cost_ratio", "PRJ-BILLBOT", "2026-05"): "Two roles saved at the billing desk.",
    ("right_people", "PRJ-HANDOVER", "2025-09"): "Three of seven roles open.",
    ("right_people", "PRJ-HANDOVER", "2025-12"): "New lead; the desk lends two people.",
    ("adoption", "PRJ-HANDOVER", "2026-07"): "All desks use the new hand-over sheet.",
    ("adoption", "PRJ-VIDEO", "2026-03"): "Last value: the project was cancelled on 12 March.",
    ("promise_kept", "SEG-SMB", "2026-Q3"): "Asked for a person, got the program, say many.",
    ("promise_kept", "SEG-SMB", "2026-Q1"): "Set-up took six days in the median.",
    ("growth_plans", "PRJ-LEDGER", "2026-Q2"): "Last report before the change of tools.",
    ("right_people", "PRJ-EDGE", "2026-06"): "Both hardware engineers left.",
    ("recovery_days", "SRV-WORKPLACE", "2026-03-20"): "A driver update stopped all printing.",
    ("nps", "C-ENT-11", "2026-Q3"): "Their board has asked for our exit plan.",
    ("mail_on_time", "SRV-MAIL", "2025-12-23"): "Half the desk on leave.",
    ("revenue", "HARBOURLIGHT", "2025-12"): "Includes year-end settlements.",
    ("employee_tenure", "HARBOURLIGHT", "2025"): "Counted on 31 December, without apprentices.",
}
