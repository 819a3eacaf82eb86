"""Who gets which pack or view by e-mail, when; and the mails that were written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.models.views import SavedView
from metrics.models import MonthClosing
from metrics.models.mails import OutgoingMail
from projects.fields import MonthField
from projects.models import Subject


class Rhythm(models.TextChoices):
    """When a subscription falls due."""

    WEEKLY = "weekly", _("Every week")
    MONTHLY = "monthly", _("Every month")
    CLOSING = "closing", _("When a month is closed")


class Weekday(models.IntegerChoices):
    """As `datetime.date.weekday` counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Rest(models.TextChoices):
    """Why nothing is sent."""

    STOPPED = "stopped", _("You stopped it.")
    UNSUBSCRIBED = "unsubscribed", _("You stopped it by the link in a mail.")
    BY_ADMINISTRATOR = "by_admin", _("An administrator stopped it.")
    INACTIVE = "inactive", _("Your account was inactive when it fell due.")
    NO_ROLE = "no_role", _("You had no role that reads results when it fell due.")
    NO_ADDRESS = "no_address", _("You had no e-mail address when it fell due.")
    NO_PAGE = "no_page", _("The saved view led to a page that you may not open or that is gone.")
    LIMITED = "limited", _("It would tell of more than you may see.")


class Subscription(models.Model):
    """A pack or a saved view that a person is sent.

    `next_at` is the moment when it falls due next; it moves on in the transaction in which the
    mail is written. One that waits for months to be closed has none: it tells of what was closed
    after `told_until`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    subject = models.ForeignKey(
        Subject,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("pack of"),
    )
    view = models.ForeignKey(
        SavedView,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("saved view"),
    )
    with_pdf = models.BooleanField(_("PDF attached"), default=False)
    with_pptx = models.BooleanField(_("PowerPoint attached"), default=False)
    rhythm = models.CharField(_("how often"), max_length=7, choices=Rhythm)
    weekday = models.PositiveSmallIntegerField(
        _("day of the week"), null=True, blank=True, choices=Weekday
    )
    day = models.PositiveSmallIntegerField(_("day of the month"), null=True, blank=True)
    hour = models.PositiveSmallIntegerField(_("hour"), default=7)
    time_zone = models.CharField(_("time zone"), max_length=64)
    next_at = models.DateTimeField(_("due next"), null=True, blank=True)
    told_until = models.DateTimeField(_("told of closings until"))
    rests = models.CharField(_("rests because"), max_length=12, choices=Rest, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="subscription_of_a_pack_or_a_view",
                condition=Q(subject__isnull=False, view=None)
                | Q(subject=None, view__isnull=False, with_pdf=False, with_pptx=False),
            ),
            models.CheckConstraint(
                name="subscription_day_fits_its_rhythm",
                # A comparison with NULL is unknown, which a check lets pass.
                condition=Q(rhythm=Rhythm.WEEKLY, weekday__isnull=False, weekday__lte=6, day=None)
                | Q(
                    rhythm=Rhythm.MONTHLY,
                    weekday=None,
                    day__isnull=False,
                    day__gte=1,
                    day__lte=31,
                )
                | Q(rhythm=Rhythm.CLOSING, weekday=None, day=None, next_at=None),
            ),
            models.CheckConstraint(name="subscription_hour_known", condition=Q(hour__lte=23)),
            models.CheckConstraint(
                name="subscription_rest_known", condition=Q(rests__in=["", *Rest.values])
            ),
        ]
        indexes = [models.Index(name="subscriptions_due", fields=["next_at"])]

    def __str__(self) -> str:
        return gettext("%(title)s to %(user)s") % {"title": self.title, "user": self.user}

    @property
    def title(self) -> str:
        """What is sent, by its name."""
        named = self.subject or self.view
        return "" if named is None else named.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class SubscriptionMail(OutgoingMail):
    """What a subscription sent at one of its moments, or is to send.

    The files of a pack are not kept here: those of a closed month are kept as packs, and those of
    an open month tell what stands when they are sent.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="mails")
    due_at = models.DateTimeField(_("due at"))
    html = models.TextField(_("text with mark-up"))
    month = MonthField(_("month"))
    closing = models.ForeignKey(
        MonthClosing, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-due_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_mail_a_subscription_and_moment", fields=["subscription", "due_at"]
            )
        ]

    def __str__(self) -> str:
        return gettext("%(subscription_id)s at %(due_at)s") % {
            "subscription_id": self.subscription_id,
            "due_at": f"{self.due_at:%Y-%m-%d %H:%M}",
        }
