"""The last page of a pack: its words explained to somebody who has never seen the portal."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from dashboards.packs.blocks import PackPage, Terms
from dashboards.packs.content import PackContent
from dashboards.packs.wording import band_shape, band_word
from metrics.choices import Band


def how_to_read(content: PackContent) -> PackPage:
    return PackPage(
        "reading",
        _("How to read this pack"),
        _("A score says how good, its coverage how sure"),
        (Terms((*_words(), (_("State"), _state(content)))),),
    )


def _words() -> Iterator[tuple[str, str]]:
    yield (
        _("Score"),
        _(
            "From 0 to 100. Each value becomes a score by its metric's curve; scores are means,"
            " weighted by importance and by evidence."
        ),
    )
    yield (
        _("Coverage"),
        _(
            "How much of what is expected is known. A value that is not renewed fades before it"
            " stops counting. Unknown is never counted as 0."
        ),
    )
    yield (
        _("Possible"),
        _(
            "From what the score would be if everything missing stood at 0, to what it would be"
            " if that stood at 100."
        ),
    )
    yield (_("Bands"), _bands())
    yield (
        _("Balance"),
        _(
            "The overall score is lower than the plain mean when a category is neglected; the"
            " bridge names that part balance."
        ),
    )
    yield (
        _("Bridge"),
        _(
            "From one month's overall score to the next: what each category added or took away,"
            " exactly."
        ),
    )
    yield (
        _("Rises and falls"),
        _(
            "With a new value behind them. What moved without one is told apart: values faded or"
            " stopped counting, or members came and went."
        ),
    )
    yield (
        _("Costs in points"),
        _(
            "By how much a subject lowers the organisation's overall score, compared with being"
            " green in every category."
        ),
    )
    yield (
        _("Four categories"),
        _(
            "Tactical: how efficiently we work. Value creation: what customers gain beyond"
            " revenue. Longevity: people, culture, tenure, innovation. Financial: renewals,"
            " growth, cash, cost, profit. Financial scores are never shown without the other"
            " three."
        ),
    )
    yield (_("Money"), _("Always with its currency, never added across currencies."))


def _bands() -> str:
    shapes = [(band_shape(band), band_word(band).lower()) for band in (*reversed(Band), None)]
    told = ", ".join(f"{shape} {word}" for shape, word in shapes)
    return _(
        "%(bands)s. Insufficient: too little is known for a score. Nothing is green while a"
        " category that counts has no score."
    ) % {"bands": told}


def _state(content: PackContent) -> str:
    if not content.is_closed:
        return _(
            "The month is not closed. Values may still come in or be corrected, and these scores"
            " may change; this pack is not kept."
        )
    return _(
        "The month is closed. This pack is kept as it is and handed out unchanged; the hash on its"
        " first page is that of its data, by the definitions, names and values of the closing. If"
        " the month is reopened and closed again, a new pack stands beside it."
    )
