"""Saving views: a person's own, seen and changed by nobody else."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from dashboards.models import SavedView
from dashboards.saved_pages import read_page

MOST_VIEWS = 100
"""More are found by nobody."""


@transaction.atomic
def save_view(user: User, *, name: str, address: str, keeps_month: bool) -> SavedView:
    """Keep a page under a name; the same page again takes the new name."""
    page = read_page(address, user)
    if not keeps_month:
        page = page.of_latest_month()
    _wait_for_others(user)
    mine = SavedView.objects.filter(user=user)
    view = mine.filter(address=page.address).first()
    if view is not None:
        return rename_view(view, name=name)
    if mine.count() >= MOST_VIEWS:
        raise ValidationError(
            _("You have %(most)s saved views, and there can't be more; delete one first.")
            % {"most": MOST_VIEWS},
            code="too_many",
        )
    last = mine.aggregate(last=Max("place"))["last"]
    view = SavedView(
        user=user,
        name=_checked(name),
        address=page.address,
        place=0 if last is None else last + 1,
    )
    view.save()
    return view


def rename_view(view: SavedView, *, name: str) -> SavedView:
    view.name = _checked(name)
    view.save(update_fields=["name"])
    return view


def delete_view(view: SavedView) -> None:
    """With it end the subscriptions to it."""
    view.delete()


@transaction.atomic
def move_view(view: SavedView, *, up: bool) -> None:
    """Let it change places with the one before or after it, if there is one."""
    _wait_for_others(view.user)
    keys = list(SavedView.objects.filter(user=view.user).values_list("pk", flat=True))
    place = keys.index(view.pk)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(keys):
        return
    keys[place], keys[other] = keys[other], keys[place]
    # Told anew for all, as gaps and equal places may have come from elsewhere.
    for number, key in enumerate(keys):
        SavedView.objects.filter(pk=key).exclude(place=number).update(place=number)


def _wait_for_others(user: User) -> None:
    """Two windows of one person, one after the other."""
    User.objects.select_for_update().get(pk=user.pk)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    longest = SavedView._meta.get_field("name").max_length
    if not name:
        raise ValidationError({"name": _("Give the view a name.")}, code="blank")
    if longest is not None and len(name) > longest:
        raise ValidationError(
            {"name": _("A name has at most %(most)s characters.") % {"most": longest}},
            code="too_long",
        )
    return name
