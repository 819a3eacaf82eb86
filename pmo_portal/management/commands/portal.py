"""`manage.py portal`: the whole portal on this machine, started and ended by one command."""

import os
import shlex
import shutil
import signal
import socket
import sys
from argparse import ArgumentTypeError
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from examples.demo.build import build_demo
from metrics.choices import RunTrigger
from metrics.operations.imports import reopen_dead_batches
from metrics.operations.runs import reopen_dead_runs, score_now
from metrics.operations.weighing import weigh_open_months
from metrics.progress import progress_bar
from metrics.workspace import WorkspaceRefused, load_workspace
from pmo_portal.demo_events import note_demo_events
from pmo_portal.demo_users import assign_demo_metrics, demo_users, make_demo_users
from pmo_portal.environment import refuse
from pmo_portal.instance import (
    CannotStart,
    database_of_workspace,
    kept_at,
    listen,
    running_once,
)
from pmo_portal.launcher import Launcher, Program
from projects.models import Subject
from projects.months import Month

# Where to find a server that listens at every address.
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104 - it is asked for, not chosen
ONLY_HERE = ("127.0.0.1", "::1", "localhost")

COMES_FOR = {
    "executive": "the organisation in one look",
    "pmo_lead": "portfolios, projects, definitions, closing months",
    "analyst": "entering values",
    "administrator": "people, roles, schedules",
}


def port_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise ArgumentTypeError(f"{text!r} is no port; it takes a number from 1 to 65535")
    return int(text)


class Interrupt:
    """Ctrl-C while the portal is being prepared.

    It ends what is going on at once, unless that swallows it, as code does that a database calls
    back; so it is asked for again between the steps.
    """

    def __init__(self) -> None:
        self._has_come = False
        signal.signal(signal.SIGINT, self._come)

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        self._has_come = True
        raise KeyboardInterrupt

    def is_not_lost(self) -> None:
        if self._has_come:
            raise KeyboardInterrupt


class Command(BaseCommand):
    help = (
        "Start the web server, the worker and the scheduler together; Ctrl-C ends them. The first"
        " start loads the demo, or the workspace that is named."
    )
    requires_system_checks = []  # the migrations run them, a moment later

    def add_arguments(self, parser: CommandParser) -> None:
        data = parser.add_mutually_exclusive_group()
        data.add_argument(
            "--workspace",
            type=Path,
            metavar="DIR",
            help="show the data of this folder, in a database file of its own under var/",
        )
        data.add_argument(
            "--empty", action="store_true", help="start without data, in var/empty.sqlite3"
        )
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
        parser.add_argument(
            "--port", type=port_number, help="port to listen at (the first free one from 8000 on)"
        )

    def handle(
        self, *, workspace: Path | None, empty: bool, host: str, port: int | None, **_: Any
    ) -> None:
        if workspace is not None:
            workspace = workspace.resolve()
            if not workspace.is_dir():
                refuse(f"There is no folder {workspace}; --workspace takes one with CSV files.")
            begin_again_on(database_of_workspace(workspace, settings.VAR_DIR))
        if empty:
            begin_again_on(settings.VAR_DIR / "empty.sqlite3")
        try:
            with listen(host, port) as door:
                port = door.getsockname()[1]
                address = f"http://{bracketed(ANY_ADDRESS.get(host, host))}:{port}/"
                with running_once(kept_at(".lock"), address):
                    interrupt = Interrupt()
                    self.prepare_database()
                    interrupt.is_not_lost()
                    if settings.DEBUG and not empty and not Subject.objects.exists():
                        self.fill_database(workspace)
                    interrupt.is_not_lost()
                    self.serve(door, host, address)
        except (CannotStart, WorkspaceRefused) as refusal:
            refuse(str(refusal))
        except KeyboardInterrupt:
            refuse("Interrupted while it was starting; the next start goes on from here.")

    def prepare_database(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.tell(f"Preparing the database {shown(connection.settings_dict['NAME'])}")
        call_command("migrate", interactive=False, verbosity=0)

    def fill_database(self, workspace: Path | None) -> None:
        """Users first: after an interrupted loading, the next start finds no subjects and loads."""
        make_demo_users(kept_at(".demo-users.txt"))
        is_demo = workspace is None
        if workspace is None:
            workspace = kept_at(".demo")
            until = Month.of(timezone.localdate()).plus(-1)
            self.tell(f"Making up the demo company, up to {until}")
            shutil.rmtree(workspace, ignore_errors=True)
            build_demo(workspace, str(until))
        self.tell(f"Loading {shown(workspace)}")
        with progress_bar(sys.stderr, "bytes of measurements") as progress:
            load_workspace(workspace, progress=progress)
        if is_demo:
            assign_demo_metrics()
            note_demo_events()
        self.tell("Scoring")
        with progress_bar(sys.stderr, "months scored") as progress:
            score_now(trigger=RunTrigger.LOAD, progress=progress)
        weigh_open_months()

    def serve(self, door: socket.socket, host: str, address: str) -> None:
        if settings.IS_EMBEDDED:
            # Whatever was left undone stands in the database; old messages would only come twice.
            shutil.rmtree(settings.BROKER_FOLDER, ignore_errors=True)
            reopen_dead_runs(silent_for=timedelta(0))
            reopen_dead_batches(silent_for=timedelta(0))
        if settings.IS_PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        connections.close_all()
        self.tell("Starting")
        Launcher(
            programs(door.fileno()),
            folder=settings.BASE_DIR,
            variables=variables_for(host, address),
            tell=self.tell,
        ).run(
            is_ready=lambda: answers(address),
            when_ready=lambda: self.tell(self.welcome(host, address)),
        )

    def tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def welcome(self, host: str, address: str) -> str:
        lines = ["", f"  The portal is at {self.style.SUCCESS(address)}", ""]
        users = demo_users(kept_at(".demo-users.txt")) if settings.DEBUG else None
        if users is not None:
            lines += [f"  Sign in with the password {self.style.SUCCESS(users.password)} as"]
            lines += [f"    {name:<14} {COMES_FOR[name]}" for name in users.with_password]
            lines += [f"    {name:<14} (has another password now)" for name in users.with_another]
        elif not User.objects.filter(is_superuser=True, is_active=True).exists():
            lines += ["  Nobody can sign in yet. Make an administrator:", f"    {superuser()}"]
        if host in ANY_ADDRESS:
            lines += ["", "  Other machines reach it under the names in ALLOWED_HOSTS."]
        lines += ["", f"  Ctrl-C ends it. Logs: {shown(kept_at('.log'))}", ""]
        connections.close_all()
        return "\n".join(lines)


def begin_again_on(database: Path) -> None:
    """Replace this process by one whose settings have that database."""
    if settings.DATABASES["default"]["NAME"] == str(database):
        return
    if settings.IS_PRODUCTION or os.environ.get("DATABASE_URL"):
        refuse(
            "--workspace and --empty use database files of their own, but DATABASE_URL names one:"
            " leave out one of the two, or fill that database with manage.py load_workspace."
        )
    os.execve(  # nosec B606
        sys.executable,
        [sys.executable, *sys.orig_argv[1:]],
        os.environ | {"DATABASE_URL": f"sqlite:///{database}"},
    )


def programs(door: int) -> list[Program]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "pmo_portal", "--quiet"]
    logs = kept_at(".log")
    web = ["gunicorn", "pmo_portal.wsgi_to_try", "--bind", f"fd://{door}"]
    web += ["--threads", "8", "--graceful-timeout", "3", "--no-control-socket"]
    # One worker alone: there is nobody to gossip with.
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Program("web", [*python, *web], logs / "web.log", inherits=(door,)),
        # Orphaned, it does not wait for its tasks: what they leave is taken up at the next start.
        Program(
            "worker",
            [*celery, "worker", *alone],
            logs / "worker.log",
            orphan_signal=signal.SIGQUIT,
        ),
        Program("beat", [*celery, "beat", "--pidfile="], logs / "beat.log"),
    ]


def variables_for(host: str, address: str) -> dict[str, str]:
    variables = os.environ | {"PYTHONUNBUFFERED": "1"}
    if settings.DEBUG:
        variables.setdefault("PORTAL_URL", address)  # mails lead to the port that was free
    if settings.DEBUG and host not in ANY_ADDRESS and host not in ONLY_HERE:
        variables["ALLOWED_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, bracketed(host)])
    return variables


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}healthz", timeout=0.5) as answer:  # nosec B310 - our own server
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def superuser() -> str:
    """The command that makes an administrator of this very database, ready to be typed."""
    command = [shown(sys.executable), shown(settings.BASE_DIR / "manage.py"), "createsuperuser"]
    if url := os.environ.get("DATABASE_URL"):
        command = [f"DATABASE_URL={url}", *command]
    return shlex.join(command)


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def shown(path: str | Path) -> str:
    """A path as short as it can be typed from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else str(path)
