"""Scoring a set of subjects over a set of months, start to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metrics.scoring.columns import Booleans, Definitions, Integers, Measurements
from metrics.scoring.computed import all_series
from metrics.scoring.evidence import Evidence
from metrics.scoring.overall import Bands, Overall, Policy, bands, overall
from metrics.scoring.own import own_groups
from metrics.scoring.roll_up import Board, roll_up


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of some subjects in some months; a row is stored where `stored` is True."""

    subjects: Integers
    months: Integers
    stored: Booleans  # subjects x months
    categories: Evidence  # categories x subjects x months
    bands: Bands  # categories x subjects x months
    overall: Overall  # subjects x months


def score(
    definitions: Definitions,
    measurements: Mapping[int, Measurements],
    months: Integers,
    *,
    subjects: Integers | None = None,
    board: Board | None = None,
) -> Scored:
    """Score the subjects (all, if None) in the given months; both are sorted.

    The measurements reach back as far as `first_months_needed` says. The board brings the stored
    category scores of the children that are not scored anew.
    """
    if subjects is None:
        subjects = np.arange(definitions.subject_count)
    if board is None:
        board = Board.empty(definitions.subject_count, len(months))
    series = all_series(definitions, measurements)
    own = own_groups(definitions, series, months, subjects)
    roll_up(definitions, own, board, months, subjects)
    categories = board.evidence(subjects)
    policy = Policy.of(definitions.cards, definitions.card_of[subjects])
    return Scored(
        subjects,
        months,
        np.asarray(categories.present.any(axis=0)),
        categories,
        bands(categories.score, policy),
        overall(categories, policy),
    )
