"""Names of people as the API tells them."""

from __future__ import annotations

from typing import Any


def user_name(person: Any) -> str | None:
    return None if person is None else str(person.get_username())
