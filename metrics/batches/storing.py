"""Accepted rows on their way into the database, set by set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from metrics.batches.judging import Judgement, Storable
from metrics.batches.progress import Step, Steps
from metrics.choices import Door
from metrics.models import ImportBatch
from metrics.operations.drafts import Key, keep_drafts, withdraw_waiting
from metrics.operations.rescoring import mark_from
from metrics.workspace.staging import (
    Signature,
    StagedRow,
    apply_changes,
    drop_staging_tables,
    fill_staging_table,
    find_changes,
    insert_new,
    newest_measurement,
    touched_months,
)

ROWS_PER_STEP = 1_000


def store(
    judgement: Judgement,
    batch: ImportBatch,
    *,
    with_questioned: bool,
    at: datetime,
    steps: Steps,
    door: Door = Door.IMPORT,
) -> int:
    """Store what was accepted, in the caller's transaction; how many values that were.

    The caller has locked out everybody else who writes measurements since before the judgement.
    """
    chosen = [judgement.accepted]
    if with_questioned:
        chosen.append(judgement.questioned)
    withdrawn = _withdraw_drafts([storable.withdrawn for storable in chosen], batch, at)
    _withdraw_drafts([storable.left_over for storable in chosen], batch, at)
    stored = _store_measurements(chosen, Signature(batch.created_by, at, door, batch), steps)
    return stored + withdrawn + _store_drafts(chosen, batch, at, door)


def _store_measurements(chosen: list[Storable], signature: Signature, steps: Steps) -> int:
    expected = sum(len(storable.measurements) for storable in chosen)
    if not expected:
        return 0
    # Each value goes to the database first, and from there set by set to its place.
    steps.begin(Step.STORING, 2 * expected)
    rows = chain.from_iterable(storable.measurements for storable in chosen)
    fill_staging_table(_counted(rows, steps))
    newest = newest_measurement()
    stored = created = insert_new(signature)
    steps.reach(expected + created)
    if created < expected:
        find_changes()
        stored += apply_changes(signature)
    if stored != expected:
        raise RuntimeError(f"{stored} values were stored of {expected} that were judged.")
    mark_from(touched_months(None if created == expected else newest))
    drop_staging_tables()
    return stored


def _counted(rows: Iterable[StagedRow], steps: Steps) -> Iterator[StagedRow]:
    for number, row in enumerate(rows):
        if number % ROWS_PER_STEP == 0:
            steps.reach(number)
        yield row


def _store_drafts(chosen: list[Storable], batch: ImportBatch, at: datetime, door: Door) -> int:
    drafts = [draft for storable in chosen for draft in storable.drafts]
    return keep_drafts(drafts, by=batch.created_by, door=door, batch=batch, at=at)


def _withdraw_drafts(places: list[list[Key]], batch: ImportBatch, at: datetime) -> int:
    return withdraw_waiting(list(chain.from_iterable(places)), by=batch.created_by, at=at)
