"""Read back what `backup` wrote."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import record
from accounts.choices import Happening
from pmo_portal.backup import BackupRefused, read_backup


class Command(BaseCommand):
    help = (
        "Put the database into the state that a file of `backup` tells of: after `migrate`, with "
        "web server and workers stopped. The file is checked as a whole before anything changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="give up what is in the database now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            kept = read_backup(options["file"], replace=options["replace"])
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None
        record(Happening.LOG_RESTORED, detail=f"{kept.taken_at:%Y-%m-%d %H:%M} UTC")
        self.stdout.write(
            f"{kept.total:,} rows of {len(kept.rows)} tables are restored, as they stood at "
            f"{kept.taken_at:%Y-%m-%d %H:%M} UTC. Everybody signs in anew."
        )
