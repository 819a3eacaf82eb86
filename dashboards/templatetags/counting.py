"""What the reader's language says of numbers and days: `{% load counting %}`."""

from __future__ import annotations

import json

from django import template
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import ngettext

from dashboards.presentation.numbers import grouped
from projects.choices import SubjectKind

register = template.Library()


@register.simple_tag
def calendar_names() -> str:
    """Names of months and days as the chart library takes them: JSON for a `data-*`."""
    sunday_first = (6, 0, 1, 2, 3, 4, 5)
    return json.dumps(
        {
            "months": [str(MONTHS[number]) for number in range(1, 13)],
            "shortMonths": [str(MONTHS_3[number]).title() for number in range(1, 13)],
            "days": [str(WEEKDAYS[number]) for number in sunday_first],
            "shortDays": [str(WEEKDAYS_ABBR[number]) for number in sunday_first],
        },
        ensure_ascii=False,
    )


@register.filter
def counted_kind(number: int, kind: str) -> str:
    """`3 projects`, by what is counted: `{{ row.count|counted_kind:row.kind }}`."""
    return _words(SubjectKind(kind), number) % {"number": grouped(number)}


def _words(kind: SubjectKind, number: int) -> str:
    """Whole phrases, so that a language can decline each noun as it likes."""
    return {
        SubjectKind.ORGANISATION: ngettext(
            "%(number)s organisation", "%(number)s organisations", number
        ),
        SubjectKind.PORTFOLIO: ngettext("%(number)s portfolio", "%(number)s portfolios", number),
        SubjectKind.PROJECT: ngettext("%(number)s project", "%(number)s projects", number),
        SubjectKind.SEGMENT: ngettext("%(number)s segment", "%(number)s segments", number),
        SubjectKind.CUSTOMER: ngettext("%(number)s customer", "%(number)s customers", number),
        SubjectKind.SERVICE: ngettext("%(number)s service", "%(number)s services", number),
        SubjectKind.ENGAGEMENT: ngettext("%(number)s engagement", "%(number)s engagements", number),
    }[kind]
