"""The launcher keeps its programs going, and takes them all with it when it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pmo_portal.launcher import LogTail, how_it_ended

# A launcher in a process of its own. Each program writes its pid, has a child that does the same,
# and sleeps; "stubborn" ones do not listen to a polite signal.
LAUNCHER = """
import sys
from pathlib import Path
from pmo_portal import launcher

launcher.STOP_SECONDS = 1.0
folder = Path(sys.argv[1])
programs = [
    launcher.Program(name, [sys.executable, "-c", code], folder / f"{name}.log")
    for name, code in [line.split("=", 1) for line in sys.argv[2:]]
]
tell = lambda line: print(line, flush=True)
launcher.Launcher(programs, folder=folder, variables={}, tell=tell).run(
    is_ready=lambda: True, when_ready=lambda: tell("ready")
)
"""
PARENT_AND_CHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("pids", "a") as pids:
    pids.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + PARENT_AND_CHILD
SHORT_LIVED = "import os; open('starts', 'a').write('started\\\\n'); os._exit(3)"

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch(tmp_path: Path, project_root: Path) -> Iterator[Launch]:
    started = []

    def launch(**programs: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(tmp_path)]
            + [f"{name}={code}" for name, code in programs.items()],
            cwd=project_root,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def until(what: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return what()


def pids(folder: Path, *, programs: int) -> list[int]:
    path = folder / "pids"
    assert until(lambda: path.exists() and path.read_text().count("\n") >= programs)
    return [int(pid) for line in path.read_text().splitlines() for pid in line.split()]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_program_and_its_children(
    launch: Launch, tmp_path: Path, number: signal.Signals
) -> None:
    launcher = launch(web=PARENT_AND_CHILD, worker=PARENT_AND_CHILD)
    running = pids(tmp_path, programs=2)
    launcher.send_signal(number)
    assert launcher.wait(timeout=5) == 0
    assert [pid for pid in running if is_alive(pid)] == []


def test_a_program_that_does_not_listen_is_killed(launch: Launch, tmp_path: Path) -> None:
    launcher = launch(worker=STUBBORN)
    running = pids(tmp_path, programs=1)
    launcher.terminate()
    assert launcher.wait(timeout=5) == 0
    assert [pid for pid in running if is_alive(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of the death")
def test_programs_end_when_the_launcher_is_killed(launch: Launch, tmp_path: Path) -> None:
    launcher = launch(web=PARENT_AND_CHILD)
    program, child = pids(tmp_path, programs=1)
    launcher.kill()
    assert until(lambda: not is_alive(program))
    os.kill(child, signal.SIGKILL)  # its own children are each program's own affair


def test_a_program_that_ends_is_started_again_a_little_later_each_time(
    launch: Launch, tmp_path: Path
) -> None:
    launcher = launch(worker=SHORT_LIVED)
    assert launcher.stdout is not None
    told = [launcher.stdout.readline() for _ in range(2)]
    log = tmp_path / "worker.log"
    assert told == [
        f"The worker ended (exit code 3) and is started again in {pause} s. Its log: {log}\n"
        for pause in (1, 2)
    ]
    assert (tmp_path / "starts").read_text().count("started") == 2


def test_warnings_reach_the_terminal_with_what_belongs_to_them(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("2026-11-22 10:00:00 ERROR old: told by the last start\n")
    tail = LogTail(path)
    with path.open("a") as log:
        log.write("2026-11-22 10:00:01 INFO portal: all is well\n")
        log.write("2026-11-22 10:00:02 ERROR portal: it broke\n")
        log.write("Traceback (most recent call last):\n")
        log.write("[2026-11-22 10:00:03 +0000] [7] [INFO] Booting worker\n")
        log.write("[2026-11-22 10:00:04 +0000] [7] [WARNING] Worker slow\n")
        log.write("2026-11-22 10:00:05 WARNING portal: half a li")
    assert tail.warnings() == [
        "2026-11-22 10:00:02 ERROR portal: it broke",
        "Traceback (most recent call last):",
        "[2026-11-22 10:00:04 +0000] [7] [WARNING] Worker slow",
    ]
    with path.open("a") as log:
        log.write("ne\n")
    assert tail.warnings() == ["2026-11-22 10:00:05 WARNING portal: half a line"]


def test_a_large_log_is_put_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmo_portal.launcher.LARGEST_LOG", 10)
    path = tmp_path / "web.log"
    tail = LogTail(path)
    with path.open("a") as log:
        print("a line that is longer than ten bytes", file=log, flush=True)
        tail.warnings()
        tail.shorten()
        print("the next", file=log, flush=True)
    assert path.read_text() == "the next\n"
    assert (tmp_path / "web.log.1").read_text().startswith("a line")


@pytest.mark.parametrize(("code", "words"), [(1, "exit code 1"), (-9, "signal SIGKILL")])
def test_how_a_program_ended_is_told(code: int, words: str) -> None:
    assert how_it_ended(code) == words
