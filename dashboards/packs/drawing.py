"""A pack's charts as SVG: pure functions from a block to a picture that needs no browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboards.packs.blocks import BridgeChart, CountsChart, KnownChart, MovesChart, TrendChart
from dashboards.packs.content import Mark
from dashboards.presentation.bands import style_of
from dashboards.presentation.drawing import Point, Scale, path
from dashboards.presentation.numbers import (
    UNKNOWN,
    change_text,
    grouped,
    percent_text,
    score_text,
)
from dashboards.presentation.palette import LIGHT

WIDTH = 680.0
FONT = "Inter, 'Liberation Sans', Arial, 'DejaVu Sans', sans-serif"
LEAST_SPAN = 6.0
"""So many points of score at least from the bottom to the top of a bridge."""

MARKS_HEIGHT = 20.0
"""Of the row of events above a trend."""

DASHES = {"tactical": "", "value_creation": "7 3", "longevity": "2 3", "financial": "9 3 2 3"}
"""Lines differ by more than colour."""


def _svg(height: float, label: str, parts: SafeString | str, width: float = WIDTH) -> SafeString:
    return format_html(
        '<svg class="drawing" viewBox="0 0 {} {}" width="{}" height="{}" role="img"'
        ' xmlns="http://www.w3.org/2000/svg"><title>{}</title>{}</svg>',
        f"{width:g}",
        f"{height:g}",
        f"{width:g}",
        f"{height:g}",
        label,
        parts,
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "middle", size: float = 11, **more: str
) -> SafeString:
    ink, weight = more.get("ink", "ink"), more.get("weight", "400")
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}" font-size="{}" font-weight="{}" fill="{}"'
        ' font-family="{}">{}</text>',
        f"{x:g}",
        f"{y:g}",
        anchor,
        f"{size:g}",
        weight,
        LIGHT[ink],
        FONT,
        words,
    )


def _bar(x: float, y: float, width: float, height: float, colour: str) -> SafeString:
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="1.5" fill="{}"/>',
        f"{x:g}",
        f"{y:g}",
        f"{max(width, 0.8):g}",
        f"{max(height, 0.8):g}",
        LIGHT[colour],
    )


def _line(points: Sequence[Point], colour: str, width: float = 1, dash: str = "") -> SafeString:
    return format_html(
        '<path d="{}" fill="none" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>',
        path(points),
        LIGHT[colour],
        f"{width:g}",
        dash or "none",
    )


def _joined(parts: Iterator[SafeString] | Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def band_mark(band: int | None, size: float = 10) -> SafeString:
    """The band's shape in its colour; the word stands beside it."""
    style = style_of(band)
    shape = style.shape.replace("currentColor", LIGHT[style.colour])
    return format_html(
        '<svg class="band" viewBox="0 0 10 10" width="{}" height="{}" fill="{}" color="{}"'
        ' xmlns="http://www.w3.org/2000/svg" role="img"><title>{}</title>{}</svg>',
        f"{size:g}",
        f"{size:g}",
        LIGHT[style.colour],
        LIGHT[style.colour],
        style.word,
        mark_safe(shape),  # nosec B308 B703 - a constant of presentation.bands
    )


def bridge_svg(chart: BridgeChart) -> SafeString:
    """Bars from level to level; the first and the last are the scores themselves."""
    height, top, bottom = 205.0, 24.0, 46.0
    levels = list(accumulate((step.points for step in chart.steps), initial=chart.start))
    low, high = min(*levels, chart.end), max(*levels, chart.end)
    room = max(high - low, LEAST_SPAN) * 0.25
    up = Scale(max(low - room * 2, 0), min(high + room, 100) or 1, height - bottom, top)
    slots = len(chart.steps) + 2
    slot = WIDTH / slots
    bar = slot * 0.56

    def parts() -> Iterator[SafeString]:
        names = [chart.before, *(step.name for step in chart.steps), chart.after]
        for place, name in enumerate(names):
            middle = slot * (place + 0.5)
            for row, word in enumerate(_two_lines(name)):
                yield _text(middle, height - bottom + 17 + 13 * row, word, ink="muted")
        floor = height - bottom
        for place, score in ((0, chart.start), (slots - 1, chart.end)):
            x = slot * (place + 0.5) - bar / 2
            yield _bar(x, up(score), bar, floor - up(score), "muted")
            yield _text(x + bar / 2, up(score) - 6, score_text(score), weight="700", size=13)
        for place, step in enumerate(chart.steps):
            before, after = up(levels[place]), up(levels[place + 1])
            x = slot * (place + 1.5) - bar / 2
            colour = "rise" if step.points >= 0 else "fall"
            yield _bar(x, min(before, after), bar, abs(before - after), colour)
            yield _text(x + bar / 2, min(before, after) - 6, change_text(step.points), weight="700")
            yield _line([(x - (slot - bar), before), (x, before)], "line-strong", 0.8, "2 2")
        last = up(levels[-1])
        x = slot * (slots - 0.5) - bar / 2
        yield _line([(x - (slot - bar), last), (x, last)], "line-strong", 0.8, "2 2")
        yield _line([(0, floor), (WIDTH, floor)], "line-strong", 0.8)

    label = ", ".join(f"{step.name} {change_text(step.points)}" for step in chart.steps)
    ends = f"{chart.before} {score_text(chart.start)}; {label}; "
    return _svg(height, f"{ends}{chart.after} {score_text(chart.end)}", _joined(parts()))


def _two_lines(name: str) -> list[str]:
    """At the blank nearest to the middle, if it is long."""
    if len(name) < 10 or " " not in name:
        return [name]
    places = [place for place, sign in enumerate(name) if sign == " "]
    cut = min(places, key=lambda place: abs(place - len(name) / 2))
    return [name[:cut], name[cut + 1 :]]


def trend_svg(chart: TrendChart) -> SafeString:
    """Four lines over the months, named at their ends."""
    height, top, bottom, left, right = 270.0, 12.0, 30.0, 30.0, 146.0
    if chart.marks:
        height, top = height + MARKS_HEIGHT, top + MARKS_HEIGHT
    known = [score for one in chart.series for score in one.scores if score is not None]
    low = max(min(known, default=0) - 5, 0)
    high = min(max(known, default=100) + 5, 100)
    if high - low < 20:
        low, high = max(min(low, 80), 0), min(max(high, low + 20), 100)
    across = Scale(0, max(len(chart.months) - 1, 1), left, WIDTH - right)
    up = Scale(low, high, height - bottom, top)

    def parts() -> Iterator[SafeString]:
        for tick in _ticks(low, high):
            yield _line([(left, up(tick)), (WIDTH - right, up(tick))], "grid", 1)
            yield _text(left - 6, up(tick) + 4, f"{tick:g}", anchor="end", size=10, ink="faint")
        every = 1 if len(chart.months) <= 6 else 2
        for place, month in enumerate(chart.months):
            if (len(chart.months) - 1 - place) % every == 0:
                yield _text(across(place), height - 10, month, size=10, ink="muted")
        for mark in chart.marks:
            yield from _event_mark(mark.label, across(mark.place), height - bottom)
        ends: list[tuple[float, str, str]] = []
        for one in chart.series:
            colour = f"category-{one.category.replace('_', '-')}"
            points = [
                None if score is None else (across(place), up(score))
                for place, score in enumerate(one.scores)
            ]
            for stretch in _stretches(points):
                if len(stretch) > 1:
                    yield _line(stretch, colour, 2, DASHES[one.category])
                yield from (_dot(point, colour) for point in stretch)
            last = [point for point in points if point is not None]
            if last:
                score = next(score for score in reversed(one.scores) if score is not None)
                ends.append((last[-1][1], f"{one.name} {score_text(score)}", colour))
            else:
                ends.append((up(low), f"{one.name} {UNKNOWN}", colour))
        for y, words, colour in _apart(ends, height - bottom):
            yield _text(WIDTH - right + 10, y + 4, words, anchor="start", ink=colour, weight="600")

    label = "; ".join(
        f"{one.name}: {', '.join(score_text(score) for score in one.scores)}"
        for one in chart.series
    )
    return _svg(height, label, _joined(parts()))


def _event_mark(label: str, x: float, floor: float) -> Iterator[SafeString]:
    """A number in a row above the lines, and a dotted line down from it."""
    width = 8 + 6 * len(label)
    yield _line([(x, MARKS_HEIGHT - 2), (x, floor)], "line-strong", 0.9, "1.5 2.5")
    yield format_html(
        '<rect x="{}" y="2" width="{}" height="16" rx="8" fill="{}" stroke="{}"/>',
        f"{x - width / 2:g}",
        f"{width:g}",
        LIGHT["surface"],
        LIGHT["line-strong"],
    )
    yield _text(x, 14, label, size=10, weight="700")


def _dot(point: Point, colour: str) -> SafeString:
    return format_html(
        '<circle cx="{}" cy="{}" r="2.4" fill="{}"/>', point[0], point[1], LIGHT[colour]
    )


def _ticks(low: float, high: float) -> list[float]:
    step = 20 if high - low > 50 else 10 if high - low > 25 else 5
    first = int(low // step + (low % step > 0)) * step
    return [float(tick) for tick in range(first, int(high) + 1, step)]


def _stretches(points: Sequence[Point | None]) -> list[list[Point]]:
    found: list[list[Point]] = [[]]
    for point in points:
        if point is not None:
            found[-1].append(point)
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _apart(
    ends: Sequence[tuple[float, str, str]], floor: float, least: float = 15.0
) -> list[tuple[float, str, str]]:
    """Labels at their lines' ends, pushed apart so that none covers another."""
    placed: list[tuple[float, str, str]] = []
    for y, words, colour in sorted(ends):
        lowest = placed[-1][0] + least if placed else y
        placed.append((max(y, lowest), words, colour))
    # From below again, where they were pushed past the end.
    highest = floor
    for place, (y, words, colour) in reversed(list(enumerate(placed))):
        placed[place] = (min(y, highest), words, colour)
        highest = placed[place][0] - least
    return placed


def moves_svg(chart: MovesChart) -> SafeString:
    """Bars to the right for rises, to the left for falls, from one zero."""
    row, names = 22.0, 250.0
    height = row * len(chart.rows) + 8
    largest = max((abs(line.change or 0) for line in chart.rows), default=1) or 1
    across = Scale(-largest, largest, names + 50, WIDTH - 50)

    def parts() -> Iterator[SafeString]:
        zero = across(0)
        for place, line in enumerate(chart.rows):
            change, y = line.change or 0.0, 4 + row * place
            end = across(change)
            colour = "faint" if not chart.is_by_values else "rise" if change >= 0 else "fall"
            yield _bar(min(zero, end), y + 4, abs(end - zero), row - 8, colour)
            anchor, beside = ("start", end + 6) if change >= 0 else ("end", end - 6)
            yield _text(beside, y + 15, change_text(change), anchor=anchor, weight="700")
            yield _text(names - 8, y + 15, _cut(line.name, 32), anchor="end")
        yield _line([(zero, 2), (zero, height - 2)], "line-strong", 0.8)

    label = ", ".join(f"{line.name} {change_text(line.change)}" for line in chart.rows)
    return _svg(height, label, _joined(parts()))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def known_svg(chart: KnownChart) -> SafeString:
    """What is known of each category, as part of a whole bar."""
    row, names = 24.0, 150.0
    height = row * len(chart.names) + 4
    across = Scale(0, 1, names, WIDTH - 60)

    def parts() -> Iterator[SafeString]:
        for place, (name, known) in enumerate(zip(chart.names, chart.known, strict=True)):
            y = 2 + row * place
            yield _text(names - 10, y + 16, name, anchor="end")
            yield _bar(names, y + 5, across(1) - names, row - 10, "insufficient-soft")
            if known:
                yield _bar(names, y + 5, across(known) - names, row - 10, "accent")
            yield _text(across(1) + 8, y + 16, percent_text(known), anchor="start", weight="700")

    label = ", ".join(
        f"{name} {percent_text(known)}"
        for name, known in zip(chart.names, chart.known, strict=True)
    )
    return _svg(height, label, _joined(parts()))


def counts_svg(chart: CountsChart) -> SafeString:
    """Of each kind a whole bar: with a score, insufficient, not measured."""
    row, names, head = 24.0, 150.0, 24.0
    height = head + row * len(chart.names) + 4
    parts_of = list(zip(chart.scored, chart.insufficient, chart.without, strict=True))
    across = Scale(0, 1, names, WIDTH - 90)
    legend = (
        (_("With an overall score"), "accent"),
        (_("Insufficient"), "insufficient"),
        (_("Not measured"), "line"),
    )

    def parts() -> Iterator[SafeString]:
        for place, (word, colour) in enumerate(legend):
            x = names + 165 * place
            yield _bar(x, 5, 11, 11, colour)
            yield _text(x + 17, 15, word, anchor="start", ink="muted")
        for place, (name, numbers) in enumerate(zip(chart.names, parts_of, strict=True)):
            y, whole, level = head + 2 + row * place, sum(numbers) or 1, 0.0
            yield _text(names - 10, y + 16, name, anchor="end")
            for number, (_word, colour) in zip(numbers, legend, strict=True):
                start, end = across(level), across(level + number / whole)
                if number:
                    yield _bar(start, y + 5, end - start, row - 10, colour)
                level += number / whole
            told = _("%(scored)s of %(whole)s") % {
                "scored": grouped(numbers[0]),
                "whole": grouped(sum(numbers)),
            }
            yield _text(across(1) + 8, y + 16, told, anchor="start", weight="700")

    label = "; ".join(
        f"{name}: "
        + ", ".join(f"{word} {n}" for (word, _c), n in zip(legend, numbers, strict=True))
        for name, numbers in zip(chart.names, parts_of, strict=True)
    )
    return _svg(height, label, _joined(parts()))


def range_svg(mark: Mark, limits: tuple[float, float] | None, width: float = 300) -> SafeString:
    """A score on 0 to 100, in the range that is possible."""
    across = Scale(0, 100, 6, width - 6)

    def parts() -> Iterator[SafeString]:
        yield _bar(across(0), 10, across(100) - across(0), 6, "sunken")
        if mark.is_measured:
            yield _bar(across(mark.low), 9, across(mark.high) - across(mark.low), 8, "range-line")
        for limit in limits or ():
            yield _line([(across(limit), 6), (across(limit), 20)], "line-strong", 0.8, "2 1")
        if mark.score is not None:
            yield _bar(across(mark.score) - 1.6, 4, 3.2, 18, "ink")
        for place in (0, 50, 100):
            anchor = "start" if place == 0 else "end" if place == 100 else "middle"
            yield _text(across(place), 33, f"{place}", anchor=anchor, size=9, ink="faint")

    label = f"{score_text(mark.score)}, {score_text(mark.low)} to {score_text(mark.high)}"
    return _svg(36, label, _joined(parts()), width)
