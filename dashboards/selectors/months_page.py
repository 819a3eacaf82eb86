"""Score months: which are closed, how they were scored, and what was reported of a reopened one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q

from dashboards.selectors.months import current_month
from dashboards.selectors.scores import MEASURES, Mark, marks_of
from metrics.choices import Band
from metrics.closed_months import ClosedMonths
from metrics.models import MonthClosing, ReportedScore, RescoreNeed, Score, ScoreColumns
from metrics.operations.months import first_month_to_close
from projects.choices import SubjectKind
from projects.months import Month, month_range
