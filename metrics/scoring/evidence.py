"""One rule for every level: importance x evidence decides how much a member counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.scoring.columns import Booleans, Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a metric, group or category has to say; `score` is NaN where there is none.

    Where `present` is False there is nothing to say: not measured, no members.
    """

    present: Booleans
    score: Floats
    coverage: Floats

    def __getitem__(self, index: Any) -> Evidence:
        return Evidence(self.present[index], self.score[index], self.coverage[index])

    def but_only_where(self, kept: Booleans) -> Evidence:
        return Evidence(
            self.present & kept,
            np.where(kept, self.score, np.nan),
            np.where(kept, self.coverage, 0.0),
        )


def stacked(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of each part one behind the other, along a new first axis."""
    return Evidence(
        np.stack([part.present for part in parts]),
        np.stack([part.score for part in parts]),
        np.stack([part.coverage for part in parts]),
    )


class Tally:
    """The sums of the rule: add members, then take the mean.

    score    = sum(w k s) / sum(w k)   over members with a score
    coverage = sum(w k) / sum(w)       k counted 0 where a member has no score
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.total = np.zeros(shape)
        self.backed = np.zeros(shape)
        self.points = np.zeros(shape)

    def add(self, weight: Floats, members: Evidence, at: Any = ...) -> None:
        """Add one member to each place of `at`."""
        evidence, points = _backing(weight, members)
        self.total[at] += weight * members.present
        self.backed[at] += evidence
        self.points[at] += points

    def add_groups(self, weight: Floats, members: Evidence, starts: NDArray[np.intp]) -> None:
        """Add members that lie group after group along the first axis, a group from each start."""
        evidence, points = _backing(weight, members)
        self.total += np.add.reduceat(weight * members.present, starts)
        self.backed += np.add.reduceat(evidence, starts)
        self.points += np.add.reduceat(points, starts)

    def mean(self) -> Evidence:
        """The mean of what was added; rounding never carries a score out of 0 to 100."""
        with np.errstate(all="ignore"):
            score = np.where(self.backed > 0, np.clip(self.points / self.backed, 0, 100), np.nan)
            coverage = np.where(self.total > 0, self.backed / self.total, 0.0)
        return Evidence(self.total > 0, score, np.minimum(coverage, 1.0))


def _backing(weight: Floats, members: Evidence) -> tuple[Floats, Floats]:
    scored = members.present & ~np.isnan(members.score)
    evidence = weight * np.where(scored, members.coverage, 0.0)
    return evidence, evidence * np.where(scored, members.score, 0.0)
