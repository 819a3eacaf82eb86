"""All tokens, for administrators to look at and to end; nobody sees what they are used by."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from api.models import PersonalToken
from api.operations.tokens import end_token


@admin.register(PersonalToken)
class PersonalTokenAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "user",
        "start",
        "scopes",
        "created_at",
        "expires_at",
        "used_at",
        "ended_at",
    )
    list_select_related = ("user",)
    list_filter = ("ended_at", "expires_at")
    search_fields = ("name", "user__username", "start")
    readonly_fields = (
        "user",
        "name",
        "start",
        "scopes",
        "created_at",
        "expires_at",
        "used_at",
        "ended_at",
        "ended_by",
    )
    fields = readonly_fields
    list_per_page = 50
    show_full_result_count = False
    actions = ["end"]

    @admin.action(description=_("End the chosen tokens"), permissions=["end"])
    def end(self, request: HttpRequest, tokens: QuerySet[PersonalToken]) -> None:
        assert isinstance(request.user, User)  # nobody else comes as far as this
        count = 0
        for token in tokens.filter(ended_at=None):
            end_token(token, by=request.user)
            count += 1
        told = ngettext("%(count)s token is ended.", "%(count)s tokens are ended.", count)
        self.message_user(request, told % {"count": count}, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_personaltoken")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
