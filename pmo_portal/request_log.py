"""A name for each request, in every line that is logged while it is answered, and one line of it.

The name is answered in `X-Request-ID`; it goes with the tasks that the request sends, and into the
rows that come of it (`metrics.causes`).
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from accounts.addresses import without_secrets
from accounts.current import answering

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
FITTING = re.compile(r"[A-Za-z0-9._-]{8,64}")

LONGEST_PATH = 300


class RequestLogMiddleware:
    """Names the request; tells of it when it is answered, if it asked for more than a file."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = name_of(request)
        begun = time.perf_counter()
        clear_contextvars()  # threads answer one request after the other
        bind_contextvars(request_id=name)
        try:
            with answering(request):
                response = self.get_response(request)
                response[HEADER] = name
                if not request.path.startswith(settings.STATIC_URL):
                    tell(request, response, time.perf_counter() - begun)
        finally:
            clear_contextvars()
        return response


def name_of(request: HttpRequest) -> str:
    """The name that a proxy in front gave it, where that is to be trusted, or a new one."""
    given = request.headers.get(HEADER, "") if settings.TRUST_REQUEST_ID else ""
    return given if FITTING.fullmatch(given) else uuid.uuid4().hex


def tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    logger.info(
        "%s %s %s",
        request.method,
        shown_path(request),
        response.status_code,
        extra={
            "view": match.view_name if match else "",
            "status": response.status_code,
            "seconds": round(seconds, 4),
        },
    )


def shown_path(request: HttpRequest) -> str:
    """Without what was asked behind a question mark, and without keys that open something."""
    return without_secrets(request.path, request.resolver_match)[:LONGEST_PATH]
