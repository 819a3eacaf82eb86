"""The tests would hear of it, if a page did what the content security policy forbids."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

INLINE_SCRIPT = """
() => {
  const script = document.createElement("script");
  script.textContent = "document.title = 'it ran'";
  document.body.append(script);
}
"""
FOREIGN_PICTURE = """
() => new Promise((done) => {
  const picture = new Image();
  picture.onerror = done;
  picture.src = "https://elsewhere.example/x.png";
  document.body.append(picture);
})
"""


@pytest.mark.parametrize("deed", [INLINE_SCRIPT, FOREIGN_PICTURE], ids=["script", "picture"])
def test_what_is_forbidden_does_not_happen_and_is_heard(
    site: Site, visit: Visit, forbidden: list[str], deed: str
) -> None:
    page = visit()
    page.goto("/sign-in/")
    title = page.title()
    page.evaluate(deed)
    page.wait_for_timeout(200)
    assert page.title() == title
    assert forbidden
    assert all("Content Security Policy" in report for report in forbidden)
    forbidden.clear()
