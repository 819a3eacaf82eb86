"""Memory does not grow with the number of measurements, and time stays in bounds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrated import fill_from_copy

# Processes of their own, on databases of their own: neither is the suite's.
pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

PROJECTS, MONTHS = 200, 50
HEAD = {
    "portfolios": "code,name\nPF,Portfolio\n",
    "projects": "code,name,portfolio\n"
    + "".join(f"P{number},Project {number},PF\n" for number in range(PROJECTS)),
}
# What a load or a dump needs at most, after everything is imported: in KiB, measured by the system.
MEASURE = """
import resource, sys
from pathlib import Path
from metrics.workspace import dump_workspace, load_workspace
from metrics.models import MetricDefinition
list(MetricDefinition.objects.all())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{action}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def write_folder(folder: Path, metrics: int) -> None:
    """So many metrics of 10,000 values each."""
    folder.mkdir()
    for name, text in HEAD.items():
        (folder / f"{name}.csv").write_text(text)
    with (folder / "metrics.csv").open("w") as out:
        out.write("code,name,category,subject_kind,cadence\n")
        out.writelines(f"m{metric},m,tactical,project,month\n" for metric in range(metrics))
    with (folder / "measurements.csv").open("w") as out:
        out.write("metric,subject,period,value\n")
        out.writelines(
            f"m{metric},P{project},{2020 + month // 12}-{month % 12 + 1:02},{month + metric / 8}\n"
            for metric in range(metrics)
            for project in range(PROJECTS)
            for month in range(MONTHS)
        )


def run(root: Path, var: Path, database_url: str, *arguments: str) -> str:
    variables = {"DATABASE_URL": database_url, "VAR_DIR": str(var), "DEBUG": "true"}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=root,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def peak(root: Path, var: Path, database_url: str, action: str) -> int:
    measured = MEASURE.format(action=action)
    return int(run(root, var, database_url, "shell", "--no-imports", "-c", measured))


def peaks(root: Path, tmp_path: Path, database_url: str, metrics: int) -> list[int]:
    """KiB of a first load, of the same again, of a dump, and of a load with nothing but errors."""
    folder = tmp_path / f"workspace{metrics}"
    write_folder(folder, metrics)
    fill_from_copy(database_url)
    wrong = tmp_path / f"wrong{metrics}"
    wrong.mkdir()
    text = (folder / "measurements.csv").read_text()
    (wrong / "measurements.csv").write_text(text.replace(",P", ",Q"))
    load = f"load_workspace(Path({str(folder)!r}))"
    refused = f"""
try:
    load_workspace(Path({str(wrong)!r}))
except ValueError as error:
    assert error.total == {metrics * PROJECTS * MONTHS}
"""
    dump = f"dump_workspace(Path({str(tmp_path / f'dump{metrics}')!r}))"
    return [peak(root, tmp_path, database_url, action) for action in (load, load, dump, refused)]


def test_memory_does_not_grow_with_the_measurements_on_sqlite(
    tmp_path: Path, project_root: Path
) -> None:
    small = peaks(project_root, tmp_path, f"sqlite:///{tmp_path}/small.sqlite3", metrics=2)
    large = peaks(project_root, tmp_path, f"sqlite:///{tmp_path}/large.sqlite3", metrics=20)

    # Ten times the rows; the rest is the noise of an allocator.
    assert all(more < 1.5 * less + 4096 for less, more in zip(small, large, strict=True)), (
        small,
        large,
    )


@pytest.mark.postgres
def test_memory_does_not_grow_with_the_measurements_on_postgresql(
    tmp_path: Path, project_root: Path, postgres_url: str
) -> None:
    small = peaks(project_root, tmp_path, postgres_url, metrics=2)
    large = peaks(project_root, tmp_path, postgres_url, metrics=20)

    assert all(more < 1.5 * less + 4096 for less, more in zip(small, large, strict=True)), (
        small,
        large,
    )
