"""Mails about what is due: written and sent by the portal, and only looked at here."""

from __future__ import annotations

from django.contrib import admin

from metrics.models import Reminder
from projects.admin.operated import ReadOnlyAdmin


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    search_fields = ("user__username", "user__email", "subject")
    list_display = ("day", "user", "kind", "state", "subject", "attempt", "sent_at", "error")
    list_filter = ("state", "kind", "day")
    list_select_related = ("user",)
    ordering = ("-day", "user", "kind")
