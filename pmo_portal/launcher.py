"""Several programs started, watched and ended as one; it knows nothing of what they do.

A program that ends is started again, a little later each time. Ending the launcher ends them all:
asked to stop, they get a few seconds; whatever is left is killed with its own children. If the
launcher itself is killed, the kernel tells them (Linux).
"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess  # nosec B404
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

TICK_SECONDS = 0.2
STOP_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A program that has lived so long is well again: its next end is answered at once."""
LARGEST_LOG = 5_000_000

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

LEVEL = re.compile(
    r"^(?:\S+ )?\S+ (?P<plain>DEBUG|INFO|WARNING|ERROR|CRITICAL) "
    r"|^\[[^]]+\] \[\d+\] \[(?P<gunicorn>[A-Z]+)\]"
)
WORTH_TELLING = {"WARNING", "ERROR", "CRITICAL"}


@dataclass(frozen=True)
class Program:
    """What is started, and the signals that end it in peace and in haste."""

    name: str
    command: Sequence[str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    inherits: tuple[int, ...] = ()
    """Open files, such as a listening socket, that it is handed."""


class LogTail:
    """What was added to a log since the last look, as far as people must know it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_worth_telling = False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._position = path.stat().st_size

    def begin_anew(self) -> None:
        self._is_worth_telling = False

    def warnings(self) -> list[str]:
        """New lines of warnings and errors; a line without a level belongs to the one above."""
        told = []
        for written in self._new_lines():
            line = in_words(written)
            if match := LEVEL.match(line):
                self._is_worth_telling = (match["plain"] or match["gunicorn"]) in WORTH_TELLING
            if self._is_worth_telling and line:
                told.append(line)
        return told

    def _new_lines(self) -> list[str]:
        with self.path.open("rb") as log:
            log.seek(self._position)
            fresh = log.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]  # a line that is still being written can wait
        self._position += len(whole)
        return whole.decode(errors="replace").splitlines()

    def shorten(self) -> None:
        """Put a log that has grown large aside; programs append, so they go on at its start."""
        if self._position > LARGEST_LOG:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)
            self._position = 0


class Child:
    """A program and its present process."""

    def __init__(self, program: Program, folder: Path, variables: Mapping[str, str]) -> None:
        self.program = program
        self.tail = LogTail(program.log)
        self.starts_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._variables = variables
        self._started_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    def start(self) -> None:
        launcher = os.getpid()

        def end_with_launcher() -> None:
            if LIBC is not None:
                LIBC.prctl(PR_SET_PDEATHSIG, int(self.program.orphan_signal))
                if os.getppid() != launcher:  # it ended before it could be watched
                    os._exit(1)

        self.tail.begin_anew()
        with self.program.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the launcher alone, which then ends the others
            # in order; and a process group by which nothing is left behind.
            self.process = subprocess.Popen(  # nosec B603
                self.program.command,
                cwd=self._folder,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.program.inherits,
                preexec_fn=end_with_launcher,  # noqa: PLW1509 - the launcher has no threads
            )
        self._started_at = time.monotonic()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> str:
        """Clear away an ended process; say what happened and when it is started again."""
        assert self.process is not None
        code = self.process.returncode
        self.kill()
        now = time.monotonic()
        if now - self._started_at > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self.starts_at = now + self._pause
        sentence = (
            f"The {self.program.name} ended ({how_it_ended(code)}) and is started again in"
            f" {self._pause:g} s. Its log: {self.program.log}"
        )
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return sentence

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """End the process and everything that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # all of it may have ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def in_words(line: str) -> str:
    """A line of JSON as people read it; any other as it is."""
    if not line.startswith("{"):
        return line
    try:
        told = json.loads(line)
        head = f"{told['timestamp']} {told['level'].upper()} {told['logger']}: {told['message']}"
    except (ValueError, KeyError, AttributeError):
        return line
    return head + (f"\n{told['exception']}" if told.get("exception") else "")


def how_it_ended(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


class Launcher:
    """Runs programs until it is asked to stop."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        folder: Path,
        variables: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        self._children = [Child(program, folder, variables) for program in programs]
        self._tell = tell
        self._is_stopping = False

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> None:
        """Start everything, tell when it is ready, and keep it going until a signal comes."""
        has_told = False
        with self._stopping_on_signals():
            try:
                while not self._is_stopping:
                    self._start_what_is_due()
                    if not has_told and is_ready():
                        has_told = True
                        when_ready()
                    time.sleep(TICK_SECONDS)
                    self._look_after_children()
                self._tell("Stopping…")
            finally:
                self._stop()

    @contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._is_stopping = True

        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start_what_is_due(self) -> None:
        for child in self._children:
            if child.process is None and time.monotonic() >= child.starts_at:
                child.start()

    def _look_after_children(self) -> None:
        for child in self._children:
            self._tell_warnings(child)
            child.tail.shorten()
            if child.has_ended() and not self._is_stopping:
                self._tell(child.bury())

    def _tell_warnings(self, child: Child) -> None:
        for line in child.tail.warnings():
            self._tell(f"{child.program.name:>6} | {line}")

    def _stop(self) -> None:
        for child in self._children:
            child.ask_to_stop()
        last_call = time.monotonic() + STOP_SECONDS
        while time.monotonic() < last_call and any(
            child.process is not None and not child.has_ended() for child in self._children
        ):
            time.sleep(TICK_SECONDS / 4)
        for child in self._children:
            child.kill()
