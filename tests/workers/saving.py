"""Programs that give values to the web server while it, and what stands behind it, goes down."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import quote

from tests.installation import Installation, Process, eventually
from tests.services import free_port

VALUES, PROGRAMS, VALUE = 100, 10, 71.0
PATIENCE = 120.0
STORED = (200, 201)
TRY_AGAIN = (429, 500, 502, 503, 504)

ASKERS = """
from datetime import timedelta
from django.contrib.auth.models import Group, User
from django.utils import timezone
from api.operations.tokens import make_token
person = User.objects.create_user("night")
person.groups.add(Group.objects.get(name="Administrator"))
last_day = timezone.localdate() + timedelta(days=30)
_, words = make_token(person, name="Night", scopes=["measurements:write"], last_day=last_day)
metric = MetricDefinition.objects.filter(
    formula="", subject_kind="project", cadence="year").order_by("pk")[0]
year = Measurement.objects.filter(metric=metric).latest("period_start").period_start
measured = Measurement.objects.filter(metric=metric, period_start=year)
codes = Project.objects.filter(pk__in=measured.values("subject")).order_by("pk")
print(json.dumps([words, metric.code, period_holding(year, metric.cadence).label(),
    list(codes.values_list("code", flat=True)[:COUNT])]))
"""

HELD = """
print(json.dumps(dict(Measurement.objects.filter(metric=metric, period_start=year)
    .values_list("subject__code", "value"))))
"""


class SavingByWeb:
    """Ten programs with ten values each; they send each until they are told that it is stored."""

    def __init__(self, portal: Installation) -> None:
        portal.environment["API_WRITES_PER_MINUTE"] = "0"  # any number
        self.saved: dict[str, float] = {}
        self.refused: list[str] = []
        self.sent_again = 0
        self._portal = portal
        self._port = free_port()
        told = json.loads(portal.python(ASKERS.replace("COUNT", str(VALUES))))
        self._token, self._metric, self._period, self._codes = told
        self._programs = [
            threading.Thread(target=self._give, args=(self._codes[number::PROGRAMS],), daemon=True)
            for number in range(PROGRAMS)
        ]

    def start_web(self) -> Process:
        """At the same address each time; it waits for one that is still going down."""
        return self._portal.start_web(self._port)

    def begin(self) -> None:
        """Come back when some values are saved, and most are not."""
        for program in self._programs:
            program.start()
        eventually(
            lambda: self.refused or len(self.saved) >= VALUES // 5, patience=PATIENCE, every=0.005
        )
        assert self.refused == [], self.refused[0]

    def assert_nothing_is_lost(self) -> None:
        for program in self._programs:
            program.join(timeout=PATIENCE)
        self._portal.python("from django.db import connection; connection.close()")
        held = json.loads(self._portal.python(HELD))
        lost = {code for code, value in self.saved.items() if held.get(code) != value}
        assert (self.refused, len(self.saved), lost) == ([], VALUES, set())

    def _give(self, codes: list[str]) -> None:
        for code in codes:
            deadline = time.monotonic() + PATIENCE
            while not self._is_stored(code):
                if self.refused or time.monotonic() > deadline:
                    return
                self.sent_again += 1
                time.sleep(0.1)

    def _is_stored(self, code: str) -> bool:
        path = "/".join(quote(part) for part in (self._metric, code, self._period))
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/measurements/{path}/",
            data=json.dumps({"value": VALUE, "confirm_unusual": True}).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                is_stored = answer.status in STORED
        except urllib.error.HTTPError as refusal:
            if refusal.code not in TRY_AGAIN:
                self.refused.append(f"{refusal.code} {refusal.read()[:300]!r}")
            return False
        except (OSError, http.client.HTTPException):
            return False  # nobody is there, or not any more
        if is_stored:
            self.saved[code] = VALUE
        return is_stored
