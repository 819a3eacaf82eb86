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


def test_the_page_follows_the_theme(visit: Visit) -> None:
    page = visit("administrator")
    grounds = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.goto("/api/docs/")
        title = page.locator(".opblock-tag").first
        expect(title).to_be_visible()
        grounds[theme] = title.evaluate(
            """(title) => [
              getComputedStyle(document.querySelector(".api-docs")).backgroundColor,
              getComputedStyle(document.querySelector(".swagger-ui")).backgroundColor,
              getComputedStyle(title).color,
            ]"""
        )
    assert grounds["light"][0] != grounds["dark"][0]
    assert {ground for _, ground, _ in grounds.values()} == {"rgba(0, 0, 0, 0)"}
    assert grounds["light"][2] != grounds["dark"][2]
