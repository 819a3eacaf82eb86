"""What the audit log tells of: value, label, and which of them strangers can cause at will."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Happening(models.TextChoices):
    SIGNED_IN = "signed_in", _("Signed in")
    SIGNED_OUT = "signed_out", _("Signed out")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    LOCKED_OUT = "locked_out", _("Locked out")
    SESSION_ENDED = "session_ended", _("Session ended")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    RESET_ASKED = "reset_asked", _("Password reset asked for")
    RESET_DONE = "reset_done", _("Password reset done")
    FACTOR_ADDED = "factor_added", _("Second factor added")
    FACTOR_REMOVED = "factor_removed", _("Second factor removed")
    FACTOR_FAILED = "factor_failed", _("Second factor failed")
    REFUSED = "refused", _("Access refused")
    TOKEN_MADE = "token_made", _("Token made")
    TOKEN_ENDED = "token_ended", _("Token ended")
    PERSON_MADE = "person_made", _("Person made")
    PERSON_CHANGED = "person_changed", _("Person changed")
    PERSON_DEACTIVATED = "person_deactivated", _("Person deactivated")
    PERSON_ACTIVATED = "person_activated", _("Person activated again")
    PERSON_DELETED = "person_deleted", _("Person deleted")
    ROLES_CHANGED = "roles_changed", _("Roles changed")
    LIMITS_CHANGED = "limits_changed", _("Limits changed")
    NOT_KEPT = "not_kept", _("More of the same were not kept")
    LOG_SHORTENED = "log_shortened", _("Old events deleted")
    LOG_RESTORED = "log_restored", _("Restored from a backup")


AT_WILL = (
    Happening.SIGN_IN_FAILED,
    Happening.LOCKED_OUT,
    Happening.RESET_ASKED,
    Happening.FACTOR_FAILED,
    Happening.REFUSED,
)
"""As often as somebody likes to ask: a limit a minute keeps them from filling the disk."""
