"""The same folder says the same on PostgreSQL, whatever its collation.

The other tests here run on either database; these make sure that PostgreSQL is always among them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from metrics.workspace import dump_workspace, load_workspace
from tests.installation import Installation, installed
from tests.metrics.workspace.conftest import SMALL, Write
from tests.migrated import migrated_postgres

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def elsewhere(postgres_address: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose database sorts text as English readers do: a before B, - ignored."""
    name = f"portal_{secrets.token_hex(6)}"
    english = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
    template = migrated_postgres(postgres_address, "english", english)
    with closing(psycopg2.connect(f"{postgres_address}/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        address = f"{postgres_address}/{name}"
        with installed(tmp_path, address, is_migrated=True) as installation:
            yield installation
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_both_databases_dump_the_same_bytes(
    small: Write, elsewhere: Installation, tmp_path: Path
) -> None:
    codes = ["x-1", "X", "x", "x1", "a_b", "aB", "Z.z"]
    folder = small(
        {
            "+projects": "".join(f"{code},Näme,TOP,,,,\n" for code in codes),
            "+measurements": "".join(
                f'adoption,{code},2026-{month:02},{month / 7},"a\tb\\N\n"\n'
                for code in codes
                for month in range(1, 11)
            ),
        }
    )
    load_workspace(folder)
    dump_workspace(tmp_path / "here")
    elsewhere.manage("load_workspace", str(folder))
    elsewhere.manage("dump_workspace", str(tmp_path / "there"))

    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_both_databases_report_the_same_of_a_second_load(
    small: Write, write: Write, elsewhere: Installation
) -> None:
    later = write(
        {
            "segments": "code,name,weight\nENT,Big ones,5\nNEW,New,\n",
            "projects": "code,name,portfolio,scorecard\nCHAT,Talk,SUB,OTHER\nBOOK,Ledger,TOP,\n",
            "measurements": "metric,subject,period,value\nadoption,CHAT,2026-03,13\n"
            "adoption,CHAT,2026-04,19.5\nadoption,CHAT,2026-05,-0\n",
        }
    )
    load_workspace(folder := small())
    elsewhere.manage("load_workspace", str(folder))

    assert elsewhere.manage("load_workspace", str(later)) == str(load_workspace(later)).strip()
    assert elsewhere.python(
        "print(sorted(MeasurementChange.objects.values_list('value_before', 'value_after')),"
        " Measurement.objects.get(month=Month.parse('2026-05')).value,"
        " sorted(ScorecardAssignment.objects.values_list('subject__code', 'scorecard__code')))"
    ) == str([(12.0, 13.0)]) + " 0.0 " + str([("CHAT", "OTHER")])


def test_both_databases_refuse_in_the_same_words(
    write: Write, small: Write, elsewhere: Installation
) -> None:
    rows = "adoption,CHAT,2026-04,1,\nadoption,CHAT,2026-04,1,\nadoption,CHATT,2026-04,x,\n"
    bad = small({"+measurements": rows, "+segments": "ENT,again,1\n"})
    with pytest.raises(ValueError, match=r"segments\.csv:4: code") as refused:
        load_workspace(bad)

    with pytest.raises(AssertionError) as failed:
        elsewhere.manage("load_workspace", str(bad))
    assert str(refused.value) in str(failed.value)
    elsewhere.manage("load_workspace", str(write(dict(SMALL))))


def test_the_example_with_real_projects_goes_round(
    elsewhere: Installation, project_root: Path, tmp_path: Path
) -> None:
    load_workspace(project_root / "examples" / "uk_gmpp")
    dump_workspace(tmp_path / "here")
    elsewhere.manage("load_workspace", str(tmp_path / "here"))
    elsewhere.manage("dump_workspace", str(tmp_path / "there"))

    assert contents(tmp_path / "there") == contents(tmp_path / "here")
