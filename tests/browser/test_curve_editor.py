"""The curve editor in a browser: it draws while one types, and saves what was seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from metrics.choices import RunTrigger
from metrics.models import MetricDefinition
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from pmo_portal.roles import Role
from tests.browser.conftest import settled
from tests.conftest import PASSWORD, make_person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

WORKED = Path(__file__).resolve().parents[2] / "examples" / "worked"
EDIT = "/metrics/fix_days/edit/"
FIX_DAYS = [[1.0, 100.0], [5.0, 75.0], [10.0, 50.0], [30.0, 0.0]]


@pytest.fixture
def lead(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> Page:
    """The worked example, scored, and a PMO lead who has signed in."""
    load_workspace(WORKED)
    score_now(trigger=RunTrigger.COMMAND)
    make_person("lead", Role.PMO_LEAD)
    page = new_context(base_url=live_server.url).new_page()
    page.goto("/")
    page.get_by_label("User name").fill("lead")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def opened(page: Page, address: str = EDIT) -> list[str]:
    """What the browser complains of from now on."""
    said: list[str] = []
    page.on(
        "console",
        lambda told: said.append(told.text) if told.type in ("error", "warning") else None,
    )
    page.goto(address)
    return said


def counted(page: Page, band: str) -> int:
    """How many of today's values come out in a band with the curve as it is typed."""
    row = page.locator("#curve-drawing tbody tr", has_text=band)
    return int(row.locator("td").first.inner_text())


def first_line(page: Page) -> str:
    return str(page.locator(".curve-drawing__line").nth(1).evaluate("line => line.outerHTML"))


def test_it_draws_while_one_types_and_counts_todays_values(lead: Page) -> None:
    page, said = lead, opened(lead)
    marks = page.locator(".curve-drawing__mark")
    expect(marks.first).to_be_attached()
    green, line = counted(page, "Green"), first_line(page)
    last = page.get_by_label("Value of point 4")
    last.fill("10")
    expect(page.locator("#curve-drawing")).to_contain_text("is not above")
    last.fill("60")
    expect(page.locator(".curve-drawing__before").first).to_be_attached()
    expect(last).to_be_focused()
    page.get_by_label("Value of point 3").fill("30")
    expect(page.locator(".curve-drawing__corner")).to_have_count(4)
    page.wait_for_function(
        "line => document.querySelectorAll('.curve-drawing__line')[1]?.outerHTML !== line", arg=line
    )
    settled(page)
    assert counted(page, "Green") >= green
    assert said == []


def test_the_keyboard_adds_and_removes_points(lead: Page) -> None:
    page, said = lead, opened(lead)
    rows = page.locator("input[name=curve_value]")
    expect(rows).to_have_count(4)
    page.get_by_role("button", name="Add a point").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(5)
    expect(page.get_by_label("Value of point 5")).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("90")
    page.keyboard.press("Enter")  # sorts and draws, and saves nothing
    expect(page.get_by_label("Value of point 2")).to_have_value("2")
    page.get_by_role("button", name="Remove point 2").focus()
    page.keyboard.press("Space")
    expect(rows).to_have_count(4)
    assert page.url.endswith(EDIT)
    assert said == []


def test_a_preset_makes_a_curve_whose_effect_is_shown_before_it_is_saved(lead: Page) -> None:
    page, said = lead, opened(lead)
    page.get_by_text("Lower is better", exact=True).click()
    preset = page.locator("details.curve-preset[open]")
    for label, value in (("Best", "0.5"), ("On target", "1"), ("Acceptable", "2"), ("Worst", "4")):
        preset.get_by_label(re.compile(f"^{label}")).fill(value)
    preset.get_by_role("button", name="Use these values").click()
    expect(page.get_by_label("Value of point 4")).to_have_value("4")
    settled(page)
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    expect(page.locator("main")).to_contain_text("0.5 scores 100")
    assert MetricDefinition.objects.get(code="fix_days").curve == FIX_DAYS
    page.get_by_role("button", name="Back to editing").click()
    expect(page.get_by_label("Value of point 4")).to_have_value("4")
    page.get_by_role("button", name="See what it changes").click()
    page.get_by_label("Why").fill("Customers told us so.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("is saved.")
    assert MetricDefinition.objects.get(code="fix_days").curve == [
        [0.5, 100.0],
        [1.0, 80.0],
        [2.0, 50.0],
        [4.0, 0.0],
    ]
    expect(page.locator("#history")).to_contain_text("Customers told us so.")
    assert said == []


def test_a_formula_is_tried_beside_the_form(lead: Page) -> None:
    page, said = lead, opened(lead, "/metrics/cost_per_case/edit/")
    page.get_by_role("textbox", name="Formula").fill("minutes_per_case * cost_per_minute / 2")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#formula-trial tbody tr").first).to_be_visible()
    page.get_by_role("textbox", name="Formula").fill("minuts_per_case * 2")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#formula-trial")).to_contain_text("did you mean minutes_per_case")
    assert said == []
