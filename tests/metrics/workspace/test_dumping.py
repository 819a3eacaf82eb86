"""What a dump writes, and where it may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from metrics.models import Measurement, MetricDefinition
from metrics.workspace import WorkspaceRefused, dump_workspace, load_workspace
from projects.models import Subject
from tests.factories import (
    ExemptionFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
)
from tests.metrics.workspace.conftest import Write

pytestmark = pytest.mark.django_db

EVERYTHING = {
    "organisation": "code,name,fiscal_year_starts_in,scorecard,active_from,active_until\n"
    "ORG,Northwind,4,,,\n",
    "portfolios": "code,name,parent,description,scorecard,active_from,active_until\n"
    "SUB,Some,TOP,,,,\nTOP,All,,,,,\n",
    "segments": "code,name,audience,description,value_proposition,customer_count,annual_revenue,"
    "currency,weight,scorecard,active_from,active_until\n"
    "ENT,Enterprises,,,,,,,3,,,\nSMB,Small business,,,,,,,1,,,\n",
    "customers": "code,name,segment,since,renewal_on,annual_revenue,currency,weight,scorecard,"
    "active_from,active_until\nACME,Acme,ENT,,,,,1,,,\n",
    "services": "code,name,description,value_proposition,owner,scorecard,active_from,active_until\n"
    "MAIL,Mail handling,,,,,,\n",
    "service_segments": "service,segment,weight,annual_cost,benchmark_cost,currency\n"
    "MAIL,ENT,2,1800.5,,EUR\n",
    "projects": "code,name,portfolio,stage,description,customer_experience,relationship_effect,"
    "revenue_effect,sponsor,lead,start_on,end_on,baseline_end_on,budget,forecast_cost,actual_cost,"
    "currency,weight,scorecard,active_from,active_until\n"
    "BOOK,New ledger,TOP,closed,,,,,,,,,,,,,,1,OTHER,,\n"
    "CHAT,Chat channel,SUB,delivery,,,,,,,,,,,,,,1,,2026-02,2026-08\n",
    "project_segments": "project,segment,share\nCHAT,ENT,0.6\n",
    "metrics": "code,name,question,category,dimension,due_days,perspective,subject_kind,unit,"
    "decimals,cadence,time_aggregation,grace_months,curve,formula,timing,owner_role,description,"
    "source,active_from,active_until\n"
    'adoption,Adoption,,value_creation,,10,,project,,,month,last,0,"[[0,0],[100,100]]",,,,,,,\n'
    'cost,Cost,,financial,,10,,project,,,year,last,0,"[[0,100],[9,0]]",,,,,,,\n'
    "effort,Effort,,tactical,,10,,project,,,week,last,0,,,,,,,,\n"
    'joy,Joy,,longevity,,10,,engagement,,,day,last,0,"[[0,0],[10,100]]",,,,,,,\n'
    'nps,Promoters,,longevity,,10,,customer,,,quarter,last,0,"[[-100,0],[100,100]]",,,,,,,\n'
    "output,Output,,financial,,10,,project,,,month,last,0,,adoption * effort / cost,,,,,,\n",
    "curve_overrides": "metric,subject,from_month,curve\n"
    'adoption,CHAT,2026-03,"[[0,0],[50,100]]"\n',
    "exemptions": "metric,subject,from_month,until_month,reason\n"
    "cost,BOOK,,2026-05,No budget yet\n",
    "scorecards": "code,name,subject_kind,default,weight_tactical,weight_value_creation,"
    "weight_longevity,weight_financial,overall,min_coverage,min_categories,amber_from,green_from,"
    "share_own,share_engagements,share_projects,share_services,share_customers,share_segments\n"
    "CARD,Project,project,true,1,2,0,1,geometric,0.5,2,50,75,1,0,0,0,0,0\n"
    "CUS,Customer,customer,true,0,0,1,0,weakest,0,1,40,80,1,0,0,0,0,0\n"
    "OTHER,Other project,project,false,1,1,1,1,arithmetic,0.3,1,40,80,1,0,0,0,0,0\n",
    "scorecard_lines": "scorecard,metric,weight\nCARD,adoption,3\nCARD,cost,1\nCUS,nps,1\n",
    "measurements": "metric,subject,period,value,note\n"
    "adoption,CHAT,2026-03,12,\n"
    'adoption,CHAT,2026-04,19.5,"as told, roughly"\n'
    "cost,BOOK,2025,3,\n"
    "effort,CHAT,2026-W11,7,\n"
    "effort,CHAT,2026-W12,8,\n"
    "joy,CHAT@ENT,2026-03-09,1e-05,\n"
    "nps,ACME,2025-Q4,-20,\n",
}


def contents(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_bytes().decode() for path in sorted(folder.iterdir())}


def test_a_dump_has_every_file_with_every_column_in_canonical_form(
    small: Write, tmp_path: Path
) -> None:
    load_workspace(small())
    counts = dump_workspace(tmp_path / "dump")

    assert contents(tmp_path / "dump") == EVERYTHING
    assert counts["measurements.csv"] == 7
    assert sum(counts.values()) == 32


def test_an_empty_database_dumps_as_a_folder_that_loads_to_the_same_dump(tmp_path: Path) -> None:
    dump_workspace(tmp_path / "first")
    load_workspace(tmp_path / "first")
    dump_workspace(tmp_path / "second")

    assert contents(tmp_path / "first")["organisation"].splitlines()[1:] == [
        "ORG,Organisation,1,,,"
    ]
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_rows_are_sorted_by_code_point(tmp_path: Path) -> None:
    portfolio = PortfolioFactory(code="P")
    metrics = [MetricFactory(code=code) for code in ("b", "a_b", "a", "B", "aB")]
    projects = [
        ProjectFactory(code=code, portfolio=portfolio).subject_ptr
        for code in ("x", "X", "x-1", "x.1", "x_1", "x1")
    ]
    for metric in metrics:
        for project in projects:
            MeasurementFactory(metric=metric, subject=project, period="2026-03")
            MeasurementFactory(metric=metric, subject=project, period="2025-11")
    dump_workspace(tmp_path / "dump")

    for name in ("projects", "metrics", "measurements"):
        lines = contents(tmp_path / "dump")[name].splitlines()[1:]
        assert lines == sorted(lines)
    assert [line.split(",")[0] for line in contents(tmp_path / "dump")["metrics"].splitlines()] == [
        *("code", "B", "a", "aB", "a_b", "b")
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e-05, "1e-05"),
        (1e16, "1e+16"),
        (123456789012345.0, "123456789012345"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-2.5, "-2.5"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_are_written_in_their_shortest_exact_form(
    tmp_path: Path, value: float, text: str
) -> None:
    MeasurementFactory(value=value)
    dump_workspace(tmp_path / "dump")

    assert contents(tmp_path / "dump")["measurements"].splitlines()[1].split(",")[3] == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("cadence", "period", "label"),
    [
        ("day", "2026-03-09", "2026-03-09"),
        ("week", "2025-12-31", "2026-W01"),
        ("week", "2027-01-01", "2026-W53"),
        ("month", "2026-03", "2026-03"),
        ("quarter", "2025-Q4", "2025-Q4"),
        ("year", "2025", "2025"),
    ],
)
def test_periods_are_written_in_their_canonical_form(
    tmp_path: Path, cadence: str, period: str, label: str
) -> None:
    OrganisationFactory(fiscal_year_starts_in=4)
    MeasurementFactory(metric=MetricFactory(cadence=cadence), period=period)
    dump_workspace(tmp_path / "dump")

    assert contents(tmp_path / "dump")["measurements"].splitlines()[1].split(",")[2] == label


@pytest.mark.parametrize(
    "text",
    [
        "a,b",
        'say "yes"',
        "two\nlines",
        "\r",
        "a\r\nb",
        "  spaces ",
        "=1+1",
        "統合",
        "\\N",
        "\t",
        "'",
    ],
)
def test_any_text_is_read_back_as_it_is(small: Write, tmp_path: Path, text: str) -> None:
    load_workspace(small())
    Measurement.objects.update(note=text)
    MetricDefinition.objects.update(description=text)
    dump_workspace(tmp_path / "first")
    report = load_workspace(tmp_path / "first")
    dump_workspace(tmp_path / "second")

    assert report.changed == 0
    assert set(Measurement.objects.values_list("note", flat=True)) == {text}
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_an_open_beginning_is_written_blank(tmp_path: Path) -> None:
    ExemptionFactory(metric=MetricFactory(code="m"), subject=ProjectFactory(code="P").subject_ptr)
    dump_workspace(tmp_path / "dump")

    assert contents(tmp_path / "dump")["exemptions"].splitlines()[1:] == [
        "m,P,,,It has no customers yet."
    ]


def test_a_dump_replaces_an_earlier_one_and_leaves_a_readme(small: Write, tmp_path: Path) -> None:
    folder = small({"README.md": "About these data"})
    load_workspace(folder)
    dump_workspace(folder)

    assert contents(folder) == {"README": "About these data", **EVERYTHING}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_dump_fills_an_empty_folder_and_makes_a_new_one(small: Write, tmp_path: Path) -> None:
    load_workspace(small())
    (tmp_path / "empty").mkdir()
    dump_workspace(tmp_path / "empty")
    dump_workspace(tmp_path / "new" / "folder")

    assert contents(tmp_path / "empty") == contents(tmp_path / "new" / "folder") == EVERYTHING


def test_a_dump_does_not_touch_a_folder_with_other_files(small: Write, tmp_path: Path) -> None:
    load_workspace(small())
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear customer")

    with pytest.raises(WorkspaceRefused) as refused:
        dump_workspace(folder)

    assert str(refused.value) == (
        f"{folder}: It holds letter.txt, which is no part of a workspace; name a new folder, an"
        " empty one, or one with an earlier dump."
    )
    assert contents(folder) == {"letter": "Dear customer"}


def test_a_dump_does_not_write_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text("precious")

    with pytest.raises(WorkspaceRefused, match="This is no folder; name a new or an empty one"):
        dump_workspace(path)
    assert path.read_text() == "precious"


def test_a_dump_that_fails_leaves_nothing_behind(
    small: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_workspace(small())

    def full_disk(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(WorkspaceRefused, match="The folder can't be written: No space left"):
        dump_workspace(tmp_path / "out" / "dump")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_dump_changes_nothing(small: Write, tmp_path: Path) -> None:
    load_workspace(small())
    before = Subject.objects.count(), Measurement.objects.count()
    dump_workspace(tmp_path / "dump")

    assert (Subject.objects.count(), Measurement.objects.count()) == before
