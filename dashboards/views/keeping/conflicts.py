"""Two people at the same subject: what the other one did is kept, and what both did is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from dashboards.views.keeping.subject_forms import SubjectForm
from metrics.models import Scorecard, ScorecardAssignment
from metrics.operations.keeping import SubjectVersion
from projects.models import Subject

LONGEST_KEY = 18
"""Digits; more do not fit into a column of either database."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else has changed meanwhile; `yours` is None where you left it alone."""

    label: str
    now: str
    yours: str | None


def version_text(version: SubjectVersion) -> str:
    return f"{version.subject}.{version.scorecard}"


def version_sent(data: Mapping[str, Any]) -> SubjectVersion | None:
    """What the person looked at when the form was opened; None where it does not say."""
    numbers = keys_in(str(data.get("version", "")).split("."))
    return SubjectVersion(*numbers) if len(numbers) == 2 else None


def keys_in(texts: Iterable[str]) -> list[int]:
    """Those that can be the key of a row."""
    return [int(text) for text in texts if text.isdecimal() and len(text) <= LONGEST_KEY]


def merged(
    form_class: type[SubjectForm], data: QueryDict, now: Subject, seen: SubjectVersion
) -> tuple[SubjectForm, list[Clash]]:
    """The form again: fields that the person left alone as they stand now, the others as typed."""
    stored = form_class(instance=now)
    base = _as_it_was_seen(form_class, data, now, seen)
    touched = set(base.changed_data) if base is not None else set(stored.fields)
    mixed, clashes = data.copy(), []
    for name in stored.fields:
        current = _as_sent(stored[name])
        yours = data.get(name, "")
        was = None if base is None else _as_sent(base, initial=name)
        if name not in touched:
            _put(mixed, name, current)
            if was is not None and was != current:
                clashes.append(Clash(_label(stored, name), _shown(stored, name, current), None))
        elif yours != current and was != current:
            now_text, yours_text = (_shown(stored, name, text) for text in (current, yours))
            clashes.append(Clash(_label(stored, name), now_text, yours_text))
    return form_class(mixed, instance=now), clashes


def _as_it_was_seen(
    form_class: type[SubjectForm], data: QueryDict, now: Subject, seen: SubjectVersion
) -> SubjectForm | None:
    history: Any = now.history  # type: ignore[attr-defined]
    record = history.filter(history_id=seen.subject).first()
    if record is None:
        return None
    form = form_class(data, instance=record.instance)
    form.initial["scorecard"] = _scorecard_at(now, seen.scorecard)
    return form


def _scorecard_at(subject: Subject, version: int) -> Scorecard | None:
    """The subject's own scorecard as of a record of its history."""
    assignment: Any = ScorecardAssignment(subject_id=subject.pk)
    record = assignment.history.filter(history_id=version).first()
    if record is None or record.history_type == "-":
        return None
    return Scorecard.objects.filter(pk=record.scorecard_id).first()


def _as_sent(field: Any, initial: str = "") -> str:
    """A field's value in the form in which a browser sends it."""
    if initial:
        form = field
        field, value = form[initial], form.get_initial_for_field(form.fields[initial], initial)
        value = field.field.prepare_value(value)
    else:
        value = field.value()
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "on" if value else ""
    if value is None:
        return ""
    if isinstance(widget, forms.Select):
        return str(value)
    return str(widget.format_value(value) or "")


def _put(data: QueryDict, name: str, text: str) -> None:
    if text:
        data[name] = text
    else:
        data.pop(name, None)


def _label(form: SubjectForm, name: str) -> str:
    return str(form[name].label)


def _shown(form: SubjectForm, name: str, text: str) -> str:
    """What a person reads for a sent value: the label of a choice, the text itself."""
    field = form.fields[name]
    if isinstance(field.widget, forms.CheckboxInput):
        return "yes" if text else "no"
    if isinstance(field, forms.ChoiceField):
        offered: Any = field.choices
        choices = {str(value): str(label) for value, label in offered}
        return choices.get(text, text)
    return text
