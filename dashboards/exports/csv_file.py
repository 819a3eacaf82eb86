"""A table as CSV: UTF-8 without a byte order mark, RFC 4180, nothing that a program computes."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal

from dashboards.exports.table import Cell, ExportTable
from metrics.batches.neutral import neutralised

CONTENT_TYPE = "text/csv; charset=utf-8"


def as_csv(table: ExportTable) -> bytes:
    """Numbers with a decimal point, days as 2026-10-31, months as 2026-10, unknown left blank."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([neutralised(heading) for heading in table.headings])
    for row in table.rows:
        writer.writerow(
            [_written(column.cell(value)) for column, value in zip(table.columns, row, strict=True)]
        )
    return stream.getvalue().encode()


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return neutralised(cell)
        case float():
            # As many digits as a workbook keeps, so that 0.1 + 0.2 is 0.3 in both.
            return format(Decimal(f"{cell:.15g}"), "f")
        case Decimal():
            # Databases differ in how many zeros they put behind an amount.
            return format(cell.normalize(), "f")
        case datetime():
            return cell.isoformat(sep=" ", timespec="minutes")
        case date():
            return cell.isoformat()
    return str(cell)
