"""The whole suite on PostgreSQL, then on SQLite with browser, Redis and workers.

`make test` runs this, and `make test-fast` what needs no browser, no server and no processes of
its own, on SQLite. On PostgreSQL run the tests of what lies in the database; those that ask none
say the same on either. Both try a fifth of the examples of property tests and pass by the walks
through all pages; the run on SQLite has all of both. A server that is not installed is told and
passed by, but with CI=true that is a failure. The last line is pytest's summary of the last run;
the exit code speaks for all.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.services import ServiceMissing, nothing_may_be_skipped, postgres_server  # noqa: E402

AT_ONCE = ["-n", str(max(2, os.cpu_count() or 2))]
FAST = "--fast"
NO_TESTS_FOUND = 5
NEED_NOTHING = [
    *("-m", "not browser and not worker and not postgres and not redis and not walk"),
    "--few-examples",
]
IN_THE_DATABASE = [*NEED_NOTHING, "--only-database"]


def pytest(*arguments: str, **variables: str) -> int:
    """Run it in processes of its own; the exit code, which is 5 if no test was found."""
    wanted = [word for word in sys.argv[1:] if word != FAST]
    command = [sys.executable, "-m", "pytest", "-q", *AT_ONCE, *arguments, *wanted]
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(command, cwd=ROOT, env=kept | variables, check=False).returncode


def tell(text: str) -> None:
    print(f"\n== {text}", flush=True)


def main() -> int:
    if FAST in sys.argv:
        return pytest(*NEED_NOTHING)
    codes = []
    try:
        with postgres_server() as address:
            tell("The suite on PostgreSQL")
            # Tests with a browser, a server or workers bring their own database.
            code = pytest(*IN_THE_DATABASE, DATABASE_URL=f"{address}/postgres")
            # Of a few tests that were asked for, none may lie in the database.
            codes.append(0 if code == NO_TESTS_FOUND and sys.argv[1:] else code)
    except ServiceMissing as missing:
        tell(f"The suite on PostgreSQL is skipped: {missing}")
        codes.append(1 if nothing_may_be_skipped() else 0)
    if any(codes):
        tell("The run on PostgreSQL failed, see above; `make test` will end with exit code 1")
    tell("The suite on SQLite, with a browser, Redis and workers")
    codes.append(pytest())
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
