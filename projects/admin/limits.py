"""Who is limited to which portfolios."""

from __future__ import annotations

from django.contrib import admin

from projects.admin.operated import OperatedAdmin, Operations
from projects.models import PortfolioLimit
from projects.operations.limits import delete_limit, save_limit


@admin.register(PortfolioLimit)
class PortfolioLimitAdmin(OperatedAdmin):
    """One row a person and portfolio; without any, a person sees everything."""

    operations = Operations(save_limit, delete_limit)
    fields = ("user", "portfolio")
    autocomplete_fields = ("user", "portfolio")
    search_fields = ("user__username", "user__email", "portfolio__code", "portfolio__name")
    list_display = ("user", "portfolio", "changed_at")
    list_select_related = ("user", "portfolio")
    ordering = ("user__username", "portfolio__code")
