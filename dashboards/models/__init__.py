"""What pages keep."""

from dashboards.models.packs import Pack, PackKind
from dashboards.models.subscriptions import Rest, Rhythm, Subscription, SubscriptionMail, Weekday
from dashboards.models.views import SavedView

__all__ = [
    "Pack",
    "PackKind",
    "Rest",
    "Rhythm",
    "SavedView",
    "Subscription",
    "SubscriptionMail",
    "Weekday",
]
