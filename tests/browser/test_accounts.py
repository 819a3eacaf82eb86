"""Signing in with a phone, from setting it up to ending a browser that one has left open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.urls import resolve
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.operations.forgotten_passwords import link_for
from pmo_portal.roles import Role
from tests.accounts.signing_in import code_of, recovery_codes_of, with_app
from tests.browser.test_pages import DESK, OF_SECOND_FACTORS, PHONE, Look
from tests.conftest import PASSWORD, make_person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

Browser = Callable[..., Page]


@pytest.fixture
def browser_at(
    live_server: LiveServer, new_context: Callable[..., BrowserContext], settings: Settings
) -> Browser:
    """A browser of its own each time."""
    settings.USERSESSIONS_TRACK_ACTIVITY = True

    def at(width: int = DESK) -> Page:
        size = {"width": width, "height": 900}
        return new_context(base_url=live_server.url, viewport=size).new_page()

    return at


@pytest.fixture
def analyst(transactional_db: None) -> User:
    return make_person("analyst", Role.ANALYST)


def type_password(page: Page) -> None:
    page.goto("/account/")
    page.get_by_label("User name or e-mail address").fill("analyst")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_phone_is_set_up_asked_for_and_a_browser_left_open_is_ended(
    browser_at: Browser, analyst: User
) -> None:
    left_open = browser_at()
    type_password(left_open)
    expect(left_open.get_by_role("heading", level=1)).to_have_text("Your account")
    left_open.get_by_role("link", name="Second factor").click()
    left_open.get_by_role("link", name="Set it up").click()
    picture = left_open.get_by_role("img", name=re.compile("A code for the app"))
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 100")
    secret = left_open.locator("code.key").inner_text().replace(" ", "")
    left_open.get_by_label("Code that the app shows").fill(code_of(secret))
    left_open.get_by_role("button", name="Set it up").click()
    expect(left_open.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(left_open.locator(".recovery-codes li")).to_have_count(10)
    with left_open.expect_download() as kept:
        left_open.get_by_role("link", name="Keep as a file").click()
    assert kept.value.suggested_filename == "recovery-codes.txt"
    lines = kept.value.path().read_text().splitlines()
    codes = [line for line in lines if re.fullmatch(r"\d{8}", line)]
    assert len(codes) == 10

    own = browser_at()
    type_password(own)
    expect(own.get_by_role("heading", level=1)).to_have_text("Your second factor")
    type_code(own, "000000")
    expect(own.get_by_text("This code is wrong")).to_be_visible()
    type_code(own, code_of(secret, periods=1))
    expect(own.get_by_role("heading", level=1)).to_have_text("Your account")

    own.get_by_role("link", name="Where you are signed in").click()
    rows = own.get_by_role("region", name="Browsers").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("this one")
    own.get_by_role("button", name=re.compile("^End it")).click()
    expect(own.get_by_text("You are signed out there.")).to_be_visible()
    expect(rows).to_have_count(1)
    left_open.reload()
    expect(left_open).to_have_url(re.compile("/sign-in/"))

    by_paper = browser_at()
    type_password(by_paper)
    type_code(by_paper, codes[0])
    expect(by_paper.get_by_role("heading", level=1)).to_have_text("Your account")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_is_wrong_with_the_pages_of_second_factors(
    browser_at: Browser, analyst: User, width: int
) -> None:
    page = browser_at(width)
    page.emulate_media(color_scheme="light")
    look = Look(page, is_on_phone=width == PHONE)
    seen = set()

    def at(address: str) -> None:
        look.at(address)
        seen.add(resolve(page.url.removeprefix(look_from).partition("?")[0]).url_name)

    type_password(page)
    look_from = page.url.removesuffix("/account/")
    at("/account/second-factor/set-up/")
    page.get_by_label("Code that the app shows").fill("000000")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("This code is wrong")).to_be_visible()

    secret = with_app(analyst)
    recovery_codes_of(analyst)
    for address in ("", "remove/", "codes/", "codes/", "codes/new/"):
        at(f"/account/second-factor/{address}")
    at("/account/confirm/")
    at("/account/confirm/code/")
    at("/account/sessions/")
    page.context.clear_cookies()
    at(link_for(analyst).removeprefix("http://localhost:8000"))
    page.context.clear_cookies()
    type_password(page)
    at("/sign-in/code/")
    type_code(page, code_of(secret))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    assert not look.found, look.problems()
    assert seen >= OF_SECOND_FACTORS
    assert Authenticator.objects.filter(user=analyst).count() == 2
