"""The schema, made from the operations themselves, and the page that shows it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from api.fields import Shape, Text
from api.operation import Operation
from api.scopes import READS
from dashboards.access import READ_DASHBOARDS, needs

WITHOUT_NULL = r"^[^\u0000]*$"


class OperationSchema(AutoSchema):
    """As drf-spectacular makes it, and closed: what is not named is refused (api.fields.Shape)."""

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, Shape):
            schema["additionalProperties"] = False
        return schema

    def _get_request_for_media_type(self, serializer: Any, direction: str = "request") -> Any:
        schema, is_required = super()._get_request_for_media_type(  # type: ignore[no-untyped-call]
            serializer, direction
        )
        # One of several shapes is asked for, each of which asks for something.
        return schema, is_required or isinstance(serializer, PolymorphicProxySerializer)

    def _map_serializer_field(self, field: Any, direction: str, *args: Any, **kwargs: Any) -> Any:
        schema = super()._map_serializer_field(  # type: ignore[no-untyped-call]
            field, direction, *args, **kwargs
        )
        if isinstance(field, Text) and direction == "request":
            schema.setdefault("pattern", WITHOUT_NULL)  # no database holds it
        return schema


GENERATOR: Any = SchemaGenerator  # it has no types
BEARER, SESSION = "token", "session"


@extend_schema(exclude=True)
class Schema(Operation):
    """OpenAPI 3.1 as JSON."""

    def get(self, request: Request) -> HttpResponse:
        content, etag = rendered_schema(get_language() or "")
        return HttpResponse(content, content_type="application/json", headers={"ETag": etag})

    get.need = READS  # type: ignore[attr-defined]


@cache
def rendered_schema(language: str) -> tuple[bytes, str]:
    """The schema and its ETag: made once in a process, as the operations stay what they are."""
    schema: Any = GENERATOR().get_schema(request=None, public=True)
    content: bytes = JSONRenderer().render(schema)
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@require_safe
@needs(READ_DASHBOARDS)
def documentation(request: HttpRequest) -> HttpResponse:
    """The schema to read and to try, from this server alone and without a script in the page."""
    return render(request, "api/docs.html")


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.TokenAuthentication"
    name = BEARER

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": 'A personal token, made under "Your account".',
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.BrowserAuthentication"
    name = SESSION

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a browser; what writes sends X-CSRFToken along.",
        }
