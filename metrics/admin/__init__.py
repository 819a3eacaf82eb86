"""The admin pages of definitions, and of what comes of them."""

from metrics.admin import definitions, reminders, results

__all__ = ["definitions", "reminders", "results"]
