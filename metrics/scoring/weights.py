"""How much metrics and subjects decide about an overall score (SCORING section 8).

A share of 1 flows from the overall score down to the metrics: at every level each member gets the
part of it that its weight and evidence have in the level's mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from metrics.scoring.columns import (
    CATEGORY_COUNT,
    Booleans,
    Definitions,
    Floats,
    Measurements,
)
from metrics.scoring.computed import all_series
from metrics.scoring.evidence import Evidence
from metrics.scoring.overall import Policy, overall
from metrics.scoring.own import LineRows, group_of_lines, line_rows
from metrics.scoring.roll_up import LEVELS, Board, group_of_children, roll_up, share_table


class Weighed(NamedTuple):
    """How an overall score is divided: among metrics, and among the subjects below it."""

    of_metrics: Floats  # they add up to 1; all 0 where there is no overall score
    of_subjects: Floats  # 1 for the subject itself, and for each other what reaches it
    below_green: Floats  # per subject the points by which its categories below green lower the mean


def weigh(
    definitions: Definitions, measurements: Mapping[int, Measurements], month: int, subject: int
) -> Weighed:
    """How much metrics and subjects decide about the subject's overall score in the month.

    A formula metric stands for itself, not for its inputs. What a subject's categories lack to the
    green limit of its own scorecard, times their part, is what the weighted mean of the overall
    score would gain if they reached it.
    """
    months = np.array([month], dtype=np.int64)
    everybody = np.arange(definitions.subject_count)
    lines = list(line_rows(definitions, all_series(definitions, measurements), months, everybody))
    own = group_of_lines(definitions, lines, (len(everybody), 1))
    board = Board.empty(len(everybody), 1)
    roll_up(definitions, own, board, months, everybody)
    part = np.zeros((CATEGORY_COUNT, len(everybody)))
    part[:, subject] = _parts_of_categories(definitions, board, subject)
    of_own = _flowed_down(definitions, own, board, part)
    green_from = Policy.of(definitions.cards, definitions.card_of).green_from[:, 0]
    lacking = np.maximum(green_from - np.nan_to_num(board.score[:, :, 0]), 0.0)
    return Weighed(
        _parts_of_metrics(definitions, lines, of_own),
        part.sum(axis=0),
        (part * lacking).sum(axis=0),
    )


def _parts_of_categories(definitions: Definitions, board: Board, subject: int) -> Floats:
    categories = board.evidence(np.array([subject]))
    policy = Policy.of(definitions.cards, definitions.card_of[[subject]])
    if np.isnan(overall(categories, policy).score).all():
        return np.zeros(CATEGORY_COUNT)
    weights = np.where(np.isnan(categories.score), 0.0, policy.weights)[:, 0, 0]
    parts: Floats = weights / weights.sum()
    return parts


def _flowed_down(definitions: Definitions, own: Evidence, board: Board, part: Floats) -> Floats:
    """What reaches the own groups (categories x subjects); `part` is filled on the way."""
    shares = share_table(definitions)
    of_own = np.zeros_like(part)
    for kinds in reversed(LEVELS):
        reached = np.isin(definitions.kind, kinds) & part.any(axis=0)
        if not reached.any():
            continue
        backing = shares["own"] * _evidence(own)
        groups = []
        for group, links in definitions.links.items():
            of_group = links.of_parents(reached & (shares[group] > 0))
            if not len(of_group.child):
                continue
            parents, evidence = group_of_children(board, of_group)
            of_children = shares[group][parents] * _evidence(evidence)
            backing[:, parents] += of_children
            groups.append((of_group, parents, of_children))
        scale = _divided(np.where(reached, part, 0.0), backing)
        of_own += scale * shares["own"] * _evidence(own)
        for of_group, parents, of_children in groups:
            place = np.searchsorted(parents, of_group.parent)
            evidence_of_child = of_group.weight * _evidence(
                Evidence(
                    board.present[:, of_group.child],
                    board.score[:, of_group.child],
                    board.coverage[:, of_group.child],
                )
            )
            in_group = np.zeros(of_children.shape)
            for category in range(CATEGORY_COUNT):
                np.add.at(in_group[category], place, evidence_of_child[category])
            of_group_part = _divided(scale[:, parents] * of_children, in_group)
            for category in range(CATEGORY_COUNT):
                np.add.at(
                    part[category],
                    of_group.child,
                    of_group_part[category, place] * evidence_of_child[category],
                )
    return of_own


def _parts_of_metrics(definitions: Definitions, lines: list[LineRows], of_own: Floats) -> Floats:
    """The own groups' parts, divided among the metrics by weight and freshness."""
    backing = np.zeros_like(of_own)
    evidence: list[Floats] = []
    for line in lines:
        category = definitions.metrics[line.number].category
        scored = ~np.isnan(line.score)
        of_line = np.where(scored, line.weight[line.place] * line.rows.freshness, 0.0)
        np.add.at(backing[category], line.place, of_line)
        evidence.append(of_line)
    scale = _divided(of_own, backing)
    found = np.zeros(len(definitions.metrics))
    for line, of_line in zip(lines, evidence, strict=True):
        category = definitions.metrics[line.number].category
        found[line.number] = (scale[category, line.place] * of_line).sum()
    return found


def _evidence(members: Evidence) -> Floats:
    """Coverage of what has a score, of the one month (categories x members)."""
    scored: Booleans = members.present & ~np.isnan(members.score)
    return np.where(scored, members.coverage, 0.0)[:, :, 0]


def _divided(dividend: Floats, divisor: Floats) -> Floats:
    return np.divide(dividend, divisor, out=np.zeros_like(dividend), where=divisor > 0)
