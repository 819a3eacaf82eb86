"""What became of a definition: every recorded change, field by field, in words.

Works for any model with django-simple-history. `changes_of(row)` is all of a row's changes;
`changes_page(row, number)` a page of them, `sources` what to tell together with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, overload

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db import models
from django.utils import formats
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import MINUS
from metrics.models import CurveOverride, Exemption, MetricDefinition, ScorecardLine
from metrics.validation.numbers import number_text
from projects.fields import MonthField
from projects.models import SUBJECT_MODELS, Subject
from projects.months import BEGINNING, Month
from projects.naming import in_words
from projects.visibility import current_sight

CHANGES_PER_PAGE = 10

CREATED, CHANGED, DELETED = "+", "~", "-"

PASSED_BY = frozenset({"id", "kind"})
"""Fields that say nothing to a person."""


class FieldChange(NamedTuple):
    """One field of a row before and after, in words; empty = blank."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """Something that was done to a definition."""

    at: datetime
    by: str
    """Empty for what nobody signed: a command, a loaded workspace."""
    reason: str
    what: str
    fields: tuple[FieldChange, ...]
    """What changed; of a new row all that was given, of a deleted one all that it had."""
    is_whole: bool
    """The row came or went, so that `fields` tell all of it and not a difference."""


@dataclass(frozen=True, slots=True)
class Source:
    """The histories of some rows of one model."""

    model: type[models.Model]
    where: Mapping[str, Any]
    noun: str | Promise = ""
    """What such a row is called beside another's history; empty for the row itself."""
    named_by: Sequence[str] = ()
    """The fields that tell which of such rows it is."""
    silent: Collection[str] = ()
    """Fields that are the same for all of the source's rows."""

    def records(self) -> list[Any]:
        """The recorded states, each row's own in the order in which they came."""
        history: Any = self.model.history.model  # type: ignore[attr-defined]
        return list(
            history.objects.filter(**self.where)
            .select_related("history_user")
            .order_by("history_date", "history_id")
        )


def source_of(row: models.Model) -> Source:
    key = row._meta.pk
    assert key is not None
    return Source(type(row), {key.attname: row.pk})


def sources_of_metric(metric: MetricDefinition) -> tuple[Source, ...]:
    """A metric's own changes, and those of what hangs on it.

    What was agreed for single subjects is told to those who see all of them.
    """
    mine = {"metric_id": metric.pk}
    on_lines = Source(
        ScorecardLine, mine, gettext_lazy("Scorecard line"), ("scorecard",), ("metric",)
    )
    if current_sight().is_limited:
        return source_of(metric), on_lines
    return (
        source_of(metric),
        Source(
            CurveOverride,
            mine,
            gettext_lazy("Curve override"),
            ("subject", "from_month"),
            ("metric",),
        ),
        Source(Exemption, mine, gettext_lazy("Exemption"), ("subject", "from_month"), ("metric",)),
        on_lines,
    )


def changes_of(row: models.Model) -> list[DefinitionChange]:
    """All that was done to a row, the latest first."""
    return History([source_of(row)])[:]


def changes_page(
    row: models.Model,
    number: str | None = None,
    *,
    sources: Sequence[Source] = (),
    per_page: int = CHANGES_PER_PAGE,
) -> Page[DefinitionChange]:
    """A page of a row's changes, the latest first; those of a metric with what hangs on it."""
    if not sources and isinstance(row, MetricDefinition):
        sources = sources_of_metric(row)
    history: Any = History(sources or [source_of(row)])
    return Paginator(history, per_page).get_page(number or 1)


def differences(
    before: models.Model | None, after: models.Model, *, silent: Collection[str] = ()
) -> tuple[FieldChange, ...]:
    """What a row that is not saved yet would change, field by field."""
    source = Source(type(after), {}, silent=silent)
    names = _names_of([_Step(source, before, after)])
    told = (_change(column, before, after, names) for column in _fields_of(source))
    return tuple(change for change in told if change is not None)


class _Step(NamedTuple):
    source: Source
    before: Any
    record: Any


@dataclass
class History:
    """The changes of some sources, put into words when they are asked for: a page at a time.

    One query for each source, and one or two for each model that a shown change points to.
    """

    sources: Sequence[Source]
    steps: list[_Step] = field(init=False)

    def __post_init__(self) -> None:
        steps = []
        # Of what came in one moment, the row itself came before what hangs on it.
        places = {id(source): place for place, source in enumerate(self.sources)}
        for source in self.sources:
            last_of: dict[Any, Any] = {}
            key = source.model._meta.pk.attname
            for record in source.records():
                steps.append(_Step(source, last_of.get(getattr(record, key)), record))
                last_of[getattr(record, key)] = record
        steps.sort(
            key=lambda step: (
                step.record.history_date,
                places[id(step.source)],
                step.record.history_id,
            )
        )
        self.steps = steps[::-1]

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, wanted: int) -> DefinitionChange: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[DefinitionChange]: ...
    def __getitem__(self, wanted: int | slice) -> DefinitionChange | list[DefinitionChange]:
        if isinstance(wanted, int):
            return self[wanted : wanted + 1][0]
        steps = self.steps[wanted]
        names = _names_of(steps)
        return [_told(step, names) for step in steps]


Names = Mapping[type[models.Model], Mapping[Any, str]]


def _told(step: _Step, names: Names) -> DefinitionChange:
    source, before, record = step
    is_whole = record.history_type != CHANGED or before is None
    fields = _fields_of(source)
    if record.history_type == DELETED:
        before, after = record, None
    else:
        before, after = (None if is_whole else before), record
    return DefinitionChange(
        at=record.history_date,
        by=_person(record.history_user),
        reason=record.history_change_reason or "",
        what=_what(source, record, names),
        fields=tuple(
            change
            for column in fields
            if (change := _change(column, before, after, names)) is not None
        ),
        is_whole=is_whole,
    )


def _change(column: Any, before: Any, after: Any, names: Names) -> FieldChange | None:
    was, now = (
        None if state is None else getattr(state, column.attname) for state in (before, after)
    )
    if was == now:
        return None
    told = tuple(_words(column, value, names) for value in (was, now))
    if not any(told):
        return None
    label = in_words(column.verbose_name)
    return FieldChange(label[:1].upper() + label[1:], *told)


def _what(source: Source, record: Any, names: Names) -> str:
    if not source.noun:
        return {CREATED: _("Created"), CHANGED: _("Changed"), DELETED: _("Deleted")}[
            record.history_type
        ]
    columns: list[Any] = [source.model._meta.get_field(name) for name in source.named_by]
    which = [_words(column, getattr(record, column.attname), names) for column in columns]
    done = {CREATED: _("added"), CHANGED: _("changed"), DELETED: _("removed")}
    return f"{source.noun} {done[record.history_type]}: {', '.join(filter(None, which))}"


def _fields_of(source: Source) -> list[Any]:
    columns: list[Any] = [
        column
        for column in source.model._meta.concrete_fields
        if column.name not in PASSED_BY and column.name not in source.silent
    ]
    # A link that is the row's key says whose row it is, unless it leads to the row's own parent.
    return [
        column
        for column in columns
        if not column.primary_key or (column.is_relation and not column.remote_field.parent_link)
    ]


def _names_of(steps: Iterable[_Step]) -> Names:
    """The names of all rows that these changes point to, a query for each of their models."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for source, before, record in steps:
        for column in _relations_of(source):
            for state in (before, record):
                if state is not None and getattr(state, column.attname) is not None:
                    wanted[column.related_model].add(getattr(state, column.attname))
    found = {}
    for model, keys in wanted.items():
        there = {row.pk: _name(row) for row in model._default_manager.filter(pk__in=keys)}
        found[model] = _names_they_had(model, keys - there.keys()) | there
    return found


def _names_they_had(model: type[models.Model], gone: Collection[Any]) -> dict[Any, str]:
    """The last names of rows that are deleted by now, in one query; of what has a history."""
    kinds = SUBJECT_MODELS.values() if model is Subject else [model]
    told = [kind.history for kind in kinds if hasattr(kind, "history")]
    if not gone or not told:
        return {}
    first, *others = [
        records.filter(id__in=gone).order_by().values_list("history_id", "id", "name")
        for records in told
    ]
    # Of each row the last record counts; a subject has all of its records in its kind's table.
    return {
        key: _("%(name)s (deleted since)") % {"name": name}
        for _record, key, name in sorted(first.union(*others, all=True))
    }


def _relations_of(source: Source) -> list[Any]:
    named = [source.model._meta.get_field(name) for name in source.named_by]
    return [column for column in {*_fields_of(source), *named} if column.is_relation]


def _name(row: models.Model) -> str:
    return _person(row) if isinstance(row, User) else str(getattr(row, "name", row))


def _person(user: User | None) -> str:
    return "" if user is None else user.get_full_name() or user.get_username()


def _words(column: Any, value: Any, names: Names) -> str:
    """A field's value as a person reads it; empty for blank."""
    if value is None or value == "":
        return ""
    if column.is_relation:
        gone = _("one that was deleted since")
        return names.get(column.related_model, {}).get(value, gone)
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(column, MonthField):
        month = Month(value)
        return _("the beginning") if month == BEGINNING else month_name(month)
    if isinstance(value, list):
        return curve_words(value)
    for kind, told in _WORDS:
        if isinstance(value, kind):
            return told(value)
    return str(value)


def curve_words(points: Sequence[Sequence[float]]) -> str:
    """`1 scores 100, 5 scores 75, 20 scores 0`"""
    return ", ".join(
        _("%(value)s scores %(score)s") % {"value": _number(value), "score": _number(score)}
        for value, score in points
    )


def _number(value: float) -> str:
    return formats.number_format(number_text(value)).replace("-", MINUS)


_WORDS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: _("Yes") if value else _("No")),
    (datetime, lambda value: date_format(value, "SHORT_DATETIME_FORMAT")),
    (date, lambda value: date_format(value, "SHORT_DATE_FORMAT")),
    (Decimal, lambda value: formats.number_format(f"{value:f}", force_grouping=True)),
    (float, _number),
)
