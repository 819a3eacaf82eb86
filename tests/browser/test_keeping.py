"""A PMO lead makes a project, links it to a segment and sees it in its portfolio."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from metrics.choices import RunTrigger
from metrics.operations.runs import answer_all_needs, score_now
from metrics.workspace import load_workspace
from pmo_portal.roles import Role
from projects.models import Engagement
from tests.conftest import PASSWORD, make_person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

WORKED = Path(__file__).resolve().parents[2] / "examples" / "worked"
MONTH = "2026-05"


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


def test_a_project_is_made_linked_and_seen_in_its_portfolio(lead: Page) -> None:
    lead.goto(f"/portfolios/CHANNELS/?month={MONTH}")
    lead.get_by_role("link", name="Edit").click()
    lead.get_by_role("link", name="New project").click()
    expect(lead.get_by_label("Portfolio")).to_have_value(re.compile(r"\d+"))  # this one

    lead.get_by_label("Code", exact=True).fill("PRJ-ANSWERS")
    lead.get_by_label("Name", exact=True).fill("Faster answers")
    lead.get_by_label("Measured from").fill(MONTH)
    lead.get_by_role("button", name="Continue").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Add Faster answers?")
    coverage = lead.get_by_role("region", name="How much will be known")
    expect(coverage).to_contain_text("Customer channels")
    lead.get_by_role("button", name="Add project").click()
    expect(lead.get_by_text("Link it now to the segments")).to_be_visible()

    lead.get_by_role("link", name="Link a segment").click()
    lead.get_by_label("Segment").select_option("SMB")
    lead.get_by_label("Share").fill("0.5")
    lead.get_by_role("button", name="Continue").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Link Faster answers?")
    lead.get_by_role("button", name="Back to editing").click()
    expect(lead.get_by_label("Share")).to_have_value("0.5")
    lead.get_by_role("button", name="Continue").click()
    lead.get_by_role("button", name="Add the link").click()
    served = lead.get_by_role("region", name="Segments it serves")
    expect(served.get_by_role("row", name="Small business")).to_contain_text("0.50")
    assert Engagement.objects.get(project__code="PRJ-ANSWERS").share == 0.5

    answer_all_needs()
    lead.goto(f"/portfolios/CHANNELS/?month={MONTH}")
    lead.get_by_role("link", name="Faster answers", exact=True).first.click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Faster answers")
    expect(lead.locator("#segments")).to_contain_text("Small business")
