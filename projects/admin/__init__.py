"""The admin pages of subjects, their links, their events, and of who is limited to which."""

from projects.admin import events, limits, subjects

__all__ = ["events", "limits", "subjects"]
