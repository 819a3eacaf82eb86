"""The tables and charts of a page as files: at the page's own address, with `export=name.csv`.

So rights, month, filters and order are those of the page; only a list's paging does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django import forms
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from dashboards.exports import csv_file, workbook
from dashboards.exports.charts import chart_table
from dashboards.exports.events import marked_events_table
from dashboards.exports.histories import changes_table
from dashboards.exports.table import MOST_ROWS, About, ExportTable
from dashboards.figures import Chart
from dashboards.list_filters import filters_in_words, order_in_words
from dashboards.presentation.months import month_name
from dashboards.presentation.numbers import grouped
from dashboards.reader_clock import on_the_readers_clock
from dashboards.selectors.definition_history import History
from dashboards.selectors.events import SubjectEvents
from dashboards.selectors.months import ViewMonth
from projects.months import Month

PARAMETER = "export"
LEAST_TOO_MANY = MOST_ROWS + 1
"""As many rows as a selector has to give for a table to be known as too long."""

Tables = Mapping[str, Callable[[], ExportTable]]


@dataclass(frozen=True)
class Exports:
    """What a page offers to take away.

    Charts, events and the history of a definition are offered by themselves where they stand at
    the top of the context.
    """

    title: str
    tables: Tables = field(default_factory=dict)
    month: ViewMonth | Month | None = None
    state: str = ""
    """Of the month, where `month` does not know it."""
    charts: Iterable[Chart | None] = ()
    """Charts that lie deeper in the context than at its top."""


def page_or_export(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    exports: Exports,
    *,
    status: int = 200,
) -> HttpResponse:
    """A table of the page as a file, where the address asks for one; else the page."""
    offered = _offered(context, exports)
    wanted = request.GET.get(PARAMETER, "")
    if not wanted:
        return render(request, template, {**context, "exports": frozenset(offered)}, status=status)
    name, _dot, ending = wanted.rpartition(".")
    if name not in offered or ending not in ("csv", "xlsx"):
        raise Http404
    table = offered[name]()
    if len(table.rows) > MOST_ROWS:
        told = {"title": exports.title, "most": MOST_ROWS, "url": _address(request)}
        return render(request, "dashboards/export_refused.html", told, status=422)
    with on_the_readers_clock(request):
        return _file(table, exports, ending, _about(request, context, exports, table))


def offers(*charts: Chart | None, tables: Iterable[str] = ()) -> dict[str, Any]:
    """What the context of a part of a page needs, for its charts and tables to offer their data."""
    return {"exports": frozenset([*(chart.slug for chart in charts if chart is not None), *tables])}


def _offered(context: Mapping[str, Any], exports: Exports) -> Tables:
    found: dict[str, Callable[[], ExportTable]] = {}
    for value in [*context.values(), *exports.charts]:
        match value:
            case Chart():
                found[value.slug] = partial(chart_table, value)
            case SubjectEvents():
                found["events"] = partial(marked_events_table, value.every)
            case Page(paginator=paginator) if isinstance(paginator.object_list, History):
                found["changes"] = partial(_changes, paginator.object_list)
    return {**found, **exports.tables}


def _changes(history: History) -> ExportTable:
    """All pages of it."""
    return changes_table(history[:LEAST_TOO_MANY])


def _file(table: ExportTable, exports: Exports, ending: str, about: About) -> HttpResponse:
    if ending == "csv":
        content, content_type = csv_file.as_csv(table), csv_file.CONTENT_TYPE
    else:
        content, content_type = workbook.as_workbook(table, about), workbook.CONTENT_TYPE
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=f"{_file_name(table, exports)}.{ending}"
            )
        },
    )


def _file_name(table: ExportTable, exports: Exports) -> str:
    """`digital-services-projects-2026-10`; with `-since-2025-10` where that was chosen."""
    found = exports.month
    month = found.month if isinstance(found, ViewMonth) else found
    title, name = slugify(exports.title), slugify(table.name)
    parts = [title if title != name else "", name, "" if month is None else str(month)]
    if isinstance(found, ViewMonth) and found.against and table.tells_changes:
        parts.append(f"since-{found.before}")
    return "-".join(part for part in parts if part)


def _about(
    request: HttpRequest, context: Mapping[str, Any], exports: Exports, table: ExportTable
) -> About:
    lines = [(_("Table"), table.name), *_month_lines(exports)]
    if (before := _counted_from(exports, table)) is not None:
        lines.append((_("Changes since"), month_name(before)))
    lines += _choices(request, context)
    lines += [
        (_("Rows"), grouped(len(table.rows))),
        (_("Address"), request.build_absolute_uri(_address(request))),
        (_("Taken at"), f"{timezone.localtime():%Y-%m-%d %H:%M %Z}"),
        (_("Blank cells"), _("A blank cell is unknown or does not apply. It is never 0.")),
        (
            _("Coverage"),
            _("How much of what is expected is known, 0 to 1; a score without it says little."),
        ),
    ]
    return About(exports.title, lines)


def _counted_from(exports: Exports, table: ExportTable) -> Month | None:
    """The month that the table's changes are counted from; None of one without any."""
    if not isinstance(exports.month, ViewMonth) or not table.tells_changes:
        return None
    return exports.month.before


def _month_lines(exports: Exports) -> Iterator[tuple[str, str]]:
    if exports.month is None:
        return
    found, state = exports.month, exports.state
    if isinstance(found, ViewMonth):
        state = _("open")
        if found.is_closed:
            state = _("closed: what was reported stays reported")
        elif found.is_unfinished:
            state = _("unfinished: values are still coming in")
        found = found.month
    yield _("Month"), month_name(found)
    if state:
        yield _("State"), state


def _choices(request: HttpRequest, context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The filters and the order in force, in the words of the page."""
    form = context.get("form")
    if isinstance(form, forms.Form) and form.is_bound and form.is_valid():
        yield _("Filters"), filters_in_words(form) or _("none")
    if sort := context.get("sort"):
        yield _("Order"), order_in_words(sort)


def _address(request: HttpRequest) -> str:
    """The page's own, without the export."""
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
