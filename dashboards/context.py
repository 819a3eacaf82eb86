"""What every page shows about the whole site."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from projects.models import Organisation
from projects.visibility import current_sight


def organisation_of(request: HttpRequest) -> Organisation | None:
    """The organisation, read once for a page and its frame."""
    if not hasattr(request, "_organisation"):
        request._organisation = Organisation.objects.first()  # type: ignore[attr-defined]
    found: Organisation | None = request._organisation  # type: ignore[attr-defined]
    return found


def site(request: HttpRequest) -> dict[str, Any]:
    """A notice where the data are invented; asked only when a signed-in page is drawn."""
    user = getattr(request, "user", None)  # a page about a bad request comes before sign-in
    if user is None or not user.is_authenticated:
        return {}
    organisation = organisation_of(request)
    name = "" if organisation is None else organisation.name
    invented = "invented" in name.lower()
    return {
        "organisation_name": "" if current_sight().is_limited else name,
        "kept_for": _kept_for(user),
        "site_notice": _("These data are invented, to show what the portal does.")
        if invented
        else "",
    }


def _kept_for(user: Any) -> str:
    """Whose what a browser keeps is: of a person, as long as they see what they saw then."""
    return sha256(f"{user.pk} {current_sight().mark}".encode()).hexdigest()[:16]
