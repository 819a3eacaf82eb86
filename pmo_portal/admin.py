"""People and their roles, as administrators keep them."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.operations.second_factor import remove_second_factor
from accounts.operations.sessions import end_sessions

ONLY_FOR_SUPERUSERS = ("is_staff", "is_superuser", "user_permissions")

# The last three are django-allauth's: addresses that nobody uses, secrets, keys of sessions.
admin.site.unregister([User, Group, EmailAddress, Authenticator, UserSession])


@admin.register(User)
class PersonAdmin(UserAdmin):
    """An account and its roles; single permissions and superusers are a superuser's to give."""

    list_display = (
        "username",
        "first_name",
        "last_name",
        "email",
        "roles",
        "has_second_factor",
        "is_active",
    )
    list_filter = ("groups", "is_active", "is_superuser")
    list_per_page = 50
    show_full_result_count = False
    actions = ["remove_second_factors", "sign_out_everywhere"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        app = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people.annotate(has_second_factor=Exists(app))

    @admin.display(description=_("roles"))
    def roles(self, person: User) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all()))

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, person: Any) -> bool:
        return bool(person.has_second_factor)

    @admin.action(
        description=_("Remove the second factor, as the phone is lost"), permissions=["change"]
    )
    def remove_second_factors(self, request: HttpRequest, people: QuerySet[User]) -> None:
        done = 0
        for person in self._within_reach(request, people):
            if remove_second_factor(person, request=request):
                self.log_change(request, person, gettext("Removed the second factor."))
                done += 1
        told = ngettext(
            "The second factor of %(count)s person is removed.",
            "The second factors of %(count)s people are removed.",
            done,
        )
        self.message_user(request, told % {"count": done}, messages.SUCCESS)

    @admin.action(description=_("Sign them out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, people: QuerySet[User]) -> None:
        done = 0
        for person in self._within_reach(request, people):
            if end_sessions(person):
                self.log_change(request, person, gettext("Signed out everywhere."))
                done += 1
        told = ngettext("%(count)s person is signed out.", "%(count)s people are signed out.", done)
        self.message_user(request, told % {"count": done}, messages.SUCCESS)

    def _within_reach(self, request: HttpRequest, people: QuerySet[User]) -> list[User]:
        return [person for person in people if self.has_change_permission(request, person)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if _is_superuser(request):
            return fieldsets
        return [
            (
                title,
                options
                | {
                    "fields": [
                        name for name in options["fields"] if name not in ONLY_FOR_SUPERUSERS
                    ]
                },
            )
            for title, options in fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_within_reach(request, obj)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """What a role may is decided in the code (pmo_portal.roles); here it can be looked up."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _is_within_reach(request: HttpRequest, person: User | None) -> bool:
    """Who could set a superuser's password would be one."""
    return person is None or not person.is_superuser or _is_superuser(request)
