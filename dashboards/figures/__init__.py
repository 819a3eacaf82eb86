"""Pure Plotly figures: frozen data in, a `Chart` out. Each has its figure, message and table."""

from dashboards.figures.bridge import (
    ChangeBridge,
    Contributions,
    Part,
    change_bridge_chart,
    contribution_bars_chart,
)
from dashboards.figures.chart import Chart
from dashboards.figures.comparison import ComparedScore, Comparison, comparison_chart
from dashboards.figures.completeness import Arrivals, MonthArrivals, arrivals_chart
from dashboards.figures.costs import CostPlace, CostsAgainstBenchmark, cost_dots_chart
from dashboards.figures.curves import CurvePlace, MetricCurve, metric_curve_chart
from dashboards.figures.events import ChartEvent, EventMark, event_marks
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
    "Arrivals",
    "BandCounts",
    "BandDistribution",
    "Bubble",
    "CategoryTrends",
    "ChangeBridge",
    "Chart",
    "ChartEvent",
    "ComparedScore",
    "Comparison",
    "Contributions",
    "CostPlace",
    "CostsAgainstBenchmark",
    "CurvePlace",
    "EventMark",
    "MetricCurve",
    "MonthArrivals",
    "Part",
    "ScoreTrend",
    "SubjectValues",
    "TrendPoint",
    "ValueAgainstCost",
    "ValuePoint",
    "ValueSeries",
    "arrivals_chart",
    "band_distribution_chart",
    "category_trends_chart",
    "change_bridge_chart",
    "comparison_chart",
    "contribution_bars_chart",
    "cost_dots_chart",
    "event_marks",
    "metric_curve_chart",
    "score_trend_chart",
    "value_cost_bubbles_chart",
    "value_series_chart",
]
