"""Dump the database as a workspace folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.workspace import WorkspaceRefused, dump_workspace


class Command(BaseCommand):
    help = (
        "Write subjects, definitions, scorecards and measurements as a folder of CSV files."
        " People, closed months, events and history are not part of it: a dump is no backup."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = dump_workspace(options["folder"])
        except WorkspaceRefused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"Wrote {sum(counts.values()):,} rows to {options['folder']}.")
