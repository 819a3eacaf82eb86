"""Names that Django makes of identifiers, of models and of links between them, in words.

A model without a name of its own, or a field, is called after its identifier; gettext never sees
that. Names that somebody gave are passed on as they are.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_NAMES: dict[str, Promise] = {
    "batch": _("batch"),
    "closing": _("closing"),
    "curve override": _("curve override"),
    "curve overrides": _("curve overrides"),
    "customer": _("customer"),
    "customers": _("customers"),
    "draft measurement": _("draft measurement"),
    "draft measurements": _("draft measurements"),
    "engagement": _("engagement"),
    "engagements": _("engagements"),
    "event": _("event"),
    "events": _("events"),
    "exemption": _("exemption"),
    "exemption proposal": _("exemption proposal"),
    "exemption proposals": _("exemption proposals"),
    "exemptions": _("exemptions"),
    "former no value": _("former no value"),
    "former no values": _("former no values"),
    "measurement": _("measurement"),
    "measurement change": _("measurement change"),
    "measurement changes": _("measurement changes"),
    "measurements": _("measurements"),
    "metric": _("metric"),
    "metric assignment": _("metric assignment"),
    "metric assignments": _("metric assignments"),
    "month": _("month"),
    "month closing": _("month closing"),
    "month closings": _("month closings"),
    "no value": _("no value"),
    "no values": _("no values"),
    "offer": _("offer"),
    "offers": _("offers"),
    "organisation": _("organisation"),
    "organisations": _("organisations"),
    "owner": _("owner"),
    "pack": _("pack"),
    "packs": _("packs"),
    "parent": _("parent"),
    "portfolio": _("portfolio"),
    "portfolios": _("portfolios"),
    "project": _("project"),
    "projects": _("projects"),
    "reported score": _("reported score"),
    "reported scores": _("reported scores"),
    "rescore need": _("rescore need"),
    "rescore needs": _("rescore needs"),
    "saved view": _("saved view"),
    "saved views": _("saved views"),
    "scope": _("scope"),
    "score": _("score"),
    "scorecard": _("scorecard"),
    "scorecard assignment": _("scorecard assignment"),
    "scorecard assignments": _("scorecard assignments"),
    "scorecard line": _("scorecard line"),
    "scorecard lines": _("scorecard lines"),
    "scores": _("scores"),
    "segment": _("segment"),
    "segments": _("segments"),
    "service": _("service"),
    "services": _("services"),
    "subject": _("subject"),
    "subject weight": _("subject weight"),
    "subject weights": _("subject weights"),
    "subscription": _("subscription"),
    "subscriptions": _("subscriptions"),
    "user": _("user"),
}


def in_words(name: str | Promise | None) -> str:
    """A model's or a field's `verbose_name` in the reader's language."""
    return str(_NAMES.get(str(name), name or ""))
