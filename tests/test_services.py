"""The throwaway servers are there, empty, and the skips of `make test` are honest."""

from pathlib import Path

import psycopg2
import pytest
import redis

from tests.installation import installed
from tests.services import ServiceMissing, find_program


@pytest.mark.redis
def test_a_redis_is_there_and_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.ping()
        assert connection.dbsize() == 0


@pytest.mark.postgres
def test_each_test_has_an_empty_database_of_its_own(postgres_url: str) -> None:
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)


@pytest.mark.worker
@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_a_copied_database_has_nothing_left_to_migrate(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    if database == "postgresql":
        address = request.getfixturevalue("postgres_url")
    with installed(tmp_path, address) as installation:
        installation.manage("migrate", "--check")
        assert installation.python("print(Subject.objects.count())") == "0"


def test_a_program_that_is_not_installed_is_named() -> None:
    with pytest.raises(ServiceMissing, match=r"^no-such-server is not installed$"):
        find_program("no-such-server", "nor-this")
