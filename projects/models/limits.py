"""Limits of people: whoever has one sees these portfolios with all below, and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.models.portfolios import Portfolio
from projects.validation import FieldErrors, linked


class PortfolioLimit(models.Model):
    """One portfolio that a person is limited to; without any row a person is not limited.

    A portfolio that limits somebody can't be deleted: the last row gone would open everything.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="portfolio_limits",
        verbose_name=_("person"),
    )
    portfolio = models.ForeignKey(
        Portfolio, models.PROTECT, related_name="limits", verbose_name=_("portfolio")
    )
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)
    """When the person's limits were last changed; what was made for them before is closed."""

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("limit to a portfolio")
        verbose_name_plural = _("limits to portfolios")
        ordering = ["user", "portfolio"]
        constraints = [
            models.UniqueConstraint(
                name="one_limit_per_person_and_portfolio",
                fields=["user", "portfolio"],
                violation_error_message=_("This person is limited to this portfolio already."),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(person)s to %(portfolio)s") % {
            "person": self.user.get_username(),
            "portfolio": self.portfolio.code,
        }

    def clean(self) -> None:
        super().clean()
        errors = FieldErrors()
        with errors.of("user"):
            self._check_user()
        errors.raise_any()

    def _check_user(self) -> None:
        """Whoever gives rights and limits could take their own away."""
        user = linked(self, "user")
        if user is None:
            return
        keeps_people = Permission.objects.filter(
            Q(group__user=user) | Q(user=user),
            content_type__app_label="auth",
            codename="change_user",
        )
        if user.is_superuser or keeps_people.exists():
            raise ValidationError(
                gettext("%(person)s is an administrator, and administrators see everything.")
                % {"person": user.get_username()},
                code="administrator",
            )
