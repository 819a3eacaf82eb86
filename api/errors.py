"""Every refusal in one shape: a code for programs, a sentence for people, and where it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig, ValidationError
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from metrics.importing.problems import FileProblem

logger = logging.getLogger(__name__)

CONFLICTS = frozenset(
    {
        "overtaken",
        "gone",
        "decided",
        "state",
        "stored",
        "running",
        "waiting",
        "closed",
        "open",
        "unfinished",
        "used",
        "protected",
        "measurements",
        "empty",
        "event_noted",
        "unique",
    }
)
"""Codes of refusals that come from how things stand now, and not from what was sent."""

UNREADABLE = "The request can't be read as it was sent."
OUR_FAULT = "Something went wrong here; it is in the log. Nothing of this request was stored."

MOST_TOLD = 100
"""Of 10,000 wrong rows the first hundred say enough."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: in which field, and of several rows in which one (from 0)."""

    code: str
    message: str
    field: str | None = None
    row: int | None = None


class Refused(exceptions.APIException):
    """What was sent is well-formed, and the rules of the portal refuse it."""

    status_code: int = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "refused"

    def __init__(
        self, message: str, *, code: str = "refused", faults: list[Fault] | None = None
    ) -> None:
        super().__init__(message, code)
        self.faults = faults or []

    @classmethod
    def because(cls, message: str, *, code: str, field: str | None = None) -> Self:
        """For one reason, which is told as the only fault too."""
        return cls(message, code=code, faults=[Fault(code, message, field)])


class Conflict(Refused):
    """It would be well, but for how things stand now."""

    status_code = status.HTTP_409_CONFLICT


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def answer_to(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None lets a fault of ours be one."""
    if isinstance(error, exceptions.ValidationError):
        faults = list(_faults(error.get_full_details()))
        return _response(status.HTTP_400_BAD_REQUEST, "invalid", _told(faults), faults)
    if isinstance(error, ValidationError):
        return refusal_of(error)
    if isinstance(error, FileProblem):
        return _response(422, "file", str(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge(str(error))
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = f"{error.wait:.0f}"  # type: ignore[attr-defined]
    code = getattr(error.detail, "code", None) or error.default_code
    faults = getattr(error, "faults", [])
    return _response(error.status_code, code, str(error.detail), faults, headers)


def unreadable() -> JsonResponse:
    """What is wrong before an operation is reached."""
    return _outside(400, "unreadable", UNREADABLE)


def fault_of_ours() -> JsonResponse:
    return _outside(500, "error", OUR_FAULT)


def _outside(status_code: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(_content(code, message), status=status_code)


def refusal_of(error: ValidationError) -> Response:
    """An operation's refusal, in its own words."""
    faults = faults_of(error)
    codes = {fault.code for fault in faults}
    is_conflict = bool(codes & CONFLICTS)
    status_code = status.HTTP_409_CONFLICT if is_conflict else 422
    code = next((fault.code for fault in faults if fault.code in CONFLICTS), "refused")
    return _response(status_code, code, _told(faults), faults)


def faults_of(error: ValidationError) -> list[Fault]:
    if hasattr(error, "error_dict"):
        return [
            Fault(one.code or "refused", message, None if field == NON_FIELD_ERRORS else field)
            for field, ones in error.error_dict.items()
            for one in ones
            for message in one.messages
        ]
    return [
        Fault(one.code or "refused", message)
        for one in error.error_list
        for message in one.messages
    ]


def _response(
    status_code: int,
    code: str,
    message: str,
    faults: list[Fault] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(_content(code, message, faults), status=status_code, headers=headers)


def _content(code: str, message: str, faults: list[Fault] | None = None) -> dict[str, Any]:
    return {
        "code": str(code),
        "message": message,
        "errors": [asdict(fault) for fault in (faults or [])[:MOST_TOLD]],
    }


def _told(faults: list[Fault]) -> str:
    if not faults:
        return "The request is not as it should be."
    first = faults[0]
    where = "" if first.row is None else f"Row {first.row}: "
    field = "" if first.field is None else f"{first.field}: "
    more = "" if len(faults) == 1 else f" ({len(faults) - 1} more)"
    return f"{where}{field}{first.message}{more}"


def _faults(details: Any, path: tuple[Any, ...] = ()) -> Iterator[Fault]:
    """DRF's nested details one by one; a list's own numbers are rows."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        rows = [part for part in path if isinstance(part, int)]
        names = [part for part in path if isinstance(part, str) and part != "non_field_errors"]
        yield Fault(
            str(details["code"]),
            str(details["message"]),
            ".".join(names) or None,
            rows[0] if rows else None,
        )
    elif isinstance(details, dict):
        for key, inner in details.items():
            yield from _faults(inner, (*path, key))
    elif isinstance(details, list):
        for number, inner in enumerate(details):
            is_message = isinstance(inner, dict) and set(inner) == {"message", "code"}
            yield from _faults(inner, path if is_message else (*path, number))
