"""What stands on which page of a pack: one message each, the same on paper and on slides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.packs import wording
from dashboards.packs.blocks import (
    BridgeChart,
    Column,
    CountsChart,
    EventMark,
    KnownChart,
    MovesChart,
    Note,
    Overview,
    PackPage,
    ScoreTable,
    Series,
    Step,
    Table,
    Terms,
    TrendChart,
)
from dashboards.packs.content import (
    Bridge,
    Case,
    HeatMap,
    LineFacts,
    PackContent,
    RedValue,
    ScorecardFacts,
    SubjectLine,
)
from dashboards.packs.how_to_read import how_to_read
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import (
    UNKNOWN,
    change_text,
    grouped,
    listed,
    percent_text,
    score_text,
    value_text,
)
from dashboards.selectors.explain import shown_decimals
from metrics.choices import Category, OverallRule, Perspective
from projects.months import Month


def pages_of(content: PackContent) -> list[PackPage]:
    """All pages but the title page, in their order."""
    return [
        _overview(content),
        _bridge(content),
        _trend(content),
        *_events(content),
        *(_heat(heat) for heat in content.heat_maps),
        _moves(content),
        *_faded(content),
        _decisions(content),
        _red_values(content),
        *_money(content),
        _coverage(content),
        *_counts(content),
        _scorecard(content),
        *_weights(content),
        *(_definitions(card) for card in content.scorecards if card.lines),
        how_to_read(content),
    ]


def _overview(content: PackContent) -> PackPage:
    card = content.scorecard
    return PackPage(
        "overview",
        _("In one page"),
        wording.overview_title(content),
        (
            Note(wording.overview_lead(content)),
            Overview(
                content.score,
                wording.month_before(content),
                percent_text(content.balance),
                None if card is None else (card.amber_from, card.green_from),
            ),
        ),
    )


def _bridge(content: PackContent) -> PackPage:
    bridge, title = content.bridge, wording.bridge_title(content)
    topic = _("What changed since %(month)s") % {"month": wording.month_before(content)}
    if bridge is None:
        return PackPage("bridge", topic, title, ())
    steps = tuple(
        Step(wording.part_label(part.part), part.points, _moved(part.before, part.now, part.part))
        for part in bridge.parts
    )
    before = wording.month_before(content)
    after = month_label(Month.parse(content.month))
    rows = (
        (before, score_text(bridge.start), ""),
        *((step.name, change_text(step.points), step.detail) for step in steps),
        *_unknown_parts(bridge),
        (after, score_text(bridge.end), ""),
    )
    return PackPage(
        "bridge",
        topic,
        title,
        (
            *_notes(wording.events_since(content)),
            BridgeChart(before, bridge.start, steps, after, bridge.end),
            Table(
                (Column(_("Part"), 2), Column(_("Points"), 1, True), Column(_("Why"), 5)),
                rows,
            ),
        ),
    )


def _unknown_parts(bridge: Bridge) -> Iterator[tuple[str, str, str]]:
    """The categories that no month has a score of: the others do not stand without them."""
    told = {part.part for part in bridge.parts}
    for category in Category.values:
        if category not in told:
            yield wording.category_label(category), UNKNOWN, _("unknown in both months")


def _moved(before: float | None, now: float | None, part: str) -> str:
    if part == "balance":
        return _("what the rule for the overall score takes away from the mean")
    if before is None:
        return _("has a score again: %(now)s") % {"now": score_text(now)}
    if now is None:
        return _("has no score any more, it was %(before)s") % {"before": score_text(before)}
    return _("score %(before)s to %(now)s") % {"before": score_text(before), "now": score_text(now)}


def _notes(*texts: str) -> Iterator[Note]:
    """Without those that say nothing."""
    return (Note(text) for text in texts if text)


def scores_of(content: PackContent) -> ScoreTable:
    """The subject alone in a table of scores."""
    return ScoreTable(wording.kind_label(content.kind), (content.score,), "")


def _trend(content: PackContent) -> PackPage:
    months = tuple(month_label(Month.parse(month.month)) for month in content.trend)
    series = tuple(
        Series(
            category,
            wording.category_label(category),
            tuple(month.categories[place] for month in content.trend),
        )
        for place, category in enumerate(Category.values)
    )
    rows = tuple((one.name, *(score_text(score) for score in one.scores)) for one in series)
    overall = (_("Overall"), *(score_text(month.overall) for month in content.trend))
    return PackPage(
        "trend",
        _("The four categories over twelve months"),
        wording.trend_title(content.trend),
        (
            *_notes(wording.events_note(content.events)),
            TrendChart(months, series, content.is_running, tuple(_event_marks(content))),
            Table(
                (
                    Column(_("Score"), 2.6),
                    *(Column(month.replace(" ", "\n"), 1, True) for month in months),
                ),
                (overall, *rows),
            ),
        ),
    )


def _event_marks(content: PackContent) -> Iterator[EventMark]:
    """Of events in months that the trend shows."""
    places = {month.month: place for place, month in enumerate(content.trend)}
    for mark in content.events.marks:
        if mark.month in places:
            yield EventMark(places[mark.month], wording.mark_label(mark))


def _events(content: PackContent) -> Iterator[PackPage]:
    """None without any, because nobody is asked to note what happens."""
    events = content.events
    if not events.rows:
        return
    rows = tuple(
        (
            str(event.mark or UNKNOWN),
            wording.day_text(event.day),
            event.name,
            event.title,
            event.text,
        )
        for event in events.rows
    )
    columns = (
        Column(_("Mark"), 0.7),
        Column(_("Day"), 1.4),
        Column(_("Subject"), 2.6),
        Column(_("Event"), 2.6),
        Column(_("What was noted"), 5),
    )
    yield PackPage(
        "events",
        _("Events in these twelve months"),
        wording.events_title(events),
        (Table(columns, rows, _and_more(events.more)),),
    )


def _heat(heat: HeatMap) -> PackPage:
    return PackPage(
        f"heat-{heat.kind}",
        _("All %(kind)s") % {"kind": wording.plural(heat.kind)}
        if not heat.more
        else _("The %(kind)s with the lowest scores") % {"kind": wording.plural(heat.kind)},
        wording.heat_title(heat),
        (
            Note(
                _("%(total)s measured: %(bands)s.")
                % {"total": grouped(heat.total), "bands": wording.bands_in_words(heat)}
            ),
            ScoreTable(wording.kind_label(heat.kind), heat.rows, _and_more(heat.more)),
        ),
    )


def _and_more(number: int) -> str:
    if not number:
        return ""
    return ngettext("and %(number)s more", "and %(number)s more", number) % {
        "number": grouped(number)
    }


def _moves(content: PackContent) -> PackPage:
    moves = content.moves
    rows = (*moves.rises, *reversed(moves.falls))
    topic = _("Rises and falls by new values since %(month)s") % {
        "month": wording.month_before(content)
    }
    title = wording.moves_title(content)
    if not rows:
        return PackPage("moves", topic, title, tuple(_notes(wording.moves_lead(moves))))
    more = moves.risen + moves.fallen - len(rows)
    return PackPage(
        "moves",
        topic,
        title,
        (Note(wording.moves_lead(moves)), MovesChart(rows), _changes(rows, more)),
    )


def _faded(content: PackContent) -> Iterator[PackPage]:
    """What would look like work, and is only silence."""
    moves = content.moves
    if not moves.faded:
        return
    yield PackPage(
        "faded",
        _("Moved without a new value since %(month)s") % {"month": wording.month_before(content)},
        wording.faded_title(moves),
        (
            Note(
                _(
                    "No value came in of these or of anybody they are made of: what was known has"
                    " faded or stopped counting, or members came and went."
                )
            ),
            MovesChart(moves.faded, is_by_values=False),
            _changes(moves.faded, moves.without - len(moves.faded)),
        ),
    )


def _changes(rows: Sequence[SubjectLine], more: int) -> ScoreTable:
    return ScoreTable(
        _("Subject"),
        tuple(rows),
        _and_more(more),
        with_kind=True,
        remarks=tuple((change_text(row.change),) for row in rows),
        remark_heads=(_("Change"),),
    )


def _decisions(content: PackContent) -> PackPage:
    decisions = content.decisions
    title = wording.decisions_title(decisions)
    topic = _("What needs a decision")
    if not decisions.cases:
        return PackPage("decisions", topic, title, ())
    return PackPage(
        "decisions",
        topic,
        title,
        (
            Note(wording.decisions_lead(decisions)),
            ScoreTable(
                _("Subject"),
                decisions.rows,
                _and_more(decisions.more),
                with_kind=True,
                remarks=tuple(_why_and_cost(case) for case in decisions.cases),
                remark_heads=(_("Why"), _("Costs in points")),
            ),
        ),
    )


def _why_and_cost(case: Case) -> tuple[str, str]:
    cost = UNKNOWN if case.cost is None else grouped(case.cost, 2)
    if case.is_amber_by_silence:
        return _("a category has no score"), cost
    return wording.case_words(case.line), cost


def _red_values(content: PackContent) -> PackPage:
    values = content.red_values
    topic, title = _("Red values and their explanations"), wording.red_title(values)
    if not values.rows:
        return PackPage("red", topic, title, ())
    rows = tuple(_red_row(value) for value in values.rows)
    return PackPage(
        "red",
        topic,
        title,
        (
            Table(
                (
                    Column(_("Subject"), 3),
                    Column(_("Metric"), 2.8),
                    Column(_("Value"), 2.6, True),
                    Column(_("Score"), 1, True),
                    Column(_("What was written beside it"), 4.6),
                ),
                rows,
                _and_more(values.more),
            ),
        ),
    )


def _red_row(value: RedValue) -> tuple[str, ...]:
    number = value_text(value.value, value.unit, shown_decimals(value.decimals, value.value))
    return (
        value.name,
        f"{value.metric} ({wording.category_label(value.category)})",
        f"{number}, {month_label(Month.parse(value.month))}",
        score_text(value.score),
        value.explanation or _("not explained"),
    )


def _money(content: PackContent) -> Iterator[PackPage]:
    """None where there is no project that could cost any."""
    topic, title = _("Money, by currency"), wording.money_title(content.money)
    if not content.money:
        return
    rows = tuple(
        (
            line.currency or UNKNOWN,
            grouped(line.projects),
            _amount(line.budget, line.currency, line.with_budget, line.projects),
            _amount(line.forecast, line.currency, line.with_forecast, line.projects),
            wording.over_or_under(
                line.forecast, line.forecast_budget, line.currency, line.with_forecast
            ),
            _amount(line.actual, line.currency, line.with_actual, line.projects),
        )
        for line in content.money
    )
    yield PackPage(
        "money",
        topic,
        title,
        (
            Table(
                (
                    Column(_("Currency"), 1),
                    Column(_("Projects"), 1, True),
                    Column(_("Budget"), 2.4, True),
                    Column(_("Forecast"), 2.4, True),
                    Column(_("Against budget"), 2.2, True),
                    Column(_("Spent"), 2.4, True),
                ),
                rows,
            ),
            Note(
                _(
                    "Amounts of different currencies are never added up. A forecast is compared"
                    " with the budgets of the same projects."
                )
            ),
            scores_of(content),
        ),
    )


def _amount(amount: str, currency: str, known: int, projects: int) -> str:
    """With the number of projects that say it, where not all do."""
    text = wording.short_amount(amount, currency, known)
    if not known or known == projects:
        return text
    return _("%(amount)s (of %(known)s)") % {"amount": text, "known": grouped(known)}


def _scorecard(content: PackContent) -> PackPage:
    card = content.scorecard
    return PackPage(
        "scorecard",
        _("What is rewarded"),
        wording.scorecard_title(card),
        () if card is None else (Terms(tuple(_rules(card))),),
    )


def _weights(content: PackContent) -> Iterator[PackPage]:
    """Of all scorecards in the pack; the subject's own is told already."""
    if len(content.scorecards) < 2:
        return
    yield PackPage(
        "weights",
        _("Weights of the categories"),
        wording.weights_title(content.scorecards),
        (_table_of_weights(content.scorecards),),
    )


def _rules(card: ScorecardFacts) -> Iterator[tuple[str, str]]:
    yield _("Scorecard"), f"{card.name} ({card.code})"
    yield _("Overall"), str(OverallRule(card.overall).label)
    yield (
        _("Bands"),
        _("green from %(green)s, amber from %(amber)s, else red")
        % {"green": f"{card.green_from:g}", "amber": f"{card.amber_from:g}"},
    )
    yield (
        _("Weights"),
        listed(
            [
                f"{wording.category_label(category)} {percent_text(share)}"
                for category, share in zip(Category.values, wording.shares_of(card), strict=True)
            ]
        ),
    )
    yield (
        _("Evidence asked for"),
        ngettext(
            "%(known)s known and %(number)s category with a score",
            "%(known)s known and %(number)s categories with a score",
            card.min_categories,
        )
        % {"known": percent_text(card.min_coverage), "number": grouped(card.min_categories)},
    )
    whole = sum(share for _group, share in card.shares)
    if whole:
        parts = [
            f"{_group_label(group)} {percent_text(share / whole)}" for group, share in card.shares
        ]
        yield _("Made of"), ", ".join(parts)


def _group_label(group: str) -> str:
    return _("own values") if group == "own" else wording.plural(group.removesuffix("s"))


def _table_of_weights(cards: Sequence[ScorecardFacts]) -> Table:
    rows = []
    for card in cards:
        weights = (percent_text(share) for share in wording.shares_of(card))
        rows.append(
            (
                card.name,
                wording.kind_label(card.kind),
                grouped(card.subjects),
                *weights,
                f"{card.amber_from:g} / {card.green_from:g}",
            )
        )
    return Table(
        (
            Column(_("Scorecard"), 3.4),
            Column(_("Of each"), 1.7),
            Column(_("How many"), 1.2, True),
            *(Column(wording.category_label(category), 1.4, True) for category in Category.values),
            Column(_("Amber / green from"), 1.6, True),
        ),
        tuple(rows),
    )


def _definitions(card: ScorecardFacts) -> PackPage:
    return PackPage(
        f"definitions-{card.code}",
        _("Definitions: %(card)s") % {"card": card.name},
        wording.definitions_title(card),
        (
            Table(
                (
                    Column(_("Metric"), 2.5),
                    Column(_("Category and weight"), 1.7),
                    Column(_("What it means"), 8),
                    Column(_("Known now"), 1.5),
                ),
                tuple(_definition(line, _meaning(line)) for line in card.lines),
                brief=tuple(_definition(line, wording.brief_meaning(line)) for line in card.lines),
            ),
        ),
    )


def _definition(line: LineFacts, meaning: str) -> tuple[str, ...]:
    perspective = f", {Perspective(line.perspective).label}" if line.perspective else ""
    return (
        f"{line.name} ({line.code})",
        f"{wording.category_label(line.category)} {line.weight:g}{perspective}",
        meaning,
        known_words(line),
    )


def _meaning(line: LineFacts) -> str:
    meaning = f"{line.question} {line.meaning}".strip()
    if line.formula:
        meaning += " " + _("Formula: %(formula)s") % {"formula": line.formula}
    return meaning


def known_words(line: LineFacts) -> str:
    if not line.expected:
        return _("not expected of anybody")
    words = [
        _("%(current)s of %(expected)s")
        % {"current": grouped(line.current), "expected": grouped(line.expected)}
    ]
    if line.fading:
        words.append(
            ngettext("%(number)s fading", "%(number)s fading", line.fading)
            % {"number": grouped(line.fading)}
        )
    if line.missing:
        words.append(
            ngettext("%(number)s missing", "%(number)s missing", line.missing)
            % {"number": grouped(line.missing)}
        )
    return ", ".join(words)


def _coverage(content: PackContent) -> PackPage:
    marks = content.score.categories
    names = tuple(wording.category_label(category) for category in Category.values)
    return PackPage(
        "coverage",
        _("Coverage, and what is unknown"),
        wording.coverage_title(content),
        (
            KnownChart(names, tuple(mark.coverage for mark in marks)),
            Table(
                (
                    Column(_("Category"), 3),
                    Column(_("Score"), 2, True),
                    Column(_("Known"), 2, True),
                    Column(_("Possible"), 3, True),
                ),
                tuple(
                    (
                        name,
                        wording.marked(mark),
                        percent_text(mark.coverage)
                        if mark.is_measured
                        else wording.band_word(None),
                        wording.possible(mark),
                    )
                    for name, mark in zip(names, marks, strict=True)
                ),
            ),
        ),
    )


def _counts(content: PackContent) -> Iterator[PackPage]:
    if not content.counts:
        return
    rows = tuple(
        (
            wording.plural(count.kind).capitalize(),
            grouped(count.total),
            grouped(count.scored),
            grouped(count.insufficient),
            grouped(count.without),
        )
        for count in content.counts
    )
    yield PackPage(
        "counts",
        _("Who has a score, and who has none"),
        wording.counts_title(content.counts),
        (
            CountsChart(
                tuple(wording.plural(count.kind).capitalize() for count in content.counts),
                tuple(count.scored for count in content.counts),
                tuple(count.insufficient for count in content.counts),
                tuple(count.without for count in content.counts),
            ),
            Table(
                (
                    Column(_("Subjects"), 3),
                    Column(_("In all"), 1, True),
                    Column(_("With an overall score"), 2, True),
                    Column(_("Insufficient"), 1.5, True),
                    Column(_("Not measured"), 1.5, True),
                ),
                rows,
            ),
        ),
    )
