"""The components as a page gets them: their markup, their addresses, what they refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import brotli
import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import include, path
from pytest_django import Settings

from dashboards.figures import ScoreTrend, TrendPoint, score_trend_chart
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.months import MonthPicker
from dashboards.presentation.navigation import GROUPS
from dashboards.presentation.tiles import ScoreTile
from metrics.choices import Band, Category
from projects.months import Month

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "static" / "vendor"
VENDORED = (VENDOR / "README.md").read_text()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHARED_TEMPLATES = [
    *(ROOT / "templates" / name for name in ("base.html", "document.html", "plain.html")),
    *(ROOT / "templates" / "components").iterdir(),
]
OCTOBER = Month.parse("2026-10")


def any_page(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


NAMES = sorted(
    {page.url_name for group in GROUPS for page in group.pages if ":" not in page.url_name}
    | {"home", "account", "sign_in", "sign_out", "password_change", "search"}
    | {"saved_view_list", "saved_view_menu", "saved_view_new", "subscription_list", "token_list"}
    | {"account_reset_password", "mfa_index", "session_list"}
)
urlpatterns = [
    *(path(f"{name}/", any_page, name=name) for name in NAMES),
    path("admin/", include(([path("", any_page, name="index")], "admin"))),
]


@pytest.fixture(autouse=True)
def all_pages_have_addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


def shown(source: str, *, address: str = "/", user: Any = None, **context: Any) -> str:
    request = RequestFactory().get(address)
    request.user = user or AnonymousUser()
    template = Template("{% load components presentation %}" + source)
    return template.render(Context({"request": request, "user": request.user, **context}))


def plain(markup: str) -> str:
    """What is read, without what is only drawn."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def tile(name: str = "Tactical", score: float | None = 72.44, **fields: Any) -> ScoreTile:
    band = Band.AMBER if score is not None else Band.INSUFFICIENT
    return ScoreTile(**{"name": name, "score": score, "band": band, **fields})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 72.44|score }}", "72.4"),
        ("{{ 3.14|change }}", "+3.1"),
        ("{{ 0.83|percent }}", "83%"),
        ("{{ 12480|number }}", "12,480"),
        ("{% value 12.46 'days' 1 %}", "12.5 days"),
        ("{% money 1250000 'GBP' %}", "£1,250,000"),
        ("{% short_money 1250000 'GBP' %}", "£1.2m"),
        ("{{ month|month }}, {{ month|month_name }}", "Oct 2026, October 2026"),
        ("{{ 2|band_word }}", "Amber"),
        ("{{ scores|lookup:'a' }}", "1"),
    ],
)
def test_values_are_shown_as_text(source: str, text: str) -> None:
    assert plain(shown(source, month=OCTOBER, scores={"a": 1})) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ None|score }}",
        "{{ None|change }}",
        "{{ None|percent }}",
        "{{ None|number }}",
        "{% value None 'days' 1 %}",
        "{% money None 'GBP' %}",
        "{% short_money None 'GBP' %}",
        "{% money_variance None 5 'GBP' %}",
    ],
)
def test_unknown_is_a_dash_that_is_read_as_unknown(source: str) -> None:
    markup = shown(source)
    assert plain(markup) == "\N{EN DASH} unknown"
    assert '<span aria-hidden="true">' in markup
    assert "0" not in plain(markup)


@pytest.mark.parametrize("band", [*Band, None])
def test_a_band_is_never_told_by_colour_alone(band: Band | None) -> None:
    for markup in (
        shown("{% band_chip band %}", band=band),
        shown("{% score_badge None band %}", band=band),
        shown("{% heat_cell None band %}", band=band),
    ):
        word = "Not measured" if band is None else str(band.label)
        assert word in plain(markup)
        assert "<svg" in markup


def test_the_legend_names_all_four_bands() -> None:
    assert plain(shown("{% band_legend %}")) == "Green Amber Red Insufficient"


@pytest.mark.parametrize(
    ("change", "words"),
    [(3.14, "up +3.1"), (-0.45, "down \N{MINUS SIGN}0.5"), (0.01, "unchanged 0.0")],
)
def test_a_change_has_an_arrow_a_sign_and_a_word(change: float, words: str) -> None:
    markup = shown("{% change_mark change %}", change=change)
    assert plain(markup) == words
    assert "<svg" in markup


def test_a_change_can_say_since_when() -> None:
    assert plain(shown("{% change_mark 1 'Sep 2026' %}")) == "up +1.0 since Sep 2026"


def test_a_heat_map_cell_tells_score_band_and_coverage() -> None:
    markup = shown("{% heat_cell 72.44 band 0.83 %}", band=Band.AMBER)
    assert markup.startswith('<td class="heat heat--amber-1">')
    assert "covered-8" in markup
    assert plain(markup) == "72.4 Amber, 83% known"


def test_a_linked_heat_map_cell_says_where_it_leads_and_escapes() -> None:
    markup = shown(
        "{% heat_cell 20 band None url label %}", band=Band.RED, url='/x/?a="b"', label="<Why>"
    )
    assert 'href="/x/?a=&quot;b&quot;"' in markup
    assert "&lt;Why&gt;" in markup


def test_an_unmeasured_heat_map_cell_has_no_ground_and_no_coverage() -> None:
    markup = shown("{% heat_cell None None 0.4 %}")
    assert 'class="heat heat--none"' in markup
    assert "covered-" not in markup


def test_the_coverage_meter_says_what_is_possible() -> None:
    markup = shown("{% coverage_meter 72.4 60.8 76.8 0.84 limits %}", limits=BandLimits(50, 75))
    assert 'aria-label="Score 72.4, possible 60.8 to 76.8; 84% of the evidence is in"' in markup
    assert plain(markup) == "84% known possible 60.8 to 76.8"
    assert markup.count("range-meter__limit") == 2


def test_freshness_is_told_in_words() -> None:
    assert plain(shown("{% freshness_mark 3 0.25 %}")) == "3 months old, fading"
    assert plain(shown("{% freshness_mark None None %}")) == "no value in force"


@pytest.mark.parametrize(
    "source",
    [
        "{% sparkline scores %}",
        "{% sparkline scores unfinished=True cell=True %}",
        "{% curve_plot curve 4 75 2 'days' 1 %}",
        "{% coverage_meter 72.4 60.8 76.8 0.84 %}",
        "{% share_bar 'Weights' parts %}",
    ],
)
def test_a_drawing_is_well_formed_and_has_a_name(source: str) -> None:
    markup = shown(source, scores=[40, None, 60], curve=[(2, 100), (10, 0)], parts=[("a", 1)])
    drawing = re.search(r"<svg.*?</svg>", markup, re.DOTALL)
    assert drawing is not None
    root = ET.fromstring(drawing[0])
    assert root.get("role") == "img"
    assert root.get("aria-label")


def test_contributions_show_their_points() -> None:
    assert plain(shown("{% contribution 12.34 30 %}")) == "12.3"
    assert plain(shown("{% contribution minus 30 minus %}", minus=-3.2)) == "\N{MINUS SIGN}3.2"
    assert plain(shown("{% contribution None 30 %}")) == "\N{EN DASH} unknown"


def test_shares_of_nothing_are_told() -> None:
    assert plain(shown("{% share_bar 'Weights' parts %}", parts=[])) == "Nothing is weighed yet."


def test_a_variance_is_over_or_under() -> None:
    assert plain(shown("{% money_variance 1400000 1250000 'GBP' %}")) == "£1.4m £150k (12%) over"
    assert plain(shown("{% money_variance 1400000 None 'GBP' %}")) == "£1.4m"


def test_a_scoreboard_shows_overall_beside_all_four_categories() -> None:
    names = [str(category.label) for category in Category]
    markup = shown(
        "{% scoreboard overall categories %}",
        overall=tile("Northwind", balance=0.94),
        categories=[tile(name, None, why_unknown="No data yet") for name in names],
    )
    assert markup.count("<h3") == 4
    for name in names:
        assert name in plain(markup)
    assert plain(markup).count("No data yet") == 4


def test_a_scoreboard_never_shows_financial_alone() -> None:
    with pytest.raises(ValueError, match="all four categories"):
        shown("{% scoreboard overall categories %}", overall=tile(), categories=[tile("Financial")])


def test_a_tile_says_why_there_is_no_change() -> None:
    assert "+3.1 since Sep 2026" in plain(
        shown("{% score_tile t %}", t=tile(change=3.1, since="Sep 2026"))
    )
    assert "No score in Sep 2026 to compare with" in plain(
        shown("{% score_tile t %}", t=tile(since="Sep 2026"))
    )


def test_a_chart_brings_its_message_its_figure_and_its_data() -> None:
    chart = score_trend_chart(
        ScoreTrend("</script><b>", [TrendPoint(OCTOBER, 40.0, Band.RED)]), slug="trend"
    )
    markup = shown("{% chart chart 'short' %}", chart=chart)
    data = re.search(
        r'<script id="trend-figure" type="application/json">(.*?)</script>', markup, re.DOTALL
    )
    assert data is not None
    assert json.loads(data[1]) == chart.as_json
    assert 'data-chart="trend-figure"' in markup
    assert 'aria-labelledby="trend-title trend-message"' in markup
    assert '<th scope="row">Oct 2026</th>' in markup
    assert "</script><b>" not in markup


class Filters(forms.Form):
    q = forms.CharField(label="Search", required=False, widget=forms.SearchInput)
    stage = forms.ChoiceField(
        label="Stage", required=False, choices=[("", "Any"), ("delivery", "Delivery")]
    )


class Links(HTMLParser):
    """Addresses and hidden fields of some markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.hrefs: list[str | None] = []
        self.hidden: list[tuple[str | None, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.hrefs.append(found.get("href"))
        if tag == "input" and found.get("type") == "hidden":
            self.hidden.append((found["name"], found["value"]))


def test_the_month_picker_changes_the_month_and_keeps_the_rest() -> None:
    picker = MonthPicker.of([OCTOBER.plus(-1), OCTOBER, OCTOBER.plus(1)], chosen=OCTOBER)
    markup = shown(
        "{% month_picker picker %}",
        address="/p/?month=2026-10&q=a%26b&stage=x&stage=y&page=3",
        picker=picker,
    )
    links = Links(markup)
    assert links.hrefs == [
        "?month=2026-09&q=a%26b&stage=x&stage=y",
        "?month=2026-11&q=a%26b&stage=x&stage=y",
    ]
    assert links.hidden == [("q", "a&b"), ("stage", "x"), ("stage", "y")]
    assert '<option value="2026-10" selected>' in markup


def test_the_first_and_last_month_lead_nowhere_further() -> None:
    picker = MonthPicker.of([OCTOBER], chosen=OCTOBER)
    assert Links(shown("{% month_picker picker %}", picker=picker)).hrefs == []


@pytest.mark.parametrize(
    ("sort", "first", "state", "url"),
    [
        ("-score", "-", "descending", "?sort=score"),
        ("score", "-", "ascending", "?sort=-score"),
        ("name", "-", None, "?sort=-score"),
        ("name", "", None, "?sort=score"),
        ("-score_change", "", None, "?sort=score"),
    ],
)
def test_a_sort_header_turns_its_order_round(
    sort: str, first: str, state: str | None, url: str
) -> None:
    markup = shown("{% sort_header 'Score' 'score' sort first=first %}", sort=sort, first=first)
    assert Links(markup).hrefs == [url]
    assert (f'aria-sort="{state}"' in markup) is bool(state)


def test_sorting_keeps_the_filters_and_begins_at_the_first_page() -> None:
    markup = shown("{% sort_header 'Name' 'name' '' %}", address="/?q=x&page=4&sort=-name")
    assert Links(markup).hrefs == ["?q=x&sort=name"]


def test_the_pager_says_where_one_is() -> None:
    page = Paginator(range(603), 50).page(2)
    markup = shown("{% pager page 'projects' %}", address="/?q=x&page=2", page=page)
    assert plain(markup).startswith("51 to 100 of 603 projects")
    assert Links(markup).hrefs == ["?q=x&page=1", "?q=x&page=3"]


def test_a_single_page_has_no_links() -> None:
    markup = shown("{% pager page %}", page=Paginator(range(3), 50).page(1))
    assert Links(markup).hrefs == []


def test_filters_replace_their_own_fields_only() -> None:
    address = "/p/?month=2026-10&q=claims&page=3"
    form = Filters({"q": "claims"})
    markup = shown("{% filters form '1 of 40 projects' %}", address=address, form=form)
    links = Links(markup)
    assert links.hidden == [("month", "2026-10")]
    assert links.hrefs == ["?month=2026-10"]
    assert "1 of 40 projects" in plain(markup)
    assert "data-autosubmit" in markup


def test_filters_with_a_target_ask_for_the_fragment() -> None:
    markup = shown("{% filters form '' 'rows' %}", address="/p/?month=2026-10", form=Filters())
    assert 'hx-get="/p/"' in markup
    assert 'hx-target="#rows"' in markup
    assert "data-autosubmit" not in markup
    assert "Clear" not in plain(markup)


def test_a_field_shows_label_help_and_errors() -> None:
    class Entry(forms.Form):
        value = forms.FloatField(label="Value", help_text="In days.")
        note = forms.CharField(label="Note", required=False)

    markup = shown(
        '{% include "components/form.html" %}', form=Entry({"value": "1,5"}, auto_id="id_%s")
    )
    assert plain(markup) == "Value Enter a number. In days. Note (optional)"
    assert 'aria-invalid="true"' in markup
    assert 'aria-describedby="id_value_helptext' in markup
    assert 'id="id_value_helptext"' in markup


def person(*permissions: str, is_staff: bool = False) -> User:
    """Somebody with these permissions, without a database."""
    user = User(username="mara", is_staff=is_staff)
    user._perm_cache = set(permissions)  # type: ignore[attr-defined]
    return user


def links_of(user: User | AnonymousUser, address: str = "/summary/") -> list[str | None]:
    return Links(shown("{% navigation %}", address=address, user=user)).hrefs


READS = ("metrics.read_dashboards", "metrics.read_organisation")


def test_nobody_without_a_role_sees_a_navigation() -> None:
    assert links_of(AnonymousUser()) == []
    assert links_of(person()) == []
    assert Template("{% load components %}{% navigation %}").render(Context()).strip() == ""


def test_the_navigation_shows_what_a_role_may_see() -> None:
    reading = [
        "/summary/",
        "/portfolio_list/",
        "/project_list/",
        "/segment_list/",
        "/customer_list/",
        "/service_list/",
        "/pack_list/",
        "/metric_list/",
        "/scorecard_list/",
        "/help/",
        "/month_list/",
        "/run_list/",
    ]
    reader = person(*READS)
    assert links_of(reader) == reading
    analyst = person(*READS, "metrics.enter_measurements")
    assert links_of(analyst) == [
        *reading[:7],
        "/entry/",
        "/entry_grid/",
        "/import_list/",
        *reading[7:],
    ]
    lead = person(*READS, "metrics.keep_definitions")
    assert links_of(lead) == [*reading[:9], "/subject_list/", "/assignment_list/", *reading[9:]]
    assert links_of(person(is_staff=True)) == ["/admin/"]


@pytest.mark.parametrize(
    ("address", "mark"),
    [
        ("/portfolio_list/", 'href="/portfolio_list/" aria-current="page"'),
        ("/portfolio_list/CARE/", 'href="/portfolio_list/" aria-current="true"'),
    ],
)
def test_the_current_page_is_marked(address: str, mark: str) -> None:
    markup = shown("{% navigation %}", address=address, user=person("metrics.read_dashboards"))
    assert mark in re.sub(r"\s+", " ", markup)
    assert markup.count("aria-current") == 1


@pytest.mark.django_db
def test_the_permissions_of_the_navigation_exist() -> None:
    wanted = {page.permission for group in GROUPS for page in group.pages if page.permission}
    there = {
        f"{app}.{code}"
        for app, code in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert wanted <= there


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in shown('{% icon "people" %}')
    assert 'role="img" aria-label="Closed"' in shown('{% icon "lock" "Closed" %}')


def test_an_unknown_icon_says_how_to_get_it() -> None:
    with pytest.raises(TemplateSyntaxError, match="make vendor"):
        shown('{% icon "no-such-icon" %}')


@pytest.mark.parametrize(
    "template", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"]
)
def test_an_error_page_needs_no_context(template: str) -> None:
    page = render_to_string(template)
    assert "<h1" in page
    assert "PMO Portal" in page


def test_the_last_resort_leans_on_nothing() -> None:
    source = (ROOT / "templates" / "500.html").read_text()
    assert "{%" not in re.sub(r"{% (end)?comment %}", "", source)
    assert "{{" not in source
    assert "/static/" not in source


def everybodys_pages() -> Iterator[str]:
    request = RequestFactory().get("/account/")
    request.user = person("metrics.read_dashboards", is_staff=True)
    context = {"roles": [], "user": request.user}
    yield render_to_string("pmo_portal/account.html", context, request)
    yield render_to_string("accounts/sign_in.html", {"form": Filters()})
    yield render_to_string("404.html")


@pytest.mark.django_db
def test_pages_hold_no_inline_script_or_style() -> None:
    for page in everybodys_pages():
        assert re.findall(r"<style", page) == []
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page) == []
        assert re.findall(r"\son\w+=", page) == []
        assert re.findall(r"\sstyle=", page) == []


@pytest.mark.django_db
def test_a_page_without_a_role_says_what_to_do() -> None:
    assert "You have no role yet" in next(everybodys_pages())


@pytest.mark.django_db
def test_a_page_has_one_heading_one_main_and_a_way_to_it() -> None:
    for page in everybodys_pages():
        assert page.count("<h1") == 1
        assert page.count("<main") == 1
        assert 'href="#content"' in page


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_shared_template_opens_with_what_it_expects(template: Path) -> None:
    if template.parent.name == "components" or template.name in (
        "base.html",
        "plain.html",
        "document.html",
    ):
        source = re.sub(r'{% extends "[^"]*" %}\s*', "", template.read_text())
        assert source.startswith(("{#", "{% comment %}"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_icons_and_static_files_of_a_template_exist(template: Path) -> None:
    source = template.read_text()
    for icon in re.findall(r'{% icon "([\w-]+)"', source):
        assert (VENDOR / "bootstrap-icons" / f"{icon}.svg").exists(), icon
    for file in re.findall(r"{% static '([^']+)' %}", source):
        assert finders.find(file), file


def test_the_vendored_files_are_the_pinned_ones() -> None:
    pins = json.loads((ROOT / "package.json").read_text())["dependencies"]
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (\S+) \| (\S+)/ \|$", VENDORED, re.MULTILINE)
    assert {name: version for name, version, _, _ in rows} == pins
    assert {folder for _, _, _, folder in rows} == {file.name for file in VENDOR.glob("*/")}
    for _, _, licence, folder in rows:
        named = {"OFL-1.1": "SIL Open Font License, Version 1.1"}.get(licence, licence)
        assert named in (VENDOR / folder / "LICENSE").read_text()
    for file, name in (
        ("bootstrap/bootstrap.min.css", "bootstrap"),
        ("plotly/plotly-cartesian.min.js", "plotly.js-cartesian-dist-min"),
    ):
        assert f"v{pins[name]}" in (VENDOR / file).read_text()[:200]


def test_our_own_static_files_point_to_nobody_elses_server() -> None:
    own = [*ROOT.glob("static/css/*.css"), *ROOT.glob("static/js/*.js")]
    assert own
    for file in own:
        assert re.findall(r"https?://|sourceMappingURL|@import", file.read_text()) == []


def test_the_first_load_stays_under_its_budget() -> None:
    """600 kB for a page with charts, by Brotli as over HTTPS; 60 kB are the page itself."""
    document = (ROOT / "templates" / "document.html").read_text()
    names = [*re.findall(r"{% static '([^']+)' %}", document), "django_htmx/htmx-2.min.js"]
    files = [finders.find(name) for name in names]
    weight = sum(len(brotli.compress(Path(str(file)).read_bytes())) for file in files)
    assert any("plotly" in name for name in names)
    assert weight < 540_000
