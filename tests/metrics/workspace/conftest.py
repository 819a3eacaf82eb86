"""A small workspace that is well, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from metrics.workspace import WorkspaceRefused, load_workspace

SMALL = {
    "organisation": "code,name,fiscal_year_starts_in\nORG,Northwind,4\n",
    "portfolios": "code,name,parent\nTOP,All,\nSUB,Some,TOP\n",
    "segments": "code,name,weight\nENT,Enterprises,3\nSMB,Small business,1\n",
    "customers": "code,name,segment\nACME,Acme,ENT\n",
    "services": "code,name\nMAIL,Mail handling\n",
    "service_segments": "service,segment,weight,annual_cost,currency\nMAIL,ENT,2,1800.5,EUR\n",
    "projects": (
        "code,name,portfolio,stage,scorecard,active_from,active_until\n"
        "CHAT,Chat channel,SUB,delivery,,2026-02,2026-08\n"
        "BOOK,New ledger,TOP,closed,OTHER,,\n"
    ),
    "project_segments": "project,segment,share\nCHAT,ENT,0.6\n",
    "metrics": (
        "code,name,category,subject_kind,cadence,curve,formula\n"
        'adoption,Adoption,value_creation,project,month,"[[0,0],[100,100]]",\n'
        'cost,Cost,financial,project,year,"[[0,100],[9,0]]",\n'
        "effort,Effort,tactical,project,week,,\n"
        "output,Output,financial,project,month,,adoption * effort / cost\n"
        'nps,Promoters,longevity,customer,quarter,"[[-100,0],[100,100]]",\n'
        'joy,Joy,longevity,engagement,day,"[[0,0],[10,100]]",\n'
    ),
    "curve_overrides": (
        'metric,subject,from_month,curve\nadoption,CHAT,2026-03,"[[0,0],[50,100]]"\n'
    ),
    "exemptions": (
        "metric,subject,from_month,until_month,reason\ncost,BOOK,,2026-05,No budget yet\n"
    ),
    "scorecards": (
        "code,name,subject_kind,default,weight_tactical,weight_value_creation,weight_longevity,"
        "weight_financial,overall,min_coverage,min_categories,amber_from,green_from,share_own\n"
        "CARD,Project,project,true,1,2,0,1,geometric,0.5,2,50,75,1\n"
        "OTHER,Other project,project,false,1,1,1,1,arithmetic,0.3,1,40,80,1\n"
        "CUS,Customer,customer,true,0,0,1,0,weakest,0,1,40,80,1\n"
    ),
    "scorecard_lines": "scorecard,metric,weight\nCARD,adoption,3\nCARD,cost,1\nCUS,nps,1\n",
    "measurements": (
        "metric,subject,period,value,note\n"
        "adoption,CHAT,2026-03,12,\n"
        'adoption,CHAT,2026-04,19.5,"as told, roughly"\n'
        "cost,BOOK,2025,3,\n"
        "effort,CHAT,2026-W11,7,\n"
        "effort,CHAT,2026-03-17,8,\n"
        "nps,ACME,2025-Q4,-20,\n"
        "joy,CHAT@ENT,2026-03-09,1e-05,\n"
    ),
}

Files = dict[str, str | bytes]
Write = Callable[..., Path]
Refusal = Callable[[Path], list[str]]


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    """The middle of November 2026."""
    with time_machine.travel(datetime(2026, 11, 15, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the given files (name -> text or bytes) into a folder of their own."""
    made = 0

    def write_files(files: Files) -> Path:
        nonlocal made
        made += 1
        folder = tmp_path / f"workspace{made}"
        folder.mkdir()
        for name, content in files.items():
            path = folder / (name if "." in name else f"{name}.csv")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write_files


@pytest.fixture
def small(write: Write) -> Write:
    """The small workspace, some files replaced, left out (None) or made longer (`+name`)."""

    def write_small(changes: dict[str, str | bytes | None] | None = None) -> Path:
        files: Files = dict(SMALL)
        for name, content in (changes or {}).items():
            if content is None:
                del files[name]
            elif name.startswith("+"):
                assert isinstance(content, str)
                files[name[1:]] = SMALL[name[1:]] + content
            else:
                files[name] = content
        return write(files)

    return write_small


@pytest.fixture
def refusal() -> Refusal:
    """The lines with which a folder is refused."""

    def errors_of(folder: Path) -> list[str]:
        with pytest.raises(WorkspaceRefused) as refused:
            load_workspace(folder)
        assert str(refused.value).splitlines()[: len(refused.value.errors)] == refused.value.errors
        return refused.value.errors

    return errors_of
