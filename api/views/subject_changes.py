"""From what a program sends to a subject's row, and what that does to those that it counts in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from api.errors import Refused
from api.shapes.keeping import ABOUT_CHANGES, GO_ON, NEW_SUBJECTS
from api.views.definitions import refused_field, row_of
from metrics.effects import effects_of_change
from metrics.models import MetricDefinition, Scorecard, ScorecardAssignment
from metrics.operations.keeping import SubjectVersion, keep_subject
from metrics.operations.projects import ProjectEnd, delivery_metrics
from projects.choices import ENDED_STAGES, SubjectKind, kind_word
from projects.models import SUBJECT_MODELS, Portfolio, Project, Segment, Subject
from projects.months import Month
from projects.operations.subjects import as_its_kind
from projects.validation import unknown

LINKS: Mapping[str, Any] = {"portfolio": Portfolio, "parent": Portfolio, "segment": Segment}

SPAN_OR_PLACE = frozenset({"active_from", "active_until", "portfolio", "parent", "segment"})
"""What decides how much is expected of a subject, and where its absence is felt."""

BY_ITS_LINK = (
    "An engagement is the link of a project and a segment: change its share under"
    " /api/v1/engagements/."
)
HOW_IT_ENDS = (
    "Say how measuring goes on, in `end`: `measuring` is stop, or go_on for its benefits;"
    " `last_month` the last month of its delivery."
)
NO_END = "Nothing ends here: `end` goes with a `stage` that becomes closed or cancelled."


@dataclass(frozen=True, slots=True)
class Kept:
    """A subject that was saved, and the coverage of what it counts in."""

    subject: Subject
    coverage: list[dict[str, Any]]


def create_subject(body: dict[str, Any], *, by: User) -> Kept:
    kind = body.pop("kind")
    if kind != SubjectKind.ORGANISATION:
        # Since ever on purpose only, as the form has it.
        body.setdefault("active_from", Month.of(timezone.localdate()))
    scorecard = _scorecard(body)
    subject = SUBJECT_MODELS[kind](**_columns(kind, body))

    def save() -> Subject:
        return keep_subject(
            copy.copy(subject), scorecard=scorecard, by=by, reason=body.get("reason", "")
        )

    return _kept(save, tells_coverage=body["tell_coverage"])


def change_subject(subject: Subject, body: dict[str, Any], *, by: User) -> Kept:
    """What is not told stays as it is."""
    found = SubjectVersion.of(subject)
    # Read again behind its version: what came in between would else be put back unseen.
    subject = as_its_kind(subject)
    if subject.kind == SubjectKind.ENGAGEMENT:
        raise Refused.because(BY_ITS_LINK, code="engagement")
    stage_before = getattr(subject, "stage", "")
    own = ScorecardAssignment.objects.filter(subject=subject.pk).select_related("scorecard").first()
    scorecard = _scorecard(body) if "scorecard" in body else None if own is None else own.scorecard
    columns = _columns(subject.kind, body)
    for name, value in columns.items():
        setattr(subject, name, value)
    version = body.get("version")
    seen = found if version is None else SubjectVersion(*map(int, version.split(".")))
    end = _end(subject, stage_before, body.get("end"))
    is_reopened = (
        isinstance(subject, Project)
        and stage_before in ENDED_STAGES
        and subject.stage not in ENDED_STAGES
    )

    def save() -> Subject:
        return keep_subject(
            copy.copy(subject),
            scorecard=scorecard,
            seen=seen,
            end=end,
            open_from=Month.of(timezone.localdate()) if is_reopened else None,
            by=by,
            reason=body.get("reason", ""),
        )

    is_moved = bool(columns.keys() & SPAN_OR_PLACE)
    return _kept(save, tells_coverage=is_moved and body.get("tell_coverage", True))


def version_text(subject: Subject) -> str:
    version = SubjectVersion.of(subject)
    return f"{version.subject}.{version.scorecard}"


def _columns(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the kind's table that are told, with the rows that their codes mean."""
    known = NEW_SUBJECTS[kind]._declared_fields
    columns: dict[str, Any] = {}
    for name, value in body.items():
        if name in ABOUT_CHANGES or name == "scorecard":
            continue
        if name not in known:
            raise refused_field(name, f"This is no field of a {kind_word(kind)}.")
        columns[name] = value
        if name in LINKS and value is not None:
            model = LINKS[name]
            columns[name] = row_of(model, kind_word(model.KIND), value, field=name)
    return columns


def _scorecard(body: Mapping[str, Any]) -> Scorecard | None:
    code = body.get("scorecard")
    return None if code is None else row_of(Scorecard, "scorecard", code)


def _end(subject: Subject, stage_before: str, told: Mapping[str, Any] | None) -> ProjectEnd | None:
    """How measuring goes on after a project's end, which is asked for and never guessed."""
    ends = (
        isinstance(subject, Project)
        and subject.stage in ENDED_STAGES
        and stage_before not in ENDED_STAGES
    )
    if not ends:
        if told is not None:
            raise Refused.because(NO_END, code="end", field="end")
        return None
    if told is None:
        raise Refused.because(HOW_IT_ENDS, code="end", field="end")
    assert isinstance(subject, Project)
    goes_on = told["measuring"] == GO_ON
    exempt = _exempt(subject, told.get("exempt")) if goes_on else ()
    return ProjectEnd(told["last_month"], goes_on, exempt)


def _exempt(project: Project, codes: list[str] | None) -> tuple[MetricDefinition, ...]:
    metrics = delivery_metrics(project)
    if codes is None:
        return tuple(metrics)
    by_code = {metric.code: metric for metric in metrics}
    for code in codes:
        if code not in by_code:
            raise refused_field("end.exempt", unknown("delivery metric of it", code, by_code))
    return tuple(by_code[code] for code in dict.fromkeys(codes))


def _kept(save: Callable[[], Subject], *, tells_coverage: bool) -> Kept:
    # Before it is saved: afterwards there is no side without it to compare with.
    coverage = _coverage(save) if tells_coverage else []
    return Kept(save(), coverage)


def _coverage(save: Callable[[], Subject]) -> list[dict[str, Any]]:
    return [
        {
            "subject": row.subject.code,
            "month": str(row.month),
            "before": row.overall.before.coverage if row.overall.before else None,
            "after": row.overall.after.coverage if row.overall.after else None,
        }
        for row in effects_of_change(save).rows_above
    ]
