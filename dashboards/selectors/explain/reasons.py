"""Why there is no score, in sentences; and whether the stored scores say what the parts say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import (
    SCORE_DECIMALS,
    counted,
    listed,
    percent_text,
    signed,
)
from metrics.choices import Category
from metrics.explaining import Explanation
from metrics.models import Score
from metrics.scoring.columns import ALWAYS, CATEGORIES, FINANCIAL, NEVER, TOLERANCE, Card
from metrics.scoring.explanation import Node
from projects.choices import SubjectKind
from projects.months import Month

MOST_DECIMALS = 6

SAME = 1e-6
"""Scores that differ by less are the same; sums in another order differ in their last digits."""


def card_of(explanation: Explanation) -> Card | None:
    """The scorecard of the explained subject, as the engine sees it."""
    place = _number(explanation)
    if not _is_there(explanation):
        return None
    number = int(explanation.ledger.definitions.card_of[place])
    return None if number < 0 else explanation.ledger.definitions.cards[number]


def what_is_not_on_record(explanation: Explanation) -> str:
    """Why what stood at a closing cannot be told; empty where there is something to tell."""
    name = explanation.subject.name
    if not _is_there(explanation):
        return f"What was on record of {name} then was not kept."
    if card_of(explanation) is None:
        return f"The scorecard that {name} had then was not kept."
    if not explanation.ledger.metric_rows:
        return "The metrics that there were then were not kept."
    if explanation.node is None:
        return f"The values that {name} had then were not kept."
    return ""


def _number(explanation: Explanation) -> int:
    return int(explanation.ledger.subject_ids.searchsorted(explanation.subject.pk))


def _is_there(explanation: Explanation) -> bool:
    """Whether the subject stood among the definitions that explain the month."""
    ids, place = explanation.ledger.subject_ids, _number(explanation)
    return place < len(ids) and int(ids[place]) == explanation.subject.pk


def why_no_scores(explanation: Explanation, scored_months: Sequence[Month]) -> str:
    """Why nothing is stored of the subject in the month."""
    subject, month = explanation.subject, explanation.month
    if not _is_there(explanation) and explanation.as_of is not None:
        return f"{subject.name} was not there yet when {month_name(month)} was closed."
    if card_of(explanation) is None:
        kind = SubjectKind(subject.kind).label.lower()
        return (
            f"{subject.name} has no scorecard: it names none of its own, and there is no default "
            f"for its kind ({kind}). Without one nothing is expected of it."
        )
    number, definitions = _number(explanation), explanation.ledger.definitions
    first, last = int(definitions.active_from[number]), int(definitions.active_until[number])
    if not first <= month <= last:
        return f"{subject.name} is not measured in {month_name(month)}. {_span(first, last)}"
    if explanation.node is None:
        return (
            f"Nothing is expected of {subject.name} in {month_name(month)}: no line of its "
            "scorecard applies to it then, and no member of its groups is measured."
        )
    if not scored_months:
        return f"Nothing has been scored of {subject.name} yet."
    return (
        f"Nothing is scored in {month_name(month)}. The scores of {subject.name} go from "
        f"{month_name(scored_months[0])} to {month_name(scored_months[-1])}."
    )


def _span(first: int, last: int) -> str:
    if first > last:
        return "Its span lies outside the organisation's, so it is never measured."
    start = "" if first == ALWAYS else f" from {month_name(Month(first))}"
    end = "" if last == NEVER else f" to {month_name(Month(last))}"
    return f"It is measured{start}{end}, the spans of what it belongs to considered."


def why_insufficient(explanation: Explanation) -> str:
    """Why there is no overall score although something is measured; empty if there is one."""
    node, card = explanation.node, card_of(explanation)
    if node is None or card is None or node.score is not None:
        return ""
    used = [
        part.number
        for part in node.parts
        if part.kind == "category" and part.weight and part.score is not None
    ]
    if not used:
        return "No category that counts has a score, so there is no overall score."
    if used == [FINANCIAL]:
        return (
            "Only the financial category has a score. Financial numbers never stand alone, so "
            "there is no overall score."
        )
    if len(used) < card.min_categories:
        names = listed([str(Category(CATEGORIES[number]).label) for number in used])
        return (
            f"Only {names} {'has' if len(used) == 1 else 'have'} a score; the scorecard asks for "
            f"{counted(card.min_categories, 'category', 'categories')}."
        )
    return (
        f"Only {percent_text(node.coverage)} of the evidence is in; the scorecard asks for "
        f"{percent_text(card.min_coverage)}, so there is no overall score."
    )


def why_category_insufficient(node: Node | None, card: Card | None) -> str:
    """Said in place of a category's change where it has no score."""
    if card is None or node is None or node.coverage is None:
        return "Nothing is expected here"
    if node.score is not None:
        return ""
    if node.coverage + TOLERANCE < card.min_coverage:
        known = percent_text(node.coverage) if node.coverage else "Nothing"
        return f"{known} known; a score needs {percent_text(card.min_coverage)}"
    return "No value in force"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One score that the parts on record don't add up to."""

    label: str
    stored: float | None
    computed: float | None

    @property
    def difference(self) -> float | None:
        """How far the parts are from what is stored; None if one of the two is unknown."""
        if self.stored is None or self.computed is None:
            return None
        return self.computed - self.stored

    @property
    def decimals(self) -> int:
        """As many as it takes to see the difference."""
        if not self.difference:
            return SCORE_DECIMALS
        needed = -math.floor(math.log10(abs(self.difference)))
        return min(max(needed, SCORE_DECIMALS), MOST_DECIMALS)

    @property
    def difference_text(self) -> str:
        return "" if self.difference is None else signed(self.difference, self.decimals)


def differences(stored: Score | None, explanation: Explanation) -> tuple[Discrepancy, ...]:
    """Overall and categories whose stored score is another one than the parts add up to."""
    node = explanation.node
    if stored is None and node is None:
        return ()
    parts = {} if node is None else {p.number: p for p in node.parts if p.kind == "category"}
    found = [
        Discrepancy(
            "Overall",
            None if stored is None else stored.overall_score,
            None if node is None else node.score,
        )
    ]
    for number, category in enumerate(Category):
        measure = None if stored is None else stored.category(category)
        part = parts.get(number)
        found.append(
            Discrepancy(
                str(category.label),
                None if measure is None else measure.score,
                None if part is None else part.score,
            )
        )
        found.append(
            Discrepancy(
                f"{category.label}, percent known",
                None if measure is None else measure.coverage * 100,
                None if part is None or part.coverage is None else part.coverage * 100,
            )
        )
    return tuple(each for each in found if not _same(each.stored, each.computed))


def says_the_same(stored: Score | None, node: Node | None) -> bool:
    """Whether the stored row is what the parts add up to."""
    if stored is None or node is None:
        return stored is None and node is None
    if not _same(stored.overall_score, node.score):
        return False
    parts = {part.number: part for part in node.parts if part.kind == "category"}
    for number, category in enumerate(Category):
        measure, part = stored.category(category), parts.get(number)
        coverage = part.coverage if part else None
        if (measure is None) != (coverage is None):
            return False
        if measure and part and not _same(measure.score, part.score):
            return False
        if measure and not _same(measure.coverage, coverage):
            return False
    return True


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME
