"""The whole suite on PostgreSQL, then on SQLite with browser, Redis and workers.

`make test` runs this. A server that is not installed is told and passed by, but with CI=true that
is a failure. The last line is pytest's summary of the last run; the exit code speaks for all.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.services import ServiceMissing, nothing_may_be_skipped, postgres_server  # noqa: E402

IN_PARALLEL = ["-n", "2"]


def pytest(*arguments: str, **variables: str) -> int:
    """Run it in a process of its own; the exit code, which is not 0 if no test was found either."""
    command = [sys.executable, "-m", "pytest", "-q", *IN_PARALLEL, *arguments, *sys.argv[1:]]
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(command, cwd=ROOT, env=kept | variables, check=False).returncode


def tell(text: str) -> None:
    print(f"\n== {text}", flush=True)


def main() -> int:
    codes = []
    try:
        with postgres_server() as address:
            tell("The suite on PostgreSQL")
            # Tests with a browser or with workers bring their own database.
            chosen = ["-m", "not browser and not worker"]
            codes.append(pytest(*chosen, DATABASE_URL=f"{address}/postgres"))
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
