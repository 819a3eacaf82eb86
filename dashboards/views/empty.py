"""What a page says while there is nothing to show."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.access import KEEP_DEFINITIONS
from metrics.models import Measurement, MetricDefinition, Scorecard
from projects.models import Organisation, Portfolio, Project, Segment, Subject

STEPS: tuple[tuple[type[Model], Promise, Promise], ...] = (
    (Organisation, _("The organisation"), _("Whose score stands above all others.")),
    (Segment, _("Segments"), _("The customers that the work is for, and what they are promised.")),
    (Portfolio, _("Portfolios"), _("What projects are steered in; they can lie in each other.")),
    (Project, _("Projects"), _("Each with the segments that it serves.")),
    (
        MetricDefinition,
        _("Metrics"),
        _("What is measured, how often, and the curve that turns a value into a score."),
    ),
    (
        Scorecard,
        _("Scorecards"),
        _("Which metrics count for whom, how much, and from where on a score is green."),
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that must be there before there can be scores."""

    name: Promise
    about: Promise
    is_done: bool
    url: str
    """Where to add one; empty for those who may not."""


def nothing_yet(request: HttpRequest) -> HttpResponse:
    """No measurement yet: say what to create first, and in which order."""
    steps = [
        Step(name, about, model._default_manager.exists(), _add_url(request, model))
        for model, name, about in STEPS
    ]
    return render(
        request,
        "dashboards/nothing_yet.html",
        {
            "steps": steps,
            "next_step": next((step for step in steps if not step.is_done), None),
            "may_create": any(step.url for step in steps),
            "has_values": Measurement.objects.exists(),
        },
    )


BEGINNINGS: dict[type[Model], str] = {MetricDefinition: "metric_catalogue"}
"""Pages of the portal where keepers of definitions begin; the rest is made on the admin site."""


def _add_url(request: HttpRequest, model: type[Model]) -> str:
    if model in BEGINNINGS or issubclass(model, Subject):
        if not request.user.has_perm(KEEP_DEFINITIONS):
            return ""
        if issubclass(model, Subject):
            return reverse("subject_new", args=[model.KIND])
        return reverse(BEGINNINGS[model])
    app, name = model._meta.app_label, model._meta.model_name
    may_add = admin.site.has_permission(request) and request.user.has_perm(f"{app}.add_{name}")
    if not may_add or not admin.site.is_registered(model):
        return ""
    return reverse(f"admin:{app}_{name}_add")
