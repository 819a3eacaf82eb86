"""What the audit log keeps of a request: from where, by what, for what; never a secret."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.urls import Resolver404, ResolverMatch, resolve

from accounts.addresses import without_secrets
from accounts.models import BROWSER_LENGTH, METHOD_LENGTH, PATH_LENGTH
from metrics.causes import current_request_id

ADMIN_SIGN_IN = "admin:login"
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Asking:
    """From where and for what somebody asks; all blank at a console and in a worker."""

    address: str | None = None
    browser: str = ""
    method: str = ""
    path: str = ""
    request_id: str = ""


def asking_of(request: HttpRequest | None) -> Asking:
    if request is None:
        return Asking(request_id=_request_id())
    return Asking(
        address=client_address(request),
        browser=in_one_line(request.headers.get("User-Agent", ""), BROWSER_LENGTH),
        method=in_one_line(request.method or "", METHOD_LENGTH),
        path=shown_path(request),
        request_id=_request_id(),
    )


def client_address(request: HttpRequest) -> str | None:
    """Who is at the other end, or before as many proxies as the installation says are its own.

    What else X-Forwarded-For says, anybody could have written.
    """
    forwarded = request.headers.get("X-Forwarded-For", "")
    told = forwarded.split(",") if forwarded else []
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    is_told = 0 < proxies <= len(told)
    address = (told[-proxies] if is_told else request.META.get("REMOTE_ADDR") or "").strip()
    without_port, _ = split_domain_port(address)
    try:
        found = ipaddress.ip_address((without_port or address).strip("[]"))
    except ValueError:
        return None
    # Without its zone: the name of a network card of ours.
    return str(found).partition("%")[0]


def shown_path(request: HttpRequest) -> str:
    """The address without its query and without what nobody else should know of it.

    The admin site refuses on a page of its own; what was wanted stands in that one's query.
    """
    match = request.resolver_match
    path = request.path
    if match is not None and match.view_name == ADMIN_SIGN_IN and request.GET.get("next"):
        path = unquote(urlsplit(request.GET["next"]).path)
        match = _resolved(path)
    return in_one_line(without_secrets(path, match), PATH_LENGTH)


def in_one_line(text: Any, length: int) -> str:
    """As databases can keep it and a log can show it: no line ends, no halves of characters."""
    line = _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return line if len(line) <= length else line[: length - 1] + "…"


def _resolved(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except Resolver404:
        return None


def _request_id() -> str:
    """By which the lines of the log belong together, where requests are given one.

    Not as the asker says: whether a header is to be believed is decided where they are named.
    """
    told = current_request_id()
    return told if _REQUEST_ID.fullmatch(told) else ""
