"""A wrong address is answered by our own page, with what a mistyped code may have meant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboards.reading import ClientOf, ReadPage, measured, plain, read
from tests.factories import (
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(executive: User, client_of: ClientOf) -> Client:
    measured(OrganisationFactory())
    return client_of(executive)


def missing(client: Client, address: str) -> ReadPage:
    page = read(client, address)
    assert page.response.status_code == 404
    assert "There is no such page" in page.words
    return page


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/projects/prj-edge/", "/projects/PRJ-EDGE/"),
        ("/projects/PRJ-EDG/", "/projects/PRJ-EDGE/"),
        ("/segments/PRJ-EDGE/", "/projects/PRJ-EDGE/"),
        ("/explain/PRJ-EGDE/2026-03/", "/explain/PRJ-EDGE/2026-03/"),
        ("/metrics/gian/", "/metrics/gain/"),
        ("/scorecards/PROJECTZ/", "/scorecards/PROJECTS/"),
    ],
)
def test_a_mistyped_code_is_answered_with_what_may_have_been_meant(
    client: Client, address: str, meant: str
) -> None:
    ProjectFactory(code="PRJ-EDGE", name="Edge boxes")
    SegmentFactory(code="FAR-AWAY", name="Far away")
    MetricFactory(code="gain")
    ScorecardFactory(code="PROJECTS")

    page = missing(client, address)

    assert "Did you mean:" in page.words
    assert meant in page.links()
    assert "Far away" not in page.words


@pytest.mark.parametrize("address", ["/projects/NOTHING-LIKE-IT/", "/no/such/place/"])
def test_without_anything_near_nothing_is_offered(client: Client, address: str) -> None:
    ProjectFactory(code="PRJ-EDGE")

    assert "Did you mean" not in missing(client, address).words


def test_who_may_not_read_is_told_no_names(client_of: ClientOf, outsider: User) -> None:
    ProjectFactory(code="PRJ-EDGE", name="Edge boxes")

    answer = client_of(outsider).get("/projects/PRJ-EDG/")

    assert answer.status_code == 403
    assert "Edge boxes" not in plain(answer.content.decode())


def test_looking_for_what_was_meant_takes_one_query(client: Client) -> None:
    ProjectFactory(code="PRJ-EDGE")
    few = missing(client, "/projects/PRJ-EDG/").queries
    for number in range(20):
        ProjectFactory(code=f"PRJ-EDG{number}")

    assert missing(client, "/projects/PRJ-EDG/").queries == few <= 8


ASKED_OF_THE_PORTAL = """
from wsgiref.util import setup_testing_defaults
from pmo_portal.wsgi_to_try import application
for path in ("/no/such/place/", "/static/css/tokens.css"):
    environ = {"PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    answer = application(environ, lambda status, headers: print(status))
    print(b"".join(answer).decode())
"""


def test_who_tries_the_portal_sees_our_pages_and_not_those_for_developers(
    tmp_path: Path, project_root: Path
) -> None:
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3", "VAR_DIR": str(tmp_path)}

    told = subprocess.run(
        [sys.executable, "-c", ASKED_OF_THE_PORTAL],
        cwd=project_root,
        env=os.environ | variables | {"DEBUG": "true"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    page, _, file = told.partition("200 OK")
    assert page.startswith("404 Not Found")
    assert "There is no such page" in page
    assert "DEBUG" not in page
    assert "--ink" in file
