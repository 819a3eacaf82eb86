"""Row filters of scores and months that pages, operations and commands share."""

from __future__ import annotations

from typing import Self

from django.db import models

from projects.months import Month
from projects.querysets import Row_co, SeenManager


class ScoreQuerySet(models.QuerySet):
    """Scores of subjects and months."""

    def in_month(self, month: Month) -> Self:
        return self.filter(month=month)


class SeenScores(SeenManager[Row_co]):
    """Scores of subjects that the person sees; the filters are those of `ScoreQuerySet`."""

    _queryset_class = ScoreQuerySet

    def in_month(self, month: Month) -> ScoreQuerySet:
        return ScoreQuerySet.in_month(self.get_queryset(), month)  # type: ignore[arg-type]


class MonthClosingQuerySet(models.QuerySet):
    """Closings of months, ended ones among them."""

    def in_force(self) -> Self:
        return self.filter(reopened_at=None)
