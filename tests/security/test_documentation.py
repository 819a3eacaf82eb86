"""docs/security.md names tests that are there, and every test of this folder."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_architecture import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:tests|accounts|pmo_portal)/[a-z_/]+\.py)`", TEXT))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_test_of_safety_is_named() -> None:
    here = Path(__file__)
    others = {path for path in here.parent.glob("test_*.py") if path != here}
    assert [path.name for path in sorted(others) if f"tests/security/{path.name}" not in TEXT] == []
