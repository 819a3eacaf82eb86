"""Forms of definitions; what a definition obeys is said by its model alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from dashboards.form_fields import search_field
from dashboards.views.metrics.curve_form import CurveField
from metrics.choices import Cadence, Category
from metrics.models import CurveOverride, Exemption, MetricDefinition
from projects.choices import SubjectKind
from projects.fields import MonthFormField
from projects.models import Subject
from projects.months import BEGINNING


class TypedForm(forms.ModelForm):
    """A form that can also be shown as somebody left it, without being asked if it is right."""

    @classmethod
    def as_typed(cls, data: QueryDict, **kwargs: Any) -> Any:
        form = cls(**kwargs)
        for name, field in form.fields.items():
            form.initial[name] = field.widget.value_from_datadict(data, {}, name)
        return form


class MetricForm(TypedForm):
    """A metric, in the groups in which one thinks about it."""

    curve = CurveField(label=_("Curve"), required=False)

    GROUPS = (
        (_("What it is"), ("name", "code", "question", "description", "source", "owner_role")),
        (
            _("Where it belongs"),
            ("subject_kind", "category", "dimension", "perspective", "timing"),
        ),
        (
            _("How it is measured"),
            ("unit", "decimals", "cadence", "time_aggregation"),
        ),
        (
            _("When it is due, and how long it counts"),
            ("due_days", "grace_months", "active_from", "active_until"),
        ),
        (_("What is asked of whoever enters it"), ("asks_why_red", "needs_approval")),
    )

    class Meta:
        model = MetricDefinition
        fields = (
            "name",
            "code",
            "question",
            "description",
            "source",
            "owner_role",
            "subject_kind",
            "category",
            "dimension",
            "perspective",
            "timing",
            "unit",
            "decimals",
            "cadence",
            "time_aggregation",
            "due_days",
            "grace_months",
            "active_from",
            "active_until",
            "asks_why_red",
            "needs_approval",
            "formula",
            "curve",
        )
        labels = {
            "owner_role": _("Who answers for it"),
            "time_aggregation": _("Several values in one month"),
            "due_days": _("Due, in days after the period's end"),
            "grace_months": _("Grace, in months"),
            "asks_why_red": _("Asks why a value is red"),
            "needs_approval": _("Values need approval"),
            "active_from": _("Expected from"),
            "active_until": _("Expected until"),
            "timing": _("Leading or lagging"),
        }
        help_texts = {
            "name": _("As people call it, short enough for a table."),
            "code": _(
                "Its name in formulas and files: letters, digits and _, such as fix_days. It should"
                " not change later."
            ),
            "question": _(
                "The customer's or colleague's question that it answers, in their words."
            ),
            "description": _("What is counted, what is left out, and how it is worked out."),
            "source": _("Where the numbers come from."),
            "owner_role": _("A role, such as Test manager."),
            "subject_kind": _("Each of these gets its own value."),
            "category": _("The side of success it speaks for."),
            "dimension": _("What it is about."),
            "perspective": _("Whose question it answers."),
            "timing": _("Whether it warns early (leading) or tells the outcome (lagging)."),
            "unit": _("Such as days, % or EUR; blank for a plain number."),
            "decimals": _("How many are shown; blank shows as many as the values have."),
            "cadence": _("How often there is a new value."),
            "time_aggregation": _(
                "Only daily and weekly metrics have several in one month: which of them, or what of"
                " them, counts."
            ),
            "due_days": _("After these days a value that has not come is overdue."),
            "grace_months": _(
                "How long an old value still counts, fading, when no newer one comes; 0 = not at"
                " all."
            ),
            "active_from": _("First month; blank = always."),
            "active_until": _("Last month; blank = open."),
            "asks_why_red": _(
                "Whoever enters a value that comes out red must add a sentence of explanation."
            ),
            "needs_approval": _("A value counts once somebody else has approved it."),
            "formula": _(
                "Computes the value from other metrics of the same subject: numbers, metric codes,"
                " + - * /, parentheses, min, max and abs. Blank = the values are entered."
            ),
        }
        widgets = {
            "question": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 3}),
            "source": forms.Textarea(attrs={"rows": 1}),
            "formula": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "decimals": forms.NumberInput(attrs={"min": 0}),
        }

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    def clean_formula(self) -> str:
        # A line break is a blank to a person and no part of a formula.
        return " ".join(self.cleaned_data["formula"].split())


class AgreementForm(TypedForm):
    """What is agreed about a metric and one subject."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        subject = self.fields["subject"]
        assert isinstance(subject, forms.ModelChoiceField)
        subject.queryset = Subject.objects.filter(kind=self.instance.metric.subject_kind).order_by(
            "name", "code"
        )
        subject.empty_label = _now("Choose…")


class OverrideForm(AgreementForm):
    curve = CurveField(label=_("Curve"))

    class Meta:
        model = CurveOverride
        fields = ("subject", "from_month", "curve")
        labels = {"subject": _("Of whom"), "from_month": _("From month")}
        help_texts = {
            "from_month": _(
                "From this month on the curve below judges its values, until a later override."
            )
        }


class ExemptionForm(AgreementForm):
    from_month = MonthFormField(
        label=_("From month"), required=False, help_text=_("Blank = from the beginning.")
    )

    class Meta:
        model = Exemption
        fields = ("subject", "from_month", "until_month", "reason")
        labels = {
            "subject": _("Of whom"),
            "until_month": _("Until month"),
            "reason": _("Why it does not apply"),
        }
        help_texts = {
            "until_month": _("The last month in which it does not apply; blank = open."),
        }
        widgets = {"reason": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("from_month") == BEGINNING:
            self.initial["from_month"] = None

    def clean_from_month(self) -> int:
        month = self.cleaned_data["from_month"]
        return BEGINNING if month is None else month


class MetricFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = search_field(_("Name, code, question or owner"))
    category = forms.ChoiceField(
        label=_("Category"), required=False, choices=[("", _("All categories")), *Category.choices]
    )
    kind = forms.ChoiceField(
        label=_("Measured of"), required=False, choices=[("", _("All")), *SubjectKind.choices]
    )
    cadence = forms.ChoiceField(
        label=_("Cadence"), required=False, choices=[("", _("All cadences")), *Cadence.choices]
    )
    standing = forms.ChoiceField(
        label=_("Use"),
        required=False,
        choices=[
            ("", _("All")),
            ("scored", _("On a scorecard")),
            ("unused", _("On no scorecard")),
            ("computed", _("Computed")),
        ],
    )
