"""How a digest is told by mail: a subject that says the message, then text and mark-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.packs.content import Mark, SubjectLine
from dashboards.packs.wording import (
    band_word,
    case_words,
    decisions_title,
    kind_label,
    measure_labels,
)
from dashboards.presentation.months import month_label, month_name
from dashboards.presentation.numbers import change_text, grouped, percent_text, score_text
from dashboards.selectors.digests import Digest
from metrics.choices import Band

DECISIONS_TOLD = 3
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the message: for whom, where it leads, and how to stop it."""

    first_name: str
    title: str
    """What is subscribed to, by its name."""
    link: str
    link_label: str
    rhythm: str
    """`every Monday at 07:00 (Europe/Berlin)`"""
    keep_link: str
    stop_link: str


@dataclass(frozen=True, slots=True)
class ScoreLine:
    label: str
    score: str
    band: str
    known: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    name: str
    kind: str
    why: str
    scores: str


def letter_of(digest: Digest, frame: Frame) -> Letter:
    context = {
        "frame": frame,
        "headline": headline(digest),
        "range": range_words(digest.line.overall),
        "state": state_words(digest),
        "scores": score_lines(digest.line),
        "decisions_title": _decisions_title(digest),
        "decisions": decision_lines(digest),
        "more": _more_words(digest),
    }
    return Letter(
        _subject(digest, frame),
        render_to_string("dashboards/subscription_mail.txt", context),
        render_to_string("dashboards/subscription_mail.html", context),
    )


def _subject(digest: Digest, frame: Frame) -> str:
    """One line, whatever a subject is called; views are told apart by their names."""
    words = f"{digest.line.name}, {month_label(digest.month)}: {_standing(digest)}"
    if frame.title != digest.line.name:
        words = f"{frame.title}. {words}"
    return " ".join(words.split())[:LONGEST_SUBJECT]


def headline(digest: Digest) -> str:
    return f"{digest.line.name}, {month_name(digest.month)}: {_standing(digest)}."


def _standing(digest: Digest) -> str:
    overall = digest.line.overall
    if not overall.is_measured:
        return _("nothing is measured")
    if overall.score is None:
        return _("no overall score, only %(known)s is known") % {
            "known": percent_text(overall.coverage)
        }
    facts = {
        "score": score_text(overall.score),
        "band": band_word(overall.band).lower(),
        "change": change_text(digest.line.change),
        "before": month_label(digest.month_before),
    }
    if digest.line.change is None:
        return _("overall %(score)s, %(band)s") % facts
    return _("overall %(score)s, %(band)s, %(change)s since %(before)s") % facts


def range_words(overall: Mark) -> str:
    if not overall.is_measured:
        return _("No value is expected, or none of the scorecard's parts is there.")
    return _("%(known)s of what is expected is known; possible is %(low)s to %(high)s.") % {
        "known": percent_text(overall.coverage),
        "low": score_text(overall.low),
        "high": score_text(overall.high),
    }


def state_words(digest: Digest) -> str:
    if digest.is_closed:
        return _("The month is closed; these scores do not change any more.")
    if digest.is_running:
        return _("The month is still running; values are coming in, and these scores will change.")
    return _("The month is not closed; these scores may still change.")


def score_lines(line: SubjectLine) -> list[ScoreLine]:
    """The overall score and all four categories: the financial one never stands alone."""
    pairs = zip(measure_labels(), line.marks, strict=True)
    return [_score_line(label, mark) for label, mark in pairs]


def _score_line(label: str, mark: Mark) -> ScoreLine:
    score = _("unknown") if mark.score is None else score_text(mark.score)
    known = _("%(known)s known") % {"known": percent_text(mark.coverage)}
    return ScoreLine(label, score, band_word(mark.band), known if mark.is_measured else "")


def _decisions_title(digest: Digest) -> str:
    if digest.decisions is not None:
        return decisions_title(digest.decisions)
    line = digest.line
    if line.overall.band in (Band.RED, Band.INSUFFICIENT) or line.has_fallen:
        return _("It needs a decision: %(why)s") % {"why": case_words(line)}
    return _("Nothing needs a decision")


def decision_lines(digest: Digest) -> list[DecisionLine]:
    rows: Sequence[SubjectLine] = digest.decisions.rows if digest.decisions else ()
    return [
        DecisionLine(line.name, kind_label(line.kind).lower(), case_words(line), _in_words(line))
        for line in rows[:DECISIONS_TOLD]
    ]


def _in_words(line: SubjectLine) -> str:
    return ", ".join(f"{score.label} {score.score}" for score in score_lines(line))


def _more_words(digest: Digest) -> str:
    if digest.decisions is None:
        return ""
    more = digest.decisions.total - min(len(digest.decisions.rows), DECISIONS_TOLD)
    if not more:
        return ""
    return ngettext("and %(more)s more", "and %(more)s more", more) % {"more": grouped(more)}
