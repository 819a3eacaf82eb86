"""Addresses that people keep: pages of this portal that show something, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.access import may_open
from dashboards.models.views import LONGEST_ADDRESS

PAGE_NAMES = {
    "summary": gettext_lazy("Summary"),
    "portfolio_list": gettext_lazy("Portfolios"),
    "portfolio_detail": gettext_lazy("Portfolio"),
    "project_list": gettext_lazy("Projects"),
    "project_detail": gettext_lazy("Project"),
    "segment_list": gettext_lazy("Segments"),
    "segment_detail": gettext_lazy("Segment"),
    "customer_list": gettext_lazy("Customers"),
    "customer_detail": gettext_lazy("Customer"),
    "service_list": gettext_lazy("Services"),
    "service_detail": gettext_lazy("Service"),
    "compare_portfolios": gettext_lazy("Portfolios compared"),
    "compare_segments": gettext_lazy("Segments compared"),
    "explain": gettext_lazy("Explanation"),
    "explain_values": gettext_lazy("Explanation of values"),
    "event_list": gettext_lazy("Events"),
    "metric_list": gettext_lazy("Metrics"),
    "metric_detail": gettext_lazy("Metric"),
    "scorecard_list": gettext_lazy("Scorecards"),
    "scorecard_detail": gettext_lazy("Scorecard"),
    "month_list": gettext_lazy("Months"),
    "month_detail": gettext_lazy("Month"),
    "pack_list": gettext_lazy("Packs"),
    "entry": gettext_lazy("What is due"),
    "entry_grid": gettext_lazy("Grid"),
}
"""The pages that can be kept, by the names of their addresses."""

ABOUT_A_SUBJECT = (
    "portfolio_detail",
    "project_detail",
    "segment_detail",
    "customer_detail",
    "service_detail",
    "explain",
    "explain_values",
)
"""Their `code` is a subject's."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page of the portal with what was chosen there."""

    url_name: str
    path: str
    query: QueryDict
    code: str
    """The code in its path, if there is one."""

    @property
    def label(self) -> str:
        return str(PAGE_NAMES[self.url_name])

    @property
    def month(self) -> str:
        """The month that it keeps to; empty where it shows the latest."""
        return str(self.query.get("month", ""))

    @property
    def against(self) -> str:
        """What it compares with; empty for the month before."""
        return str(self.query.get("against", ""))

    @property
    def subject_code(self) -> str:
        return self.code if self.url_name in ABOUT_A_SUBJECT else ""

    @property
    def address(self) -> str:
        query = self.query.urlencode()
        return f"{self.path}?{query}" if query else self.path

    def of_latest_month(self) -> SavedPage:
        query = self.query.copy()
        query.pop("month", None)
        return SavedPage(self.url_name, self.path, query, self.code)


def read_page(address: str, user: User) -> SavedPage:
    """The page at an address; ValidationError unless it is one of ours that this person may open.

    What comes back is written anew from its parts, so that no other host hides in it.
    """
    if not address.startswith("/") or address[1:2] in ("/", "\\"):
        raise ValidationError(_("Only pages of this portal can be saved."), code="elsewhere")
    try:
        parts = urlsplit(address)
        match = resolve(unquote(parts.path))
        query = QueryDict(parts.query)
    except (Resolver404, ValueError):
        raise ValidationError(_("There is no such page."), code="no_page") from None
    if parts.scheme or parts.netloc:
        raise ValidationError(_("Only pages of this portal can be saved."), code="elsewhere")
    if match.url_name not in PAGE_NAMES or match.namespaces:
        raise ValidationError(_("This page can't be saved as a view."), code="no_view")
    if not may_open(user, match.func):
        raise ValidationError(_("You may not open this page."), code="not_yours")
    page = SavedPage(match.url_name, quote(unquote(parts.path)), query, _code(match.kwargs))
    if len(page.address) > LONGEST_ADDRESS:
        raise ValidationError(
            _(
                "What is chosen on this page makes an address of %(length)s characters;"
                " at most %(most)s can be saved."
            )
            % {"length": len(page.address), "most": LONGEST_ADDRESS},
            code="too_long",
        )
    return page


def _code(kwargs: dict[str, Any]) -> str:
    return str(kwargs.get("code", ""))
