"""Everything that a limited person can ask a page for, and never the name of anything else.

No address is listed here: they are taken from the URL configuration, and filled with what is seen,
what is hidden and what there is none of. A new page is walked without anybody's doing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape, unescape
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from openpyxl import Workbook

from metrics.choices import BatchMode, BatchState
from metrics.importing.plans import Reading
from metrics.models import ImportBatch
from metrics.operations.imports import map_batch
from pmo_portal.roles import Role
from tests.dashboards.test_import_mapping import fields_of
from tests.importing import LONG, stored, worked_off
from tests.limits.world import (
    CLOSED_MONTH,
    ENGAGEMENT,
    HIDDEN_ABOVE,
    HIDDEN_CODES,
    HIDDEN_CUSTOMER,
    HIDDEN_ENGAGEMENT,
    HIDDEN_PORTFOLIO,
    HIDDEN_PROJECT,
    HIDDEN_SEGMENT,
    HIDDEN_SERVICE,
    MONTH,
    ORGANISATION,
    PORTFOLIO,
    PROJECT,
    SEGMENT,
    WORD,
    build_world,
    leaks,
    limited,
    told_by,
    unlike,
)

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900), pytest.mark.walk]

CODES = (PROJECT, PORTFOLIO, ENGAGEMENT, SEGMENT, *HIDDEN_CODES, "fix_days", "SC-PRJ")
FEW_CODES = (PROJECT, PORTFOLIO, HIDDEN_PROJECT, HIDDEN_ABOVE)
"""For roles that are part of another one that is tried with all."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "metric": ("fix_days", "satisfaction", "ttv_customer"),
    "month": (MONTH, CLOSED_MONTH),
    "period": ("2026-06-01", MONTH, CLOSED_MONTH),
    "kind": ("pdf", "pptx", "project", "segment"),
    "token": ("no-such-token",),
    "name": ("mail",),
    "number": ("0",),
    "app_label": ("projects",),
    "url": ("no/such/page/",),
    "object_id": ("1",),
    "content_type_id": ("1",),
    "rest": ("v1/nowhere/",),
}
ROLES = {
    # With the least and with the most: a closed page tells of nothing, the others are among these.
    "executive": (Role.EXECUTIVE,),
    "every role": tuple(Role),
}


def patterns(
    found: list[URLPattern | URLResolver], start: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every address of pages, as a template with the names of its arguments in braces."""
    for pattern in found:
        place = start + template(pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "api":  # tests/limits/test_api_leaks_nothing.py
                yield from patterns(pattern.url_patterns, place)
        else:
            yield place, pattern


def template(pattern: URLPattern | URLResolver) -> str:
    text = str(pattern.pattern)
    text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    text = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", text)
    return text.lstrip("^").rstrip("$").replace("\\Z", "")


def addresses(
    people_rows: int, codes: tuple[str, ...] = CODES
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every address with every filling, and what of it the asker has said."""
    for place, pattern in patterns(get_resolver().url_patterns):
        names = re.findall(r"{(\w+)}", place)
        if place.startswith("admin/"):
            # All of it is closed; one filling of each says so.
            yield "/" + place.format(**{name: WORDS.get(name, ("1",))[0] for name in names}), ()
            continue
        choices = [
            fillings(name, pattern.pattern.converters.get(name), people_rows, codes)
            for name in names
        ]
        for chosen in product(*choices):
            said = tuple(each for each in chosen if WORD in each)
            filled = dict(zip(names, map(quote, chosen), strict=True))
            yield "/" + place.format(**filled), said


def fillings(name: str, converter: Any, rows: int, codes: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(converter, IntConverter):
        return tuple(str(number) for number in range(rows))
    return WORDS.get(name, codes)


def most_rows() -> int:
    """Keys are small here: so many that every row of what has a page of its own is asked for."""
    models = ("projects.Event", "dashboards.Pack", "metrics.CurveOverride", "metrics.ImportBatch")
    return 2 + max(int(apps.get_model(name)._base_manager.count()) for name in models)


@pytest.fixture
def world(db: None, tmp_path: Path) -> None:
    build_world(tmp_path / "workspace")


def client_of(name: str) -> Client:
    client = Client(raise_request_exception=False)
    roles = ROLES.get(name, (Role.ANALYST,))
    client.force_login(limited(name.replace(" ", "_"), *roles))
    return client


@pytest.mark.parametrize("role", ROLES)
def test_no_address_gives_away_a_name(world: None, role: str) -> None:
    client, leaking, opened = client_of(role), {}, 0
    codes = CODES if role == "every role" else FEW_CODES
    for address, said in addresses(most_rows(), codes):
        answer = client.get(address)
        opened += answer.status_code == 200
        assert answer.status_code < 500, address
        if found := leaks(answer, *said):
            leaking[f"{answer.status_code} {address}"] = found[:2]
    assert leaking == {}
    assert opened > 20


@pytest.mark.parametrize("role", ["analyst"])
def test_what_links_lead_to_opens_and_gives_away_no_name(world: None, role: str) -> None:
    """Pages, their parts, exports and forms' addresses, from the first page on as they are linked.

    A limited person is shown no link that is closed to them.
    """
    client, leaking, closed = client_of(role), {}, {}
    waiting, known = [("/", "", "")], {"/"}
    while waiting:
        address, target, source = waiting.pop(0)
        headers = {"HX-Request": "true", "HX-Target": target} if target else {}
        answer = client.get(address, headers=headers)
        if found := leaks(answer):
            leaking[address] = found[:2]
        if answer.status_code in (301, 302):
            linked = [(answer["Location"], "")]
        elif answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            linked = [*links(answer.content.decode())]
        else:
            linked = []
            # Whose value it is to enter, a link does not ask.
            is_somebody_elses = "/entry/value/?metric=staffing_fit" in address
            if answer.status_code not in (200, 204) and not is_somebody_elses:
                closed[f"{address} on {source}"] = answer.status_code
        for path, part in linked:
            place = urljoin(address, path)
            if is_page(place) and shape(place, part) not in known:
                known.add(shape(place, part))
                waiting.append((place, part, address))
        assert len(known) < 2_000, sorted(known)[::20]
    assert (leaking, closed) == ({}, {})
    assert len(known) > 100


def links(html: str) -> Iterator[tuple[str, str]]:
    """What can be followed from a page, each with the id of the part that it is asked for."""
    for address in re.findall(r'(?:href|src|data-\w+-from)="([^"#]+)', html):
        yield unescape(address), ""
    for tag in re.findall(r'<[^>]*hx-get="[^>]*>', html):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        target = attributes.get("hx-target", "").removeprefix("#") or attributes.get("id", "")
        yield unescape(attributes["hx-get"]), target


def is_page(address: str) -> bool:
    parts = urlsplit(address)
    return not parts.netloc and not parts.path.startswith(("/static/", "/sign-out/"))


def shape(address: str, part: str) -> str:
    """The address but for what makes many of one page: of each kind of question one is enough."""
    parts = urlsplit(address)
    asked = {
        (name, value if name in ("export", "metric") else "")
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    }
    path = re.sub(r"/\d{4}-\d\d(-\d\d)?/", "/DATE/", parts.path)
    return f"{path} {sorted(asked)} {part}"


def test_everything_that_pages_can_be_asked_for_gives_away_no_name(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters, searches, comparisons, sorts and rows, by the code of what is hidden."""
    client, leaking = client_of("analyst"), {}
    asked_for = {path: names_read(client, path, monkeypatch) for path in ASKED}
    assert {"q", "portfolio", "segment", "sort"} <= asked_for["/projects/"]
    for path, asked in (*questions(), *by_name(asked_for)):
        said = tuple(filter(lambda word: WORD in word, words_of(asked)))
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(f"{path}?{urlencode(asked, doseq=True)}", headers=headers)
            if found := leaks(answer, *said):
                leaking[f"{path} {asked}"] = found[:2]
    assert leaking == {}


def words_of(asked: dict[str, Any]) -> Iterator[str]:
    for value in asked.values():
        yield from value if isinstance(value, list) else [value]
        yield str(value).split("/")[-1]
        yield from re.findall(rf"{WORD}-[\w@-]+", str(value))


ASKED = (
    "/search/",
    "/projects/",
    "/portfolios/",
    f"/portfolios/{PORTFOLIO}/",
    f"/projects/{PROJECT}/",
    f"/explain/{PROJECT}/{MONTH}/",
    "/help/",
    "/events/",
    "/metrics/",
    "/metrics/fix_days/",
    "/compare/portfolios/",
    "/entry/",
    "/entry/due/",
    "/entry/imports/",
    "/months/",
    "/runs/",
    "/views/",
    "/subscriptions/",
)
NAMES_OF_SUBJECTS = ("q", "of", "subject", "portfolio", "segment", "scope", "a", "b", "open")
"""What may be one's code or a part of it; anything else is asked for once."""
CODES_AND_WORDS = (
    *HIDDEN_CODES,
    *map(unlike, HIDDEN_CODES),
    *(WORD[:5].lower(), "HIDDEN", "", "o", "a e"),
)


def names_read(client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the page looks for in its address: nothing else makes a difference to it."""
    read: set[str] = set()
    with monkeypatch.context() as patch:
        for method in ("__getitem__", "__contains__", "get", "getlist"):
            patch.setattr(QueryDict, method, heard(getattr(QueryDict, method), read))
        assert client.get(path).status_code in (200, 403), path
    return read


def heard(method: Callable[..., Any], read: set[str]) -> Callable[..., Any]:
    def hear(query: QueryDict, name: str, *rest: Any, **named: Any) -> Any:
        read.add(name)
        return method(query, name, *rest, **named)

    return hear


def by_name(asked_for: Mapping[str, set[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, names in asked_for.items():
        for name in sorted(names):
            for code in CODES_AND_WORDS if name in NAMES_OF_SUBJECTS else (HIDDEN_PROJECT,):
                yield path, {name: code}


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """What takes several answers at once."""
    for code in CODES_AND_WORDS:
        yield "/compare/portfolios/", {"a": PORTFOLIO, "b": code}
        place = {"metric": "fix_days", "subject": code, "period": "2026-06-08"}
        for path in ("/entry/value/", "/entry/preview/", "/entry/grid/cell/", "/entry/due/"):
            yield path, {**place, "value": "9"}
        yield "/entry/no-value/", {"row": f"fix_days/{code}/2026-06-15"}
        yield "/entry/no-value/take-back/", {"row": f"fix_days/{code}/2026-06-15"}
        yield "/entry/does-not-apply/", {"metric": "fix_days", "subject": code}
        for metric in ("fix_days", "satisfaction", "ttv_customer", "nps", "tenure_years"):
            yield "/entry/grid/", {"metric": metric, "subject": code, "portfolio": code}
        yield "/views/new/", {"address": f"/projects/{code}/"}
        yield "/subscriptions/new/", {"subject": code, "view": "1"}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_no_file_gives_away_a_name(world: None, ending: str) -> None:
    """A file that names what is hidden, and what is nearly called so, from upload to undoing."""
    client, leaking = client_of("analyst"), {}
    codes = (PROJECT, HIDDEN_PROJECT, unlike(HIDDEN_PROJECT), f"{WORD[:6]}X New ledgers")
    rows = [["Metric", "Of whom", "When", "How much"]]
    rows += [["fix_days", code, "2026-06-15", str(number)] for number, code in enumerate(codes)]
    upload = SimpleUploadedFile(f"values.{ending}", content_of(rows, ending))
    mapping = client.post("/entry/imports/new/", {"file": upload})["Location"]
    page = client.get(mapping)
    leaking[mapping] = leaks(page, HIDDEN_PROJECT)
    sent = client.post(mapping, {**fields_of(page), "action": "check"})
    leaking["sent"] = leaks(sent, HIDDEN_PROJECT)
    batch = ImportBatch.objects.latest("pk")
    if batch.state == BatchState.NEW:
        assert batch.created_by is not None
        map_batch(batch, reading=Reading(), mapping=LONG, by=batch.created_by)
    worked_off(batch)
    assert batch.counts["refused"] == 3
    stored(batch, mode=BatchMode.ACCEPTED_ONLY, is_confirmed=True)
    asked = ["", "?rows=refused", "refused/", "refused/?format=xlsx", "file/", "undo/"]
    asked += ["?export=rows.csv", "?rows=refused&export=rows.xlsx", "?rows=new"]
    for path in asked:
        answer = client.get(f"/entry/imports/{batch.pk}/{path}")
        leaking[path] = leaks(answer, HIDDEN_PROJECT)
    assert {path: found for path, found in leaking.items() if found} == {}


def content_of(rows: list[list[str]], ending: str) -> bytes:
    if ending == "csv":
        return "".join(",".join(row) + "\n" for row in rows).encode()
    book, content = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def test_no_form_gives_away_a_name(world: None) -> None:
    """Forms about what is hidden, about what is nearly called so, and with nothing in them."""
    client, leaking = client_of("analyst"), {}
    codes = (PROJECT, *HIDDEN_CODES, unlike(HIDDEN_PROJECT), unlike(HIDDEN_ABOVE), "")
    for address, said in addresses(3, (*FEW_CODES, ENGAGEMENT)):
        if "saved" in address or not is_page(address):
            continue
        for code in codes if not said and "admin" not in address else (HIDDEN_PROJECT,):
            answer = client.post(address, form_about(code))
            if found := leaks(answer, code, *said):
                leaking[f"{answer.status_code} {address} {code}"] = found[:2]
    assert leaking == {}


def form_about(code: str) -> dict[str, str]:
    """The fields of all forms at once; each takes what it knows."""
    row = f"fix_days/{code}/2026-06-15"
    return {
        "metric": "fix_days",
        "subject": code,
        "scope": code,
        "portfolio": code,
        "period": "2026-06-08",
        "other_period": "2026-06-08",
        "value": "9",
        "row": row,
        "reason": "No survey.",
        "why": "It came.",
        "code": code,
        "name": "A name",
        "address": f"/projects/{code}/",
        "rhythm": "weekly",
        "pack": code,
        "title": "Merger",
        "day": "2026-05-04",
    }


ABOUT_A_CODE = (
    "/portfolios/{}/",
    "/projects/{}/",
    f"/explain/{{}}/{MONTH}/",
    f"/explain/{{}}/{MONTH}/fix_days/{MONTH}/",
    "/entry/history/fix_days/{}/2026-06-08/",
    "/events/?of={}",
    "/entry/value/?metric=fix_days&subject={}&period=2026-06-08",
    "/entry/preview/?metric=fix_days&subject={}&value=9",
    "/entry/grid/cell/?metric=fix_days&subject={}&period=2026-06-08",
    "/entry/no-value/?row=fix_days/{}/2026-06-15",
    "/entry/does-not-apply/?metric=fix_days&subject={}",
    "/compare/portfolios/?codes={}",
    "/compare/portfolios/?portfolio={}",
    "/help/?subject={}",
    "/search/?q={}",
    "/views/new/?address=/projects/{}/",
    "/subscriptions/new/?subject={}",
    "/projects/?portfolio={}",
    "/projects/?segment={}",
    "/entry/grid/?metric=fix_days&subject={}",
    "/segments/{}/",
    "/customers/{}/",
    "/services/{}/",
    "/subjects/{}/edit/",
)


def test_what_is_hidden_is_answered_like_what_is_not_there(world: None) -> None:
    """The same status, headers and words, but for the code itself."""
    client, different = client_of("analyst"), []
    for address, code in product(ABOUT_A_CODE, HIDDEN_CODES):
        hidden = told_by(client.get(address.format(code)))
        unknown = told_by(client.get(address.format(unlike(code))))
        if without_chance(hidden, code) != without_chance(unknown, unlike(code)):
            different.append(address.format(code))
    assert different == []


def without_chance(told: str, code: str) -> str:
    """But for the code and what differs each time: tokens, names of requests, clock, lengths."""
    told = re.sub(r"X-Request-ID: \w+|RateLimit-\w+: \d+", "", told)
    for written in (code, quote(code), quote(quote(code)), escape(code)):
        told = told.replace(written, "X")
    told = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", told)
    told = re.sub(r"(csrftoken|sessionid)=\S+", "", told)
    told = re.sub(r'data-csrf="\w+"|X-CSRFToken[^}]*', "", told)
    told = re.sub(r"\d\d:\d\d:\d\d(\.\d+)?( GMT)?", "", told)
    return re.sub(r"Content-Length: \d+", "", told)


def test_the_world_tells_the_word_to_who_sees_everything(world: None) -> None:
    """So that a test that finds none has looked at something."""
    person = limited("boss", Role.PMO_LEAD, Role.ANALYST)
    person.portfolio_limits.all().delete()
    client = Client()
    client.force_login(person)
    for path in (
        "/portfolios/",
        "/projects/",
        "/search/?q=hidden",
        "/metrics/fix_days/",
        "/entry/",
        "/events/",
        f"/explain/{ORGANISATION}/{MONTH}/",
        f"/projects/{HIDDEN_PROJECT}/",
        f"/portfolios/{HIDDEN_PORTFOLIO}/",
        f"/portfolios/{PORTFOLIO}/",
        f"/segments/{HIDDEN_SEGMENT}/",
        f"/customers/{HIDDEN_CUSTOMER}/",
        f"/services/{HIDDEN_SERVICE}/",
        f"/explain/{HIDDEN_ENGAGEMENT}/{CLOSED_MONTH}/",
        f"/portfolios/{HIDDEN_ABOVE}/",
        "/help/",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        if path != "/help/":
            assert leaks(answer), path
