"""Copying ready-made metrics: from then on they are one's own, and nothing links them back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from metrics.catalogue import CATALOGUE, ReadyMade
from metrics.models import MetricDefinition
from metrics.operations.definitions import save_metric
from metrics.scoring.formulas import inputs_of, parse_formula
from projects.validation import unknown

REASON = "Copied from the catalogue of ready-made metrics."

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a choice."""

    metrics: tuple[MetricDefinition, ...]
    """The new definitions, inputs before the formulas that need them."""
    along: tuple[str, ...]
    """The codes of inputs that nobody chose and a formula needs."""
    reused: tuple[str, ...]
    """The codes of inputs that were there already, so that they were not copied again."""


@transaction.atomic
def copy_from_catalogue(
    codes: Collection[str],
    *,
    by: User | None,
    reason: str = REASON,
    catalogue: Mapping[str, ReadyMade] = CATALOGUE,
) -> Copied:
    """New definitions of one's own out of ready-made ones: all of them or none.

    A code that is taken gets a number; a formula then names its inputs as they came to be called.
    An input that nobody chose is the one of that code which is there, or else comes along.
    """
    if not codes:
        raise ValidationError(_("Choose at least one metric to copy."), code="none")
    for code in codes:
        if code not in catalogue:
            raise ValidationError(unknown(_("ready-made metric"), code, catalogue), code="code")
    there = {metric.code: metric for metric in MetricDefinition.objects.all()}
    wanted = _with_inputs(codes, catalogue)
    reused = {
        code for code in wanted if code not in codes and _serves(there.get(code), catalogue[code])
    }
    # What only fed an input that is there already is not needed either.
    needed = _with_inputs(codes, catalogue, but=reused)
    names = {code: code for code in reused}
    taken = set(there)
    made = []
    for code in needed:
        names[code] = free_code(code, taken)
        taken.add(names[code])
        metric = _definition(catalogue[code], names)
        made.append(save_metric(metric, by=by, reason=reason))
    return Copied(
        tuple(made),
        tuple(names[code] for code in needed if code not in codes),
        tuple(sorted(reused & _inputs(needed, catalogue))),
    )


def inputs_in(entry: ReadyMade) -> list[str]:
    """The codes that an entry's formula names."""
    return sorted(inputs_of(parse_formula(entry.formula))) if entry.formula else []


def free_code(code: str, taken: Collection[str]) -> str:
    """The code itself, or with the first number that nobody has."""
    number, free = 1, code
    while free in taken:
        number += 1
        free = f"{code}_{number}"
    return free


def _inputs(codes: Iterable[str], catalogue: Mapping[str, ReadyMade]) -> set[str]:
    return {name for code in codes for name in inputs_in(catalogue[code])}


def _with_inputs(
    codes: Collection[str], catalogue: Mapping[str, ReadyMade], but: Collection[str] = ()
) -> list[str]:
    """The entries with all that their formulas need, inputs first, in the catalogue's order."""
    ordered: list[str] = []

    def add(code: str) -> None:
        if code in ordered or code in but:
            return
        for name in inputs_in(catalogue[code]):
            add(name)
        ordered.append(code)

    for code in catalogue:
        if code in codes:
            add(code)
    return ordered


def _serves(metric: MetricDefinition | None, entry: ReadyMade) -> bool:
    """Whether a metric that is there can stand for the entry in a formula."""
    return metric is not None and (metric.subject_kind, metric.cadence, metric.unit) == (
        entry.subject_kind,
        entry.cadence,
        entry.unit,
    )


def _definition(entry: ReadyMade, names: Mapping[str, str]) -> MetricDefinition:
    fields = asdict(entry)
    fields["code"] = names[entry.code]
    fields["curve"] = [[float(value), float(score)] for value, score in entry.curve] or None
    fields["formula"] = _NAME.sub(lambda name: names.get(name[0], name[0]), entry.formula)
    return MetricDefinition(**fields)
