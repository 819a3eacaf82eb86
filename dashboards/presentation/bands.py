"""Bands for the eye: a shape, a word and a colour each, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from metrics.choices import Band


@dataclass(frozen=True)
class BandLimits:
    """Where amber and green begin on a scorecard; for drawing, not for judging."""

    amber_from: float = 50
    green_from: float = 75


@dataclass(frozen=True)
class BandStyle:
    """`shape` is SVG for the page, `symbol` the same shape in a figure."""

    code: str
    colour: str
    """The palette's name of the mark."""
    shape: str
    symbol: str
    band: Band | None = None

    @property
    def word(self) -> str:
        return _("Not measured") if self.band is None else str(self.band.label)


_RING = '<circle cx="5" cy="5" r="3.9" fill="none" stroke="currentColor" stroke-width="1.7"/>'
_DISC = '<circle cx="5" cy="5" r="4.6"/>'
_TRIANGLE = '<path d="M5 .4 9.9 9.4H.1z"/>'
_DIAMOND = '<path d="M5 0l5 5-5 5-5-5z"/>'
_DASH = '<path d="M1 5h8" fill="none" stroke="currentColor" stroke-width="1.8"/>'

STYLES = {
    Band.GREEN: BandStyle("green", "green", _DISC, "circle", Band.GREEN),
    Band.AMBER: BandStyle("amber", "amber", _TRIANGLE, "triangle-up", Band.AMBER),
    Band.RED: BandStyle("red", "red", _DIAMOND, "diamond", Band.RED),
    Band.INSUFFICIENT: BandStyle(
        "insufficient", "insufficient", _RING, "circle-open", Band.INSUFFICIENT
    ),
}
NOT_MEASURED = BandStyle("not-measured", "insufficient", _DASH, "line-ew-open")

FROM_GOOD_TO_UNKNOWN = (Band.GREEN, Band.AMBER, Band.RED, Band.INSUFFICIENT)


def style_of(band: Band | int | None) -> BandStyle:
    """Without a band nothing was stored: the subject is not measured there."""
    return NOT_MEASURED if band is None else STYLES[Band(band)]


def heat_step(score: float | None, band: Band | int | None) -> str:
    """The ground of a heat map cell: its band, and how deep inside the band the score lies."""
    style = style_of(band)
    if score is None or style.code not in _DEEPER_PAST:
        return "insufficient" if style.code == "insufficient" else ""
    steps = _DEEPER_PAST[style.code]
    deeper = sum(score >= step if style.code == "green" else score < step for step in steps)
    return f"{style.code}-{1 + deeper}"


# Fixed scores rather than parts of a scorecard's own band, so that the same number has the same
# ground wherever it stands in the same band.
_DEEPER_PAST = {"green": (83, 92), "amber": (62,), "red": (40, 25)}
