"""Are the scores up to date?"""

from __future__ import annotations

from dataclasses import dataclass

from metrics.choices import RunState
from metrics.models import RescoreNeed, ScoreRun


@dataclass(frozen=True, slots=True)
class ScoreStatus:
    """What is still to be answered, and by which run."""

    is_waiting: bool
    run: ScoreRun | None

    @property
    def is_up_to_date(self) -> bool:
        return not self.is_waiting and self.run is None


def score_status() -> ScoreStatus:
    """Whether changes wait to be scored or a run is going on."""
    run = ScoreRun.objects.filter(state=RunState.RUNNING).first()
    return ScoreStatus(RescoreNeed.objects.exists(), run)


def is_answered(subject_id: int) -> bool:
    """Whether no change of this subject waits any more."""
    return not RescoreNeed.objects.filter(subject_id=subject_id).exists()
