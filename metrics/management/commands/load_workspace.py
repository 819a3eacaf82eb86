"""Load a workspace folder."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from metrics.progress import progress_bar
from metrics.workspace import WorkspaceRefused, load_workspace


class Command(BaseCommand):
    help = "Load a folder of CSV files: all of its rows, or none and the reasons why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--check", action="store_true", help="report what would happen, and write nothing"
        )
        parser.add_argument(
            "--by", metavar="USERNAME", help="whose name the values and the history get"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with progress_bar(sys.stderr, "bytes of measurements read") as progress:
                report = load_workspace(
                    options["folder"],
                    by=_person(options["by"]),
                    check=options["check"],
                    progress=progress,
                )
        except WorkspaceRefused as refusal:
            raise CommandError(f"Nothing was loaded.\n{refusal}") from None
        except DatabaseError as error:
            raise CommandError(
                f"Nothing was loaded: the database refused ({str(error).strip()})."
                " If somebody was changing the same rows, load again."
            ) from None
        self.stdout.write(str(report))


def _person(username: str | None) -> User | None:
    if username is None:
        return None
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise CommandError(f"There is no user {username}.") from None
