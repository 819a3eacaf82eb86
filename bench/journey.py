"""How long a day takes on one machine: load, score, open pages, a saved value's way to a score.

Runs on SQLite with the embedded broker, in a folder of its own, and prints a Markdown table:
`.venv/bin/python bench/journey.py [WORKSPACE] [--runs N]`. Seconds are of this machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.installation import Installation, eventually, installed  # noqa: E402

PAGES = """
import time
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
reader = User.objects.create_user("reader")
reader.groups.set(Group.objects.filter(name="Executive"))
client = Client(HTTP_HOST="localhost")
client.force_login(reader)
portfolio = Portfolio.objects.order_by("code").first()
project = Project.objects.order_by("code").first()
segment = Segment.objects.order_by("code").first()
organisation = Organisation.objects.get()
latest = Score.objects.filter(overall_score__isnull=False).latest("month").month
taken = {}
for name, arguments in (
    ("summary", []), ("portfolio_list", []), ("portfolio_detail", [portfolio.code]),
    ("project_list", []), ("project_detail", [project.code]), ("segment_list", []),
    ("segment_detail", [segment.code]), ("explain", [organisation.code, latest]),
):
    address = reverse(name, args=arguments)
    client.get(address)
    started = time.perf_counter()
    assert client.get(address).status_code == 200, address
    taken[name] = time.perf_counter() - started
print(json.dumps(taken))
"""

SAVE = """
import time
metrics = MetricDefinition.objects.filter(formula="", subject_kind="project")
metric = metrics.filter(lines__isnull=False).first()
row = Measurement.objects.filter(metric=metric).latest("month")
period = period_holding(row.period_start, metric.cadence, 1)
record_measurement(metric=metric, subject=row.subject, period=period, value=row.value + 1,
    by=None, door=Door.COMMAND)
saved = time.perf_counter()
while RescoreNeed.objects.exists():
    time.sleep(0.01)
print(json.dumps(time.perf_counter() - saved))
"""


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def journey(workspace: str) -> dict[str, float]:
    """Seconds of each step, in the order of the day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with installed(folder, f"sqlite:///{folder / 'portal.sqlite3'}") as installation:
            taken = {
                "`load_workspace`": timed(lambda: installation.manage("load_workspace", workspace)),
                "`score`, all months": timed(lambda: installation.manage("score")),
            }
            installation.start_worker()
            eventually(lambda: is_idle(installation))
            saved = json.loads(installation.python(SAVE))
            taken["a saved value until its scores and all above are stored"] = saved
            pages = json.loads(installation.python(PAGES))
            taken |= {f"page `{page}`": seconds for page, seconds in pages.items()}
            return taken


def is_idle(installation: Installation) -> bool:
    return installation.python("print(RescoreNeed.objects.exists())") == "False"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", nargs="?", default="examples/uk_gmpp")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [journey(options.workspace) for _ in range(options.runs)]
    print(f"| {options.workspace}, median of {options.runs} | seconds |\n| --- | ---: |")
    for step in runs[0]:
        print(f"| {step} | {statistics.median(run[step] for run in runs):.2f} |")


if __name__ == "__main__":
    main()
