"""The main navigation: which pages there are, in which order, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READ = "metrics.read_dashboards"
WHOLE = "metrics.read_organisation"
ENTER = "metrics.enter_measurements"
APPROVE = "metrics.approve_measurements"
KEEP = "metrics.keep_definitions"
UNDO = "metrics.undo_imports"
READ_LOG = "accounts.view_auditevent"


@dataclass(frozen=True)
class Page:
    """`permission` empty: for the staff of the admin site."""

    label: str | Promise
    url_name: str
    icon: str
    permission: str
    or_permission: str = ""
    """Opens the page as well."""


@dataclass(frozen=True)
class PageGroup:
    title: str | Promise
    pages: tuple[Page, ...]


GROUPS = (
    PageGroup(
        _("Results"),
        (
            Page(_("Summary"), "summary", "grid-1x2", WHOLE),
            Page(_("Portfolios"), "portfolio_list", "collection", READ),
            Page(_("Projects"), "project_list", "kanban", READ),
            Page(_("Segments"), "segment_list", "people", WHOLE),
            Page(_("Customers"), "customer_list", "person-circle", WHOLE),
            Page(_("Services"), "service_list", "box-seam", WHOLE),
            Page(_("Packs"), "pack_list", "journal-check", WHOLE),
        ),
    ),
    PageGroup(
        _("Data"),
        (
            Page(_("Entry"), "entry", "pencil-square", ENTER),
            Page(_("Grid"), "entry_grid", "table", ENTER),
            Page(_("Imports"), "import_list", "upload", ENTER, UNDO),
            Page(_("Approvals"), "approval_list", "check-circle", APPROVE),
        ),
    ),
    PageGroup(
        _("Definitions"),
        (
            Page(_("Metrics"), "metric_list", "speedometer2", READ),
            Page(_("Scorecards"), "scorecard_list", "card-checklist", READ),
            Page(_("Subjects"), "subject_list", "layers", KEEP),
            Page(_("Assignments"), "assignment_list", "list-check", KEEP),
            Page(_("Help"), "help", "question-circle", READ),
        ),
    ),
    PageGroup(
        _("Running"),
        (
            Page(_("Months"), "month_list", "calendar3", WHOLE),
            Page(_("Runs"), "run_list", "activity", WHOLE),
            Page(_("Audit log"), "audit_log", "shield-check", READ_LOG),
            Page(_("Admin"), "admin:index", "gear", ""),
        ),
    ),
)
