"""`manage.py portal`, tried as people use it: started, used, stopped, killed, started again."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST_START = 90.0
LONGEST_LATER_START = 20.0  # 2 s where nothing else runs; tests share their processors

pytestmark = [
    pytest.mark.worker,
    pytest.mark.timeout(240),
]


def until(what: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.1)
    return what()


@dataclass
class Portal:
    """One start of the command, and what it has said so far."""

    process: subprocess.Popen[bytes]
    terminal: Path
    var: Path
    started_at: float = field(default_factory=time.monotonic)
    seconds_until_said: float = 0.0

    def said(self) -> str:
        return self.terminal.read_text()

    def wait_until_said(self, words: str, *, seconds: float = LONGEST_START) -> "Portal":
        assert until(lambda: words in self.said() or self.has_ended(), seconds=seconds), self.said()
        assert words in self.said(), self.said()
        self.seconds_until_said = time.monotonic() - self.started_at
        return self

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def exit_code(self) -> int:
        return self.process.wait(timeout=LONGEST_START)

    @property
    def address(self) -> str:
        found = re.search(r"The portal is at (http://\S+/)", self.said())
        assert found, self.said()
        return found[1]

    @property
    def password(self) -> str:
        found = re.search(r"Sign in with the password (\S+) as", self.said())
        assert found, self.said()
        return found[1]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(self.address + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except URLError as error:
            return 0, str(error)

    def is_ready(self) -> bool:
        return self.get("readyz")[0] == 200

    def sign_in(self, name: str, password: str) -> tuple[str, str]:
        """The address where sign-in led, and the page there."""
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        page = browser.open(f"{self.address}sign-in/", timeout=10).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1]}
        answer = browser.open(f"{self.address}sign-in/", urlencode(form).encode(), timeout=30)
        return answer.geturl().removeprefix(self.address), answer.read().decode()

    def processes(self) -> list[int]:
        """Whatever runs with this portal's folder in its environment."""
        mark = f"VAR_DIR={self.var}\0".encode()
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes():
                    found.append(int(environ.parent.name))
            except OSError:
                continue  # it ended meanwhile
        return sorted(found)


Start = Callable[..., Portal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts portals whose files are all under one temporary folder."""
    started: list[Portal] = []
    var = tmp_path / "var"

    def start(*arguments: str | Path, **variables: str) -> Portal:
        terminal = tmp_path / f"terminal-{len(started)}"
        with terminal.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, ROOT / "manage.py", "portal", *arguments],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "VAR_DIR": str(var), **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(Portal(process, terminal, var))
        return started[-1]

    yield start
    for portal in started:
        if not portal.has_ended():
            portal.end(signal.SIGTERM)
    for pid in started[0].processes() if started else []:
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small workspace in a folder of this test's own."""
    return Path(shutil.copytree(ROOT / "examples" / "worked", tmp_path / "worked"))


def names_of_projects(database: Path) -> set[str]:
    query = "SELECT DISTINCT name FROM projects_subject WHERE kind = 'project'"
    with closing(sqlite3.connect(database)) as connection:
        return {name for (name,) in connection.execute(query)}


def test_the_first_start_fills_the_database_and_later_ones_leave_it_alone(
    start: Start, workspace: Path
) -> None:
    first = start("--workspace", workspace).wait_until_said("Ctrl-C ends it")
    assert until(first.is_ready, seconds=20), first.get("readyz")
    assert first.end(signal.SIGINT) == 0
    assert first.processes() == []
    [database] = first.var.glob("worked-*.sqlite3")
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM metrics_score").fetchone() > (0,)
        connection.execute("UPDATE projects_subject SET name = 'Renamed' WHERE kind = 'project'")

    second = start("--workspace", workspace).wait_until_said("Ctrl-C ends it")
    assert second.seconds_until_said < LONGEST_LATER_START
    assert second.password == first.password
    assert second.sign_in("executive", second.password)[0] == "summary/"
    assert second.end(signal.SIGTERM) == 0
    assert second.processes() == []
    assert names_of_projects(database) == {"Renamed"}


def test_a_workspace_with_mistakes_is_refused_and_can_be_mended(
    start: Start, workspace: Path
) -> None:
    projects = workspace / "projects.csv"
    right = projects.read_text()
    projects.write_text(right.replace("delivery", "delivering", 1))
    refused = start("--workspace", workspace)
    assert refused.exit_code() == 1
    assert "projects.csv" in refused.said()
    assert "Traceback" not in refused.said()
    projects.write_text(right)
    start("--workspace", workspace).wait_until_said("Sign in with the password")


def test_an_interrupted_first_start_ends_in_a_sentence(start: Start) -> None:
    portal = start().wait_until_said("Preparing the database")
    assert portal.end(signal.SIGINT) == 1
    assert portal.said().endswith(
        "Interrupted while it was starting; the next start goes on from here.\n"
    )
    assert "Traceback" not in portal.said()


def test_the_demo_has_one_user_per_role(start: Start) -> None:
    portal = start().wait_until_said("Ctrl-C ends it", seconds=180)
    note = portal.var / "portal.demo-users.txt"
    assert note.stat().st_mode & 0o777 == 0o600
    landings = {
        name: portal.sign_in(name, portal.password)[0]
        for name in ("executive", "pmo_lead", "analyst", "administrator")
    }
    assert landings == {
        "executive": "summary/",
        "pmo_lead": "portfolios/",
        "analyst": "entry/",
        "administrator": "admin/",
    }
    _, summary = portal.sign_in("executive", portal.password)
    assert "invented" in summary


def test_an_empty_portal_says_how_to_make_an_administrator_and_runs_once(start: Start) -> None:
    portal = start("--empty").wait_until_said("Ctrl-C ends it")
    assert re.search(
        rf"^    DATABASE_URL=sqlite:///{portal.var}/empty\.sqlite3 \S+ \S+manage\.py"
        r" createsuperuser$",
        portal.said(),
        re.MULTILINE,
    )
    assert not list(portal.var.glob("*.demo-users.txt"))
    second = start("--empty")
    assert second.exit_code() == 1
    assert second.said() == (
        f"The portal runs on this database already, at {portal.address} (process"
        f" {portal.process.pid}); end that one first, or choose another database.\n"
    )


def test_whatever_part_dies_is_replaced_and_nothing_outlives_the_command(start: Start) -> None:
    portal = start("--empty").wait_until_said("The portal is at")
    assert until(portal.is_ready, seconds=20), portal.get("readyz")
    assert len(portal.processes()) >= 6  # itself, web and its worker, worker and its pool, beat
    for part, program in (("web", "gunicorn"), ("worker", "worker"), ("beat", "beat")):
        [leader] = leaders(portal, program)
        os.kill(leader, signal.SIGKILL)
        portal.wait_until_said(f"The {part} ended (signal SIGKILL) and is started again in 1 s.")
        assert until(lambda: bool(leaders(portal, program)), seconds=20)  # noqa: B023  # asked here
        assert leaders(portal, program) != [leader]
    assert until(portal.is_ready, seconds=30), portal.get("readyz")
    portal.process.kill()
    portal.process.wait()
    assert until(lambda: not portal.processes(), seconds=20), portal.processes()


def leaders(portal: Portal, program: str) -> list[int]:
    """The processes of a part that the command itself has started."""
    return [pid for pid in portal.processes() if is_leader(pid) and program in command(pid)]


def test_a_port_that_is_in_use_is_refused_when_it_was_asked_for(start: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        portal = start("--port", str(port))
        assert portal.exit_code() == 1
    assert portal.said() == (
        f"Port {port} of 127.0.0.1 cannot be used (address already in use);"
        " choose another with --port, or end what uses it.\n"
    )


def command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def is_leader(pid: int) -> bool:
    return os.getpgid(pid) == pid


WRONG_STARTS = {
    "folder that is none": (
        ["--workspace", "no-such-folder"],
        {},
        r"There is no folder \S+/no-such-folder; --workspace takes one with CSV files\.",
    ),
    "two databases": (
        ["--empty"],
        {"DATABASE_URL": "sqlite:///var/mine.sqlite3"},
        r"--workspace and --empty use database files of their own, but DATABASE_URL names one:.*",
    ),
    "port that is none": (
        ["--port", "90000"],
        {},
        r"usage: .*argument --port: '90000' is no port; it takes a number from 1 to 65535",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"), WRONG_STARTS.values(), ids=WRONG_STARTS.keys()
)
def test_a_wrong_start_is_refused_with_a_sentence(
    start: Start, arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    portal = start(*arguments, **variables)
    assert portal.exit_code() in (1, 2)
    assert re.fullmatch(sentence + r"\n", portal.said(), re.DOTALL), portal.said()
    assert "Traceback" not in portal.said()
