"""The forms of importing: choosing a file, and saying how it is read and what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.form_fields import Choices
from metrics.importing.archives import size_text
from metrics.importing.files import FileKind, Received
from metrics.importing.matching import Matcher
from metrics.importing.names import Names
from metrics.importing.periods import PeriodReader
from metrics.importing.plans import DateOrder, Mapping, Reading, Shape
from metrics.importing.tables import DELIMITERS, ENCODINGS
from projects.validation import quoted

ACROSS, METRIC_NAME, SUBJECT_NAME = "across-", "metric-name-", "subject-name-"
SUBJECT_TYPED = "subject-typed-"
"""Beginnings of the fields that there is one of for each column, and for each unknown name."""
LEAVE_OUT = "-"
"""What a select of an unknown name says for: leave its rows out."""

SUBJECTS_IN_A_LIST = 150

SHAPES: Choices = [
    (Shape.LONG.value, _("One row for each value")),
    (Shape.WIDE_PERIODS.value, _("One column for each period")),
    (Shape.WIDE_METRICS.value, _("One column for each metric")),
    (Shape.WIDE_SUBJECTS.value, _("One column for each subject")),
]
DATE_ORDERS: Choices = [
    (DateOrder.DAY_FIRST.value, _("Day first: 31/03/2026")),
    (DateOrder.MONTH_FIRST.value, _("Month first: 03/31/2026")),
    (DateOrder.YEAR_FIRST.value, _("Year first: 26/03/31")),
]
DECIMAL_SIGNS: Choices = [(".", _("Point: 1,234.5")), (",", _("Comma: 1.234,5"))]
CHOOSE = ("", _("Choose…"))


class UploadForm(forms.Form):
    """The file to import."""

    file = forms.FileField(
        label=_("File"),
        error_messages={
            "required": _("Choose a file to import."),
            "empty": _("The file is empty; there is nothing to import."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        largest = settings.IMPORT_MAX_BYTES
        self.fields["file"].widget.attrs |= {
            "data-largest": largest,
            "data-too-large": _(
                "{name} has {size} MB and the largest that is taken {largest} MB; send it in parts."
            ),
        }
        self.fields["file"].help_text = _(
            "CSV (text) or XLSX (Excel, LibreOffice), up to %(size)s."
        ) % {"size": size_text(largest)}


class ReadingForm(forms.Form):
    """From bytes to a table."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    encoding = forms.ChoiceField(
        label=_("Encoding"), choices=list(ENCODINGS.items()), required=False
    )
    delimiter = forms.ChoiceField(
        label=_("Cells are separated by"), choices=list(DELIMITERS.items()), required=False
    )
    header_row = forms.IntegerField(
        label=_("Row of the column heads"),
        min_value=1,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": _("Say in which row the column heads are.")},
    )
    decimal_sign = forms.ChoiceField(
        label=_("Decimal sign"),
        choices=DECIMAL_SIGNS,
        error_messages={
            "required": _("Say which sign stands before decimals; the numbers allow both.")
        },
    )
    date_order = forms.ChoiceField(
        label=_("Dates"),
        choices=DATE_ORDERS,
        error_messages={
            "required": _("Say which part of a date comes first; the dates allow several.")
        },
    )
    is_turned = forms.BooleanField(
        label=_("The table is on its side: its rows are columns"), required=False
    )

    def __init__(
        self,
        *args: Any,
        received: Received,
        reasons: MappingType[str, str],
        unsure: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if received.kind == FileKind.XLSX:
            del self.fields["encoding"], self.fields["delimiter"]
            self._choices("sheet").choices = [
                (sheet.name, f"{sheet.name} ({_('hidden')})" if sheet.is_hidden else sheet.name)
                for sheet in received.sheets
            ]
        else:
            del self.fields["sheet"]
        for name in unsure:
            field = self._choices(name)
            field.choices = [CHOOSE, *(DECIMAL_SIGNS if name == "decimal_sign" else DATE_ORDERS)]
        for name, reason in reasons.items():
            if name in self.fields:
                self.fields[name].help_text = reason

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field


class MappingForm(forms.Form):
    """What the columns mean; what no column tells is the same for the whole file."""

    shape = forms.ChoiceField(label=_("How the values lie"), choices=SHAPES)
    metric_column = forms.TypedChoiceField(label=_("Metric"), required=False)
    fixed_metric = forms.CharField(label=_("Metric of all values"), required=False)
    subject_column = forms.TypedChoiceField(label=_("Of whom"), required=False)
    fixed_subject = forms.CharField(label=_("Subject of all values"), required=False)
    period_column = forms.TypedChoiceField(label=_("Period"), required=False)
    fixed_period = forms.CharField(label=_("Period of all values"), required=False)
    value_column = forms.TypedChoiceField(label=_("Value"), required=False)
    note_column = forms.TypedChoiceField(label=_("Note"), required=False)
    money_in_unit = forms.BooleanField(
        label=_("Amounts such as £2,013.02 are in the metric's unit (millions, thousands)"),
        required=False,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        header: Sequence[str],
        names: Names,
        mapping: Mapping,
        reasons: MappingType[str, str],
        asks_about_money: bool,
    ) -> None:
        """Only the fields that make sense for the mapping's shape; `mapping` also fills them."""
        initial = {
            name: "" if value is None else value
            for name, value in mapping.as_plain().items()
            if name in self.base_fields
        }
        super().__init__(data, initial=initial)
        self.header = header
        self.mapping = mapping
        self.names = names
        self.subjects = Matcher((row.code, row.name) for row in names.subjects)
        self._offer_columns()
        self._offer_names(names)
        if mapping.shape != Shape.LONG:
            self.fields["note_column"].help_text = _(
                "Stands at every value of its row: why a value is red, for instance. Where it is"
                " blank, notes stay as they are."
            )
        for name in _not_asked(mapping, asks_about_money=asks_about_money):
            del self.fields[name]
        for name, reason in reasons.items():
            if name in self.fields:
                self.fields[name].help_text = reason

    def _offer_columns(self) -> None:
        columns: Choices = [
            (str(place), f"{place + 1}. {head[:60]}" if head else f"{place + 1}.")
            for place, head in enumerate(self.header)
        ]
        whole = _("The same for the whole file")
        for name, blank in (
            ("metric_column", whole),
            ("subject_column", whole),
            ("period_column", whole),
            ("value_column", CHOOSE[1]),
            ("note_column", _("None")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = [("", blank), *columns]
            field.coerce = int
            field.empty_value = None

    def _offer_names(self, names: Names) -> None:
        metrics: Choices = [(row.code, f"{row.name} ({row.code})") for row in names.metrics]
        self.fields["fixed_metric"].widget = forms.Select(choices=[CHOOSE, *metrics])
        if len(names.subjects) <= SUBJECTS_IN_A_LIST:
            subjects: Choices = [(row.code, f"{row.name} ({row.code})") for row in names.subjects]
            self.fields["fixed_subject"].widget = forms.Select(choices=[CHOOSE, *subjects])
        else:
            self.fields["fixed_subject"].widget = forms.TextInput(
                attrs={"list": "all-subjects", "autocomplete": "off"}
            )
            self.fields["fixed_subject"].help_text = _("Type its code or its name.")
        self.fields["fixed_period"].help_text = _("Such as 2026-03, 2026-Q1 or 2026.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for part, column, sentence in (
            ("metric", "metric_column", _("Choose the metric, or the column that tells it.")),
            ("subject", "subject_column", _("Choose the subject, or the column that tells it.")),
            ("period", "period_column", _("Type the period, or choose the column that tells it.")),
        ):
            fixed = f"fixed_{part}"
            is_asked = column in self.fields
            if is_asked and cleaned.get(column) is None and not cleaned.get(fixed, "").strip():
                self.add_error(fixed if fixed in self.fields else column, sentence)
        if "value_column" in self.fields and cleaned.get("value_column") is None:
            self.add_error("value_column", _("Choose the column of the values."))
        self._refuse_unknown(cleaned)
        if self.mapping.shape != Shape.LONG and not self.mapping.across:
            self.add_error("shape", _NO_COLUMNS[self.mapping.shape])
        self._refuse_column_twice(cleaned)
        return cleaned

    def _refuse_unknown(self, cleaned: MappingType[str, Any]) -> None:
        metric, subject = cleaned.get("fixed_metric"), cleaned.get("fixed_subject")
        if metric and metric not in {row.code for row in self.names.metrics}:
            self.add_error("fixed_metric", _("There is no such metric; choose one of the list."))
        if subject and self.subjects.certain(subject) is None:
            self.add_error("fixed_subject", no_such_subject(subject))
        period = cleaned.get("fixed_period")
        if period and not PeriodReader(DateOrder.DAY_FIRST).is_period(period):
            self.add_error(
                "fixed_period", _("This is no period; write it like 2026-03, 2026-Q1 or 2026.")
            )

    def _refuse_column_twice(self, cleaned: MappingType[str, Any]) -> None:
        """A column means one thing."""
        taken: dict[int, str] = dict.fromkeys(self.mapping.across, "")
        for name in (
            "metric_column",
            "subject_column",
            "period_column",
            "value_column",
            "note_column",
        ):
            column = cleaned.get(name)
            if column is None:
                continue
            if column in taken:
                self.add_error(name, _("This column has another meaning already."))
            taken[column] = name


_NO_COLUMNS = {
    Shape.WIDE_PERIODS: _(
        "No column head is a period; look at the row of the column heads, or choose another shape."
    ),
    Shape.WIDE_METRICS: _("Choose the metric of at least one column."),
    Shape.WIDE_SUBJECTS: _("Choose the subject of at least one column."),
}


def _not_asked(mapping: Mapping, *, asks_about_money: bool) -> list[str]:
    """Fields that make no sense: of parts that columns tell."""
    left_out = {
        Shape.LONG: [],
        Shape.WIDE_PERIODS: ["period_column", "fixed_period", "value_column"],
        Shape.WIDE_METRICS: ["metric_column", "fixed_metric", "value_column"],
        Shape.WIDE_SUBJECTS: ["subject_column", "fixed_subject", "value_column"],
    }[mapping.shape]
    for part, column in (
        ("metric", mapping.metric_column),
        ("subject", mapping.subject_column),
        ("period", mapping.period_column),
    ):
        if column is not None and f"fixed_{part}" not in left_out:
            left_out = [*left_out, f"fixed_{part}"]
    return left_out if asks_about_money else [*left_out, "money_in_unit"]


def posted_reading(data: MappingType[str, str], guessed: Reading) -> Reading:
    """The reading as far as what was posted makes sense; the rest as guessed."""

    def one_of(name: str, known: Sequence[str], otherwise: str) -> str:
        value = data.get(name, "")
        return value if value in known else otherwise

    header_row = data.get("header_row", "")
    is_row = header_row.isdecimal() and 1 <= int(header_row[:8]) <= 1_000_000
    orders = [order.value for order in DateOrder]
    return replace(
        guessed,
        sheet=data.get("sheet", guessed.sheet),
        encoding=one_of("encoding", list(ENCODINGS), guessed.encoding),
        delimiter=one_of("delimiter", list(DELIMITERS), guessed.delimiter),
        header_row=int(header_row) if is_row else guessed.header_row,
        decimal_sign=one_of("decimal_sign", [".", ","], guessed.decimal_sign),
        date_order=DateOrder(one_of("date_order", orders, guessed.date_order)),
        is_turned="is_turned" in data,
    )


def posted_mapping(
    data: MappingType[str, str], shape: Shape, width: int, periods: dict[int, str]
) -> Mapping:
    """The mapping as far as what was posted makes sense."""

    def column(name: str) -> int | None:
        text = data.get(name, "")
        return int(text) if text.isdecimal() and int(text[:6]) < width else None

    def fixed(part: str) -> str:
        return "" if column(f"{part}_column") is not None else data.get(f"fixed_{part}", "").strip()

    across = periods
    if shape in (Shape.WIDE_METRICS, Shape.WIDE_SUBJECTS):
        across = {
            place: data[f"{ACROSS}{place}"].strip()
            for place in range(width)
            if data.get(f"{ACROSS}{place}", "").strip()
        }
    return Mapping(
        shape,
        metric_column=column("metric_column") if shape != Shape.WIDE_METRICS else None,
        subject_column=column("subject_column") if shape != Shape.WIDE_SUBJECTS else None,
        period_column=column("period_column") if shape != Shape.WIDE_PERIODS else None,
        value_column=column("value_column") if shape == Shape.LONG else None,
        note_column=column("note_column"),
        fixed_metric=fixed("metric"),
        fixed_subject=fixed("subject"),
        fixed_period=fixed("period"),
        money_in_unit="money_in_unit" in data,
        across={} if shape == Shape.LONG else across,
        metric_names=_chosen(data, METRIC_NAME),
        subject_names=_chosen(data, SUBJECT_NAME),
    )


@dataclass(frozen=True, slots=True)
class TypedSubjects:
    """Subjects typed by code or name, where there are too many to choose from a list."""

    codes: dict[str, str]
    """A subject as the file calls it -> the code that was meant."""
    problems: dict[str, str]
    """A subject as the file calls it -> why what was typed is none."""


def typed_subjects(data: MappingType[str, str], names: Names) -> TypedSubjects:
    matcher = Matcher((row.code, row.name) for row in names.subjects)
    codes: dict[str, str] = {}
    problems: dict[str, str] = {}
    for field, text in data.items():
        if not field.startswith(SUBJECT_TYPED) or not text.strip():
            continue
        name = field.removeprefix(SUBJECT_TYPED)
        code = matcher.certain(text.strip())
        if code is None:
            problems[name] = no_such_subject(text.strip())
        else:
            codes[name] = code
    return TypedSubjects(codes, problems)


def no_such_subject(text: str) -> str:
    return gettext("No subject has the code or, alone, the name %(text)s; look for it again.") % {
        "text": quoted(text)
    }


def _chosen(data: MappingType[str, str], beginning: str) -> dict[str, str]:
    """What was chosen for unknown names; nothing chosen leaves them to the rules."""
    return {
        name.removeprefix(beginning): "" if data[name] == LEAVE_OUT else data[name]
        for name in data
        if name.startswith(beginning) and data[name]
    }
