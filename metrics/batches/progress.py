"""How far the work on a batch is, told while it goes on.

What a transaction writes nobody else sees before it ends, so a row cannot tell how far the storing
is: on PostgreSQL it would take a second connection, and on SQLite a second writer would wait for
the very transaction that it tells of. The progress goes another way: through a cache that worker
and portal share as they share the broker, a Redis or, on one machine, a folder. It is read once a
second, kept an hour, and worth no failure: without it the page shows that something goes on, and
not how far it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import caches
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from metrics.choices import BatchState
from metrics.models import ImportBatch

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_NOTES = 0.5
SECONDS_KEPT = 3_600


class Step(TextChoices):
    """What a worker does with a file, one after the other."""

    READING = "reading", _("Reading the file")
    COMPARING = "comparing", _("Comparing it with what is stored")
    STORING = "storing", _("Storing the values")
    LOOKING = "looking", _("Looking what was changed since")
    RESTORING = "restoring", _("Putting back what was there before")


STEPS = {
    BatchState.CHECKING: (Step.READING, Step.COMPARING),
    BatchState.STORING: (Step.READING, Step.COMPARING, Step.STORING),
    BatchState.UNDOING: (Step.LOOKING, Step.RESTORING),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """One step, and how much of it is done; a total of 0 is not known yet."""

    step: Step
    done: int = 0
    total: int = 0


class Steps:
    """Tells of each step as it begins, and now and then how far it is."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._step = Step.READING
        self._total = 0
        self._latest = 0.0

    def begin(self, step: Step, total: int = 0) -> None:
        self._step, self._total = step, total
        self._say(0)

    def reach(self, done: int, total: int | None = None) -> None:
        if total is not None:
            self._total = total
        if time.monotonic() - self._latest >= SECONDS_BETWEEN_NOTES:
            self._say(done)

    def _say(self, done: int) -> None:
        self._latest = time.monotonic()
        self._tell(Progress(self._step, min(done, self._total), self._total))


def silent_steps() -> Steps:
    """For those whom nobody watches."""
    return Steps(lambda progress: None)


def show_progress(batch: ImportBatch, progress: Progress) -> None:
    try:
        caches["progress"].set(
            _key(batch), (progress.step.value, progress.done, progress.total), SECONDS_KEPT
        )
    except Exception as error:  # each kind of cache has errors of its own
        logger.debug("The progress of import %s is not shown: %s", batch.pk, error)


def shown_progress(batch: ImportBatch) -> Progress | None:
    """What the worker that has the batch told last; None if it told nothing yet."""
    try:
        told = caches["progress"].get(_key(batch))
    except Exception as error:  # each kind of cache has errors of its own
        logger.debug("The progress of import %s is not known: %s", batch.pk, error)
        return None
    return None if told is None else Progress(Step(told[0]), told[1], told[2])


def _key(batch: ImportBatch) -> str:
    """Of this attempt alone: what a dead worker told last is of no interest."""
    began = batch.started_at.timestamp() if batch.started_at else 0
    return f"import-{batch.pk}-{batch.attempt}-{began}"
