"""What is asked when a project is closed or cancelled: how measuring goes on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.selectors.months import current_month
from metrics.models import MetricDefinition
from metrics.operations.projects import ProjectEnd, delivery_metrics
from projects.choices import SubjectKind
from projects.fields import MonthFormField
from projects.models import Project
from projects.months import Month

STOP, GO_ON = "stop", "go_on"
PREFIX = "end"

MEASURING: list[tuple[str, str | Promise]] = [
    (STOP, gettext_lazy("Stop measuring: after its last month it counts for nothing.")),
    (
        GO_ON,
        gettext_lazy(
            "Go on for its benefits: what customers gain is still measured, how it was delivered is"
            " not."
        ),
    ),
]


class MetricChoices(forms.ModelMultipleChoiceField):
    """Metrics to tick, with what they are measured of."""

    def label_from_instance(self, metric: Any) -> str:
        if metric.subject_kind == SubjectKind.ENGAGEMENT:
            return _("%(metric)s, of its work for each segment") % {"metric": metric.name}
        return str(metric.name)


class EndForm(forms.Form):
    """Stop, or go on without the delivery metrics."""

    measuring = forms.ChoiceField(
        label=gettext_lazy("How does measuring go on?"),
        choices=MEASURING,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose: stop measuring, or go on for its benefits.")
        },
    )
    last_month = MonthFormField(
        label=gettext_lazy("Last month of delivery"),
        help_text=gettext_lazy(
            "Measured until this month if measuring stops; if it goes on, the metrics below no"
            " longer apply after it."
        ),
        error_messages={"required": gettext_lazy("Say which month was its last.")},
    )
    exempt = MetricChoices(
        MetricDefinition.objects.none(),
        label=gettext_lazy("Delivery metrics that no longer apply if measuring goes on"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Kept as exemptions. Untick what is to be expected of the project all the same."
        ),
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        asked = data is not None and f"{PREFIX}-last_month" in data
        super().__init__(data if asked else None, prefix=PREFIX)
        metrics = delivery_metrics(project)
        self.initial["last_month"] = _last_month(project)
        self.initial["exempt"] = metrics
        field = self.fields["exempt"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = MetricDefinition.objects.filter(
            pk__in=[metric.pk for metric in metrics]
        ).order_by("-subject_kind", "name", "code")
        if not metrics:
            del self.fields["exempt"]

    @property
    def end(self) -> ProjectEnd:
        """What was answered."""
        answers = self.cleaned_data
        return ProjectEnd(
            answers["last_month"],
            answers["measuring"] == GO_ON,
            tuple(answers.get("exempt") or ()),
        )

    def add_refusal(self, refusal: ValidationError) -> bool:
        """Whether the refusal is about what was answered here."""
        told: list[ValidationError] = getattr(refusal, "error_list", [])
        spoken = [error for error in told if error.code == "span"]
        for error in spoken:
            self.add_error("last_month", error)
        return bool(spoken)


def _last_month(project: Project) -> Month:
    """What the form says of its end, as far as that is past; else the running month."""
    running = current_month()
    told = project.active_until or (Month.of(project.end_on) if project.end_on else running)
    return Month(min(told, running))
