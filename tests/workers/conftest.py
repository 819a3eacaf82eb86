"""The installations that tests with workers are run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, installed


@pytest.fixture(params=["embedded", "redis"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """SQLite with the embedded broker, and PostgreSQL with Redis."""
    if request.param == "embedded":
        with installed(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}") as embedded:
            yield embedded
    else:
        postgres = request.getfixturevalue("postgres_url")
        redis = request.getfixturevalue("redis_url")
        with installed(tmp_path, postgres, redis) as with_redis:
            yield with_redis
