"""Keeping the packs of closed months: made once, from what stood at the closing, and never again.

A pack is made without any lock, because what it tells no longer moves. Both files of a subject are
stored in one statement; whoever comes second finds them there and hands out those.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from celery import current_app
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from dashboards.models import Pack, PackKind
from dashboards.packs.content import PackContent, data_hash
from dashboards.packs.reading import PACK_KINDS, content_of
from dashboards.packs.writing import write_pack
from dashboards.presentation.months import month_name
from metrics.models import MonthClosing, Score
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month

logger = logging.getLogger(__name__)

MONTHS_MADE_AT_ONCE = 12
"""Of so many closed months the organisation's packs are made by themselves, the latest first."""


def keep_packs(closing: MonthClosing, subject: Subject, *, by: User | None) -> list[Pack]:
    """The packs of a closing, in all forms; made and kept if they are not there yet."""
    _refuse_without_pack(closing, subject)
    kept = packs_of(closing, subject)
    if len(kept) == len(PackKind):
        return kept
    content = content_of(subject, closing.month, closing)
    if not content.score.overall.is_measured:
        raise ValidationError(
            _("%(subject)s has no scores in %(month)s, so there is nothing to tell.")
            % {"subject": subject, "month": month_name(closing.month)},
            code="empty",
        )
    made = [_pack(closing, subject, kind, content, by) for kind in PackKind]
    with transaction.atomic():
        Pack.objects.bulk_create(made, ignore_conflicts=True)
        return packs_of(closing, subject)


def _refuse_without_pack(closing: MonthClosing, subject: Subject) -> None:
    if subject.kind not in PACK_KINDS:
        raise ValidationError(
            _(
                "There are packs of the organisation, of portfolios and of segments;"
                " %(subject)s is none of these."
            )
            % {"subject": subject},
            code="kind",
        )
    if closing.pk is None:
        raise ValidationError(_("Only a closed month has a pack that is kept."), code="open")


def packs_of(closing: MonthClosing, subject: Subject) -> list[Pack]:
    """Without their content, by kind."""
    rows = Pack.objects.filter(closing=closing, subject=subject).defer("content")
    return list(rows.order_by("kind"))


def _pack(
    closing: MonthClosing, subject: Subject, kind: PackKind, content: PackContent, by: User | None
) -> Pack:
    written, data = write_pack(content, kind), content.as_data()
    return Pack(
        closing=closing,
        subject=subject,
        kind=kind,
        content=written,
        size=len(written),
        sha256=hashlib.sha256(written).hexdigest(),
        data=data,
        data_sha256=data_hash(data),
        made_by=by,
    )


def pack_now(subject: Subject, month: Month, kind: str) -> bytes:
    """The pack of an open month as it stands now; it is not kept."""
    return write_pack(content_of(subject, month, None), kind)


def make_missing_packs() -> int:
    """Make the organisation's packs of the latest closed months that have none; how many."""
    organisation = Subject.objects.filter(kind=SubjectKind.ORGANISATION).first()
    if organisation is None:
        return 0
    made = 0
    for closing in _closings_without_pack(organisation):
        keep_packs(closing, organisation, by=closing.closed_by)
        made += len(PackKind)
    return made


def _closings_without_pack(organisation: Subject) -> list[MonthClosing]:
    closings = list(
        MonthClosing.objects.in_force()
        .select_related("closed_by")
        .order_by("-month")[:MONTHS_MADE_AT_ONCE]
    )
    there = Pack.objects.filter(subject=organisation, closing__in=closings)
    kept = set(there.values_list("closing", "kind"))
    scores = Score.objects.filter(subject=organisation, month__in=[row.month for row in closings])
    scored = set(scores.values_list("month", flat=True))
    return [
        closing
        for closing in closings
        if closing.month in scored
        and any((closing.pk, kind) not in kept for kind in PackKind.values)
    ]


def ask_for_packs(**_: Any) -> None:
    """Receives `months_closed`: wake a worker; if none can be reached, the nightly task comes."""
    try:
        current_app.send_task("dashboards.tasks.make_packs_task", retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be woken (%s); packs are made when asked for.", error)
