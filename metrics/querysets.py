"""Row filters of scores and months that pages, operations and commands share."""

from __future__ import annotations

from typing import Self

from django.db import models

from projects.months import Month
from projects.querysets import SeenManager


class ScoreQuerySet(models.QuerySet):
    """Scores of subjects and months."""

    def in_month(self, month: Month) -> Self:
        return self.filter(month=month)


class SeenScores(SeenManager.from_queryset(ScoreQuerySet)):  # type: ignore[misc]  # made here
    """Scores of subjects that the person sees."""


class MonthClosingQuerySet(models.QuerySet):
    """Closings of months, ended ones among them."""

    def in_force(self) -> Self:
        return self.filter(reopened_at=None)
