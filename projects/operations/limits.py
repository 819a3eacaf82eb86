"""Limiting people to portfolios, and letting them see everything again."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from projects.models import Portfolio, PortfolioLimit
from projects.operations.recording import delete_recorded, save_recorded, stored


@transaction.atomic
def limit_person(
    user: User, *, portfolios: Iterable[Portfolio], by: User | None, reason: str = ""
) -> None:
    """Let a person see these portfolios and nothing else; without any they see everything again."""
    wanted = {portfolio.pk: portfolio for portfolio in portfolios}
    held = {row.portfolio_id: row for row in _limits_of(user)}
    for pk in wanted.keys() - held.keys():
        save_limit(PortfolioLimit(user=user, portfolio=wanted[pk]), by=by, reason=reason)
    for pk in held.keys() - wanted.keys():
        delete_limit(held[pk], by=by, reason=reason)


@transaction.atomic
def save_limit(limit: PortfolioLimit, *, by: User | None, reason: str = "") -> PortfolioLimit:
    """Limit a person to one portfolio, beside others that they may be limited to."""
    before = stored(limit)
    changed = save_recorded(limit, before=before, by=by, reason=reason)
    if changed:
        _note_change(*{row.user_id for row in (before, limit) if row is not None})
    return limit


@transaction.atomic
def delete_limit(limit: PortfolioLimit, *, by: User | None, reason: str = "") -> None:
    """Take a portfolio from a person's limit; with the last one gone they see everything."""
    user_id = limit.user_id
    delete_recorded(limit, by=by, reason=reason)
    _note_change(user_id)


def _limits_of(user: User) -> list[PortfolioLimit]:
    """Locked, so that two who change them at once come one after the other."""
    rows = PortfolioLimit.objects.select_for_update(of=("self",))
    return list(rows.select_related("portfolio").filter(user=user).order_by("pk"))


def _note_change(*user_ids: int) -> None:
    """The other rows know of it too. It is no change of theirs, so that no history tells it."""
    PortfolioLimit.objects.filter(user__in=user_ids).update(changed_at=timezone.now())
