"""The cast, and the services that some tests ask for.

A test that needs Redis, PostgreSQL or a browser asks the fixture of that name. Where the program is
missing it is skipped and says why; with CI=true it fails instead.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
from django.contrib.auth.models import Group, User
from django.test import Client
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from xdist.scheduler import LoadScopeScheduling

from pmo_portal.celery import app as celery_app
from pmo_portal.roles import Role
from tests.services import (
    ServiceMissing,
    find_program,
    nothing_may_be_skipped,
    postgres_server,
    redis_server,
)

# Tests that start several processes each run one after the other, beside all others: with `-n`, two
# of them at once would measure each other.
START_PROCESSES = ("tests/workers/", "test_portal_command.py", "test_production.py")

PASSWORD = "correct horse battery staple"
PROGRESS = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

hypothesis_settings.register_profile("portal", deadline=None)
hypothesis_settings.load_profile("portal")

# The browser's fixtures keep an event loop running, at which Django's database layer balks.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


class ProcessesOneByOne(LoadScopeScheduling):  # type: ignore[misc]  # it comes without types
    """How pytest-xdist hands out tests: each by itself, but those with processes as one lot.

    (Its own `--dist loadgroup` finds no groups under this pytest.)
    """

    def _split_scope(self, nodeid: str) -> str:
        if any(place in nodeid for place in START_PROCESSES):
            return "processes"
        # One lot too: each worker would build and serve a company of its own to look at.
        return "browser" if "tests/browser/" in nodeid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ProcessesOneByOne:
    return ProcessesOneByOne(config, log)


@pytest.fixture(autouse=True)
def cheap_and_alone(settings: Settings) -> Iterator[None]:
    """Passwords cost nothing, and no task and no word of progress leaves the process."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {**settings.CACHES, "progress": PROGRESS | {"LOCATION": secrets.token_hex()}}
    broker = celery_app.conf.broker_url, celery_app.conf.broker_transport
    celery_app.conf.update(broker_url="memory://", broker_transport=None)
    yield
    celery_app.conf.update(broker_url=broker[0], broker_transport=broker[1])


def make_person(name: str, *roles: Role) -> User:
    person = User.objects.create_user(name, password=PASSWORD)
    person.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
    return person


@pytest.fixture
def executive(db: None) -> User:
    return make_person("executive", Role.EXECUTIVE)


@pytest.fixture
def pmo_lead(db: None) -> User:
    return make_person("pmo_lead", Role.PMO_LEAD)


@pytest.fixture
def analyst(db: None) -> User:
    return make_person("analyst", Role.ANALYST)


@pytest.fixture
def administrator(db: None) -> User:
    return make_person("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody with an account and no role."""
    return make_person("outsider")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A client in which the person is signed in."""

    def signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return signed_in


@contextmanager
def needed() -> Iterator[None]:
    """Skip the test whose server is not installed, or fail it where nothing may be skipped."""
    try:
        yield
    except ServiceMissing as missing:
        if nothing_may_be_skipped():
            pytest.fail(f"{missing}, and CI=true lets nothing be skipped")
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """A Redis of this session's own."""
    with needed(), redis_server() as address:
        yield address


@pytest.fixture
def redis_url(redis_address: str) -> str:
    """A Redis without any data: what an earlier test left in its queues is gone."""
    with closing(redis.Redis.from_url(redis_address)) as client:
        client.flushall()
    return redis_address


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A PostgreSQL that is nobody else's; tests ask for a database on it."""
    server, _, _ = os.environ.get("DATABASE_URL", "").rpartition("/")
    if server.startswith("postgres"):  # the suite itself runs on one
        yield server
        return
    with needed(), postgres_server() as address:
        yield address


@pytest.fixture
def postgres_url(postgres_address: str) -> Iterator[str]:
    """An empty database on a PostgreSQL server, for processes of their own; dropped afterwards."""
    name = f"portal_{secrets.token_hex(6)}"
    with closing(psycopg2.connect(f"{postgres_address}/postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield f"{postgres_address}/{name}"
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's own Chromium, kept from calling anybody."""
    with needed():
        chromium = find_program("chromium", "chromium-browser", "google-chrome")
    return browser_type_launch_args | {
        "executable_path": chromium,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture
def project_root() -> Path:
    return Path(__file__).resolve().parent.parent
