"""Second factors, as administrators and operators deal with them."""

from __future__ import annotations

from functools import partial

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from accounts.encryption import Unreadable, encrypt_anew
from accounts.operations.security_mails import tell_of_change
from accounts.operations.sessions import end_sessions

ENCRYPTED = ("secret", "seed")
"""What is encrypted in an authenticator's data: of the app, of the recovery codes."""


@transaction.atomic
def remove_second_factor(person: User, *, request: HttpRequest) -> bool:
    """Of somebody whose phone is lost: app and recovery codes, and wherever they are signed in.

    False if there was none.
    """
    found = list(Authenticator.objects.select_for_update().filter(user=person))
    if not found:
        return False
    Authenticator.objects.filter(user=person).delete()
    end_sessions(person)
    for authenticator in found:
        authenticator_removed.send(
            sender=Authenticator, request=request, user=person, authenticator=authenticator
        )
    transaction.on_commit(partial(tell_of_change, person, "removed_by_administrator"))
    return True


@transaction.atomic
def reencrypt_second_factors() -> tuple[int, list[str]]:
    """By the SECRET_KEY of today: how many, and whose can't be read by any secret that is known."""
    done, lost = 0, []
    rows = Authenticator.objects.select_for_update(of=("self",)).select_related("user")
    for row in rows.order_by("pk"):
        try:
            anew = {name: encrypt_anew(row.data[name]) for name in ENCRYPTED if name in row.data}
        except Unreadable:
            lost.append(row.user.get_username())
            continue
        row.data |= anew
        row.save(update_fields=["data"])
        done += 1
    return done, lost
