"""The forms of the pages; what a value obeys is said by metrics.validation alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Min
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from dashboards.form_fields import Choices
from dashboards.presentation.numbers import value_text
from dashboards.selectors.entry import AboutValue, Desk, SubjectChoice
from metrics.choices import Cadence, Category
from metrics.models import Measurement, MetricDefinition
from metrics.periods import WRITTEN_LIKE, Period
from metrics.unusual import past_values, unusual
from metrics.validation.dependence import stored_rules
from metrics.validation.measurements import MeasurementRules
from metrics.validation.numbers import number_text
from projects.fields import MonthFormField
from projects.months import MONTHS_PER_YEAR

SUBJECTS_IN_A_LIST = 150
"""Of more subjects one types a few letters instead of opening a list."""

LONGEST_NOTE = 2000


def decimal_sign() -> str:
    """The sign that the reader's language puts before decimals."""
    return str(formats.get_format("DECIMAL_SEPARATOR"))


class EntryForm(forms.Form):
    """One value: of which metric, of whom, for when."""

    metric = forms.CharField(
        label=_("Metric"), error_messages={"required": _("Choose what was measured.")}
    )
    subject = forms.CharField(
        label=_("Of whom"), error_messages={"required": _("Choose whom the value is about.")}
    )
    period = forms.CharField(
        label=_("Period"),
        error_messages={"required": _("Choose the period that the value is for.")},
    )
    other_period = forms.CharField(label=_("Typed"), required=False)
    value = forms.CharField(
        label=_("Value"),
        error_messages={"required": _("Type the value; without one there is nothing to save.")},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("How it was measured, or why it is unusual."),
    )
    is_early = forms.BooleanField(label=_("Yes, the period is right"), required=False)
    is_unusual = forms.BooleanField(label=_("Yes, the value is right"), required=False)
    questioned = forms.CharField(required=False, widget=forms.HiddenInput)
    """The number that was asked about: a yes is said of it and of no other."""

    def __init__(
        self, *args: Any, desk: Desk, about: AboutValue | None, kind: str = "", **kwargs: Any
    ) -> None:
        """With a kind, only metrics of such subjects are offered."""
        super().__init__(*args, **kwargs)
        self.desk = desk
        self.about = about
        self.asks_about_period = False
        self.asks_about_value = False
        self.subject_choices = [] if about is None else desk.subjects_to_enter(about.metric)
        self.fields["metric"].widget = forms.Select(choices=_metric_choices(desk, kind))
        self.fields["subject"].widget = self._subject_widget()
        self.fields["period"].widget = forms.Select(choices=_period_choices(about))
        if self.data.get("other_period"):
            self.fields["period"].required = False
        if self.needs_a_list:
            self.fields["subject"].help_text = _("Type a few letters of the code or the name.")
        if about is not None:
            self.fields["other_period"].help_text = _("Written like %(example)s.") % {
                "example": WRITTEN_LIKE[Cadence(about.metric.cadence)]
            }
            self.fields["value"].help_text = _value_help(about)

    @property
    def needs_a_list(self) -> bool:
        """Whether the subjects are offered as suggestions while one types."""
        return len(self.subject_choices) > SUBJECTS_IN_A_LIST

    def _subject_widget(self) -> forms.Widget:
        if self.needs_a_list:
            return forms.TextInput(attrs={"list": "subject-choices", "autocomplete": "off"})
        return forms.Select(choices=[("", _("Choose…")), *_subject_choices(self.subject_choices)])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for field in ("metric", "subject", "period", "other_period", "value"):
            cleaned[field] = (cleaned.get(field) or "").strip()
        column = "other_period" if cleaned["other_period"] else "period"
        period = cleaned[column]
        rules = stored_rules(decimal_sign=decimal_sign())
        if cleaned["metric"]:
            for problem in rules.problems(
                cleaned["metric"], cleaned["subject"], period, cleaned["value"]
            ):
                self.add_problem(problem.column, problem.as_error(), column)
        if not self.errors:
            cleaned["number"] = rules.read_value(cleaned["value"])
            cleaned["when"] = rules.fitting_period(
                rules.metrics[cleaned["metric"]].cadence, period
            ).period
            self._ask_about_early_periods(cleaned["when"], column, rules)
            self._ask_about_unusual_values(cleaned["number"], cleaned["when"])
        return cleaned

    def add_problem(self, column: str, error: ValidationError, period_field: str) -> None:
        """Show a sentence beside its field; what a blank field misses is said once."""
        field = period_field if column == "period" else column
        if field not in self.errors:
            self.add_error(field if field in self.fields else None, error)

    def add_refusal(self, refusal: ValidationError) -> None:
        """What the operation refuses, by column."""
        period_field = "other_period" if self.cleaned_data.get("other_period") else "period"
        if not hasattr(refusal, "error_dict"):
            self.add_error(None, refusal)
            return
        for column, errors in refusal.error_dict.items():
            for error in errors:
                self.add_problem(column, error, period_field)

    def _ask_about_early_periods(
        self, period: Period, column: str, rules: MeasurementRules
    ) -> None:
        """A slip of a year would stretch all scores back to it, so it is asked about first."""
        earliest = Measurement.objects.aggregate(month=Min("month"))["month"]
        if earliest is None or period.month >= earliest - MONTHS_PER_YEAR:
            return
        if self.cleaned_data.get("is_early"):
            return
        self.asks_about_period = True
        self.add_error(
            column,
            _(
                "%(period)s is more than 12 months before the earliest value there is, of"
                " %(earliest)s. If it is right, say so below and save again."
            )
            % {"period": rules.label(period), "earliest": earliest},
        )

    def _ask_about_unusual_values(self, value: float, period: Period) -> None:
        """A slip of the decimal sign is asked about, as grid and import do."""
        about = self.about
        if about is None or about.subject is None or about.period != period:
            return
        existing = about.existing
        if existing is not None and existing.value == value:
            return
        pair = (about.metric.pk, about.subject.pk)
        question = unusual(value, past_values([pair]).of(*pair, period.start))
        text = number_text(value)
        if question is None:
            return
        if self.cleaned_data.get("is_unusual") and self.cleaned_data.get("questioned") == text:
            return
        self.asks_about_value = True
        # Shown anew, so that an earlier yes is not taken for this value.
        typed = {name: self.data.get(name) for name in self.data}
        self.data = {**typed, "questioned": text, "is_unusual": ""}
        self.add_error(
            "value",
            _("%(question)s If it is right, say so below and save again.")
            % {"question": question.sentence},
        )


class NoValueForm(forms.Form):
    """Why a period has no value."""

    reason = forms.CharField(
        label=_("Why is there none?"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why there is no value; the reason is kept.")},
        help_text=_("It stays missing in the scores, and is asked for no longer."),
    )


class TakeBackForm(forms.Form):
    """Why values that were said not to exist are expected again."""

    why = forms.CharField(
        label=_("Why again?"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why the value is expected again; the reason is kept.")},
        help_text=_("It is kept beside what was said."),
    )


class ProposalForm(forms.Form):
    """Why, and in which months, a metric does not apply to a subject."""

    reason = forms.CharField(
        label=_("Why does it not apply?"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why it does not apply; the reason is kept.")},
        help_text=_("A PMO lead grants or refuses it. Until then its values are missing."),
    )
    from_month = MonthFormField(
        label=_("From"), required=False, help_text=_("Blank: it never applied.")
    )
    until_month = MonthFormField(
        label=_("Until"), required=False, help_text=_("Blank: from now on, without an end.")
    )


class RejectForm(forms.Form):
    """Why values are sent back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why; the analyst reads it.")},
    )


class RestoreForm(forms.Form):
    """An old value, put back with a note."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It stood beside the old value. Add why it is restored, if that helps."),
    )


class ReopenForm(forms.Form):
    """Why a closed month is opened again."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the month is reopened; the reason is kept.")},
        help_text=_("It is kept with the month, for everybody to read."),
    )


def _metric_choices(desk: Desk, kind: str) -> Choices:
    """The person's metrics, by category."""
    metrics = [metric for metric in desk.metrics_to_enter() if kind in ("", metric.subject_kind)]
    groups: Choices = [("", _("Choose…"))]
    for category in Category:
        of_category = [metric for metric in metrics if metric.category == category]
        if of_category:
            groups.append((category.label, [_named(metric) for metric in of_category]))
    return groups


def _named(metric: MetricDefinition) -> tuple[str, str]:
    return metric.code, metric.name


def _subject_choices(subjects: Sequence[SubjectChoice]) -> Choices:
    return [(row.code, f"{row.name} ({row.code})") for row in subjects]


def _period_choices(about: AboutValue | None) -> Choices:
    choices: Choices = [("", _("Choose…"))]
    if about is None:
        return choices
    for offered in about.periods:
        words = offered.label
        if offered.value is not None:
            words += f": {value_text(offered.value, about.metric.unit, about.decimals)}"
        elif not offered.has_ended:
            words += f" ({_('not over yet')})"
        choices.append((offered.label, words))
    return choices


def _value_help(about: AboutValue) -> str:
    unit = about.metric.unit
    sign = _("a decimal comma") if decimal_sign() == "," else _("a decimal point")
    with_sign = _("With %(sign)s.") % {"sign": sign}
    return _("In %(unit)s, with %(sign)s.") % {"unit": unit, "sign": sign} if unit else with_sign
