"""Reopen a closed month, with a reason."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from metrics.management.commands.score import month_argument
from metrics.operations.months import reopen_month


class Command(BaseCommand):
    help = (
        "Reopen a closed month: its scores are kept as they were reported, and made anew by the "
        "next scoring run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=month_argument, metavar="YYYY-MM")
        parser.add_argument("--reason", required=True, help="why; it is kept with the month")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            closing = reopen_month(options["month"], reason=options["reason"], by=None)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        kept = closing.reported_scores.count()
        self.stdout.write(f"Reopened {closing.month}; {kept} scores are kept as reported.")
