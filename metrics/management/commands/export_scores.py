"""Write scores to a CSV file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.management.commands.score import month_argument
from metrics.score_export import export_scores


class Command(BaseCommand):
    help = "Write the scores of all months, or of one, to a CSV file (- for standard output)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--month", type=month_argument, metavar="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] == "-":
            export_scores(sys.stdout, options["month"])
            return
        try:
            with Path(options["file"]).open("w", encoding="utf-8", newline="") as out:
                count = export_scores(out, options["month"])
        except OSError as error:
            raise CommandError(f"{options['file']} can't be written: {error.strerror}.") from None
        self.stdout.write(f"Wrote {count} rows to {options['file']}.")
