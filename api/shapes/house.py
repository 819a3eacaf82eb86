"""Months, runs, and who is asking."""

from __future__ import annotations

from rest_framework import serializers

from api.fields import MonthText, OneOf, Shape, Text
from api.paging import Paged
from api.scopes import Scope
from metrics.choices import RunScope, RunState, RunTrigger


class MonthQuery(Shape):
    first_month = MonthText(required=False)
    last_month = MonthText(required=False)


class ClosingShape(serializers.Serializer):
    closed_at = serializers.DateTimeField()
    closed_by = serializers.CharField(allow_null=True)
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopened_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class MonthShape(serializers.Serializer):
    """A month and every closing of it; `unfinished` is the running month."""

    month = MonthText()
    state = serializers.ChoiceField(["open", "closed", "unfinished"])
    closings = ClosingShape(many=True)


class MonthsShape(serializers.Serializer):
    results = MonthShape(many=True)


class ClosedShape(serializers.Serializer):
    closed = serializers.ListField(child=MonthText())


class ReopenInput(Shape):
    reason = Text(max_length=10_000)


class RunQuery(Paged):
    state = OneOf(RunState.choices, required=False)


class RunShape(serializers.Serializer):
    """One scoring pass, and how far it is."""

    id = serializers.IntegerField()
    scope = serializers.ChoiceField(RunScope.values)
    trigger = serializers.ChoiceField(RunTrigger.values)
    state = serializers.ChoiceField(RunState.values)
    first_month = MonthText(allow_null=True)
    last_month = MonthText(allow_null=True)
    subjects = serializers.IntegerField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    rows_written = serializers.IntegerField()
    rows_removed = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class TokenShape(serializers.Serializer):
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.values))
    expires_at = serializers.DateTimeField()


class MeShape(serializers.Serializer):
    """Who is asking, in which roles, and by which token; null = by a session."""

    user = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    roles = serializers.ListField(child=serializers.CharField())
    token = TokenShape(allow_null=True)
