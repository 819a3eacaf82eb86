"""What happened to the demo company is noted, once, and of subjects that it has."""

import csv
from datetime import date
from pathlib import Path

import pytest

from examples.demo.build import build_demo
from examples.demo.events import EVENTS
from pmo_portal.demo_events import note_demo_events
from projects.models import Event
from tests.factories import ProjectFactory
from tests.tables import table

pytestmark = pytest.mark.django_db


def test_events_are_noted_once() -> None:
    for code in {event.code for event in EVENTS}:
        ProjectFactory(code=code)
    for _ in range(2):
        note_demo_events()
    assert table(Event, "subject__code", "day", "title", "text") == sorted(
        ((each.code, date.fromisoformat(each.day), each.title, each.text) for each in EVENTS),
        key=str,
    )


def test_they_are_of_subjects_of_the_demo(tmp_path: Path) -> None:
    build_demo(tmp_path, "2024-06")
    codes = set()
    for name in ("organisation", "portfolios", "projects", "segments", "customers", "services"):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8") as file:
            codes |= {row["code"] for row in csv.DictReader(file)}
    assert {event.code for event in EVENTS} - codes == set()
