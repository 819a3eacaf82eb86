"""From own lines up to the organisation: groups make categories, children make groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.scoring.columns import (
    CATEGORY_COUNT,
    TOLERANCE,
    Booleans,
    Definitions,
    Floats,
    Integers,
    Links,
)
from metrics.scoring.evidence import Evidence, Tally, stacked
from metrics.scoring.overall import Policy

GROUPS = ("own", "engagements", "projects", "services", "customers", "segments")

LEVELS = (
    ("engagement", "customer", "service"),
    ("project",),
    ("segment", "portfolio"),
    ("organisation",),
)
"""Kinds of subjects from the bottom up: each needs only those before it."""


@dataclass(slots=True)
class Board:
    """The category scores of all subjects and months (categories x subjects x months).

    It is filled level by level; what another run has stored may stand in it from the start.
    """

    present: Booleans
    score: Floats
    coverage: Floats

    @classmethod
    def empty(cls, subjects: int, months: int) -> Board:
        shape = (CATEGORY_COUNT, subjects, months)
        return cls(np.zeros(shape, bool), np.full(shape, np.nan), np.zeros(shape))

    def evidence(self, subjects: Integers) -> Evidence:
        """The categories of some subjects, an insufficient one having no score."""
        return Evidence(
            self.present[:, subjects], self.score[:, subjects], self.coverage[:, subjects]
        )

    def put(self, subjects: Integers, categories: Evidence) -> None:
        self.present[:, subjects] = categories.present
        self.score[:, subjects] = categories.score
        self.coverage[:, subjects] = categories.coverage


def group_of_children(board: Board, links: Links) -> tuple[Integers, Evidence]:
    """What each parent's children say: the parents, and their evidence per category and month."""
    starts = np.flatnonzero(np.r_[True, links.parent[1:] != links.parent[:-1]])
    parents = links.parent[starts]
    means = []
    # One category at a time: an organisation has every project as a child in every month.
    for category in range(CATEGORY_COUNT):
        tally = Tally((len(parents), board.score.shape[2]))
        members = Evidence(
            board.present[category, links.child],
            board.score[category, links.child],
            board.coverage[category, links.child],
        )
        tally.add_groups(links.weight[:, None], members, starts)
        means.append(tally.mean())
    return parents, stacked(means)


def roll_up(
    definitions: Definitions,
    own: Evidence,
    board: Board,
    months: Integers,
    subjects: Integers,
) -> None:
    """Put the category scores of the subjects on the board, children before parents.

    `own` holds the own groups of just these subjects.
    """
    active = definitions.active(months)
    min_coverage = Policy.of(definitions.cards, definitions.card_of).min_coverage
    shares = share_table(definitions)
    for kinds in LEVELS:
        of_level = np.flatnonzero(np.isin(definitions.kind[subjects], kinds))
        level = subjects[of_level]
        if not len(level):
            continue
        is_of_level = np.zeros(definitions.subject_count, bool)
        is_of_level[level] = True
        tally = Tally((CATEGORY_COUNT, len(level), len(months)))
        tally.add(shares["own"][level, None], own[:, of_level])
        for group, links in definitions.links.items():
            of_group = links.of_parents(is_of_level & (shares[group] > 0))
            if not len(of_group.child):
                continue
            parents, evidence = group_of_children(board, of_group)
            places = np.searchsorted(level, parents)
            tally.add(shares[group][parents, None], evidence, at=np.s_[:, places])
        measured = active[level] & (definitions.card_of[level] >= 0)[:, None]
        board.put(level, judged(tally.mean(), min_coverage[level]).but_only_where(measured))


def share_table(definitions: Definitions) -> dict[str, Floats]:
    """Per group the share that each subject's scorecard gives it; 0 without a scorecard."""
    return {
        group: np.array([card.shares.get(group, 0.0) for card in definitions.cards] + [0.0])[
            definitions.card_of
        ]
        for group in GROUPS
    }


def judged(category: Evidence, min_coverage: Floats) -> Evidence:
    """A category below its least coverage is insufficient: it keeps its coverage, not its score."""
    enough = category.coverage >= min_coverage - TOLERANCE
    return Evidence(category.present, np.where(enough, category.score, np.nan), category.coverage)
