"""A pack's words: the titles that say the message, and names and numbers as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboards.packs.content import (
    Bridge,
    Decisions,
    Events,
    HeatMap,
    KindCount,
    LineFacts,
    Mark,
    MarkOnTrend,
    MoneyLine,
    Moves,
    PackContent,
    RedValues,
    ScorecardFacts,
    SubjectLine,
    TrendMonth,
)
from dashboards.presentation.bands import style_of
from dashboards.presentation.money import money_short, variance
from dashboards.presentation.months import month_label, month_name
from dashboards.presentation.numbers import (
    UNKNOWN,
    change_text,
    grouped,
    listed,
    percent_text,
    score_text,
    value_text,
)
from metrics.choices import Band, Cadence, Category
from projects.choices import SubjectKind
from projects.months import Month

PLURALS = {
    SubjectKind.PORTFOLIO: gettext_lazy("portfolios"),
    SubjectKind.PROJECT: gettext_lazy("projects"),
    SubjectKind.SEGMENT: gettext_lazy("segments"),
    SubjectKind.CUSTOMER: gettext_lazy("customers"),
    SubjectKind.SERVICE: gettext_lazy("services"),
    SubjectKind.ENGAGEMENT: gettext_lazy("pieces of work for segments"),
    SubjectKind.ORGANISATION: gettext_lazy("organisations"),
}

SHAPES = {
    Band.GREEN: "\N{BLACK CIRCLE}",
    Band.AMBER: "\N{BLACK UP-POINTING TRIANGLE}",
    Band.RED: "\N{BLACK DIAMOND}",
    Band.INSUFFICIENT: "\N{WHITE CIRCLE}",
}
"""The shapes of bands as characters, where nothing can be drawn."""

LEAST_SHOWN = 0.05


def plural(kind: str) -> str:
    return str(PLURALS[SubjectKind(kind)])


def kind_label(kind: str) -> str:
    return str(SubjectKind(kind).label)


def category_label(category: str) -> str:
    return str(Category(category).label)


def part_label(part: str) -> str:
    return _("Balance") if part == "balance" else category_label(part)


def band_word(band: int | None) -> str:
    return style_of(band).word


def band_shape(band: int | None) -> str:
    return UNKNOWN if band is None else SHAPES[Band(band)]


def marked(mark: Mark) -> str:
    """`▲ 61.4`; the shape and a dash where too little is known."""
    if mark.score is None:
        return band_shape(mark.band) if mark.band is None else f"{band_shape(mark.band)} {UNKNOWN}"
    return f"{band_shape(mark.band)} {score_text(mark.score)}"


def measure_labels() -> list[str]:
    return [_("Overall"), *(category_label(category) for category in Category.values)]


def scores_in_words(line: SubjectLine) -> str:
    """All five scores in one line: so that no page shows a financial score alone."""
    pairs = zip(measure_labels(), line.marks, strict=True)
    return "  ·  ".join(f"{label} {_score_or_unknown(mark)}" for label, mark in pairs)


def _score_or_unknown(mark: Mark) -> str:
    return _("unknown") if mark.score is None else marked(mark)


def possible(mark: Mark) -> str:
    """The range that a score can still take."""
    if not mark.is_measured:
        return UNKNOWN
    return _("%(low)s to %(high)s") % {"low": score_text(mark.low), "high": score_text(mark.high)}


def month_of(content: PackContent) -> str:
    return month_name(Month.parse(content.month))


def month_before(content: PackContent) -> str:
    return month_label(Month.parse(content.month_before))


def state_words(content: PackContent) -> str:
    """Whether the pack can still change, said in one line."""
    day = day_of(content)
    if not content.is_closed:
        return _("Not closed, may still change; as it stood on %(day)s") % {"day": day}
    if content.closed_by:
        return _("Closed on %(day)s by %(person)s; does not change any more") % {
            "day": day,
            "person": content.closed_by,
        }
    return _("Closed on %(day)s; does not change any more") % {"day": day}


def day_of(content: PackContent) -> str:
    """The day of the pack's moment, where the portal is."""
    moment = timezone.localtime(datetime.fromisoformat(content.as_of))
    return date_format(moment, "DATE_FORMAT")


def overview_title(content: PackContent) -> str:
    overall = content.score.overall
    if not overall.is_measured:
        return _("Nothing is measured in %(month)s") % {"month": month_of(content)}
    if overall.score is None:
        return _("There is no overall score: only %(known)s of what is expected is known") % {
            "known": percent_text(overall.coverage)
        }
    facts = {
        "score": score_text(overall.score),
        "band": band_word(overall.band).lower(),
        "before": month_before(content),
    }
    change = content.score.change
    if change is None:
        return _("Overall is %(score)s, %(band)s") % facts
    facts["points"] = grouped(abs(change), 1)
    if change >= LEAST_SHOWN:
        return _("Overall is %(score)s, %(band)s: %(points)s more than in %(before)s") % facts
    if change <= -LEAST_SHOWN:
        return _("Overall is %(score)s, %(band)s: %(points)s less than in %(before)s") % facts
    return _("Overall is %(score)s, %(band)s, as in %(before)s") % facts


def overview_lead(content: PackContent) -> str:
    overall = content.score.overall
    if not overall.is_measured:
        return _("No value is expected, or none of the scorecard's parts is there.")
    return _("%(known)s of what is expected is known; possible is %(low)s to %(high)s.") % {
        "known": percent_text(overall.coverage),
        "low": score_text(overall.low),
        "high": score_text(overall.high),
    }


def bridge_title(content: PackContent) -> str:
    bridge = content.bridge
    if bridge is None:
        return _why_no_bridge(content)
    change = bridge.end - bridge.start
    facts = {"points": grouped(abs(change), 1), "score": score_text(bridge.end)}
    if abs(change) < LEAST_SHOWN:
        return _("Overall stayed at %(score)s") % facts
    facts["part"] = _largest_part(bridge)
    if change > 0:
        return _("Overall rose %(points)s points to %(score)s, mostly by %(part)s") % facts
    return _("Overall fell %(points)s points to %(score)s, mostly by %(part)s") % facts


def _why_no_bridge(content: PackContent) -> str:
    if content.score.overall.score is None:
        return _("%(month)s has no overall score, so there is no change to tell") % {
            "month": month_of(content)
        }
    return _("%(month)s has no overall score to compare with") % {
        "month": month_name(Month.parse(content.month_before))
    }


def _largest_part(bridge: Bridge) -> str:
    sign = 1 if bridge.end > bridge.start else -1
    largest = max(bridge.parts, key=lambda part: sign * part.points)
    return part_label(largest.part)


def trend_title(trend: Sequence[TrendMonth]) -> str:
    moved = []
    for place, category in enumerate(Category.values):
        known = [
            (month.month, score)
            for month in trend
            if (score := month.categories[place]) is not None
        ]
        if len(known) > 1:
            moved.append((known[-1][1] - known[0][1], category_label(category)))
    if not moved:
        return _("There is no category yet with two scores in twelve months")
    most, least = max(moved), min(moved)
    facts = {
        "up": most[1],
        "rise": change_text(most[0]),
        "down": least[1],
        "fall": change_text(least[0]),
    }
    if most[0] >= LEAST_SHOWN and least[0] <= -LEAST_SHOWN:
        return (
            _("In twelve months %(up)s rose most (%(rise)s), %(down)s fell most (%(fall)s)") % facts
        )
    if most[0] >= LEAST_SHOWN:
        return _("In twelve months %(up)s rose most (%(rise)s); no category fell") % facts
    if least[0] <= -LEAST_SHOWN:
        return _("In twelve months %(down)s fell most (%(fall)s); no category rose") % facts
    return _("In twelve months no category moved")


def day_text(day: str) -> str:
    return date_format(date.fromisoformat(day), "DATE_FORMAT")


def events_title(events: Events) -> str:
    latest = events.rows[0]
    return _("Latest event: %(title)s, %(day)s") % {
        "title": latest.title,
        "day": day_text(latest.day),
    }


EVENTS_NAMED = 4
TIMES = "\N{MULTIPLICATION SIGN}"


def mark_label(mark: MarkOnTrend) -> str:
    """Its number; where several events stand together, their count too."""
    return str(mark.number) if mark.events == 1 else f"{mark.number} {TIMES}{mark.events}"


def events_note(events: Events) -> str:
    """The marks of a trend, the latest ones named."""
    if not events.marks:
        return ""
    told = [_mark_words(mark) for mark in events.marks[-EVENTS_NAMED:]]
    earlier = sum(mark.events for mark in events.marks[:-EVENTS_NAMED])
    if earlier:
        told.insert(
            0,
            ngettext("%(number)s earlier one", "%(number)s earlier ones", earlier)
            % {"number": grouped(earlier)},
        )
    return _("Events: %(what)s") % {"what": "; ".join(told)}


def _mark_words(mark: MarkOnTrend) -> str:
    facts = {
        "number": mark.number,
        "title": mark.title,
        "day": day_text(mark.day),
        "more": grouped(mark.events - 1),
    }
    if mark.events == 1:
        return _("(%(number)s) %(title)s, %(day)s") % facts
    return (
        ngettext(
            "(%(number)s) %(title)s and %(more)s more, from %(day)s on",
            "(%(number)s) %(title)s and %(more)s more, from %(day)s on",
            mark.events - 1,
        )
        % facts
    )


def events_since(content: PackContent) -> str:
    """What happened after the month before: beside what changed."""
    first = Month.parse(content.month_before).last_day
    found = [
        _("%(title)s, %(day)s") % {"title": event.title, "day": day_text(event.day)}
        for event in reversed(content.events.rows)
        if date.fromisoformat(event.day) > first
    ]
    if not found:
        return ""
    return _("Meanwhile: %(what)s") % {"what": "; ".join(found[-EVENTS_NAMED:])}


def heat_title(heat: HeatMap) -> str:
    bands = {Band(band): number for band, number in heat.by_band}
    facts = {"total": grouped(heat.total), "kind": plural(heat.kind)}
    known = [line for line in heat.rows if line.overall.score is not None]
    if not known:
        return _("Too little is known for a score of any of the %(total)s %(kind)s") % facts
    lowest = min(known, key=lambda line: (line.overall.score or 0.0, line.code))
    facts |= {"lowest": lowest.name, "score": score_text(lowest.overall.score)}
    if heat.total == 1:
        return _("%(lowest)s is the only one, with %(score)s") % facts
    scored = heat.total - bands.get(Band.INSUFFICIENT, 0)
    if scored * 2 < heat.total:
        facts["scored"] = grouped(scored)
        return (
            ngettext(
                "Only %(scored)s of %(total)s %(kind)s has a score; lowest is %(lowest)s,"
                " %(score)s",
                "Only %(scored)s of %(total)s %(kind)s have a score; lowest is %(lowest)s,"
                " %(score)s",
                scored,
            )
            % facts
        )
    if red := bands.get(Band.RED, 0):
        facts["red"] = grouped(red)
        return (
            ngettext(
                "%(red)s of %(total)s %(kind)s is red; lowest is %(lowest)s, %(score)s",
                "%(red)s of %(total)s %(kind)s are red; lowest is %(lowest)s, %(score)s",
                red,
            )
            % facts
        )
    return _("None of %(total)s %(kind)s is red; lowest is %(lowest)s, %(score)s") % facts


def bands_in_words(heat: HeatMap) -> str:
    """`3 green, 2 amber, 1 red`."""
    return ", ".join(
        f"{grouped(number)} {band_word(band).lower()}" for band, number in heat.by_band
    )


def moves_title(content: PackContent) -> str:
    moves = content.moves
    before = {"before": month_before(content)}
    if not moves.compared:
        return _("Nothing can be compared with %(before)s") % before
    if not moves.rises and not moves.falls:
        if moves.faded:
            return _("No new value has moved anything since %(before)s") % before
        return _("Nothing has moved since %(before)s") % before
    words = []
    if moves.rises:
        first = moves.rises[0]
        words.append(
            _("%(name)s rose most (%(change)s)")
            % {"name": first.name, "change": change_text(first.change)}
        )
    if moves.falls:
        first = moves.falls[0]
        words.append(
            _("%(name)s fell most (%(change)s)")
            % {"name": first.name, "change": change_text(first.change)}
        )
    return ", ".join(words)


def moves_lead(moves: Moves) -> str:
    if not moves.compared:
        return ""
    parts = [
        ngettext("%(number)s rose", "%(number)s rose", moves.risen)
        % {"number": grouped(moves.risen)},
        ngettext("%(number)s fell", "%(number)s fell", moves.fallen)
        % {"number": grouped(moves.fallen)},
    ]
    if moves.without:
        parts.append(
            ngettext(
                "%(number)s moved without a new value",
                "%(number)s moved without a new value",
                moves.without,
            )
            % {"number": grouped(moves.without)}
        )
    return ngettext(
        "Of %(compared)s with a score in both months: %(what)s.",
        "Of %(compared)s with a score in both months: %(what)s.",
        moves.compared,
    ) % {"compared": grouped(moves.compared), "what": listed(parts)}


def faded_title(moves: Moves) -> str:
    first = moves.faded[0]
    return ngettext(
        "%(number)s moved without a new value: %(name)s (%(change)s)",
        "%(number)s moved without a new value, most %(name)s (%(change)s)",
        moves.without,
    ) % {
        "number": grouped(moves.without),
        "name": first.name,
        "change": change_text(first.change),
    }


def decisions_lead(decisions: Decisions) -> str:
    if decisions.is_weighed:
        return _(
            "Red, fallen a band, or too little known. First comes what costs most points of the"
            " organisation's overall score against green."
        )
    return _(
        "Red, fallen a band, or too little known. What weighs most among its kind and is furthest"
        " from green comes first; what it costs was not worked out for this month."
    )


def decisions_title(decisions: Decisions) -> str:
    if not decisions.total:
        return _("Nothing needs a decision")
    return ngettext(
        "%(total)s subject needs a decision: %(what)s",
        "%(total)s subjects need a decision: %(what)s",
        decisions.total,
    ) % {"total": grouped(decisions.total), "what": decisions_in_words(decisions)}


def decisions_in_words(decisions: Decisions) -> str:
    counts = (
        (decisions.red, _("red")),
        (decisions.fallen, _("fallen a band")),
        (decisions.insufficient, _("insufficient")),
    )
    return listed([f"{grouped(number)} {word}" for number, word in counts if number])


def case_words(line: SubjectLine) -> str:
    """Why a subject needs a decision."""
    if line.overall.is_insufficient and not line.overall.coverage:
        return _("nothing known")
    if line.overall.is_insufficient:
        return _("only %(known)s known") % {"known": percent_text(line.overall.coverage)}
    if line.has_fallen:
        return _("fell from %(band)s") % {"band": band_word(line.band_before).lower()}
    return _("red")


def red_title(values: RedValues) -> str:
    if not values.total:
        return _("No value is red")
    return ngettext(
        "%(total)s value is red; %(explained)s explained",
        "%(total)s values are red; %(explained)s explained",
        values.total,
    ) % {"total": grouped(values.total), "explained": grouped(values.explained)}


def money_title(lines: Sequence[MoneyLine]) -> str:
    if not lines:
        return _("No project states its money")
    known = [line for line in lines if line.with_forecast]
    if not known:
        return _("Budgets are known, forecasts are not")
    told = [_forecast_words(line) for line in known[:2]]
    return _("Forecasts against budgets: %(what)s") % {"what": listed(told)}


def _forecast_words(line: MoneyLine) -> str:
    away = variance(Decimal(line.forecast), Decimal(line.forecast_budget))
    words = away.text(line.currency) if away else UNKNOWN
    return words if line.currency else _("%(what)s (no currency given)") % {"what": words}


def over_or_under(amount: str, planned: str, currency: str, number: int) -> str:
    """How far the known amounts are from the budgets of the same projects."""
    away = variance(Decimal(amount), Decimal(planned)) if number else None
    return away.text(currency) if away else UNKNOWN


def short_amount(amount: str, currency: str, number: int) -> str:
    return money_short(Decimal(amount), currency) if number else UNKNOWN


def shares_of(card: ScorecardFacts) -> list[float]:
    """What part each category has in the overall score."""
    whole = sum(card.category_weights)
    return [weight / whole for weight in card.category_weights]


def scorecard_title(card: ScorecardFacts | None) -> str:
    if card is None:
        return _("No scorecard judges this subject")
    shares = shares_of(card)
    if min(shares) == max(shares):
        return _("All four categories weigh the same")
    name = category_label(Category.values[shares.index(max(shares))])
    return _("%(name)s weighs most: %(share)s of the overall score") % {
        "name": name,
        "share": percent_text(max(shares)),
    }


def weights_title(cards: Sequence[ScorecardFacts]) -> str:
    subjects = sum(card.subjects for card in cards)
    return ngettext(
        "%(cards)s scorecards judge %(number)s subject",
        "%(cards)s scorecards judge %(number)s subjects",
        subjects,
    ) % {"cards": grouped(len(cards)), "number": grouped(subjects)}


def definitions_title(card: ScorecardFacts) -> str:
    return ngettext(
        "What is asked of each %(kind)s: %(number)s metric",
        "What is asked of each %(kind)s: %(number)s metrics",
        len(card.lines),
    ) % {"kind": kind_label(card.kind).lower(), "number": grouped(len(card.lines))}


def brief_meaning(line: LineFacts) -> str:
    """The question, how often it is asked, and what scores least and most."""
    words = [line.question, str(Cadence(line.cadence).label)]
    if line.curve:
        ends = (line.curve[0], line.curve[-1])
        told = [
            _("%(value)s scores %(score)s")
            % {"value": value_text(value, line.unit, line.decimals), "score": f"{score:g}"}
            for value, score in ends
        ]
        words[-1] += f": {listed(told)}."
    else:
        words[-1] += "."
    if line.formula:
        words.append(_("Formula: %(formula)s") % {"formula": line.formula})
    return " ".join(filter(None, words))


def counts_title(counts: Sequence[KindCount]) -> str:
    scored, whole = sum(count.scored for count in counts), sum(count.total for count in counts)
    return ngettext(
        "%(scored)s of %(whole)s subject has an overall score",
        "%(scored)s of %(whole)s subjects have an overall score",
        whole,
    ) % {"scored": grouped(scored), "whole": grouped(whole)}


def coverage_title(content: PackContent) -> str:
    overall = content.score.overall
    if not overall.is_measured:
        return _("Nothing is known of %(month)s") % {"month": month_of(content)}
    known = percent_text(overall.coverage)
    least = [
        (mark.coverage or 0.0, category_label(category))
        for category, mark in zip(Category.values, content.score.categories, strict=True)
        if mark.is_measured
    ]
    if not least or min(least)[0] == max(least)[0]:
        return _("%(known)s of what is expected is known") % {"known": known}
    return _("%(known)s of what is expected is known; %(name)s is known least, %(least)s") % {
        "known": known,
        "name": min(least)[1],
        "least": percent_text(min(least)[0]),
    }
