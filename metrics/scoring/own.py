"""The own group: what a subject's own scorecard lines say (SCORING section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from metrics.scoring.columns import (
    CATEGORY_COUNT,
    Booleans,
    Definitions,
    Floats,
    Integers,
    Metric,
)
from metrics.scoring.curves import metric_scores
from metrics.scoring.evidence import Evidence, Tally, stacked
from metrics.scoring.series import EMPTY_SERIES, InForce, Series, in_force


class LineRows(NamedTuple):
    """One metric's lines on all scorecards: where it is expected and what is in force there.

    Subjects are counted by their place among those that are looked at.
    """

    number: int
    weight: Floats  # per subject, 0 where its scorecard has no such line
    expected: Booleans  # subjects x months
    rows: InForce
    place: Integers  # per row the subject's place
    at: Integers  # per row the month's place
    score: Floats  # per row


def line_rows(
    definitions: Definitions,
    series: Mapping[int, Series],
    months: Integers,
    subjects: Integers,
) -> Iterator[LineRows]:
    """The lines metric by metric, in the metrics' order, without those of weight 0."""
    if not len(months):
        return
    active = definitions.active(months)[subjects]
    place_of_month = np.full(int(months[-1]) - int(months[0]) + 1, -1)
    place_of_month[months - months[0]] = np.arange(len(months))
    place_of_subject = np.full(definitions.subject_count, -1)
    place_of_subject[subjects] = np.arange(len(subjects))
    for number, weight_of_card in _weights_of_lines(definitions):
        metric = definitions.metrics[number]
        weight = weight_of_card[definitions.card_of[subjects]]
        expected = active & (weight > 0)[:, None] & _in_span(metric, months)
        if metric.curve is None or not expected.any():
            continue
        for subject, span in metric.exempt:
            if (place := place_of_subject[subject]) >= 0:
                expected[place] &= (months < span.first) | (months > span.last)
        rows = in_force(
            series.get(number, EMPTY_SERIES),
            current_months=metric.current_months,
            grace=metric.grace,
            first=int(months[0]),
            last=int(months[-1]),
        )
        place, at = place_of_subject[rows.subject], place_of_month[rows.month - months[0]]
        keep = (place >= 0) & (at >= 0)
        keep[keep] = expected[place[keep], at[keep]]
        rows = rows.only(keep)
        score = metric_scores(metric, rows)
        yield LineRows(number, weight, expected, rows, place[keep], at[keep], score)


def own_groups(
    definitions: Definitions,
    series: Mapping[int, Series],
    months: Integers,
    subjects: Integers,
) -> Evidence:
    """Score and coverage of the subjects' own groups: categories x subjects x months."""
    lines = line_rows(definitions, series, months, subjects)
    return group_of_lines(definitions, lines, (len(subjects), len(months)))


def group_of_lines(
    definitions: Definitions, lines: Iterable[LineRows], shape: tuple[int, int]
) -> Evidence:
    """The own groups that the lines make; `shape` counts subjects and months."""
    tallies = [Tally(shape) for _ in range(CATEGORY_COUNT)]
    for line in lines:
        freshness = np.zeros(shape)
        score = np.full(shape, np.nan)
        freshness[line.place, line.at] = line.rows.freshness
        score[line.place, line.at] = line.score
        members = Evidence(line.expected, score, freshness)
        tallies[definitions.metrics[line.number].category].add(line.weight[:, None], members)
    return stacked([tally.mean() for tally in tallies])


def _weights_of_lines(definitions: Definitions) -> Iterator[tuple[int, Floats]]:
    """Per metric that stands on a scorecard: its weight on each; the last is "no scorecard"."""
    by_metric: dict[int, Floats] = {}
    for card_number, card in enumerate(definitions.cards):
        for line in card.lines:
            weights = by_metric.setdefault(line.metric, np.zeros(len(definitions.cards) + 1))
            weights[card_number] = line.weight
    for number in sorted(by_metric):
        yield number, by_metric[number]


def _in_span(metric: Metric, months: Integers) -> Booleans:
    return (metric.span.first <= months) & (months <= metric.span.last)
