"""Values: as they are told, and as they are given."""

from __future__ import annotations

from rest_framework import serializers

from api.fields import Code, MonthText, Number, OneOf, Shape, Text, YesNo
from api.paging import Paged
from metrics.choices import BatchMode, BatchState, Verdict
from projects.choices import SubjectKind

MOST_AT_ONCE = 10_000
LONG = 10_000
PERIOD = "As the metric's cadence writes it: 2026-03-09, 2026-W11, 2026-03, 2026-Q1 or 2026."

MODES = {"accepted": BatchMode.ACCEPTED_ONLY, "all": BatchMode.ALL_OR_NOTHING}


class MeasurementQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)
    kind = OneOf(SubjectKind.choices, required=False)
    first_month = MonthText(required=False, help_text="Months in which values begin to count.")
    last_month = MonthText(required=False)
    changed_since = serializers.DateTimeField(
        required=False, help_text="Given or corrected at this moment or later."
    )


class MeasurementShape(serializers.Serializer):
    metric = serializers.CharField()
    subject = serializers.CharField()
    period = serializers.CharField(help_text=PERIOD)
    month = MonthText(help_text="From when it counts: the last month of its period.")
    value = serializers.FloatField()
    note = serializers.CharField(allow_blank=True)
    is_late = serializers.BooleanField(help_text="First given after its month was closed.")
    door = serializers.CharField(help_text="How it came in.")
    entered_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    batch = serializers.IntegerField(allow_null=True)


class WaitingShape(serializers.Serializer):
    """A value that waits for somebody else's approval, and counts in no score."""

    value = serializers.FloatField()
    note = serializers.CharField(allow_blank=True)
    entered_by = serializers.CharField(allow_null=True)
    entered_at = serializers.DateTimeField()


class StandingShape(serializers.Serializer):
    """What is recorded for a period, and what waits there."""

    measurement = MeasurementShape(allow_null=True)
    waiting = WaitingShape(allow_null=True)


class EnteredShape(StandingShape):
    outcome = serializers.ChoiceField(["created", "changed", "same", "drafted"])


class SeenShape(Shape):
    value = Number(allow_null=True)


class ValueInput(Shape):
    """One value; the note that is told becomes the note."""

    value = Number()
    note = Text(max_length=LONG, allow_blank=True, default="")
    confirm_unusual = YesNo(
        default=False, help_text="Take the value though it lies far from its past."
    )
    seen = SeenShape(
        required=False,
        help_text="What was read before, null for nothing; 409 if something else stands by now.",
    )


class GivenShape(Shape):
    metric = Code()
    subject = Code()
    period = Text(max_length=10, help_text=PERIOD)
    value = Number()
    note = Text(
        max_length=LONG,
        allow_blank=True,
        required=False,
        help_text="Not told: the note stays as it is.",
    )


class ManyInput(Shape):
    """One value or many, as one change."""

    measurements = serializers.ListField(child=GivenShape(), min_length=1, max_length=MOST_AT_ONCE)
    mode = OneOf(
        [("accepted", "The accepted rows"), ("all", "All rows or none")],
        default="accepted",
        help_text="`all`: if one is refused or questioned, none is stored (422).",
    )
    confirm_unusual = YesNo(
        default=False, help_text="Take values that lie far from their past, too."
    )


class RowShape(serializers.Serializer):
    row = serializers.IntegerField(help_text="Its place among those sent, from 0.")
    verdict = serializers.ChoiceField(Verdict.values)
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)


class ManyShape(serializers.Serializer):
    """What became of each row; `batch` is what can be undone, null if nothing was stored."""

    stored = serializers.IntegerField()
    batch = serializers.IntegerField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    rows = RowShape(many=True)


class BatchQuery(Paged):
    state = OneOf(BatchState.choices, required=False)


class BatchRowsQuery(Paged):
    verdict = OneOf(Verdict.choices)


class FileInput(Shape):
    """CSV or XLSX with the header metric, subject, period, value and, if there are notes, note."""

    file = serializers.FileField(max_length=255)


class StoreInput(Shape):
    mode = OneOf([("accepted", "The accepted rows"), ("all", "All rows or none")], default="all")
    confirm_unusual = YesNo(default=False)


class BatchShape(serializers.Serializer):
    """An import, or many values that a program gave: its report, and whether it can be undone."""

    id = serializers.IntegerField()
    file = serializers.CharField()
    state = serializers.ChoiceField(BatchState.values)
    mode = serializers.ChoiceField(list(MODES))
    counts = serializers.DictField(child=serializers.IntegerField())
    error = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    stored_at = serializers.DateTimeField(allow_null=True)
    undone_by = serializers.CharField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class BatchRowShape(serializers.Serializer):
    """A row of the file with what was said of it."""

    line = serializers.IntegerField()
    metric = serializers.CharField(allow_blank=True)
    subject = serializers.CharField(allow_blank=True)
    period = serializers.CharField(allow_blank=True)
    given = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(allow_null=True)
    before = serializers.FloatField(allow_null=True)
    note = serializers.CharField(allow_null=True, allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
