"""Values in addresses and hidden fields: where one stands, and what a person saw there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from metrics.entry_rights import EntryRights
from metrics.models import MetricDefinition
from metrics.operations.answers import Place
from metrics.operations.overtaking import Seen
from metrics.periods import PeriodError, parse_period
from metrics.validation.dependence import fiscal_year_starts_in
from metrics.validation.numbers import number_text
from projects.models import Subject

MOST_PLACES = 1_000
"""More are not chosen by hand."""


def place_text(metric: str, subject: str, period: str) -> str:
    return f"{metric}/{subject}/{period}"


def seen_text(seen: Seen) -> str:
    """What a page shows, for its form to bring back."""
    if seen.value is None or seen.changed_at is None:
        return ""
    return f"{number_text(seen.value)}|{seen.changed_at.isoformat()}"


def read_seen(text: str) -> Seen:
    """What a form brought back; of something unreadable, that nothing was seen."""
    value, _, at = text.partition("|")
    try:
        return Seen(float(value), datetime.fromisoformat(at))
    except ValueError:
        return Seen(None)


def places_of(texts: Sequence[str]) -> list[Place]:
    """The places that are written so, in three queries; 404 for one that is none."""
    if len(texts) > MOST_PLACES:
        raise BadRequest(
            gettext("At most %(most_places)s values at once.") % {"most_places": MOST_PLACES}
        )
    written = [text.split("/") for text in dict.fromkeys(texts)]
    if any(len(parts) != 3 for parts in written):
        raise BadRequest(gettext("A value is written like metric/subject/period."))
    metrics = MetricDefinition.objects.in_bulk({row[0] for row in written}, field_name="code")
    subjects = Subject.objects.in_bulk({row[1] for row in written}, field_name="code")
    starts_in = fiscal_year_starts_in()
    places = []
    for metric_code, subject_code, label in written:
        metric, subject = metrics.get(metric_code), subjects.get(subject_code)
        if metric is None or subject is None:
            raise Http404
        try:
            period = parse_period(label, metric.cadence, starts_in)
        except PeriodError as error:
            raise BadRequest(str(error)) from None
        places.append(Place(metric, subject, period))
    return places


def refuse_pairs_not_theirs(user: User, pairs: Collection[tuple[int, int]]) -> None:
    """PermissionDenied where values of a metric and subject are somebody else's to enter."""
    rights = EntryRights.of(user, {metric for metric, _ in pairs})
    if not all(rights.may_enter(*pair) for pair in pairs):
        raise PermissionDenied


def way_back(request: HttpRequest, otherwise: str = "entry") -> str:
    """Where the person came from, as their form says; never another site."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        return address
    return reverse(otherwise)
