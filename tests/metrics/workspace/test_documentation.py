"""docs/workspace.md tells of every file and column, as the loader reads them."""

from __future__ import annotations

import re
from pathlib import Path

from metrics.workspace.layout import (
    MEASUREMENT_COLUMNS,
    REQUIRED_MEASUREMENT_COLUMNS,
    TABLES,
    Column,
)
from tests.oracle import COLUMNS


def documented(project_root: Path) -> dict[str, list[str]]:
    """The table of files: columns with their star and their default."""
    text = (project_root / "docs" / "workspace.md").read_text()
    rows = re.findall(r"^\| (\w+)\.csv \| (.+) \|$", text, re.MULTILINE)
    return {name: columns.split(", ") for name, columns in rows}


def test_every_file_and_column_is_documented_with_its_default(project_root: Path) -> None:
    expected = {table.name: [described(column) for column in table.columns] for table in TABLES}
    expected["measurements"] = [
        f"{name}*" if name in REQUIRED_MEASUREMENT_COLUMNS else name for name in MEASUREMENT_COLUMNS
    ]

    assert documented(project_root) == expected
    assert list(documented(project_root)) == list(expected)


def described(column: Column) -> str:
    if column.is_required:
        return f"{column.name}*"
    default = column.write(column.blank)
    return f"{column.name} ({default})" if default else column.name


def test_the_layout_is_that_of_the_rules() -> None:
    """The oracle has its columns from the text of the rules."""
    layout = {
        table.name: [column.name + "*" * column.is_required for column in table.columns]
        for table in TABLES
    }
    layout["measurements"] = [
        name + "*" * (name in REQUIRED_MEASUREMENT_COLUMNS) for name in MEASUREMENT_COLUMNS
    ]

    assert layout == COLUMNS
