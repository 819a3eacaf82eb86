"""What the tests of the reading pages share: stored scores, and pages as somebody reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics.choices import Band, Category
from metrics.models import Score
from projects.models import Subject
from projects.months import Month
from tests.factories import MeasurementFactory, ScoreFactory

TODAY = "2026-04-10T09:00:00Z"
"""So that pages open with March 2026, and April is the running month."""

MARCH = Month.parse("2026-03")
FEBRUARY = Month.parse("2026-02")
APRIL = Month.parse("2026-04")

MOST_QUERIES = 20

ClientOf = Callable[[User], Client]


def band_of(score: float | None) -> Band:
    """By the limits of the factory's scorecard: 50 and 75."""
    if score is None:
        return Band.INSUFFICIENT
    return Band.GREEN if score >= 75 else Band.AMBER if score >= 50 else Band.RED


def keep_score(
    subject: Subject,
    overall: float | None,
    month: Month = MARCH,
    *,
    coverage: float = 1.0,
    balance: float | None = None,
    **categories: float | None,
) -> Score:
    """Store a subject's scores; categories that are not named have the overall one.

    `financial=None` is insufficient, `financial=-1` is not measured.
    """
    columns: dict[str, Any] = {}
    for category in Category.values:
        score = categories.get(category, overall)
        is_measured = score is None or score >= 0
        columns |= {
            f"{category}_score": score if is_measured else None,
            f"{category}_coverage": coverage if is_measured else None,
            f"{category}_band": band_of(score) if is_measured else None,
        }
    low = 0.0 if overall is None else coverage * overall
    return ScoreFactory(
        subject=subject,
        month=month,
        **columns,
        overall_score=overall,
        overall_coverage=coverage,
        overall_band=band_of(overall),
        overall_low=low,
        overall_high=100.0 if overall is None else low + 100 * (1 - coverage),
        balance=balance if balance is not None or overall is None else 1.0,
    )


def measured(subject: Subject, month: Month = MARCH) -> None:
    """One value in the month, so that pages have a month to open with."""
    MeasurementFactory(
        subject=subject, metric__subject_kind=subject.kind, period=str(month), month=month
    )


@dataclass(frozen=True)
class ReadPage:
    """A page as text, with what a test wants to know of it."""

    response: Any
    html: str
    words: str
    queries: int

    @property
    def context(self) -> Any:
        return self.response.context

    @property
    def templates(self) -> set[str]:
        return {template.name for template in self.response.templates}

    def row(self, name: str) -> str:
        """The words of the table row that begins with a name."""
        for row in re.findall(r"<tr>.*?</tr>", self.html, re.DOTALL):
            words = plain(row)
            if words.startswith(name):
                return words
        raise AssertionError(f"No row begins with {name!r} in: {self.words}")

    def links(self) -> list[str]:
        return [unescape(address) for address in re.findall(r'href="([^"]+)"', self.html)]


Reader = Callable[..., ReadPage]


def plain(markup: str) -> str:
    """What is read: without navigation, scripts, tags and runs of space."""
    markup = re.sub(r'<nav class="sidebar".*?</nav>', " ", markup, flags=re.DOTALL)
    text = re.sub(r"<(script|head)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def read(client: Client, address: str, *, part: str = "", **headers: str) -> ReadPage:
    """A page, or the part of it that HTMX would ask for."""
    if part:
        headers |= {"HX-Request": "true", "HX-Target": part}
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers=headers)
    html = response.content.decode()
    return ReadPage(response, html, plain(html), len(queries))


def assert_costs_no_more(
    client: Client,
    address: str,
    grow: Callable[[], object],
    *,
    part: str = "",
    most: int = MOST_QUERIES,
) -> None:
    """The number of queries stays the same at three sizes, and small."""
    counts = []
    for _ in range(3):
        grow()
        page = read(client, address, part=part)
        assert page.response.status_code == 200
        counts.append(page.queries)
    assert counts[0] == counts[1] == counts[2], counts
    assert counts[0] <= most, counts
