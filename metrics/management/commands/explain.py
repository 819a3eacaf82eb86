"""Print why a score is what it is."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.explaining import as_json, explain
from metrics.management.commands.score import month_argument
from projects.models import Subject


class Command(BaseCommand):
    help = "Print the explanation of a subject's scores in a month as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subject", metavar="SUBJECT", help="a subject's code")
        parser.add_argument("month", type=month_argument, metavar="MONTH")
        parser.add_argument("--against", type=month_argument, metavar="MONTH")
        parser.add_argument(
            "--depth", type=int, default=1, help="how many levels of children are opened"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        subject = Subject.objects.filter(code=options["subject"]).first()
        if subject is None:
            raise CommandError(f'There is no subject with the code "{options["subject"]}".')
        if options["depth"] < 0:
            raise CommandError("--depth is 0 or more.")
        explanation = explain(
            subject, options["month"], against=options["against"], depth=options["depth"]
        )
        if explanation.node is None:
            raise CommandError(f"{subject.code} has no scores in {options['month']}.")
        self.stdout.write(json.dumps(as_json(explanation), indent=2, ensure_ascii=False))
