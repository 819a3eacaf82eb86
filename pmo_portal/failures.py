"""Tasks that fail leave their error where administrators see it, whichever worker had them."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError

from metrics.causes import current_request_id
from metrics.tallies import note_failed_task

logger = logging.getLogger(__name__)


def keep_failure(
    sender: Any = None, task_id: str = "", exception: BaseException | None = None, **_: Any
) -> None:
    """A task that is not tried again; a database that is away leaves it to the log."""
    try:
        note_failed_task(
            task=getattr(sender, "name", "") or "unknown",
            task_id=str(task_id),
            worker=str(getattr(getattr(sender, "request", None), "hostname", "") or ""),
            error=f"{type(exception).__name__}: {exception}",
            request_id=current_request_id(),
        )
    except DatabaseError as error:
        logger.warning("A failed task could not be noted: %s", error)
