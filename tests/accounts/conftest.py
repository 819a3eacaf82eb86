from __future__ import annotations

import pytest
from pytest_django import Settings

from pmo_portal import settings as portal


@pytest.fixture(autouse=True)
def seen(settings: Settings) -> None:
    """Here it is written when somebody was seen, and sessions end, as they do in the portal."""
    settings.USERSESSIONS_TRACK_ACTIVITY = True
    settings.SESSION_COOKIE_AGE = portal.SESSION_COOKIE_AGE
