"""What the schema says is what the operations do: tried by schemathesis as each role.

In the suite some hundred requests of each role; with API_CASES=2000, which is `make api-cases`, the
edges of every field as well, and at least as many as it says. API_SEED draws other ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from metrics.catalogue import CATALOGUE
from metrics.models import (
    CurveOverride,
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    ImportBatch,
    MetricAssignment,
    MetricDefinition,
    Scorecard,
)
from pmo_portal.roles import Role
from pmo_portal.wsgi import application
from projects.models import Event, Subject
from tests import factories
from tests.api.conftest import Program
from tests.conftest import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

CASES = int(os.environ.get("API_CASES", "100"))
SEED = int(os.environ.get("API_SEED", "1"))
MANY = 1_000
"""From so many cases on the edges of all fields are gone through, some 60 cases an operation."""

# What fits the schema and not the rules (an unknown code, a month that is not over) is 422; what
# does not fit the schema is 400. Both are told apart here as in the API.
CONFIG: dict[str, Any] = {
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 422]}},
}


AT = ("path.code", "path.metric", "path.subject", "path.segment")
IN = ("subject", "metric", "scorecard", "portfolio", "parent", "segment", "scope")
ROWS = ("measurements", "places", "pairs")
MONTHS = ("2026-02", "2026-05", "2026-06", "2026-13")
PERIODS = ("2026-06-08", "2026-W24", "2026-05", "2026-Q2", "2025")

# Names of what is there, drawn in most of the cases: random ones would be 404 in all of them, and
# no rule behind the schema would ever be asked.
NAMED: dict[str, tuple[str, ...]] = {
    "codes": (
        *AT,
        *(f"query.{name}" for name in IN),
        *(f"body.{name}" for name in IN),
        *(f"body.{rows}[*].{name}" for rows in ROWS for name in IN[:2]),
        "body.lines[*].metric",
        "body.metrics[*]",
        "body.codes[*]",
        "body.end.exempt[*]",
    ),
    "periods": ("path.period", *(f"body.{rows}[*].period" for rows in ROWS[:2])),
    "months": ("path.month", "query.first_month", "body.from_month", "body.end.last_month"),
    "keys": ("path.id", "body.drafts[*]"),
    "people": ("query.user", "body.user"),
}


def named(program: Program) -> dict[str, Any]:
    """What the tester is told of the company."""
    codes = [
        *Subject.objects.values_list("code", flat=True),
        *MetricDefinition.objects.values_list("code", flat=True),
        *Scorecard.objects.values_list("code", flat=True),
        *list(CATALOGUE)[:5],
    ]
    keys = {pk for model in KEYED for pk in model.objects.values_list("pk", flat=True)}
    words: dict[str, list[Any]] = {
        "codes": codes,
        "periods": list(PERIODS),
        "months": list(MONTHS),
        "keys": sorted(keys)[:20],
        "people": [program.person.username],
    }
    return {
        "dictionaries": {name: {"values": values} for name, values in words.items()},
        "parameters": {
            place: {"dictionary": name, "probability": 0.7}
            for name, places in NAMED.items()
            for place in places
        },
    }


KEYED: list[Any] = [
    CurveOverride,
    DraftMeasurement,
    Event,
    Exemption,
    ExemptionProposal,
    ImportBatch,
    MetricAssignment,
]


def furnish(person: User) -> None:
    """A row of each kind that has a number; somebody else's and the person's own."""
    fix_days = MetricDefinition.objects.get(code="fix_days")
    own = {"metric": fix_days, "subject": Subject.objects.get(code="PRJ-ONBOARD")}
    chat = {"metric": fix_days, "subject": Subject.objects.get(code="PRJ-CHAT")}
    factories.EventFactory(subject=own["subject"])
    factories.ExemptionFactory(**own, from_month=24400, until_month=24401)
    factories.ExemptionProposalFactory(**own, proposed_by=person)
    factories.ExemptionProposalFactory(**chat)
    for number, giver in enumerate([person, None, None]):
        factories.DraftMeasurementFactory(
            **chat, period=f"2026-03-{9 + 7 * number:02}", entered_by=giver
        )
    factories.NoValueFactory(**chat, period="2026-06-08")
    factories.MetricAssignmentFactory(metric=fix_days, user__username="x")
    factories.ImportBatchFactory(created_by=person)


send = WSGITransport.send


def send_in_process(self: WSGITransport, case: Any, **options: Any) -> Any:
    """Without what concerns sockets alone: of its own it leaves that out in most places only."""
    for name in ("max_redirects", "verify", "cert", "proxies"):
        options.pop(name, None)
    return send(self, case, **options)


@contextmanager
def the_portal() -> Iterator[Callable[..., Any]]:
    """The portal, asked from whichever thread, in the transaction of the test."""
    ours = connections["default"]

    def ask(environ: Any, start_response: Any) -> Any:
        connections["default"] = ours
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # the tester does not unpack what it asked for
        return application(environ, start_response)

    signals = (request_started, request_finished)
    ours.inc_thread_sharing()
    for signal in signals:
        signal.disconnect(close_old_connections)  # as Django's own test client does
    try:
        with patch.object(WSGITransport, "send", send_in_process):
            yield ask
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
        ours.dec_thread_sharing()


def tried(program: Program, examples: int, seed: int) -> tuple[int, list[str]]:
    """How many cases there were, and what is wrong."""
    config = SchemathesisConfig.from_dict(
        CONFIG
        | named(program)
        | {
            "seed": seed,
            "headers": {"Authorization": f"Bearer {program.words}"},
            "generation": {"max-examples": examples, "database": "none"},
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": CASES >= MANY},
                "stateful": {"enabled": False},
            },
            "suppress-health-check": ["all"],
            "continue-on-failure": True,
        }
    )
    with the_portal() as portal:
        schema = schemathesis.openapi.from_wsgi(
            "/api/schema/",
            portal,
            config=config,
            headers={"Authorization": f"Bearer {program.words}"},
        )
        told = list(from_schema(schema).execute())
    cases, wrong = 0, list[str]()
    for event in told:
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.interactions)
            for checks in event.recorder.checks.values():
                wrong += [
                    f"{event.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    for check in checks
                    if check.failure_info is not None
                ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(getattr(event, "info", event)))
    return cases, wrong


@pytest.mark.walk
@pytest.mark.parametrize("role", list(Role), ids=[role.name.lower() for role in Role])
def test_schemathesis_finds_nothing(company: None, role: Role) -> None:
    program = Program(make_person(role.name.lower(), role))
    furnish(program.person)
    cases, wrong = tried(program, examples=3, seed=SEED)
    assert not wrong, f"{len(wrong)} of {cases}:\n" + "\n\n".join(wrong)
    assert cases >= CASES
