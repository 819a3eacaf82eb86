"""Reading what is sent: JSON within limits, or a form with a file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request

from api.errors import TooLarge

TOO_DEEP = "This JSON is nested too deeply."


def refuse_too_large(request: Request) -> None:
    """By what the sender says of its length, before a byte of it is read."""
    told = request.META.get("CONTENT_LENGTH") or "0"
    length = int(told) if str(told).isdigit() else 0
    if length > settings.API_MAX_BYTES:
        raise TooLarge(
            f"The request has {length:,} bytes; {settings.API_MAX_BYTES:,} are taken at most."
            " Send it in parts."
        )


class LimitedJSONParser(JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        if parser_context:
            refuse_too_large(parser_context["request"])
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None


class FileParser(MultiPartParser):
    """Files are limited by their own handler (dashboards.uploads)."""


class AlwaysJSON(BaseContentNegotiation):
    """There is one kind of answer, whatever is asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
