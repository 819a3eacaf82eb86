"""The page that shows the API's operations, under the portal's own strict content policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_operations_are_shown_and_tried_from_here_alone(site: Site, visit: Visit) -> None:
    page = visit("administrator")
    said: list[str] = []
    addresses: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    page.goto("/api/docs/")
    operation = page.locator("#operations-months-months_list")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody .response-col_status")
    expect(answer).to_have_text(re.compile("200"))
    assert [line for line in said if "Content Security Policy" in line or "rror" in line] == []
    own = (f"{site.address}/", "data:", "blob:")
    assert [other for other in addresses if not other.startswith(own)] == []


def test_what_writes_is_tried_by_the_session_with_the_form_token(visit: Visit) -> None:
    page = visit("administrator")
    page.goto("/api/docs/")
    operation = page.locator("#operations-runs-runs_request")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody .response-col_status")
    expect(answer).to_have_text(re.compile("202"))
