"""A world in which everything that a limited person does not see is called by one word.

It is the worked example, with a row of every model. The person is limited to CHANNELS: that is two
projects and their three engagements. DIGITAL, the portfolio above it, and all else have the word in
their codes, names and texts; so a test can look for it in whatever the person is sent.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

from django.contrib.auth.models import Group, User

from metrics.models import MetricDefinition
from pmo_portal.roles import Role
from projects.models import (
    SUBJECT_MODELS,
    Customer,
    Offer,
    Organisation,
    Portfolio,
    Segment,
    Service,
    Subject,
)
from projects.operations.limits import limit_person
from projects.visibility import Sight, sight_of
from tests import factories
from tests.conftest import make_person
from tests.test_doors import ROOT, House, build_house

WORD = "HIDDENQ"

PORTFOLIO, PROJECT, SEGMENT = "CHANNELS", "PRJ-ONBOARD", "ENT"
OTHER_PROJECT = "PRJ-CHAT"
ENGAGEMENT = "PRJ-ONBOARD@ENT"
MONTH, CLOSED_MONTH = "2026-05", "2026-01"

RENAMED = {
    "DIGITAL": f"{WORD}-DIGITAL",
    "CORE": f"{WORD}-CORE",
    "PRJ-LEDGER": f"{WORD}-LEDGER",
    "PRJ-IDEA": f"{WORD}-IDEA",
    "INT": f"{WORD}-INT",
    "SRV-MAIL": f"{WORD}-MAIL",
    "SRV-PORTAL": f"{WORD}-PORTAL",
    "C-ACME": f"{WORD}-ACME",
    "C-BOLT": f"{WORD}-BOLT",
    "C-CORA": f"{WORD}-CORA",
    "Digital services": f"{WORD} Digital services",
    "Core systems": f"{WORD} Core systems",
    "New ledger": f"{WORD} New ledger",
    "Partner API": f"{WORD} Partner API",
    "Internal business units": f"{WORD} Internal business units",
    "Northwind Services": f"{WORD} Northwind Services",
    "Customer mail handling": f"{WORD} mail handling",
    "Self-service portal": f"{WORD} self-service portal",
    "Acme Industrial": f"{WORD} Acme Industrial",
    "Bolt Logistics": f"{WORD} Bolt Logistics",
    "Cora Bakery": f"{WORD} Cora Bakery",
}

HIDDEN_PORTFOLIO, HIDDEN_ABOVE = f"{WORD}-CORE", f"{WORD}-DIGITAL"
HIDDEN_PROJECT, HIDDEN_SEGMENT = f"{WORD}-LEDGER", f"{WORD}-INT"
HIDDEN_ENGAGEMENT = f"{HIDDEN_PROJECT}@{HIDDEN_SEGMENT}"
HIDDEN_CUSTOMER, HIDDEN_SERVICE = f"{WORD}-ACME", f"{WORD}-MAIL"
ORGANISATION = f"{WORD}-ORG"
HIDDEN_CODES = (
    HIDDEN_PORTFOLIO,
    HIDDEN_ABOVE,
    HIDDEN_PROJECT,
    HIDDEN_SEGMENT,
    HIDDEN_ENGAGEMENT,
    HIDDEN_CUSTOMER,
    HIDDEN_SERVICE,
    ORGANISATION,
)


def unlike(code: str) -> str:
    """A code that nothing has, as near to this one as a slip of the finger."""
    return code.replace(WORD, "HIDDENX")


def build_world(folder: Path) -> House:
    """The house of tests/test_doors.py, with the word on all that is to be hidden."""
    copy_renamed(ROOT / "examples" / "worked", folder)
    house = build_house(folder)
    fill(house)
    hide_the_rest()
    return house


def copy_renamed(source: Path, folder: Path) -> None:
    codes = re.compile(
        "|".join(rf"(?<![\w-]){re.escape(old)}(?![\w-])" for old in sorted(RENAMED, key=len)[::-1])
    )
    folder.mkdir(exist_ok=True)
    for file in source.glob("*.csv"):
        text = codes.sub(lambda match: RENAMED[match[0]], file.read_text())
        (folder / file.name).write_text(text)


def fill(house: House) -> None:
    """More of what pages tell: events, answers, assignments and owners on both sides of the limit.

    Texts about what is seen are plain; texts about all else have the word.
    """
    seen, hidden = subject(PROJECT), subject(HIDDEN_PROJECT)
    metric = MetricDefinition.objects.get(code="fix_days")
    for owner, scope in (("inside", PORTFOLIO), ("outside", HIDDEN_ABOVE), ("above", "ORG")):
        factories.MetricAssignmentFactory(
            metric=MetricDefinition.objects.get(code="staffing_fit"),
            scope=subject(scope),
            user=make_person(owner, Role.ANALYST),
        )
    for of, word in ((seen, "Seen"), (hidden, WORD), (subject(HIDDEN_ABOVE), WORD)):
        factories.EventFactory(subject=of, day="2026-03-04", title=f"{word} merger", text=word)
    for of in (seen, hidden):
        reason = WORD if of is hidden else "No survey"
        factories.NoValueFactory(metric=metric, subject=of, period="2026-05-18", reason=reason)
        factories.CurveOverrideFactory(metric=metric, subject=of)
        factories.ExemptionFactory(
            metric=metric, subject=of, from_month=24400, until_month=24401, reason=reason
        )
        factories.DraftMeasurementFactory(
            metric=metric, subject=of, period="2026-05-25", note=reason
        )
    del house


def hide_the_rest() -> None:
    """The word for every row that a factory made on the way, in the tables of history as well."""
    channels = Portfolio._base_manager.get(code=PORTFOLIO)
    seen = set(
        Subject._base_manager.filter(Sight(frozenset({channels.pk}), None).subjects()).values_list(
            "pk", flat=True
        )
    )
    named = {SEGMENT, "SMB"}
    for row in Subject._base_manager.exclude(pk__in=seen).exclude(code__in=named):
        if row.code == "ORG":  # factories ask for it by its code
            rename(row, ORGANISATION, row.name)
        elif WORD not in row.code:
            code = f"{WORD}-{row.pk}" if "@" not in row.code else f"{WORD}-{row.pk}@X"
            rename(row, code, f"{WORD} {row.name}")
    Segment._base_manager.update(description=WORD, value_proposition=WORD)
    Segment.history.update(description=WORD, value_proposition=WORD)
    for model in (Customer, Service, Organisation, Offer):
        assert model._base_manager.exists()


def rename(row: Subject, code: str, name: str) -> None:
    Subject._base_manager.filter(pk=row.pk).update(code=code, name=name)
    history: Any = SUBJECT_MODELS[row.kind].history  # type: ignore[attr-defined]
    history.filter(subject_ptr_id=row.pk).update(code=code, name=name)


def subject(code: str) -> Subject:
    return Subject._base_manager.get(code=code)


def limited(name: str, *roles: Role, to: str = PORTFOLIO) -> User:
    """Somebody who sees this portfolio and what lies in it."""
    person = make_person(name)
    person.email = f"{name}@example.test"
    person.save()
    limit_person(person, portfolios=[Portfolio._base_manager.get(code=to)], by=None)
    # An administrator can't be limited. Who becomes one stays limited until somebody ends that.
    person.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
    person = User.objects.get(pk=person.pk)
    assert sight_of(person).is_limited
    return person


def told_by(response: Any) -> str:
    """All that an answer says: its status line's words, headers and body, files unpacked."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    cookies = response.cookies.output()
    return "\n".join([response.reason_phrase, headers, cookies, *texts_in(bytes(body))])


def texts_in(content: bytes) -> Iterator[str]:
    """The text of a body as it is sent and as it is read; of an archive, of all that is in it."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield entry.filename
                yield from texts_in(archive.read(entry))
        return
    text = content.decode("utf-8", "replace")
    yield text
    yield unescape(text)
    yield unquote_plus(text)


def leaks(response: Any, *sent: str) -> list[str]:
    """Where the word stands in an answer; but for what the person sent and is sent back."""
    told = told_by(response)
    for words in sorted(sent, key=len, reverse=True):
        for written in (words, quote(words), quote(quote(words)), escape(words)):
            told = told.replace(written, "") if written else told
    return [
        told[max(0, found.start() - 60) : found.end() + 40].replace("\n", " ")
        for found in re.finditer(WORD, told, re.IGNORECASE)
    ]
