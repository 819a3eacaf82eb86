"""Saving and deleting scorecards and their lines."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from metrics.models import Scorecard, ScorecardLine
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
        users = (
            "1 subject has it as its own. Give it"
            if assigned == 1
            else f"{assigned} subjects have it as their own. Give them"
        )
        raise ValidationError(
            f"{scorecard} can't be deleted: {users} another one first.", code="used"
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
