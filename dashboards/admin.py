"""What people are sent and the views they keep: looked at here, stopped or deleted for them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dashboards.models import Rest, SavedView, Subscription
from dashboards.operations.subscriptions import stop_subscription
from dashboards.presentation.subscriptions import rhythm_words
from projects.admin.operated import ReadOnlyAdmin


class PersonalAdmin(ReadOnlyAdmin):
    """Rows that belong to somebody: nobody makes or changes them in their place."""

    ordering = ("user__username", "pk")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(SavedView)
class SavedViewAdmin(PersonalAdmin):
    list_display = ("name", "user", "address", "created_at")
    search_fields = ("name", "address", "user__username", "user__email")
    list_filter = ("user__is_active", "created_at")
    list_select_related = ("user",)


@admin.register(Subscription)
class SubscriptionAdmin(PersonalAdmin):
    list_display = ("title", "user", "is_active", "when", "next_at", "rests")
    search_fields = (
        "subject__code",
        "subject__name",
        "view__name",
        "user__username",
        "user__email",
    )
    list_filter = ("user__is_active", "rests", "rhythm")
    list_select_related = ("user", "subject", "view")
    actions = ("stop",)

    @admin.display(description=_("what"))
    def title(self, subscription: Subscription) -> str:
        return subscription.title

    @admin.display(description=_("account is active"), boolean=True)
    def is_active(self, subscription: Subscription) -> bool:
        return subscription.user.is_active

    @admin.display(description=_("when"))
    def when(self, subscription: Subscription) -> str:
        return rhythm_words(subscription)

    @admin.action(
        description=_("Stop the chosen subscriptions; their owners can let them go on"),
        permissions=["delete"],
    )
    def stop(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> None:
        awake = list(chosen.filter(rests=""))
        for subscription in awake:
            stop_subscription(subscription, Rest.BY_ADMINISTRATOR)
        told = ngettext(
            "%(number)s subscription was stopped.",
            "%(number)s subscriptions were stopped.",
            len(awake),
        )
        self.message_user(request, told % {"number": len(awake)}, messages.SUCCESS)
