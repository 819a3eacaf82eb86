"""The page of monthly packs and their files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.models import Pack
from dashboards.operations.packs import keep_packs
from dashboards.packs import writing
from metrics.choices import RunTrigger
from metrics.operations.months import reopen_month
from metrics.operations.runs import score_now
from tests.dashboards.packs.stage import (
    AFTERWARDS,
    CLOSED_AGAIN,
    LATER,
    MARCH,
    REOPENED,
    Company,
    closed,
    measured_company,
    pdf_words,
)
from tests.dashboards.reading import ClientOf, assert_costs_no_more, keep_score, read
from tests.factories import (
    MonthClosingFactory,
    PackFactory,
    PortfolioFactory,
    SegmentFactory,
)

MARCH_PAGE = "/packs/?month=2026-03"


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    company = measured_company()
    with time_machine.travel(AFTERWARDS, tick=False):
        yield company


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def test_an_open_month_is_handed_out_as_it_stands_and_not_kept(
    company: Company, reader: Client
) -> None:
    page = read(reader, MARCH_PAGE)
    assert "Ferry Services, March 2026 Not closed, may still change" in page.words
    assert "/packs/ORG/2026-03/pdf/" in page.links()
    response = reader.get("/packs/ORG/2026-03/pdf/")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="pack-ORG-2026-03-open.pdf"'
    assert "Not closed, may still change" in pdf_words(response.content)
    assert not Pack.objects.exists()


@pytest.mark.parametrize("code", ["PF", "SEG"])
def test_portfolios_and_segments_have_packs_too(
    code: str, company: Company, reader: Client
) -> None:
    page = read(reader, f"{MARCH_PAGE}&subject={code}")
    assert f"/packs/{code}/2026-03/pptx/" in page.links()
    assert reader.get(f"/packs/{code}/2026-03/pptx/").content[:2] == b"PK"


def test_a_closed_month_is_made_once_and_handed_out_unchanged(
    company: Company, reader: Client
) -> None:
    closing = closed()
    page = read(reader, f"{MARCH_PAGE}&subject=PF")
    assert "Make and keep the pack" in page.words
    assert not Pack.objects.exists()  # looking makes nothing
    made = reader.post(f"/packs/closing/{closing.pk}/PF/", follow=True)
    assert "is made and kept" in made.content.decode()
    pdf = Pack.objects.get(kind="pdf")
    page = read(reader, f"{MARCH_PAGE}&subject=PF")
    assert pdf.sha256 in page.words
    assert pdf.data_sha256 in page.words
    first = reader.get(pdf.get_absolute_url())
    assert first["ETag"] == f'"{pdf.sha256}"'
    assert hashlib.sha256(first.content).hexdigest() == pdf.sha256
    reader.post(f"/packs/closing/{closing.pk}/PF/")
    assert reader.get(pdf.get_absolute_url()).content == first.content


def test_the_data_has_the_printed_hash(company: Company, reader: Client) -> None:
    [pdf, _] = keep_packs(closed(), company.organisation.subject_ptr, by=None)
    response = reader.get(f"/packs/kept/{pdf.pk}/data/")
    assert hashlib.sha256(response.content).hexdigest() == pdf.data_sha256
    assert json.loads(response.content)["name"] == "Ferry Services"
    assert response["Content-Disposition"].endswith('filename="pack-ORG-2026-03.json"')


def test_packs_of_both_closings_stand_beside_each_other(company: Company, reader: Client) -> None:
    whole = company.organisation.subject_ptr
    keep_packs(closed(), whole, by=None)
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was wrong", by=None)
        company.correct("tactical", 60.0)
    open_again = read(reader, MARCH_PAGE)
    assert "PDF as it stands now" in open_again.words
    assert "reopened 12 Apr 2026; as it was reported then" in open_again.words
    keep_packs(closed(CLOSED_AGAIN), whole, by=None)
    page = read(reader, MARCH_PAGE)
    assert {pack.sha256 in page.words for pack in Pack.objects.all()} == {True}
    assert Pack.objects.count() == 4


def test_the_pack_of_an_earlier_closing_is_handed_out_unchanged_ever_after(
    company: Company, reader: Client
) -> None:
    """Definitions change, scores are recomputed, the month is opened and closed again."""
    first = closed()
    reader.post(f"/packs/closing/{first.pk}/PF/")
    files = {pack.get_absolute_url(): pack.sha256 for pack in Pack.objects.all()}
    before = {address: reader.get(address).content for address in files}
    with time_machine.travel(LATER, tick=False):
        metric = company.metrics["tactical"]
        metric.name, metric.curve = "Renamed", [[0.0, 100.0], [100.0, 0.0]]
        metric.save()
        metric.lines.update(weight=7)
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was wrong", by=None)
        company.correct("financial", 95.0)
        score_now(trigger=RunTrigger.COMMAND, months=[MARCH])
    again = closed(CLOSED_AGAIN)
    reader.post(f"/packs/closing/{again.pk}/PF/")

    page = read(reader, f"{MARCH_PAGE}&subject=PF")
    assert set(files) < set(page.links())
    for address, sha256 in files.items():
        kept = reader.get(address).content
        assert kept == before[address]
        assert hashlib.sha256(kept).hexdigest() == sha256
    new = Pack.objects.get(closing=again, kind="pdf")
    told = pdf_words(reader.get(new.get_absolute_url()).content)
    assert "Renamed" in told
    assert "Renamed" not in pdf_words(before[next(iter(files))])


def test_the_open_pack_of_a_closed_month_leads_to_the_kept_one(
    company: Company, reader: Client
) -> None:
    closed()
    response = reader.get("/packs/PF/2026-03/pdf/")
    assert response["Location"] == "/packs/?month=2026-03&subject=PF"


@pytest.mark.parametrize(
    "address", ["/packs/P/2026-03/pdf/", "/packs/ORG/2026-03/odp/", "/packs/kept/999/"]
)
def test_what_has_no_pack_is_not_found(address: str, company: Company, reader: Client) -> None:
    assert reader.get(address).status_code == 404


def test_a_subject_without_scores_has_nothing_to_tell(company: Company, reader: Client) -> None:
    PortfolioFactory(code="NEW")
    assert "Nothing to tell" in read(reader, f"{MARCH_PAGE}&subject=NEW").words
    closing = closed()
    answer = reader.post(f"/packs/closing/{closing.pk}/NEW/")
    assert answer.status_code == 422
    assert "has no scores in March 2026" in answer.content.decode()


def test_a_machine_without_pango_says_so_on_the_page(
    company: Company, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise OSError("cannot load library")

    monkeypatch.setattr(writing, "import_string", missing)
    answer = reader.get("/packs/ORG/2026-03/pdf/")
    assert answer.status_code == 422
    assert "libpango-1.0-0" in answer.content.decode()


def test_an_empty_portal_says_what_to_create_first(db: None, reader: Client) -> None:
    assert "dashboards/nothing_yet.html" in read(reader, "/packs/").templates


def test_who_may_not_read_gets_no_pack(
    company: Company, outsider: User, client_of: ClientOf, client: Client
) -> None:
    [pdf, _] = keep_packs(closed(), company.organisation.subject_ptr, by=None)
    for address in ("/packs/", pdf.get_absolute_url(), f"/packs/kept/{pdf.pk}/data/"):
        assert client_of(outsider).get(address).status_code == 403
        assert client.get(address)["Location"].startswith("/sign-in/")


def test_the_page_costs_no_more_queries_with_more_packs(company: Company, reader: Client) -> None:
    closed()
    sizes, months = count(1), count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            segment = SegmentFactory()
            keep_score(segment, 50.0)
            closing = MonthClosingFactory(month=MARCH.plus(-2 - next(months)), closed_at=LATER)
            for kind in ("pdf", "pptx"):
                PackFactory(closing=closing, subject=segment, kind=kind)

    assert_costs_no_more(reader, MARCH_PAGE, grow)
