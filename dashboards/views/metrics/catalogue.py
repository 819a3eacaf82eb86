"""Ready-made metrics to start from: look at them, tick some, copy them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.form_fields import search_field
from dashboards.presentation.counts import READY_MADE, count_text
from dashboards.presentation.icons import CATEGORY_ICONS
from dashboards.views.keeping.steps import person
from dashboards.views.metrics.editing import crumbs_of
from metrics.catalogue import CATALOGUE, ReadyMade
from metrics.choices import Cadence, Category, Dimension, Perspective
from metrics.models import MetricDefinition
from metrics.operations.catalogue import copy_from_catalogue, inputs_in
from projects.choices import SubjectKind


class CatalogueFilterForm(forms.Form):
    q = search_field(_("Name or question"))
    category = forms.ChoiceField(
        label=_("Category"), required=False, choices=[("", _("All categories")), *Category.choices]
    )
    kind = forms.ChoiceField(
        label=_("Measured of"), required=False, choices=[("", _("All")), *SubjectKind.choices]
    )
    perspective = forms.ChoiceField(
        label=_("Whose question"), required=False, choices=[("", _("All")), *Perspective.choices]
    )


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """A ready-made metric as the page shows it."""

    entry: ReadyMade
    is_chosen: bool
    is_taken: bool
    """A metric of this code is there already, so that the copy gets a number."""

    @property
    def kind(self) -> str:
        return str(SubjectKind(self.entry.subject_kind).label)

    @property
    def cadence(self) -> str:
        return str(Cadence(self.entry.cadence).label)

    @property
    def dimension(self) -> str:
        return str(Dimension(self.entry.dimension).label)

    @property
    def perspective(self) -> str:
        return str(Perspective(self.entry.perspective).label)

    @property
    def inputs(self) -> list[ReadyMade]:
        return [CATALOGUE[code] for code in inputs_in(self.entry)]

    @property
    def input_names(self) -> str:
        return ", ".join(entry.name for entry in self.inputs)


@dataclass(frozen=True, slots=True)
class ShownCategory:
    label: str
    icon: str
    entries: tuple[ShownEntry, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def metric_catalogue(request: HttpRequest) -> HttpResponse:
    """Browse by category; what is ticked is copied, all of it or nothing."""
    form = CatalogueFilterForm(request.GET)
    form.is_valid()
    chosen = request.POST.getlist("code")
    refusals: list[str] = []
    if request.method == "POST":
        try:
            copied = copy_from_catalogue(chosen, by=person(request))
        except ValidationError as refusal:
            refusals = refusal.messages
        else:
            kinds = {metric.subject_kind for metric in copied.metrics}
            return render(
                request,
                "dashboards/catalogue_copied.html",
                {"copied": copied, "kinds": sorted(kinds), "crumbs": crumbs_of(None)},
            )
    entries = [entry for entry in CATALOGUE.values() if _passes(entry, form.cleaned_data)]
    return render(
        request,
        "dashboards/metric_catalogue.html",
        {
            "form": form,
            "count": count_text(len(entries), READY_MADE),
            "categories": _by_category(entries, chosen),
            "refusals": refusals,
            "crumbs": crumbs_of(None),
            "query": _query(request.GET),
        },
        status=422 if refusals else 200,
    )


def _passes(entry: ReadyMade, wanted: dict[str, Any]) -> bool:
    told = f"{entry.code} {entry.name} {entry.question} {entry.description}".lower()
    return (
        all(word in told for word in wanted.get("q", "").lower().split())
        and wanted.get("category", "") in ("", entry.category)
        and wanted.get("kind", "") in ("", entry.subject_kind)
        and wanted.get("perspective", "") in ("", entry.perspective)
    )


def _by_category(entries: Iterable[ReadyMade], chosen: list[str]) -> list[ShownCategory]:
    taken = set(MetricDefinition.objects.values_list("code", flat=True))
    shown = [ShownEntry(entry, entry.code in chosen, entry.code in taken) for entry in entries]
    return [
        ShownCategory(
            str(category.label),
            CATEGORY_ICONS[category],
            tuple(row for row in shown if row.entry.category == category),
        )
        for category in Category
        if any(row.entry.category == category for row in shown)
    ]


def _query(data: QueryDict) -> str:
    return f"?{data.urlencode()}" if data else ""
