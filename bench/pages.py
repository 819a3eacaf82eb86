"""How long the reading pages take with many projects, on SQLite.

Writes an invented workspace, loads it, scores its last months and opens pages as a PMO lead does,
in a process of its own; prints a Markdown table: `.venv/bin/python bench/pages.py [--projects N]`.
The time is the processor's, the best of five: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.company import SCORECARD_COLUMNS, TOP, write_rows  # noqa: E402
from tests.installation import installed  # noqa: E402

MONTHS = [f"2025-{month:02d}" for month in range(10, 13)] + [
    f"2026-{month:02d}" for month in range(1, 11)
]
SEGMENTS = [f"S{number}" for number in range(12)]
SERVICES = [f"V{number}" for number in range(40)]
LEAVES = [f"PF{number}.{part}" for number in range(10) for part in range(9)]
CATEGORIES = ("tactical", "value_creation", "value_creation", "longevity", "financial")
CUSTOMERS_PER_PROJECT = 0.4
KNOWN = 0.6
"""How often a value has come."""

SHARES = {
    "project": (1, 1, 0, 0, 0, 0),
    "engagement": (1, 0, 0, 0, 0, 0),
    "customer": (1, 0, 0, 0, 0, 0),
    "portfolio": (0, 0, 1, 0, 0, 0),
    "segment": (0, 0, 1, 0, 1, 0),
    "organisation": (0, 0, 1, 0, 0, 1),
}

PAGES = (
    ("/portfolios/", ""),
    (f"/portfolios/{TOP}/", ""),
    (f"/portfolios/{TOP}/?sort=-financial", "projects"),
    (f"/portfolios/{TOP}/?q=number+4&segment=S3&band=red", "projects"),
    ("/projects/", ""),
    ("/projects/?page=99", "projects"),
    ("/projects/P0001/", ""),
    ("/projects/P0001/?month=2026-10", "scorecard"),
    ("/segments/", ""),
    ("/segments/S3/", ""),
    (f"/compare/portfolios/?a={TOP}", ""),
    (f"/compare/portfolios/?a={TOP}&b=PF1", ""),
)

OPEN = """
import time
from django.contrib.auth.models import Group, User
from django.test import Client
lead = User.objects.create_user("lead")
lead.groups.set(Group.objects.filter(name="PMO lead"))
client = Client(HTTP_HOST="localhost")
client.force_login(lead)
taken = []
for address, part in PAGES:
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    best = []
    for _ in range(5):
        started = time.process_time()
        assert client.get(address, headers=headers).status_code == 200, address
        best.append(time.process_time() - started)
    taken.append([address, part, min(best)])
print(json.dumps(taken))
"""


def build(folder: Path, projects: int) -> None:
    """A company of the size asked for; the same each time."""
    chance = random.Random(7)
    groups = [f"PF{number}" for number in range(10)]
    portfolios = [[TOP, "The company's projects", ""]]
    portfolios += [[code, f"Group {code}", TOP] for code in groups]
    portfolios += [[code, f"Portfolio {code}", code.partition(".")[0]] for code in LEAVES]
    write_rows(folder, "organisation", ["code", "name"], [["ORG", "An invented company"]])
    write_rows(folder, "portfolios", ["code", "name", "parent"], portfolios)
    write_rows(
        folder,
        "segments",
        ["code", "name", "customer_count", "annual_revenue", "currency"],
        [[code, f"Segment {code}", 1000, 5_000_000, "EUR"] for code in SEGMENTS],
    )
    write_rows(
        folder, "services", ["code", "name"], [[code, f"Service {code}"] for code in SERVICES]
    )
    write_rows(
        folder,
        "service_segments",
        ["service", "segment", "annual_cost", "benchmark_cost", "currency"],
        [
            [service, segment, chance.randint(10, 90) * 1000, 50_000, "EUR"]
            for service in SERVICES
            for segment in chance.sample(SEGMENTS, 4)
        ],
    )
    customers = [f"C{number}" for number in range(int(projects * CUSTOMERS_PER_PROJECT))]
    write_rows(
        folder,
        "customers",
        ["code", "name", "segment", "renewal_on"],
        [[code, f"Customer {code}", chance.choice(SEGMENTS), "2027-01-15"] for code in customers],
    )
    metrics = [(f"m{place}", category, "project") for place, category in enumerate(CATEGORIES)]
    metrics += [("use", "value_creation", "customer"), ("work", "value_creation", "engagement")]
    write_rows(
        folder,
        "metrics",
        ["code", "name", "category", "subject_kind", "cadence", "grace_months", "curve"],
        [
            [code, f"Metric {code}", category, kind, "month", 2, "[[0, 0], [100, 100]]"]
            for code, category, kind in metrics
        ],
    )
    write_rows(
        folder,
        "scorecards",
        SCORECARD_COLUMNS,
        [
            [kind, kind, kind, "true", 1, 1, 1, 1, "geometric", 0.3, 1, 50, 70, *shares]
            for kind, shares in SHARES.items()
        ],
    )
    write_rows(
        folder,
        "scorecard_lines",
        ["scorecard", "metric", "weight"],
        [[kind, code, 1] for code, _, kind in metrics],
    )
    _write_projects(folder, [f"P{number:04d}" for number in range(projects)], customers, chance)


def _write_projects(
    folder: Path, projects: Sequence[str], customers: Sequence[str], chance: random.Random
) -> None:
    rows, links, values = [], [], []
    for code in projects:
        budget = chance.randint(10, 900) * 1000
        forecast = int(budget * chance.uniform(0.8, 1.4))
        currency = chance.choice(["EUR", "EUR", "GBP"])
        stage = chance.choice(["approved", "delivery", "closed"])
        name = f"Project number {code.lstrip('P0')}"
        rows.append([code, name, chance.choice(LEAVES), stage, budget, forecast, currency])
        for segment in chance.sample(SEGMENTS, chance.randint(1, 2)):
            links.append([code, segment])
            values.append(["work", f"{code}@{segment}", MONTHS[-1], chance.randint(20, 90)])
        level = chance.uniform(20, 90)
        values += [
            [f"m{place}", code, month, round(min(max(chance.gauss(level, 12), 0), 100), 1)]
            for place in range(len(CATEGORIES))
            for month in MONTHS
            if chance.random() < KNOWN
        ]
    values += [
        ["use", code, month, chance.randint(20, 95)] for code in customers for month in MONTHS[-3:]
    ]
    columns = ["code", "name", "portfolio", "stage", "budget", "forecast_cost", "currency"]
    write_rows(folder, "projects", columns, rows)
    write_rows(folder, "project_segments", ["project", "segment"], links)
    write_rows(folder, "measurements", ["metric", "subject", "period", "value"], values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "workspace").mkdir()
        build(folder / "workspace", options.projects)
        with installed(folder, f"sqlite:///{folder / 'portal.sqlite3'}") as installation:
            installation.manage("load_workspace", str(folder / "workspace"))
            installation.manage("score")
            told = installation.python(f"PAGES = {PAGES!r}\n{OPEN}")
    print(f"| {options.projects} projects | seconds |\n| --- | ---: |")
    for address, part, seconds in json.loads(told.splitlines()[-1]):
        words = f"`{address}`" + (f", only its {part}" if part else "")
        print(f"| {words} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
