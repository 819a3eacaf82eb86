"""What is said instead of a value, and what waits for a decision."""

from __future__ import annotations

from rest_framework import serializers

from api.fields import LARGEST_KEY, Code, MonthText, OneOf, Shape, Text, WholeNumber
from api.paging import Paged
from api.shapes.measurements import LONG, PERIOD
from metrics.choices import DraftState, ProposalState
from metrics.due import TO_DO

MOST_PLACES = 1_000
MOST_DECISIONS = 500


class PlaceShape(Shape):
    """Where a value would stand."""

    metric = Code()
    subject = Code()
    period = Text(max_length=10, help_text=PERIOD)


class NoValueQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)
    first_month = MonthText(required=False)
    last_month = MonthText(required=False)


class NoValueInput(Shape):
    """These periods have no value, for this reason. They stay missing in the scores."""

    places = serializers.ListField(child=PlaceShape(), min_length=1, max_length=MOST_PLACES)
    reason = Text(max_length=LONG)


class TakeBackInput(Shape):
    """The values are expected again, for this reason."""

    places = serializers.ListField(child=PlaceShape(), min_length=1, max_length=MOST_PLACES)
    why = Text(max_length=LONG)


class NoValueShape(serializers.Serializer):
    metric = serializers.CharField()
    subject = serializers.CharField()
    period = serializers.CharField(help_text=PERIOD)
    month = MonthText()
    reason = serializers.CharField()
    said_by = serializers.CharField(allow_null=True)
    said_at = serializers.DateTimeField()


class RefusedRow(serializers.Serializer):
    row = serializers.IntegerField(help_text="Its place among those sent, from 0.")
    field = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class NoValuesShape(serializers.Serializer):
    """What became of each."""

    done = NoValueShape(many=True)
    refused = RefusedRow(many=True)


class TakenBackShape(serializers.Serializer):
    taken_back = serializers.IntegerField(help_text="How many had been said.")


class PairShape(Shape):
    metric = Code()
    subject = Code()


class ProposalQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)
    state = OneOf(ProposalState.choices, required=False)


class ProposalInput(Shape):
    """A metric does not apply to a subject; somebody who keeps definitions decides."""

    pairs = serializers.ListField(child=PairShape(), min_length=1, max_length=MOST_PLACES)
    from_month = MonthText(allow_null=True, default=None, help_text="null = from the beginning.")
    until_month = MonthText(allow_null=True, default=None, help_text="null = for good.")
    reason = Text(max_length=LONG)


class ProposalShape(serializers.Serializer):
    id = serializers.IntegerField()
    metric = serializers.CharField()
    subject = serializers.CharField()
    from_month = MonthText(allow_null=True)
    until_month = MonthText(allow_null=True)
    reason = serializers.CharField()
    state = serializers.ChoiceField(ProposalState.values)
    proposed_by = serializers.CharField(allow_null=True)
    proposed_at = serializers.DateTimeField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_blank=True)
    exemption = serializers.IntegerField(
        allow_null=True, help_text="What was granted, while it is there."
    )


class ProposalsShape(serializers.Serializer):
    """What became of each."""

    done = ProposalShape(many=True)
    refused = RefusedRow(many=True)


class GrantInput(Shape):
    answer = Text(max_length=LONG, allow_blank=True, default="")


class RefuseInput(Shape):
    answer = Text(max_length=LONG, help_text="Why; the analyst reads it.")


class DraftQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)
    user = Text(required=False, max_length=150, help_text="Who gave it.")
    state = OneOf(DraftState.choices, required=False)


class DraftShape(serializers.Serializer):
    """A value of a metric that needs approval. It counts in no score before."""

    id = serializers.IntegerField()
    metric = serializers.CharField()
    subject = serializers.CharField()
    period = serializers.CharField(help_text=PERIOD)
    month = MonthText()
    value = serializers.FloatField()
    note = serializers.CharField(allow_blank=True)
    door = serializers.CharField(help_text="How it came in.")
    batch = serializers.IntegerField(allow_null=True)
    entered_by = serializers.CharField(allow_null=True)
    entered_at = serializers.DateTimeField()
    state = serializers.ChoiceField(DraftState.values)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_blank=True)


def keys() -> serializers.ListField:
    return serializers.ListField(
        child=WholeNumber(min_value=0, max_value=LARGEST_KEY),
        min_length=1,
        max_length=MOST_DECISIONS,
        help_text="Their `id`.",
    )


class ApproveInput(Shape):
    drafts = keys()


class RejectInput(Shape):
    drafts = keys()
    reason = Text(max_length=LONG, help_text="The analyst reads it.")


class RefusedDraft(serializers.Serializer):
    draft = serializers.IntegerField()
    message = serializers.CharField()


class DecisionsShape(serializers.Serializer):
    """Each by itself: what could not be decided is named, and the others are done."""

    done = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedDraft(many=True)


class ValueChangeShape(serializers.Serializer):
    """A value that was corrected or deleted: from what to what, and by whom."""

    value_before = serializers.FloatField()
    note_before = serializers.CharField(allow_blank=True)
    entered_by_before = serializers.CharField(allow_null=True)
    entered_at_before = serializers.DateTimeField(allow_null=True)
    value = serializers.FloatField(allow_null=True, help_text="null: it was deleted.")
    note = serializers.CharField(allow_blank=True)
    door = serializers.CharField()
    changed_by = serializers.CharField(allow_null=True)
    changed_at = serializers.DateTimeField()
    batch = serializers.IntegerField(allow_null=True)


class DueQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)


class DueShape(serializers.Serializer):
    """A value that is expected of a subject for a period that has ended, and has not come."""

    metric = serializers.CharField()
    subject = serializers.CharField()
    period = serializers.CharField(help_text=PERIOD)
    month = MonthText(help_text="From when it would count.")
    due_on = serializers.DateField()
    days_late = serializers.IntegerField(help_text="Below 1: there is still time.")
    is_older = serializers.BooleanField(help_text="A later period has ended since.")
    is_closed = serializers.BooleanField(help_text="Its month is closed.")
    state = serializers.ChoiceField([state.value for state in TO_DO])
