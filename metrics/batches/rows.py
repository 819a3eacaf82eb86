"""The verdicts of a batch as they are kept: one compressed block of JSON lines per verdict."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from metrics.choices import Verdict
from metrics.models import BatchRows, ImportBatch

COMPRESSION = 3
"""Fast, and small enough: reports are written once, by somebody who waits for them."""


class JudgedRow(NamedTuple):
    """One row of a file with what was said of it; the order of its fields is that of the report."""

    line: int
    cell: str
    metric: str
    subject: str
    period: str
    given: str
    """The value as the file has it."""
    value: float | None
    """The value as it was read; None for a text that is no number."""
    before: float | None
    note: str | None
    column: str
    """What the sentence is about: metric, subject, period, value or note; blank for the row."""
    sentence: str


def keep_rows(batch: ImportBatch, rows: Mapping[Verdict, Sequence[JudgedRow]]) -> None:
    """Put the verdicts in the place of those that were kept before."""
    BatchRows.objects.filter(batch=batch).delete()
    BatchRows.objects.bulk_create(
        _block(batch, verdict, judged) for verdict, judged in rows.items() if judged
    )


def add_rows(batch: ImportBatch, verdict: Verdict, rows: Sequence[JudgedRow]) -> None:
    """Keep one more verdict beside the others."""
    BatchRows.objects.filter(batch=batch, verdict=verdict).delete()
    if rows:
        _block(batch, verdict, rows).save()


def kept_rows(
    batch: ImportBatch, verdict: Verdict, start: int = 0, stop: int | None = None
) -> list[JudgedRow]:
    """The rows with a verdict in the order of the file, or a part of them."""
    block = BatchRows.objects.filter(batch=batch, verdict=verdict).first()
    if block is None:
        return []
    return list(islice(_read(bytes(block.content)), start, stop))


def numbers_of(batch: ImportBatch) -> dict[Verdict, int]:
    """How many rows have which verdict, in the order in which verdicts are shown."""
    numbers = dict(BatchRows.objects.filter(batch=batch).values_list("verdict", "number"))
    return {verdict: numbers.get(verdict.value, 0) for verdict in Verdict}


def _block(batch: ImportBatch, verdict: Verdict, rows: Sequence[JudgedRow]) -> BatchRows:
    return BatchRows(
        batch=batch, verdict=verdict.value, number=len(rows), content=_compressed(rows)
    )


def _compressed(rows: Iterable[JudgedRow]) -> bytes:
    stream = io.BytesIO()
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION, mtime=0) as block:
        lines = (f"{encode(row)}\n" for row in rows)
        while chunk := "".join(islice(lines, 1_000)):
            block.write(chunk.encode())
    return stream.getvalue()


def _read(content: bytes) -> Iterator[JudgedRow]:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as block:
        for line in block:
            yield JudgedRow(*json.loads(line))
