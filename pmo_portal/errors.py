"""What is answered when something is wrong: pages to people, and to programs what the API says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import ResolverMatch, reverse
from django.views import defaults

from api.errors import fault_of_ours, unreadable
from dashboards.access import READ_DASHBOARDS
from dashboards.views.links import PAGES
from metrics.models import MetricDefinition, Scorecard
from projects.choices import SubjectKind
from projects.models import Subject
from projects.validation import near_matches

MOST_COMPARED = 5_000
"""Codes; comparing them takes a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Near:
    """What may have been meant, and its page."""

    code: str
    name: str
    url: str


API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return unreadable()
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith(API):
        return fault_of_ours()
    return defaults.server_error(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", {"near": _near(request)}, status=404)


def _near(request: HttpRequest) -> list[Near]:
    """Only to those who may read the names."""
    match, user = request.resolver_match, getattr(request, "user", None)
    if match is None or match.namespaces or user is None or not user.has_perm(READ_DASHBOARDS):
        return []
    code = match.kwargs.get("code")
    if not isinstance(code, str):
        return []
    known = _known(match)
    return [
        Near(found, known[found][0], _address(match, known[found][1], found))
        for found in near_matches(code, known)
    ]


def _known(match: ResolverMatch) -> dict[str, tuple[str, str]]:
    """The names and kinds of everything with a code that such an address may be about."""
    page = str(match.url_name)
    for start, model in (("metric", MetricDefinition), ("scorecard", Scorecard)):
        if page.startswith(start):
            rows: Any = model.objects.values_list("code", "name")
            return {code: (name, "") for code, name in rows[:MOST_COMPARED]}
    subjects = Subject.objects.exclude(kind=SubjectKind.ENGAGEMENT)
    found = subjects.values_list("code", "name", "kind")[:MOST_COMPARED]
    return {code: (name, kind) for code, name, kind in found}


def _address(match: ResolverMatch, kind: str, code: str) -> str:
    """The same page of the other one; of another kind of subject, the page of that kind."""
    if match.url_name in PAGES.values() and kind in PAGES:
        return reverse(PAGES[SubjectKind(kind)], args=[code])
    return reverse(str(match.view_name), kwargs={**match.kwargs, "code": code})
