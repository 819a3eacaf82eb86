"""The fixed vocabularies of measuring and scoring."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Category(TextChoices):
    """The four sides of success, in the order in which they are always shown."""

    TACTICAL = "tactical", _("Tactical")
    VALUE_CREATION = "value_creation", _("Value creation")
    LONGEVITY = "longevity", _("Longevity")
    FINANCIAL = "financial", _("Financial")


class Dimension(TextChoices):
    QUALITY = "quality", _("Quality")
    PERFORMANCE = "performance", _("Performance")
    VALUE = "value", _("Value")
    COMPLIANCE = "compliance", _("Compliance")


class Perspective(TextChoices):
    """Whose question a metric answers."""

    CUSTOMER = "customer", _("Customer")
    EMPLOYEE = "employee", _("Employee")
    BUSINESS = "business", _("Business")


class Cadence(TextChoices):
    DAY = "day", _("Daily")
    WEEK = "week", _("Weekly")
    MONTH = "month", _("Monthly")
    QUARTER = "quarter", _("Quarterly")
    YEAR = "year", _("Yearly")


PERIOD_WORDS = {
    Cadence.DAY: _("day"),
    Cadence.WEEK: _("week"),
    Cadence.MONTH: _("month"),
    Cadence.QUARTER: _("quarter"),
    Cadence.YEAR: _("year"),
}
"""One period of each cadence, as it stands inside a sentence."""


def period_word(cadence: str) -> str:
    """The period inside a sentence; what is no cadence stays as it was read."""
    return str(PERIOD_WORDS[Cadence(cadence)]) if cadence in PERIOD_WORDS else cadence


FOLDED_CADENCES = (Cadence.DAY, Cadence.WEEK)
"""Several periods of these lie in one month and are folded to one value of it."""

FORMULA_CADENCES = (Cadence.MONTH, Cadence.QUARTER, Cadence.YEAR)


class TimeAggregation(TextChoices):
    LAST = "last", _("Last value")
    MEAN = "mean", _("Mean")
    SUM = "sum", _("Sum")
    MIN = "min", _("Smallest")
    MAX = "max", _("Largest")


class Timing(TextChoices):
    LEADING = "leading", _("Leading")
    LAGGING = "lagging", _("Lagging")


class OverallRule(TextChoices):
    """How the categories make one overall score."""

    GEOMETRIC = "geometric", _("Geometric mean: neglect can't be bought off")
    ARITHMETIC = "arithmetic", _("Arithmetic mean")
    WEAKEST = "weakest", _("The weakest category")


class Band(IntegerChoices):
    """Where a score stands against its scorecard's limits; ordered from unknown to good."""

    INSUFFICIENT = 0, _("Insufficient")
    RED = 1, _("Red")
    AMBER = 2, _("Amber")
    GREEN = 3, _("Green")


class RunState(TextChoices):
    DUE = "due", _("Due")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class RunTrigger(TextChoices):
    """What a scoring run answers."""

    CHANGE = "change", _("A change")
    SCHEDULE = "schedule", _("The nightly schedule")
    COMMAND = "command", _("A command")
    LOAD = "load", _("A loaded workspace")


class RunScope(TextChoices):
    """How much a run looks at."""

    CHANGED = "changed", _("What changed")
    FULL = "full", _("All open months")
    MONTHS = "months", _("Given months")


class Door(TextChoices):
    """Through which door a value came in."""

    FORM = "form", _("Form")
    GRID = "grid", _("Grid")
    IMPORT = "import", _("Import")
    UNDO = "undo", _("Import undone")
    RESTORE = "restore", _("Old value restored")
    API = "api", _("API")
    WORKSPACE = "workspace", _("Workspace folder")
    COMMAND = "command", _("Command")


class DraftState(TextChoices):
    """What became of a value that needs approval."""

    WAITING = "waiting", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ProposalState(TextChoices):
    """What became of an analyst's "does not apply"."""

    WAITING = "waiting", _("Waiting for a decision")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")


class ReminderKind(TextChoices):
    DUE = "due", _("What is due")
    ESCALATION = "escalation", _("What is long overdue")


class MailState(TextChoices):
    DUE = "due", _("To be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class BatchState(TextChoices):
    """How far an import is."""

    NEW = "new", _("To be mapped")
    CHECK_DUE = "check_due", _("To be checked")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked, nothing stored yet")
    STORE_DUE = "store_due", _("To be imported")
    STORING = "storing", _("Being imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Failed")
    UNDO_DUE = "undo_due", _("To be undone")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class BatchMode(TextChoices):
    """What is imported where some rows are refused."""

    ALL_OR_NOTHING = "all", _("All rows or none")
    ACCEPTED_ONLY = "accepted", _("The accepted rows only")


class Verdict(TextChoices):
    """What an import says of a row."""

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    SAME = "same", _("Same")
    QUESTIONED = "questioned", _("Unusual")
    REFUSED = "refused", _("Refused")
    LEFT = "left", _("Left as it is, being changed since")
