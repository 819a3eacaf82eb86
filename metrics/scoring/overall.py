"""The overall score, its balance, its possible range, and all bands (SCORING sections 5, 6, 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.scoring.columns import (
    CATEGORY_COUNT,
    FINANCIAL,
    TOLERANCE,
    Booleans,
    Card,
    Floats,
    Integers,
)
from metrics.scoring.evidence import Evidence

INSUFFICIENT, RED, AMBER, GREEN = range(4)
RULES = ("geometric", "arithmetic", "weakest")
LEAST_IN_GEOMETRIC = 1.0

Bands = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Policy:
    """The scorecards' numbers per subject, shaped to stand beside subjects x months."""

    weights: Floats  # categories x subjects x 1
    rule: Integers
    min_coverage: Floats
    min_categories: Integers
    amber_from: Floats
    green_from: Floats

    @classmethod
    def of(cls, cards: tuple[Card, ...], card_of: Integers) -> Policy:
        """Subjects without a scorecard get a policy that gives no score."""
        weights = np.zeros((CATEGORY_COUNT, len(card_of), 1))
        numbers = np.zeros((5, len(card_of), 1))
        for number, card in enumerate(cards):
            mine = card_of == number
            weights[:, mine, 0] = np.array(card.category_weights)[:, None]
            numbers[:, mine, 0] = np.array(
                [
                    RULES.index(card.overall),
                    card.min_coverage,
                    card.min_categories,
                    card.amber_from,
                    card.green_from,
                ]
            )[:, None]
        rule, min_coverage, min_categories, amber_from, green_from = numbers
        return cls(
            weights,
            rule.astype(int),
            min_coverage,
            min_categories.astype(int),
            amber_from,
            green_from,
        )


@dataclass(frozen=True, slots=True)
class Overall:
    """Per subject and month; `score` and `balance` are NaN where insufficient."""

    score: Floats
    coverage: Floats
    band: Bands
    low: Floats
    high: Floats
    balance: Floats


def bands(score: Floats, policy: Policy) -> Bands:
    """Green, amber, red by the scorecard's limits; insufficient without a score."""
    band = np.where(score >= policy.amber_from - TOLERANCE, AMBER, RED)
    band = np.where(score >= policy.green_from - TOLERANCE, GREEN, band)
    return np.where(np.isnan(score), INSUFFICIENT, band)


def band_of(score: float, amber_from: float, green_from: float) -> int:
    """The band of one score; NaN is insufficient."""
    if np.isnan(score):
        return INSUFFICIENT
    if score >= green_from - TOLERANCE:
        return GREEN
    return AMBER if score >= amber_from - TOLERANCE else RED


def overall(categories: Evidence, policy: Policy) -> Overall:
    """The overall score of every subject and month from its categories."""
    weights = policy.weights
    used = (weights > 0) & ~np.isnan(categories.score)
    coverage = _divide(
        (weights * np.where(categories.present, categories.coverage, 0.0)).sum(axis=0),
        weights.sum(axis=0),
    )
    given = (
        (used.sum(axis=0) >= np.maximum(policy.min_categories, 1))
        & used[:FINANCIAL].any(axis=0)
        & (coverage >= policy.min_coverage - TOLERANCE)
    )
    score = np.where(given, _mean(categories.score, used, policy), np.nan)
    geometric = _geometric(categories.score, used, weights)
    at_least_one = np.maximum(categories.score, LEAST_IN_GEOMETRIC)
    balance = np.where(given, _divide(geometric, _arithmetic(at_least_one, used, weights)), np.nan)
    band = bands(score, policy)
    neglected = ((weights > 0) & ~used).any(axis=0)
    band = np.where(neglected, np.minimum(band, AMBER), band)
    low, high = possible_range(categories)
    wanted = np.broadcast_to(weights > 0, used.shape)
    return Overall(
        score, coverage, band, _mean(low, wanted, policy), _mean(high, wanted, policy), balance
    )


def possible_range(evidence: Evidence) -> tuple[Floats, Floats]:
    """What a score would be if the missing evidence stood at 0, and at 100."""
    scored = evidence.present & ~np.isnan(evidence.score)
    low = np.where(scored, evidence.coverage * evidence.score, 0.0)
    high = np.where(scored, low + 100.0 * (1.0 - evidence.coverage), 100.0)
    return low, np.clip(high, low, 100.0)


def _mean(score: Floats, used: Booleans, policy: Policy) -> Floats:
    """The scorecard's own mean over the used categories."""
    by_rule = [
        _geometric(score, used, policy.weights),
        _arithmetic(score, used, policy.weights),
        np.where(used, score, np.inf).min(axis=0),
    ]
    mean: Floats = np.select([policy.rule == rule for rule in range(len(RULES))], by_rule)
    return np.clip(mean, 0.0, 100.0)


def _arithmetic(score: Floats, used: Booleans, weights: Floats) -> Floats:
    weights = weights * used
    return _divide((weights * np.where(used, score, 0.0)).sum(axis=0), weights.sum(axis=0))


def _geometric(score: Floats, used: Booleans, weights: Floats) -> Floats:
    """A neglected category can't be bought off by another; scores below 1 count as 1."""
    logs = np.log(np.maximum(np.where(used, score, 1.0), LEAST_IN_GEOMETRIC))
    weights = weights * used
    return np.exp(_divide((weights * logs).sum(axis=0), weights.sum(axis=0)))


def _divide(dividend: Floats, divisor: Floats) -> Floats:
    return np.divide(dividend, divisor, out=np.zeros_like(dividend), where=divisor > 0)
