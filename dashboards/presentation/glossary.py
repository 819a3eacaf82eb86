"""The words of scoring, each explained once; pages link to them by their anchor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = Promise | str


@dataclass(frozen=True)
class Term:
    """One word; the meaning is plain text. `see` are the anchors of words close to it."""

    anchor: str
    word: Words
    meaning: Words
    see: tuple[str, ...] = ()


def _by_anchor(terms: Iterable[Term]) -> dict[str, Term]:
    return {term.anchor: term for term in terms}


TERMS = _by_anchor(
    (
        Term(
            "balance",
            _("Balance"),
            _(
                "The geometric mean of the category scores divided by their arithmetic mean: 100% "
                "when all are equal, less the further apart they are. What it takes away from the "
                "overall score is shown as a part of its own."
            ),
            ("overall", "category"),
        ),
        Term(
            "band",
            _("Band"),
            _(
                "Green, amber or red, by the limits of the scorecard; insufficient where there is "
                "too little evidence for a score. An overall score is amber at best while a "
                "category that counts has no score: nothing is green by silence."
            ),
            ("scorecard", "coverage"),
        ),
        Term(
            "benchmark",
            _("Benchmark"),
            _("What the same service costs elsewhere, as a PMO lead wrote it down for a segment."),
            ("offer", "unit-cost"),
        ),
        Term(
            "cadence",
            _("Cadence"),
            _("How often a metric is measured: daily, weekly, monthly, quarterly or yearly."),
            ("period", "freshness"),
        ),
        Term(
            "category",
            _("Category"),
            _(
                "One of the four sides of success: tactical (how efficiently we work), value "
                "creation (what customers gain beyond revenue), longevity (people, culture, "
                "tenure, innovation) and financial. Financial is never shown without the others."
            ),
            ("overall",),
        ),
        Term(
            "closed-month",
            _("Closed month"),
            _(
                "A month whose scores are frozen with all that explains them. What was reported "
                "stays reported; reopening takes a reason, and both results are kept."
            ),
        ),
        Term(
            "coverage",
            _("Coverage"),
            _(
                "How much of the expected evidence is there, weighted by importance. On pages it "
                "is written as “known”: 80% known. Missing data lower it; they never count as 0."
            ),
            ("unknown", "range"),
        ),
        Term(
            "curve",
            _("Curve"),
            _(
                "What turns a value into a score: points of value and score, straight lines "
                "between them, flat outside. More is better, less is better and best inside a "
                "range are just shapes of it."
            ),
            ("score",),
        ),
        Term(
            "customer",
            _("Customer"),
            _("One customer of a segment, with a weight among the others."),
            ("segment", "risk"),
        ),
        Term(
            "engagement",
            _("Engagement"),
            _("One project's work for one segment; it can be measured and scored by itself."),
            ("project", "segment"),
        ),
        Term(
            "exemption",
            _("Exemption"),
            _("A metric does not apply to a subject, for a reason: it is not expected there."),
        ),
        Term(
            "fading",
            _("Fading"),
            _(
                "A value that is older than its cadence counts less month by month, in equal "
                "steps, until its grace months are over. Then it is missing."
            ),
            ("freshness", "grace"),
        ),
        Term(
            "freshness",
            _("Freshness"),
            _(
                "100% while a value is current, falling to nothing over its grace months. It is "
                "the evidence that a value brings."
            ),
            ("fading", "coverage"),
        ),
        Term(
            "grace",
            _("Grace months"),
            _("How many months a value may still count after its period is no longer current."),
            ("fading",),
        ),
        Term(
            "measurement",
            _("Measurement"),
            _("One recorded value of one metric for one subject and one period: a fact."),
            ("period", "value-in-force"),
        ),
        Term(
            "metric",
            _("Metric"),
            _(
                "A definition: what is measured of which kind of subject, how often, in which "
                "category, whose question it answers, and the curve that makes it a score."
            ),
            ("curve", "cadence"),
        ),
        Term(
            "offer",
            _("Offer"),
            _("A service as it is offered to a segment, with its weight, cost and benchmark."),
            ("service", "segment"),
        ),
        Term(
            "overall",
            _("Overall score"),
            _(
                "One number from the categories, by the rule of the scorecard: the geometric "
                "mean, in which neglect can't be bought off, the arithmetic mean, or the weakest "
                "category. Never from financial alone."
            ),
            ("category", "balance"),
        ),
        Term(
            "period",
            _("Period"),
            _(
                "The day, week, month, quarter or year that a value is about. It counts from the "
                "last month of its period: when it can be known, never before."
            ),
        ),
        Term(
            "points",
            _("Points"),
            _("What a part adds to the score above it. The points of all parts add up to it."),
            ("weight",),
        ),
        Term(
            "portfolio",
            _("Portfolio"),
            _("What projects are steered in; portfolios can lie in each other."),
            ("project",),
        ),
        Term(
            "range",
            _("Possible range"),
            _(
                "What the score would be if all missing evidence stood at 0, and if it stood at "
                "100. Without a score: from 0 to 100."
            ),
            ("coverage",),
        ),
        Term(
            "project",
            _("Project"),
            _("Work with a beginning and an end, in a portfolio, for one or more segments."),
            ("engagement",),
        ),
        Term(
            "risk",
            _("Risk of a customer"),
            _(
                "A rule for reading the list of customers, from score, change and renewal date. "
                "It is no score. A customer without a score is an unknown risk, not a safe one."
            ),
            ("customer",),
        ),
        Term(
            "running-month",
            _("Running month"),
            _("The current month. Values are still coming in, so it is drawn as unfinished."),
            ("closed-month",),
        ),
        Term(
            "score",
            _("Score"),
            _("From 0 to 100: how good a value is by its curve, or what scores add up to."),
            ("curve", "coverage"),
        ),
        Term(
            "score-month",
            _("Score month"),
            _("A calendar month; every score is that of a subject and a score month."),
        ),
        Term(
            "scorecard",
            _("Scorecard"),
            _(
                "What is expected of a kind of subject: metrics with weights, weights of the "
                "categories, the rule for the overall score, and the limits of the bands."
            ),
            ("metric", "weight", "band"),
        ),
        Term(
            "segment",
            _("Segment"),
            _("A group of customers with the same needs and the same promise made to them."),
            ("customer", "value-proposition"),
        ),
        Term(
            "service",
            _("Service"),
            _("Something of the catalogue that is offered to segments again and again."),
            ("offer",),
        ),
        Term(
            "subject",
            _("Subject"),
            _(
                "Anything that can be measured: the organisation, a portfolio, a project, a "
                "segment, a customer, a service, an engagement."
            ),
        ),
        Term(
            "unit-cost",
            _("Unit cost"),
            _(
                "The cost of a service for a segment in a year, divided by the number of "
                "customers that the segment says it has."
            ),
            ("benchmark",),
        ),
        Term(
            "unknown",
            _("Unknown"),
            _(
                "Shown as a dash and never taken for 0, nor for 100. “Insufficient” means that "
                "too little is known for a score, “not measured” that nothing is expected."
            ),
            ("coverage", "band"),
        ),
        Term(
            "value-in-force",
            _("Value in force"),
            _(
                "The value of the latest period up to the month, as long as it is current or "
                "fading."
            ),
            ("freshness", "period"),
        ),
        Term(
            "value-proposition",
            _("Value proposition"),
            _("What a segment gets from us that it gets nowhere else, in a sentence."),
            ("segment",),
        ),
        Term(
            "weight",
            _("Weight"),
            _("How much a part counts among its neighbours. 0 counts for nothing."),
            ("points",),
        ),
    )
)
"""In the order of the English words."""
