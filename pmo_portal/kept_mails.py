"""Mails that are kept on this machine instead of being sent: for trying the portal out.

Each is a file as it would have gone out; administrators look at them on a page.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import needs

KEEP_PEOPLE = "auth.change_user"
MOST_KEPT = 500
PER_PAGE = 50
NAME = re.compile(r"^\d{20}-[0-9a-f]{8}$")


class KeepingBackend(BaseEmailBackend):
    """Writes each mail into a file of its own; the oldest go when there are many."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = mail_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns():020}-{secrets.token_hex(4)}"
            draft = folder / f"{name}.draft"
            draft.touch(mode=0o600)
            draft.write_bytes(message.message().as_bytes())
            # Whole or not at all: a page may look at this moment.
            draft.rename(folder / f"{name}.eml")
        for path in sorted(folder.glob("*.eml"))[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
        return len(email_messages)


def mail_folder() -> Path:
    return Path(settings.KEPT_MAILS)


def are_kept() -> bool:
    own = f"{__name__}.{KeepingBackend.__name__}"
    return bool(own == settings.EMAIL_BACKEND)


def told_to_pages(request: HttpRequest) -> dict[str, bool]:
    """Whether there is a page of kept mails, for the menu."""
    return {"mails_are_kept": are_kept()}


@dataclass(frozen=True, slots=True)
class Attachment:
    number: int
    name: str
    media_type: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class KeptMail:
    name: str
    message: ParsedMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        return str(self.message["To"] or "")

    @property
    def sender(self) -> str:
        return str(self.message["From"] or "")

    @property
    def sent_at(self) -> datetime:
        if date := self.message["Date"]:
            return parsedate_to_datetime(str(date))
        return datetime.fromtimestamp(int(self.name[:20]) / 1e9, UTC)

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content())

    @property
    def attachments(self) -> list[Attachment]:
        return [
            Attachment(
                number,
                part.get_filename() or _("without a name"),
                part.get_content_type(),
                part.get_payload(decode=True) or b"",  # type: ignore[arg-type]  # bytes, if decoded
            )
            for number, part in enumerate(self.message.iter_attachments())
        ]


def read_mail(name: str) -> KeptMail:
    """Http404 where there is none of this name (any more)."""
    if not NAME.match(name):
        raise Http404
    try:
        content = (mail_folder() / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    return KeptMail(name, message_from_bytes(content, policy=policy.default))


def mail_names() -> list[str]:
    """The latest first."""
    names = (path.stem for path in mail_folder().glob("*.eml"))
    return sorted((name for name in names if NAME.match(name)), reverse=True)


def refuse_where_mails_are_sent() -> None:
    if not are_kept():
        raise Http404


@require_safe
@needs(KEEP_PEOPLE)
def kept_mail_list(request: HttpRequest) -> HttpResponse:
    refuse_where_mails_are_sent()
    page = Paginator(mail_names(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "mails": [read_mail(name) for name in page]}
    return render(request, "pmo_portal/kept_mail_list.html", context)


@require_safe
@needs(KEEP_PEOPLE)
def kept_mail(request: HttpRequest, name: str) -> HttpResponse:
    refuse_where_mails_are_sent()
    context = {"mail": read_mail(name), "crumbs": [(_("Mails"), reverse("kept_mail_list"))]}
    return render(request, "pmo_portal/kept_mail.html", context)


@require_safe
@needs(KEEP_PEOPLE)
def kept_mail_file(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """An attachment, always to be saved and never shown by the portal."""
    refuse_where_mails_are_sent()
    files = read_mail(name).attachments
    if number >= len(files):
        raise Http404
    file = files[number]
    return HttpResponse(
        file.content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=file.name
            )
        },
    )
