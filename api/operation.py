"""An operation of the API: who may use it, what it takes, what it answers, said in one place.

The decorator checks what is sent against that, and the schema is made from it, so that neither can
promise what the other does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import Http404
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_vary_headers
from django.utils.decorators import decorator_from_middleware, method_decorator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.fields import ByKind, Shape
from api.idempotency import HEADER, once
from api.scopes import Need
from api.throttling import LIMIT_HEADERS, Limits

Row = TypeVar("Row", bound=Model)


class Fault(serializers.Serializer):
    """One thing that is wrong."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    row = serializers.IntegerField(allow_null=True)


class Problem(serializers.Serializer):
    """Every refusal: a code for programs, a sentence for people, and where it is."""

    code = serializers.CharField()
    message = serializers.CharField()
    errors = Fault(many=True)  # type: ignore[assignment]  # a field, not the serializer's own


REFUSALS = {
    400: "What was sent does not fit this schema.",
    401: "Nobody is known by this token or session.",
    403: "The role or the token's scopes do not reach this far.",
    404: "There is nothing of this name.",
    409: "It does not fit how things stand now.",
    413: "It is too large.",
    415: "It is sent as something else than this schema says.",
    422: "The rules of the portal refuse it.",
    429: "Too many requests; `Retry-After` says in how many seconds to try again.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an operation says of itself."""

    need: Need
    query: type[Shape] | None
    body: type[Shape] | ByKind | None
    keeps_answers: bool


class _ConditionalGet(ConditionalGetMiddleware):
    """Django's own, whose 304 tells the limits as the answer itself would."""

    def process_response(self, request: Any, response: Any) -> Any:
        answer: Any = super().process_response(request, response)
        for name in LIMIT_HEADERS:
            if name in response:
                answer[name] = response[name]
        return answer


class Operation(APIView):
    """One address; its methods carry `@operation`."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def person(self) -> User:
        assert isinstance(self.request.user, User)  # nobody else comes as far as an operation
        return self.request.user

    @method_decorator(decorator_from_middleware(_ConditionalGet))
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """An answer that the asker has already is told by 304 instead (ETag, If-None-Match)."""
        response: Any = super().dispatch(request, *args, **kwargs)
        limits: Limits | None = getattr(self.request, "limits", None)
        if limits is not None:
            for name, value in limits.headers.items():
                response[name] = value
        # What people may see differs between them, and changes.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response


def operation(
    name: str,
    summary: str,
    need: Need,
    *,
    query: type[Shape] | None = None,
    body: type[Shape] | ByKind | None = None,
    media_type: str = "application/json",
    answer: Any = None,
    page: type[serializers.Serializer] | serializers.Field | None = None,
    status: int = 200,
    refusals: Sequence[int] = (),
    keeps_answers: bool = False,
    description: str = "",
    tag: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Declare a method of an `Operation`; it gets `query` and `body` as they were checked.

    What it returns is the content of the answer, or a Response of its own.
    """
    facts = Facts(need, query, body, keeps_answers)

    def decorate(method: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(method)
        def checked(self: Operation, request: Request, *args: Any, **kwargs: Any) -> Response:
            asked = parse(query or Shape, request.query_params)
            if query is not None:
                kwargs["query"] = asked
            if body is not None:
                data = request.data
                shape = body.shape_of(data) if isinstance(body, ByKind) else body
                kwargs["body"] = parse(shape, data)

            def act() -> Response:
                result = method(self, request, *args, **kwargs)
                return result if isinstance(result, Response) else Response(result, status=status)

            return once(self, self.person, request, act) if keeps_answers else act()

        checked.need = need  # type: ignore[attr-defined]
        checked.facts = facts  # type: ignore[attr-defined]
        codes = {400, 401, 403, 429, *refusals} | ({415, 413, 422} if body else set())
        if page or keeps_answers:
            codes.add(422)  # a cursor, or a key, of something else
        responses: dict[Any, Any] = {
            status: answer_page(page) if page else OpenApiResponse(answer, summary)
        }
        responses |= {code: OpenApiResponse(Problem, REFUSALS[code]) for code in sorted(codes)}
        return extend_schema(
            operation_id=name,
            summary=summary,
            description=described(description or method.__doc__ or "", need),
            parameters=[
                *([query] if query else []),
                *([IDEMPOTENCY_KEY] if keeps_answers else []),
            ],
            request={media_type: body.schema if isinstance(body, ByKind) else body}
            if body
            else None,
            responses=responses,
            tags=[tag or name.partition("_")[0]],
        )(checked)

    return decorate


IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="The same key again is answered as before, and nothing is done twice.",
)


def described(text: str, need: Need) -> str:
    scope = f" Scope of a token: `{need.scope.value}`." if need.scope else ""
    return (" ".join(text.split()) + scope).strip()


def answer_page(shape: type[serializers.Serializer] | serializers.Field) -> Any:
    """One page of a list."""
    many = shape if isinstance(shape, type) else type(shape)
    fields = {
        "next": serializers.URLField(
            allow_null=True, help_text="The address of the next page; null = that was all."
        ),
        "next_cursor": serializers.CharField(allow_null=True),
        "results": shape(many=True)
        if isinstance(shape, type)
        else serializers.ListField(child=shape),
    }
    return type(f"{many.__name__}Page", (serializers.Serializer,), fields)


def parse(shape: type[Shape], data: Any) -> dict[str, Any]:
    if hasattr(data, "lists"):
        refuse_repeated(data)
        # As a plain dictionary: of what came by a form, DRF takes blank for not told.
        data = {name: data[name] for name in data}
    form = shape(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def refuse_repeated(data: Any) -> None:
    repeated = [name for name, values in data.lists() if len(values) > 1]
    if repeated:
        raise serializers.ValidationError(
            {
                name: serializers.ErrorDetail("This is told twice; once is enough.", "repeated")
                for name in repeated
            }
        )


def narrowed(rows: QuerySet[Row], query: Mapping[str, Any], **lookups: str) -> QuerySet[Row]:
    """The rows that the query asks for: each of its parameters is looked up where it is told."""
    asked = {lookup: query[name] for name, lookup in lookups.items() if name in query}
    return rows.filter(**asked)


def found(rows: QuerySet[Row], **asked: Any) -> Row:
    """The one row that is asked for; 404 if there is none."""
    row = rows.filter(**asked).first()
    if row is None:
        raise Http404
    return row
