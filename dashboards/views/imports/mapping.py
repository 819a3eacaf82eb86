"""How a file is read and what its columns mean: proposed, corrected, and then checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dashboards.access import ENTER_MEASUREMENTS, needs
from dashboards.import_forms import (
    ACROSS,
    LEAVE_OUT,
    METRIC_NAME,
    SUBJECT_NAME,
    SUBJECT_TYPED,
    SUBJECTS_IN_A_LIST,
    MappingForm,
    ReadingForm,
    TypedSubjects,
    posted_mapping,
    posted_reading,
    typed_subjects,
)
from dashboards.selectors.import_mapping import (
    Chosen,
    MappedFile,
    first_choice,
    headed_anew,
    header_of,
    mapped_file,
    periods_across,
    read_anew,
    shaped_anew,
    why_kept,
)
from dashboards.views.month_pages import is_asked_for
from metrics.importing.files import Received, receive
from metrics.importing.guessing import ReadingGuess, guess_reading
from metrics.importing.names import stored_names
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.importing.problems import FileProblem
from metrics.importing.surveys import UnknownName
from metrics.models import ImportBatch
from metrics.operations.imports import MAPPABLE, map_batch

PART = "mapping"
CHECK = "check"


@dataclass(frozen=True, slots=True)
class Posted:
    """What a person sent, and whether the table was still the one that they looked at."""

    chosen: Chosen
    is_as_shown: bool


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def import_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """The choices with what they make of the file; posted with "check" they are taken."""
    batch = get_object_or_404(ImportBatch.objects.select_related("file"), pk=pk)
    assert isinstance(request.user, User)  # nobody else has the permission
    if batch.created_by_id != request.user.pk:
        raise PermissionDenied
    if batch.state not in MAPPABLE:
        messages.info(request, _("This import is mapped already; to map it anew, send it again."))
        return redirect("import_batch", pk=pk)
    return _Mapping(request, request.user, batch).answer()


class _Mapping:
    """One request for the page of one batch."""

    def __init__(self, request: HttpRequest, user: User, batch: ImportBatch) -> None:
        self.request = request
        self.user = user
        self.batch = batch
        self.content = bytes(batch.file.content)
        self.received = receive(self.content, batch.file.name, largest=len(self.content))
        self.names = stored_names()
        self.typed = typed_subjects(_plain(request.POST), self.names)

    def answer(self) -> HttpResponse:
        data = self.request.POST
        is_posted = self.request.method == "POST"
        try:
            posted = self._posted(data) if is_posted else Posted(self._first(), False)
            file = mapped_file(self.content, posted.chosen, self.names)
        except FileProblem as problem:
            return self._unreadable(data, str(problem))
        if not is_posted or data.get("step") != CHECK:
            return self._page(file, self._forms(file, data))
        if not posted.is_as_shown:
            notice = _("The table reads differently now. Look at it, then check it.")
            return self._page(file, self._forms(file, QueryDict()), notice=notice)
        return self._check(file, data)

    def _check(self, file: MappedFile, data: QueryDict) -> HttpResponse:
        forms = self._forms(file, data, is_bound=True)
        are_valid = all([form.is_valid() for form in forms])  # noqa: C419  # both tell what is wrong
        if are_valid and not self.typed.problems:
            chosen = file.chosen
            if not file.survey.values:
                forms[1].add_error(None, _("Read this way, there is not a single value."))
                return self._page(file, forms, status=422)
            try:
                map_batch(self.batch, reading=chosen.reading, mapping=chosen.mapping, by=self.user)
            except ValidationError as refusal:
                forms[1].add_error(None, refusal)
            else:
                return redirect("import_batch", pk=self.batch.pk)
        return self._page(file, forms, status=422)

    def _first(self) -> Chosen:
        """As the batch is mapped already, else as proposed."""
        if not self.batch.mapping:
            return first_choice(self.content, self.received, self.names, self.user)
        reading = Reading.of_plain(self.batch.reading)
        header = header_of(self.content, reading)
        return Chosen(
            reading, Mapping.of_plain(self.batch.mapping), {}, {}, frozenset(), tuple(header)
        )

    def _posted(self, data: QueryDict) -> Posted:
        reading = posted_reading(_plain(data), Reading())
        guess = guess_reading(self.content, self.received, reading)
        if data.get("shown_table") != table_key(reading):
            return Posted(read_anew(self.content, self.received, self.names, reading), False)
        guess = ReadingGuess(reading, guess.reasons, guess.unsure)
        if data.get("shown_header_row") != str(reading.header_row):
            return Posted(headed_anew(self.content, self.names, guess), False)
        shape = _shape(data)
        if data.get("shown_shape") != shape:
            return Posted(shaped_anew(self.content, self.names, guess, shape), False)
        header = header_of(self.content, reading)
        periods = periods_across(header) if shape == Shape.WIDE_PERIODS else {}
        mapping = posted_mapping(_plain(data), shape, len(header), periods)
        typed = {**mapping.subject_names, **self.typed.codes}
        mapping = replace(mapping, subject_names=typed)
        reasons = why_kept(self.content, self.names, guess, mapping)
        chosen = Chosen(reading, mapping, guess.reasons, reasons, guess.unsure, tuple(header))
        return Posted(chosen, True)

    def _forms(
        self, file: MappedFile, data: QueryDict, *, is_bound: bool = False
    ) -> tuple[ReadingForm, MappingForm]:
        chosen = file.chosen
        reading = {**chosen.reading.as_plain(), "date_order": chosen.reading.date_order.value}
        for name in chosen.unsure:
            reading[name] = data.get(name, "")
        return (
            ReadingForm(
                data if is_bound else None,
                initial=reading,
                received=self.received,
                reasons=chosen.reading_reasons,
                unsure=chosen.unsure,
            ),
            MappingForm(
                data if is_bound else None,
                header=chosen.header,
                names=self.names,
                mapping=chosen.mapping,
                reasons=chosen.mapping_reasons,
                asks_about_money=file.asks_about_money,
            ),
        )

    def _page(
        self,
        file: MappedFile,
        forms: tuple[ReadingForm, MappingForm],
        *,
        notice: str = "",
        status: int = 200,
    ) -> HttpResponse:
        chosen = file.chosen
        unknown_metrics, unknown_subjects = (
            file.survey.unknown_metrics,
            file.survey.unknown_subjects,
        )
        return self._rendered(
            {
                "file": file,
                "table": file.table,
                "survey": file.survey,
                "reading_form": forms[0],
                "mapping_form": forms[1],
                "notice": notice,
                "is_wide_metrics": chosen.mapping.shape == Shape.WIDE_METRICS,
                "shown": {
                    "table": table_key(chosen.reading),
                    "header_row": chosen.reading.header_row,
                    "shape": chosen.mapping.shape.value,
                },
                "metric_names": _named(METRIC_NAME, unknown_metrics, chosen.mapping.metric_names),
                "subject_names": _named(
                    SUBJECT_NAME, unknown_subjects, chosen.mapping.subject_names, self.typed
                ),
            },
            status,
        )

    def _unreadable(self, data: QueryDict, problem: str) -> HttpResponse:
        """The choices alone: read otherwise the file may well be fine."""
        reading = posted_reading(_plain(data), _plain_guess(self.content, self.received))
        form = ReadingForm(
            initial={**reading.as_plain(), "date_order": reading.date_order.value},
            received=self.received,
            reasons={},
        )
        context = {"reading_form": form, "problem": problem, "shown": {}}
        return self._rendered(context, 422 if data.get("step") == CHECK else 200)

    def _rendered(self, context: dict[str, Any], status: int) -> HttpResponse:
        is_part = is_asked_for(self.request, PART)
        template = f"dashboards/{'_import_mapping' if is_part else 'import_mapping'}.html"
        everything = {
            "batch": self.batch,
            "received": self.received,
            "names": self.names,
            "across_name": ACROSS,
            "leave_out": LEAVE_OUT,
            "has_all_subjects": len(self.names.subjects) <= SUBJECTS_IN_A_LIST,
            "crumbs": [(_("Imports"), reverse("import_list"))],
            **context,
        }
        response = render(self.request, template, everything, status=status)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response


@dataclass(frozen=True, slots=True)
class NameChoice:
    """An unknown name with what may be chosen for it, and what is."""

    field: str
    unknown: UnknownName
    chosen: str
    typed_field: str = ""
    typed: str = ""
    """What is typed instead: the code of a subject that is not among those to choose from."""
    problem: str = ""


def _named(
    beginning: str,
    unknown: tuple[UnknownName, ...],
    chosen: dict[str, str],
    typed: TypedSubjects | None = None,
) -> list[NameChoice]:
    """What differs by spelling alone is chosen already; for the rest a person chooses."""
    choices = []
    for name in unknown:
        code = chosen.get(name.text)
        shown = name.likeliest if code is None else code or LEAVE_OUT
        choice = NameChoice(f"{beginning}{name.text}", name, shown)
        if typed is not None:
            is_near = any(near.code == code for near in name.near)
            choice = replace(
                choice,
                typed_field=f"{SUBJECT_TYPED}{name.text}",
                typed="" if not code or is_near else code,
                problem=typed.problems.get(name.text, ""),
            )
        choices.append(choice)
    return choices


def table_key(reading: Reading) -> str:
    """What makes another table of a file; decimals and dates only make other values of it."""
    plain = replace(reading, header_row=1)
    return f"{plain.sheet}|{plain.encoding}|{plain.delimiter}|{plain.is_turned}"


def _plain(data: QueryDict) -> dict[str, str]:
    return {name: str(data[name]) for name in data}


def _shape(data: QueryDict) -> Shape:
    value = data.get("shape", "")
    return Shape(value) if value in [shape.value for shape in Shape] else Shape.LONG


def _plain_guess(content: bytes, received: Received) -> Reading:
    sheets = received.sheets
    return Reading(sheet=sheets[0].name if sheets else "")
