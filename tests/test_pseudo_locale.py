"""The proof that every text goes through gettext: the portal in a language of brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from metrics.catalogue import CATALOGUE
from tests.dashboards.walking import parts_of, reading_pages
from tests.factories import SavedViewFactory, SubscriptionFactory
from tests.pseudo_locale import Data, speaking_pseudo, untranslated
from tests.test_doors import ADMINISTRATOR, PAGES, House, Visitor, build_house, undone

pytestmark = pytest.mark.django_db

READY_MADE = [
    text
    for entry in CATALOGUE.values()
    for text in (entry.name, entry.question, entry.description, entry.unit, entry.source)
]
"""The catalogue's definitions are copied: from then on they are the organisation's own words."""

ASKED_FOR = ["/projects/", "nps_2"]
"""An address that a view is saved of, and the code that a second copy from the catalogue gets."""


@dataclass
class Walk:
    """Pages that were looked at, with the texts on them that gettext has not seen."""

    client: Client
    data: Data
    pages: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def look(self, address: str) -> None:
        """At a page, and at the parts of it that it asks for."""
        page = self.keep(address, self.client.get(address))
        for part in parts_of(page):
            path, target = unescape(part).split()
            headers = {"HX-Request": "true", "HX-Target": target}
            self.keep(f"{address} #{target}", self.client.get(path, headers=headers))

    def send(self, address: str, sends: Mapping[str, str]) -> None:
        with undone():
            self.keep(f"{address} (sent)", self.client.post(address, dict(sends)))

    def keep(self, place: str, answer: Any) -> str:
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            return ""
        page = str(answer.content.decode())
        self.pages += 1
        for words in untranslated(page, self.data):
            like = re.sub(r"\d+", "#", words)
            if like not in self._known:
                self._known.add(like)
                self.found.setdefault(place, []).append(words)
        return page

    def told(self) -> str:
        return "\n".join(f"{place}: {words}" for place, words in self.found.items())


@dataclass(frozen=True)
class Visit:
    house: House
    visitor: Visitor
    token: str

    def addresses(self) -> Iterator[tuple[str, str]]:
        for key, door in PAGES.items():
            yield key, self.house.address(key, door, self.token)


@pytest.fixture
def visit() -> Visit:
    """The worked example with a row of every model; the administrator may open everything."""
    house, visitor = build_house(), Visitor(ADMINISTRATOR)
    return Visit(house, visitor, visitor.save_a_value())


@pytest.fixture
def walk(visit: Visit) -> Iterator[Walk]:
    sent = [text for door in PAGES.values() for text in (*door.args, *door.sends.values())]
    data = Data(*READY_MADE, *sent, *ASKED_FOR)
    with speaking_pseudo():
        yield Walk(visit.visitor.client, data)


@pytest.mark.walk
def test_every_text_of_every_page_goes_through_gettext(visit: Visit, walk: Walk) -> None:
    for key, address in visit.addresses():
        if PAGES[key].get == 200:
            walk.look(address)
    assert walk.pages > 80
    assert not walk.found, walk.told()


def test_every_text_of_what_is_ones_own_goes_through_gettext(visit: Visit, walk: Walk) -> None:
    """Nobody else sees these."""
    person = User.objects.get(username=ADMINISTRATOR)
    view = SavedViewFactory(user=person, address="/projects/?band=red", name="Red")
    subscription = SubscriptionFactory(user=person)
    walk.data = Data(*READY_MADE)
    walk.look(reverse("saved_view_edit", args=[view.pk]))
    walk.look(reverse("saved_view_list"))
    walk.look(reverse("subscription_edit", args=[subscription.pk]))
    walk.look(reverse("subscription_list"))
    assert walk.pages == 4
    assert not walk.found, walk.told()


@pytest.mark.walk
def test_every_text_of_what_is_read_about_subjects_goes_through_gettext(walk: Walk) -> None:
    for address in dict.fromkeys(reading_pages()):
        walk.look(address)
    assert walk.pages > 60
    assert not walk.found, walk.told()


def test_every_text_of_an_answer_to_a_form_goes_through_gettext(visit: Visit, walk: Walk) -> None:
    for key, address in visit.addresses():
        if PAGES[key].post in (200, 422):
            walk.send(address, PAGES[key].sends)
    assert walk.pages > 15
    assert not walk.found, walk.told()


def test_every_text_of_a_refusal_goes_through_gettext(outsider: User, walk: Walk) -> None:
    walk.look("/no-such-page/")
    stranger = Client()
    walk.keep("sign in", stranger.get("/sign-in/"))
    walk.keep("sign in (sent)", stranger.post("/sign-in/", {"username": "x", "password": "y"}))
    stranger.force_login(outsider)
    walk.keep("refused", stranger.get("/summary/"))
    assert walk.pages == 4
    assert not walk.found, walk.told()


def test_every_text_of_an_empty_portal_goes_through_gettext(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    data = Data(*READY_MADE)
    with speaking_pseudo():
        walk = Walk(client, data)
        for name, door in PAGES.items():
            if door.get == 200 and not (door.args or door.row or door.query):
                walk.look(reverse(name))
    assert walk.pages > 20
    assert not walk.found, walk.told()
