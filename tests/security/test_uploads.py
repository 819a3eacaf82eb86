"""Files that people send are looked at, never believed, and never shown by the browser itself.

What a file *is* is tried in tests/metrics/importing/test_files.py: disguised, cut off, with flipped
bytes, exploding archives told and untold, archives in archives, thousands of parts, macros,
document types and entities in every part, links to other files, cells far away, other alphabets.
Here it is tried at the doors: names, types, sizes, how many, and how a file comes back.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from metrics.models import ImportBatch, ImportFile
from pmo_portal.roles import Role
from tests.conftest import make_person
from tests.dashboards.reading import ClientOf
from tests.factories import OrganisationFactory
from tests.metrics.importing.books import changed, packed, workbook

pytestmark = pytest.mark.django_db

DOORS = ("page", "api")
CSV = b"metric,subject,period,value\nfix_days,PRJ-ONBOARD,2026-03,5\n"
PARTS = "xl/workbook.xml"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">&c;</workbook>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">
]><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">&a;</workbook>"""
NAMES = {
    "../../etc/passwd": "passwd",
    "/etc/cron.d/x.csv": "x.csv",
    "..\\..\\windows\\x.csv": "x.csv",
    "C:\\x.csv": "x.csv",
    "a\r\nSet-Cookie: x=1.csv": None,
    "nul\x00byte.csv": None,
    'quo"te; filename=evil.html.csv': None,
    "\u202egpj.exe.csv": None,
    "<script>alert(1)</script>.csv": None,
    "x" * 400 + ".csv": None,
}
"""What a file may be called by its sender; and what is left of it, where that is known."""


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    OrganisationFactory()
    return client_of(analyst)


def send(client: Client, door: str, name: str, content: bytes, media_type: str = "") -> Any:
    file = SimpleUploadedFile("x", content, media_type or "text/csv")
    file._name = name  # type: ignore[attr-defined]  # as a program may send it, not as Django does
    address = {"page": "/entry/imports/new/", "api": "/api/v1/batches/"}[door]
    return client.post(address, {"file": file})


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_and_no_path(desk: Client, door: str, name: str) -> None:
    answer = send(desk, door, name, CSV)
    assert answer.status_code in (201, 202, 302, 400, 422)
    for file in ImportFile.objects.all():
        assert not set(file.name) & set("/\\\x00\r\n"), file.name
        assert len(file.name) <= 255
        if NAMES[name] is not None:
            assert file.name == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_comes_back_to_be_saved_under_one_line_of_a_name(desk: Client, name: str) -> None:
    kept = ImportFile.objects.create(name=name[-255:].replace("\0", ""), size=4, content=b"a,b\n")
    batch = ImportBatch.objects.create(
        file=kept,
        created_by=User.objects.get(username="analyst"),
    )
    answer: HttpResponse = desk.get(f"/entry/imports/{batch.pk}/file/")  # type: ignore[assignment]
    assert answer.status_code == 200
    told = answer["Content-Disposition"]
    assert told.startswith("attachment")
    assert "\n" not in told
    assert "\r" not in told
    assert "Set-Cookie" not in answer.headers
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "html" not in answer["Content-Type"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html><script>alert(1)</script></html>", id="a page"),
        pytest.param(b"\x7fELF" + b"\0" * 100, id="a program"),
        pytest.param(b"%PDF-1.7\n", id="a document"),
        pytest.param(b"MZ\x90\0" * 30, id="another program"),
        pytest.param(packed({"evil.txt": b"x"}), id="an archive"),
        pytest.param(changed(workbook(("a",)), PARTS, lambda _: BOMB), id="entities in entities"),
        pytest.param(changed(workbook(("a",)), PARTS, lambda _: OUTSIDE), id="a file from outside"),
    ],
)
@pytest.mark.parametrize("media_type", ["text/csv", "application/vnd.ms-excel", "image/png"])
def test_what_it_says_to_be_makes_no_difference(
    desk: Client, door: str, content: bytes, media_type: str
) -> None:
    answer = send(desk, door, "values.csv", content, media_type)
    assert answer.status_code in (415, 422)
    assert not ImportFile.objects.exists()
    assert "root:" not in answer.content.decode()


def test_an_archive_that_explodes_is_refused_at_both_doors(desk: Client) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {"[Content_Types].xml": b"x", PARTS: b"\0" * 300_000_000}.items():
            archive.writestr(name, part)
    assert len(stream.getvalue()) < 1_000_000
    for door in DOORS:
        assert send(desk, door, "values.xlsx", stream.getvalue()).status_code == 422
    assert not ImportFile.objects.exists()


@pytest.mark.parametrize("door", DOORS)
def test_what_is_too_large_is_not_kept(desk: Client, settings: Settings, door: str) -> None:
    settings.IMPORT_MAX_BYTES = 1024
    answer = send(desk, door, "values.csv", CSV + b"x" * 2_000)
    assert answer.status_code in (400, 413, 422)
    assert not ImportFile.objects.exists()


def test_one_form_brings_one_file(desk: Client) -> None:
    files = {f"file{number}": SimpleUploadedFile("x.csv", CSV) for number in range(3)}
    assert desk.post("/entry/imports/new/", files).status_code == 400
    assert not ImportFile.objects.exists()


def test_no_other_page_takes_a_file(desk: Client) -> None:
    """It is read as far as the limit, and thrown away."""
    before = ImportFile.objects.count()
    file = SimpleUploadedFile("x.csv", CSV)
    assert desk.post("/account/", {"file": file, "time_zone": "UTC"}).status_code == 302
    assert ImportFile.objects.count() == before


def test_who_may_not_enter_sends_nothing(client_of: ClientOf) -> None:
    reader = client_of(make_person("reader", Role.EXECUTIVE))
    for door in DOORS:
        assert send(reader, door, "values.csv", CSV).status_code == 403
    assert not ImportFile.objects.exists()
