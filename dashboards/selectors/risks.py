"""Which customers are at risk: a rule over stored scores and renewal dates, not a score of its own.

The rule, as the pages tell it (templates/dashboards/_risk_rule.html):

- *At risk*: the overall score is red; or it is amber or falling, and the renewal is near.
- *Unknown risk*: there is no overall score, so nobody can say. Unknown is not safe.
- *Watch*: the score is amber or falling, and the renewal is not near.
- *No sign of risk*: the score is green and not falling.

Falling is a lower band than in the month before, or at least 5 points less. A renewal is near from
90 days before its date until somebody writes a new one: a date that has passed is near, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext, gettext_lazy

from metrics.choices import Band
from metrics.scoring.columns import TOLERANCE

NEAR_DAYS = 90
FALL_POINTS = 5.0


class Risk(TextChoices):
    """The first comes first on a list."""

    AT_RISK = "at_risk", gettext_lazy("At risk")
    UNKNOWN = "unknown", gettext_lazy("Unknown risk")
    WATCH = "watch", gettext_lazy("Watch")
    NO_SIGN = "no_sign", gettext_lazy("No sign of risk")

    @property
    def is_sign(self) -> bool:
        return self != Risk.NO_SIGN


class Renewal(IntEnum):
    """How soon, the most pressing first: a date that nobody knows may be tomorrow."""

    NEAR = 0
    UNKNOWN = 1
    LATER = 2


def renewal_of(renewal_on: date | None, today: date) -> Renewal:
    if renewal_on is None:
        return Renewal.UNKNOWN
    return Renewal.NEAR if renewal_on <= today + timedelta(NEAR_DAYS) else Renewal.LATER


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the rule looks at; `band` is None where nothing is stored of the month."""

    band: Band | None
    renewal: Renewal
    change: float | None = None
    """In points since the month before; None unless both have a score."""
    band_before: Band | None = None

    @property
    def risk(self) -> Risk:
        return risk_of(self)

    @property
    def why(self) -> str:
        return why_risk(self)

    @property
    def is_scored(self) -> bool:
        return self.band is not None and self.band != Band.INSUFFICIENT

    @property
    def has_lost_a_band(self) -> bool:
        return (
            self.band is not None
            and self.band_before is not None
            and Band.INSUFFICIENT < self.band < self.band_before
        )

    @property
    def has_lost_points(self) -> bool:
        return self.change is not None and self.change <= TOLERANCE - FALL_POINTS

    @property
    def is_falling(self) -> bool:
        return self.has_lost_a_band or self.has_lost_points


def risk_of(standing: Standing) -> Risk:
    """The rule at the head of this file."""
    if not standing.is_scored:
        return Risk.UNKNOWN
    if standing.band == Band.RED:
        return Risk.AT_RISK
    if standing.band == Band.GREEN and not standing.is_falling:
        return Risk.NO_SIGN
    return Risk.AT_RISK if standing.renewal == Renewal.NEAR else Risk.WATCH


def why_risk(standing: Standing) -> str:
    """What the rule saw, in a few words: `amber, a band lower, renewal near`."""
    if standing.band is None:
        seen = [gettext("not measured in this month")]
    elif standing.band == Band.INSUFFICIENT:
        seen = [gettext("too little is known")]
    else:
        seen = [str(Band(standing.band).label).lower()]
    if standing.has_lost_a_band:
        seen.append(gettext("a band lower"))
    elif standing.has_lost_points:
        seen.append(gettext("falling"))
    if standing.renewal == Renewal.NEAR:
        seen.append(gettext("renewal near"))
    elif standing.renewal == Renewal.UNKNOWN:
        seen.append(gettext("no renewal date"))
    return ", ".join(seen)
