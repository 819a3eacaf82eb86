"""What a person keeps here: saved views, and what they are sent."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from dashboards.models import SavedView, Subscription
from dashboards.saved_pages import read_page
from projects.models import Subject
from projects.visibility import sight_of


def views_of(user: User) -> QuerySet[SavedView]:
    """All of one's views; with a limit, those that were saved within it and lead to what is seen.

    A view is mostly called after its subject, so that the list itself would tell of it.
    """
    views = SavedView.objects.filter(user=user)
    sight = sight_of(user)
    if not sight.is_limited:
        return views
    codes = {}
    for key, address in views.filter(created_at__gte=sight.since).values_list("pk", "address"):
        try:
            codes[key] = read_page(address, user).subject_code
        except ValidationError:
            continue
    seen = {"", *Subject.objects.filter(code__in=codes.values()).values_list("code", flat=True)}
    return views.filter(pk__in=[key for key, code in codes.items() if code in seen])


def subscriptions_of(user: User) -> QuerySet[Subscription]:
    """All of one's subscriptions; with a limit, those to views that are still one's own."""
    subscriptions = Subscription.objects.filter(user=user)
    sight = sight_of(user)
    if not sight.is_limited:
        return subscriptions
    return subscriptions.filter(created_at__gte=sight.since, view__in=views_of(user).values("pk"))
