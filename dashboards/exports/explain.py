"""Why a score is what it is, and what changed: the tree and the bridge as flat tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.exports.scores import band_word
from dashboards.exports.table import (
    ExportTable,
    category_name,
    number,
    points,
    rate,
    score,
    text,
)
from dashboards.selectors.explain import (
    CategoryPart,
    ChangeStory,
    ExplainPage,
    GroupPart,
    MetricPart,
    SubjectPart,
)
from dashboards.selectors.explain.moves import CategoryMoves, GroupMoves, Move, OtherMoves
from dashboards.selectors.scores import marks_of
from metrics.choices import Category
from metrics.models import GROUPS

EVERY_GROUP = tuple(f"{category}-{group}" for category in Category.values for group in GROUPS)
"""To ask for an explanation with all children of all groups."""

Row = tuple[Any, ...]

LEVELS = {
    "category": gettext_lazy("category"),
    "balance": gettext_lazy("balance"),
    "metric": gettext_lazy("metric"),
    "subject": gettext_lazy("subject"),
}


def contributions_table(page: ExplainPage) -> ExportTable:
    """The contribution tree: each row's points are those of its own level."""
    overall = marks_of(page.stored)[0]
    rows: list[Row] = [
        _row("", "", _("overall"), page.subject.code, page.subject.name, mark=overall),
    ]
    for part in page.categories:
        rows += _category(part)
    return ExportTable(
        "contributions",
        (
            category_name(_("Category")),
            text(_("Group")),
            text(_("Level")),
            text(_("Code")),
            text(_("Name")),
            number(_("Value"), None),
            text(_("Unit")),
            text(_("Period")),
            number(_("Months past its span")),
            rate(_("Freshness")),
            score(_("Score")),
            text(_("Band")),
            rate(_("Coverage")),
            number(_("Weight"), None),
            points(_("Points on the level above")),
        ),
        rows,
    )


def _row(
    category: str,
    group: str,
    level: str,
    code: str,
    name: str,
    *,
    value: Row = (None,) * 5,
    mark: Any = None,
    weight: float | None = None,
    counts: float | None = None,
) -> Row:
    """`mark` is whatever has a score and a band, and perhaps a coverage."""
    return (
        category,
        group,
        level,
        code,
        name,
        *value,
        mark.score,
        band_word(mark.band),
        getattr(mark, "coverage", None),
        weight,
        counts,
    )


def _category(part: CategoryPart) -> Iterator[Row]:
    label = str(part.category.label)
    yield _row(
        label,
        "",
        _("category"),
        part.category.value,
        label,
        mark=part,
        weight=part.weight,
        counts=part.points,
    )
    for group in part.groups:
        yield _row(
            label,
            group.title,
            _("group"),
            group.key,
            group.title,
            mark=group,
            weight=group.share,
            counts=group.points,
        )
        yield from _members(label, group)


def _members(label: str, group: GroupPart) -> Iterator[Row]:
    for metric in group.metrics:
        yield _metric(label, group, metric)
    for child in group.subjects:
        yield _subject(label, group, child)


def _metric(label: str, group: GroupPart, part: MetricPart) -> Row:
    reading = part.reading
    value: Row = (None, part.metric.unit, None, None, None)
    if reading is not None:
        value = (
            reading.value,
            part.metric.unit,
            reading.period,
            reading.age,
            reading.freshness,
        )
    return _row(
        label,
        group.title,
        _("metric"),
        part.metric.code,
        part.metric.name,
        value=value,
        mark=part,
        weight=part.weight,
        counts=part.points,
    )


def _subject(label: str, group: GroupPart, part: SubjectPart) -> Row:
    return _row(
        label,
        group.title,
        _("subject"),
        part.subject.code,
        part.subject.name,
        mark=part,
        weight=part.weight,
        counts=part.points,
    )


def changes_table(story: ChangeStory | None) -> ExportTable:
    """What moved between two months, level by level; empty if either lacks an overall score."""
    return ExportTable(
        "changes",
        (
            category_name(_("Category")),
            text(_("Group")),
            text(_("Level")),
            text(_("Code")),
            text(_("Name")),
            score(_("Before")),
            score(_("Now")),
            points(_("Points of its level")),
            points(_("of which score moved")),
            points(_("weight or evidence")),
            points(_("came")),
            points(_("went")),
            text(_("Why")),
        ),
        list(_changes(story)) if story else [],
    )


def _changes(story: ChangeStory) -> Iterator[Row]:
    whole = (story.before, story.now, story.points)
    yield ("", "", _("overall"), "", story.since, *whole, *(None,) * 4, "")
    inside = {part.move.name: part for part in story.categories}
    told = set()
    for move in story.moves:
        told.add(move.name)
        category = move.name if move.kind == "category" else ""
        yield _moved(category, "", str(LEVELS.get(move.kind, move.kind)), move)
        if part := inside.get(move.name):
            yield from _inside(part)
    for label in (str(category.label) for category in Category):
        # A category without a score in both months moved nothing; it is named all the same.
        if label not in told:
            yield (label, "", _("category"), "", label, *(None,) * 7, _("unknown in both months"))


def _inside(part: CategoryMoves) -> Iterator[Row]:
    for group in part.groups:
        yield _moved(part.move.name, group.move.name, _("group"), group.move)
        yield from _moved_members(part.move.name, group)


def _moved_members(category: str, group: GroupMoves) -> Iterator[Row]:
    for move in group.members:
        yield _moved(category, group.move.name, str(LEVELS.get(move.kind, move.kind)), move)
    if group.others:
        yield _others(category, group.move.name, group.others)


def _moved(category: str, group: str, level: str, move: Move) -> Row:
    return (
        category,
        group,
        level,
        move.subject.code if move.subject else "",
        move.name,
        move.before,
        move.now,
        move.points,
        move.score_moved,
        move.weight_moved,
        move.came,
        move.went,
        move.why,
    )


def _others(category: str, group: str, others: OtherMoves) -> Row:
    return (
        category,
        group,
        _("others"),
        "",
        _("%(count)s others") % {"count": others.count},
        None,
        None,
        others.points,
        others.score_moved,
        others.weight_moved,
        others.came,
        others.went,
        "",
    )
