"""The due list as a workbook: filled in elsewhere, and uploaded again without any mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from metrics.batches.neutral import in_a_sheet
from metrics.due import DueValue

SHEET = "Due values"
HEADER = ("metric", "metric_name", "subject", "subject_name", "period", "due_on", "value", "note")
WIDTHS = (24, 34, 26, 34, 13, 13, 16, 48)
TO_FILL_IN = ("value", "note")
"""The columns that people write in; the others say which value a row is about."""

GIVEN = PatternFill("solid", start_color="EEF0F3")
GIVEN_INK = Font(color="5B6472")
HEADING = Font(bold=True)
TEXT, DAY, NUMBER = "@", "yyyy-mm-dd", "General"


def due_workbook(values: Iterable[DueValue]) -> bytes:
    """One row per value that is to be given, in the order of the list."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGH"[place]].width = width
    filled = tuple(values)
    sheet.data_validations.append(_hint(len(filled) + 1))
    sheet.append([_headed(sheet, name) for name in HEADER])
    grey, day, text, number = (
        _cells(sheet, TEXT, is_given=True),
        _cells(sheet, DAY, is_given=True),
        _cells(sheet, TEXT),
        _cells(sheet, NUMBER),
    )
    for value in filled:
        sheet.append(
            [
                grey(value.metric.code),
                grey(in_a_sheet(value.metric.name)),
                grey(value.subject.code),
                grey(in_a_sheet(value.subject.name)),
                grey(value.label),
                day(value.due_on),
                number(None),
                text(None),
            ]
        )
    _explain(book)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _cells(sheet: Any, number_format: str, *, is_given: bool = False) -> Callable[[Any], Any]:
    """A maker of cells that look the same; each style is looked up once, not once a cell."""
    pattern = WriteOnlyCell(sheet)
    pattern.number_format = number_format
    if is_given:
        pattern.fill, pattern.font = GIVEN, GIVEN_INK

    def cell(content: Any) -> Any:
        made = WriteOnlyCell(sheet, content)
        # A text that begins with = would be taken for a formula by the writer itself.
        if isinstance(content, str):
            made.data_type = "s"
        made._style = pattern._style
        return made

    return cell


def _headed(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, name)
    cell.font = HEADING
    if name not in TO_FILL_IN:
        cell.fill = GIVEN
    return cell


def _hint(last_row: int) -> DataValidation:
    """What is said beside a cell for a value; it warns and forbids nothing, so pasting works."""
    hint = DataValidation(
        type="decimal",
        operator="between",
        formula1="-1E+300",
        formula2="1E+300",
        allow_blank=True,
        errorStyle="warning",
        showErrorMessage=True,
        showInputMessage=True,
        promptTitle=_("Value"),
        prompt=_("A number in the metric's unit, without the unit. Leave it blank to skip it."),
        errorTitle=_("Not a number"),
        error=_("The portal takes numbers here and refuses anything else when you upload."),
    )
    hint.add(f"G2:G{max(last_row, 2)}")
    return hint


def _explain(book: Workbook) -> None:
    sheet = book.create_sheet(_("How to fill this in"))
    sheet.column_dimensions["A"].width = 100
    for place, line in enumerate(_instructions()):
        cell = WriteOnlyCell(sheet, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if place == 0:
            cell.font = HEADING
        sheet.append([cell])


def _instructions() -> list[str]:
    return [
        _("How to fill this in"),
        _("1. Write each number into the column “value”, and a note beside it if there is any."),
        _("2. Leave a value blank if you don't have it: its row is passed by."),
        _("3. Leave the grey columns and the first row as they are. They say whose value it is."),
        _("4. Save the file as XLSX or CSV, and upload it in the portal under Imports."),
        _("The portal recognises the file, shows what it would do, and asks before it stores."),
        _("Rows may be deleted or sorted. Formulas count with the result that you see."),
        _(
            "If there is no value for a period, or a metric does not apply, say so on the page"
            " “What is due”; a file can't say that."
        ),
    ]
