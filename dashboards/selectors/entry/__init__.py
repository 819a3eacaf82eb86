"""What the entry pages show: what is due, what is known of the value at hand, what it changed.

- `desk`: who may enter what, and what is expected of whom; read in a fixed number of queries.
- `due`: the values that are expected and have not come.
- `about`: one metric, subject and period: what is there, how a value would score.
- `effects`: the scores before and after a value was saved, with the reason.
"""

from dashboards.selectors.entry.about import (
    AboutValue,
    Preview,
    ValueState,
    about_value,
    latest_ended,
    preview,
    state_of,
)
from dashboards.selectors.entry.desk import Desk, read_desk, small_desk
from dashboards.selectors.entry.due import (
    DueGroup,
    DueList,
    DueValue,
    due_values,
)
from dashboards.selectors.entry.effects import (
    Effects,
    Remembered,
    effects_of,
    month_of_effect,
    remember,
)
from metrics.due import SubjectChoice

__all__ = [
    "AboutValue",
    "Desk",
    "DueGroup",
    "DueList",
    "DueValue",
    "Effects",
    "Preview",
    "Remembered",
    "SubjectChoice",
    "ValueState",
    "about_value",
    "due_values",
    "effects_of",
    "latest_ended",
    "month_of_effect",
    "preview",
    "read_desk",
    "remember",
    "small_desk",
    "state_of",
]
