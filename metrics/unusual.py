"""Values far from their series' past: questioned before they are stored, never refused.

The rule, in this order; the first that applies asks:

1. **Sign.** All values so far were on one side of zero (zero itself is neither), and this one is on
   the other.
2. **Decimal slip.** The value is about 10, 100, 1000, ... times the median, or about a tenth, a
   hundredth, ... of it: within a factor of 1.6, which is what ordinary values of such a series
   differ by. Not asked about values near the past range (its usual spread and a fifth of the median
   beyond it), nor in a series whose spread exceeds its median and which so has no usual size.
3. **Far outside.** Its modified z-score is above 5, and it lies further outside the range of the
   past values than that range is wide. The modified z-score is
   0.6745 * (value - median) / MAD, the median and the median absolute deviation standing in for
   mean and standard deviation, which outliers spoil; where more than half of the values are equal
   and the MAD is 0, (value - median) / (1.2533 * mean absolute deviation). Source: Iglewicz and
   Hoaglin, "How to Detect and Handle Outliers" (ASQC, 1993), as in the NIST/SEMATECH e-Handbook of
   Statistical Methods, 1.3.5.17. They label values above 3.5; a question costs attention,
   so that ours come at 5, only beyond the range, and for steady series not at every stir: by more
   than a tenth of the median.

A value within the range of the past is never questioned. Short pasts say little and are quiet:
rules 1 and 2 need three values, rule 3 six. A series without any spread has no scale for rule 3.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean, median

from django.utils.translation import gettext

from metrics.models import Measurement
from metrics.validation.numbers import number_text

FEWEST_FOR_SLIPS = 3
FEWEST_FOR_SPREAD = 6
LATEST_COMPARED = 24
"""How many values before a period are its past; what is older says little about today."""

FAR = 5.0
MAD_OF_NORMAL = 0.6745
MEAN_DEVIATION_OF_NORMAL = 1.2533
SLACK = 0.2
NEAR_A_POWER = 0.2
"""Of the logarithm: a factor of 1.6."""
STIR = 0.1
LARGEST_SLIP = 6

PAIRS_AT_ONCE = 5_000

Pair = tuple[int, int]
"""Keys of a metric and a subject."""


class Oddity(StrEnum):
    """What is unusual about a value."""

    SIGN = "sign"
    SLIP = "slip"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked about a value before it is stored."""

    oddity: Oddity
    value: float
    usual: float
    """The median of the past."""
    lowest: float
    highest: float
    power: int = 0
    """Of a slip: 1 = ten times the usual, -2 = a hundredth of it."""

    @property
    def sentence(self) -> str:
        """Ends with a question that "yes" stores."""
        value, usual = number_text(self.value), _rounded(self.usual)
        if self.oddity == Oddity.SIGN:
            if self.value < 0:
                sentence = gettext(
                    "%(value)s is below zero; all values so far are above it (usual %(usual)s)."
                    " Is %(value)s right?"
                )
            else:
                sentence = gettext(
                    "%(value)s is above zero; all values so far are below it (usual %(usual)s)."
                    " Is %(value)s right?"
                )
            return sentence % {"value": value, "usual": usual}
        if self.oddity == Oddity.SLIP:
            return _slip_sentence(self.power) % {
                "factor": f"{10 ** abs(self.power):,}",
                "usual": usual,
                "value": value,
            }
        return gettext(
            "Far from the values so far, %(lowest)s to %(highest)s (usual %(usual)s). Is"
            " %(value)s right?"
        ) % {
            "lowest": _rounded(self.lowest),
            "highest": _rounded(self.highest),
            "usual": usual,
            "value": value,
        }


def _slip_sentence(power: int) -> str:
    if power > 0:
        return gettext("About %(factor)s times the usual %(usual)s. Is %(value)s right?")
    match power:
        case -1:
            return gettext("About a tenth of the usual %(usual)s. Is %(value)s right?")
        case -2:
            return gettext("About a hundredth of the usual %(usual)s. Is %(value)s right?")
        case -3:
            return gettext("About a thousandth of the usual %(usual)s. Is %(value)s right?")
    return gettext("About 1/%(factor)s of the usual %(usual)s. Is %(value)s right?")


def _rounded(number: float) -> str:
    """Four digits are enough to recognise a value by."""
    return number_text(float(f"{number:.4g}"))


def unusual(value: float, past: Sequence[float]) -> Question | None:
    """The question that a value raises beside the other values of its series, if any."""
    if len(past) < FEWEST_FOR_SLIPS:
        return None
    lowest, highest = min(past), max(past)
    if lowest <= value <= highest:
        return None
    usual = median(past)
    if _has_another_sign(value, past):
        return Question(Oddity.SIGN, value, usual, lowest, highest)
    spread = _spread(past, usual)
    if power := _slip(value, usual, lowest, highest, spread):
        return Question(Oddity.SLIP, value, usual, lowest, highest, power)
    if len(past) >= FEWEST_FOR_SPREAD and spread > 0 and abs(value - usual) > FAR * spread:
        outside = lowest - value if value < lowest else value - highest
        if outside > max(highest - lowest, STIR * abs(usual)):
            return Question(Oddity.FAR, value, usual, lowest, highest)
    return None


def _has_another_sign(value: float, past: Sequence[float]) -> bool:
    signs = [math.copysign(1, number) for number in past if number]
    if not value or len(signs) < FEWEST_FOR_SLIPS:
        return False
    return len(set(signs)) == 1 and signs[0] != math.copysign(1, value)


def _spread(past: Sequence[float], usual: float) -> float:
    """What one standard deviation would be, by measures that a few wild values don't move."""
    distances = [abs(number - usual) for number in past]
    by_median = median(distances) / MAD_OF_NORMAL
    return by_median or fmean(distances) * MEAN_DEVIATION_OF_NORMAL


def _slip(value: float, usual: float, lowest: float, highest: float, spread: float) -> int:
    """The power of ten by which the decimal sign seems to have moved, else 0."""
    slack = spread + SLACK * abs(usual)
    is_near = lowest - slack <= value <= highest + slack
    if not value or not usual or is_near or spread > abs(usual):
        return 0
    ratio = abs(value / usual)
    if not 0 < ratio < math.inf:
        return 0
    power = round(math.log10(ratio))
    is_power = abs(math.log10(ratio) - power) <= NEAR_A_POWER
    return power if is_power and 1 <= abs(power) <= LARGEST_SLIP else 0


class PastValues:
    """The other values of many series, from which the past of any period is taken."""

    def __init__(self, rows: Iterable[tuple[int, int, date, float]]) -> None:
        """Rows of metric, subject, start of the period and value, in the order of the periods."""
        self._starts: dict[Pair, list[date]] = defaultdict(list)
        self._values: dict[Pair, list[float]] = defaultdict(list)
        for metric_id, subject_id, start, value in rows:
            self._starts[metric_id, subject_id].append(start)
            self._values[metric_id, subject_id].append(value)

    def of(self, metric_id: int, subject_id: int, start: date) -> list[float]:
        """What a value of the period is compared with: never with what the period itself holds.

        The latest values before it; where there are few, those after it as well.
        """
        pair = (metric_id, subject_id)
        starts, values = self._starts.get(pair, []), self._values.get(pair, [])
        place = bisect_left(starts, start)
        before = values[max(place - LATEST_COMPARED, 0) : place]
        if len(before) >= FEWEST_FOR_SPREAD:
            return before
        after = place + (place < len(starts) and starts[place] == start)
        return [*before, *values[after : after + LATEST_COMPARED - len(before)]]


def past_values(pairs: Collection[Pair]) -> PastValues:
    """The values of many series, in one query for every few thousand subjects."""
    wanted = set(pairs)
    subjects: Mapping[int, None] = dict.fromkeys(sorted(subject for _, subject in wanted))
    metrics = sorted({metric for metric, _ in wanted})
    keys = list(subjects)
    rows: list[tuple[int, int, date, float]] = []
    for start in range(0, len(keys), PAIRS_AT_ONCE):
        rows += (
            row
            for row in Measurement.objects.filter(
                metric__in=metrics, subject__in=keys[start : start + PAIRS_AT_ONCE]
            )
            .order_by("metric_id", "subject_id", "period_start")
            .values_list("metric_id", "subject_id", "period_start", "value")
            if row[:2] in wanted
        )
    return PastValues(rows)
