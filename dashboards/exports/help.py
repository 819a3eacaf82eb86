"""The help page's tables: the worked case, the scorecards' limits, the glossary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from dashboards.exports.scores import band_word
from dashboards.exports.table import ExportTable, number, points, rate, score, text
from dashboards.presentation.glossary import Term
from dashboards.selectors.help import WorkedCase
from metrics.models import Scorecard


def case_table(case: WorkedCase | None) -> ExportTable:
    """Step by step: the lines of one category, its parts, and how four make the overall score."""
    return ExportTable(
        "case",
        (
            text(_("Subject code")),
            text(_("Subject")),
            text(_("Step")),
            text(_("Name")),
            number(_("Weight"), None),
            rate(_("Freshness")),
            number(_("Evidence"), None),
            score(_("Score")),
            text(_("Band")),
            number(_("Evidence times score"), None),
            rate(_("Coverage")),
            score(_("Possible from")),
            score(_("Possible to")),
            points(_("Points")),
        ),
        []
        if case is None
        else [(case.subject.code, case.subject.name, *row) for row in _steps(case)],
    )


def _steps(case: WorkedCase) -> Iterator[tuple[Any, ...]]:
    category = str(case.category.category.label)
    for line in case.lines:
        metric = line.metric
        yield (
            _("line of %(category)s") % {"category": category},
            metric.metric.name,
            metric.weight,
            line.freshness if metric.reading else None,
            line.evidence,
            metric.score,
            band_word(metric.band),
            line.counted,
            None,
            None,
            None,
            metric.points,
        )
    for group in case.category.groups:
        yield (
            _("part of %(category)s") % {"category": category},
            str(group.title),
            group.share,
            None,
            None,
            group.score,
            band_word(group.band),
            None,
            group.coverage,
            None,
            None,
            group.points,
        )
    for part in case.categories:
        yield (
            _("category"),
            str(part.category.label),
            part.weight,
            None,
            None,
            part.score,
            band_word(part.band),
            None,
            part.coverage,
            part.low,
            part.high,
            part.points,
        )
    yield (_("balance"), str(case.rule.label), *(None,) * 9, case.balance_points)
    stored = case.stored
    yield (
        _("overall"),
        _("Overall score, as stored"),
        *(None,) * 3,
        stored.overall_score,
        band_word(stored.overall_band),
        None,
        stored.overall_coverage,
        stored.overall_low,
        stored.overall_high,
        None,
    )


def limits_table(cards: Iterable[Scorecard]) -> ExportTable:
    return ExportTable(
        "limits",
        (
            text(_("Scorecard code")),
            text(_("Scorecard")),
            text(_("For")),
            text(_("Default")),
            number(_("Amber from"), None),
            number(_("Green from"), None),
            rate(_("Must be known")),
            number(_("Categories needed")),
            text(_("Overall score")),
        ),
        [
            (
                card.code,
                card.name,
                card.get_subject_kind_display(),
                _("yes") if card.is_default else _("no"),
                card.amber_from,
                card.green_from,
                card.min_coverage,
                card.min_categories,
                card.get_overall_display(),
            )
            for card in cards
        ],
    )


def glossary_table(terms: Iterable[Term], words: Mapping[str, Any]) -> ExportTable:
    return ExportTable(
        "glossary",
        (text(_("Word")), text(_("Meaning")), text(_("See"))),
        [
            (str(term.word), str(term.meaning), ", ".join(str(words[other]) for other in term.see))
            for term in terms
        ],
    )
