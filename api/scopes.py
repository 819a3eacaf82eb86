"""What a token may be used for, and who may use an operation: said by each in one line."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from dashboards.access import (
    APPROVE_MEASUREMENTS,
    CLOSE_MONTHS,
    ENTER_MEASUREMENTS,
    KEEP_DEFINITIONS,
    READ_DASHBOARDS,
    READ_ORGANISATION,
    UNDO_IMPORTS,
)


class Scope(TextChoices):
    """A token does no more than its scopes, and never more than its person may."""

    READ = "read", _("Read everything that you may read")
    WRITE = "measurements:write", _("Give, correct and import values")
    MANAGE = "manage", _("Keep subjects, definitions, assignments and months; approve values")


@dataclass(frozen=True, slots=True)
class Need:
    """Any one of the permissions, which roles give (pmo_portal.roles); of a token also the scope.

    Without permissions an account is enough, without a scope any token.
    """

    permissions: tuple[str, ...]
    scope: Scope | None


ANYBODY = Need((), None)
READS = Need((READ_DASHBOARDS,), Scope.READ)
READS_ORGANISATION = Need((READ_ORGANISATION,), Scope.READ)
"""What is about the whole; people who are limited to portfolios don't get it."""
ENTERS = Need((ENTER_MEASUREMENTS,), Scope.WRITE)
READS_DUE = Need((ENTER_MEASUREMENTS,), Scope.READ)
READS_IMPORTS = Need((ENTER_MEASUREMENTS, UNDO_IMPORTS), Scope.READ)
UNDOES = Need((ENTER_MEASUREMENTS, UNDO_IMPORTS), Scope.WRITE)
READS_ASSIGNMENTS = Need((KEEP_DEFINITIONS,), Scope.READ)
READS_PROPOSALS = Need((ENTER_MEASUREMENTS, KEEP_DEFINITIONS), Scope.READ)
READS_DRAFTS = Need((ENTER_MEASUREMENTS, APPROVE_MEASUREMENTS), Scope.READ)
APPROVES = Need((APPROVE_MEASUREMENTS,), Scope.MANAGE)
KEEPS = Need((KEEP_DEFINITIONS,), Scope.MANAGE)
CLOSES = Need((CLOSE_MONTHS,), Scope.MANAGE)
