"""Metrics, scorecards, and what is said of a metric and a subject: rules given the facts."""

from __future__ import annotations

import keyword
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.choices import FORMULA_CADENCES, period_word
from metrics.scoring.formulas import FUNCTIONS
from metrics.validation.facts import MetricFacts
from projects.choices import SubjectKind, kind_word
from projects.codes import CODE_LENGTH
from projects.validation import listed_with_or, quoted

_METRIC_CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def validate_metric_code(text: str) -> None:
    """A metric's code is a name that a formula can say."""
    if not _METRIC_CODE.fullmatch(text) or len(text) > CODE_LENGTH:
        raise ValidationError(
            _(
                "%(text)s is no metric code; it has letters, digits and _ only, begins with"
                " no digit, and has at most %(code_length)s characters, so that formulas can"
                " name it."
            )
            % {"text": quoted(text), "code_length": CODE_LENGTH},
            code="code",
        )
    if keyword.iskeyword(text) or text in FUNCTIONS:
        what = _("a function of formulas") if text in FUNCTIONS else _("a reserved word")
        raise ValidationError(
            _("%(text)s is %(what)s and no metric code; %(fitting)s would fit.")
            % {"text": quoted(text), "what": what, "fitting": quoted(text + "_")},
            code="code",
        )


def check_formula_cadence(formula: str, cadence: str) -> None:
    if formula and cadence not in FORMULA_CADENCES:
        raise ValidationError(
            _("A formula's cadence is %(cadences)s, not %(cadence)s.")
            % {
                "cadences": listed_with_or([period_word(each) for each in FORMULA_CADENCES]),
                "cadence": period_word(cadence),
            },
            code="cadence",
        )


def check_category_weights(*weights: float) -> None:
    # What is no number at all is told by its own field.
    if all(isinstance(weight, int | float) for weight in weights) and not any(
        weight > 0 for weight in weights
    ):
        raise ValidationError(
            _("A scorecard needs a category with a weight above 0."), code="category_weights"
        )


def check_limits(amber_from: float, green_from: float) -> None:
    are_numbers = isinstance(amber_from, int | float) and isinstance(green_from, int | float)
    if are_numbers and amber_from > green_from:
        raise ValidationError(
            _(
                "Amber begins at %(amber_from)s, above green at %(green_from)s; it begins at"
                " green's limit or below."
            )
            % {"amber_from": f"{amber_from:g}", "green_from": f"{green_from:g}"},
            code="limits",
        )


def check_default(code: str, kind: str, other_default: str | None) -> None:
    """There is at most one default scorecard per kind of subject."""
    if other_default is not None:
        raise ValidationError(
            _(
                "%(other_default)s is the default scorecard of each %(kind)s already;"
                " %(code)s can be one when %(other_default)s no longer is."
            )
            % {"other_default": other_default, "kind": kind_word(kind), "code": code},
            code="default",
        )


def check_line(scorecard: str, scorecard_kind: str, metric: MetricFacts) -> None:
    """A scorecard's lines are metrics of its own kind of subject, and have a curve."""
    if metric.subject_kind != scorecard_kind:
        raise ValidationError(
            _(
                "%(metric)s is measured of each %(subject_kind)s, and %(scorecard)s is for"
                " each %(scorecard_kind)s; a line's metric is of the scorecard's kind."
            )
            % {
                "metric": metric.code,
                "subject_kind": kind_word(metric.subject_kind),
                "scorecard": scorecard,
                "scorecard_kind": kind_word(scorecard_kind),
            },
            code="kind",
        )
    if not metric.has_curve:
        raise ValidationError(
            _("%(metric)s has no curve, so no score; a metric on a scorecard needs a curve.")
            % {"metric": metric.code},
            code="curve",
        )


def check_scorecard_of(subject: str, kind: str, scorecard: str, scorecard_kind: str) -> None:
    """A subject's scorecard is one of its own kind."""
    if kind != scorecard_kind:
        raise ValidationError(
            _(
                "%(scorecard)s is for each %(scorecard_kind)s, and %(subject)s is"
                " %(a_kind)s; a subject's scorecard is of its own kind."
            )
            % {
                "scorecard": scorecard,
                "scorecard_kind": kind_word(scorecard_kind),
                "subject": subject,
                "a_kind": _with_article(kind),
            },
            code="kind",
        )


def wrong_kind(metric: MetricFacts, subject: str, kind: str) -> str:
    """The sentence about a metric that is not one of this subject's kind."""
    return _("%(metric)s is measured of each %(kind)s, and %(subject)s is %(a_kind)s.") % {
        "metric": metric.code,
        "kind": kind_word(metric.subject_kind),
        "subject": subject,
        "a_kind": _with_article(kind),
    }


def check_pair(metric: MetricFacts, subject: str, kind: str) -> None:
    """What is said of a metric and a subject is said of a subject of the metric's kind."""
    if kind != metric.subject_kind:
        raise ValidationError(wrong_kind(metric, subject, kind), code="kind")


_WITH_ARTICLE = {
    SubjectKind.ORGANISATION: gettext_lazy("an organisation"),
    SubjectKind.PORTFOLIO: gettext_lazy("a portfolio"),
    SubjectKind.PROJECT: gettext_lazy("a project"),
    SubjectKind.SEGMENT: gettext_lazy("a segment"),
    SubjectKind.CUSTOMER: gettext_lazy("a customer"),
    SubjectKind.SERVICE: gettext_lazy("a service"),
    SubjectKind.ENGAGEMENT: gettext_lazy("an engagement"),
}


def _with_article(kind: str) -> str:
    return str(_WITH_ARTICLE[SubjectKind(kind)]) if kind in _WITH_ARTICLE else kind


def dependence_errors(before: MetricFacts, after: MetricFacts) -> dict[str, str]:
    """What may not change in a metric that has measurements, by field."""
    errors = {}
    if before.cadence != after.cadence:
        errors["cadence"] = _(
            "%(metric)s has measurements, so its cadence stays %(old)s; make another metric"
            " for %(new)s."
        ) % {
            "metric": after.code,
            "old": period_word(before.cadence),
            "new": period_word(after.cadence),
        }
    if before.subject_kind != after.subject_kind:
        errors["subject_kind"] = _(
            "%(metric)s has measurements, so its kind of subject stays %(old)s; make another"
            " metric for %(new)s."
        ) % {
            "metric": after.code,
            "old": kind_word(before.subject_kind),
            "new": kind_word(after.subject_kind),
        }
    if after.formula and not before.formula:
        errors["formula"] = _(
            "%(after)s has measurements, so it takes no formula; make another metric for it."
        ) % {"after": after.code}
    return errors
