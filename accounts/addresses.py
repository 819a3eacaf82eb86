"""Addresses as they may be written down: without what opens something by itself."""

from __future__ import annotations

from django.urls import ResolverMatch

SECRETS = frozenset({"token", "key", "uidb36", "uidb64"})
"""Parts of addresses that open something to whoever knows them."""
HIDDEN = "***"


def without_secrets(path: str, match: ResolverMatch | None) -> str:
    """A path without its parts that open something; `match` is what it leads to."""
    parts = match.kwargs.items() if match else ()
    secrets = [str(value) for name, value in parts if name in SECRETS and value]
    # The longest first: a short one may stand in it too, and would leave the rest of it there.
    for secret in sorted(secrets, key=len, reverse=True):
        path = path.replace(secret, HIDDEN)
    return path
