"""What the day's mails say: what fell due for whom, and what PMO leads are told is long overdue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext, ngettext

from metrics.choices import ReminderKind
from metrics.due import AskedPeriod, DueState, DueValue, due_list, read_expectations
from metrics.entry_rights import ENTER_MEASUREMENTS, Claims, EntryRights
from metrics.models import MetricDefinition
from projects.models import Subject
from projects.visibility import current_sight, seeing, with_limits

KEEP_DEFINITIONS = "metrics.keep_definitions"

Told = tuple[str, ...]
"""Stage, metric and period; of a rejected value also which one."""


class Stage(StrEnum):
    """What is told of a metric's period, each once."""

    REJECTED = "rejected"
    OVERDUE = "overdue"
    COMING = "coming"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person, and what is told by it."""

    user: User
    kind: ReminderKind
    subject: str
    body: str
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Values of one metric and period that are told of together."""

    stage: Stage
    metric: MetricDefinition
    asked: AskedPeriod
    values: tuple[DueValue, ...]
    told: tuple[Told, ...]

    @property
    def name(self) -> str:
        return f"{self.metric.name}, {self.asked.label}"


def letters_of(
    today: date, *, told: Mapping[tuple[int, ReminderKind], Collection[Told]]
) -> list[Letter]:
    """The mails of a day: to each what is new to them, and none where nothing is."""
    expected = read_expectations(today=today)
    claims = Claims.read()
    owed = [
        value
        for value in due_list(expected, EntryRights.of_everybody(claims)).missing
        if value.is_to_do or value.state == DueState.PROPOSED
    ]
    of_owner: dict[int, list[DueValue]] = defaultdict(list)
    for value in owed:
        for owner in value.owners:
            of_owner[owner].append(value)
    people = _People.read(of_owner.keys())
    letters = []
    with translation.override(settings.LANGUAGE_CODE):
        for user in people.reminded:
            known = told.get((user.pk, ReminderKind.DUE), ())
            own = [value for value in _seen_by(user, of_owner[user.pk]) if value.is_to_do]
            if items := [*_items(own, _stage_for_owner, known)]:
                letters.append(_letter_to_owner(user, items, today))
        overdue = [value for value in owed if value.days_late > settings.ESCALATE_AFTER_DAYS]
        for user in people.leads:
            known = told.get((user.pk, ReminderKind.ESCALATION), ())
            if items := [*_items(overdue, _stage_for_lead, known)]:
                letters.append(_letter_to_lead(user, items, people))
    return letters


def _seen_by(user: User, values: list[DueValue]) -> list[DueValue]:
    """What is assigned to somebody may reach further than they see."""
    with seeing(user):
        if not current_sight().is_limited:
            return values
        seen = set(Subject.objects.order_by().values_list("pk", flat=True))
    return [value for value in values if value.subject.pk in seen]


@dataclass(frozen=True, slots=True)
class _People:
    """Owners and PMO leads, as far as mails can reach them."""

    by_key: Mapping[int, User]
    enterers: Collection[int]
    reminded: tuple[User, ...]
    leads: tuple[User, ...]

    @classmethod
    def read(cls, owners: Collection[int]) -> _People:
        by_key = with_limits(User.objects.all()).in_bulk(owners)
        enterers = set(
            User.objects.with_perm(ENTER_MEASUREMENTS)
            .filter(pk__in=owners)
            .values_list("pk", flat=True)
        )
        leads = User.objects.with_perm(KEEP_DEFINITIONS).exclude(email="").order_by("pk")
        return cls(
            by_key,
            enterers,
            tuple(user for key, user in sorted(by_key.items()) if key in enterers and user.email),
            tuple(leads.distinct()),
        )

    def named(self, key: int) -> str:
        """A person, and why no reminder reaches them, if none does."""
        user = self.by_key[key]
        name = user.get_full_name() or user.get_username()
        if not user.is_active:
            return gettext("%(name)s (inactive)") % {"name": name}
        if key not in self.enterers:
            return gettext("%(name)s (may not enter values)") % {"name": name}
        if not user.email:
            return gettext("%(name)s (no e-mail address, so not reminded)") % {"name": name}
        return name


def _stage_for_owner(value: DueValue, known: Collection[Told]) -> Stage | None:
    """What is to be told of a value; a rejection first, and later on the due day as of any."""
    if value.state == DueState.REJECTED and _key(Stage.REJECTED, value) not in known:
        return Stage.REJECTED
    if value.is_overdue:
        return Stage.OVERDUE
    return Stage.COMING if value.asked.days_left <= settings.REMIND_BEFORE_DAYS else None


def _stage_for_lead(value: DueValue, known: Collection[Told]) -> Stage:
    return Stage.ESCALATED


def _items(
    values: Iterable[DueValue],
    stage_of: Callable[[DueValue, Collection[Told]], Stage | None],
    known: Collection[Told],
) -> Iterator[Item]:
    """What has not been told yet, by stage, metric and period, the longest overdue first."""
    found: dict[tuple[Stage, int, date], list[DueValue]] = defaultdict(list)
    for value in values:
        stage = stage_of(value, known)
        if stage is not None and _key(stage, value) not in known:
            found[stage, value.metric.pk, value.asked.start].append(value)
    for (stage, *_), alike in sorted(found.items(), key=_urgency):
        yield Item(
            stage,
            alike[0].metric,
            alike[0].asked,
            tuple(alike),
            tuple(dict.fromkeys(told for value in alike for told in _told_by(stage, value))),
        )


def _urgency(found: tuple[tuple[Stage, int, date], list[DueValue]]) -> tuple[int, date, str]:
    (stage, *_), (first, *_) = found
    return list(Stage).index(stage), first.due_on, first.metric.name


def _key(stage: Stage, value: DueValue) -> Told:
    told = (stage.value, value.metric.code, value.label)
    if stage is Stage.REJECTED and value.answer is not None:
        return (*told, str(value.answer.pk))
    return told


def _told_by(stage: Stage, value: DueValue) -> Iterator[Told]:
    """Who hears of a rejection on or after the due day need not hear again that it is overdue."""
    yield _key(stage, value)
    if stage is Stage.REJECTED and value.is_overdue:
        yield _key(Stage.OVERDUE, value)


def _letter_to_owner(user: User, items: Sequence[Item], today: date) -> Letter:
    of_stage = {stage: [item for item in items if item.stage is stage] for stage in Stage}
    late, coming = _count(of_stage[Stage.OVERDUE]), _count(of_stage[Stage.COMING])
    rejected = _count(of_stage[Stage.REJECTED])
    parts = []
    if rejected:
        told = ngettext(
            "%(number)s value was rejected", "%(number)s values were rejected", rejected
        )
        parts.append(told % {"number": rejected})
    if late:
        told = ngettext("%(number)s value is overdue", "%(number)s values are overdue", late)
        parts.append(told % {"number": late})
    if coming:
        last = max(item.asked.due_on for item in of_stage[Stage.COMING])
        if late or rejected:
            told = ngettext(
                "%(number)s falls due by %(day)s", "%(number)s fall due by %(day)s", coming
            )
        else:
            told = ngettext(
                "%(number)s value falls due by %(day)s",
                "%(number)s values fall due by %(day)s",
                coming,
            )
        parts.append(told % {"number": coming, "day": _short_day(last, today)})
    lines = [_greeting(user), "", f"{_sentence(parts)}.", ""]
    if rejected:
        lines += [gettext("Rejected"), "", *_lines(of_stage[Stage.REJECTED], _rejected_words), ""]
    if late:
        lines += [gettext("Overdue"), "", *_lines(of_stage[Stage.OVERDUE], _late_words), ""]
    if coming:
        lines += [gettext("Soon due"), "", *_lines(of_stage[Stage.COMING], _coming_words), ""]
    address = _address(reverse("entry"))
    lines += [gettext("Everything that is due from you: %(address)s") % {"address": address}, ""]
    return _letter(user, ReminderKind.DUE, parts, lines, items)


def _letter_to_lead(user: User, items: Sequence[Item], people: _People) -> Letter:
    count, days = _count(items), settings.ESCALATE_AFTER_DAYS
    told = ngettext(
        "%(values)s is overdue by more than %(days)s",
        "%(values)s are overdue by more than %(days)s",
        count,
    )
    parts = [told % {"values": _values(count), "days": _days(days)}]

    def whose(item: Item) -> list[str]:
        owners = Counter(owner for value in item.values for owner in value.owners)
        names = [f"{people.named(key)}: {number}" for key, number in owners.most_common()]
        if unowned := sum(not value.owners for value in item.values):
            names.append(gettext("nobody: %(number)s") % {"number": unowned})
        words = _coming_words(item)
        words += [gettext("Assigned to %(name)s") % {"name": name} for name in names]
        proposed = sum(value.state == DueState.PROPOSED for value in item.values)
        if proposed:
            told = ngettext(
                "%(number)s said not to apply, for you to decide",
                "%(number)s said not to apply, for you to decide",
                proposed,
            )
            words.append(told % {"number": proposed})
        return words

    lines = [_greeting(user), "", f"{_sentence(parts)}.", ""]
    lines += [*_lines(items, whose), ""]
    return _letter(user, ReminderKind.ESCALATION, parts, lines, items)


def _letter(
    user: User,
    kind: ReminderKind,
    parts: Sequence[str],
    lines: Sequence[str],
    items: Sequence[Item],
) -> Letter:
    foot = [
        gettext("You get at most one such mail a day, and each thing is told once."),
        gettext("To stop them, ask an administrator to take these numbers or your address out."),
    ]
    return Letter(
        user=user,
        kind=kind,
        subject=_sentence(parts),
        body="\n".join([*lines, "-- ", *foot, ""]),
        told=tuple(told for item in items for told in item.told),
    )


def _lines(items: Iterable[Item], words_of: Callable[[Item], list[str]]) -> Iterator[str]:
    for item in items:
        yield f"* {item.name}"
        for words in words_of(item):
            yield f"  {words}"
        query = urlencode({"metric": item.metric.code, "period": item.asked.label})
        yield f"  {_address(reverse('entry'))}?{query}"


def _late_words(item: Item) -> list[str]:
    return [
        gettext("%(values)s, due %(day)s, %(days)s ago")
        % {
            "values": _values(len(item.values)),
            "day": _day(item.asked.due_on),
            "days": _days(item.asked.days_late),
        }
    ]


def _coming_words(item: Item) -> list[str]:
    return [
        gettext("%(values)s, due %(day)s")
        % {"values": _values(len(item.values)), "day": _day(item.asked.due_on)}
    ]


def _rejected_words(item: Item) -> list[str]:
    return [f"{value.subject.name}: {value.answer.reason}" for value in item.values if value.answer]


def _count(items: Iterable[Item]) -> int:
    return sum(len(item.values) for item in items)


def _values(number: int) -> str:
    return ngettext("%(number)s value", "%(number)s values", number) % {"number": number}


def _days(number: int) -> str:
    return ngettext("%(number)s day", "%(number)s days", number) % {"number": number}


def _greeting(user: User) -> str:
    return gettext("Hello %(name)s,") % {"name": _first_name(user)}


def _sentence(parts: Sequence[str]) -> str:
    return ", ".join(parts)


def _day(day: date) -> str:
    return formats.date_format(day, "DATE_FORMAT")


def _short_day(day: date, today: date) -> str:
    """Without the year, where nobody would doubt it."""
    return formats.date_format(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT")


def _first_name(user: User) -> str:
    return user.first_name or user.get_username()


def _address(path: str) -> str:
    return f"{settings.PORTAL_URL}{path}"
