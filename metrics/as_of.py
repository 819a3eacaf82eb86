"""What stood in the database at a moment of the past: by this a closed month is explained.

Definitions and links come from the histories that django-simple-history keeps, values from the
measurements and the record of their changes. A history that does not reach back that far says
nothing, and what is told then differs from the frozen scores: whoever explains compares the two.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, models

from metrics.choices import Cadence
from metrics.ledger import (
    Ledger,
    Stated,
    SubjectFacts,
    by_metric,
    ledger_of,
    period_order,
    read_measurement_columns,
)
from metrics.models import (
    CurveOverride,
    Exemption,
    MeasurementChange,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.models.scorecards import SHARE_FIELDS, WEIGHT_FIELDS
from metrics.periods import Period
from metrics.scoring.columns import Integers, Measurements
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
)
from projects.visibility import seeing_everything

_SUBJECT_FIELDS = (
    "active_from",
    "active_until",
    "fiscal_year_starts_in",
    "parent_id",
    "portfolio_id",
    "project_weight",
    "segment_weight",
    "segment_of_customer",
    "customer_weight",
    "project_of_engagement",
    "segment_of_engagement",
    "share",
)
"""The fields of `SubjectFacts` between the kind and the scorecard, in their order."""

_COLUMNS_OF: dict[type[models.Model], dict[str, str]] = {
    Organisation: {"fiscal_year_starts_in": "fiscal_year_starts_in"},
    Portfolio: {"parent_id": "parent_id"},
    Project: {"portfolio_id": "portfolio_id", "project_weight": "weight"},
    Segment: {"segment_weight": "weight"},
    Customer: {"segment_of_customer": "segment_id", "customer_weight": "weight"},
    Service: {},
    Engagement: {
        "project_of_engagement": "project_id",
        "segment_of_engagement": "segment_id",
        "share": "share",
    },
}

_LINK_COLUMNS: dict[type[models.Model], tuple[str, dict[str, str]]] = {
    CurveOverride: (
        "id",
        {"parent_id": "metric_id", "portfolio_id": "subject_id", "active_from": "from_month"},
    ),
    Exemption: (
        "id",
        {
            "parent_id": "metric_id",
            "portfolio_id": "subject_id",
            "active_from": "from_month",
            "active_until": "until_month",
        },
    ),
    ScorecardLine: (
        "id",
        {"parent_id": "scorecard_id", "portfolio_id": "metric_id", "share": "weight"},
    ),
    Offer: (
        "id",
        {"parent_id": "service_id", "portfolio_id": "segment_id", "share": "weight"},
    ),
    ScorecardAssignment: (
        "subject_id",
        {"parent_id": "subject_id", "portfolio_id": "scorecard_id"},
    ),
}
"""Links travel in the columns of subjects: their two ends as parent and portfolio."""


_CARD_TEXTS = ("code", "name", "overall")
_CARD_NUMBERS = (
    "is_default",
    *WEIGHT_FIELDS,
    "min_coverage",
    "min_categories",
    "amber_from",
    "green_from",
    *SHARE_FIELDS,
)
"""What a scorecard is made of besides its kind of subject; they travel in columns of their own."""


class _Record(NamedTuple):
    """One row of any history, as it stood at one of the moments."""

    moment: int
    table: int
    key: int
    text: str | None  # a subject's or a scorecard's kind, an override's curve
    facts: tuple[Any, ...]  # by _SUBJECT_FIELDS
    card: tuple[Any, ...]  # by _CARD_TEXTS and _CARD_NUMBERS


_MODELS: tuple[type[models.Model], ...] = (*_COLUMNS_OF, *_LINK_COLUMNS, Scorecard)


def _select(moment: int, model: type[models.Model]) -> str:
    """The latest record of each row by a moment; those of deletions are left out."""
    table = connection.ops.quote_name(model.history.model._meta.db_table)  # type: ignore[attr-defined]
    if model in _COLUMNS_OF:
        key, text = "id", "kind"
        columns = {"active_from": "active_from", "active_until": "active_until"}
        columns |= _COLUMNS_OF[model]
    elif model is Scorecard:
        key, text, columns = "id", "subject_kind", {}
    else:
        key, columns = _LINK_COLUMNS[model]
        text = "CAST(curve AS text)" if model is CurveOverride else "CAST(NULL AS text)"
    selected = [
        columns.get(name) or f"CAST(NULL AS {'double precision' if name in _REAL else 'bigint'})"
        for name in _SUBJECT_FIELDS
    ]
    selected += _of_a_card() if model is Scorecard else _of_no_card()
    return (
        f"SELECT {moment}, {_MODELS.index(model)}, {key}, {text}, {', '.join(selected)} FROM"
        f" (SELECT *, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY history_date DESC,"
        f" history_id DESC) AS place FROM {table} WHERE history_date <= %s) AS records"
        " WHERE place = 1 AND history_type <> '-'"
    )


def _of_a_card() -> list[str]:
    numbers = {"is_default": "CASE WHEN is_default THEN 1 ELSE 0 END"}
    return [
        *_CARD_TEXTS,
        *(f"CAST({numbers.get(name, name)} AS double precision)" for name in _CARD_NUMBERS),
    ]


def _of_no_card() -> list[str]:
    return [
        *("CAST(NULL AS text)" for _ in _CARD_TEXTS),
        *("CAST(NULL AS double precision)" for _ in _CARD_NUMBERS),
    ]


_REAL = frozenset({"project_weight", "segment_weight", "customer_weight", "share"})


def _records(moments: Sequence[datetime]) -> Iterator[_Record]:
    """All subjects, links and scorecards at all moments, in one query."""
    parts = [_select(moment, model) for moment in range(len(moments)) for model in _MODELS]
    at = [connection.ops.adapt_datetimefield_value(moment) for moment in moments]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [each for each in at for _ in _MODELS])
        end = len(_SUBJECT_FIELDS)
        for moment, table, key, text, *facts in cursor.fetchall():
            yield _Record(moment, table, key, text, tuple(facts[:end]), tuple(facts[end:]))


@seeing_everything()
def read_ledgers_as_of(moments: Sequence[datetime]) -> list[Ledger]:
    """All definitions and links as they stood at each of the moments; in two queries."""
    records: dict[tuple[int, type[models.Model]], list[_Record]] = defaultdict(list)
    for record in _records(moments):
        records[record.moment, _MODELS[record.table]].append(record)
    for found in records.values():
        found.sort(key=lambda record: record.key)
    metrics = _metrics_at(moments)
    return [
        ledger_of(_stated({model: records[number, model] for model in _MODELS}, metrics[number]))
        for number in range(len(moments))
    ]


def read_ledger_as_of(at: datetime) -> Ledger:
    """All definitions and links as they stood at a moment."""
    return read_ledgers_as_of([at])[0]


def _stated(
    records: Mapping[type[models.Model], Sequence[_Record]],
    metrics: Sequence[MetricDefinition],
) -> Stated:
    """What is said of a row that is not on record is left out."""

    def ends(model: type[models.Model]) -> Iterator[tuple[int, int, _Record]]:
        for record in records[model]:
            yield record.facts[_ONE], record.facts[_OTHER], record

    cards = [_card(record) for record in records[Scorecard]]
    metric_ids = {row.pk for row in metrics}
    card_ids = {row.pk for row in cards}
    card_of = {subject: card for subject, card, _ in ends(ScorecardAssignment) if card in card_ids}
    subjects = {
        record.key: SubjectFacts._make(
            (record.key, record.text, *record.facts, card_of.get(record.key))
        )
        for model in _COLUMNS_OF
        for record in records[model]
    }
    known = {pk for pk, subject in subjects.items() if _is_held(subject, subjects)}
    return Stated(
        subjects=[subjects[pk] for pk in sorted(known)],
        metrics=metrics,
        overrides=[
            (metric, subject, record.facts[_FROM], json.loads(record.text or "[]"))
            for metric, subject, record in ends(CurveOverride)
            if metric in metric_ids and subject in known
        ],
        exemptions=[
            (metric, subject, record.facts[_FROM], record.facts[_UNTIL])
            for metric, subject, record in ends(Exemption)
            if metric in metric_ids and subject in known
        ],
        cards=cards,
        lines=[
            (card, metric, record.facts[_WEIGHT])
            for card, metric, record in ends(ScorecardLine)
            if card in card_ids and metric in metric_ids
        ],
        offers=[
            (service, segment, record.facts[_WEIGHT])
            for service, segment, record in ends(Offer)
            if service in known and segment in known
        ],
    )


_ONE, _OTHER, _FROM, _UNTIL, _WEIGHT = (
    _SUBJECT_FIELDS.index(name)
    for name in ("parent_id", "portfolio_id", "active_from", "active_until", "share")
)


def _card(record: _Record) -> Scorecard:
    told = dict(zip((*_CARD_TEXTS, *_CARD_NUMBERS), record.card, strict=True))
    told |= {
        "is_default": bool(told["is_default"]),
        "min_categories": int(told["min_categories"]),
    }
    return Scorecard(pk=record.key, subject_kind=record.text or "", **told)


def _metrics_at(moments: Sequence[datetime]) -> list[list[MetricDefinition]]:
    """The metrics as they were at each moment, in one query; also such as are gone."""
    history: Any = MetricDefinition.history
    records = list(
        history.filter(history_date__lte=max(moments)).order_by("history_date", "history_id")
    )
    told = []
    for at in moments:
        latest = {record.id: record for record in records if record.history_date <= at}
        told.append(
            [latest[pk].instance for pk in sorted(latest) if latest[pk].history_type != "-"]
        )
    return told


def _is_held(subject: SubjectFacts, found: Mapping[int, SubjectFacts]) -> bool:
    """Whether all that it lies in is on record as well."""
    held_by = (
        subject.parent,
        subject.portfolio,
        subject.segment_of_customer,
        subject.project_of_engagement,
        subject.segment_of_engagement,
    )
    return all(key is None or (key in found and _is_held(found[key], found)) for key in held_by)


@seeing_everything()
def read_measurements_as_of(
    ledger: Ledger, at: datetime, first: int, last: int, subjects: Integers
) -> dict[int, Measurements]:
    """The values of some subjects as they stood: later ones left out, later corrections undone."""
    columns = read_measurement_columns(ledger, first, last, subjects, given_by=at)
    changed = _changed_since(ledger, at, subjects)
    if not columns or not changed:
        return by_metric(ledger, columns)
    keep = np.array(
        [
            key not in changed
            for key in zip(
                columns["metric"].tolist(),
                columns["subject"].tolist(),
                columns["period"].tolist(),
                strict=True,
            )
        ],
        dtype=bool,
    )
    told = [
        (*key[:2], month, key[2], value)
        for key, (month, value) in changed.items()
        if value is not None and month <= last
    ]
    return by_metric(
        ledger,
        {
            name: np.concatenate(
                [column[keep], np.array([row[place] for row in told], dtype=column.dtype)]
            )
            for place, (name, column) in enumerate(columns.items())
        },
    )


_Key = tuple[int, int, int]


def _changed_since(
    ledger: Ledger, at: datetime, subjects: Integers
) -> dict[_Key, tuple[int, float | None]]:
    """Each value that was changed after the moment: its month, and what it was then, if it was."""
    changes = (
        MeasurementChange.objects.filter(
            changed_at__gt=at, subject__in=ledger.subject_ids[subjects].tolist()
        )
        .order_by("-changed_at", "-pk")
        .values_list("metric_id", "subject_id", "period_start", "value_before", "entered_at_before")
    )
    found: dict[_Key, tuple[int, float | None]] = {}
    for metric_id, subject_id, start, value, entered_at in changes:
        metric = ledger.metric_rows.get(metric_id)
        if metric is None:
            continue
        # The earliest change after the moment comes last, and tells what stood at it.
        was_there = entered_at is None or entered_at <= at
        found[metric_id, subject_id, period_order(start)] = (
            int(Period(Cadence(metric.cadence), start).month),
            value if was_there else None,
        )
    return found
