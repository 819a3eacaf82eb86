"""Packs and views by e-mail: who is sent what when, each moment once, also when workers die.

The mail is written in the transaction in which its subscription moves on to the next moment, and
sent by whoever claims it (`metrics.operations.mailing`). A moment that passed while nothing ran is
told once, on the next start, however many went by.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboards.access import READ_DASHBOARDS
from dashboards.models import (
    PackKind,
    Rest,
    Rhythm,
    SavedView,
    Subscription,
    SubscriptionMail,
    Weekday,
)
from dashboards.models.packs import MEDIA_TYPES, file_name
from dashboards.moments import next_hour, next_of_month, next_of_week, time_zones
from dashboards.operations.packs import keep_packs, pack_now
from dashboards.packs.reading import PACK_KINDS
from dashboards.packs.writing import PackNotWritten
from dashboards.presentation.letters import Frame, Letter, letter_of
from dashboards.presentation.list_letters import list_letter_of
from dashboards.presentation.subscriptions import rhythm_words
from dashboards.saved_pages import SavedPage, read_page
from dashboards.selectors.digests import closing_of, digest_of, latest_month, subject_shown
from dashboards.selectors.listed import LISTED_PAGES, listed_on
from dashboards.selectors.months import read_against, view_month
from dashboards.selectors.personal import subscriptions_of
from metrics.models import MonthClosing
from metrics.operations.mailing import NotToBeSent, new_message_id, send_waiting
from projects.models import Subject
from projects.months import Month
from projects.visibility import seeing, sight_of

logger = logging.getLogger(__name__)

MOST_SUBSCRIPTIONS = 50
STOP_SALT = "dashboards.subscriptions.stop"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to be sent, and when."""

    subject: Subject | None
    view: SavedView | None
    rhythm: str
    hour: int
    time_zone: str
    weekday: int | None = None
    day: int | None = None
    with_pdf: bool = False
    with_pptx: bool = False


@transaction.atomic
def subscribe(user: User, wish: Wish) -> Subscription:
    """Begin with the next moment; what was closed before is not told."""
    User.objects.select_for_update().get(pk=user.pk)
    if Subscription.objects.filter(user=user).count() >= MOST_SUBSCRIPTIONS:
        raise ValidationError(
            _("You have %(most)s subscriptions, and there can't be more; delete one first.")
            % {"most": MOST_SUBSCRIPTIONS},
            code="too_many",
        )
    return _take_over(Subscription(user=user), wish)


def change_subscription(subscription: Subscription, wish: Wish) -> Subscription:
    """What rests goes on resting."""
    return _take_over(subscription, wish)


def _take_over(subscription: Subscription, wish: Wish) -> Subscription:
    _check(subscription.user, wish)
    subscription.subject = wish.subject
    subscription.view = wish.view
    subscription.with_pdf = wish.with_pdf
    subscription.with_pptx = wish.with_pptx
    subscription.rhythm = wish.rhythm
    subscription.weekday = wish.weekday
    subscription.day = wish.day
    subscription.hour = wish.hour
    subscription.time_zone = wish.time_zone
    _begin(subscription)
    subscription.save()
    return subscription


def _check(user: User, wish: Wish) -> None:
    """What a subscription must obey, whoever asks for it."""
    wrong: dict[str, str] = {}
    if (wish.subject is None) == (wish.view is None):
        wrong["what"] = _("Choose a pack or a saved view.")
    elif wish.subject is not None and wish.subject.kind not in PACK_KINDS:
        wrong["what"] = _("There are packs of the organisation, of portfolios and of segments.")
    elif wish.view is not None and wish.view.user_id != user.pk:
        wrong["what"] = _("This view is somebody else's.")
    elif wish.view is not None and (wish.with_pdf or wish.with_pptx):
        wrong["what"] = _("Files can be attached to packs only.")
    if wish.rhythm not in Rhythm.values:
        wrong["rhythm"] = _("Choose how often.")
    if (wish.rhythm == Rhythm.WEEKLY) != (wish.weekday in Weekday.values):
        wrong["weekday"] = _("Choose the day of the week.")
    if (wish.rhythm == Rhythm.MONTHLY) != (wish.day in range(1, 32)):
        wrong["day"] = _("Choose the day of the month, 1 to 31.")
    if wish.hour not in range(24):
        wrong["hour"] = _("Choose an hour, 0 to 23.")
    if wish.time_zone not in time_zones():
        wrong["time_zone"] = _("Choose a time zone from the list.")
    if not user.email:
        wrong["what"] = _("You have no e-mail address yet; an administrator can add it.")
    if wrong:
        raise ValidationError(wrong)


def _begin(subscription: Subscription) -> None:
    """From now on: what is past is not told."""
    now = timezone.now()
    subscription.told_until = now
    subscription.next_at = next_moment(subscription, after=now)


def next_moment(subscription: Subscription, *, after: datetime) -> datetime | None:
    """None for one that waits for a month to be closed."""
    hour, zone = subscription.hour, subscription.zone
    if subscription.weekday is not None:
        return next_of_week(subscription.weekday, hour, zone, after=after)
    if subscription.day is not None:
        return next_of_month(subscription.day, hour, zone, after=after)
    return None


def delete_subscription(subscription: Subscription) -> None:
    subscription.delete()


def stop_subscription(subscription: Subscription, why: Rest = Rest.STOPPED) -> None:
    """Let it rest until the person lets it go on; harmless to repeat."""
    Subscription.objects.filter(pk=subscription.pk, rests="").update(rests=why)


def resume_subscription(subscription: Subscription) -> None:
    """Go on with the next moment; ValidationError where the reason to rest is still there."""
    if why := reason_to_rest(subscription):
        raise ValidationError(_still(why), code=why)
    subscription.rests = ""
    _begin(subscription)
    subscription.save(update_fields=["rests", "told_until", "next_at"])


def _still(why: Rest) -> str:
    match why:
        case Rest.NO_ADDRESS:
            return _("You have no e-mail address yet; an administrator can add it.")
        case Rest.NO_PAGE:
            return _("The saved view leads to a page that you may not open or that is gone.")
        case Rest.LIMITED:
            return _("It would tell of more than you may see.")
    return _("You may not read results.")


def stop_token(subscription: Subscription) -> str:
    return signing.dumps(subscription.pk, salt=STOP_SALT)


def unsubscribe(token: str) -> bool:
    """Stop what a link in a mail belongs to, whoever follows it; False if it is no such link."""
    key = read_stop_token(token)
    if key is None:
        return False
    for subscription in Subscription.objects.filter(pk=key):
        stop_subscription(subscription, Rest.UNSUBSCRIBED)
    return True


def read_stop_token(token: str) -> int | None:
    try:
        return int(signing.loads(token, salt=STOP_SALT))
    except (signing.BadSignature, ValueError):
        return None


def reason_to_rest(subscription: Subscription) -> Rest | None:
    """Why a person may not be sent this at present."""
    user = subscription.user
    if not user.is_active:
        return Rest.INACTIVE
    if not user.has_perm(READ_DASHBOARDS):
        return Rest.NO_ROLE
    if not user.email:
        return Rest.NO_ADDRESS
    if sight_of(user).is_limited and not _is_within_limit(subscription):
        return Rest.LIMITED
    if subscription.view is not None:
        try:
            page = read_page(subscription.view.address, user)
        except ValidationError:
            return Rest.NO_PAGE
        if (page.subject_code and subject_shown(page) is None) or not _has_months(page):
            return Rest.NO_PAGE
    return None


def _is_within_limit(subscription: Subscription) -> bool:
    """Whether it is one of a view that lists something, or shows one subject that is seen.

    Packs, and pages about nobody in particular, of which a mail tells the whole organisation's
    scores, are for those who see it.
    """
    user = subscription.user
    if not subscriptions_of(user).filter(pk=subscription.pk).exists():
        return False
    assert subscription.view is not None  # a limited person has no others
    page = read_page(subscription.view.address, user)
    return bool(page.subject_code) or page.url_name in LISTED_PAGES


def _has_months(page: SavedPage) -> bool:
    """Whether what its address names as months are some; the page itself would refuse others."""
    try:
        read_against(page.against)
        return not page.month or bool(Month.parse(page.month))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Due:
    """A subscription, the moment that has come, and what it is moved on by."""

    subscription: Subscription
    at: datetime
    moves_from: dict[str, Any]
    moves_to: dict[str, Any]
    closing: MonthClosing | None = None


def write_due_mails() -> int:
    """Write the mails of all moments that have come, without sending any; how many."""
    written = 0
    now = timezone.now()
    for due in [*_due_by_calendar(now), *_due_by_closing(now)]:
        try:
            with seeing(due.subscription.user):
                written += _write(due)
        except DatabaseError:
            raise
        except Exception:
            # One pack that can't be told keeps no mail from anybody else; it is tried again.
            logger.exception("The mail of subscription %s was not written.", due.subscription.pk)
    return written


def _awake() -> QuerySet[Subscription]:
    return Subscription.objects.filter(rests="").select_related("user", "subject", "view")


def _due_by_calendar(now: datetime) -> Iterator[_Due]:
    for subscription in _awake().filter(next_at__lte=now).order_by("next_at", "pk"):
        assert subscription.next_at is not None
        yield _Due(
            subscription,
            subscription.next_at,
            {"next_at": subscription.next_at},
            # From now on and not from the moment that was due: those that were missed are gone.
            {"next_at": next_moment(subscription, after=now)},
        )


def _due_by_closing(now: datetime) -> Iterator[_Due]:
    waiting = list(_awake().filter(rhythm=Rhythm.CLOSING).order_by("pk"))
    if not waiting:
        return
    first = min(subscription.told_until for subscription in waiting)
    closings = list(
        MonthClosing.objects.in_force()
        .filter(closed_at__gt=first)
        .select_related("closed_by")
        .order_by("-month")
    )
    for subscription in waiting:
        new = [row for row in closings if row.closed_at > subscription.told_until]
        if not new:
            continue
        # Of several months that were closed since, the latest is told.
        latest = new[0]
        at = next_hour(subscription.hour, subscription.zone, after=latest.closed_at)
        if at <= now:
            yield _Due(
                subscription,
                at,
                {"told_until": subscription.told_until},
                {"told_until": max(row.closed_at for row in new)},
                latest,
            )


def _write(due: _Due) -> bool:
    """Write the mail and move on; False if another worker did, or nobody is to get it."""
    subscription = due.subscription
    if why := reason_to_rest(subscription):
        stop_subscription(subscription, why)
        return False
    mail = _mail(due)
    with transaction.atomic():
        mine = _awake().filter(pk=subscription.pk, **due.moves_from).update(**due.moves_to)
        if mine and mail is not None:
            mail.save()
    return bool(mine) and mail is not None


def _mail(due: _Due) -> SubscriptionMail | None:
    """None where there is nothing yet that could be told."""
    month = due.closing.month if due.closing else _month_shown(due.subscription)
    subject = _subject_told(due.subscription)
    if month is None or subject is None:
        return None
    closing = due.closing or closing_of(month)
    with translation.override(settings.LANGUAGE_CODE):
        letter = _letter(due.subscription, subject, month, closing)
    return SubscriptionMail(
        subscription=due.subscription,
        due_at=due.at,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
        month=month,
        closing=closing,
        message_id=new_message_id(timezone.localdate()),
    )


def _month_shown(subscription: Subscription) -> Month | None:
    if subscription.view is not None:
        page = read_page(subscription.view.address, subscription.user)
        if page.month:
            return Month.parse(page.month)
    return latest_month()


def _subject_told(subscription: Subscription) -> Subject | None:
    if subscription.view is None:
        return subscription.subject
    return subject_shown(read_page(subscription.view.address, subscription.user))


def _letter(
    subscription: Subscription, subject: Subject, month: Month, closing: MonthClosing | None
) -> Letter:
    user = subscription.user
    page = None
    if subscription.view is not None:
        page = read_page(subscription.view.address, user)
        link, link_label = subscription.view.address, _("Open the view")
    else:
        query = urlencode({"month": str(month), "subject": subject.code})
        link, link_label = f"{reverse('pack_list')}?{query}", _("Open the pack")
    frame = Frame(
        first_name=user.first_name or user.get_username(),
        title=subscription.title,
        link=address(link),
        link_label=link_label,
        rhythm=rhythm_words(subscription),
        keep_link=address(reverse("subscription_list")),
        stop_link=stop_address(subscription),
    )
    shown = view_month(month, against=read_against(page.against)) if page else None
    if page is None or shown is None:
        return letter_of(digest_of(subject, month, closing), frame)
    listed = listed_on(page, shown, timezone.localdate(timezone=subscription.zone))
    if listed is not None:
        return list_letter_of(listed, frame)
    before = shown.before if shown.against else None
    return letter_of(digest_of(subject, month, closing, before=before), frame)


def address(path: str) -> str:
    return f"{settings.PORTAL_URL}{path}"


def stop_address(subscription: Subscription) -> str:
    return address(reverse("subscription_stop", args=[stop_token(subscription)]))


def send_subscriptions() -> int:
    """Send all mails that wait, one after the other; how many went out."""
    mails = SubscriptionMail.objects.select_related(
        "subscription__user", "subscription__subject", "subscription__view", "closing__closed_by"
    )
    return send_waiting(mails, _message)


def _message(mail: SubscriptionMail) -> EmailMultiAlternatives:
    with seeing(mail.subscription.user):
        return _message_of(mail)


def _message_of(mail: SubscriptionMail) -> EmailMultiAlternatives:
    subscription = mail.subscription
    if subscription.rests:
        raise NotToBeSent("The subscription was stopped before this was sent.")
    if why := reason_to_rest(subscription):
        stop_subscription(subscription, why)
        raise NotToBeSent(str(why.label))
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.body,
        to=[subscription.user.email],
        headers={
            "Message-ID": mail.message_id,
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{stop_address(subscription)}>",
            # By this the mail program's own button stops it with one POST (RFC 8058).
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    missing = [words for kind in _kinds(subscription) if (words := _attach(message, mail, kind))]
    if missing:
        message.body = "\n\n".join([*missing, mail.body])
    else:
        message.attach_alternative(mail.html, "text/html")
    return message


def _kinds(subscription: Subscription) -> list[PackKind]:
    wanted = {PackKind.PDF: subscription.with_pdf, PackKind.PPTX: subscription.with_pptx}
    return [kind for kind, is_wanted in wanted.items() if is_wanted]


def _attach(message: EmailMultiAlternatives, mail: SubscriptionMail, kind: PackKind) -> str:
    """Attach a pack; of one that can't be made, what the mail says instead."""
    subject = mail.subscription.subject
    assert subject is not None
    try:
        name, content = _file(subject, mail, kind)
    except (ValidationError, PackNotWritten) as refusal:
        told = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
        facts = {"file": str(kind.label), "why": " ".join(told)}
        return _("%(file)s could not be attached. %(why)s") % facts
    message.attach(name, content, MEDIA_TYPES[kind])
    return ""


def _file(subject: Subject, mail: SubscriptionMail, kind: PackKind) -> tuple[str, bytes]:
    month = Month(mail.month)
    if mail.closing is None:
        return file_name(subject.code, f"{month}-open", kind), pack_now(subject, month, kind)
    packs = keep_packs(mail.closing, subject, by=mail.subscription.user)
    pack = next(pack for pack in packs if pack.kind == kind)
    return pack.file_name, bytes(pack.content)
