"""Lighthouse on the main pages, as production serves them: `make quality`.

Builds the demo in a folder of its own, serves it by gunicorn with compressed files, and runs
Lighthouse (desktop, headless Chromium) five times on each page. Prints a table with the median of
each category and leaves nothing behind. Exits 1 where accessibility or best practices is below 100.
Needs npm (Node.js 18 or later) and Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import fill, serve_as_in_production  # noqa: E402
from tests.installation import installed  # noqa: E402

LIGHTHOUSE = "lighthouse@13.5.0"
RUNS = 5
ATTEMPTS = 3
PAGES = ("/summary/", "/portfolios/PF-SERVE/", "/projects/PRJ-BILLBOT/")
CATEGORIES = ("performance", "accessibility", "best-practices")
HELD = ("accessibility", "best-practices")
CHROMIUM_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)

Scores = dict[str, float]
"""Per category 0 to 100."""


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if shutil.which("npm") is None or chromium is None:
        print("make quality needs npm (Node.js 18 or later) and Chromium.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = install_lighthouse(folder)
        database = f"sqlite:///{folder}/portal.sqlite3"
        with installed(folder, database) as installation:
            installation.environment |= {"SECRET_KEY": "quality " * 12}
            sessions = fill(installation)[-1]
            address = serve_as_in_production(installation)
            headers = json.dumps({"Cookie": f"sessionid={sessions['executive']}"})
            found = {
                page: medians(
                    [run(program, chromium, f"{address}{page}", headers) for _ in range(RUNS)]
                )
                for page in PAGES
            }
    print_table(found)
    return int(any(scores[category] < 100 for scores in found.values() for category in HELD))


def install_lighthouse(folder: Path) -> Path:
    options = ["--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
    subprocess.run(["npm", "install", *options, LIGHTHOUSE], check=True, cwd=folder)
    return folder / "node_modules" / ".bin" / "lighthouse"


def run(program: Path, chromium: str, address: str, headers: str) -> Scores:
    """One run; Lighthouse sometimes sees no page at all, and is asked again."""
    command = [
        str(program),
        address,
        "--preset=desktop",
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={headers}",
        f"--chrome-flags={CHROMIUM_FLAGS}",
    ]
    for _ in range(ATTEMPTS):
        done = subprocess.run(
            command,
            env=os.environ | {"CHROME_PATH": chromium},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            continue
        report = json.loads(done.stdout)
        scores = {name: report["categories"][name]["score"] for name in CATEGORIES}
        if None not in scores.values():
            tell_of_failures(report)
            return {name: 100 * score for name, score in scores.items()}
    raise SystemExit(f"Lighthouse could not look at {address}: {done.stderr[-500:]}")


def tell_of_failures(report: dict) -> None:
    """What keeps a category that is held below 100."""
    for category in HELD:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"{report['finalDisplayedUrl']}: {audit['title']}", file=sys.stderr)


def medians(runs: list[Scores]) -> Scores:
    return {name: median(scores[name] for scores in runs) for name in CATEGORIES}


def print_table(found: dict[str, Scores]) -> None:
    print("| page | performance | accessibility | best practices |")
    print("| --- | ---: | ---: | ---: |")
    for page, scores in found.items():
        print(f"| `{page}` | " + " | ".join(f"{scores[name]:.0f}" for name in CATEGORIES) + " |")


if __name__ == "__main__":
    sys.exit(main())
