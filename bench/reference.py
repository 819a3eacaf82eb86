"""What must stay true at size, measured side by side in one run: `make bench`.

Builds a company of the reference size on a PostgreSQL of its own (`ARGS="--scale 0.1"` for a
smaller one), measures each row of the table, prints ratios with the plain seconds beside them, and
ends with 1 where a limit is passed. Seconds are of this machine; only ratios and counts are held.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.company import (  # noqa: E402
    TOP,
    WHOLE,
    Size,
    month_label,
    project_code,
    write_definitions,
    write_measurements,
)
from tests.installation import Installation, Process, eventually, installed  # noqa: E402
from tests.services import free_port, postgres_server, redis_server  # noqa: E402

READERS = 8
FEW_PROJECTS = 400  # with their engagements and portfolios as many subjects as are shown at once
PASSWORD = "correct horse battery staple"  # of a database that is gone in minutes

ROLL_UP = """
INSERT INTO plain_roll_up (project_id, category, month, score)
SELECT m.subject_id, d.category, m.month, sum(l.weight * m.value) / sum(l.weight)
FROM metrics_measurement m
JOIN metrics_metricdefinition d ON d.id = m.metric_id
JOIN metrics_scorecardline l ON l.metric_id = m.metric_id
GROUP BY m.subject_id, d.category, m.month
"""
"""Nothing but a weighted mean: no curves, no freshness, no coverage, no levels above a project."""

WAIT_FOR_RUN = """
import time
deadline = time.monotonic() + 1800
while not ScoreRun.objects.exclude(state__in=["due", "running"]).exists():
    assert time.monotonic() < deadline
    time.sleep(0.05)
run = ScoreRun.objects.order_by("-pk").first()
print(json.dumps([run.state, (run.finished_at - run.started_at).total_seconds(),
                  run.rows_written, run.done]))
"""

ONE_CHANGE = """
import time
from metrics.choices import Door
metric = MetricDefinition.objects.get(code="m0")
taken = []
for number in range(7):
    subject = Subject.objects.get(code=f"P{number:05d}")
    started = time.perf_counter()
    record_measurement(metric=metric, subject=subject, period=parse_period(PERIOD, metric.cadence),
                       value=float(number + 1), by=None, door=Door.COMMAND)
    answer_all_needs()
    taken.append(time.perf_counter() - started)
print(json.dumps(sorted(taken)[len(taken) // 2]))
"""

PEOPLE = """
from django.contrib.auth.models import Group, User
lead = User.objects.create_user("lead", password=PASSWORD)
lead.groups.set(Group.objects.filter(name="PMO lead"))
"""

QUERIES = """
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
client = Client(HTTP_HOST="localhost")
client.force_login(User.objects.get(username="lead"))
counted = {}
for address in PAGES:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200, address
    counted[address] = len(queries)
print(json.dumps(counted))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, and whether it is within its limit."""

    what: str
    plain: str
    ratio: float | None = None
    limit: float | None = None

    @property
    def is_within(self) -> bool:
        return self.ratio is None or self.limit is None or self.ratio <= self.limit

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        limit = "reported" if self.limit is None else f"{self.limit:g}"
        return f"| {self.what} | {ratio} | {limit} | {self.plain} |"


class Bench:
    """The servers, the company on them, and the rows that were measured so far."""

    def __init__(self, size: Size, folder: Path, postgres: str, redis: str) -> None:
        self.size = size
        self.folder = folder
        self.postgres = postgres
        self.redis = redis
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(row, flush=True)

    def database(self, name: str) -> str:
        with closing(psycopg2.connect(f"{self.postgres}/postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name}")
            connection.cursor().execute(f"ALTER DATABASE {name} SET work_mem = '256MB'")
        return f"{self.postgres}/{name}"

    @contextmanager
    def company(self, name: str, size: Size) -> Iterator[tuple[Installation, str, Path]]:
        """An installation with the company's definitions, and its folder without measurements."""
        place = self.folder / name
        workspace = place / "workspace"
        workspace.mkdir(parents=True)
        write_definitions(workspace, size)
        address = self.database(name)
        with installed(place, address, self.redis) as installation:
            installation.manage("load_workspace", str(workspace))
            yield installation, address, workspace


def timed(what: Callable[[], Any]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def measure_loading(
    bench: Bench, installation: Installation, address: str, workspace: Path
) -> None:
    """Loading the measurements, against COPY of the same rows into an empty twin of their table."""
    fewer = write_measurements(workspace, bench.size, months=max(bench.size.months // 10, 1))
    peak = [peak_of_command(installation, workspace)]
    fewer.unlink()
    installation.python(
        "from django.db import connection\n"
        "with connection.cursor() as c: c.execute('TRUNCATE metrics_measurement CASCADE')"
    )
    write_measurements(workspace, bench.size)
    loading = timed(lambda: peak.append(peak_of_command(installation, workspace)))
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        # The same rows as CSV, keys for codes: made here, outside what is timed.
        cursor.execute(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) "
            "FROM information_schema.columns WHERE table_name = 'metrics_measurement'"
        )
        columns = cursor.fetchone()[0]
        rows = bench.folder / "rows.csv"
        with rows.open("wb") as out:
            cursor.copy_expert(
                f"COPY (SELECT {columns} FROM metrics_measurement) TO STDOUT (FORMAT csv)", out
            )
        cursor.execute("CREATE TABLE twin (LIKE metrics_measurement INCLUDING ALL)")
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = 'metrics_measurement'::regclass AND contype = 'f'"
        )
        for (definition,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE twin ADD {definition}")
        connection.commit()
        started = time.perf_counter()
        with rows.open("rb") as source:
            cursor.copy_expert(f"COPY twin ({columns}) FROM STDIN (FORMAT csv)", source)
        connection.commit()
        copying = time.perf_counter() - started
        cursor.execute("DROP TABLE twin")
        connection.commit()
        rows.unlink()
    bench.add(
        Row(
            f"loading {bench.size.values:,} measurements, against COPY",
            f"{loading:.1f} s against {copying:.1f} s",
            loading / copying,
            2.0,
        )
    )
    bench.add(
        Row(
            "memory of loading, against a tenth of the rows",
            f"{peak[1]} MB against {peak[0]} MB",
            peak[1] / peak[0],
            1.1,
        )
    )


def peak_of_command(installation: Installation, workspace: Path) -> int:
    """Load the workspace in a process of its own; its peak of memory in MB."""
    told = installation.python(
        f"""
import resource, subprocess, sys
done = subprocess.run([sys.executable, "manage.py", "load_workspace", {str(workspace)!r}],
                      capture_output=True, text=True)
assert done.returncode == 0, done.stderr
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
    )
    return int(told)


def full_run(installation: Installation, *, from_nothing: bool = True) -> float:
    """Seconds of a full run by whichever workers there are."""
    if from_nothing:
        installation.python(
            "from django.db import connection\n"
            "with connection.cursor() as c: c.execute('TRUNCATE metrics_score')"
        )
    installation.python("ScoreRun.objects.all().delete()")
    installation.python("request_full_run(RunTrigger.SCHEDULE); answer_needs_task.delay()")
    state, seconds, *_ = json.loads(installation.python(WAIT_FOR_RUN))
    assert state == "done", installation.logs()[-3000:]
    return float(seconds)


@contextmanager
def workers(installation: Installation, count: int) -> Iterator[list[Process]]:
    """So many workers of one process each."""
    started = [installation.start_worker(beat=False, concurrency=1) for _ in range(count)]
    try:
        # Each has answered once before anything is measured.
        ready = "print(len(celery_app.control.ping(timeout=1.0)))"
        eventually(lambda: int(installation.python(ready)) == count)
        yield started
    finally:
        for worker in started:
            worker.kill()


def peak_of(processes: list[Process]) -> int:
    """The peaks of memory of these processes and their children, added up, in MB."""
    total = 0
    for process in processes:
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                facts = dict(
                    line.split(":", 1) for line in status.read_text().splitlines() if ":" in line
                )
                group = (status.parent / "stat").read_text().rpartition(")")[2].split()[2]
            except OSError:
                continue  # it ended while it was looked at
            if int(group) == process.process.pid and "VmHWM" in facts:
                total += int(facts["VmHWM"].split()[0])
    return total // 1024


def measure_full_runs(bench: Bench, installation: Installation, address: str) -> float:
    """The seconds of two workers."""
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("ANALYZE")
        cursor.execute(
            "CREATE TABLE plain_roll_up (project_id bigint, category varchar(20), month integer, "
            "score double precision, PRIMARY KEY (project_id, category, month))"
        )
        connection.commit()

        def roll_up() -> None:
            cursor.execute("TRUNCATE plain_roll_up")
            cursor.execute(ROLL_UP)
            connection.commit()

        plain = min(timed(roll_up) for _ in range(2))
    with workers(installation, 1):
        alone = min(full_run(installation) for _ in range(2))
    with workers(installation, 2) as both:
        together = min(full_run(installation) for _ in range(2))
        peak = peak_of(both)
        again = full_run(installation, from_nothing=False)
    bench.add(
        Row(
            "full rescore with 2 workers, against one SQL statement",
            f"{together:.1f} s against {plain:.1f} s",
            together / plain,
            2.5,
        )
    )
    bench.add(
        Row(
            "full rescore with 2 workers, against 1 worker",
            f"{together:.1f} s against {alone:.1f} s",
            together / alone,
        )
    )
    bench.add(Row("the same when every score is right already", f"{again:.1f} s"))
    bench.add(Row("peak memory of both workers, GiB", f"{peak} MB", peak / 1024, 3.0))
    return together


def measure_pandas(bench: Bench, address: str, together: float) -> None:
    """The same rescore by an analyst's script, which knows less of the rules."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "by_pandas.py"), address, "by_pandas"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, read, computed, stored, peak, rows = done.stdout.split()
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE by_pandas")
        connection.commit()
    bench.add(
        Row(
            "full rescore with 2 workers, against pandas",
            f"{together:.1f} s against {seconds} s (reading {read}, computing {computed}, storing "
            f"{stored}); {int(rows):,} rows, peak {peak} MB",
            together / float(seconds),
        )
    )


def profile(installation: Installation) -> str:
    """Where the time of a full run goes: one process, each function's own time, the first 25."""
    return installation.python(
        """
import cProfile, pstats
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("TRUNCATE metrics_score")
profiler = cProfile.Profile()
profiler.runcall(score_now, trigger=RunTrigger.COMMAND)
pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(25)
"""
    )


def measure_one_change(bench: Bench, installation: Installation) -> None:
    """One value until it is stored in all scores above, with many metrics and with few."""
    many = json.loads(installation.python(period_of(bench.size) + ONE_CHANGE))
    slim = Size(bench.size.projects, bench.size.portfolios, bench.size.segments, 4)
    with bench.company("slim", slim) as (other, _, workspace):
        write_measurements(workspace, slim)
        other.manage("load_workspace", str(workspace))
        other.manage("score")
        few = json.loads(other.python(period_of(slim) + ONE_CHANGE))
    bench.add(
        Row(
            "one changed value until all scores above it are stored, 40 metrics against 4",
            f"{many * 1000:.0f} ms against {few * 1000:.0f} ms",
            many / few,
            1.5,
        )
    )


def period_of(size: Size) -> str:
    return f"PERIOD = {month_label(size.months - 1)!r}\n"


def pages(size: Size) -> list[str]:
    month = month_label(size.months - 1)
    return [
        "/summary/",
        f"/portfolios/{TOP}/",
        f"/projects/{project_code(1)}/",
        f"/explain/{WHOLE}/{month}/",
    ]


def count_queries(installation: Installation, addresses: list[str]) -> dict[str, int]:
    told = installation.python(f"PAGES = {addresses!r}\n{QUERIES}")
    return dict(json.loads(told))


def measure_pages(bench: Bench, installation: Installation) -> None:
    addresses = pages(bench.size)
    large = count_queries(installation, addresses)
    hundredth = bench.size.times(0.01)
    with bench.company("hundredth", hundredth) as (other, _, workspace):
        write_measurements(workspace, hundredth)
        other.manage("load_workspace", str(workspace))
        other.manage("score")
        other.python(f"PASSWORD = {PASSWORD!r}\n{PEOPLE}")
        # Values were corrected in the large one, and pages ask who did it.
        other.python(period_of(hundredth) + ONE_CHANGE)
        small = count_queries(other, addresses)
    for address in addresses:
        bench.add(Row(f"queries of {address}", f"{small[address]} at 1/100", large[address], 20))
        # Up to some size an explanation shows everybody down to the values; beyond it asks, once,
        # for the stored scores of those that are not opened.
        asked_once = 1 if "/explain/" in address and bench.size.projects > FEW_PROJECTS else 0
        bench.add(
            Row(
                f"queries of {address}, against 1/100 of the size",
                f"{large[address]} against {small[address]}"
                + (", and one for scores of those not opened" if asked_once else ""),
                large[address] / (small[address] + asked_once),
                1.0,
            )
        )


def sign_in(base: str) -> urllib.request.OpenerDirector:
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"{base}/sign-in/").read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    fields = {"username": "lead", "password": PASSWORD, "csrfmiddlewaretoken": token}
    body = urllib.parse.urlencode(fields).encode()
    opener.open(urllib.request.Request(f"{base}/sign-in/", body, {"Referer": base})).read()
    return opener


def measure_readers(bench: Bench, installation: Installation, reading: float) -> None:
    """How long pages take while eight people read and full runs go on, one after the other."""
    port = free_port()
    web = installation.start_web(port)
    base = f"http://127.0.0.1:{port}"
    addresses = pages(bench.size)
    taken: dict[str, list[float]] = {address: [] for address in addresses}
    ended = threading.Event()

    def read(opener: urllib.request.OpenerDirector, place: int) -> None:
        while not ended.is_set():
            address = addresses[place % len(addresses)]
            started = time.perf_counter()
            opener.open(base + address).read()
            taken[address].append(time.perf_counter() - started)
            place += 1

    def is_up() -> bool:
        try:
            return bool(urllib.request.urlopen(f"{base}/healthz").status == 200)
        except OSError:
            return False

    eventually(is_up)
    openers = [sign_in(base) for _ in range(READERS)]
    with workers(installation, 2):
        threads = [
            threading.Thread(target=read, args=(opener, place), daemon=True)
            for place, opener in enumerate(openers)
        ]
        deadline = time.monotonic() + reading
        for thread in threads:
            thread.start()
        seconds = [full_run(installation)]
        while time.monotonic() < deadline:
            seconds.append(full_run(installation))
        ended.set()
        for thread in threads:
            thread.join()
    web.kill()
    for address, times in taken.items():
        if len(times) < 2:
            bench.add(Row(f"{address}, {READERS} readers while all is rescored", "too few reads"))
            continue
        cuts = statistics.quantiles(times, n=20)
        bench.add(
            Row(
                f"{address}, {READERS} readers while all is rescored",
                f"p50 {statistics.median(times):.2f} s, p95 {cuts[18]:.2f} s of {len(times)} reads",
            )
        )
    slowest = f"{max(seconds):.1f} s at most of {len(seconds)}"
    bench.add(Row("a full rescore meanwhile", f"{statistics.median(seconds):.1f} s, {slowest}"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the reference size")
    parser.add_argument("--reading", type=float, default=60.0, help="seconds of reading pages")
    parser.add_argument("--profile", action="store_true", help="tell where a full run's time goes")
    options = parser.parse_args()
    size = Size().times(options.scale) if options.scale != 1 else Size()
    print(
        f"{size.projects:,} projects, {size.metrics} metrics, {size.months} months: "
        f"{size.values:,} measurements\n\n| what | ratio | at most | plainly |\n"
        "| --- | ---: | ---: | --- |",
        flush=True,
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server() as postgres,
        redis_server() as redis,
    ):
        bench = Bench(size, Path(folder), postgres, redis)
        with bench.company("reference", size) as (installation, address, workspace):
            measure_loading(bench, installation, address, workspace)
            together = measure_full_runs(bench, installation, address)
            measure_pandas(bench, address, together)
            installation.python(f"PASSWORD = {PASSWORD!r}\n{PEOPLE}")
            measure_one_change(bench, installation)
            measure_pages(bench, installation)
            measure_readers(bench, installation, options.reading)
            if options.profile:
                print(profile(installation))
    passed = [row for row in bench.rows if not row.is_within]
    for row in passed:
        print(f"Past its limit: {row.what}: {row.ratio:.2f}, at most {row.limit:g}.")
    return 1 if passed else 0


if __name__ == "__main__":
    sys.exit(main())
