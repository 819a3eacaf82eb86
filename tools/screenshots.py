"""Pictures of all main pages, light, dark and on a phone: `make screenshots`.

Fills a throwaway database for each portfolio - the demo, each workspace in `examples/`, and the
folders named in ARGS - serves it as production does, signs in, and writes
`var/screenshots/PORTFOLIO/PAGE-THEME-WIDTH.png` with an `index.html` that shows them side by side.
`--only NAME` takes one portfolio, `--pages summary project` some pages, `--docs` renews the few
pictures in `docs/images/`, and `--gallery` makes those of `docs/gallery/`, small ones of all main
pages, from what an earlier call has taken. Needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from examples.demo.build import build_demo  # noqa: E402
from tests.browser.conftest import CHARTS_ARE_DONE, MONTH, serve_as_in_production  # noqa: E402
from tests.installation import Installation, installed  # noqa: E402

FOLDER = ROOT / "var" / "screenshots"
DOCS = ROOT / "docs" / "images"
GALLERY = ROOT / "docs" / "gallery"
SHOWN_IN_GALLERY = ("demo", "uk_gmpp")
WIDTHS_IN_GALLERY = {1440: 720, 360: 270}
HIGHEST_IN_GALLERY = 1100
WORKED = "worked"  # the one workspace that is too small to be worth looking at
DEMO = "demo"
DESK, PHONE = 1440, 360
CHROMIUM_FLAGS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars")
HEIGHTS = {DESK: 900, PHONE: 780}
EXECUTIVE, PMO_LEAD, ANALYST = "executive", "pmo_lead", "analyst"
ADMINISTRATOR = "administrator"
HEAVIEST_IN_DOCS = 150_000
COMMON_COLOURS = 160


@dataclass(frozen=True)
class Look:
    theme: Literal["light", "dark"]
    width: int

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


PREFERRED = ("PF-SERVE", "PF-GROW", "PRJ-BILLBOT", "SEG-SMB", "C-ENT-11", "SRV-WORKPLACE")
PAGES_OF_KINDS = {
    "portfolio": "portfolios",
    "project": "projects",
    "segment": "segments",
    "customer": "customers",
    "service": "services",
}
LOOKS = (Look("light", DESK), Look("dark", DESK), Look("light", PHONE))
NIGHT_PHONE = Look("dark", PHONE)
ALSO_ON_A_PHONE_AT_NIGHT = ("summary", "project")


@dataclass(frozen=True)
class Shot:
    """A page by the name of its picture; the address is missing where a portfolio has no such."""

    name: str
    person: str
    address: str

    @property
    def looks(self) -> tuple[Look, ...]:
        return (*LOOKS, NIGHT_PHONE) if self.name in ALSO_ON_A_PHONE_AT_NIGHT else LOOKS

    def file(self, look: Look) -> str:
        return f"{self.name}-{look}.png"


@dataclass(frozen=True)
class DocsPicture:
    """A picture of the demo for README.md and docs/: the top of a page, as high as is worth it."""

    name: str
    page: str
    look: Look
    height: int
    query: str = ""


AGAINST_LAST_YEAR = "?against=2025-10"
DOCS_PICTURES = (
    DocsPicture("summary-light", "summary", Look("light", DESK), 1000, AGAINST_LAST_YEAR),
    DocsPicture("summary-dark", "summary", Look("dark", DESK), 1000, AGAINST_LAST_YEAR),
    DocsPicture("portfolio", "portfolio", Look("light", DESK), 1000),
    DocsPicture("project", "project", Look("light", DESK), 1000),
    DocsPicture("explain", "explain-subject", Look("light", DESK), 1000, AGAINST_LAST_YEAR),
    DocsPicture("phone", "summary", Look("light", PHONE), 780),
)


def main() -> int:
    wanted = arguments()
    if wanted.gallery:
        return write_gallery()
    for name, workspace in portfolios(wanted.folders):
        if wanted.only and name != wanted.only:
            continue
        if wanted.docs and name != DEMO:
            continue
        with served(name, workspace) as (address, shots, sessions), chromium() as browser:
            windows = Windows(browser, address, sessions)
            if wanted.docs:
                renew_docs(windows, {shot.name: shot for shot in shots})
                continue
            take_pictures(windows, name, [s for s in shots if s.name in (wanted.pages or [s.name])])
    if not wanted.docs:
        write_index()
        print(f"See {FOLDER / 'index.html'}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of all main pages.")
    parser.add_argument("folders", nargs="*", type=Path, help="workspaces besides the usual ones")
    parser.add_argument("--only", help="the name of one portfolio: demo, or that of its folder")
    parser.add_argument("--pages", nargs="+", help="names of pages, such as summary or project")
    parser.add_argument(
        "--docs", action="store_true", help="renew the pictures of the demo in docs"
    )
    parser.add_argument(
        "--gallery", action="store_true", help="make docs/gallery from the pictures there are"
    )
    return parser.parse_args()


def portfolios(more: Sequence[Path]) -> Iterator[tuple[str, Path | None]]:
    yield DEMO, None
    found = sorted(path.parent for path in (ROOT / "examples").glob("*/organisation.csv"))
    for folder in [*found, *more]:
        if folder.name != WORKED:
            yield folder.name, folder.resolve()


@contextmanager
def served(name: str, workspace: Path | None) -> Iterator[tuple[str, list[Shot], dict[str, str]]]:
    """The address, what there is to be seen, and everybody's session."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with installed(folder, f"sqlite:///{folder}/portal.sqlite3") as installation:
            installation.environment |= {"SECRET_KEY": "screenshots " * 8}
            if workspace is None:
                workspace = folder / DEMO
                build_demo(workspace, MONTH)
            shots, sessions = fill(installation, workspace, is_demo=name == DEMO)
            yield serve_as_in_production(installation), shots, sessions


def fill(
    installation: Installation, workspace: Path, *, is_demo: bool
) -> tuple[list[Shot], dict[str, str]]:
    """Load and score a workspace, sign everybody in, and choose what to look at.

    Of each kind of subject it is the one that the demo is best told by, else the best known one.
    """
    told = installation.python(
        f"""
from pathlib import Path
from django.contrib.auth.models import Group, User
from django.db.models import Count
from django.test import Client
from dashboards.selectors.months import current_month, default_month
from metrics.operations.runs import score_now
from metrics.operations.weighing import weigh_open_months
from metrics.workspace import load_workspace
from pmo_portal.demo_events import note_demo_events
from pmo_portal.roles import Role
from projects.choices import SubjectKind

load_workspace(Path({str(workspace)!r}))
if {is_demo!r}:
    note_demo_events()
score_now(trigger=RunTrigger.LOAD)
weigh_open_months()
sessions = {{}}
for role in Role:
    name = role.name.lower()
    person = User.objects.create(username=name)
    person.groups.add(Group.objects.get(name=role.value))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    sessions[name] = client.cookies["sessionid"].value

month = default_month(current_month())
preferred = {PREFERRED!r}
subjects = {{}}
for kind in SubjectKind:
    known = Subject.objects.filter(kind=kind, scores__month=month)
    if kind == SubjectKind.PORTFOLIO:
        below = known.exclude(as_portfolio__parent=None)
        known = below.annotate(held=Count("as_portfolio__projects")).order_by("-held", "code")
    else:
        given = known.annotate(given=Count("measurements"))
        known = given.order_by("-scores__overall_coverage", "-given", "code")
    codes = list(known.values_list("code", flat=True))
    chosen = [code for code in codes if code in preferred] or codes
    subjects[kind.value] = chosen[:2]
metric = (MetricDefinition.objects.exclude(curve=[]).annotate(n=Count("measurements"))
    .order_by("-n", "code").values_list("code", flat=True).first())
scorecard = (Scorecard.objects.annotate(n=Count("lines")).order_by("-n", "code")
    .values_list("code", flat=True).first())
print(json.dumps([sessions, str(month), subjects, metric, scorecard]))
"""
    )
    sessions, month, subjects, metric, scorecard = json.loads(told.splitlines()[-1])
    return list(shots_of(month, subjects, metric, scorecard)), sessions


def shots_of(
    month: str, subjects: dict[str, list[str]], metric: str | None, scorecard: str | None
) -> Iterator[Shot]:
    def first(kind: str) -> str | None:
        return next(iter(subjects[kind]), None)

    yield Shot("sign-in", "", "/sign-in/")
    yield Shot("summary", EXECUTIVE, "/summary/")
    for kind, plural in PAGES_OF_KINDS.items():
        if code := first(kind):
            yield Shot(plural, EXECUTIVE, f"/{plural}/")
            yield Shot(kind, EXECUTIVE, f"/{plural}/{code}/")
    if len(subjects["portfolio"]) > 1:
        one, other = subjects["portfolio"]
        yield Shot("compare", EXECUTIVE, f"/compare/portfolios/?a={one}&b={other}")
    yield Shot("metrics", EXECUTIVE, "/metrics/")
    if metric:
        yield Shot("metric", EXECUTIVE, f"/metrics/{metric}/")
    if scorecard:
        yield Shot("scorecard", EXECUTIVE, f"/scorecards/{scorecard}/")
    yield Shot("explain-organisation", EXECUTIVE, f"/explain/{first('organisation')}/{month}/")
    if code := first("project") or first("service"):
        yield Shot("explain-subject", EXECUTIVE, f"/explain/{code}/{month}/")
    yield Shot("events", EXECUTIVE, "/events/")
    yield Shot("packs", EXECUTIVE, "/packs/")
    yield Shot("help", EXECUTIVE, "/help/")
    yield Shot("subjects", PMO_LEAD, "/subjects/")
    yield Shot("months", PMO_LEAD, "/months/")
    yield Shot("runs", PMO_LEAD, "/runs/")
    yield Shot("due", ANALYST, "/entry/")
    yield Shot("password-forgotten", "", "/account/password/forgotten/")
    yield Shot("account", ANALYST, "/account/")
    yield Shot("second-factor", ANALYST, "/account/second-factor/")
    yield Shot("sessions", ANALYST, "/account/sessions/")
    yield Shot("tokens", ANALYST, "/account/tokens/")
    yield Shot("api-docs", ANALYST, "/api/docs/")
    yield Shot("audit-log", ADMINISTRATOR, "/audit/")
    yield Shot("status", ADMINISTRATOR, "/status/")


@dataclass
class Windows:
    """Opens pages of one served portfolio, each person and look in a window of its own."""

    browser: Browser
    address: str
    sessions: dict[str, str]

    def __post_init__(self) -> None:
        self._open: dict[tuple[str, Look], Page] = {}

    def at(self, shot: Shot, look: Look) -> Page:
        if (page := self._open.get((shot.person, look))) is None:
            page = self._open[shot.person, look] = self._new(shot.person, look)
        answer = page.goto(f"{self.address}{shot.address}")
        if answer is None or answer.status != 200:
            raise SystemExit(f"{shot.address} answered {answer and answer.status}.")
        page.wait_for_function(CHARTS_ARE_DONE)
        page.wait_for_load_state("networkidle")  # some parts are fetched after the page
        page.wait_for_function(CHARTS_ARE_DONE)
        return page

    def _new(self, person: str, look: Look) -> Page:
        context = self.browser.new_context(
            viewport={"width": look.width, "height": HEIGHTS[look.width]},
            color_scheme=look.theme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        if person:
            value = self.sessions[person]
            context.add_cookies([{"name": "sessionid", "value": value, "url": self.address}])
        return context.new_page()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise SystemExit("make screenshots needs Chromium.")
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


def take_pictures(windows: Windows, portfolio: str, shots: Sequence[Shot]) -> None:
    folder = FOLDER / portfolio
    folder.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        for look in shot.looks:
            picture = windows.at(shot, look).screenshot(full_page=True)
            (folder / shot.file(look)).write_bytes(picture)
        print(f"{portfolio}: {shot.name}", flush=True)


def renew_docs(windows: Windows, shots: dict[str, Shot]) -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    for wanted in DOCS_PICTURES:
        shot = shots[wanted.page]
        page = windows.at(replace(shot, address=shot.address + wanted.query), wanted.look)
        page.set_viewport_size({"width": wanted.look.width, "height": wanted.height})
        page.wait_for_timeout(300)  # charts fit themselves to the new size
        packed = compressed(page.screenshot())
        (DOCS / f"{wanted.name}.png").write_bytes(packed)
        print(f"docs/images/{wanted.name}.png: {len(packed) / 1000:.0f} kB")


def compressed(picture: bytes) -> bytes:
    """In 256 colours: grounds and text exact, the rest near enough that nobody sees it."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    colours, places, counts = np.unique(
        np.asarray(image).reshape(-1, 3).astype(int),
        axis=0,
        return_inverse=True,
        return_counts=True,
    )
    common = colours[np.argsort(-counts)[:COMMON_COLOURS]]
    # The rest of the palette covers the hues that are there, however small their part.
    spread = image.quantize(256 - len(common), method=Image.Quantize.MAXCOVERAGE).getpalette()
    palette = np.vstack([common, np.reshape(spread or [], (-1, 3))])[:256]
    nearest = ((colours[:, None] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    reduced = Image.fromarray(nearest[places].reshape(image.height, image.width).astype(np.uint8))
    reduced.putpalette(palette.flatten().tolist())
    packed = BytesIO()
    reduced.save(packed, "PNG", optimize=True)
    if packed.tell() > HEAVIEST_IN_DOCS:
        raise SystemExit("A picture for docs/ is too heavy; take less of its page.")
    return packed.getvalue()


def write_index() -> None:
    """All pictures that there are, also those of earlier calls: a row for a page, side by side."""
    looks = (*LOOKS, NIGHT_PHONE)
    parts = [INDEX_HEAD]
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        parts.append(f"<h2>{escape(folder.name)}</h2>")
        files = {path.name for path in folder.glob("*.png")}
        for name in sorted({file.rsplit("-", 2)[0] for file in files}):
            parts.append(f'<h3>{escape(name)}</h3>\n<div class="row">')
            for look in looks:
                if (file := f"{name}-{look}.png") in files:
                    source = escape(f"{folder.name}/{file}")
                    words = escape(f"{folder.name}, {name}, {look.theme}, {look.width} px")
                    parts.append(
                        f'<a href="{source}" class="w{look.width}">'
                        f'<img src="{source}" alt="{words}" loading="lazy"></a>'
                    )
            parts.append("</div>")
    (FOLDER / "index.html").write_text("\n".join([*parts, "</html>\n"]))


def write_gallery() -> int:
    """Small pictures of all main pages, the top of each, and a page that shows them."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    told = [GALLERY_HEAD]
    for portfolio in SHOWN_IN_GALLERY:
        told.append(f"## {portfolio}\n")
        for name in sorted(path.name[: -len("-light-1440.png")] for path in _in_light(portfolio)):
            cells = []
            for look in LOOKS:
                file = f"{portfolio}-{name}-{look}.webp"
                (GALLERY / file).write_bytes(small(FOLDER / portfolio / f"{name}-{look}.png"))
                words = f"{portfolio}, {name}, {look.theme}, {look.width} px wide"
                cells.append(f"![{words}]({file})")
            told.append(f"### {name}\n\n| light | dark | phone |\n| --- | --- | --- |")
            told.append(f"| {' | '.join(cells)} |\n")
    (GALLERY / "README.md").write_text("\n".join(told))
    return 0


def _in_light(portfolio: str) -> Iterator[Path]:
    return (FOLDER / portfolio).glob("*-light-1440.png")


def small(path: Path) -> bytes:
    """The top of a picture at half its size, as WebP."""
    image = Image.open(path).convert("RGB")
    width = WIDTHS_IN_GALLERY[image.width]
    image = image.resize((width, image.height * width // image.width), Image.Resampling.LANCZOS)
    packed = BytesIO()
    image.crop((0, 0, width, min(image.height, HIGHEST_IN_GALLERY))).save(
        packed, "WEBP", quality=45, method=6
    )
    return packed.getvalue()


GALLERY_HEAD = """# All main pages

The top of each, half as large as on a screen: light and dark on a desk, light on a phone of 360 px;
with the invented company of the demo, and with the real portfolio of `examples/uk_gmpp`, which has
no customers or services and one reading a year. Made by `make screenshots` and then
`make screenshots ARGS=--gallery`.
"""

INDEX_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Pictures of all main pages</title>
<style>
  body { margin: 2rem; background: #8b95a5; color: #0d1015; font: 1rem system-ui, sans-serif; }
  .row { display: flex; gap: 1rem; align-items: flex-start; }
  .row a { max-height: 46rem; overflow: hidden; }
  .row img { display: block; width: 100%; }
  .w1440 { flex: 4; }
  .w360 { flex: 1; }
</style>"""


if __name__ == "__main__":
    sys.exit(main())
