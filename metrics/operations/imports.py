"""Imports: a file received, mapped, checked, stored and undone.

A batch is claimed by changing its row, as a scoring run is. Checking and importing read the file
and judge its rows by the same code. What each of them, or the undoing, writes goes in one
transaction that also looks whether the claim still holds. A worker that dies leaves nothing or
everything, and the batch is taken again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError as BrokerError

from metrics.batches.basis import Basis
from metrics.batches.judging import Judgement, judge
from metrics.batches.progress import Progress, Step, Steps, show_progress
from metrics.batches.refused import batch_mended_by, reading_of_refused
from metrics.batches.rows import add_rows, keep_rows, kept_rows
from metrics.batches.storing import store
from metrics.batches.undoing import undo
from metrics.causes import current_request_id, working_for
from metrics.choices import BatchMode, BatchState, Verdict
from metrics.importing.files import receive
from metrics.importing.headers import recognised, signature
from metrics.importing.names import stored_names
from metrics.importing.plans import GivenRow, Mapping, Reading
from metrics.importing.problems import FileProblem
from metrics.importing.rows import given_rows
from metrics.importing.tables import HeadedRows, open_table
from metrics.models import ImportBatch, ImportFile, SavedMapping
from metrics.operations.locks import lock_out_measurements
from projects.visibility import seeing, seeing_everything, with_limits

logger = logging.getLogger(__name__)

MAPPABLE = (
    BatchState.NEW,
    BatchState.CHECK_DUE,
    BatchState.CHECKING,
    BatchState.CHECKED,
    BatchState.FAILED,
)
MOST_TRIES = 5
"""What a worker died of so often is not tried again by itself."""

_CLAIMED_AS = {
    BatchState.CHECK_DUE: BatchState.CHECKING,
    BatchState.STORE_DUE: BatchState.STORING,
    BatchState.UNDO_DUE: BatchState.UNDOING,
}
_DUE_AGAIN_AS = {claimed: due for due, claimed in _CLAIMED_AS.items()}
_FAILED_AS = {
    BatchState.CHECKING: BatchState.FAILED,
    BatchState.STORING: BatchState.FAILED,
    # Nothing was taken back: it is imported as before, and can be undone again.
    BatchState.UNDOING: BatchState.DONE,
}


class BatchLost(Exception):
    """The batch is no longer this worker's: it was given up for dead, or mapped anew."""


class Upload(Protocol):
    """A file as a form gives it."""

    @property
    def name(self) -> str | None: ...

    def read(self) -> bytes: ...


def receive_file(upload: Upload, *, by: User) -> ImportBatch:
    """Keep a file that somebody sent; FileProblem if it is not taken.

    Refused rows that come back mended need no mapping: theirs is that of the import they are from.
    """
    name, content = upload.name or "file", upload.read()
    receive(content, name, largest=settings.IMPORT_MAX_BYTES)
    mended = batch_mended_by(content, by)
    with transaction.atomic():
        file = ImportFile.objects.create(
            name=name[-255:],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
        )
        batch = ImportBatch(file=file, created_by=by, mends=mended, request_id=current_request_id())
        if mended is not None:
            batch.reading = reading_of_refused(content, mended).as_plain()
            batch.mapping = mended.mapping
            batch.state = BatchState.CHECK_DUE
            transaction.on_commit(ask_for_imports)
        batch.save()
    return batch


@transaction.atomic
def map_batch(batch: ImportBatch, *, reading: Reading, mapping: Mapping, by: User) -> ImportBatch:
    """Say how the file is read and what its columns mean; it is checked next."""
    mapped = ImportBatch.objects.filter(pk=batch.pk, state__in=MAPPABLE).update(
        state=BatchState.CHECK_DUE,
        reading=reading.as_plain(),
        mapping=mapping.as_plain(),
        is_confirmed=False,
        counts={},
        tries=0,
        done=0,
        total=0,
        error="",
        finished_at=None,
        request_id=current_request_id(),
    )
    if not mapped:
        raise ValidationError(
            _(
                "This import is being stored or is stored already; send the file again to map"
                " it anew."
            ),
            code="stored",
        )
    batch.refresh_from_db()
    _remember_mapping(batch, reading, mapping, by)
    transaction.on_commit(ask_for_imports)
    return batch


def import_batch(
    batch: ImportBatch, *, mode: BatchMode, is_confirmed: bool, by: User
) -> ImportBatch:
    """Ask for a checked batch to be stored; ValidationError if nothing would come of it."""
    _refuse_in_vain(batch.counts, mode, is_confirmed)
    with transaction.atomic():
        asked = ImportBatch.objects.filter(pk=batch.pk, state=BatchState.CHECKED).update(
            state=BatchState.STORE_DUE,
            mode=mode,
            is_confirmed=is_confirmed,
            tries=0,
            done=0,
            error="",
            request_id=current_request_id(),
        )
        if not asked:
            raise ValidationError(
                _("This import is not waiting for a decision any more; look at it again."),
                code="state",
            )
        transaction.on_commit(ask_for_imports)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def undo_batch(batch: ImportBatch, *, by: User) -> ImportBatch:
    """Ask that what was there before the batch be put back; a worker does it."""
    asked = ImportBatch.objects.filter(pk=batch.pk, state=BatchState.DONE).update(
        state=BatchState.UNDO_DUE,
        undone_by=by,
        tries=0,
        done=0,
        error="",
        request_id=current_request_id(),
    )
    if not asked:
        raise ValidationError(
            _("Only an import that is stored can be undone, and only once."), code="state"
        )
    transaction.on_commit(ask_for_imports)
    batch.refresh_from_db()
    return batch


def ask_for_imports() -> None:
    """Wake a worker; if none can be reached, the scheduler finds the batch by itself."""
    try:
        current_app.send_task("metrics.tasks.answer_imports_task", retry=False, ignore_result=True)
    except (BrokerError, OSError) as error:
        logger.warning("No worker could be woken (%s); the scheduler finds the import.", error)


def take_next_batch() -> ImportBatch | None:
    """Claim the oldest batch that is due."""
    while True:
        due = ImportBatch.objects.filter(state__in=_CLAIMED_AS).order_by("pk").first()
        if due is None:
            return None
        now = timezone.now()
        claimed = ImportBatch.objects.filter(pk=due.pk, state=due.state).update(
            state=_CLAIMED_AS[BatchState(due.state)],
            attempt=F("attempt") + 1,
            tries=F("tries") + 1,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
            done=0,
        )
        if claimed:
            due.refresh_from_db()
            return due


def carry_out_batch(batch: ImportBatch) -> None:
    """Check, store or undo the claimed batch; harmless to repeat.

    BatchLost if the claim was taken away meanwhile; any other error leaves the batch FAILED, or
    stored as before if it was to be undone.
    """
    work = {
        BatchState.CHECKING: _check,
        BatchState.STORING: _store,
        BatchState.UNDOING: _undo,
    }[BatchState(batch.state)]
    # The scheduler finds batches too, so the message to the worker may know of no request.
    with working_for(import_id=batch.pk, request_id=batch.request_id):
        try:
            # What its owner does not see is unknown to the file, as it is to the forms.
            with seeing(_owner_of(batch)) if work is not _undo else seeing_everything():
                work(batch)
        except BatchLost:
            raise
        except FileProblem as problem:
            _fail(batch, str(problem))
        except Exception as error:
            _fail(batch, f"{type(error).__name__}: {error}")
            raise
        logger.info("Import %s: %s is over.", batch.pk, batch.get_state_display().lower())


def _owner_of(batch: ImportBatch) -> User | AnonymousUser:
    """Read once, together with whether they are limited."""
    if batch.created_by_id is None:
        return AnonymousUser()
    batch.created_by = with_limits(User.objects.filter(pk=batch.created_by_id)).get()
    return batch.created_by


def give_batch_back(batch: ImportBatch) -> None:
    """Let a batch that stopped on a passing fault be taken again, but not for ever."""
    if batch.tries >= MOST_TRIES:
        return
    state = BatchState(batch.state)
    due = _DUE_AGAIN_AS[state]
    ImportBatch.objects.filter(
        pk=batch.pk, attempt=batch.attempt, state__in=[state, _FAILED_AS[state]]
    ).update(state=due, error="", finished_at=None)


def show_life_of_batch(batch: ImportBatch) -> bool:
    """Tell that the worker of this batch is alive; False if the batch is no longer its own."""
    return bool(_held(batch).update(heartbeat_at=timezone.now()))


def reopen_dead_batches(*, silent_for: timedelta | None = None) -> int:
    """Make batches due again whose worker has not shown life for too long; how many there were."""
    if silent_for is None:
        silent_for = timedelta(seconds=settings.SCORE_RUN_STALE_SECONDS)
    dead = ImportBatch.objects.filter(
        state__in=_DUE_AGAIN_AS, heartbeat_at__lt=timezone.now() - silent_for
    )
    reopened = 0
    # Asked before anything is written: this is looked at every few seconds.
    for batch in dead:
        if batch.tries >= MOST_TRIES:
            _fail(
                batch,
                _("A worker died of this file %(tries)s times; it is not tried again.")
                % {"tries": batch.tries},
            )
        else:
            reopened += _held(batch).update(state=_DUE_AGAIN_AS[BatchState(batch.state)])
    return reopened


def _held(batch: ImportBatch) -> QuerySet[ImportBatch]:
    """The batch's row, as long as the claim of this attempt holds."""
    return ImportBatch.objects.filter(pk=batch.pk, attempt=batch.attempt, state=batch.state)


def _hold(batch: ImportBatch, **changes: Any) -> None:
    """Change the batch's row if the claim still holds; inside a transaction this also locks it."""
    if not _held(batch).update(heartbeat_at=timezone.now(), **changes):
        raise BatchLost(f"Import {batch.pk} belongs to another worker or was mapped anew.")


def _fail(batch: ImportBatch, sentence: str) -> None:
    state = BatchState(batch.state)
    if state == BatchState.UNDOING:
        sentence = _("It could not be undone, and nothing of it was: %(sentence)s") % {
            "sentence": sentence
        }
    _held(batch).update(state=_FAILED_AS[state], finished_at=timezone.now(), error=sentence[:2000])


def _check(batch: ImportBatch) -> None:
    steps = _steps_outside(batch)
    judgement = judge(_rows_of(batch, steps), Basis.read(batch), steps)
    with transaction.atomic():
        _keep(batch, judgement, state=BatchState.CHECKED, error="")


def _store(batch: ImportBatch) -> None:
    """The file is read first, so that the transaction is short; what counts is judged within it."""
    rows = list(_rows_of(batch, _steps_outside(batch)))
    now = timezone.now()
    with transaction.atomic():
        lock_out_measurements()
        steps = _steps_inside(batch)
        judgement = judge(rows, Basis.read(batch), steps)
        if reason := _reason_to_stop(batch, judgement):
            _keep(batch, judgement, state=BatchState.CHECKED, is_confirmed=False, error=reason)
            return
        stored = store(judgement, batch, with_questioned=batch.is_confirmed, at=now, steps=steps)
        _keep(batch, judgement, stored=stored, state=BatchState.DONE, stored_at=now, error="")


def _undo(batch: ImportBatch) -> None:
    """What was changed since stays, and is named."""
    now = timezone.now()
    with transaction.atomic():
        lock_out_measurements()
        undoing = undo(batch, by=batch.undone_by, at=now, steps=_steps_inside(batch))
        add_rows(batch, Verdict.LEFT, undoing.left)
        done = undoing.deleted + undoing.restored + undoing.withdrawn
        _hold(
            batch,
            state=BatchState.UNDONE,
            undone_at=now,
            finished_at=now,
            error="",
            done=done,
            total=done,
            counts=batch.counts
            | {
                Verdict.LEFT.value: len(undoing.left),
                "deleted": undoing.deleted,
                "restored": undoing.restored,
                "withdrawn": undoing.withdrawn,
                "waiting_again": undoing.waiting_again,
            },
        )


def _keep(batch: ImportBatch, judgement: Judgement, *, stored: int = 0, **changes: Any) -> None:
    """The report, and what it says of the batch, in the caller's transaction."""
    number = sum(judgement.counts.values())
    keep_rows(batch, judgement.rows)
    _hold(
        batch,
        counts=judgement.counts | {"stored": stored},
        done=number,
        total=number,
        finished_at=timezone.now(),
        **changes,
    )


def _reason_to_stop(batch: ImportBatch, judgement: Judgement) -> str:
    """Why nothing is stored after all; blank if nothing stands against it."""
    counts = judgement.counts
    if batch.is_confirmed:
        seen = {_asked(row) for row in kept_rows(batch, Verdict.QUESTIONED)}
        new = sum(_asked(row) not in seen for row in judgement.rows[Verdict.QUESTIONED])
        if new:
            return ngettext(
                "Nothing was imported: since the check %(number)s more value is unusual. Look at"
                " them and confirm again.",
                "Nothing was imported: since the check %(number)s more values are unusual. Look at"
                " them and confirm again.",
                new,
            ) % {"number": new}
    try:
        _refuse_in_vain(counts, BatchMode(batch.mode), batch.is_confirmed, is_again=True)
    except ValidationError as refusal:
        return _("Nothing was imported. %(messages)s") % {"messages": " ".join(refusal.messages)}
    return ""


def _asked(row: Any) -> tuple[int, str, str]:
    return row.line, row.cell, row.sentence


def _refuse_in_vain(
    counts: dict[str, int], mode: BatchMode, is_confirmed: bool, *, is_again: bool = False
) -> None:
    refused = counts.get(Verdict.REFUSED, 0)
    questioned = counts.get(Verdict.QUESTIONED, 0)
    if mode == BatchMode.ALL_OR_NOTHING and refused:
        raise ValidationError(
            ngettext(
                "%(number)s row is refused, and all rows or none were to be imported: mend them"
                " and send the file again, or import the accepted rows only.",
                "%(number)s rows are refused, and all rows or none were to be imported: mend them"
                " and send the file again, or import the accepted rows only.",
                refused,
            )
            % {"number": f"{refused:,}"},
            code="refused",
        )
    if mode == BatchMode.ALL_OR_NOTHING and questioned and not is_confirmed:
        raise ValidationError(
            ngettext(
                "%(number)s value is unusual: look at them and confirm that they are right, or"
                " import the accepted rows only.",
                "%(number)s values are unusual: look at them and confirm that they are right, or"
                " import the accepted rows only.",
                questioned,
            )
            % {"number": f"{questioned:,}"},
            code="unconfirmed",
        )
    storable = counts.get(Verdict.NEW, 0) + counts.get(Verdict.CHANGED, 0)
    if is_confirmed:
        storable += questioned
    if not storable and not is_again:
        raise ValidationError(
            _("There is nothing to import: no value is new or changed."), code="none"
        )


def _rows_of(batch: ImportBatch, steps: Steps) -> Iterator[GivenRow]:
    steps.begin(Step.READING)
    return given_rows(
        bytes(batch.file.content),
        batch.file.name,
        Reading.of_plain(batch.reading),
        Mapping.of_plain(batch.mapping),
        stored_names(),
        steps.reach,
    )


def _steps_outside(batch: ImportBatch) -> Steps:
    """While no transaction is open; BatchLost if nobody wants to know any more."""

    def tell(progress: Progress) -> None:
        _hold(batch)
        show_progress(batch, progress)

    return Steps(tell)


def _steps_inside(batch: ImportBatch) -> Steps:
    """While a transaction hides what is written; it asks at its end whether the claim holds."""
    return Steps(lambda progress: show_progress(batch, progress))


def _remember_mapping(batch: ImportBatch, reading: Reading, mapping: Mapping, by: User) -> None:
    """For the person's next file with this header."""
    header = header_of(bytes(batch.file.content), reading)
    if recognised(header) is not None:
        return
    saved, is_new = SavedMapping.objects.get_or_create(
        owner=by,
        signature=signature(header),
        defaults={
            "name": batch.file.name,
            "reading": reading.as_plain(),
            "mapping": mapping.as_plain(),
            "used_at": timezone.now(),
        },
    )
    if not is_new:
        saved.name = batch.file.name
        saved.reading, saved.mapping = reading.as_plain(), mapping.as_plain()
        saved.times_used += 1
        saved.used_at = timezone.now()
        saved.save()


def header_of(content: bytes, reading: Reading) -> Sequence[str]:
    return HeadedRows(open_table(content, reading), reading.header_row).header
