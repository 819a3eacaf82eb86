from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def seen(settings: Settings) -> None:
    """Here it is written when somebody was seen, as it is in the portal."""
    settings.USERSESSIONS_TRACK_ACTIVITY = True
