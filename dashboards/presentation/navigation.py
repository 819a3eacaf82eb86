"""The main navigation: which pages there are, in which order, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

READ = "metrics.read_dashboards"
ENTER = "metrics.enter_measurements"
APPROVE = "metrics.approve_measurements"
KEEP = "metrics.keep_definitions"
UNDO = "metrics.undo_imports"


@dataclass(frozen=True)
class Page:
    """`permission` empty: for the staff of the admin site."""

    label: str
    url_name: str
    icon: str
    permission: str
    or_permission: str = ""
    """Opens the page as well."""


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
            Page("Customers", "customer_list", "person-circle", READ),
            Page("Services", "service_list", "box-seam", READ),
            Page("Packs", "pack_list", "journal-check", READ),
        ),
    ),
    PageGroup(
        "Data",
        (
            Page("Entry", "entry", "pencil-square", ENTER),
            Page("Grid", "entry_grid", "table", ENTER),
            Page("Imports", "import_list", "upload", ENTER, UNDO),
            Page("Approvals", "approval_list", "check-circle", APPROVE),
        ),
    ),
    PageGroup(
        "Definitions",
        (
            Page("Metrics", "metric_list", "speedometer2", READ),
            Page("Scorecards", "scorecard_list", "card-checklist", READ),
            Page("Subjects", "subject_list", "layers", KEEP),
            Page("Assignments", "assignment_list", "list-check", KEEP),
            Page("Help", "help", "question-circle", READ),
        ),
    ),
    PageGroup(
        "Running",
        (
            Page("Months", "month_list", "calendar3", READ),
            Page("Runs", "run_list", "activity", READ),
            Page("Admin", "admin:index", "gear", ""),
        ),
    ),
)
