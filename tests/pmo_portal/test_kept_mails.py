"""Mails that are kept on this machine instead of being sent, and the page that lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

from pmo_portal import kept_mails
from pmo_portal.kept_mails import mail_names

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "pmo_portal.kept_mails.KeepingBackend"
    settings.KEPT_MAILS = tmp_path / "mails"
    return tmp_path / "mails"


@pytest.fixture
def client(administrator: User, client_of: ClientOf) -> Client:
    return client_of(administrator)


def send(subject: str = "2 values are overdue", body: str = "Hello Ada") -> None:
    EmailMessage(subject=subject, body=body, to=["ada@example.com"]).send()


@pytest.mark.usefixtures("folder")
def test_a_mail_is_listed_and_shown_instead_of_sent(client: Client) -> None:
    send()
    listed = client.get("/mails/").content.decode()
    [name] = mail_names()
    assert f'href="/mails/{name}/"' in listed
    page = client.get(f"/mails/{name}/").content.decode()
    for words in ("2 values are overdue", "ada@example.com", "Hello Ada"):
        assert words in page


@pytest.mark.usefixtures("folder")
def test_the_text_of_a_mail_is_shown_as_text(client: Client) -> None:
    send("<i>Subject</i>", "<script>alert(1)</script>\nhttps://pmo.example.com/x/")
    [name] = mail_names()
    page = client.get(f"/mails/{name}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<i>Subject" not in page
    assert 'href="https://pmo.example.com/x/"' in page


@pytest.mark.usefixtures("folder")
def test_attachments_are_handed_out_as_they_were_and_never_shown(client: Client) -> None:
    message = EmailMultiAlternatives(subject="Pack", body="Text", to=["ada@example.com"])
    message.attach_alternative("<p>Text</p>", "text/html")
    message.attach("page.html", b"<script>1</script>", "text/html")
    message.attach("pack.pdf", b"%PDF\x00\r\n\n.\n", "application/pdf")
    message.send()
    [name] = mail_names()
    page = client.get(f"/mails/{name}/").content.decode()
    assert page.count(f"/mails/{name}/") == 2
    answers = [client.get(f"/mails/{name}/{number}/") for number in (0, 1)]
    assert [answer.content for answer in answers] == [b"<script>1</script>", b"%PDF\x00\r\n\n.\n"]
    assert {answer["Content-Type"] for answer in answers} == {"application/octet-stream"}
    assert answers[1]["Content-Disposition"] == 'attachment; filename="pack.pdf"'
    assert client.get(f"/mails/{name}/2/").status_code == 404


@pytest.mark.usefixtures("folder")
def test_the_latest_comes_first_and_the_oldest_go(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_mails, "MOST_KEPT", 3)
    for number in range(5):
        send(f"Mail {number}")
    mails = client.get("/mails/").context["mails"]
    assert [mail.subject for mail in mails] == ["Mail 4", "Mail 3", "Mail 2"]


def test_nobody_else_on_this_machine_reads_them(folder: Path) -> None:
    send()
    [path] = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("who", ["executive", "pmo_lead", "analyst", "outsider"])
def test_only_administrators_see_them(
    who: str, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    send()
    [name] = mail_names()
    client = client_of(request.getfixturevalue(who))
    addresses = ("/mails/", f"/mails/{name}/", f"/mails/{name}/0/")
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
    assert "/mails/" not in client.get("/account/").content.decode()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["nothing", "00000000000000000000-00000000", "-", "settings"])
def test_a_mail_that_is_not_there_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/mails/{name}/").status_code == 404


@pytest.mark.usefixtures("folder")
def test_an_empty_list_says_what_will_stand_there(client: Client) -> None:
    assert "No mail yet" in client.get("/mails/").content.decode()


def test_where_mails_are_sent_there_is_no_such_page_and_no_link(client: Client) -> None:
    assert client.get("/mails/").status_code == 404
    assert "Mails kept here" not in client.get("/account/").content.decode()


@pytest.mark.usefixtures("folder")
def test_the_menu_of_administrators_leads_there(client: Client) -> None:
    assert 'href="/mails/"' in client.get("/account/").content.decode()
