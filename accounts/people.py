"""Who is meant by what somebody typed: a user name, or the mail address in an account's row."""

from __future__ import annotations

from django.contrib.auth.models import User


def user_name_of(typed: str) -> str:
    """The user name to try; a mail address stands for the one account that has it.

    Of two accounts with one address neither is meant. What is nobody's stays as it was typed.
    """
    typed = typed.strip()
    if "@" not in typed:
        return typed
    names = list(
        User.objects.filter(email__iexact=typed, is_active=True).values_list("username", flat=True)[
            :2
        ]
    )
    if len(names) != 1 or User.objects.filter(username=typed).exists():
        return typed
    return names[0]


def people_to_write_to(address: str) -> list[User]:
    """Who may set a new password by a mail to this address: people who sign in by one."""
    people = User.objects.filter(email__iexact=address.strip(), is_active=True).exclude(email="")
    return [person for person in people.order_by("pk") if person.has_usable_password()]
