"""Django's templates, with times on the clock of whoever reads the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates, Template

from dashboards.reader_clock import on_the_readers_clock

ADMIN = "admin"
"""Its forms show times that they read again on the clock of the installation."""


class ReaderTemplates(DjangoTemplates):
    """The clock is changed while a page is drawn, and not for what its view decides."""

    def get_template(self, template_name: str) -> Template:
        return _on_the_readers_clock(super().get_template(template_name))

    def from_string(self, template_code: str) -> Template:
        return _on_the_readers_clock(super().from_string(template_code))


def _on_the_readers_clock(template: Template) -> Template:
    return ReaderTemplate(template.template, template.backend)


class ReaderTemplate(Template):
    def render(
        self, context: dict[str, Any] | None = None, request: HttpRequest | None = None
    ) -> Any:
        if request is None or _is_of_the_admin(request):
            return super().render(context, request)
        with on_the_readers_clock(request):
            return super().render(context, request)


def _is_of_the_admin(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and ADMIN in match.app_names
