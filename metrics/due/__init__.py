"""What values are expected of whom and have not come, as pages and reminders ask it.

- `expectations`: what scorecards, spans and exemptions ask for; read in a fixed number of queries.
- `answers`: what people have said instead of a value, or what still waits for somebody.
- `values`: the values that are expected and have not come, with whose they are.
"""

from metrics.due.answers import TO_DO, Answer, DueState
from metrics.due.expectations import (
    CardFacts,
    Expectations,
    SubjectChoice,
    entered_inputs,
    read_expectations,
)
from metrics.due.values import (
    AskedPeriod,
    DueGroup,
    DueList,
    DuePeriod,
    DueValue,
    Whose,
    due_list,
    ended_periods,
)

__all__ = [
    "TO_DO",
    "Answer",
    "AskedPeriod",
    "CardFacts",
    "DueGroup",
    "DueList",
    "DuePeriod",
    "DueState",
    "DueValue",
    "Expectations",
    "SubjectChoice",
    "Whose",
    "due_list",
    "ended_periods",
    "entered_inputs",
    "read_expectations",
]
