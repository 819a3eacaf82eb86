"""One form for each kind of subject, its fields in the groups in which people think of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms.models import modelform_factory
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.selectors.months import current_month
from dashboards.views.keeping.fields import KeepingForm, form_field
from metrics.models import Scorecard, ScorecardAssignment
from projects.choices import ENDED_STAGES, SubjectKind
from projects.models import (
    Customer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)
from projects.naming import in_words
from projects.operations.recording import changed_fields
from projects.operations.subjects import COUNTING_FIELDS

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; `wide` ones take a whole line."""

    title: Text
    lead: Text
    names: tuple[str, ...]
    anchor: str = ""


SPAN = ("active_from", "since_ever", "active_until")
MEASURING = gettext_lazy("Measuring")
MEASURING_LEAD = gettext_lazy(
    "What decides which scores it flows into, and how much. The effect of a change is shown before"
    " it is saved."
)


def _measuring(*names: str) -> Group:
    return Group(MEASURING, MEASURING_LEAD, names, "measuring")


WHO = gettext_lazy("Who and where")
MONEY_LEAD = gettext_lazy(
    "Amounts in one currency; blank is unknown, not zero. Amounts of two currencies are never"
    " added."
)

GROUPS: Mapping[str, tuple[Group, ...]] = {
    SubjectKind.ORGANISATION: (
        Group(WHO, "", ("code", "name")),
        Group(
            gettext_lazy("Fiscal year"),
            gettext_lazy("It gives quarters and years their months, for every metric."),
            ("fiscal_year_starts_in",),
        ),
        _measuring(*SPAN, "scorecard"),
    ),
    SubjectKind.PORTFOLIO: (
        Group(WHO, "", ("code", "name", "parent", "description")),
        _measuring(*SPAN, "scorecard"),
    ),
    SubjectKind.PROJECT: (
        Group(WHO, "", ("code", "name", "portfolio", "stage", "sponsor", "lead", "description")),
        Group(
            gettext_lazy("What it is about"),
            gettext_lazy("The three questions that every project answers, in a sentence or two."),
            ("customer_experience", "relationship_effect", "revenue_effect"),
        ),
        Group(
            gettext_lazy("Dates and money"),
            MONEY_LEAD,
            (
                "start_on",
                "end_on",
                "baseline_end_on",
                "budget",
                "forecast_cost",
                "actual_cost",
                "currency",
            ),
        ),
        _measuring("weight", "scorecard", *SPAN),
    ),
    SubjectKind.SEGMENT: (
        Group(WHO, "", ("code", "name", "audience", "description")),
        Group(
            gettext_lazy("What we promise them"),
            gettext_lazy("Not the products we sell: the value that these customers get from us."),
            ("value_proposition",),
        ),
        Group(
            gettext_lazy("Size and money"),
            MONEY_LEAD,
            ("customer_count", "annual_revenue", "currency"),
        ),
        _measuring("weight", "scorecard", *SPAN),
    ),
    SubjectKind.CUSTOMER: (
        Group(WHO, "", ("code", "name", "segment")),
        Group(
            gettext_lazy("Dates and money"),
            MONEY_LEAD,
            ("since", "renewal_on", "annual_revenue", "currency"),
        ),
        _measuring("weight", "scorecard", *SPAN),
    ),
    SubjectKind.SERVICE: (
        Group(WHO, "", ("code", "name", "owner", "description")),
        Group(
            gettext_lazy("What it is worth to whom"),
            gettext_lazy("Why a customer takes it from us and from nobody else."),
            ("value_proposition",),
        ),
        _measuring(*SPAN, "scorecard"),
    ),
}
"""The kinds that are kept by hand. Engagements follow from the links."""

MODELS: Mapping[str, type[Subject]] = {
    SubjectKind.ORGANISATION: Organisation,
    SubjectKind.PORTFOLIO: Portfolio,
    SubjectKind.PROJECT: Project,
    SubjectKind.SEGMENT: Segment,
    SubjectKind.CUSTOMER: Customer,
    SubjectKind.SERVICE: Service,
}

HELP: Mapping[str, Text] = {
    "code": gettext_lazy(
        "Short and lasting: files and programs call it by this. Letters, digits, _, - and . only."
    ),
    "parent": gettext_lazy("Leave it blank for a portfolio that lies in no other."),
    "portfolio": gettext_lazy("Its scores flow into this portfolio and those above it."),
    "segment": gettext_lazy("Its scores flow into this segment."),
    "stage": gettext_lazy(
        "Closing or cancelling asks how measuring goes on, before anything is saved."
    ),
    "currency": gettext_lazy("Three capital letters, such as EUR."),
    "fiscal_year_starts_in": gettext_lazy("1 for January to 12 for December."),
    "baseline_end_on": gettext_lazy("What was promised at the start; it is not moved afterwards."),
    "customer_count": gettext_lazy("How many customers are in it, known by name or not."),
    "active_until": gettext_lazy("Its last month; blank while it goes on."),
    "since_ever": gettext_lazy(
        "On purpose only: then values are missed in every month back to the first one there is."
    ),
}
"""Words beside a field whose model has none."""

MEASURED_FROM_HELP = gettext_lazy(
    "The first month in which values are expected of it. Until they come, what it counts in is"
    " known less: an earlier month lowers the coverage of more months."
)


class SubjectForm(KeepingForm):
    """What all kinds have in common."""

    since_ever = forms.BooleanField(label=gettext_lazy("Since ever"), required=False)
    scorecard = forms.ModelChoiceField(
        Scorecard.objects.none(),
        label=gettext_lazy("Scorecard"),
        required=False,
        help_text=gettext_lazy("What is expected of it, and how much each part counts."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self.kind = SubjectKind(self.instance.KIND)
        self.before = None if self.is_new else copy.copy(self.instance)
        self.scorecard_before = self._own_scorecard()
        self.ends_project = False
        self.reopens_project = False
        self._offer_scorecards()
        for name, field in self.fields.items():
            field.help_text = field.help_text or str(HELP.get(name, ""))
        self.fields["active_from"].help_text = str(MEASURED_FROM_HELP)
        self.fields["active_until"].help_text = str(HELP["active_until"])
        if self.is_new and self.kind != SubjectKind.ORGANISATION:
            self.initial["active_from"] = current_month()
        else:
            self.initial["since_ever"] = self.instance.active_from is None
        self._ask_from_when()
        for name in ("portfolio", "parent", "segment"):
            if name in self.fields:
                self._offer_by_name(name)

    def _ask_from_when(self) -> None:
        """Blank on purpose only."""
        is_since_ever = self["since_ever"].value()
        field = self.fields["active_from"]
        field.required = not is_since_ever
        field.error_messages["required"] = _(
            "Say from which month on it is measured, such as %(month)s, or tick “Since ever”."
        ) % {"month": current_month()}

    def _own_scorecard(self) -> Scorecard | None:
        if self.is_new:
            return None
        own = ScorecardAssignment.objects.filter(subject=self.instance.pk)
        found = own.select_related("scorecard").first()
        return found.scorecard if found else None

    def _offer_scorecards(self) -> None:
        cards = Scorecard.objects.filter(subject_kind=self.kind).order_by("-is_default", "name")
        default = next((card for card in cards if card.is_default), None)
        field = self.fields["scorecard"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = cards
        blank = (
            _("The default: %(name)s") % {"name": default.name}
            if default
            else _("None: there is no default for this kind")
        )
        # The cards are read already; the field's own choices would ask for them once more.
        field.choices = [("", blank), *((card.pk, str(card)) for card in cards)]
        self.initial["scorecard"] = self.scorecard_before

    def _offer_by_name(self, name: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        choices: QuerySet[Model] | None = field.queryset
        assert choices is not None
        if name == "parent" and not self.is_new:
            choices = choices.exclude(pk=self.instance.pk)
        field.queryset = choices.order_by("name", "code")
        field.label = in_words(name).capitalize()
        field.empty_label = _("In no other") if name == "parent" else _("Choose…")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("since_ever"):
            cleaned["active_from"] = None
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        if not self.errors and isinstance(self.instance, Project):
            was_open = not isinstance(self.before, Project) or self.before.stage not in ENDED_STAGES
            self.ends_project = not self.is_new and was_open and self.instance.stage in ENDED_STAGES
            self.reopens_project = not was_open and self.instance.stage not in ENDED_STAGES

    @property
    def chosen_scorecard(self) -> Scorecard | None:
        """The scorecard that was chosen; None is the kind's default."""
        chosen: Scorecard | None = self.cleaned_data["scorecard"]
        return chosen

    @property
    def changed_names(self) -> frozenset[str]:
        """The fields that are to change, the scorecard among them."""
        changed = changed_fields(self.before, self.instance)
        card = self.chosen_scorecard != self.scorecard_before
        return changed | {"scorecard"} if card else changed

    @property
    def counts(self) -> bool:
        """Whether scores may move; all else is text."""
        return self.is_new or bool(self.changed_names & (COUNTING_FIELDS | {"scorecard"}))

    def add_refusal(self, refusal: ValidationError) -> None:
        moved = "active_until" in self.changed_names
        self.refusals_at = {"span": "active_until" if moved else "active_from"}
        super().add_refusal(refusal)

    def groups(self) -> list[tuple[Group, list[forms.BoundField]]]:
        return [(group, self.bound(*group.names)) for group in GROUPS[self.kind]]


def subject_form(kind: str) -> type[SubjectForm]:
    """The form for subjects of a kind."""
    model = MODELS[kind]
    asked = [name for group in GROUPS[kind] for name in group.names]
    names = [name for name in asked if name not in ("since_ever", "scorecard")]
    made: Any = modelform_factory(
        model, form=SubjectForm, fields=names, formfield_callback=form_field
    )
    form_class: type[SubjectForm] = made
    return form_class
