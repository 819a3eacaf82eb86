"""The main navigation: which pages there are, in which order, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.access import (
    APPROVE_MEASUREMENTS,
    ENTER_MEASUREMENTS,
    KEEP_DEFINITIONS,
    READ_DASHBOARDS,
    READ_LOG,
    READ_ORGANISATION,
    UNDO_IMPORTS,
)


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
            Page(_("Summary"), "summary", "grid-1x2", READ_ORGANISATION),
            Page(_("Portfolios"), "portfolio_list", "collection", READ_DASHBOARDS),
            Page(_("Projects"), "project_list", "kanban", READ_DASHBOARDS),
            Page(_("Segments"), "segment_list", "people", READ_ORGANISATION),
            Page(_("Customers"), "customer_list", "person-circle", READ_ORGANISATION),
            Page(_("Services"), "service_list", "box-seam", READ_ORGANISATION),
            Page(_("Packs"), "pack_list", "journal-check", READ_ORGANISATION),
        ),
    ),
    PageGroup(
        _("Data"),
        (
            Page(_("Entry"), "entry", "pencil-square", ENTER_MEASUREMENTS),
            Page(_("Grid"), "entry_grid", "table", ENTER_MEASUREMENTS),
            Page(_("Imports"), "import_list", "upload", ENTER_MEASUREMENTS, UNDO_IMPORTS),
            Page(_("Approvals"), "approval_list", "check-circle", APPROVE_MEASUREMENTS),
        ),
    ),
    PageGroup(
        _("Definitions"),
        (
            Page(_("Metrics"), "metric_list", "speedometer2", READ_DASHBOARDS),
            Page(_("Scorecards"), "scorecard_list", "card-checklist", READ_DASHBOARDS),
            Page(_("Subjects"), "subject_list", "layers", KEEP_DEFINITIONS),
            Page(_("Assignments"), "assignment_list", "list-check", KEEP_DEFINITIONS),
            Page(_("Help"), "help", "question-circle", READ_DASHBOARDS),
        ),
    ),
    PageGroup(
        _("Running"),
        (
            Page(_("Months"), "month_list", "calendar3", READ_ORGANISATION),
            Page(_("Runs"), "run_list", "activity", READ_ORGANISATION),
            Page(_("Audit log"), "audit_log", "shield-check", READ_LOG),
            Page(_("Admin"), "admin:index", "gear", ""),
        ),
    ),
)
