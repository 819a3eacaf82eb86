"""The change of a stored overall score, told by categories."""

from __future__ import annotations

import pytest

from dashboards.selectors.bridges import overall_change
from metrics.choices import Category
from tests.dashboards.reading import FEBRUARY, keep_score
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def test_a_kind_whose_scorecard_is_gone_has_scores_and_no_bridge() -> None:
    project = ProjectFactory()
    before, now = keep_score(project, 60.0, FEBRUARY), keep_score(project, 70.0)

    assert overall_change(before, now, dict.fromkeys(Category.values, 0.0)) is None
    told = overall_change(before, now, dict.fromkeys(Category.values, 1.0))
    assert told is not None
    assert told.total == pytest.approx(10.0)
