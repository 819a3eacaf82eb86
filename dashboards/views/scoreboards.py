"""From stored scores to tiles and trends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.figures import (
    CategoryTrends,
    Chart,
    EventMark,
    ScoreTrend,
    TrendPoint,
    category_trends_chart,
    score_trend_chart,
)
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.counts import CATEGORIES, count_text
from dashboards.presentation.icons import CATEGORY_ICONS
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import listed, percent_text
from dashboards.presentation.tiles import ScoreTile
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import category_weights, limits_of
from dashboards.selectors.scores import OVERALL, Mark, marks_of
from dashboards.selectors.trends import ScoreHistory
from metrics.choices import Category
from metrics.models import Score, Scorecard


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """A subject's scores in a month and their way there; ready for tiles and charts."""

    history: ScoreHistory
    month: ViewMonth
    card: Scorecard | None
    explained_at: str
    """The address of the explanation."""

    @property
    def limits(self) -> BandLimits | None:
        return limits_of(self.card)

    @property
    def now(self) -> Score | None:
        return self.history.at(self.month.month)

    @property
    def before(self) -> Score | None:
        return self.history.at(self.month.before)

    @property
    def overall(self) -> ScoreTile:
        mark, earlier = marks_of(self.now)[0], marks_of(self.before)[0]
        return self._tile(
            mark,
            earlier,
            name=_("Overall score"),
            balance=self.now.balance if self.now else None,
            why=why_no_overall(self.now, self.card),
        )

    @property
    def categories(self) -> list[ScoreTile]:
        now, before = marks_of(self.now)[1], marks_of(self.before)[1]
        return [
            self._tile(
                mark,
                earlier,
                name=mark.label,
                icon=CATEGORY_ICONS[Category(mark.measure)],
                why=why_no_category(mark, self.card)
                if self.now
                else _("Not measured in this month"),
            )
            for mark, earlier in zip(now, before, strict=True)
        ]

    def _tile(
        self,
        mark: Mark,
        before: Mark,
        *,
        name: str,
        why: str,
        icon: str = "",
        balance: float | None = None,
    ) -> ScoreTile:
        both = mark.score is not None and before.score is not None
        return ScoreTile(
            name=name,
            score=mark.score,
            band=mark.band,
            coverage=mark.coverage,
            low=mark.low,
            high=mark.high,
            change=(mark.score or 0) - (before.score or 0) if both else None,
            since=month_label(self.month.before),
            history=self.history.scores(mark.measure),
            is_unfinished=self.month.is_unfinished,
            limits=self.limits,
            icon=icon,
            url=f"{self.explained_at}#{mark.measure}" if self.now else "",
            balance=balance,
            why_unknown=why,
        )

    def overall_trend(self, name: str, events: Sequence[EventMark] = ()) -> Chart:
        return score_trend_chart(
            ScoreTrend(
                _("Overall score of %(name)s") % {"name": name},
                self._points(OVERALL),
                self.limits,
                self.month.running if self.month.is_unfinished else None,
                events,
            ),
            slug="overall-trend",
            title=_("Overall score, twelve months"),
        )

    def category_trends(self, name: str, events: Sequence[EventMark] = ()) -> Chart:
        return category_trends_chart(
            CategoryTrends(
                name,
                [(category, self._points(category)) for category in Category],
                self.limits,
                self.month.running if self.month.is_unfinished else None,
                events,
            ),
            title=_("The four categories, twelve months"),
        )

    def _points(self, measure: str) -> list[TrendPoint]:
        return [
            TrendPoint(
                month,
                mark.score,
                mark.band,
                None if mark.band is None else mark.low,
                None if mark.band is None else mark.high,
                mark.coverage,
            )
            for month, mark in zip(self.history.months, self.history.marks(measure), strict=True)
        ]


def why_no_category(mark: Mark, card: Scorecard | None) -> str:
    """Said where a category has no score."""
    if mark.band is None:
        return _("Nothing is expected here")
    if mark.score is not None:
        return ""
    if not mark.coverage:
        return _("No value in force")
    if card is None:
        return _("Too little is known")
    return _("A score needs %(share)s known") % {"share": percent_text(card.min_coverage)}


def why_no_overall(score: Score | None, card: Scorecard | None) -> str:
    """Said where there is no overall score."""
    if score is None:
        return _("Not measured in this month")
    if score.overall_score is not None or card is None:
        return ""
    weights = category_weights(card)
    used = [
        Category(category)
        for category in Category.values
        if weights[category] > 0
        and (measure := score.category(category)) is not None
        and measure.score is not None
    ]
    if used == [Category.FINANCIAL]:
        return _("Only the financial category has a score, and it never stands alone")
    if len(used) < card.min_categories:
        asked = {
            "names": listed([str(category.label) for category in used]),
            "categories": count_text(card.min_categories, CATEGORIES),
        }
        if not used:
            return _("No category has a score; the scorecard asks for %(categories)s") % asked
        return (
            ngettext(
                "%(names)s has a score; the scorecard asks for %(categories)s",
                "%(names)s have a score; the scorecard asks for %(categories)s",
                len(used),
            )
            % asked
        )
    return _("The scorecard asks for %(share)s known") % {"share": percent_text(card.min_coverage)}
