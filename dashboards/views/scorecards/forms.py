"""The form of a scorecard: its head, and a weight for each metric that can stand on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.selectors.scorecard_pages import groups_of, metrics_to_weigh
from metrics.choices import Category
from metrics.models import MetricDefinition, Scorecard
from metrics.models.scorecards import SHARE_FIELDS, WEIGHT_FIELDS
from metrics.validation.numbers import NumberError, number_text, read_number
from projects.models.weights import validate_weight
from projects.validation import quoted

TEXTS = frozenset({"code", "name"})
LINE = "line-"
RULE_FIELDS = ("overall", "min_coverage", "min_categories", "amber_from", "green_from")


@dataclass(frozen=True)
class LineField:
    """One metric with what was typed as its weight; blank = not on the scorecard."""

    metric: MetricDefinition
    name: str
    text: str
    stored: str
    error: str = ""


class WeightInput(forms.TextInput):
    """A number as the lines beside it are written: 2 and not 2.0."""

    def format_value(self, value: Any) -> Any:
        return number_text(value) if isinstance(value, float) else super().format_value(value)


class ScorecardForm(forms.ModelForm):
    """Everything of a scorecard in one form, saved as one."""

    class Meta:
        model = Scorecard
        fields = (
            "code",
            "name",
            "is_default",
            *WEIGHT_FIELDS,
            *RULE_FIELDS,
            *SHARE_FIELDS,
        )
        help_texts = {
            "is_default": _("Every subject of the kind without a scorecard of its own uses it."),
            "min_coverage": _("From 0 to 1: below it a score is insufficient."),
            "min_categories": _("So many categories need a score before there is an overall one."),
        }

    def __init__(
        self, data: Any = None, *, instance: Scorecard, weights: Mapping[int, float]
    ) -> None:
        super().__init__(data, instance=instance)
        for field in SHARE_FIELDS:
            if field.removeprefix("share_") not in groups_of(instance.subject_kind):
                del self.fields[field]
        for name in (*WEIGHT_FIELDS, *SHARE_FIELDS, "min_coverage", "amber_from", "green_from"):
            if name in self.fields:
                self.fields[name].widget = WeightInput(attrs={"inputmode": "decimal"})
                self.fields[name].widget.attrs["class"] = "weight-input"
        self.stored_weights = weights
        self.weights: dict[int, float] = {}
        self._line_errors: dict[int, str] = {}
        self.metrics = metrics_to_weigh(instance.subject_kind)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for metric in self.metrics:
            text = self.data.get(f"{LINE}{metric.code}", "").strip()
            if not text:
                continue
            try:
                weight = read_number(text)
                validate_weight(weight)
            except (NumberError, forms.ValidationError) as error:
                message = (
                    error.messages[0] if isinstance(error, forms.ValidationError) else str(error)
                )
                self._line_errors[metric.pk] = message
                self.add_error(None, f"{metric.name}: {message}")
            else:
                self.weights[metric.pk] = weight
        known = {f"{LINE}{metric.code}" for metric in self.metrics}
        for name in self.data:
            if name.startswith(LINE) and name not in known and self.data[name].strip():
                code = name.removeprefix(LINE)
                self.add_error(
                    None,
                    gettext(
                        "%(code)s can't stand on this scorecard: there is no such metric with"
                        " a curve for each %(subject_kind)s."
                    )
                    % {"code": quoted(code), "subject_kind": self.instance.subject_kind},
                )
        return cleaned

    @property
    def head(self) -> list[Any]:
        return [self[name] for name in ("code", "name", "is_default")]

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        """What stands below the lines, by heading."""
        return [
            (_("Weights of the categories"), [self[name] for name in WEIGHT_FIELDS]),
            (_("Overall score and limits"), [self[name] for name in RULE_FIELDS]),
        ]

    @property
    def share_fields(self) -> list[Any]:
        return [self[name] for name in SHARE_FIELDS if name in self.fields]

    @property
    def sections(self) -> list[tuple[Category, list[LineField]]]:
        """The metrics by category, with what was typed or stands."""
        told = []
        for category in Category:
            lines = [self._line(m) for m in self.metrics if m.category == category]
            told.append((category, lines))
        return told

    def _line(self, metric: MetricDefinition) -> LineField:
        name = f"{LINE}{metric.code}"
        stored = self.stored_weights.get(metric.pk)
        text = "" if stored is None else number_text(stored)
        typed = self.data.get(name, "") if self.is_bound else text
        return LineField(metric, name, typed, text, self._line_errors.get(metric.pk, ""))

    @property
    def typed_weights(self) -> list[tuple[MetricDefinition, float]]:
        """The weights that can be read, for the shares shown beside them."""
        return [
            (metric, self.weights[metric.pk])
            for metric in self.metrics
            if metric.pk in self.weights
        ]

    @property
    def counts(self) -> bool:
        """Whether anything changes that scores depend on."""
        if self.instance.pk is None:
            return bool(self.cleaned_data.get("is_default"))
        return bool(set(self.changed_data) - TEXTS) or self.weights != dict(self.stored_weights)
