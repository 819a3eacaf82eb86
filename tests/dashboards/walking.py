"""A walk over everything that people who read can open, with the worked example inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboards.views.links import PAGES as SUBJECT_PAGES
from metrics.choices import Category, RunTrigger
from metrics.models import Score
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month
from tests.test_doors import PAGES, READERS

ROOT = Path(__file__).resolve().parent.parent.parent
MONTH, EARLIER = "2026-05", "2026-01"

WITHOUT = {
    "as it is": (),
    "without longevity": (Category.LONGEVITY,),
    "nothing but financial": tuple(set(Category) - {Category.FINANCIAL}),
}


def unmeasured(categories: tuple[Category, ...]) -> None:
    columns = {
        f"{category.value}_{part}": None
        for category in categories
        for part in ("score", "coverage", "band")
    }
    if columns:
        Score.objects.update(**columns)


def settle_the_worked_example(*, by: User) -> None:
    """Scored, and with a month that was closed and opened again."""
    load_workspace(ROOT / "examples" / "worked")
    score_now(trigger=RunTrigger.COMMAND)
    close_month(Month.parse(EARLIER), by=None)
    reopen_month(Month.parse(EARLIER), reason="A late invoice.", by=by)


def reading_pages() -> Iterator[str]:
    """Every page that whoever reads may open, and those of two subjects of each kind."""
    for name, door in PAGES.items():
        if door.who == READERS and door.get == 200 and not door.row and _can_be_asked(door.args):
            yield reverse(name, args=door.args) + (f"?{door.query}" if door.query else "")
    for subject in some_subjects():
        yield reverse("explain", args=[subject.code, MONTH])
        if page := SUBJECT_PAGES.get(SubjectKind(subject.kind)):
            yield f"{reverse(page, args=[subject.code])}?month={MONTH}"
    yield reverse("month_detail", args=[EARLIER])


def some_subjects() -> Iterator[Subject]:
    for kind in SubjectKind:
        yield from Subject.objects.filter(kind=kind).order_by("code")[:2]


def _can_be_asked(args: tuple[str, ...]) -> bool:
    """Whether these are arguments, and not words that stand for a row that is made for them."""
    return not any(re.fullmatch(r"[A-Z_]{4,}", arg) and "-" not in arg for arg in args) or (
        all(Subject.objects.filter(code=arg).exists() for arg in args[:1])
    )


def page_at(client: Client, address: str) -> str:
    """The page as it is sent; empty where the address gives no page but a file."""
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode() if response["Content-Type"].startswith("text/html") else ""


def parts_of(page: str) -> Iterator[str]:
    """What a page asks for after it: the addresses of its parts with their targets."""
    for path, target in re.findall(r'id="([a-z-]+)"\s+hx-get="([^"]+)"', page):
        yield f"{target} {path}"
