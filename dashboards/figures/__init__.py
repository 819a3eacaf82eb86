"""Pure Plotly figures: frozen data in, a `Chart` out. Each has its figure, message and table."""

from dashboards.figures.bridge import (
    ChangeBridge,
    Contributions,
    Part,
    change_bridge_chart,
    contribution_bars_chart,
)
from dashboards.figures.chart import Chart
from dashboards.figures.curves import CurvePlace, MetricCurve, metric_curve_chart
from dashboards.figures.portfolios import (
    BandCounts,
    BandDistribution,
    Bubble,
    ValueAgainstCost,
    band_distribution_chart,
    value_cost_bubbles_chart,
)
from dashboards.figures.trends import (
    CategoryTrends,
    ScoreTrend,
    SubjectValues,
    TrendPoint,
    ValuePoint,
    ValueSeries,
    category_trends_chart,
    score_trend_chart,
    value_series_chart,
)

__all__ = [
    "BandCounts",
    "BandDistribution",
    "Bubble",
    "CategoryTrends",
    "ChangeBridge",
    "Chart",
    "Contributions",
    "CurvePlace",
    "MetricCurve",
    "Part",
    "ScoreTrend",
    "SubjectValues",
    "TrendPoint",
    "ValueAgainstCost",
    "ValuePoint",
    "ValueSeries",
    "band_distribution_chart",
    "category_trends_chart",
    "change_bridge_chart",
    "contribution_bars_chart",
    "metric_curve_chart",
    "score_trend_chart",
    "value_cost_bubbles_chart",
    "value_series_chart",
]
