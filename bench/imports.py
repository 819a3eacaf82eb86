"""How long an import takes, and how much memory its worker: 100,000 rows of CSV, 50,000 of XLSX.

    .venv/bin/python bench/imports.py                      SQLite in a folder of its own
    DATABASE_URL=postgres://... .venv/bin/python bench/imports.py

An empty database is filled with 500 projects, 20 monthly metrics and a year of values (120,000).
Then each step runs in a process of its own, as a worker does it: the file is checked, and imported;
first values of months that are new, then other values for months that have some.
"""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

METRICS, PROJECTS = 20, 500
PAST_MONTHS = 12
TEN_MONTHS = [f"2026-{month:02}" for month in range(1, 11)]
FIVE_MONTHS = TEN_MONTHS[5:]
STEPS = (
    # What is told, the file, its months, what is added to a value
    ("CSV, 100,000 new values", "csv", TEN_MONTHS, 0.0),
    ("CSV, 100,000 changed values", "csv", TEN_MONTHS, 1.0),
    ("XLSX, 50,000 changed values", "xlsx", FIVE_MONTHS, 2.0),
    ("XLSX wide, 50,000 changed values", "wide", FIVE_MONTHS, 3.0),
)


def fill() -> None:
    """The company, its metrics and a year of values."""
    portfolio = Portfolio.objects.create(code="PF", name="Portfolio")
    Organisation.objects.create(code="ORG", name="Organisation")
    for number in range(PROJECTS):
        Project.objects.create(code=f"P{number:03}", name=f"Project {number}", portfolio=portfolio)
    for number in range(METRICS):
        MetricDefinition.objects.create(
            code=f"m{number:02}",
            name=f"Metric {number}",
            category="tactical",
            subject_kind="project",
            cadence="month",
            curve=[[0.0, 0.0], [100.0, 100.0]],
        )
    now = timezone.now()
    metrics = list(MetricDefinition.objects.order_by("code"))
    projects = list(Project.objects.order_by("code"))
    for month in month_range(Month.parse("2025-01"), Month.parse("2025-12")):
        Measurement.objects.bulk_create(
            [
                Measurement(
                    metric=metric,
                    subject=project,
                    period_start=month.first_day,
                    month=month,
                    value=value_of(m, p, int(month)),
                    door=Door.COMMAND,
                    created_at=now,
                    changed_at=now,
                )
                for m, metric in enumerate(metrics)
                for p, project in enumerate(projects)
            ],
            batch_size=5_000,
        )
    analyst = User.objects.create_user("analyst")
    analyst.groups.add(Group.objects.get(name="Analyst"))


def value_of(metric: int, project: int, month: int, more: float = 0.0) -> float:
    return 40 + (metric * 7 + project * 3 + month) % 20 + more + 0.25


def file_with(kind: str, months: list[str], more: float) -> tuple[str, bytes]:
    if kind == "wide":
        header = ["Metric", "Subject", *months]
        rows = [
            [
                f"m{m:02}",
                f"P{p:03}",
                *(value_of(m, p, int(Month.parse(each)), more) for each in months),
            ]
            for m in range(METRICS)
            for p in range(PROJECTS)
        ]
    else:
        header = ["Metric", "Subject", "Period", "Value"]
        rows = [
            [f"m{m:02}", f"P{p:03}", each, value_of(m, p, int(Month.parse(each)), more)]
            for each in months
            for m in range(METRICS)
            for p in range(PROJECTS)
        ]
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows])
        return "values.csv", text.getvalue().encode()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Values")
    for row in [header, *rows]:
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return "values.xlsx", written.getvalue()


def prepare(number: int) -> None:
    _, kind, months, more = STEPS[number]
    name, content = file_with(kind, months, more)
    analyst = User.objects.get(username="analyst")
    batch = receive_file(SimpleUploadedFile(name, content), by=analyst)
    if kind == "wide":
        across = {2 + place: month for place, month in enumerate(months)}
        mapping = Mapping(Shape.WIDE_PERIODS, metric_column=0, subject_column=1, across=across)
    else:
        mapping = Mapping(Shape.LONG, 0, 1, 2, 3)
    map_batch(batch, reading=Reading(), mapping=mapping, by=analyst)


def ask() -> None:
    batch = ImportBatch.objects.latest("pk")
    assert batch.created_by is not None
    is_confirmed = bool(batch.counts["questioned"])
    import_batch(
        batch, mode=BatchMode.ALL_OR_NOTHING, is_confirmed=is_confirmed, by=batch.created_by
    )


def computed() -> float:
    """Processor seconds of this process, and of its server process where that is PostgreSQL."""
    seconds = time.process_time()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            stat = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def work() -> None:
    """One step as a worker carries it out; time and peak memory of this process."""
    batch = take_next_batch()
    assert batch is not None
    began, computed_before = time.perf_counter(), computed()
    carry_out_batch(batch)
    seconds, busy = time.perf_counter() - began, computed() - computed_before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    batch.refresh_from_db()
    print(json.dumps([seconds, peak / 1024, busy, batch.state, batch.counts]))


def undo() -> None:
    batch = ImportBatch.objects.latest("pk")
    assert batch.created_by is not None
    undo_batch(batch, by=batch.created_by)
    claimed = take_next_batch()
    assert claimed is not None
    began = time.perf_counter()
    carry_out_batch(claimed)
    seconds = time.perf_counter() - began
    claimed.refresh_from_db()
    print(
        json.dumps([seconds, *(claimed.counts[each] for each in ("restored", "deleted", "left"))])
    )


def in_a_process(*arguments: str) -> list[object]:
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return list(json.loads(done.stdout)) if done.stdout.strip() else []


def main() -> None:
    in_a_process("fill")
    print(f"| {connection.vendor} | check, s | of CPU | import, s | of CPU | peak, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for number, (told, *_) in enumerate(STEPS):
        in_a_process("prepare", str(number))
        check = in_a_process("work")
        in_a_process("ask")
        imported = in_a_process("work")
        assert imported[3] == "done", imported
        peak = max(float(str(check[1])), float(str(imported[1])))
        times = " | ".join(f"{each:.1f}" for each in (check[0], check[2], imported[0], imported[2]))
        print(f"| {told} | {times} | {peak:.0f} |", flush=True)
    undone = in_a_process("undo")
    print(f"Undoing the last of them ({undone[1]:,} values put back): {undone[0]:.1f} s")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings")
    folder = None
    if len(sys.argv) == 1 and "DATABASE_URL" not in os.environ:
        folder = tempfile.TemporaryDirectory()
        os.environ["DATABASE_URL"] = f"sqlite:///{folder.name}/bench.sqlite3"
    if len(sys.argv) == 1:
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], check=True
        )

import django  # noqa: E402  # the environment comes first

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from openpyxl import Workbook  # noqa: E402

from metrics.choices import BatchMode, Door  # noqa: E402
from metrics.importing.plans import Mapping, Reading, Shape  # noqa: E402
from metrics.models import ImportBatch, Measurement, MetricDefinition  # noqa: E402
from metrics.operations.imports import (  # noqa: E402
    carry_out_batch,
    import_batch,
    map_batch,
    receive_file,
    take_next_batch,
    undo_batch,
)
from projects.models import Organisation, Portfolio, Project  # noqa: E402
from projects.months import Month, month_range  # noqa: E402

if __name__ == "__main__":
    DO = {"fill": fill, "work": work, "ask": ask, "undo": undo}
    match sys.argv[1:]:
        case []:
            main()
        case ["prepare", number]:
            prepare(int(number))
        case [what]:
            DO[what]()
