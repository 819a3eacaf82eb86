"""The grid as it is served in production: tests/browser/test_grid.py uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MODULES = sorted(path.stem for path in Path("static/js/grid").glob("*.js"))


def test_in_production_the_modules_find_each_other(visit: Visit) -> None:
    """Under hashed names, each fetched once, and nothing is said about the policy."""
    page = visit("analyst")
    said: list[str] = []
    scripts: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: scripts.append(request.url.rpartition("/")[2]))
    page.goto("/entry/grid/?metric=adoption")
    expect(page.locator("[data-sheet]")).to_have_attribute("data-sheet-open", "0")
    of_the_grid = [name for name in scripts if name.split(".")[0] in MODULES]
    assert sorted(name.split(".")[0] for name in of_the_grid) == MODULES
    assert all(re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name) for name in of_the_grid)
    assert said == []
