"""An installation of its own for tests with real processes: database, broker, worker and beat."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.migrated import fill_from_copy

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


def eventually(what: Callable[[], Any], patience: float = PATIENCE, every: float = 0.05) -> Any:
    """Ask until the answer is true; AssertionError if it never is."""
    deadline = time.monotonic() + patience
    while True:
        if answer := what():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {patience} seconds.")
        time.sleep(every)


class Process:
    """A child in a session of its own, so that it can be killed with all it started."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process and its children, by default without a chance to tidy up."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(timeout=30)


class Installation:
    """Runs `manage.py` and Celery against a database and a broker that are nobody else's."""

    def __init__(
        self, folder: Path, database_url: str, broker_url: str, *, is_migrated: bool = False
    ) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self._console: subprocess.Popen[str] | None = None
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL")
        } | {
            "DATABASE_URL": database_url,
            "VAR_DIR": str(folder),
            "SCORE_RUN_STALE_SECONDS": "5",
            "ANSWER_NEEDS_EVERY_SECONDS": "1",
            "CELERY_WORKER_CONCURRENCY": "2",
        }
        if broker_url:
            self.environment["CELERY_BROKER_URL"] = broker_url
        if not is_migrated:
            fill_from_copy(database_url)

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def python(self, code: str) -> str:
        """Run Python with Django set up and the usual names imported; what it prints.

        All of it runs in one process beside the worker, as starting one takes a second.
        """
        if self._console is None:
            self._console = self._start_console()
        assert self._console.stdin is not None
        assert self._console.stdout is not None
        self._console.stdin.write(json.dumps(code) + "\n")
        self._console.stdin.flush()
        is_fine, told = json.loads(self._console.stdout.readline())
        assert is_fine, told
        return str(told).strip()

    def _start_console(self) -> subprocess.Popen[str]:
        with (self.folder / "console.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", _CONSOLE],
                cwd=ROOT,
                env=self.environment | {"DJANGO_SETTINGS_MODULE": "pmo_portal.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def is_idle(self) -> bool:
        """No change waits, and no run is due, going on, or left with chunks."""
        return bool(json.loads(self.python(_IS_IDLE)))

    def assert_a_full_run_changes_nothing(self) -> None:
        assert json.loads(self.python(_FULL_RUN_CHANGES)) == [0, 0]

    def start_worker(self, *, beat: bool = True, concurrency: int = 2) -> Process:
        """A worker, and with it a beat of its own process."""
        celery = [sys.executable, "-m", "celery", "-A", "pmo_portal"]
        # A name of its own: several on one machine would answer as one.
        name = f"worker{len(self.processes)}@localhost"
        options = ["--concurrency", str(concurrency), "--hostname", name]
        worker = self._start([*celery, "worker", *options], "worker.log")
        if beat:
            self._start([*celery, "beat", "--max-interval", "1"], "beat.log")
        return worker

    def start_web(self, port: int) -> Process:
        """The web server, of two processes with four threads each."""
        serve = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
        gunicorn = [sys.executable, "-m", "gunicorn", *serve, "pmo_portal.wsgi"]
        return self._start(gunicorn, "web.log")

    def _start(self, command: list[str], log: str) -> Process:
        process = Process(command, self.environment, self.folder / log)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
        if self._console is not None:
            self._console.communicate(timeout=30)

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


_IS_IDLE = """
print(json.dumps(not RescoreNeed.objects.exists() and not RunChunk.objects.exists()
    and not ScoreRun.objects.filter(state__in=["due", "running"]).exists()))
"""

_FULL_RUN_CHANGES = """
run = score_now(trigger=RunTrigger.COMMAND)
print(json.dumps([run.rows_written, run.rows_removed]))
"""

_CONSOLE = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from datetime import date
from metrics.choices import *
from metrics.models import *
from metrics.operations.measurements import record_measurement
from metrics.operations.runs import *
from metrics.periods import parse_period, period_holding
from metrics.tasks import *
from pmo_portal.celery import app as celery_app
from projects.models import *
from projects.months import Month
for line in sys.stdin:
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(json.loads(line), globals())
        answer = [True, out.getvalue()]
    except BaseException:
        answer = [False, traceback.format_exc()]
    print(json.dumps(answer), flush=True)
"""


@contextmanager
def installed(
    folder: Path, database_url: str, broker_url: str = "", *, is_migrated: bool = False
) -> Iterator[Installation]:
    """In a database without anything, unless it is said to have its tables."""
    installation = Installation(folder, database_url, broker_url, is_migrated=is_migrated)
    try:
        yield installation
    except BaseException:
        print(installation.logs()[-4000:])  # noqa: T201  # pytest shows it beside the failure
        raise
    finally:
        installation.end()
