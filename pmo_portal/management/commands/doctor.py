"""Look for what contradicts what."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pmo_portal.doctor import findings


class Command(BaseCommand):
    help = (
        "Look for anything in the database that contradicts anything, and say what to do about it: "
        "definitions, values outside spans, changes that nobody scores, frozen packs, and the "
        "scores of some open months against what their values make. It changes nothing; exit code "
        "1 if there are findings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--months", type=int, default=3, help="how many months to compute anew (3)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(findings(months=options["months"]))
        for finding in found:
            self.stdout.write(f"- {finding}")
        if found:
            self.stdout.write(f"{len(found)} finding{'s' if len(found) > 1 else ''}.")
            sys.exit(1)
        self.stdout.write("Nothing contradicts anything.")
