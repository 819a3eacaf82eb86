"""What a form is about to change, in the words in which people read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import grouped
from dashboards.views.keeping.subject_forms import SubjectForm
from metrics.models import Scorecard
from metrics.validation.numbers import number_text
from projects.fields import MonthField
from projects.months import Month
from projects.naming import in_words
from projects.operations.recording import changed_fields


class Pending(NamedTuple):
    """A field that is about to change, before and after; empty = blank."""

    name: str
    label: str
    before: str
    after: str


def pending_changes(before: models.Model | None, after: models.Model) -> list[Pending]:
    """The fields in which a row differs from what is stored; of a new row all that is given."""
    return list(_pending(before, after))


def _pending(before: models.Model | None, after: models.Model) -> Iterator[Pending]:
    changed = changed_fields(before, after)
    for field in after._meta.concrete_fields:
        if field.name not in changed or field.primary_key or not field.editable:
            continue
        told = Pending(
            field.name,
            capitalised(in_words(field.verbose_name)),
            "" if before is None else words_of(field, before),
            words_of(field, after),
        )
        if told.before != told.after:
            yield told


def pending_of_subject(form: SubjectForm) -> list[Pending]:
    """With the scorecard, which stands beside the subject and not in it."""
    changes = pending_changes(form.before, form.instance)
    if form.chosen_scorecard != form.scorecard_before:
        before, after = _card(form.scorecard_before), _card(form.chosen_scorecard)
        changes.append(Pending("scorecard", _("Scorecard"), before, after))
    return changes


def _card(scorecard: Scorecard | None) -> str:
    return scorecard.name if scorecard else _("the default of its kind")


def words_of(field: Any, row: models.Model) -> str:
    """A field's value as a person reads it; empty for blank."""
    value = getattr(row, field.attname)
    if value is None or value == "":
        return ""
    if field.is_relation:
        return str(getattr(row, field.name))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, MonthField):
        return month_name(Month(value))
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, Decimal):
        return grouped(value, _decimals(value))
    return number_text(value) if isinstance(value, float) else str(value)


def _decimals(amount: Decimal) -> int:
    """As many as it needs."""
    _sign, _digits, exponent = amount.normalize().as_tuple()
    return max(0, -exponent) if isinstance(exponent, int) else 0


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
