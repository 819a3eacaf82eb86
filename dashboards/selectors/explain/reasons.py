"""Why there is no score, in sentences; and whether the stored scores say what the parts say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.counts import CATEGORIES as COUNTED_CATEGORIES
from dashboards.presentation.counts import count_text
from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import (
    SCORE_DECIMALS,
    listed,
    percent_text,
    signed,
)
from metrics.choices import Category
from metrics.explaining import Explanation
from metrics.models import Score
from metrics.scoring.columns import ALWAYS, CATEGORIES, FINANCIAL, NEVER, TOLERANCE, Card
from metrics.scoring.explanation import Node
from projects.choices import kind_word
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
        return _("What was on record of %(name)s then was not kept.") % {"name": name}
    if card_of(explanation) is None:
        return _("The scorecard that %(name)s had then was not kept.") % {"name": name}
    if not explanation.ledger.metric_rows:
        return _("The metrics that there were then were not kept.")
    if explanation.node is None:
        return _("The values that %(name)s had then were not kept.") % {"name": name}
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
        return _("%(name)s was not there yet when %(month)s was closed.") % {
            "name": subject.name,
            "month": month_name(month),
        }
    if card_of(explanation) is None:
        return _(
            "%(subject)s has no scorecard: it names none of its own, and there is no"
            " default for its kind (%(kind)s). Without one nothing is expected of it."
        ) % {"subject": subject.name, "kind": kind_word(subject.kind)}
    number, definitions = _number(explanation), explanation.ledger.definitions
    first, last = int(definitions.active_from[number]), int(definitions.active_until[number])
    if not first <= month <= last:
        return _("%(subject)s is not measured in %(month)s. %(span)s") % {
            "subject": subject.name,
            "month": month_name(month),
            "span": _span(first, last),
        }
    if explanation.node is None:
        return _(
            "Nothing is expected of %(subject)s in %(month)s: no line of its scorecard"
            " applies to it then, and no member of its groups is measured."
        ) % {"subject": subject.name, "month": month_name(month)}
    if not scored_months:
        return _("Nothing has been scored of %(subject)s yet.") % {"subject": subject.name}
    return _(
        "Nothing is scored in %(month)s. The scores of %(name)s go from %(first)s to %(last)s."
    ) % {
        "month": month_name(month),
        "name": subject.name,
        "first": month_name(scored_months[0]),
        "last": month_name(scored_months[-1]),
    }


def _span(first: int, last: int) -> str:
    if first > last:
        return _("Its span lies outside the organisation's, so it is never measured.")
    if first == ALWAYS and last == NEVER:
        return _("It is measured, the spans of what it belongs to considered.")
    if last == NEVER:
        told = _("It is measured from %(first)s, the spans of what it belongs to considered.")
        return told % {"first": month_name(Month(first))}
    if first == ALWAYS:
        told = _("It is measured to %(last)s, the spans of what it belongs to considered.")
        return told % {"last": month_name(Month(last))}
    told = _(
        "It is measured from %(first)s to %(last)s, the spans of what it belongs to considered."
    )
    return told % {"first": month_name(Month(first)), "last": month_name(Month(last))}


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
        return _("No category that counts has a score, so there is no overall score.")
    if used == [FINANCIAL]:
        return _(
            "Only the financial category has a score. Financial numbers never stand alone, so"
            " there is no overall score."
        )
    if len(used) < card.min_categories:
        names = listed([str(Category(CATEGORIES[number]).label) for number in used])
        told = ngettext(
            "Only %(names)s has a score; the scorecard asks for %(categories)s.",
            "Only %(names)s have a score; the scorecard asks for %(categories)s.",
            len(used),
        )
        asked = count_text(card.min_categories, COUNTED_CATEGORIES)
        return told % {"names": names, "categories": asked}
    return _(
        "Only %(coverage)s of the evidence is in; the scorecard asks for"
        " %(min_coverage)s, so there is no overall score."
    ) % {"coverage": percent_text(node.coverage), "min_coverage": percent_text(card.min_coverage)}


def why_category_insufficient(node: Node | None, card: Card | None) -> str:
    """Said in place of a category's change where it has no score."""
    if card is None or node is None or node.coverage is None:
        return _("Nothing is expected here")
    if node.score is not None:
        return ""
    if node.coverage + TOLERANCE < card.min_coverage:
        said = {"known": percent_text(node.coverage), "asked": percent_text(card.min_coverage)}
        if not node.coverage:
            return _("Nothing known; a score needs %(asked)s") % said
        return _("%(known)s known; a score needs %(asked)s") % said
    return _("No value in force")


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
            _("Overall"),
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
                _("%(category)s, percent known") % {"category": category.label},
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
