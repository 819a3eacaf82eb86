"""Noting that scores are to be made anew, in the transaction of the change that asks for it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from metrics.causes import current_request_id
from metrics.models import RescoreNeed
from projects.months import FIRST_MONTH, Month

logger = logging.getLogger(__name__)


def mark_for_rescoring(subject_ids: Iterable[int], first_month: Month = FIRST_MONTH) -> None:
    """These subjects and all above them are to be scored anew from the month on.

    Without a month: from the first one that is open. Call it inside the change's own transaction.
    """
    request_id = current_request_id()
    needs = [
        RescoreNeed(subject_id=subject_id, first_month=first_month, request_id=request_id)
        for subject_id in dict.fromkeys(subject_ids)
    ]
    if not needs:
        return
    RescoreNeed.objects.bulk_create(needs)
    transaction.on_commit(ask_for_a_run)


def mark_from(first_months: Mapping[int, int]) -> None:
    """The same for many subjects, each from a month of its own on."""
    by_month: dict[int, list[int]] = defaultdict(list)
    for subject_id, month in first_months.items():
        by_month[month].append(subject_id)
    for month, subject_ids in sorted(by_month.items()):
        mark_for_rescoring(subject_ids, Month(month))


def ask_for_a_run() -> None:
    """Wake a worker; if none can be reached, the scheduler finds the need by itself."""
    try:
        current_app.send_task("metrics.tasks.answer_needs_task", retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be woken (%s); the scheduler will find the change.", error)
