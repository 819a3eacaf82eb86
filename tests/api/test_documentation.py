"""The documentation's examples, run as they stand; and the page that shows the operations."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from api.scopes import Scope
from metrics.choices import RunTrigger
from metrics.models import Measurement
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from pmo_portal.roles import Role
from tests.api.conftest import ROOT, Program, token_for
from tests.conftest import make_person, needed
from tests.services import find_program

PAGES = [ROOT / "docs" / "api.md", ROOT / "docs" / "api-examples.md"]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)

EXAMPLES = [
    pytest.param(language, code, id=f"{page.stem}-{number}-{language}")
    for page in PAGES
    for number, (language, code) in enumerate(BLOCK.findall(page.read_text()), start=1)
]


@pytest.fixture
def portal(live_server: Any) -> dict[str, str]:
    """The portal with the worked example, and a token of somebody who may do all of it."""
    load_workspace(ROOT / "examples" / "worked")
    score_now(trigger=RunTrigger.COMMAND)
    _, words = token_for(make_person("administrator", Role.ADMINISTRATOR))
    return {"PORTAL": live_server.url, "TOKEN": words, "PATH": os.environ["PATH"]}


def test_there_are_examples_in_both_languages() -> None:
    assert {parameters.values[0] for parameters in EXAMPLES} == {"bash", "python"}
    assert len(EXAMPLES) > 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_each_example_runs_as_it_stands(
    portal: dict[str, str], tmp_path: Path, language: str, code: str
) -> None:
    with needed():
        programs = [find_program("bash"), find_program("curl")]
    command = [programs[0], "-euc", code] if language == "bash" else [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=portal, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
    if language == "bash":
        for answer in answers_in(done.stdout):
            assert "message" not in answer


def answers_in(output: str) -> list[dict[str, Any]]:
    """Several commands print one answer after the other."""
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(output):
        answer, place = decoder.raw_decode(output, place)
        found.append(answer)
    return found


@pytest.mark.django_db
def test_the_example_of_a_refusal_is_one(analyst: User) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGES[0].read_text(), re.DOTALL | re.MULTILINE)
    given = {"metric": "m", "subject": "s", "period": "2026", "value": 1}
    answer = Program(analyst, Scope.WRITE).post(
        "measurements/", {"measurements": [given, given | {"value": "1"}]}
    )
    assert answer.json() == json.loads(block)
    assert not Measurement.objects.exists()


@pytest.mark.django_db
def test_the_page_comes_from_here_alone_and_has_no_script_in_it(
    executive: User, client_of: Callable[[User], Client]
) -> None:
    page = client_of(executive).get(reverse("api:docs")).content.decode()
    assert "swagger-ui-bundle.js" in page
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


@pytest.mark.django_db
def test_the_schema_is_openapi_3_1_and_names_every_operation_once(executive: User) -> None:
    schema = Program(executive).client.get("/api/schema/").json()
    assert schema["openapi"].startswith("3.1")
    operations = [
        operation
        for path in schema["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) > 80
    assert [operation for operation in operations if "Problem" not in str(operation)] == []
    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}
