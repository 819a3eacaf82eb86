"""Sending files through an import as a person and a worker do, and reading what came of it."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from metrics.batches.rows import JudgedRow, kept_rows
from metrics.batches.undoing import Undoing
from metrics.choices import BatchMode, BatchState, Verdict
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.models import ImportBatch
from metrics.operations.imports import (
    carry_out_batch,
    import_batch,
    map_batch,
    receive_file,
    take_next_batch,
    undo_batch,
)
from metrics.workspace import dump_workspace

LONG = Mapping(Shape.LONG, metric_column=0, subject_column=1, period_column=2, value_column=3)
WITH_NOTES = Mapping(
    Shape.LONG, metric_column=0, subject_column=1, period_column=2, value_column=3, note_column=4
)
HEADER = "Metric,Subject,Period,Value"


def table_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def sent(
    content: str | bytes,
    by: User,
    mapping: Mapping = LONG,
    *,
    reading: Reading | None = None,
    name: str = "values.csv",
) -> ImportBatch:
    """A file received and mapped, waiting to be checked."""
    content = content.encode() if isinstance(content, str) else content
    batch = receive_file(SimpleUploadedFile(name, content), by=by)
    if batch.state != BatchState.NEW:
        return batch
    return map_batch(batch, reading=reading or Reading(), mapping=mapping, by=by)


def worked_off(batch: ImportBatch) -> ImportBatch:
    """What a worker does: everything that is due."""
    while due := take_next_batch():
        carry_out_batch(due)
    batch.refresh_from_db()
    return batch


def checked(content: str | bytes, by: User, mapping: Mapping = LONG, **how: Any) -> ImportBatch:
    return worked_off(sent(content, by, mapping, **how))


def stored(
    batch: ImportBatch,
    *,
    mode: BatchMode = BatchMode.ALL_OR_NOTHING,
    is_confirmed: bool = False,
) -> ImportBatch:
    """A checked batch imported, as its owner asks for it."""
    assert batch.created_by is not None
    import_batch(batch, mode=mode, is_confirmed=is_confirmed, by=batch.created_by)
    return worked_off(batch)


def undone(batch: ImportBatch, by: User) -> Undoing:
    """A stored batch undone as somebody asks for it, and what the report says of it."""
    undo_batch(batch, by=by)
    counts = worked_off(batch).counts
    assert batch.state == BatchState.UNDONE, batch.error
    return Undoing(
        counts["deleted"],
        counts["restored"],
        counts["withdrawn"],
        counts["waiting_again"],
        kept_rows(batch, Verdict.LEFT),
    )


def report(batch: ImportBatch) -> dict[Verdict, list[JudgedRow]]:
    """All that was said of the batch's rows."""
    found = {verdict: kept_rows(batch, verdict) for verdict in Verdict}
    return {verdict: rows for verdict, rows in found.items() if rows}


def told_of(batch: ImportBatch) -> MappingType[Verdict, list[tuple[int, str]]]:
    """Line and sentence of each row, by verdict."""
    return {
        verdict: [(row.line, row.sentence) for row in rows]
        for verdict, rows in report(batch).items()
    }


def dumped(folder: Path) -> dict[str, bytes]:
    """The database as a workspace's files, byte for byte."""
    dump_workspace(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
