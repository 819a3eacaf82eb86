"""Asks the database itself, past every validator, whether it holds a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction


def assert_refused(rule: str | tuple[str, ...], write: Callable[[], Any]) -> None:
    """The database refuses the row by this rule, or by one of them.

    A rule is a constraint's name, or `table.column` for a column that is unique or never null.
    """
    rules = (rule,) if isinstance(rule, str) else rule
    with pytest.raises(IntegrityError) as refusal:
        _write_wholly(write)
    words = str(refusal.value)
    assert any(name in words for each in rules for name in names_of(each)), words


@transaction.atomic
def _write_wholly(write: Callable[[], Any]) -> None:
    write()
    connection.check_constraints()  # foreign keys, which wait for the end of a transaction


def names_of(rule: str) -> list[str]:
    """The words by which one database or the other tells of a rule."""
    table, _, column = rule.partition(".")
    if column:
        told_by_postgresql = [f"{table}_{column}", f'"{column}" of relation "{table}"']
        return [rule, *told_by_postgresql, f"{table}_pkey"]
    # SQLite names a unique constraint by its columns.
    return [
        rule,
        *(
            ", ".join(f"{model._meta.db_table}.{column_of(model, field)}" for field in it.fields)
            for model in apps.get_models()
            for it in model._meta.constraints
            if isinstance(it, models.UniqueConstraint) and it.name == rule
        ),
    ]


def column_of(model: type[models.Model], field: str) -> str:
    found = model._meta.get_field(field)
    assert isinstance(found, models.Field)
    assert found.column
    return found.column
