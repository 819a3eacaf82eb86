"""Fetch the pinned browser packages and keep the few files of them that pages use.

`make vendor` runs this after a change of package.json or of ICONS; it needs npm. What it writes
is committed, so nobody else does. htmx is not here: django-htmx brings it as a static file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
MANIFESTS = ("package.json", "package-lock.json")

# Without registry addresses in the lock file, it works with any mirror.
NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--legacy-peer-deps",  # popper is for Bootstrap's scripts, which no page uses
    "--omit-lockfile-registry-resolved",
    "--loglevel=error",
)

FONT = ".woff2"
FONT_FEATURES = ["ccmp", "kern", "locl", "mark", "mkmk", "tnum"]
FONT_WEIGHTS = (400, 700)
SOURCE_MAP = re.compile(r"\n?(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*")

# Add a name, run `make vendor`, and {% icon "name" %} shows it.
ICONS = (
    "activity",
    "arrow-clockwise",
    "arrow-counterclockwise",
    "arrow-down",
    "arrow-down-right",
    "arrow-left",
    "arrow-left-right",
    "arrow-repeat",
    "arrow-right",
    "arrow-up",
    "arrow-up-right",
    "bar-chart-line",
    "bookmark",
    "box-arrow-in-right",
    "box-arrow-right",
    "box-seam",
    "bullseye",
    "calendar-event",
    "calendar3",
    "card-checklist",
    "cash-stack",
    "check-circle",
    "check-lg",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "circle-half",
    "clipboard-data",
    "clock-history",
    "collection",
    "columns-gap",
    "dash-lg",
    "diagram-3",
    "download",
    "envelope",
    "exclamation-octagon",
    "exclamation-triangle",
    "eye",
    "file-earmark-arrow-down",
    "flag",
    "funnel",
    "gear",
    "gem",
    "graph-up",
    "grid-1x2",
    "grid-3x3-gap",
    "hourglass-split",
    "inbox",
    "info-circle",
    "journal-check",
    "kanban",
    "layers",
    "lightning-charge",
    "link-45deg",
    "list",
    "list-check",
    "lock",
    "moon-stars",
    "pause-circle",
    "pencil-square",
    "people",
    "person-circle",
    "plus-lg",
    "printer",
    "question-circle",
    "search",
    "shield-check",
    "shield-lock",
    "slash-circle",
    "sliders",
    "speedometer2",
    "stars",
    "sun",
    "table",
    "trash",
    "tree",
    "unlock",
    "upload",
    "x-lg",
)


@dataclass(frozen=True)
class Package:
    """One package, the folder it gets and the files that are kept: theirs to ours."""

    name: str
    folder: str
    files: Mapping[str, str]


PACKAGES = (
    Package(
        "@fontsource-variable/inter",
        "inter",
        {
            f"files/inter-{letters}-wght-normal.woff2": f"inter-{letters}.woff2"
            for letters in ("latin", "latin-ext")
        },
    ),
    Package("bootstrap", "bootstrap", {"dist/css/bootstrap.min.css": "bootstrap.min.css"}),
    Package(
        "plotly.js-cartesian-dist-min",
        "plotly",
        {"plotly-cartesian.min.js": "plotly-cartesian.min.js"},
    ),
    Package(
        "bootstrap-icons",
        "bootstrap-icons",
        {f"icons/{icon}.svg": f"{icon}.svg" for icon in ICONS},
    ),
)


def install(folder: Path) -> Path:
    """Install what is locked, or lock anew what package.json pins, in a folder of its own."""
    for name in MANIFESTS:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    command = "ci" if is_locked(folder) else "install"
    subprocess.run(["npm", command, *NPM_OPTIONS], cwd=folder, check=True)
    shutil.copy(folder / "package-lock.json", ROOT)
    return folder / "node_modules"


def is_locked(folder: Path) -> bool:
    """Whether the lock file answers the very pins of package.json."""
    lock = folder / "package-lock.json"
    if not lock.exists():
        return False
    pins = json.loads((folder / "package.json").read_text())["dependencies"]
    return bool(json.loads(lock.read_text())["packages"][""].get("dependencies") == pins)


def keep_what_pages_use(font: Path, target: Path) -> None:
    """All its letters, in the weights and with the features of our style sheets: half the size."""
    drawn = TTFont(font)
    letters = subset.Subsetter(subset.Options(layout_features=FONT_FEATURES, hinting=False))
    letters.populate(unicodes=list(drawn.getBestCmap()))
    letters.subset(drawn)
    instantiateVariableFont(drawn, {"wght": FONT_WEIGHTS}, inplace=True)
    drawn.flavor = "woff2"
    drawn.save(target)


def copy(package: Package, modules: Path) -> str:
    """Copy one package's files and licence; returns its line of the list."""
    source, target = modules / package.name, VENDOR / package.folder
    target.mkdir(parents=True)
    for theirs, ours in package.files.items():
        if theirs.endswith(FONT):
            keep_what_pages_use(source / theirs, target / ours)
            continue
        # The static files storage refuses a source map that isn't there.
        text = SOURCE_MAP.sub("\n", (source / theirs).read_text(encoding="utf-8"))
        (target / ours).write_text(text.rstrip() + "\n", encoding="utf-8")
    shutil.copy(source / "LICENSE", target / "LICENSE")
    about = json.loads((source / "package.json").read_text())
    return f"| {package.name} | {about['version']} | {about['license']} | {package.folder}/ |"


def main() -> int:
    if shutil.which("npm") is None:
        print("make vendor needs npm (Node.js 18 or later).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        modules = install(Path(folder))
        shutil.rmtree(VENDOR, ignore_errors=True)
        lines = [copy(package, modules) for package in PACKAGES]
    (VENDOR / "README.md").write_text(
        "\n".join(
            [
                "# Vendored files",
                "",
                "Written by `make vendor` from the pins in package.json; don't edit.",
                "",
                "| package | version | licence | folder |",
                "| --- | --- | --- | --- |",
                *lines,
                "",
            ]
        )
    )
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
