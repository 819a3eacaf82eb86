"""What the page of an explanation shows: one subject's scores in a month, taken apart.

- `page`: everything about the page, asked of the database in a bounded number of queries.
- `parts`: the contribution tree, from overall down to metrics and children, as far as it is opened.
- `opened`: which parts stand open, as an address carries it.
- `records`: who entered the values that the tree shows.
- `moves`: what moved between two months, level by level.
- `reasons`: why there is no score, or why the stored one says something else.
- `values`: the measurements behind a metric's value, and what became of them.
"""

from dashboards.selectors.explain.moves import ChangeStory, change_story
from dashboards.selectors.explain.opened import Opened
from dashboards.selectors.explain.page import ExplainPage, closing_of, explain_page
from dashboards.selectors.explain.parts import (
    CategoryPart,
    GroupPart,
    MetricPart,
    SubjectPart,
    ValueInForce,
    shown_decimals,
)
from dashboards.selectors.explain.values import ValuesPage, values_behind

__all__ = [
    "CategoryPart",
    "ChangeStory",
    "ExplainPage",
    "GroupPart",
    "MetricPart",
    "Opened",
    "SubjectPart",
    "ValueInForce",
    "ValuesPage",
    "change_story",
    "closing_of",
    "explain_page",
    "shown_decimals",
    "values_behind",
]
