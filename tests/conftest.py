"""The cast, and the services that some tests ask for.

A test that needs Redis, PostgreSQL or a browser asks the fixture of that name. Where the program is
missing it is skipped and says why; with CI=true it fails instead.
"""

import gc
import math
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client, TransactionTestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from xdist.scheduler import LoadScopeScheduling

from accounts.sealing import unsealed
from pmo_portal.celery import app as celery_app
from pmo_portal.roles import Role
from tests.migrated import fill_in_memory, migrated_postgres
from tests.servers import on_server
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
OWN_SITES = (
    "browser/test_curve_editor.py",
    "browser/test_grid.py",
    "browser/test_imports.py",
    "browser/test_keeping.py",
    "browser/test_main_flow.py",
    "browser/test_search.py",
)

HYPOTHESIS_SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps what a test's decorator says; a profile gives way to that."""

PASSWORD = "correct horse battery staple"
CACHES = ("default", "progress", "limits")
IN_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

hypothesis_settings.register_profile("portal", deadline=None)
hypothesis_settings.load_profile("portal")

# The browser's fixtures keep an event loop running, at which Django's database layer balks.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


class InLots(LoadScopeScheduling):  # type: ignore[misc]  # it comes without types
    """How pytest-xdist hands out tests: each by itself, but those with processes as one lot.

    (Its own `--dist loadgroup` finds no groups under this pytest.)
    """

    def _split_scope(self, nodeid: str) -> str:
        if any(place in nodeid for place in START_PROCESSES):
            return "processes"
        if "tests/browser/" not in nodeid:
            return nodeid
        # Two more lots, each for one worker: those that look at the company that is built once for
        # all of them, and those that bring what they change.
        return "changes" if any(file in nodeid for file in OWN_SITES) else "looks"

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget the lots that are done: going through all of them after each test takes longer."""
        super().mark_test_complete(node, item_index, duration)
        lots = self.assigned_work.get(node, {})
        for lot in [lot for lot, tests in lots.items() if all(tests.values())]:
            del lots[lot]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InLots:
    return InLots(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="only tests of what lies in the suite's own database; others say the same on any",
    )
    parser.addoption(
        "--few-examples",
        action="store_true",
        help="property tests try a fifth of what they try otherwise",
    )


def uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return (
        item.get_closest_marker("django_db") is not None
        or not {"db", "transactional_db", "live_server"}.isdisjoint(fixtures)
        or issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    )


def try_fewer_examples(items: list[pytest.Item]) -> None:
    tests = [getattr(item, "obj", None) for item in items]
    # Cases of a parametrised test share their function; methods have theirs inside.
    functions = {id(found): found for test in tests if (found := getattr(test, "__func__", test))}
    for function in functions.values():
        if chosen := getattr(function, HYPOTHESIS_SETTINGS, None):
            fewer = math.ceil(chosen.max_examples / 5)
            setattr(function, HYPOTHESIS_SETTINGS, hypothesis_settings(chosen, max_examples=fewer))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What may take long goes first, so that no worker waits at the end for another one's last test.
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)
    if config.getoption("few_examples"):
        try_fewer_examples(items)
    if config.getoption("only_database"):
        wanted: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            (wanted if uses_database(item) else left).append(item)
        items[:] = wanted
        config.hook.pytest_deselected(items=left)


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: it is not looked through for garbage again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The suite's own database starts as a copy, in which all but nothing is left to migrate."""
    if connection.vendor == "postgresql":
        server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_postgres(server)
    connection_created.connect(fill_in_memory)


@pytest.fixture(autouse=True, scope="session")
def tests_empty_the_audit_log() -> Iterator[None]:
    """Tests with transactions of their own empty all tables when they end; that one is sealed."""
    empty_all = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def unsealed_teardown(test: TransactionTestCase) -> None:
        with unsealed():
            empty_all(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", unsealed_teardown)
        yield


@pytest.fixture(autouse=True)
def cheap_and_alone(settings: Settings) -> Iterator[None]:
    """Passwords cost nothing, and no task and no word of progress leaves the process.

    What is counted is counted for each test, and when somebody was seen is written in tests of
    that alone: elsewhere the first page would take more queries than the others. There a session
    lasts over the months that a test goes through, too.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {name: IN_MEMORY | {"LOCATION": secrets.token_hex()} for name in CACHES}
    settings.USERSESSIONS_TRACK_ACTIVITY = False
    settings.SESSION_COOKIE_AGE = int(timedelta(days=400).total_seconds())
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
    on_server(postgres_address, f"CREATE DATABASE {name}")
    yield f"{postgres_address}/{name}"
    on_server(postgres_address, f"DROP DATABASE {name} WITH (FORCE)")


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
