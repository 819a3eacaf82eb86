"""Close a month, and every open month before it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from metrics.management.commands.score import month_argument
from metrics.operations.months import close_month
from projects.validation import listed


class Command(BaseCommand):
    help = (
        "Close a month and every open month before it: their scores stay as they are. What waits "
        "to be rescored is scored first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=month_argument, metavar="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            closed = close_month(options["month"], by=None)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        self.stdout.write(f"Closed {listed([str(month) for month in closed])}.")
