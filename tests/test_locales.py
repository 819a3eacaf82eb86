"""Dates and numbers as the reader's language writes them; files for machines stay as they are."""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from dashboards.figures import theme
from dashboards.presentation.money import money_text
from dashboards.presentation.months import day_label, month_label, month_name
from dashboards.presentation.numbers import MINUS, grouped, percent_text, signed, value_text
from metrics.models import Measurement
from projects.models import Portfolio
from tests.dashboards.downloads import fetched, read_csv
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    keep_score,
    measured,
    read,
)
from tests.dashboards.walking import page_at, reading_pages, settle_the_worked_example
from tests.factories import MetricFactory, OrganisationFactory, PortfolioFactory, ProjectFactory
from tests.pseudo_locale import texts_of_page

pytestmark = pytest.mark.django_db

SPACE = "\N{NO-BREAK SPACE}"
SIGNS = {
    "en-gb": ("1,234,567.5", "£1,234,567"),
    "de": ("1.234.567,5", "£1.234.567"),
    "fr": (f"1{SPACE}234{SPACE}567,5", f"£1{SPACE}234{SPACE}567"),
    # Nothing is known of its formats.
    "xx": ("1,234,567.5", "£1,234,567"),
}


@pytest.mark.parametrize("language", SIGNS)
def test_numbers_have_the_signs_of_the_language(language: str) -> None:
    with translation.override(language):
        assert (grouped(1234567.5, 1), money_text(1234567, "GBP")) == SIGNS[language]


@pytest.mark.parametrize(
    ("value", "shown", "with_sign"),
    [
        (0.04, "0,0", "0,0"),
        (-0.04, "0,0", "0,0"),
        (-1234.5, f"{MINUS}1.234,5", f"{MINUS}1.234,5"),
        (3.1, "3,1", "+3,1"),
    ],
)
def test_what_rounds_to_nothing_has_no_sign_in_any_language(
    value: float, shown: str, with_sign: str
) -> None:
    with translation.override("de"):
        assert (grouped(value, 1), signed(value, 1)) == (shown, with_sign)


def test_months_have_the_names_of_the_language() -> None:
    with translation.override("de"):
        assert (month_label(MARCH), month_name(MARCH)) == ("Mär 2026", "März 2026")
    with translation.override("en-gb"):
        assert (month_label(MARCH), month_name(MARCH)) == ("Mar 2026", "March 2026")


def test_days_are_written_as_the_language_does() -> None:
    template = Template("{{ day|date:'SHORT_DATE_FORMAT' }}")
    shown = {}
    for language in ("en-gb", "en", "de"):
        with translation.override(language):
            shown[language] = template.render(Context({"day": date(2026, 3, 4)}))
    assert shown == {"en-gb": "4 Mar 2026", "en": "4 Mar 2026", "de": "04.03.2026"}


@pytest.fixture
def another_order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language that writes `03/09` and, with a space, `83 %`."""
    told = {"%(number)s%%": "%(number)s %%", "j M": "m/d", "M Y": "Y/m"}

    class Other(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            words = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
            return told.get(words, words)

    monkeypatch.setitem(vars(trans_real)["_translations"], "xx", Other())
    with translation.override("xx"):
        yield


@pytest.mark.usefixtures("another_order")
def test_a_language_decides_where_the_sign_of_a_percentage_stands() -> None:
    assert (percent_text(0.834), value_text(83, "%"), value_text(83, "% of budget")) == (
        "83 %",
        "83 %",
        "83 % of budget",
    )


@pytest.mark.usefixtures("another_order")
def test_a_language_orders_the_day_and_the_month() -> None:
    template = Template("{% load presentation %}{{ day|day }}")
    assert template.render(Context({"day": date(2026, 3, 9)})) == "03/09"
    assert (day_label(date(2026, 3, 9)), month_label(MARCH)) == ("03/09", "2026/03")


def test_charts_write_numbers_with_the_signs_of_the_language() -> None:
    with translation.override("de"):
        assert theme.new_figure().layout["separators"] == ",."
    assert theme.new_figure().layout["separators"] == ".,"


def figures_of(page: str) -> Iterator[dict[str, Any]]:
    pattern = r'<script id="[\w-]+-figure" type="application/json">(.*?)</script>'
    for found in re.findall(pattern, page, re.DOTALL):
        yield json.loads(found)


def texts_of(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | dict):
        for each in part.values() if isinstance(part, dict) else part:
            yield from texts_of(each)


@pytest.fixture
def german(pmo_lead: User, client_of: ClientOf) -> Iterator[Client]:
    """A PMO lead who reads German, in April."""
    with time_machine.travel(TODAY, tick=False), translation.override("de"):
        yield client_of(pmo_lead)


def a_portfolio() -> Portfolio:
    OrganisationFactory()
    portfolio: Portfolio = PortfolioFactory()
    project = ProjectFactory(portfolio=portfolio, budget=1234567, currency="EUR")
    for subject in (portfolio, project):
        for month, score in ((FEBRUARY, 70.1), (MARCH, 72.4)):
            keep_score(subject, score, month)
    measured(project)
    return portfolio


def test_a_page_shows_numbers_months_and_its_language_in_german(german: Client) -> None:
    page = read(german, f"/portfolios/{a_portfolio().code}/")
    assert '<html lang="de"' in page.html
    assert "72,4" in page.words
    assert "72.4" not in page.words
    assert "+2,3" in page.words
    assert "€1.234.567" in page.html
    assert "März 2026" in page.words
    assert "März" in unescape(page.html.partition("data-calendar")[2].partition("</script>")[0])


def test_a_chart_shows_numbers_and_months_in_german(german: Client) -> None:
    page = read(german, f"/portfolios/{a_portfolio().code}/")
    figures = list(figures_of(page.html))
    assert {figure["layout"]["separators"] for figure in figures} == {",."}
    texts = " ".join(text for figure in figures for text in texts_of(figure["data"]))
    assert "Mär 2026" in texts
    assert "72,4" in texts
    assert "72.4" not in texts


def test_a_form_takes_and_shows_a_decimal_comma_in_german(
    analyst: User, client_of: ClientOf
) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m", unit="days", decimals=1)
    sent = {"metric": "m", "subject": "P", "period": "2026-03", "value": "12,5"}
    with time_machine.travel(TODAY, tick=False), translation.override("de"):
        client = client_of(analyst)
        assert client.post("/entry/value/", sent).status_code == 302
        page = read(client, "/entry/value/?metric=m&subject=P&period=2026-03")
    assert Measurement.objects.get(metric=metric, subject=project).value == 12.5
    assert 'value="12,5"' in page.html


def test_a_file_for_machines_is_the_same_in_every_language(german: Client) -> None:
    address = f"/portfolios/{a_portfolio().code}/?month=2026-03&export=money.csv"
    [in_german] = read_csv(fetched(german, address)).rows
    with translation.override("en-gb"):
        [in_english] = read_csv(fetched(german, address)).rows
    numbers = [cell for cell in in_german if re.fullmatch(r"-?[\d.,]+", cell)]
    assert numbers == [cell for cell in in_english if re.fullmatch(r"-?[\d.,]+", cell)]
    assert "1234567" in numbers


DECIMAL_POINT = re.compile(r"(?<![\d.])\d+\.\d{1,2}(?![\d.])")
# Of what a browser reads as a number.
COORDINATE = re.compile(r"\s(?:c?[xyr]|[xy][12]|d[xy]|width|height)=\"-?\d+,\d")
MEASURED = re.compile(r"<(?:meter|progress|input type=\"(?:number|range)\")[^>]*=\"-?\d+,\d")


def test_no_text_has_a_decimal_point_and_no_drawing_a_comma_in_german(
    pmo_lead: User, client_of: ClientOf
) -> None:
    """Drawings are templates too, and those write numbers as the reader does unless told not to."""
    settle_the_worked_example(by=pmo_lead)
    reader, looked_at = client_of(pmo_lead), 0
    with translation.override("de"):
        for address in dict.fromkeys(reading_pages()):
            page = page_at(reader, address)
            looked_at += "<svg" in page
            for text in texts_of_page(page):
                assert not DECIMAL_POINT.search(text), address
            for pattern in (COORDINATE, MEASURED):
                assert not pattern.findall(page), address
    assert looked_at > 20
