"""Blocks of months, which runs are made of: each is computed and stored for itself.

Scores of a month need no other month's scores, only values, so blocks know nothing of each other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from django.db import transaction

from metrics.ledger import Ledger, Stored, read_board, read_measurements, store_scores
from metrics.scoring.columns import Integers
from metrics.scoring.engine import score
from projects.months import Month

logger = logging.getLogger(__name__)

MONTHS_PER_BLOCK = 6
MOST_NAMED = 50


class RunLost(Exception):
    """The work is no longer this worker's: it was given up for dead, and others do it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Months that are scored in one go: for some subjects, or for all (None)."""

    months: list[Month]
    subjects: Integers | None = None


class Claim(Protocol):
    """What gives a worker the right to store a block."""

    def hold(self) -> None:
        """Lock the claim's row until the transaction ends; RunLost if it is not held any more."""

    def note(self, months: int, stored: Stored) -> None:
        """Tell what was stored, in the transaction that stored it."""


def cut(months: Sequence[Month], subjects: Integers | None = None) -> Iterator[Block]:
    for start in range(0, len(months), MONTHS_PER_BLOCK):
        yield Block(list(months[start : start + MONTHS_PER_BLOCK]), subjects)


def score_block(ledger: Ledger, block: Block, claim: Claim) -> None:
    """Compute the block from what is stored and store it, if the claim still holds by then."""
    months = np.array(block.months, dtype=np.int64)
    measurements = read_measurements(ledger, block.months[0], block.months[-1], block.subjects)
    board = None
    if block.subjects is not None:
        children = np.setdiff1d(ledger.children_of(block.subjects), block.subjects)
        board = read_board(ledger, months, children)
    scored = score(ledger.definitions, measurements, months, subjects=block.subjects, board=board)
    with transaction.atomic():
        claim.hold()
        stored = store_scores(ledger, scored, all_subjects=block.subjects is None)
        claim.note(len(months), stored)
    logger.info(
        "Scores of %s to %s are stored.",
        block.months[0],
        block.months[-1],
        extra={"subject_ids": _named(ledger, block.subjects)} | stored._asdict(),
    )


def _named(ledger: Ledger, subjects: Integers | None) -> list[int] | str:
    """Whose scores these are, as far as a line of a log can say it."""
    if subjects is None:
        return "all"
    ids = [int(number) for number in ledger.subject_ids[subjects[:MOST_NAMED]]]
    return ids if len(subjects) <= MOST_NAMED else f"{ids} and {len(subjects) - MOST_NAMED} more"
