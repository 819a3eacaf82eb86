"""Accepted rows on their way into the database, set by set."""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from metrics.batches.judging import Judgement, Storable
from metrics.choices import Door
from metrics.models import ImportBatch
from metrics.operations.drafts import keep_drafts
from metrics.operations.rescoring import mark_from
from metrics.workspace.staging import (
    Signature,
    apply_changes,
    drop_staging_tables,
    fill_staging_table,
    find_changes,
    insert_new,
    newest_measurement,
    touched_months,
)


def store(judgement: Judgement, batch: ImportBatch, *, with_questioned: bool, at: datetime) -> int:
    """Store what was accepted, in the caller's transaction; how many values that were.

    The caller has locked out everybody else who writes measurements since before the judgement.
    """
    chosen = [judgement.accepted]
    if with_questioned:
        chosen.append(judgement.questioned)
    return _store_measurements(chosen, batch, at) + _store_drafts(chosen, batch)


def _store_measurements(chosen: list[Storable], batch: ImportBatch, at: datetime) -> int:
    expected = sum(len(storable.measurements) for storable in chosen)
    if not expected:
        return 0
    signature = Signature(batch.created_by, at, Door.IMPORT, batch)
    fill_staging_table(chain.from_iterable(storable.measurements for storable in chosen))
    newest = newest_measurement()
    stored = created = insert_new(signature)
    if created < expected:
        find_changes()
        stored += apply_changes(signature)
    if stored != expected:
        raise RuntimeError(f"{stored} values were stored of {expected} that were judged.")
    mark_from(touched_months(None if created == expected else newest))
    drop_staging_tables()
    return stored


def _store_drafts(chosen: list[Storable], batch: ImportBatch) -> int:
    drafts = [draft for storable in chosen for draft in storable.drafts]
    return keep_drafts(drafts, by=batch.created_by, door=Door.IMPORT, batch=batch)
