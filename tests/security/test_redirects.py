"""Whatever address a request brings along, it leads to a page of the portal or nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client

from tests.conftest import PASSWORD, make_person
from tests.test_architecture import ROOMS, ROOT, parse, sources
from tests.test_doors import (
    ADMINISTRATOR,
    TAKES_NONE,
    House,
    Visitor,
    all_doors,
    build_house,
    undone,
)

pytestmark = pytest.mark.django_db

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "http:evil.example",
    "https:///evil.example/",
    " https://evil.example/",
    "\thttps://evil.example/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "javascript:alert(1)//evil.example",
    "data:text/html,evil.example",
)
WORST = ("https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)//")
PARAMETERS = ("next", "back", "address", "url", "return", "to", "redirect")

REDIRECTS = ("redirect", "HttpResponseRedirect", "HttpResponseClientRedirect")
LINKS = re.compile(r'(?:href|action|formaction|hx-get|src)="([^"]*)"')

LED_BY = {
    "_address(request, code, wanted)": "an address of its own, with the parameters of the page",
    "_page_of(subject, month)": "an address of its own",
    "_page_of(subject, row.month)": "an address of its own",
    "f\"{reverse('event_list')}?{urlencode({'of': near[0].code})}\"": "an address of its own",
    "f\"{reverse('subject_edit', args=[subject.code])}#links\"": "an address of its own",
    "back": "checked where it is read: dashboards.views.{events,keeping.assignments}",
    "home_for(request.user)": "the page of a role",
    "list_url(subject.kind)": "an address of its own",
    "'import_batch' if is_mapped else 'import_mapping'": "a name of an address",
    "page": "of the admin site, with the key of a row: projects.admin.operated",
    "page_of(subject)": "of the admin site, with the key of a row",
    "page.address": "a saved view's, which read_page has found to be a page of the portal",
    "request.get_full_path()": "this page again",
    "wanted.done_url()": "an address of its own",
    "way_back(request)": "checked where it is read: dashboards.views.places",
    "place": "an address of its own: accounts.middleware",
}
"""What redirects lead by, where it is no name of an address."""


def redirects() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sources(room):
            for node in ast.walk(parse(path)):
                if not isinstance(node, ast.Call):
                    continue
                name = ast.unparse(node.func).rpartition(".")[2]
                is_redirect = name in (
                    "redirect",
                    "HttpResponseRedirect",
                    "HttpResponseClientRedirect",
                )
                if is_redirect and not isinstance(node.args[0], ast.Constant):
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield place, ast.unparse(node.args[0])


def test_every_redirect_is_led_by_something_that_is_looked_at_here() -> None:
    unknown = {place: led_by for place, led_by in redirects() if led_by not in LED_BY}
    assert unknown == {}


@pytest.fixture
def house() -> House:
    return build_house()


def leads_elsewhere(answer: Any) -> str:
    """Where to, if a browser followed the answer or a link in it to another site."""
    for header in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "Refresh"):
        place = str(answer.headers.get(header, ""))
        # What browsers make of it: a backslash is a slash, blanks at the ends are nothing.
        parts = urlsplit(place.strip().replace("\\", "/"))
        if parts.scheme not in ("", "http") or parts.netloc not in ("", "testserver"):
            return f"{header}: {place}"
        if place.startswith("//") or parts.scheme == "javascript":
            return f"{header}: {place}"
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        for link in LINKS.findall(answer.content.decode()):
            parts = urlsplit(link.strip().replace("\\", "/"))
            if "evil.example" in parts.netloc or parts.scheme in ("javascript", "data"):
                return f"a link: {link}"
            if link.strip().startswith(("//", "/\\", "\\")):
                return f"a link: {link}"
    return ""


@pytest.mark.walk
@pytest.mark.parametrize("elsewhere", WORST)
def test_no_page_looked_at_leads_elsewhere(house: House, elsewhere: str) -> None:
    visitor = Visitor(ADMINISTRATOR)
    token = visitor.save_a_value()
    wrong = {}
    asked = "&".join(f"{name}={quote(elsewhere)}" for name in PARAMETERS)
    headers = {"HX-Current-URL": elsewhere.strip(), "Referer": elsewhere.strip()}
    for key, door in all_doors().items():
        if ":" in key and not key.startswith("api:"):
            continue  # the admin site's own
        address = house.address(key, door, token)
        answer = visitor.client.get(
            address + ("&" if "?" in address else "?") + asked, headers=headers
        )
        if place := leads_elsewhere(answer):
            wrong[address] = place
    assert wrong == {}


@pytest.mark.walk
@pytest.mark.parametrize("elsewhere", WORST)
def test_no_form_leads_elsewhere(house: House, elsewhere: str) -> None:
    visitor, wrong = Visitor(ADMINISTRATOR), {}
    make_person("analyst")
    for key, door in all_doors().items():
        if door.post in (None, TAKES_NONE) or ":" in key:
            continue
        address = house.address(key, door, "no-token")
        with undone():
            answer = visitor.client.post(
                address, {**dict.fromkeys(PARAMETERS, elsewhere), **door.sends}
            )
        if place := leads_elsewhere(answer):
            wrong[address] = place
    assert wrong == {}


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_signing_in_leads_home_from_wherever_one_was_sent(elsewhere: str) -> None:
    make_person("somebody")
    form = {"username": "somebody", "password": PASSWORD, "next": elsewhere}
    answer = Client().post(f"/sign-in/?next={quote(elsewhere)}", form)
    assert (answer.status_code, leads_elsewhere(answer)) == (302, "")
    page = Client().get(f"/sign-in/?next={quote(elsewhere)}")
    assert leads_elsewhere(page) == ""
    admin = Client().get(f"/admin/login/?next={quote(elsewhere)}", follow=True)
    assert admin.redirect_chain
    assert leads_elsewhere(admin) == ""


def test_a_part_of_a_page_asked_for_by_a_stranger_sends_them_to_sign_in_here() -> None:
    for elsewhere in ELSEWHERE:
        headers = {"HX-Request": "true", "HX-Current-URL": elsewhere.strip()}
        answer = Client().get("/entry/", headers=headers)
        assert answer.headers["HX-Redirect"].startswith("/sign-in/?next=")
        assert leads_elsewhere(answer) == ""
