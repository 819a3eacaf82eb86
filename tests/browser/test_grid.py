"""The grid in a browser: typed, pasted and copied by keyboard, as in a spreadsheet."""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Route, expect

from projects.months import Month
from tests.browser.conftest import answers
from tests.installation import Installation, Process, eventually, installed
from tests.services import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PROJECTS = 40
NOW = Month.of(datetime.now(UTC).date())
MONTH, BEFORE = NOW.plus(-1), NOW.plus(-2)
FIRST_PASTED = 41
"""What the first project is given; the others get one more each."""

COMPANY = f"""
from django.contrib.auth.models import Group, User
from django.test import Client
from pmo_portal.roles import Role

Organisation.objects.create(code="ORG", name="The organisation")
portfolio = Portfolio.objects.create(code="PF", name="Everything")
projects = [
    Project.objects.create(code=f"P{{n:02}}", name=f"Project {{n:02}}", portfolio=portfolio)
    for n in range(1, {PROJECTS} + 1)
]
adoption = MetricDefinition.objects.create(
    code="adoption", name="Adoption", category="tactical", subject_kind="project", unit="%",
    decimals=1, cadence="month", curve=[[0, 0], [100, 100]],
)
def like_adoption(code, **rules):
    MetricDefinition.objects.create(
        code=code, name=code.title(), category="tactical", subject_kind="project",
        cadence="month", curve=[[0, 0], [100, 100]], **rules,
    )
like_adoption("why", asks_why_red=True)
like_adoption("waits", needs_approval=True)
card = Scorecard.objects.create(
    code="card", name="Card", subject_kind="project", is_default=True, overall="arithmetic",
    min_coverage=0, min_categories=1, amber_from=50, green_from=75,
)
ScorecardLine.objects.create(scorecard=card, metric=adoption)
for n, project in enumerate(projects):
    for back in range(2, 10):
        month = Month({int(NOW)} - back)
        record_measurement(
            metric=adoption, subject=project,
            period=parse_period(str(month), "month"), value=40.0 + n + back % 2,
            by=None, door="command",
        )
sessions = {{}}
for name in ("ana", "ben"):
    person = User.objects.create(username=name, first_name=name.title())
    person.groups.add(Group.objects.get(name=Role.ANALYST.value))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    sessions[name] = client.cookies["sessionid"].value
import json
print(json.dumps(sessions))
"""

COLUMN_OF = {BEFORE: 2, MONTH: 3}
"""Of the usual three months; the first cell of a row is its name."""


@dataclass(frozen=True)
class Company:
    installation: Installation
    address: str
    sessions: dict[str, str]

    def values(self, month: Month = MONTH) -> dict[str, float]:
        """What is stored of a month, by project."""
        told = self.installation.python(
            "import json\n"
            f"rows = Measurement.objects.filter(month={int(month)})\n"
            'print(json.dumps(dict(rows.values_list("subject__code", "value"))))'
        )
        found: dict[str, float] = json.loads(told)
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("grid")
    with installed(folder, f"sqlite:///{folder}/portal.sqlite3") as installation:
        installation.environment |= {"SECRET_KEY": secrets.token_urlsafe(64)}
        sessions = json.loads(installation.python(COMPANY).splitlines()[-1])
        port = free_port()
        web = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
        process = Process(web, installation.environment, folder / "web.log")
        installation.processes.append(process)
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(address))
        yield Company(installation, address, sessions)


@pytest.fixture
def company(served: Company) -> Company:
    """Nothing has been entered for the month, nor changed before it; nobody owns anything."""
    served.installation.python(
        f"Measurement.objects.filter(month__gte={int(BEFORE)}).delete()\n"
        "for n, project in enumerate(Project.objects.order_by('code')):\n"
        f"    record_measurement(metric=adoption, subject=project, value=40.0 + n, by=None,"
        f" period=parse_period('{BEFORE}', 'month'), door='command')\n"
        "for kept in (MeasurementChange, DraftMeasurement, MetricAssignment):\n"
        "    kept.objects.all().delete()"
    )
    return served


Visit = Callable[..., Page]


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], company: Company) -> Visit:
    def visit(
        person: str = "ana", query: str = "metric=adoption", *, width: int = 1440, **options: object
    ) -> Page:
        context = new_context(
            base_url=company.address, viewport={"width": width, "height": 900}, **options
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        session = company.sessions[person]
        context.add_cookies([{"name": "sessionid", "value": session, "url": company.address}])
        page = context.new_page()
        page.goto(f"/entry/grid/?{query}")
        return page

    return visit


@pytest.fixture(scope="module")
def keyboard_page(served: Company, browser: Browser) -> Iterator[Page]:
    """One window for all keys: nothing is entered in it. Every cell but the last month's is filled,
    so that Ctrl with an arrow goes from edge to edge."""
    context = browser.new_context(base_url=served.address)
    session = served.sessions["ana"]
    context.add_cookies([{"name": "sessionid", "value": session, "url": served.address}])
    page = context.new_page()
    page.goto("/entry/grid/?metric=adoption")
    yield page
    context.close()


def row_of(page: Page, number: int) -> Locator:
    return page.locator("tbody tr").nth(number - 1)


def cell_of(page: Page, number: int, month: Month = MONTH) -> Locator:
    return row_of(page, number).locator("td").nth(COLUMN_OF[month] - 1)


def chosen(page: Page, number: int, month: Month = MONTH) -> Locator:
    cell = cell_of(page, number, month)
    cell.click()
    expect(cell).to_be_focused()
    return cell


def settled(page: Page, *, open_cells: int = 0) -> None:
    """Everything is sent, and so many cells wait for an answer of the person."""
    sheet = page.locator("[data-sheet]")
    expect(sheet).to_have_attribute("data-sheet-saving", "0")
    expect(sheet).to_have_attribute("data-sheet-open", str(open_cells))


def state(page: Page) -> Locator:
    return page.locator("[data-sheet-state]")


def words(page: Page) -> Locator:
    return page.locator("[data-sheet-words]")


def copy_text(page: Page, text: str) -> None:
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)


def in_texts(expression: str) -> str:
    """Evaluated with the functions of the grid's module of texts."""
    names = "{ parseBlock, writeBlock, plainNumber }"
    address = "/static/js/grid/texts.js"
    return f'async (given) => {{ const {names} = await import("{address}"); return {expression}; }}'


def test_a_month_of_forty_projects_is_pasted_scored_and_found_again(
    visit: Visit, company: Company
) -> None:
    page = visit()
    copy_text(page, "\r\n".join(f"{FIRST_PASTED + n}.5" for n in range(PROJECTS)) + "\r\n")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
    chosen(page, 1)
    page.keyboard.press("Control+V")
    expect(state(page)).to_contain_text("40 saved.")
    settled(page)
    assert sum(request.startswith("POST") for request in requests) == 1
    expect(cell_of(page, 1)).to_contain_text(re.compile(r"41\.5.*Red.*41\.5", re.DOTALL))
    expect(cell_of(page, 40)).to_contain_text(re.compile(r"80\.5.*Green.*80\.5", re.DOTALL))
    page.reload()
    expect(cell_of(page, 1)).to_contain_text(re.compile(r"41\.5.*Red.*41\.5", re.DOTALL))
    expect(cell_of(page, 40)).to_contain_text(re.compile(r"80\.5.*Green.*80\.5", re.DOTALL))
    expect(page.locator("[data-sheet-kept]")).to_be_hidden()
    assert company.values() == {f"P{n + 1:02}": FIRST_PASTED + n + 0.5 for n in range(PROJECTS)}


def test_a_pasted_block_finds_its_rows_by_their_names(visit: Visit, company: Company) -> None:
    page = visit()
    copy_text(page, '"Name"\t"Adoption"\n"P03"\t"43,5"\n"Project 01"\t"41,5"\n')
    page.get_by_label("Decimals").select_option(",")
    chosen(page, 1)
    page.keyboard.press("Control+V")
    expect(state(page)).to_contain_text("2 saved.")
    assert company.values() == {"P01": 41.5, "P03": 43.5}


def test_a_value_is_typed_mended_and_left_without_a_mouse(visit: Visit, company: Company) -> None:
    page = visit()
    place = page.locator("td").first
    place.focus()
    for key in ("Control+Home", "End", "4", "2", "Enter"):  # typed over, and down
        page.keyboard.press(key)
    expect(cell_of(page, 2)).to_be_focused()
    for key in ("4", "3", "Tab"):  # on in the next row
        page.keyboard.press(key)
    expect(row_of(page, 3).locator("td").first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(cell_of(page, 2)).to_be_focused()
    settled(page)
    for key in ("F2", "End", "Backspace", "4", "ArrowLeft", "Enter"):  # F2: arrows stay inside
        page.keyboard.press(key)
    settled(page)
    for key in ("ArrowUp", "9", "Escape"):
        page.keyboard.press(key)
    expect(cell_of(page, 2).locator(".sheet__value")).to_have_text("44.0")
    assert company.values() == {"P01": 42, "P02": 44}
    page.keyboard.press("F6")
    expect(page.locator("[data-sheet-where]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell_of(page, 2)).to_be_focused()
    for key in ("Escape", "Tab"):  # out of the grid
        page.keyboard.press(key)
    expect(page.locator("td:focus")).to_have_count(0)
    expect(page.locator("#sheet-note")).to_be_focused()


def test_delete_asks_first_and_is_undone(visit: Visit, company: Company) -> None:
    page = visit()
    chosen(page, 1, BEFORE)
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_contain_text("Delete 40.0?")
    page.keyboard.press("Escape")
    expect(cell_of(page, 1, BEFORE)).to_be_focused()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    expect(state(page)).to_contain_text("1 deleted.")
    assert "P01" not in company.values(BEFORE)
    page.keyboard.press("Control+Z")
    expect(state(page)).to_contain_text("1 saved.")
    assert company.values(BEFORE)["P01"] == 40


def test_two_people_at_one_cell_see_each_other(visit: Visit, company: Company) -> None:
    ana, ben = visit("ana"), visit("ben")
    chosen(ana, 1)
    ana.keyboard.type("44\n")
    settled(ana)
    chosen(ben, 1)
    ben.keyboard.type("43\n")
    settled(ben, open_cells=1)
    chosen(ben, 1)
    expect(words(ben)).to_contain_text("Meanwhile Ana gave 44")
    expect(words(ben)).to_contain_text("You typed 43.")
    assert company.values() == {"P01": 44}
    ben.get_by_role("button", name="Put mine, 43").click()
    settled(ben)
    assert company.values() == {"P01": 43}
    chosen(ana, 1)
    ana.keyboard.type("42\n")
    settled(ana, open_cells=1)
    ana.get_by_role("button", name="Show the next").click()
    ana.get_by_role("button", name="Keep 43.0").click()
    settled(ana)
    expect(cell_of(ana, 1)).to_contain_text("43.0")
    assert company.values() == {"P01": 43}


def test_unsaved_values_survive_a_reload_and_are_never_sent_by_themselves(
    visit: Visit, company: Company
) -> None:
    page = visit()
    is_broken = True

    def answer(route: Route) -> None:
        route.fulfill(status=500, body="") if is_broken else route.continue_()

    page.route("**/entry/grid/cells/", answer)
    chosen(page, 1)
    page.keyboard.type("45\n46\n")
    settled(page, open_cells=2)
    expect(state(page)).to_contain_text("The server could not answer (500).")
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert warned == ["beforeunload"]
    kept = page.locator("[data-sheet-kept]")
    expect(kept).to_contain_text("2 values typed here")
    expect(cell_of(page, 1)).not_to_contain_text("45")
    is_broken = False
    kept.get_by_role("button", name="Put them back").click()
    expect(cell_of(page, 1)).to_contain_text("45")
    expect(cell_of(page, 1)).to_contain_text("not saved")
    assert company.values() == {}
    page.get_by_role("button", name="Save 2 values").click()
    expect(state(page)).to_contain_text("2 saved.")
    settled(page)
    assert company.values() == {"P01": 45, "P02": 46}
    page.reload()
    expect(page.locator("[data-sheet-kept]")).to_be_hidden()
    assert warned == ["beforeunload"]


def test_a_note_typed_alone_survives_a_reload_and_waits_for_its_value(
    visit: Visit, company: Company
) -> None:
    page = visit()
    page.on("dialog", lambda dialog: dialog.accept())
    chosen(page, 1, BEFORE)
    page.get_by_label("Note").fill("Counted twice.")
    chosen(page, 1)
    page.get_by_label("Note").fill("A first count.")
    chosen(page, 1, BEFORE)  # choosing another cell and coming back loses nothing either
    expect(page.get_by_label("Note")).to_have_value("Counted twice.")
    settled(page, open_cells=2)
    page.reload()
    kept = page.locator("[data-sheet-kept]")
    expect(kept).to_contain_text("2 notes typed here")
    kept.get_by_role("button", name="Put them back").click()
    expect(cell_of(page, 1, BEFORE)).to_contain_text("note not saved")
    chosen(page, 1)
    expect(page.get_by_label("Note")).to_have_value("A first count.")
    page.get_by_role("button", name="Save the note").click()
    expect(state(page)).to_contain_text("A note belongs to a value")
    page.keyboard.type("44\n")
    settled(page, open_cells=1)
    page.get_by_role("button", name="Save 1 note").click()
    settled(page)
    page.reload()
    expect(kept).to_be_hidden()
    told = company.installation.python(
        f"rows = Measurement.objects.filter(subject__code='P01', month__gte={int(BEFORE)})\n"
        'print(list(rows.order_by("month").values_list("value", "note")))'
    )
    assert told == "[(40.0, 'Counted twice.'), (44.0, 'A first count.')]"


HALF_A_MINUTE = 30_000


def watching(page: Page) -> Page:
    """A page whose clock can be put forward, so that it asks what others have done."""
    page.clock.install()
    page.reload()
    return page


def asks_the_server(page: Page) -> int:
    with page.expect_response("**/entry/grid/changes/**") as told:
        page.clock.fast_forward(HALF_A_MINUTE)
    return told.value.status


def test_an_open_grid_hears_what_others_change(visit: Visit, company: Company) -> None:
    ana, ben = watching(visit("ana")), visit("ben")
    chosen(ben, 1)
    ben.keyboard.type("44\n")
    settled(ben)
    chosen(ben, 2, BEFORE)
    ben.keyboard.type("41.5\n")
    settled(ben)
    assert asks_the_server(ana) == 200
    expect(cell_of(ana, 1)).to_contain_text(re.compile(r"44\.0.*by Ben", re.DOTALL))
    expect(cell_of(ana, 2, BEFORE)).to_have_class(re.compile("is-news"))
    expect(state(ana)).to_contain_text("Ben changed Project 0")
    chosen(ana, 2, BEFORE)
    expect(words(ana)).to_contain_text(
        re.compile(r"Changed by Ben at \d\d:\d\d from 41\.0 to 41\.5\.$")
    )
    assert asks_the_server(ana) == 304  # nothing since
    ana.keyboard.type("41.2\n")  # in sight of what Ben gave: no conflict
    settled(ana)
    assert company.values(BEFORE)["P02"] == 41.2


def test_whoever_is_typing_hears_beside_it_that_the_cell_was_changed(
    visit: Visit, company: Company
) -> None:
    ana, ben = watching(visit("ana")), visit("ben")
    chosen(ana, 1)
    ana.keyboard.type("4")
    chosen(ben, 1)
    ben.keyboard.type("44\n")
    settled(ben)
    assert asks_the_server(ana) == 200
    beside = cell_of(ana, 1).locator(".sheet__beside")
    expect(beside).to_have_text(re.compile(r"Ben made it 44\.0 at \d\d:\d\d"))
    typing = cell_of(ana, 1).get_by_role("textbox")
    expect(typing).to_be_focused()
    expect(typing).to_have_value("4")
    ana.keyboard.type("3\n")
    settled(ana, open_cells=1)  # not over Ben's value without a word
    assert company.values() == {"P01": 44}
    chosen(ana, 1)
    expect(words(ana)).to_contain_text("Meanwhile Ben gave 44")
    ana.get_by_role("button", name="Put mine, 43").click()
    settled(ana)
    assert company.values() == {"P01": 43}


def test_undo_goes_not_back_over_what_somebody_else_has_given_since(
    visit: Visit, company: Company
) -> None:
    ana, ben = watching(visit("ana")), visit("ben")
    chosen(ana, 1)
    ana.keyboard.type("44\n")
    settled(ana)
    ben.reload()
    chosen(ben, 1)
    ben.keyboard.type("45\n")
    settled(ben)
    assert asks_the_server(ana) == 200
    expect(cell_of(ana, 1)).to_contain_text("45.0")
    ana.keyboard.press("Control+Z")
    settled(ana, open_cells=1)
    expect(words(ana)).to_contain_text("Meanwhile Ben gave 45")
    assert company.values() == {"P01": 45}


def test_a_page_that_nobody_looks_at_asks_nothing(visit: Visit) -> None:
    page = watching(visit())
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.clock.fast_forward(10 * HALF_A_MINUTE)
    assert not any("/entry/grid/" in address for address in requests)
    with page.expect_response("**/entry/grid/changes/**") as told:
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: false, configurable: true });"
            " document.dispatchEvent(new Event('visibilitychange'))"
        )
    assert told.value.ok  # and at once when somebody comes back


@pytest.mark.parametrize(
    ("keys", "active", "chosen_cells"),
    [
        (["ArrowDown"], (6, 2), 1),
        (["ArrowUp"], (4, 2), 1),
        (["ArrowRight"], (5, 3), 1),
        (["ArrowLeft"], (5, 1), 1),
        (["Enter"], (6, 2), 1),
        (["Shift+Enter"], (4, 2), 1),
        (["Tab"], (5, 3), 1),
        (["Tab", "Tab"], (6, 1), 1),
        (["Shift+Tab", "Shift+Tab"], (4, 3), 1),
        (["Home"], (5, 1), 1),
        (["End"], (5, 3), 1),
        (["Control+Home"], (1, 1), 1),
        (["Control+End"], (40, 3), 1),
        (["PageDown"], (15, 2), 1),
        (["PageDown", "PageUp"], (5, 2), 1),
        (["PageUp"], (1, 2), 1),
        (["Control+ArrowDown"], (40, 2), 1),
        (["Control+ArrowUp"], (1, 2), 1),
        (["Control+ArrowRight"], (5, 3), 1),
        (["Control+ArrowLeft"], (5, 1), 1),
        (["Shift+ArrowDown", "Shift+ArrowRight"], (6, 3), 4),
        (["Shift+PageDown"], (15, 2), 11),
        (["Shift+End"], (5, 3), 2),
        (["Control+Shift+ArrowDown"], (40, 2), 36),
        (["Control+Shift+Home"], (1, 1), 10),
        (["Shift+ArrowDown", "Escape"], (6, 2), 1),
        (["Control+a"], (1, 1), 120),
    ],
    ids=lambda given: "+".join(given) if isinstance(given, list) else "",
)
def test_keys_move_and_choose_as_in_a_spreadsheet(
    keyboard_page: Page, keys: list[str], active: tuple[int, int], chosen_cells: int
) -> None:
    page = keyboard_page
    chosen(page, 5, BEFORE)
    for key in keys:
        page.keyboard.press(key)
    row, column = active
    expect(row_of(page, row).locator("td").nth(column - 1)).to_be_focused()
    expect(page.locator("[aria-selected=true]")).to_have_count(chosen_cells)


def test_shift_and_the_mouse_choose_a_block(visit: Visit) -> None:
    page = visit()
    chosen(page, 2, BEFORE)
    cell_of(page, 4).click(modifiers=["Shift"])
    expect(page.locator("[aria-selected=true]")).to_have_count(6)


def test_a_subjects_metrics_are_entered_over_periods(visit: Visit, company: Company) -> None:
    page = visit(query="subject=P01")
    expect(row_of(page, 1).locator("th")).to_contain_text("Adoption")
    copy_text(page, "39\t41\n")
    chosen(page, 1, BEFORE)
    page.keyboard.press("Control+V")
    settled(page)
    assert (company.values(BEFORE)["P01"], company.values()) == (39, {"P01": 41})


def test_what_a_spreadsheet_copies_is_pasted_cell_for_cell(visit: Visit, company: Company) -> None:
    """Several rows and columns, quoted cells, decimal commas, a blank cell and a trailing line."""
    page = visit()
    page.get_by_label("Decimals").select_option(",")
    copy_text(page, '"40,5"\t41,5\r\n\t" 42,5 %"\r\n42,25\t"43,5"\r\n')
    chosen(page, 1, BEFORE)
    page.keyboard.press("Control+V")
    settled(page)
    before = company.values(BEFORE)
    assert [before[code] for code in ("P01", "P02", "P03", "P04")] == [40.5, 41, 42.25, 43]
    assert company.values() == {"P01": 41.5, "P02": 42.5, "P03": 43.5}
    page.keyboard.press("Control+C")  # what was pasted is chosen
    expect(state(page)).to_have_text("6 cells copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "40,5\t41,5\n41\t42,5\n42,25\t43,5"
    page.get_by_label("Decimals").select_option(".")  # the browser keeps the choice


def test_a_slip_of_the_decimal_sign_is_questioned_before_it_is_stored(
    visit: Visit, company: Company
) -> None:
    page = visit()
    copy_text(page, "415\n425\n43.5")
    chosen(page, 1)
    page.keyboard.press("Control+V")
    settled(page, open_cells=2)
    expect(state(page)).to_contain_text(
        "1 saved, 2 questioned. About 10 times the usual 40.5. Is 415 right?"
    )
    assert company.values() == {"P03": 43.5}
    chosen(page, 1)
    page.keyboard.press("F6")
    expect(page.get_by_role("button", name="Store it as it is").last).to_be_focused()
    page.get_by_role("button", name="Correct it").press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("41.5\n")
    settled(page, open_cells=1)
    chosen(page, 2)
    page.keyboard.press("Control+Enter")
    settled(page)
    assert company.values() == {"P01": 41.5, "P02": 425, "P03": 43.5}


def test_undo_and_redo_are_changes_on_record(visit: Visit, company: Company) -> None:
    page = visit()
    chosen(page, 1, BEFORE)
    page.keyboard.type("44\n")
    settled(page)
    copy_text(page, "45\n46")
    chosen(page, 1)
    page.keyboard.press("Control+V")
    expect(state(page)).to_contain_text("2 saved")
    page.keyboard.press("Control+Z")
    expect(state(page)).to_contain_text("2 deleted")
    page.keyboard.press("Control+Z")
    expect(state(page)).to_contain_text("1 saved")
    settled(page)
    assert company.values() == {}
    assert company.values(BEFORE)["P01"] == 40
    page.keyboard.press("Control+Y")
    expect(state(page)).to_contain_text("1 saved")
    settled(page)
    page.keyboard.press("Control+Y")
    expect(state(page)).to_contain_text("2 saved")
    settled(page)
    assert company.values() == {"P01": 45, "P02": 46}
    changes = company.installation.python(
        'print(list(MeasurementChange.objects.order_by("id")'
        '.values_list("subject__code", "value_before", "value_after", "door")))'
    )
    assert changes == str(
        [
            ("P01", 40.0, 44.0, "grid"),
            ("P01", 45.0, None, "grid"),
            ("P02", 46.0, None, "grid"),
            ("P01", 44.0, 40.0, "grid"),
            ("P01", 40.0, 44.0, "grid"),
        ]
    )


def test_a_block_is_copied_as_a_spreadsheet_takes_it(visit: Visit) -> None:
    page = visit()
    chosen(page, 1, BEFORE)
    for key in ("Shift+ArrowLeft", "Shift+ArrowDown", "Control+C"):
        page.keyboard.press(key)
    expect(state(page)).to_have_text("4 cells copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "41\t40\n42\t41"


def test_texts_of_spreadsheets_are_read_as_they_are_meant(visit: Visit) -> None:
    page = visit()
    blocks = {
        "1\t2\n3\t4": [["1", "2"], ["3", "4"]],
        "1\t2\r\n3\t4\r\n": [["1", "2"], ["3", "4"]],
        "1\r2\r": [["1"], ["2"]],
        '"1"\t"a ""b"""\n': [["1", 'a "b"']],
        '"two\nlines"\t5': [["two\nlines", "5"]],
        "\t1\n\n2": [["", "1"], [""], ["2"]],
        "": [[]],
    }
    read = page.evaluate(in_texts("given.map(parseBlock)"), list(blocks))
    assert dict(zip(blocks, read, strict=True)) == blocks
    numbers = {
        ("12.5", ".", ""): "12.5",
        ("12,5", ",", ""): "12,5",
        (" 83 % ", ".", "%"): "83",
        ("12.5 days", ".", "days"): "12.5",
        ("1,234.5", ".", ""): "1234.5",
        ("1.234,5", ",", ""): "1234,5",
        ("1,234,567", ".", ""): "1234567",
        ("1 234 567", ".", ""): "1234567",
        ("1'234.50", ".", ""): "1234.50",
        ("£1,234.50", ".", "GBP"): "1234.50",
        ("\N{MINUS SIGN}5", ".", ""): "-5",
        ("(12.00)", ".", ""): "-12.00",
        # In two ways to be read: it stays, and the server says that it is no number.
        ("1,250", ".", ""): "1,250",
        ("1.250", ",", ""): "1.250",
        ("12,5", ".", ""): "12,5",
        ("n/a", ".", ""): "n/a",
    }
    plain = page.evaluate(
        in_texts("given.map((each) => plainNumber(...each))"),
        [list(key) for key in numbers],
    )
    assert dict(zip(numbers, plain, strict=True)) == numbers
    written = page.evaluate(in_texts("writeBlock(given)"), [["1", "a\tb"], ['"', "2"]])
    assert written == '1\t"a\tb"\n""""\t2'


def test_a_red_value_asks_why_and_the_reason_saves_it(visit: Visit, company: Company) -> None:
    page = visit(query="metric=why")
    chosen(page, 1)
    page.keyboard.type("12\n")
    settled(page, open_cells=1)
    note = page.get_by_label("Note")
    expect(note).to_be_focused()
    expect(words(page)).to_contain_text(
        "The value scores 12.0, which is red. Say in a sentence why, as its note."
    )
    page.keyboard.type("The survey went to the wrong people.")
    page.get_by_role("button", name="Save the note").press("Enter")
    settled(page)
    expect(cell_of(page, 1)).to_be_focused()
    expect(cell_of(page, 1)).to_have_class(re.compile("has-note"))
    told = company.installation.python(
        'print(list(Measurement.objects.filter(metric__code="why").values_list("value", "note")))'
    )
    assert told == "[(12.0, 'The survey went to the wrong people.')]"


def test_a_value_that_needs_approval_says_that_it_waits(visit: Visit, company: Company) -> None:
    page = visit(query="metric=waits")
    chosen(page, 1)
    page.keyboard.type("80\n")
    settled(page)
    expect(state(page)).to_contain_text("1 waiting for approval.")
    expect(cell_of(page, 1)).to_contain_text("waiting for approval")
    page.reload()
    expect(cell_of(page, 1)).to_contain_text("waiting for approval")
    assert company.values() == {}


def test_what_cannot_be_changed_says_so_and_is_passed_over_by_a_paste(
    visit: Visit, company: Company
) -> None:
    company.installation.python(
        "MetricAssignment.objects.create(metric=adoption, scope=projects[1], "
        'user=User.objects.get(username="ben"))'
    )
    page = visit("ana")
    expect(row_of(page, 2)).to_contain_text("Entered by Ben.")
    chosen(page, 2)
    page.keyboard.type("5")
    expect(state(page)).to_have_text("Entered by Ben.")
    expect(cell_of(page, 2)).to_have_attribute("aria-readonly", "true")
    copy_text(page, "41\n42\n\n44")
    chosen(page, 1)
    page.keyboard.press("Control+V")
    expect(state(page)).to_have_text(
        "2 saved. 1 cell can't be changed and stayed (Entered by Ben.);"
        " 1 blank cell left what was there."
    )
    assert company.values() == {"P01": 41, "P04": 44}


def test_without_a_connection_nothing_is_lost(visit: Visit, company: Company) -> None:
    page = visit()
    chosen(page, 1)
    page.context.set_offline(True)
    page.keyboard.type("45\n")
    settled(page, open_cells=1)
    expect(state(page)).to_have_text("The server can't be reached.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Save 1 value").click()
    settled(page)
    assert company.values() == {"P01": 45}


def test_a_session_that_has_ended_loses_nothing(visit: Visit, company: Company) -> None:
    page = visit()
    page.context.clear_cookies(name="sessionid")
    chosen(page, 1)
    page.keyboard.type("45\n")
    settled(page, open_cells=1)
    expect(state(page)).to_contain_text("sign in in another tab, then save again.")
    session = company.sessions["ana"]
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": company.address}])
    page.get_by_role("button", name="Save 1 value").click()
    settled(page)
    assert company.values() == {"P01": 45}


def test_a_comma_where_a_point_is_expected_is_no_number_and_says_how(visit: Visit) -> None:
    page = visit()
    chosen(page, 1)
    page.keyboard.type("41,5\n")
    settled(page, open_cells=1)
    chosen(page, 1)
    expect(words(page)).to_have_text(
        '41,5%: "41,5" is not a number; write it like 1234.5 or 1e-05.'
        " If your decimals have a comma, choose that above."
    )
    page.get_by_label("Decimals").select_option(",")
    page.get_by_role("button", name="Try again").click()
    settled(page)
    expect(cell_of(page, 1)).to_contain_text("41,5")


def test_fingers_enter_a_value_on_a_phone(visit: Visit, company: Company) -> None:
    page = visit(width=390, has_touch=True, is_mobile=True)
    cell = cell_of(page, 1)
    cell.scroll_into_view_if_needed()
    cell.tap()
    cell.tap()
    typing = cell.get_by_role("textbox")
    expect(typing).to_be_focused()
    typing.fill("44")
    page.keyboard.press("Enter")
    settled(page)
    assert company.values() == {"P01": 44}
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    left = row_of(page, 1).locator("th").bounding_box()
    assert left is not None
    assert left["x"] >= 0  # the names stay while the periods scroll


def test_without_scripts_each_row_leads_to_its_form(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    expect(cell_of(page, 1, BEFORE)).to_have_text("40.0")
    page.get_by_role("link", name="Project 01").click()
    expect(page).to_have_url(
        re.compile(rf"/entry/value/\?metric=adoption&subject=P01&period={MONTH}$")
    )


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_and_the_policy_find_nothing_while_the_grid_is_in_use(
    visit: Visit, theme: str, width: int
) -> None:
    page = visit(width=width, color_scheme=theme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    copy_text(page, "415\nnonsense\n43.5")
    chosen(page, 1)
    page.keyboard.press("Control+V")
    settled(page, open_cells=2)
    expect(words(page)).to_contain_text("About 10 times")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert said == []
