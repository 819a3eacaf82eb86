"""Write everything into one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.tallies import BACKUP_AT, note
from pmo_portal.backup import BackupRefused, write_backup


class Command(BaseCommand):
    help = (
        "Write everything that the portal knows into one file, people and history included, as it "
        "stands at one moment; nobody has to stop working. `restore` reads it back, into SQLite "
        "and PostgreSQL alike. The file holds password hashes: keep it as safe as the database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if path.exists():
            raise CommandError(f"{path} is there already; a backup never replaces another.")
        try:
            kept = write_backup(path)
        except (BackupRefused, OSError) as refused:
            raise CommandError(str(refused)) from None
        note(BACKUP_AT, kept.taken_at.timestamp())
        size = path.stat().st_size / 1_000_000
        self.stdout.write(
            f"{kept.total:,} rows of {len(kept.rows)} tables are in {path} ({size:,.1f} MB)."
        )
