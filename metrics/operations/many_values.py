"""Many values at once from a program: judged and stored as an import is, in one transaction.

What was stored is kept as a batch, with its report, and can be undone like one.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from metrics.batches.basis import Basis
from metrics.batches.judging import Judgement, judge
from metrics.batches.neutral import neutralised
from metrics.batches.progress import silent_steps
from metrics.batches.rows import JudgedRow, keep_rows
from metrics.batches.storing import store
from metrics.causes import current_request_id
from metrics.choices import BatchMode, BatchState, Door, Verdict
from metrics.importing.headers import DUMP_HEADER, recognised
from metrics.importing.plans import GivenRow, Mapping, Reading
from metrics.models import ImportBatch, ImportFile
from metrics.operations.locks import lock_out_measurements
from metrics.validation.numbers import number_text

FIRST_LINE = 2
"""Of the rows in the file that is kept of them; the header is before it."""


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value as a program gives it; note None = leave the note as it is."""

    metric: str
    subject: str
    period: str
    value: float
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one of the values; `number` is its place among them, from 0."""

    number: int
    verdict: Verdict
    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ManyOutcome:
    """`batch` is what can be undone; None if nothing was stored."""

    rows: list[RowOutcome]
    counts: dict[str, int]
    stored: int
    batch: ImportBatch | None

    @property
    def unfit(self) -> list[RowOutcome]:
        """What stands against all or nothing."""
        return [row for row in self.rows if row.verdict in (Verdict.REFUSED, Verdict.QUESTIONED)]


@transaction.atomic
def give_many_values(
    values: Sequence[GivenValue],
    *,
    by: User,
    mode: BatchMode,
    is_confirmed: bool = False,
    door: Door = Door.API,
) -> ManyOutcome:
    """Store the values that can be, or all or none; the same again changes nothing.

    Each row is refused for the reasons for which a form would refuse it. Unusual ones are left out
    until they are confirmed.
    """
    lock_out_measurements()
    mapping = recognised(DUMP_HEADER)
    assert mapping is not None
    batch = _draft_of_batch(mapping, mode, is_confirmed, by)
    judgement = judge(_rows(values), Basis.read(batch))
    outcomes = _outcomes(judgement)
    left_out = judgement.rows[Verdict.REFUSED] or (
        judgement.rows[Verdict.QUESTIONED] and not is_confirmed
    )
    is_stopped = mode == BatchMode.ALL_OR_NOTHING and bool(left_out)
    if is_stopped or not _is_anything_to_store(judgement, is_confirmed):
        return ManyOutcome(outcomes, judgement.counts, 0, None)
    batch.file = _file_of(values)
    batch.save()
    now = timezone.now()
    stored = store(
        judgement,
        batch,
        with_questioned=is_confirmed,
        at=now,
        steps=silent_steps(),
        door=door,
    )
    keep_rows(batch, judgement.rows)
    batch.counts = judgement.counts | {"stored": stored}
    batch.done = batch.total = len(values)
    batch.started_at = batch.stored_at = batch.finished_at = now
    batch.save()
    return ManyOutcome(outcomes, judgement.counts, stored, batch)


def _draft_of_batch(mapping: Mapping, mode: BatchMode, is_confirmed: bool, by: User) -> ImportBatch:
    return ImportBatch(
        state=BatchState.DONE,
        mode=mode,
        is_confirmed=is_confirmed,
        reading=Reading().as_plain(),
        mapping=mapping.as_plain(),
        created_by=by,
        request_id=current_request_id(),
    )


def _rows(values: Sequence[GivenValue]) -> Iterator[GivenRow]:
    for line, given in enumerate(values, start=FIRST_LINE):
        yield GivenRow(
            line,
            f"line {line}, column value",
            given.metric,
            given.subject,
            given.period,
            number_text(given.value),
            given.note,
        )


def _is_anything_to_store(judgement: Judgement, is_confirmed: bool) -> bool:
    rows = judgement.rows
    return bool(
        rows[Verdict.NEW] or rows[Verdict.CHANGED] or (is_confirmed and rows[Verdict.QUESTIONED])
    )


def _outcomes(judgement: Judgement) -> list[RowOutcome]:
    """In the order in which the values were given."""
    rows: list[tuple[Verdict, JudgedRow]] = [
        (verdict, row) for verdict, judged in judgement.rows.items() for row in judged
    ]
    rows.sort(key=lambda judged: judged[1].line)
    return [
        RowOutcome(row.line - FIRST_LINE, verdict, row.column, row.sentence)
        for verdict, row in rows
    ]


def _file_of(values: Sequence[GivenValue]) -> ImportFile:
    """The values as a file that the portal reads: what can be downloaded, and mended."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(DUMP_HEADER)
    for given in values:
        texts = (given.metric, given.subject, given.period, number_text(given.value))
        writer.writerow([*map(_on_one_line, texts), _on_one_line(given.note or "")])
    content = text.getvalue().encode()
    return ImportFile.objects.create(
        name=f"api-{timezone.localtime():%Y-%m-%d-%H%M%S}.csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _on_one_line(text: str) -> str:
    """A row of values is a line of the file; and nothing in it is computed by a spreadsheet."""
    return neutralised(" ".join(text.replace("\0", " ").splitlines()))
