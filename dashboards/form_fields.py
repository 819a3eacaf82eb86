"""Fields that the forms of several pages have: text to look for, and choices of what there is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

Choices = list[tuple[Any, Any]]
"""What a select offers: value and label, or the label of a group and its choices."""


def search_field(label: Any = _("Name or code")) -> forms.CharField:  # noqa: B008  # lazy
    return forms.CharField(
        label=label,
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"placeholder": _("Search")}),
    )


def choose(form: forms.Form, name: str, choices: Choices) -> None:
    """Let the field offer just these."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def choose_or_not(form: forms.Form, name: str, blank: Any, choices: Choices) -> None:
    """Let the field offer these, and first of all none of them."""
    choose(form, name, [("", blank), *choices])


def choose_if_any(form: forms.Form, name: str, blank: Any, choices: Choices) -> None:
    """The same, but a choice among nothing only takes room."""
    if choices:
        choose_or_not(form, name, blank, choices)
    else:
        del form.fields[name]
