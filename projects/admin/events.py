"""Events of subjects."""

from __future__ import annotations

from django.contrib import admin

from projects.admin.operated import OperatedAdmin, Operations
from projects.models import Event
from projects.operations.events import delete_event, save_event


@admin.register(Event)
class EventAdmin(OperatedAdmin):
    operations = Operations(save_event, delete_event)
    fields = ("subject", "day", "title", "text")
    autocomplete_fields = ("subject",)
    search_fields = ("title", "text", "subject__code", "subject__name")
    list_display = ("title", "day", "subject")
    list_filter = ("subject__kind",)
    list_select_related = ("subject",)
    date_hierarchy = "day"
    ordering = ("-day", "-pk")
