"""A metric's definition as one readable paragraph."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import trimmed, value_text
from metrics.choices import FOLDED_CADENCES, PERIOD_WORDS, Cadence, Category, Dimension, Perspective
from metrics.choices import TimeAggregation as Fold
from metrics.models import MetricDefinition
from projects.choices import SubjectKind, kind_word

_FOLDS = {
    (Cadence.DAY, Fold.LAST): gettext_lazy("Of the days of one month the last one counts."),
    (Cadence.DAY, Fold.MEAN): gettext_lazy("Of the days of one month their mean counts."),
    (Cadence.DAY, Fold.SUM): gettext_lazy("Of the days of one month their sum counts."),
    (Cadence.DAY, Fold.MIN): gettext_lazy("Of the days of one month the smallest counts."),
    (Cadence.DAY, Fold.MAX): gettext_lazy("Of the days of one month the largest counts."),
    (Cadence.WEEK, Fold.LAST): gettext_lazy("Of the weeks of one month the last one counts."),
    (Cadence.WEEK, Fold.MEAN): gettext_lazy("Of the weeks of one month their mean counts."),
    (Cadence.WEEK, Fold.SUM): gettext_lazy("Of the weeks of one month their sum counts."),
    (Cadence.WEEK, Fold.MIN): gettext_lazy("Of the weeks of one month the smallest counts."),
    (Cadence.WEEK, Fold.MAX): gettext_lazy("Of the weeks of one month the largest counts."),
}


def definition_words(metric: MetricDefinition, decimals: int) -> str:
    """What is measured, when it is due, how long it counts, and what makes it good or bad."""
    sentences = [_what(metric), _when(metric), _fading(metric)]
    if metric.curve:
        sentences.append(_curve(metric, decimals))
    else:
        sentences.append(_("It has no curve: its values are shown and computed with, not scored."))
    sentences.append(_span(metric))
    if metric.needs_approval:
        sentences.append(_("A value counts once somebody else has approved it."))
    if metric.asks_why_red:
        sentences.append(_("A value that comes out red needs a sentence of explanation."))
    return " ".join(filter(None, sentences))


def _what(metric: MetricDefinition) -> str:
    how = str(Cadence(metric.cadence).label).lower()
    if metric.unit:
        how = _("%(cadence)s, in %(unit)s") % {"cadence": how, "unit": metric.unit}
    said = {"kind": kind_word(metric.subject_kind), "how": how}
    is_of_all = metric.subject_kind == SubjectKind.ORGANISATION
    if metric.is_computed and is_of_all:
        words = _("Computed of the organisation, %(how)s.") % said
    elif metric.is_computed:
        words = _("Computed of each %(kind)s, %(how)s.") % said
    elif is_of_all:
        words = _("Measured of the organisation, %(how)s.") % said
    else:
        words = _("Measured of each %(kind)s, %(how)s.") % said
    return f"{words} {_place(metric)}"


def _place(metric: MetricDefinition) -> str:
    said = {"category": str(Category(metric.category).label).lower()}
    if metric.dimension:
        said["dimension"] = str(Dimension(metric.dimension).label).lower()
    if metric.perspective:
        said["perspective"] = str(Perspective(metric.perspective).label).lower()
    if metric.dimension and metric.perspective:
        told = _(
            "It belongs to %(category)s and is about %(dimension)s,"
            " from the %(perspective)s's side."
        )
    elif metric.dimension:
        told = _("It belongs to %(category)s and is about %(dimension)s.")
    elif metric.perspective:
        told = _("It belongs to %(category)s, from the %(perspective)s's side.")
    else:
        told = _("It belongs to %(category)s.")
    return told % said


def _when(metric: MetricDefinition) -> str:
    words = []
    if metric.cadence in FOLDED_CADENCES:
        words.append(str(_FOLDS[Cadence(metric.cadence), Fold(metric.time_aggregation)]))
    return " ".join([*words, _due(metric)])


def _due(metric: MetricDefinition) -> str:
    period = PERIOD_WORDS[Cadence(metric.cadence)]
    if metric.is_computed:
        return _("It has a value as soon as all of its inputs have one.")
    if not metric.due_days:
        return _("A value is due on the last day of its %(period)s.") % {"period": period}
    return ngettext(
        "A value is due %(number)s day after the %(period)s has ended.",
        "A value is due %(number)s days after the %(period)s has ended.",
        metric.due_days,
    ) % {"number": metric.due_days, "period": period}


def _fading(metric: MetricDefinition) -> str:
    if not metric.grace_months:
        return _("When the next value does not come, the last one stops counting at once.")
    return ngettext(
        "When the next value does not come, the last one still counts for %(number)s month,"
        " fading.",
        "When the next value does not come, the last one still counts for %(number)s months,"
        " fading.",
        metric.grace_months,
    ) % {"number": metric.grace_months}


def _curve(metric: MetricDefinition, decimals: int) -> str:
    points: Sequence[Sequence[float]] = metric.curve or []
    scores = [score for _, score in points]
    first, last = points[0], points[-1]

    def told(value: float) -> str:
        return value_text(value, metric.unit, decimals)

    ends = {
        "first": told(first[0]),
        "first_score": trimmed(first[1]),
        "last": told(last[0]),
        "last_score": trimmed(last[1]),
    }
    if scores == sorted(scores):
        return (
            _(
                "Higher is better: %(first)s or less scores %(first_score)s,"
                " %(last)s or more scores %(last_score)s."
            )
            % ends
        )
    if scores == sorted(scores, reverse=True):
        return (
            _(
                "Lower is better: %(first)s or less scores %(first_score)s,"
                " %(last)s or more scores %(last_score)s."
            )
            % ends
        )
    best = [value for value, score in points if score == max(scores)]
    said = {"first": told(best[0]), "last": told(best[-1]), "score": trimmed(max(scores))}
    if len(best) == 1:
        return _("Best at %(first)s, which scores %(score)s; less and more are worse.") % said
    return (
        _("Best at %(first)s to %(last)s, which scores %(score)s; less and more are worse.") % said
    )


def _span(metric: MetricDefinition) -> str:
    first, last = metric.active_from, metric.active_until
    said = {"first": month_name(first), "last": month_name(last)}
    if first and last:
        return _("It is expected from %(first)s until %(last)s.") % said
    if first:
        return _("It is expected from %(first)s on.") % said
    return _("It is expected until %(last)s.") % said if last else ""
