"""The main navigation: which pages there are, in which order, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

READ = "metrics.read_dashboards"
ENTER = "metrics.enter_measurements"


@dataclass(frozen=True)
class Page:
    """`permission` empty: for the staff of the admin site."""

    label: str
    url_name: str
    icon: str
    permission: str


@dataclass(frozen=True)
class PageGroup:
    title: str
    pages: tuple[Page, ...]


GROUPS = (
    PageGroup(
        "Results",
        (
            Page("Summary", "summary", "grid-1x2", READ),
            Page("Portfolios", "portfolio_list", "collection", READ),
            Page("Projects", "project_list", "kanban", READ),
            Page("Segments", "segment_list", "people", READ),
        ),
    ),
    PageGroup("Data", (Page("Entry", "entry", "pencil-square", ENTER),)),
    PageGroup(
        "Running",
        (
            Page("Months", "month_list", "calendar3", READ),
            Page("Runs", "run_list", "activity", READ),
            Page("Admin", "admin:index", "gear", ""),
        ),
    ),
)
