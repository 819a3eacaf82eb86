"""Packs of closed months are made once and never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from dashboards.models import Pack, PackKind
from dashboards.operations import packs
from dashboards.operations.packs import ask_for_packs, keep_packs, make_missing_packs, pack_now
from dashboards.packs.content import data_hash
from dashboards.tasks import make_packs_task
from metrics.models import MonthClosing
from metrics.operations.months import close_month, reopen_month
from metrics.signals import months_closed
from pmo_portal.celery import app as celery_app
from projects.models import Subject
from tests.dashboards.packs.stage import (
    AFTERWARDS,
    CLOSED_AGAIN,
    FEBRUARY,
    LATER,
    MARCH,
    REOPENED,
    Company,
    closed,
    measured_company,
)
from tests.installation import installed


def kept_bytes(closing: MonthClosing) -> dict[str, bytes]:
    return {pack.kind: bytes(pack.content) for pack in Pack.objects.filter(closing=closing)}


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    company = measured_company()
    with time_machine.travel(AFTERWARDS, tick=False):
        yield company


@pytest.fixture
def whole(company: Company) -> Subject:
    return Subject.objects.get(pk=company.organisation.pk)


def test_a_pack_is_kept_in_both_forms_with_their_hashes(whole: Subject, pmo_lead: User) -> None:
    files = keep_packs(closed(), whole, by=pmo_lead)
    assert [file.kind for file in files] == [PackKind.PDF, PackKind.PPTX]
    for file in Pack.objects.all():
        assert hashlib.sha256(file.content).hexdigest() == file.sha256
        assert data_hash(file.data) == file.data_sha256
        assert (file.size, file.made_by) == (len(file.content), pmo_lead)
        assert file.data["scorecards"][0]["name"] == "Card of each organisation"
    assert len({file.data_sha256 for file in files}) == 1


def test_a_kept_pack_stays_byte_for_byte_whatever_changes(company: Company, whole: Subject) -> None:
    closing = closed()
    keep_packs(closing, whole, by=None)
    before = kept_bytes(closing)
    with time_machine.travel(LATER, tick=False):
        company.project.name = "Renamed"
        company.project.save()
        metric = company.metrics["tactical"]
        metric.curve = [[0.0, 50.0], [100.0, 60.0]]
        metric.save()
        metric.lines.update(weight=7)
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was wrong", by=None)
        company.correct("financial", 95.0)
    again = closed(CLOSED_AGAIN)
    keep_packs(closing, whole, by=None)
    assert kept_bytes(closing) == before
    keep_packs(again, whole, by=None)
    assert kept_bytes(closing) == before
    assert Pack.objects.count() == 4  # the new one beside the old one
    assert kept_bytes(again) != before
    scores = {pack.data["score"]["overall"]["score"] for pack in Pack.objects.all()}
    assert len(scores) == 2


def test_asking_again_makes_nothing_new(whole: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    closing = closed()
    first = keep_packs(closing, whole, by=None)
    monkeypatch.setattr(packs, "content_of", lambda *_: pytest.fail("It was made again."))
    assert [file.pk for file in keep_packs(closing, whole, by=None)] == [file.pk for file in first]


def test_who_comes_second_gets_the_files_of_the_first(
    whole: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = closed()
    first = keep_packs(closing, whole, by=None)
    looks = iter([[], first])
    monkeypatch.setattr(packs, "packs_of", lambda *_: next(looks))
    assert keep_packs(closing, whole, by=None) == first
    assert Pack.objects.count() == 2


def test_the_database_keeps_one_pack_of_each_kind(whole: Subject) -> None:
    closing = closed()
    keep_packs(closing, whole, by=None)
    copy = Pack.objects.first()
    assert copy is not None
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_the_pack_of_an_open_month_is_not_kept(whole: Subject) -> None:
    assert pack_now(whole, MARCH, "pptx")[:2] == b"PK"
    assert pack_now(whole, MARCH, "pdf")[:5] == b"%PDF-"
    assert not Pack.objects.exists()


def test_there_is_no_pack_of_a_project_and_none_of_nothing(company: Company) -> None:
    closing = closed()
    with pytest.raises(ValidationError, match="none of these"):
        keep_packs(closing, company.project.subject_ptr, by=None)
    MonthClosing.objects.filter(pk=closing.pk).update(month=FEBRUARY.plus(-5))
    closing.refresh_from_db()
    with pytest.raises(ValidationError, match="has no scores in September 2025"):
        keep_packs(closing, company.portfolio.subject_ptr, by=None)


def test_closing_a_month_asks_for_its_packs_after_the_commit(
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(celery_app, "send_task", lambda name, **_: sent.append(name))
    heard: list[Any] = []

    def listen(months: Any, **_: Any) -> None:
        heard.append(months)

    months_closed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            close_month(MARCH, by=None)
            assert heard == []
    finally:
        months_closed.disconnect(listen)
    assert heard == [(FEBRUARY, MARCH)]
    assert "dashboards.tasks.make_packs_task" in sent


def test_a_month_is_closed_even_if_no_worker_can_be_woken(
    company: Company, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError("the broker is away")

    monkeypatch.setattr(celery_app, "send_task", away)
    ask_for_packs()
    assert "packs are made when asked for" in caplog.text


def test_the_task_makes_the_organisations_packs_that_are_missing(company: Company) -> None:
    closed()
    make_packs_task()
    told = {(str(pack.month), pack.kind, pack.subject.code) for pack in Pack.objects.all()}
    code = company.organisation.code
    assert told == {
        (month, kind, code) for month in ("2026-02", "2026-03") for kind in ("pdf", "pptx")
    }
    assert make_missing_packs() == 0


STAGE = """
import json, threading
from django.db import connection
from dashboards.models import Pack
from dashboards.operations import packs
from metrics.models import MonthClosing
from tests.dashboards.packs.stage import closed, measured_company
company = measured_company()
closing, whole = closed(), company.organisation.subject_ptr
waiting = threading.Barrier(2)
read = packs.content_of
def both_read(*given):
    waiting.wait(timeout=60)
    return read(*given)
packs.content_of = both_read
found = []
def make():
    try:
        found.append([file.pk for file in packs.keep_packs(closing, whole, by=None)])
    finally:
        connection.close()
threads = [threading.Thread(target=make) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps([found, Pack.objects.count()]))
"""


@pytest.mark.worker
@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_of_two_who_ask_at_once_both_get_the_same_files(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = (
        request.getfixturevalue("postgres_url")
        if database == "postgres"
        else f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    )
    with installed(tmp_path, address) as installation:
        found, number = json.loads(installation.python(STAGE))
    assert found[0] == found[1]
    assert (len(found[0]), number) == (2, 2)
