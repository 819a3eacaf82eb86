"""The admin pages of subjects and their links."""

from projects.admin import subjects

__all__ = ["subjects"]
