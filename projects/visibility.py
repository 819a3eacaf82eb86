"""Who sees which subjects: decided here, and held by every reading of the tables.

Whoever is limited to portfolios sees these, all below them, their projects and engagements. While
somebody is looked for (`seeing`), the managers of the models that are about subjects read only what
this person sees, as a database with row-level security would: a page, an export or an answer that
forgot to ask can't tell more. What counts for everybody - scoring, weights, whose a metric is -
is read in `seeing_everything`.

Two ways lead around the managers, and whoever takes them looks for themselves: from a row up to
what it points at (`portfolio.parent`, `subject__name`), and SQL. Of what a person sees, only
portfolios point at something that they don't.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery

from projects.choices import SubjectKind

Person = AbstractBaseUser | AnonymousUser
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees: everything, or these portfolios with all that lies in them."""

    portfolios: frozenset[int] | None = None
    """The keys of the portfolios of the limit and of all below them; None = the whole."""
    since: datetime | None = None
    """When the limit was last changed."""

    @property
    def is_limited(self) -> bool:
        return self.portfolios is not None

    @property
    def mark(self) -> str:
        """Different for people who see different things; for keys of what is kept for them."""
        if self.portfolios is None:
            return ""
        return f"{self.since}:{','.join(map(str, sorted(self.portfolios)))}"

    def subjects(self, key: str = "pk") -> Q:
        """The rows whose subject is seen; `key` is the column that holds it."""
        if self.portfolios is None:
            return Q()
        return (
            Q(**{f"{key}__in": self.portfolios})
            | Q(**{f"{key}__in": self._rows("Project", portfolio__in=self.portfolios)})
            | Q(**{f"{key}__in": self._rows("Engagement", project__portfolio__in=self.portfolios)})
        )

    def segments(self) -> Q:
        """Those that the seen projects work for: an engagement's name tells its segment's."""
        if self.portfolios is None:
            return Q()
        links = self._rows("Engagement", project__portfolio__in=self.portfolios)
        return Q(pk__in=links.values("segment"))

    def sees_portfolio(self, pk: int | None) -> bool:
        return pk is not None and (self.portfolios is None or pk in self.portfolios)

    @staticmethod
    def _rows(model: str, **asked: Any) -> QuerySet[Any]:
        # Subqueries, no joins: rows that are narrowed so can still be locked and updated. By
        # name, as the models' managers are what asks.
        rows: QuerySet[Any] = apps.get_model("projects", model)._base_manager.filter(**asked)
        return rows.order_by().values("pk")


WHOLE = Sight()

_looking: ContextVar[Sight | Person] = ContextVar("looking", default=WHOLE)
"""Who is looked for; of a person it is found out at the first reading."""


def current_sight() -> Sight:
    looking = _looking.get()
    return looking if isinstance(looking, Sight) else sight_of(looking)


def sight_of(person: Person) -> Sight:
    """What a person sees; asked of the database once for each time that the person is loaded.

    Superusers see everything: nobody limits them. Who is not stored has no limit stored either.
    """
    if not isinstance(person, AbstractBaseUser) or person.pk is None:
        return WHOLE
    if getattr(person, "is_superuser", False):
        return WHOLE
    kept: Sight | None = getattr(person, "_sight", None)
    if kept is None:
        kept = WHOLE if getattr(person, "is_limited", None) is False else _read(person)
        person._sight = kept  # type: ignore[attr-defined]
    return kept


def with_limits(people: QuerySet[User]) -> QuerySet[User]:
    """People who know already whether they are limited: of most of them nothing more is asked."""
    known: QuerySet[User] = people.annotate(is_limited=has_limit("pk"))
    return known


def has_limit(person: str) -> Exists:
    """Whether there is a limit of the person whose key is in this column."""
    limits = apps.get_model("projects", "PortfolioLimit")._base_manager
    return Exists(limits.filter(user=OuterRef(person)))


@contextmanager
def seeing(looking: Sight | Person) -> Iterator[None]:
    """Within it tables are read as this person sees them."""
    before = _looking.set(looking)
    try:
        yield
    finally:
        _looking.reset(before)


def look_as(person: Person) -> None:
    """The same up to the end of what surrounds it, for a person who is known only by then."""
    _looking.set(person)


@contextmanager
def seeing_everything() -> Iterator[None]:
    """Within it tables are read whole: for what is the same for everybody, whoever asked for it."""
    with seeing(WHOLE):
        yield


def narrowed_to_sight(rows: QuerySet[Row], model: Any, subject: str) -> QuerySet[Row]:
    """The rows that are seen now; `subject` is the model's column that says whose they are."""
    sight = current_sight()
    if sight.portfolios is None:
        return rows
    kind = getattr(model, "KIND", "")
    if kind == SubjectKind.PORTFOLIO:
        return rows.filter(pk__in=sight.portfolios)
    if kind == SubjectKind.PROJECT:
        return rows.filter(portfolio__in=sight.portfolios)
    if kind == SubjectKind.SEGMENT:
        return rows.filter(sight.segments())
    if kind == SubjectKind.ORGANISATION:
        return rows  # its fiscal year is everybody's calendar; its name is told to nobody limited
    return rows.filter(sight.subjects(subject))


def _read(person: AbstractBaseUser) -> Sight:
    limits = apps.get_model("projects", "PortfolioLimit")._base_manager
    since = limits.filter(user=person.pk, portfolio=OuterRef("pk")).values("changed_at")
    tree = apps.get_model("projects", "Portfolio")._base_manager.order_by()
    rows = list(tree.values_list("pk", "parent_id", Subquery(since[:1])))
    tops = {pk: at for pk, _, at in rows if at is not None}
    if not tops:
        return WHOLE
    inside = with_all_below(tops, ((pk, parent) for pk, parent, _ in rows))
    return Sight(inside, max(tops.values()))


def with_all_below(tops: Iterable[int], tree: Iterable[tuple[int, int | None]]) -> frozenset[int]:
    """These portfolios and all that lie in them; `tree` tells each portfolio and its parent."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for pk, parent in tree:
        children[parent].append(pk)
    reached: set[int] = set()
    waiting = list(tops)
    while waiting:
        portfolio = waiting.pop()
        if portfolio not in reached:
            reached.add(portfolio)
            waiting += children[portfolio]
    return frozenset(reached)
