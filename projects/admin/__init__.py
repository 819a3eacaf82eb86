"""The admin pages of subjects, their links and their events."""

from projects.admin import events, subjects

__all__ = ["events", "subjects"]
