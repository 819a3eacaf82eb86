"""The packs there are: of one subject and month, and all that are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, QuerySet, Value, When

from dashboards.models import Pack, PackKind
from dashboards.packs.reading import PACK_KINDS
from dashboards.selectors.months import ViewMonth
from metrics.models import MonthClosing, Score
from projects.choices import SubjectKind
from projects.models import Subject
from projects.visibility import current_sight

CLOSINGS_PER_PAGE = 12


@dataclass(frozen=True, slots=True)
class KeptPacks:
    """The files of one closing and subject."""

    closing: MonthClosing
    code: str
    name: str
    files: tuple[Pack, ...]

    @property
    def is_in_force(self) -> bool:
        return self.closing.reopened_at is None

    @property
    def data_sha256(self) -> str:
        return self.files[0].data_sha256 if self.files else ""


@dataclass(frozen=True, slots=True)
class PackChoice:
    """What can be had of a subject and a month."""

    subject: Subject
    is_scored: bool
    kept: tuple[KeptPacks, ...]
    """One for each closing of the month, the latest first; also such as have no files yet."""


def pack_subjects() -> list[Subject]:
    """The organisation, then portfolios, then segments, by name."""
    order = Case(
        *(When(kind=kind, then=Value(place)) for place, kind in enumerate(PACK_KINDS)),
        output_field=IntegerField(),
    )
    if current_sight().is_limited:
        return []
    rows = Subject.objects.filter(kind__in=PACK_KINDS).annotate(place=order)
    return list(rows.order_by("place", "name", "code"))


def pack_choice(subject: Subject, month: ViewMonth) -> PackChoice:
    closings = list(
        MonthClosing.objects.filter(month=month.month)
        .select_related("closed_by", "reopened_by")
        .order_by("-closed_at", "-pk")
    )
    files = _files(Pack.objects.filter(closing__in=closings, subject=subject))
    return PackChoice(
        subject,
        Score.objects.filter(subject=subject, month=month.month).exists(),
        tuple(
            _kept(closing, subject, files.get((closing.pk, subject.pk), ())) for closing in closings
        ),
    )


def kept_packs(number: str | None, *, per_page: int = CLOSINGS_PER_PAGE) -> Page[KeptPacks]:
    """All that are kept, the latest month first."""
    pairs = (
        Pack.objects.filter(kind=PackKind.PDF)
        .order_by("-closing__month", "-closing__closed_at", "subject__name", "pk")
        .values_list("closing_id", "subject_id")
    )
    page: Page = Paginator(pairs, per_page).get_page(number)
    shown = list(page.object_list)
    rows = Pack.objects.filter(
        closing__in={closing for closing, _ in shown}, subject__in={one for _, one in shown}
    ).select_related("closing", "closing__closed_by", "closing__reopened_by", "subject")
    files = _files(rows)
    page.object_list = [
        _kept(files[pair][0].closing, files[pair][0].subject, files[pair]) for pair in shown
    ]
    return page


def _files(rows: QuerySet[Pack]) -> dict[tuple[int, int], tuple[Pack, ...]]:
    """By closing and subject, without what is in them."""
    found: dict[tuple[int, int], list[Pack]] = defaultdict(list)
    for pack in rows.defer("content", "data").order_by("kind"):
        found[pack.closing_id, pack.subject_id].append(pack)
    return {pair: tuple(packs) for pair, packs in found.items()}


def _kept(closing: MonthClosing, subject: Subject, files: Sequence[Pack]) -> KeptPacks:
    return KeptPacks(closing, subject.code, subject.name, tuple(files))


def organisation_first(subjects: Sequence[Subject], wanted: str) -> Subject | None:
    """The subject asked for; without one, or if it is unknown, the organisation."""
    named = next((row for row in subjects if row.code == wanted), None)
    whole = (row for row in subjects if row.kind == SubjectKind.ORGANISATION)
    return named or next(whole, subjects[0] if subjects else None)
