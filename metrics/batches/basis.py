"""What the verdicts on a file rest on: read once, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Min

from metrics.entry_rights import EntryRights
from metrics.importing.plans import Mapping
from metrics.models import ImportBatch, Measurement, MetricDefinition
from metrics.validation.dependence import stored_rules
from metrics.validation.facts import MetricFacts
from metrics.validation.measurements import MeasurementRules


@dataclass(frozen=True, slots=True)
class Basis:
    """The rules, the rights of the batch's owner, and what metrics ask for."""

    rules: MeasurementRules
    rights: EntryRights
    mapping: Mapping
    metrics: MappingType[int, MetricFacts]
    """By key."""
    needs_approval: frozenset[int]
    asks_why_red: frozenset[int]
    asks_or_approves: frozenset[int]
    """Where the note that is stored counts, whether or not the file tells one."""
    earliest: int | None
    """The first month that has a value, of whatever metric and subject."""

    @classmethod
    def read(cls, batch: ImportBatch) -> Basis:
        rules = stored_rules()
        flags = list(MetricDefinition.objects.values_list("pk", "needs_approval", "asks_why_red"))
        needs_approval = frozenset(pk for pk, needs, _ in flags if needs)
        asks_why_red = frozenset(pk for pk, _, asks in flags if asks)
        return cls(
            rules=rules,
            # Whoever has left enters nothing any more.
            rights=EntryRights.of(batch.created_by or AnonymousUser()),
            mapping=Mapping.of_plain(batch.mapping),
            metrics={facts.key: facts for facts in rules.metrics.values()},
            needs_approval=needs_approval,
            asks_why_red=asks_why_red,
            asks_or_approves=needs_approval | asks_why_red,
            earliest=Measurement.objects.aggregate(first=Min("month"))["first"],
        )
