"""All subjects of a kind, and what is missing about each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Case, Combinable, When
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics.models import Scorecard
from projects.choices import ProjectStage, SubjectKind
from projects.models import (
    SUBJECT_MODELS,
    Engagement,
    Offer,
    Portfolio,
    Project,
    Subject,
)
from projects.months import Month

SUBJECTS_PER_PAGE = 50

KEPT_KINDS = tuple(kind for kind in SubjectKind if kind != SubjectKind.ENGAGEMENT)
"""Engagements follow from the links between projects and segments."""

WEIGHED_KINDS = (SubjectKind.PROJECT, SubjectKind.SEGMENT, SubjectKind.CUSTOMER)

PLACE_OF: Mapping[str, tuple[str, Promise]] = {
    SubjectKind.PORTFOLIO: ("parent", _("Lies in")),
    SubjectKind.PROJECT: ("portfolio", _("Portfolio")),
    SubjectKind.CUSTOMER: ("segment", _("Segment")),
}
"""The field that says where a subject lies, and its heading."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing about a subject: `word` in its row, `label` among the filters."""

    key: str
    word: Promise
    label: Promise
    condition: Any


def _missing(*names: str) -> Q:
    condition = Q()
    for name in names:
        condition |= Q(**{name: ""})
    return condition


NO_SCORECARD = "scorecard"
_SCORECARD = Lack(NO_SCORECARD, _("no scorecard"), _("No scorecard"), None)
_MEASURED_FROM = Lack(
    "measured_from",
    _("no measured-from"),
    _("No “measured from”"),
    Q(active_from=None),
)
_EVERYBODY = (_SCORECARD, _MEASURED_FROM)

LACKS: Mapping[str, tuple[Lack, ...]] = {
    SubjectKind.ORGANISATION: (_SCORECARD,),
    SubjectKind.PORTFOLIO: (
        Lack(
            "projects",
            _("nothing in it"),
            _("No project or portfolio in it"),
            ~Exists(Project.objects.filter(portfolio=OuterRef("pk")))
            & ~Exists(Portfolio.objects.filter(parent=OuterRef("pk"))),
        ),
        *_EVERYBODY,
    ),
    SubjectKind.PROJECT: (
        Lack(
            "segment",
            _("no segment"),
            _("No segment linked"),
            ~Exists(Engagement.objects.filter(project=OuterRef("pk"))),
        ),
        Lack(
            "answers",
            _("strategy not answered"),
            _("Strategy not answered"),
            _missing("customer_experience", "relationship_effect", "revenue_effect"),
        ),
        *_EVERYBODY,
    ),
    SubjectKind.SEGMENT: (
        Lack(
            "served",
            _("nobody serves it"),
            _("No project or service"),
            ~Exists(Engagement.objects.filter(segment=OuterRef("pk")))
            & ~Exists(Offer.objects.filter(segment=OuterRef("pk"))),
        ),
        Lack(
            "answers", _("no value proposition"), _("No value proposition"), Q(value_proposition="")
        ),
        *_EVERYBODY,
    ),
    SubjectKind.CUSTOMER: _EVERYBODY,
    SubjectKind.SERVICE: (
        Lack(
            "segment",
            _("no segment"),
            _("Offered to no segment"),
            ~Exists(Offer.objects.filter(service=OuterRef("pk"))),
        ),
        Lack(
            "answers", _("no value proposition"), _("No value proposition"), Q(value_proposition="")
        ),
        *_EVERYBODY,
    ),
}


@dataclass(frozen=True, slots=True)
class SubjectFilter:
    """What to show; blank is no limit. `portfolios` are keys, None is all of them."""

    text: str = ""
    portfolios: Collection[int] | None = None
    segment: str = ""
    measured_in: Month | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class SubjectRow:
    code: str
    name: str
    place: str
    place_code: str
    stage: str
    weight: float | None
    active_from: Month | None
    active_until: Month | None
    scorecard: str
    """The name of its own scorecard; blank = its kind's default."""
    lacks: tuple[Lack, ...]

    @property
    def stage_label(self) -> str:
        return str(ProjectStage(self.stage).label) if self.stage else ""


@dataclass(frozen=True, slots=True)
class KindTab:
    kind: SubjectKind
    count: int


SORT_KEYS = ("name", "code", "place", "stage", "weight", "from", "until")
DEFAULT_SORT = "name"


def kind_tabs() -> list[KindTab]:
    """The kinds, and how many there are of each."""
    counts = dict(
        Subject.objects.order_by()
        .values_list("kind")
        .annotate(number=Count("pk"))
        .values_list("kind", "number")
    )
    return [KindTab(kind, counts.get(kind.value, 0)) for kind in KEPT_KINDS]


def sort_in_force(kind: str, wanted: str) -> str:
    key = wanted.removeprefix("-")
    known = key in SORT_KEYS and (
        (key != "place" or kind in PLACE_OF)
        and (key != "stage" or kind == SubjectKind.PROJECT)
        and (key != "weight" or kind in WEIGHED_KINDS)
    )
    return wanted if known else DEFAULT_SORT


def subject_page(
    kind: SubjectKind,
    chosen: SubjectFilter,
    *,
    sort: str = DEFAULT_SORT,
    number: str = "1",
    per_page: int = SUBJECTS_PER_PAGE,
) -> Page[SubjectRow]:
    """A page of the subjects of a kind that pass the filter."""
    has_default = Scorecard.objects.filter(subject_kind=kind, is_default=True).exists()
    rows = _filtered(kind, chosen, has_default).annotate(
        own_scorecard=F("scorecard_assignment__scorecard__name"),
        **{f"lacks_{lack.key}": _as_fact(lack, has_default) for lack in LACKS[kind]},
    )
    names = ["code", "name", "active_from", "active_until", "own_scorecard"]
    names += [f"lacks_{lack.key}" for lack in LACKS[kind]]
    if kind in WEIGHED_KINDS:
        names.append("weight")
    if kind == SubjectKind.PROJECT:
        names.append("stage")
    if kind in PLACE_OF:
        place = PLACE_OF[kind][0]
        names += [f"{place}__name", f"{place}__code"]
    ordered = rows.order_by(_order(kind, sort), "code").values(*names)
    page: Page[Any] = Paginator(ordered, per_page).get_page(number)
    page.object_list = [_row(kind, values) for values in page.object_list]
    return page


def _filtered(kind: SubjectKind, chosen: SubjectFilter, has_default: bool) -> QuerySet[Any]:
    rows: QuerySet[Any] = SUBJECT_MODELS[kind]._default_manager.all()
    if chosen.measured_in is not None:
        month = chosen.measured_in
        rows = rows.filter(
            Q(active_from=None) | Q(active_from__lte=month),
            Q(active_until=None) | Q(active_until__gte=month),
        )
    for word in chosen.text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(code__icontains=word))
    if chosen.portfolios is not None:
        if kind == SubjectKind.PROJECT:
            rows = rows.filter(portfolio__in=chosen.portfolios)
        elif kind == SubjectKind.PORTFOLIO:
            rows = rows.filter(pk__in=chosen.portfolios)
    if chosen.segment:
        rows = _of_segment(kind, rows, chosen.segment)
    for lack in LACKS[kind]:
        if lack.key == chosen.lacks:
            rows = rows.filter(_condition(lack, has_default))
    return rows


def _of_segment(kind: SubjectKind, rows: QuerySet[Any], segment: str) -> QuerySet[Any]:
    if kind == SubjectKind.PROJECT:
        links = Engagement.objects.filter(project=OuterRef("pk"), segment__code=segment)
        return rows.filter(Exists(links))
    if kind == SubjectKind.SERVICE:
        return rows.filter(
            Exists(Offer.objects.filter(service=OuterRef("pk"), segment__code=segment))
        )
    return rows.filter(segment__code=segment) if kind == SubjectKind.CUSTOMER else rows


def _condition(lack: Lack, has_default: bool) -> Any:
    """Whoever has no scorecard of its own uses its kind's default, if there is one."""
    if lack.key != NO_SCORECARD:
        return lack.condition
    # A condition that holds for nobody: a subject without a key.
    return Q(pk=None) if has_default else Q(scorecard_assignment=None)


def _as_fact(lack: Lack, has_default: bool) -> Combinable:
    return Case(
        When(_condition(lack, has_default), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )


def _row(kind: SubjectKind, values: Mapping[str, Any]) -> SubjectRow:
    place = PLACE_OF[kind][0] if kind in PLACE_OF else ""
    return SubjectRow(
        code=values["code"],
        name=values["name"],
        place=values.get(f"{place}__name") or "",
        place_code=values.get(f"{place}__code") or "",
        stage=values.get("stage", ""),
        weight=values.get("weight"),
        active_from=values["active_from"],
        active_until=values["active_until"],
        scorecard=values["own_scorecard"] or "",
        lacks=tuple(lack for lack in LACKS[kind] if values[f"lacks_{lack.key}"]),
    )


_STAGES = Case(*(When(stage=stage, then=Value(at)) for at, stage in enumerate(ProjectStage)))


def _order(kind: str, sort: str) -> Any:
    key = sort.removeprefix("-")
    expression: Any = {
        "name": Lower("name"),
        "code": Lower("code"),
        "stage": _STAGES,
        "weight": F("weight"),
        "from": F("active_from"),
        "until": F("active_until"),
    }.get(key)
    if key == "place":
        expression = Lower(f"{PLACE_OF[kind][0]}__name")
    # Blank is since ever at one end of a span and open at the other.
    falls, blank_is_early = sort.startswith("-"), key == "from"
    place = {"nulls_last" if falls == blank_is_early else "nulls_first": True}
    if key == "place":
        place = {"nulls_last": True}
    return expression.desc(**place) if falls else expression.asc(**place)
