"""A subscription in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dashboards.models import Rhythm, Subscription, Weekday


def rhythm_words(subscription: Subscription) -> str:
    """`every Monday at 07:00 (Europe/Berlin)`."""
    facts = {"hour": f"{subscription.hour:02}:00", "zone": subscription.time_zone}
    if subscription.rhythm == Rhythm.WEEKLY and subscription.weekday is not None:
        facts["day"] = str(Weekday(subscription.weekday).label)
        return _("every %(day)s at %(hour)s (%(zone)s)") % facts
    if subscription.rhythm == Rhythm.MONTHLY:
        facts["day"] = str(subscription.day)
        if subscription.day == 31:
            return _("on the last day of each month at %(hour)s (%(zone)s)") % facts
        return _("each month on day %(day)s at %(hour)s (%(zone)s)") % facts
    return _("when a month is closed, at %(hour)s (%(zone)s)") % facts
