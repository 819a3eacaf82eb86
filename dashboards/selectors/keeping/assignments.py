"""Who enters what: by metric and by person, with the gaps and what several people enter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy

from dashboards.selectors.months import current_month
from metrics.choices import Category
from metrics.entry_rights import ENTER_MEASUREMENTS
from metrics.models import MetricAssignment, MetricDefinition
from metrics.operations.responsibilities import SCOPE_KINDS
from metrics.scopes import Scopes
from projects.choices import SubjectKind
from projects.models import Subject

BACKEND = "django.contrib.auth.backends.ModelBackend"

NOBODY, PARTLY, SEVERAL, CANNOT = "nobody", "partly", "several", "cannot"
"""What a metric can be looked for by."""


@dataclass(frozen=True, slots=True)
class Scope:
    pk: int
    code: str
    name: str
    kind: str

    @property
    def is_everything(self) -> bool:
        return self.kind == SubjectKind.ORGANISATION


@dataclass(frozen=True, slots=True)
class Assigned:
    """One person's metric in one scope."""

    pk: int
    user_id: int
    person: str
    scope: Scope
    metric: MetricDefinition
    reach: int
    """How many subjects of the metric's kind that is, measured now."""
    may_enter: bool
    """Whether the person's role lets them enter anything at all."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric, who enters it, and for whom nobody or more than one does."""

    metric: MetricDefinition
    assigned: tuple[Assigned, ...]
    total: int
    """Subjects of its kind, measured now."""
    unassigned: int
    shared: int
    """Subjects for which more than one person is named."""
    sharers: tuple[str, ...]

    @property
    def is_nobodys(self) -> bool:
        return not self.assigned

    @property
    def kind_plural(self) -> str:
        return str(PLURALS[SubjectKind(self.metric.subject_kind)])

    def fits(self, wanted: str) -> bool:
        match wanted:
            case "nobody":
                return self.is_nobodys
            case "partly":
                return bool(self.assigned) and self.unassigned > 0
            case "several":
                return self.shared > 0
            case "cannot":
                return any(not row.may_enter for row in self.assigned)
        return True


@dataclass(frozen=True, slots=True)
class ScopeOfPerson:
    scope: Scope
    assigned: tuple[Assigned, ...]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person, and the metrics that are theirs, scope by scope."""

    pk: int
    name: str
    may_enter: bool
    scopes: tuple[ScopeOfPerson, ...]
    metrics: int


@dataclass(frozen=True, slots=True)
class WhoEntersWhat:
    metrics: tuple[MetricRow, ...]
    people: tuple[PersonRow, ...]
    """Everybody who may enter values, and whoever has been given some without being able to."""

    @property
    def gaps(self) -> int:
        return sum(row.is_nobodys for row in self.metrics)

    @property
    def partly(self) -> int:
        return sum(row.fits(PARTLY) for row in self.metrics)

    @property
    def several(self) -> int:
        return sum(row.fits(SEVERAL) for row in self.metrics)

    @property
    def cannot(self) -> int:
        return sum(not person.may_enter for person in self.people)


PLURALS = {
    SubjectKind.ORGANISATION: gettext_lazy("organisation"),
    SubjectKind.PORTFOLIO: gettext_lazy("portfolios"),
    SubjectKind.PROJECT: gettext_lazy("projects"),
    SubjectKind.SEGMENT: gettext_lazy("segments"),
    SubjectKind.CUSTOMER: gettext_lazy("customers"),
    SubjectKind.SERVICE: gettext_lazy("services"),
    SubjectKind.ENGAGEMENT: gettext_lazy("engagements"),
}

_CATEGORIES = list(Category.values)


def metrics_to_assign() -> list[MetricDefinition]:
    """Those that somebody enters, by category and name; formulas are computed."""
    metrics = MetricDefinition.objects.filter(formula="").order_by("name", "code")
    return sorted(metrics, key=lambda metric: _CATEGORIES.index(metric.category))


def people_who_enter() -> list[User]:
    """Everybody whose role lets them enter values, by name."""
    people = User.objects.with_perm(ENTER_MEASUREMENTS, backend=BACKEND).distinct()
    return sorted(people, key=lambda user: person_name(user).lower())


def scopes_to_choose() -> list[Scope]:
    """The organisation, the portfolios and the segments."""
    rows = Subject.objects.filter(kind__in=SCOPE_KINDS).order_by("name", "code")
    found = [Scope(*row) for row in rows.values_list("pk", "code", "name", "kind")]
    kinds = [kind.value for kind in SCOPE_KINDS]
    return sorted(found, key=lambda scope: kinds.index(scope.kind))


def person_name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def who_enters_what() -> WhoEntersWhat:
    """All assignments, looked at from both sides; a fixed number of queries."""
    metrics = metrics_to_assign()
    people = people_who_enter()
    assigned = _assigned({metric.pk: metric for metric in metrics}, {user.pk for user in people})
    scopes = Scopes.read(current_month(), ((row.scope.pk, row.scope.kind) for row in assigned))
    with_reach = [_with_reach(row, scopes) for row in assigned]
    by_metric: dict[int, list[Assigned]] = defaultdict(list)
    for row in with_reach:
        by_metric[row.metric.pk].append(row)
    return WhoEntersWhat(
        tuple(_metric_row(metric, by_metric[metric.pk], scopes) for metric in metrics),
        tuple(_people_rows(people, with_reach)),
    )


def _assigned(metrics: dict[int, MetricDefinition], able: set[int]) -> list[Assigned]:
    rows = MetricAssignment.objects.select_related("user", "scope").order_by("pk")
    return [
        Assigned(
            row.pk,
            row.user_id,
            person_name(row.user),
            Scope(row.scope_id, row.scope.code, row.scope.name, row.scope.kind),
            metrics[row.metric_id],
            0,
            row.user_id in able,
        )
        for row in rows
        if row.metric_id in metrics
    ]


def _held(row: Assigned, scopes: Scopes) -> frozenset[int]:
    of_kind = scopes.by_kind.get(row.metric.subject_kind, frozenset())
    if row.scope.is_everything:
        return of_kind
    return of_kind & scopes.held_by(row.scope.pk, row.scope.kind)


def _with_reach(row: Assigned, scopes: Scopes) -> Assigned:
    return Assigned(
        row.pk,
        row.user_id,
        row.person,
        row.scope,
        row.metric,
        len(_held(row, scopes)),
        row.may_enter,
    )


def _metric_row(metric: MetricDefinition, rows: Sequence[Assigned], scopes: Scopes) -> MetricRow:
    everybody = scopes.by_kind.get(metric.subject_kind, frozenset())
    of_person: dict[int, set[int]] = defaultdict(set)
    names = {row.user_id: row.person for row in rows}
    for row in rows:
        of_person[row.user_id] |= _held(row, scopes)
    counts = Counter(key for keys in of_person.values() for key in keys)
    shared = {key for key, number in counts.items() if number > 1}
    sharers = sorted(names[user] for user, keys in of_person.items() if keys & shared)
    order = [kind.value for kind in SCOPE_KINDS]
    return MetricRow(
        metric,
        tuple(sorted(rows, key=lambda row: (order.index(row.scope.kind), row.person.lower()))),
        len(everybody),
        len(everybody - counts.keys()),
        len(shared),
        tuple(sharers),
    )


def _people_rows(people: Iterable[User], rows: Sequence[Assigned]) -> list[PersonRow]:
    names = {user.pk: (person_name(user), True) for user in people}
    for row in rows:
        names.setdefault(row.user_id, (row.person, False))
    mine: dict[int, dict[Scope, list[Assigned]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: row.metric.name.lower()):
        mine[row.user_id][row.scope].append(row)
    found = [
        PersonRow(
            pk,
            name,
            may_enter,
            tuple(ScopeOfPerson(scope, tuple(theirs)) for scope, theirs in mine[pk].items()),
            len({row.metric.pk for theirs in mine[pk].values() for row in theirs}),
        )
        for pk, (name, may_enter) in names.items()
    ]
    return sorted(found, key=lambda row: (row.may_enter, row.name.lower()))
