"""How a list is told by mail: its first lines, each with its evidence and all four categories."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.bands import style_of
from dashboards.presentation.letters import LONGEST_SUBJECT, Frame, Letter
from dashboards.presentation.months import month_label, month_name
from dashboards.presentation.numbers import change_text, grouped, percent_text, score_text
from dashboards.selectors.listed import Listed, ListedRow
from dashboards.selectors.scores import Mark


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line in words; a score that is not known says so."""

    name: str
    overall: str
    band: str
    known: str
    change: str
    note: str
    categories: tuple[tuple[str, str], ...]
    """Label and score of all four."""

    @property
    def standing(self) -> str:
        """`38.0, red, 92% known, +8.2 since Oct 2025`."""
        return ", ".join(filter(None, (self.overall, self.band.lower(), self.known, self.change)))

    @property
    def beside(self) -> str:
        return ", ".join(f"{label} {score}" for label, score in self.categories)


def list_letter_of(listed: Listed, frame: Frame) -> Letter:
    context = {
        "frame": frame,
        "headline": headline(listed),
        "filters": _filters(listed),
        "order": _("In this order: %(order)s.") % {"order": listed.order},
        "state": _state(listed),
        "labels": [mark.label for mark in _category_marks(listed)],
        "since": _since(listed),
        "lines": [_line(row, listed) for row in listed.rows],
        "more": _more(listed),
    }
    subject = f"{frame.title}. {month_label(listed.month.month)}: {_standing(listed)}"
    return Letter(
        " ".join(subject.split())[:LONGEST_SUBJECT],
        render_to_string("dashboards/subscription_list_mail.txt", context),
        render_to_string("dashboards/subscription_list_mail.html", context),
    )


def headline(listed: Listed) -> str:
    return f"{month_name(listed.month.month)}: {_standing(listed)}."


def _standing(listed: Listed) -> str:
    """How many there are, and the first one."""
    if not listed.rows:
        return listed.noun
    line = _line(listed.rows[0], listed)
    return _("%(noun)s, first %(name)s with %(overall)s, %(band)s") % {
        "noun": listed.noun,
        "name": line.name,
        "overall": line.overall,
        "band": line.band.lower(),
    }


def _filters(listed: Listed) -> str:
    if not listed.filters:
        return _("Nothing is filtered.")
    return _("Filtered by %(filters)s.") % {"filters": listed.filters}


def _since(listed: Listed) -> str:
    return month_label(listed.month.before)


def _state(listed: Listed) -> str:
    if listed.month.is_closed:
        return _("The month is closed; these scores do not change any more.")
    if listed.month.is_unfinished:
        return _("The month is still running; values are coming in, and these scores will change.")
    return _("The month is not closed; these scores may still change.")


def _category_marks(listed: Listed) -> tuple[Mark, ...]:
    return listed.rows[0].scores.categories if listed.rows else ()


def _line(row: ListedRow, listed: Listed) -> ListLine:
    scores, overall = row.scores, row.scores.overall
    known = _("%(known)s known") % {"known": percent_text(overall.coverage)}
    facts = {"change": change_text(scores.change), "month": _since(listed)}
    return ListLine(
        name=scores.name,
        overall=_score(overall),
        band=str(style_of(overall.band).word),
        known=known if scores.is_measured else "",
        change="" if scores.change is None else _("%(change)s since %(month)s") % facts,
        note=row.note,
        categories=tuple((mark.label, _score(mark)) for mark in scores.categories),
    )


def _score(mark: Mark) -> str:
    return _("unknown") if mark.score is None else score_text(mark.score)


def _more(listed: Listed) -> str:
    if not listed.rows:
        return _("Nothing fits at present.")
    if not listed.more:
        return ""
    return ngettext("and %(more)s more", "and %(more)s more", listed.more) % {
        "more": grouped(listed.more)
    }
