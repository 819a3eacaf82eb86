"""Score in the foreground."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.choices import RunState, RunTrigger
from metrics.horizon import measured_months
from metrics.operations.runs import AnotherRunIsGoing, score_now
from metrics.operations.weighing import weigh_open_months
from metrics.progress import progress_bar
from projects.months import Month, month_range


def month_argument(text: str) -> Month:
    """An argparse type that reads `2026-03`."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    help = (
        "Score the open months: without options from the first to the last month of a "
        "measurement. Closed months are passed by."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--month", type=month_argument, metavar="YYYY-MM", help="just this month"
        )
        parser.add_argument("--from", dest="first", type=month_argument, metavar="YYYY-MM")
        parser.add_argument("--to", dest="last", type=month_argument, metavar="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        months = _wanted_months(options["month"], options["first"], options["last"])
        with progress_bar(sys.stderr, "months scored") as progress:
            try:
                run = score_now(trigger=RunTrigger.COMMAND, months=months, progress=progress)
            except AnotherRunIsGoing as going:
                raise CommandError(str(going)) from None
        if run.state == RunState.FAILED:
            raise CommandError(f"A worker took over run {run.pk} and failed: {run.error}")
        weigh_open_months()
        self.stdout.write(
            f"Scored {run.total} months of {run.subjects} subjects: {run.rows_written} scores "
            f"written, {run.rows_removed} removed, the others were right already."
        )


def _wanted_months(month: Month | None, first: Month | None, last: Month | None) -> list[Month]:
    if month and (first or last):
        raise CommandError("Give --month, or --from and --to, not both.")
    if bool(first) != bool(last):
        raise CommandError("--from and --to go together.")
    if first and last and first > last:
        raise CommandError(f"--from {first} is after --to {last}.")
    if month:
        return [month]
    if first and last:
        return month_range(first, last)
    if measured := measured_months():
        return measured
    raise CommandError("There are no measurements yet, so there is nothing to score.")
