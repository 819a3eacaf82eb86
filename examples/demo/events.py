"""What happened meanwhile: dated notes on subjects, which a workspace folder does not hold."""

from typing import NamedTuple

from examples.demo.company import ORGANISATION


class Happened(NamedTuple):
    code: str
    day: str
    title: str
    text: str = ""


EVENTS = (
    Happened(
        ORGANISATION,
        "2026-01-12",
        "One desk for all complaints",
        "Complaints of all segments come to one desk, which owns them until they are settled.",
    ),
    Happened(
        "SEG-SMB",
        "2025-11-03",
        "New pricing",
        "Small businesses pay for each case instead of a flat rate.",
    ),
    Happened(
        "PRJ-BILLBOT",
        "2026-02-02",
        "Answers go out unread",
        "A person used to look at every answer before it went out; that was the costly part.",
    ),
    Happened("PRJ-VIDEO", "2026-03-20", "Cancelled", "Too few took part in the trial."),
    Happened(
        "PRJ-HANDOVER",
        "2025-10-06",
        "New lead, new plan",
        "Handed over in small steps, each with the customer at the table.",
    ),
    Happened(
        "PRJ-REGIONS",
        "2025-12-01",
        "Two more regions",
        "Decided with the customers, and without more budget.",
    ),
    Happened(
        "SRV-WORKPLACE",
        "2026-03-09",
        "Upgrade of all workplaces",
        "Taken back after four days. Since then ten workplaces come first, then all others.",
    ),
    Happened(
        "C-ENT-11",
        "2025-12-15",
        "Merger with another railway",
        "Our contact left; decisions are now made at the other one's head office.",
    ),
    Happened(
        "PF-BACK",
        "2026-07-01",
        "New reporting tool",
        "The old one was switched off before the new one was filled.",
    ),
)
