"""Every table about subjects is read through a manager that narrows it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from projects.models import Subject
from projects.querysets import SeenManager

WHOLE: dict[str, str] = {
    "projects.portfoliolimit": "only its own operations and the admin site read it",
    "metrics.metricassignment": "whose a metric is counts whole; no page tells a hidden scope",
    "metrics.rescoreneed": "what waits to be scored counts whole, and is shown as yes or no",
    "dashboards.subscription": "one's own, by dashboards.selectors.personal",
}
"""Models that point at subjects and are read whole, and why that tells nothing."""


def about_subjects() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if not model.__name__.startswith("Historical") and points_at_a_subject(model)
    ]


def points_at_a_subject(model: type[models.Model]) -> bool:
    if issubclass(model, Subject):
        return True
    return any(
        isinstance(field.related_model, type) and issubclass(field.related_model, Subject)
        for field in model._meta.concrete_fields
        if field.is_relation
    )


@pytest.mark.parametrize("model", about_subjects(), ids=lambda model: model._meta.label_lower)
def test_a_model_about_subjects_is_narrowed(model: type[models.Model]) -> None:
    is_narrowed = isinstance(model._default_manager, SeenManager)
    assert is_narrowed != (model._meta.label_lower in WHOLE)
    assert not any(
        isinstance(manager, models.Manager) and not isinstance(manager, SeenManager)
        for manager in model._meta.managers
        if is_narrowed
    )


def test_there_is_something_to_look_at() -> None:
    labels = {model._meta.label_lower for model in about_subjects()}
    assert {"metrics.score", "metrics.measurement", "projects.engagement"} <= labels
    assert set(WHOLE) <= labels
