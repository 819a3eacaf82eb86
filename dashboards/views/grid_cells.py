"""Where the grid's values arrive: many cells in one request, each saved and answered for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.forms import LONGEST_NOTE, decimal_sign
from dashboards.selectors.entry import Desk, read_desk
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.grid import CellReader, GridCell, Place
from dashboards.views.grid import MOST_CELLS, cell_data
from metrics.choices import Door
from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, MetricDefinition
from metrics.operations.entering import OvertakenError, Seen, enter_value
from metrics.operations.measurements import delete_measurement
from metrics.unusual import PastValues, past_values, unusual
from metrics.validation.dependence import metric_facts
from metrics.validation.measurements import MeasurementRules
from metrics.validation.numbers import read_number
from projects.models import Subject

LONGEST_BODY = 1_000_000
"""Characters; what nobody types and no grid sends."""

SAVED, CHANGED, SAME, DRAFT = "created", "changed", "same", "draft"
DELETED, REFUSED, QUESTION, CONFLICT = "deleted", "refused", "question", "conflict"

_OUTCOMES = {"created": SAVED, "changed": CHANGED, "same": SAME, "drafted": DRAFT}


class UnreadableError(ValueError):
    """A request that no grid sends; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class GivenCell:
    """A value as somebody gave it in a cell, and what they saw there."""

    metric: str
    subject: str
    period: str
    text: str
    note: str
    seen: Seen
    is_confirmed: bool
    is_deletion: bool

    @classmethod
    def of(cls, data: Any) -> Self:
        if not isinstance(data, dict):
            raise UnreadableError(_("Each cell is an object."))
        return cls(
            metric=_text(data, "metric", 100),
            subject=_text(data, "subject", 100),
            period=_text(data, "period", 20),
            text=_text(data, "value", 100).strip(),
            note=_text(data, "note", LONGEST_NOTE),
            seen=_seen(data.get("seen")),
            is_confirmed=data.get("confirmed") is True,
            is_deletion=data.get("delete") is True,
        )


def _text(data: dict[str, Any], name: str, longest: int) -> str:
    text = data.get(name, "")
    if not isinstance(text, str) or "\0" in text:
        raise UnreadableError(_("The %(name)s of a cell is a text.") % {"name": name})
    if len(text) > longest:
        raise UnreadableError(
            _("The %(name)s of a cell has more than %(longest)s characters.")
            % {"name": name, "longest": longest}
        )
    return text


def _seen(data: Any) -> Seen:
    """What stood in the cell when it was typed into: nothing, or a value and when it was given."""
    if data is None:
        return Seen(None)
    try:
        at = datetime.fromisoformat(data["at"])
        if timezone.is_naive(at):
            raise ValueError
        return Seen(read_number(data["value"]), at)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UnreadableError(
            _("What was seen in a cell is a value, and when it was given.")
        ) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one cell."""

    outcome: str
    sentence: str = ""
    code: str = ""
    place: Place | None = None


@dataclass(slots=True)
class Saving:
    """One request: everything that many cells ask is read once, then each is saved by itself."""

    by: User
    desk: Desk
    rules: MeasurementRules
    closed: ClosedMonths
    places: list[Place | Answer]
    reader: CellReader
    subjects: dict[int, Subject]
    past: PastValues

    @classmethod
    def of(cls, by: User, given: Sequence[GivenCell], sign: str) -> Self:
        desk, closed = read_desk(by), ClosedMonths.read()
        # All of them, because a wrong code is answered with those that there are.
        metrics = {row.code: row for row in MetricDefinition.objects.all()}
        rules = MeasurementRules(
            metrics=metric_facts(metrics.values()),
            subjects={row.code: row.facts for rows in desk.subjects.values() for row in rows},
            closed=closed,
            today=desk.today,
            fiscal_year_starts_in=desk.fiscal_year_starts_in,
            decimal_sign=sign,
        )
        places = [_place(cell, desk, metrics, rules) for cell in given]
        known = [place for place in places if isinstance(place, Place)]
        return cls(
            by,
            desk,
            rules,
            closed,
            places,
            reader_of(desk, known, closed),
            Subject.objects.in_bulk({place.subject.pk for place in known}),
            past_values({(place.metric.pk, place.subject.pk) for place in known}),
        )

    def save_all(self, given: Sequence[GivenCell]) -> Iterator[Answer]:
        for cell, place in zip(given, self.places, strict=True):
            yield place if isinstance(place, Answer) else self._save(cell, place)

    def _save(self, given: GivenCell, place: Place) -> Answer:
        cell = self.reader.cell(place)
        if cell.lock:
            return Answer(REFUSED, cell.reason, cell.lock, place)
        try:
            if given.is_deletion:
                return self._delete(given, place)
            value = self.rules.read_value(given.text)
            stands = cell.standing is not None and cell.standing.value == value
            if not stands and not given.is_confirmed:
                past = self.past.of(*place.key)
                if question := unusual(value, past):
                    return Answer(QUESTION, question.sentence, question.oddity, place)
            entered = enter_value(
                metric=place.metric,
                subject=self.subjects[place.subject.pk],
                period=place.period,
                value=value,
                note=given.note,
                by=self.by,
                door=Door.GRID,
                seen=given.seen,
            )
        except OvertakenError as overtaken:
            return Answer(CONFLICT, _told(overtaken, given), "overtaken", place)
        except ValidationError as refusal:
            return Answer(REFUSED, " ".join(refusal.messages), _code(refusal), place)
        return Answer(_OUTCOMES[entered.outcome], place=place)

    def _delete(self, given: GivenCell, place: Place) -> Answer:
        """A recorded value alone: what somebody has to approve isn't taken away in passing."""
        if place.metric.needs_approval:
            return Answer(
                REFUSED,
                _("Values of %(metric)s need approval, so none is deleted in the grid.")
                % {"metric": place.metric.name},
                "approval",
                place,
            )
        measurement = Measurement.objects.filter(
            metric=place.metric, subject=place.subject.pk, period_start=place.period.start
        ).first()
        if measurement is None:
            return Answer(SAME, place=place)
        delete_measurement(measurement, by=self.by, door=Door.GRID, seen=given.seen)
        return Answer(DELETED, place=place)


def _place(
    given: GivenCell, desk: Desk, metrics: dict[str, MetricDefinition], rules: MeasurementRules
) -> Place | Answer:
    """Where a value belongs, or what is wrong with it before anything is looked up."""
    value = "0" if given.is_deletion else given.text
    for problem in rules.problems(given.metric, given.subject, given.period, value):
        return Answer(REFUSED, str(problem), problem.code)
    metric = metrics[given.metric]
    subject = desk.subject(metric, given.subject)
    assert subject is not None  # the rules know the subjects of the desk
    return Place(metric, subject, rules.fitting_period(metric.cadence, given.period).period)


def reader_of(desk: Desk, places: Sequence[Place], closed: ClosedMonths) -> CellReader:
    return CellReader.read(
        desk,
        list({place.metric.pk: place.metric for place in places}.values()),
        list({place.subject.pk: place.subject for place in places}.values()),
        list({place.period: None for place in places}),
        closed=closed,
    )


def _told(overtaken: OvertakenError, given: GivenCell) -> str:
    if overtaken.now is None:
        return _("The value that you saw here was deleted meanwhile.")
    sentence = overtaken.told
    if given.is_deletion:
        return _("%(sentence)s You wanted to delete what stood here.") % {"sentence": sentence}
    return _("%(sentence)s You typed %(mine)s.") % {"sentence": sentence, "mine": given.text}


def _code(refusal: ValidationError) -> str:
    errors = (
        refusal.error_list
        if not hasattr(refusal, "error_dict")
        else [error for errors in refusal.error_dict.values() for error in errors]
    )
    return next((error.code for error in errors if error.code), "invalid")


@require_POST
@needs(ENTER_MEASUREMENTS)
def entry_grid_cells(request: HttpRequest) -> JsonResponse:
    """Save each cell, and tell of each what became of it and what stands there now."""
    try:
        given, sign = _read(request)
    except UnreadableError as error:
        return JsonResponse({"error": str(error)}, status=400)
    assert isinstance(request.user, User)  # nobody else has the permission
    saving = Saving.of(request.user, given, sign)
    answers = list(saving.save_all(given))
    places = [answer.place for answer in answers if answer.place is not None]
    now = reader_of(saving.desk, places, saving.closed)
    return JsonResponse({"cells": [_as_data(answer, now) for answer in answers]})


def _read(request: HttpRequest) -> tuple[list[GivenCell], str]:
    if len(request.body) > LONGEST_BODY:
        raise UnreadableError(
            _("The request is longer than %(longest_body)s bytes.")
            % {"longest_body": f"{LONGEST_BODY:,}"}
        )
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        raise UnreadableError(_("The request is no JSON.")) from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or not cells:
        raise UnreadableError(_("The request has no cells."))
    if len(cells) > MOST_CELLS:
        raise UnreadableError(
            _("At most %(most_cells)s cells come in one request.") % {"most_cells": MOST_CELLS}
        )
    sign = data.get("decimalSign", decimal_sign())
    if sign not in (".", ","):
        raise UnreadableError(_('The decimal sign is "." or ",".'))
    return [GivenCell.of(cell) for cell in cells], sign


def _as_data(answer: Answer, now: CellReader) -> dict[str, Any]:
    data: dict[str, Any] = {"outcome": answer.outcome}
    if answer.sentence:
        data["sentence"] = answer.sentence
    if answer.code:
        data["code"] = str(answer.code)
    if answer.place is not None:
        data["cell"] = data_of(answer.place, now.cell(answer.place))
    return data


def data_of(place: Place, cell: GridCell) -> dict[str, Any]:
    """A cell that is told apart from its row."""
    standing = cell.standing.value if cell.standing else None
    return cell_data(cell, shown_decimals(place.metric.decimals, standing))
