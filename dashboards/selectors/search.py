"""Finding subjects, metrics and scorecards by name or code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When

from metrics.models import MetricDefinition, Scorecard
from projects.choices import SubjectKind
from projects.models import Subject
from projects.naming import in_words

LONGEST = 100
"""Characters of a search that are looked at; more words than names have find nothing anyway."""

METRIC, SCORECARD = "metric", "scorecard"

KINDS = (
    SubjectKind.ORGANISATION,
    SubjectKind.PORTFOLIO,
    SubjectKind.PROJECT,
    SubjectKind.SEGMENT,
    SubjectKind.CUSTOMER,
    SubjectKind.SERVICE,
)
"""What has a page; an engagement is reached from its project and its segment."""


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    """A subject's kind, `metric` or `scorecard`."""
    label: str
    code: str
    name: str
    place: int
    """The lower, the better it fits."""

    @property
    def order(self) -> tuple[int, str, str]:
        return self.place, self.name.casefold(), self.code


@dataclass(frozen=True, slots=True)
class Findings:
    """The best `found` of `total`."""

    found: tuple[Found, ...]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.found)


def search(text: str, limit: int) -> Findings:
    """What has every word of the text in its name or code, the best fit first.

    Best is the very code, then a name or code that begins with the text, then a word that does.
    Three queries at most and as many counts; a blank text finds nothing.
    """
    text = " ".join(text[:LONGEST].split())
    if not text:
        return Findings((), 0)
    found: list[Found] = []
    total = 0
    for model, kind, filters in (
        (Subject, "", {"kind__in": KINDS}),
        (MetricDefinition, METRIC, {}),
        (Scorecard, SCORECARD, {}),
    ):
        fitting = _fitting(model.objects.filter(**filters), text)
        rows = list(_best(fitting, text, model)[:limit])
        total += len(rows) if len(rows) < limit else fitting.count()
        found += _found(rows, kind)
    found.sort(key=lambda each: each.order)
    return Findings(tuple(found[:limit]), total)


def subjects_like(text: str, limit: int) -> tuple[Found, ...]:
    """Subjects alone, the best fit first, in one query; a code itself stands before all others."""
    text = " ".join(text[:LONGEST].split())
    if not text:
        return ()
    fitting = _fitting(Subject.objects.filter(kind__in=KINDS), text)
    return tuple(_found(_best(fitting, text, Subject)[:limit], ""))


def _fitting(rows: QuerySet, text: str) -> QuerySet:
    return rows.filter(fits(text))


def fits(text: str) -> Q:
    """Rows that have every word of the text in their name or code."""
    found = Q()
    for word in text[:LONGEST].split():
        found &= Q(name__icontains=word) | Q(code__icontains=word)
    return found


def _best(rows: QuerySet, text: str, model: type[Model]) -> QuerySet:
    place = Case(
        When(code__iexact=text, then=Value(0)),
        When(name__istartswith=text, then=Value(1)),
        When(code__istartswith=text, then=Value(2)),
        When(name__icontains=f" {text}", then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    kind = ["kind"] if model is Subject else []
    best: QuerySet = (
        rows.annotate(place=place)
        .order_by("place", "name", "code")
        .values("code", "name", "place", *kind)
    )
    return best


def _found(rows: Iterable[dict[str, Any]], kind: str) -> list[Found]:
    labels = {
        METRIC: in_words(MetricDefinition._meta.verbose_name),
        SCORECARD: in_words(Scorecard._meta.verbose_name),
    }
    return [
        Found(
            kind or row["kind"],
            (labels[kind] if kind else str(SubjectKind(row["kind"]).label)).capitalize(),
            row["code"],
            row["name"],
            row["place"],
        )
        for row in rows
    ]
