"""Pieces of a page with geometry or rules of their own: `{% load components %}`.

Each computes with dashboards.presentation and shows templates/components/<name>.html;
docs/design.md tells what to give them. Plain pieces are included as templates without a tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.core.paginator import Page as ListPage
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.figures.chart import Chart
from dashboards.presentation import bands, meters, numbers
from dashboards.presentation.curve import curve_plot as drawn_curve
from dashboards.presentation.freshness import freshness_of
from dashboards.presentation.money import money_short, money_text, variance
from dashboards.presentation.months import ComparisonPicker, MonthPicker, month_name
from dashboards.presentation.navigation import GROUPS, Page
from dashboards.presentation.sparkline import sparkline as drawn_line
from dashboards.presentation.tiles import ScoreTile
from dashboards.selectors.months import ViewMonth
from dashboards.templatetags.presentation import icon, unknown
from metrics.choices import Band, Category
from projects.months import Month
from projects.visibility import current_sight

register = template.Library()


def band_shape(style: bands.BandStyle) -> SafeString:
    return format_html(
        '<svg class="band-shape" viewBox="0 0 10 10" fill="currentColor" aria-hidden="true">'
        "{}</svg>",
        mark_safe(style.shape),  # nosec B308 B703 - a constant of presentation.bands
    )


@register.simple_tag
def band_chip(band: Band | int | None, *, plain: bool = False) -> SafeString:
    """Shape and word; `plain` without the ground, for running text and legends."""
    style = bands.style_of(band)
    return format_html(
        '<span class="band is-{}{}">{}{}</span>',
        style.code,
        " band--plain" if plain else "",
        band_shape(style),
        style.word,
    )


@register.simple_tag
def band_legend() -> SafeString:
    items = [
        format_html("<li>{}</li>", band_chip(band, plain=True))
        for band in bands.FROM_GOOD_TO_UNKNOWN
    ]
    return format_html(
        '<ul class="band-legend" aria-label="{}">{}</ul>',
        _("Bands"),
        mark_safe("".join(items)),  # nosec B308 B703 - joined from escaped parts
    )


@register.simple_tag
def score_badge(score: float | None, band: Band | int | None) -> SafeString:
    """Shape and number, for a table cell or a line of text; the word is read out."""
    style = bands.style_of(band)
    return format_html(
        '<span class="score-badge is-{}">{}<span>{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        style.code,
        band_shape(style),
        unknown(_("no score,")) if score is None else numbers.score_text(score),
        style.word,
    )


@register.simple_tag
def change_mark(change: float | None, since: str = "") -> SafeString:
    """An arrow, the signed change and, read out, its direction."""
    if change is None:
        return unknown(_("change unknown"))
    text = numbers.change_text(change)
    state, name, word = _DIRECTIONS.get(text[0], _LEVEL)
    return format_html(
        '<span class="change change--{}">{}<span class="visually-hidden">{} </span>{}{}</span>',
        state,
        icon(name),
        word,
        text,
        " " + _("since %(month)s") % {"month": since} if since else "",
    )


_LEVEL = ("level", "arrow-right", gettext_lazy("unchanged"))
_DIRECTIONS = {
    "+": ("rise", "arrow-up-right", gettext_lazy("up")),
    numbers.MINUS: ("fall", "arrow-down-right", gettext_lazy("down")),
}


@register.simple_tag
def heat_cell(
    score: float | None,
    band: Band | int | None,
    coverage: float | None = None,
    url: str = "",
    label: str = "",
) -> SafeString:
    """A whole `<td>`: ground and shape by band, the number, and a line as long as the coverage.

    `label` says in words what the cell links to.
    """
    style = bands.style_of(band)
    step = bands.heat_step(score, band)
    is_covered = coverage and band is not None
    body = format_html(
        '{}<span class="heat__score">{}</span><span class="visually-hidden">{}{}</span>',
        band_shape(style),
        numbers.score_text(score) if score is not None else numbers.NO_BREAK_SPACE,
        style.word,
        _(", %(share)s known") % {"share": numbers.percent_text(coverage)} if is_covered else "",
    )
    covered = f" covered-{max(round((coverage or 0) * 10), 1)}" if is_covered else ""
    if url:
        body = format_html(
            '<a class="heat__body{}" href="{}">{}<span class="visually-hidden">{}</span></a>',
            covered,
            url,
            body,
            f". {label}" if label else "",
        )
    else:
        body = format_html('<span class="heat__body{}">{}</span>', covered, body)
    return format_html('<td class="heat heat--{}">{}</td>', step or "none", body)


@register.inclusion_tag("components/coverage_meter.html")
def coverage_meter(
    score: float | None,
    low: float | None,
    high: float | None,
    coverage: float | None,
    limits: bands.BandLimits | None = None,
    *,
    words: bool = True,
) -> dict[str, Any]:
    """Where the score lies in its possible range, and how much evidence is in."""
    meter = meters.range_meter(score=score, low=low, high=high, coverage=coverage, limits=limits)
    return {"meter": meter, "low": low, "high": high, "coverage": coverage, "words": words}


@register.inclusion_tag("components/freshness.html")
def freshness_mark(age: int | None, freshness: float | None) -> dict[str, Any]:
    return {"mark": freshness_of(age=age, freshness=freshness)}


@register.inclusion_tag("components/sparkline.html")
def sparkline(
    scores: Sequence[float | None], *, unfinished: bool = False, cell: bool = False
) -> dict[str, Any]:
    """Scores, oldest first, one per month; `cell` for the size of a table cell."""
    return {"line": drawn_line(scores, ends_unfinished=unfinished), "cell": cell}


@register.inclusion_tag("components/curve_plot.html")
def curve_plot(
    curve: Sequence[Sequence[float]],
    value: float | None = None,
    score: float | None = None,
    band: Band | int | None = None,
    unit: str = "",
    decimals: int = 0,
) -> dict[str, Any]:
    plot = drawn_curve(curve, value=value, score=score, unit=unit, decimals=decimals)
    return {"plot": plot, "style": bands.style_of(band)}


@register.inclusion_tag("components/contribution.html")
def contribution(points: float | None, largest: float, smallest: float = 0) -> dict[str, Any]:
    """`largest` and `smallest`: of all the bars in the same column."""
    if points is None:
        return {"bar": None}
    return {"bar": meters.contribution_bar(points, largest=largest, smallest=smallest)}


@register.inclusion_tag("components/share_bar.html")
def share_bar(label: str, parts: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Up to four (name, size) as parts of one bar, with a list of names and percents."""
    return {"label": label, "shares": meters.shares(parts)}


@register.inclusion_tag("components/score_tile.html")
def score_tile(tile: ScoreTile) -> dict[str, Any]:
    return {"tile": tile}


@register.inclusion_tag("components/score_hero.html")
def score_hero(tile: ScoreTile, heading: str = "h2") -> dict[str, Any]:
    return {"tile": tile, "heading": heading}


@register.inclusion_tag("components/scoreboard.html")
def scoreboard(overall: ScoreTile, categories: Sequence[ScoreTile]) -> dict[str, Any]:
    """The overall score beside all four categories: none of them is ever shown alone."""
    if len(categories) != len(Category):
        raise ValueError("A scoreboard shows all four categories; give an unknown one, not none.")
    return {"overall": overall, "categories": categories}


@register.simple_tag
def money_variance(
    amount: Decimal | int | None, planned: Decimal | int | None, currency: str = ""
) -> SafeString:
    """An amount, and how far it is over or under what was planned."""
    if amount is None:
        return unknown()
    told = format_html(
        '<span title="{}">{}</span>', money_text(amount, currency), money_short(amount, currency)
    )
    found = variance(amount, planned)
    if found is None:
        return told
    return format_html(
        '{} <span class="money__variance{}">{}</span>',
        told,
        " money__variance--over" if found.is_over else "",
        found.text(currency),
    )


@register.inclusion_tag("components/chart.html", takes_context=True)
def chart(context: Context, chart: Chart, size: str = "", heading: str = "h2") -> dict[str, Any]:
    """A figure with its message, its text alternative and its data; size `short` or `tall`.

    The data can be taken away as files on pages that offer them: views.exports.page_or_export.
    """
    links = (
        export_files(context, chart.slug) if chart.slug in (context.get("exports") or ()) else []
    )
    return {
        "chart": chart,
        "size": size or chart.size,
        "heading": heading,
        "files": links,
        "month": month_name(_month_of(context)),
    }


def _month_of(context: Context) -> Month | None:
    """The month that the page is about, whichever way its view tells it."""
    told = context.get("month")
    if isinstance(told, ViewMonth):
        return told.month
    return told if isinstance(told, Month) else None


@register.inclusion_tag("components/export_links.html", takes_context=True)
def export_links(context: Context, name: str, label: str) -> dict[str, Any]:
    """The table of this name in the view's exports as CSV and Excel; `label` is for the ear."""
    return {"label": label, "files": export_files(context, name)}


def export_files(context: Context, name: str) -> list[tuple[str, str]]:
    """What a link says and where it leads: this page's address, with all rows of the table.

    In full, as a part of a page may come from another address than the page.
    """
    request = context.get("request")
    path = request.path if request else ""
    return [
        ("CSV", path + _address(context, "export", f"{name}.csv")),
        ("Excel", path + _address(context, "export", f"{name}.xlsx")),
    ]


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation(context: Context) -> dict[str, Any]:
    """The pages this person may see; nothing without a request or a role."""
    request = context.get("request")
    groups = []
    everything: list[dict[str, Any]] = []
    for group in GROUPS:
        pages = [page for page in group.pages if _may_see(request, page)]
        if pages:
            links = [_nav_link(request, page) for page in pages]
            groups.append({"title": group.title, "links": links})
            everything += links
    _mark_the_nearest(everything)
    return {"groups": groups}


def _mark_the_nearest(links: list[dict[str, Any]]) -> None:
    """Where one page lies below another one, only it is the current one."""
    current = [link for link in links if link["current"]]
    nearest = max((len(link["url"]) for link in current), default=0)
    for link in current:
        if len(link["url"]) < nearest:
            link["current"] = ""


def _may_see(request: HttpRequest | None, page: Page) -> bool:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    if not page.permission:
        return bool(user.is_staff) and not current_sight().is_limited
    allowed = filter(None, (page.permission, page.or_permission))
    return any(user.has_perm(permission) for permission in allowed)


def _nav_link(request: HttpRequest | None, page: Page) -> dict[str, Any]:
    url = reverse(page.url_name)
    path = request.path if request else ""
    current = "page" if path == url else "true" if path.startswith(url) else ""
    return {"label": page.label, "icon": page.icon, "url": url, "current": current}


@register.inclusion_tag("components/month_picker.html", takes_context=True)
def month_picker(context: Context, picker: MonthPicker, label: str = "") -> dict[str, Any]:
    """Changes only the month of the address; the page of a list starts anew."""
    return {
        "picker": picker,
        "label": label or _("Month"),
        "previous_url": _address(context, picker.parameter, picker.previous),
        "next_url": _address(context, picker.parameter, picker.next),
        "kept": _kept(context, {picker.parameter, "page"}),
    }


@register.inclusion_tag("components/comparison_picker.html", takes_context=True)
def comparison_picker(context: Context, comparison: ComparisonPicker) -> dict[str, Any]:
    """Changes only what the page's changes are counted from."""
    return {"comparison": comparison, "kept": _kept(context, {comparison.parameter, "page"})}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: ListPage[Any], noun: str = "rows") -> dict[str, Any]:
    """Django's Page of a list; keeps the rest of the address."""
    return {
        "page": page,
        "noun": noun,
        "previous_url": _address(
            context, "page", page.previous_page_number() if page.has_previous() else None
        ),
        "next_url": _address(context, "page", page.next_page_number() if page.has_next() else None),
    }


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: Context,
    label: str,
    key: str,
    sort: str,
    *,
    number: bool = False,
    first: str = "",
) -> dict[str, Any]:
    """A `<th>` that sorts: `sort` is the order in force, `-score` for falling scores.

    A first click sorts rising, or falling with `first="-"`; the next one turns it round.
    """
    falling, chosen = sort.startswith("-"), sort.removeprefix("-") == key
    turned = "" if falling else "-"
    return {
        "label": label,
        "number": number,
        "state": ("descending" if falling else "ascending") if chosen else "",
        "falls_next": (turned if chosen else first) == "-",
        "url": _address(context, "sort", f"{turned if chosen else first}{key}"),
    }


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters(context: Context, form: BaseForm, count: str = "", target: str = "") -> dict[str, Any]:
    """A form bound to `request.GET`: its own fields are replaced, the rest of the address stays."""
    kept = _kept(context, {*form.fields, "page"})
    request = context.get("request")
    return {
        "form": form,
        "count": count,
        "target": target,
        "action": request.path if request else "",
        "kept": kept,
        "clear_url": f"?{urlencode(kept)}" if form.has_changed() else "",
    }


@register.inclusion_tag("components/kept_fields.html", takes_context=True)
def kept_fields(context: Context, *replaced: str) -> dict[str, Any]:
    """What a GET form must hand on: the address without the form's own fields and the page."""
    return {"kept": _kept(context, {*replaced, "page"})}


def _parameters(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if request else QueryDict(mutable=True)


def _kept(context: Context, without: set[str]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in _parameters(context).lists()
        if name not in without
        for value in values
    ]


def _address(context: Context, name: str, value: object | None) -> str:
    """This page's address with one parameter changed and the list at its first page."""
    if value is None:
        return ""
    parameters = _parameters(context)
    parameters.pop("page", None)
    parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
