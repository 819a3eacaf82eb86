"""Saving and deleting scorecards and their lines."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.models import MetricDefinition, Scorecard, ScorecardLine
from metrics.operations.concerned import subjects_using
from metrics.operations.rescoring import mark_for_rescoring
from projects.operations.recording import delete_recorded, save_recorded, stored

TEXT_FIELDS = frozenset({"code", "name"})


@transaction.atomic
def save_scorecard(scorecard: Scorecard, *, by: User | None, reason: str = "") -> Scorecard:
    """Create or change a scorecard; the subjects that use it, or did, fall due."""
    before = stored(scorecard)
    concerned = subjects_using([before.pk]) if before else set()
    changed = save_recorded(scorecard, before=before, by=by, reason=reason)
    if changed - TEXT_FIELDS:
        mark_for_rescoring(sorted(concerned | subjects_using([scorecard.pk])))
    return scorecard


@transaction.atomic
def delete_scorecard(scorecard: Scorecard, *, by: User | None, reason: str = "") -> None:
    """Delete a scorecard that no subject has as its own; its kind's default may be missed."""
    stored(scorecard)
    if assigned := scorecard.assignments.count():
        raise ValidationError(
            ngettext(
                "%(scorecard)s can't be deleted: %(number)s subject has it as its own."
                " Give it another one first.",
                "%(scorecard)s can't be deleted: %(number)s subjects have it as their own."
                " Give them another one first.",
                assigned,
            )
            % {"scorecard": scorecard, "number": assigned},
            code="used",
        )
    concerned = subjects_using([scorecard.pk])
    for line in scorecard.lines.select_related("metric", "scorecard"):
        delete_recorded(line, by=by, reason=reason)
    delete_recorded(scorecard, by=by, reason=reason)
    mark_for_rescoring(sorted(concerned))


@transaction.atomic
def save_line(line: ScorecardLine, *, by: User | None, reason: str = "") -> ScorecardLine:
    """Put a metric on a scorecard, or change its weight there."""
    before = stored(line)
    if save_recorded(line, before=before, by=by, reason=reason):
        cards = {row.scorecard_id for row in (before, line) if row}
        mark_for_rescoring(sorted(subjects_using(cards)))
    return line


@transaction.atomic
def delete_line(line: ScorecardLine, *, by: User | None, reason: str = "") -> None:
    """Take a metric off a scorecard."""
    concerned = subjects_using([line.scorecard_id])
    delete_recorded(line, by=by, reason=reason)
    mark_for_rescoring(sorted(concerned))


def version_of(scorecard: Scorecard) -> str:
    """A mark of how a scorecard and its lines stand: another one as soon as anything differs."""
    lines = scorecard.lines.order_by("metric_id").values_list("metric_id", "weight")
    state = [model_to_dict(scorecard), [list(line) for line in lines]]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


@transaction.atomic
def save_scorecard_with_lines(
    scorecard: Scorecard,
    *,
    weights: Mapping[int, float],
    by: User | None,
    reason: str = "",
    seen: str | None = None,
) -> Scorecard:
    """Make a scorecard and its lines just so: `weights` by the metrics' keys, others go.

    Refused (code "overtaken") if `seen`, the version that was looked at, is no longer what stands.
    """
    before = stored(scorecard)
    if before and seen is not None and version_of(before) != seen:
        raise ValidationError(_overtaken(before), code="overtaken")
    concerned = subjects_using([before.pk]) if before else set()
    lines = {line.metric_id: line for line in scorecard.lines.all()} if before else {}
    is_other = False
    # Lines that go are gone before the scorecard is checked against its lines.
    for metric_id in lines.keys() - weights.keys():
        delete_recorded(lines[metric_id], by=by, reason=reason)
        is_other = True
    changed = save_recorded(scorecard, before=before, by=by, reason=reason)
    metrics = MetricDefinition.objects.in_bulk(list(weights))
    for metric_id, weight in weights.items():
        line = lines.get(metric_id) or ScorecardLine(
            scorecard=scorecard, metric=metrics.get(metric_id)
        )
        line_before = copy.copy(line) if line.pk else None
        line.weight = weight
        is_other |= bool(save_recorded(line, before=line_before, by=by, reason=reason))
    if is_other or changed - TEXT_FIELDS:
        mark_for_rescoring(sorted(concerned | subjects_using([scorecard.pk])))
    return scorecard


def _overtaken(scorecard: Scorecard) -> str:
    """Who was faster, as the histories of the scorecard and its lines tell."""
    records = [
        record
        for record in (
            scorecard.history.select_related("history_user").order_by("-history_id").first(),
            ScorecardLine.history.filter(scorecard_id=scorecard.pk)
            .select_related("history_user")
            .order_by("-history_date", "-history_id")
            .first(),
        )
        if record is not None
    ]
    latest = max(records, key=lambda record: record.history_date, default=None)
    if latest is None:
        return _("%(scorecard)s was changed meanwhile. Look at it again before you save.") % {
            "scorecard": scorecard
        }
    who = latest.history_user
    name = _("somebody") if who is None else who.get_full_name() or who.get_username()
    at = timezone.localtime(latest.history_date).strftime("%Y-%m-%d %H:%M")
    return _(
        "Meanwhile %(name)s changed %(scorecard)s (%(at)s). Your form is as you left it,"
        " and nothing of it is saved: look at what stands now before you save."
    ) % {"name": name, "scorecard": scorecard.name, "at": at}
