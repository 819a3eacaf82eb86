"""Loading over what is there: by key, and with only what differs written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine

from metrics.choices import Door
from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.workspace import load_workspace
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Subject,
)
from projects.months import Month
from tests.factories import MeasurementFactory, ProjectFactory, UserFactory
from tests.metrics.workspace.conftest import SMALL, Refusal, Write
from tests.tables import table, waiting, waiting_from

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 11, 16, 9, tzinfo=UTC)
FIRST = datetime(2026, 11, 15, 12, tzinfo=UTC)
ALWAYS = "0001-01"


@pytest.fixture
def loaded(small: Write) -> Path:
    """The small workspace, loaded and answered by a run."""
    folder = small()
    load_workspace(folder)
    RescoreNeed.objects.all().delete()
    return folder


def load_later(folder: Path) -> str:
    """Load, and what the report says of each file with a change: created, changed, left."""
    with time_machine.travel(LATER, tick=False):
        report = load_workspace(folder)
    return ", ".join(
        f"{file.file} {file.created}/{file.changed}/{file.same}"
        for file in report.files
        if file.created or file.changed
    )


def test_loading_the_same_again_changes_nothing(loaded: Path) -> None:
    history = MetricDefinition.history.count()
    with time_machine.travel(LATER, tick=False):
        report = load_workspace(loaded)

    assert (report.created, report.changed, report.same) == (0, 0, 32)
    assert str(report).splitlines()[-1] == "No score is touched."
    assert not RescoreNeed.objects.exists()
    assert not MeasurementChange.objects.exists()
    assert MetricDefinition.history.count() == history
    assert set(Measurement.objects.values_list("changed_at", flat=True)) == {FIRST}


def test_a_value_that_differs_is_corrected_and_kept_on_record(loaded: Path, write: Write) -> None:
    person = UserFactory(username="loader")
    folder = write(
        {
            "measurements": "metric,subject,period,value,note\n"
            "adoption,CHAT,2026-03,12,\n"
            "adoption,CHAT,2026-04,20,checked\n"
            "adoption,CHAT,2026-05,30,\n"
        }
    )
    with time_machine.travel(LATER, tick=False):
        report = load_workspace(folder, by=person)

    assert [(file.file, file.created, file.changed, file.same) for file in report.files] == [
        ("measurements.csv", 1, 1, 1)
    ]
    assert table(
        Measurement.objects.filter(metric__code="adoption"),
        "period_start",
        "value",
        "note",
        "entered_by__username",
        "created_at",
        "changed_at",
    ) == [
        (date(2026, 3, 1), 12.0, "", None, FIRST, FIRST),
        (date(2026, 4, 1), 20.0, "checked", "loader", FIRST, LATER),
        (date(2026, 5, 1), 30.0, "", "loader", LATER, LATER),
    ]
    assert table(
        MeasurementChange,
        "metric__code",
        "subject__code",
        "period_start",
        "value_before",
        "note_before",
        "value_after",
        "note_after",
        "door",
        "changed_by__username",
        "changed_at",
    ) == [
        (
            "adoption",
            "CHAT",
            date(2026, 4, 1),
            19.5,
            "as told, roughly",
            20.0,
            "checked",
            Door.WORKSPACE,
            "loader",
            LATER,
        )
    ]
    assert waiting_from() == {("CHAT", "2026-04")}


def test_another_note_is_a_change_that_touches_no_score(loaded: Path, write: Write) -> None:
    row = "adoption,CHAT,2026-03,12,late\n"
    folder = write({"measurements": f"metric,subject,period,value,note\n{row}"})

    assert load_later(folder) == "measurements.csv 0/1/0"
    assert MeasurementChange.objects.get().note_after == "late"
    assert not RescoreNeed.objects.exists()


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ("metric,subject,period,value\nadoption,CHAT,2026-04,20\n", "as told, roughly"),
        ("metric,subject,period,value,note\nadoption,CHAT,2026-04,20,\n", ""),
    ],
)
def test_a_column_that_is_absent_leaves_a_note_and_a_blank_cell_clears_it(
    loaded: Path, write: Write, rows: str, note: str
) -> None:
    load_later(write({"measurements": rows}))

    assert Measurement.objects.get(month=Month.parse("2026-04")).note == note


def test_a_value_that_came_through_another_door_is_matched_by_its_period(
    loaded: Path, write: Write
) -> None:
    MeasurementFactory(
        metric=MetricDefinition.objects.get(code="effort"),
        subject=Project.objects.get(code="BOOK").subject_ptr,
        period="2026-W10",
        value=4.0,
        door=Door.FORM,
    )
    folder = write({"measurements": "metric,subject,period,value\neffort,BOOK,2026-03-06,5\n"})

    assert load_later(folder) == "measurements.csv 0/1/0"
    assert Measurement.objects.get(subject__code="BOOK", value=5.0).door == Door.WORKSPACE


def test_rows_that_the_folder_lacks_stay_as_they_are(loaded: Path, write: Write) -> None:
    folder = write({"segments": "code,name\nNEW,New\n", "services": "code,name\nMAIL,Post\n"})

    assert load_later(folder) == "segments.csv 1/0/0, services.csv 0/1/0"
    assert Subject.objects.count() == 11
    assert Measurement.objects.count() == 7
    assert Organisation.objects.get().code == "ORG"


def test_absent_columns_leave_what_is_there_and_blank_cells_give_the_default(
    loaded: Path, write: Write
) -> None:
    load_later(write({"segments": "code,name\nENT,Big ones\n"}))
    assert table(Segment, "code", "name", "weight") == [
        ("ENT", "Big ones", 3.0),
        ("SMB", "Small business", 1.0),
    ]

    load_later(
        write(
            {
                "segments": "code,name,weight\nENT,Big ones,\n",
                "projects": "code,name,portfolio,stage,active_from,active_until\n"
                "CHAT,Chat channel,SUB,,,\n",
                "metrics": "code,name,category,subject_kind,cadence,due_days\nadoption,Adoption,"
                "value_creation,project,month,\n",
            }
        )
    )
    assert Segment.objects.get(code="ENT").weight == 1.0
    assert table(
        Project.objects.filter(code="CHAT"),
        "stage",
        "active_from",
        "active_until",
        "portfolio__code",
    ) == [("", None, None, "SUB")]
    assert MetricDefinition.objects.get(code="adoption").curve == [[0, 0], [100, 100]]


def test_what_changed_gets_a_history_row_with_its_new_state(loaded: Path, write: Write) -> None:
    load_later(write({"segments": "code,name,weight\nENT,Big ones,4\nSMB,Small business,1\n"}))

    history = Segment.history.filter(history_type="~")
    assert table(history, "code", "name", "weight", "history_date", "history_change_reason") == [
        ("ENT", "Big ones", 4.0, LATER, "Workspace folder")
    ]


def test_another_code_renames_the_organisation(loaded: Path, write: Write) -> None:
    key = Organisation.objects.get().pk
    folder = write(
        {
            "organisation": "code,name\nHQ,Head office\n",
            "segments": "code,name\nORG,A segment of the old code\n",
            "exemptions": "metric,subject,reason\n",
        }
    )

    assert load_later(folder) == "organisation.csv 0/1/0, segments.csv 1/0/0"
    assert table(Organisation, "pk", "code", "name") == [(key, "HQ", "Head office")]
    assert Subject.objects.get(code="ORG").kind == "segment"


def test_a_code_of_another_kind_is_refused(loaded: Path, write: Write, refusal: Refusal) -> None:
    assert refusal(write({"services": "code,name\nCHAT,Chat\n"})) == [
        'services.csv:2: code: "CHAT" is the code of a project already; a code is unique across all'
        " kinds of subjects."
    ]


def test_a_renamed_project_or_segment_renames_its_engagements(loaded: Path, write: Write) -> None:
    load_later(write({"projects": "code,name,portfolio\nCHAT,Talk,SUB\n"}))
    load_later(write({"segments": "code,name\nENT,The big ones\n"}))

    assert Engagement.objects.get().name == "Talk for The big ones"
    assert not RescoreNeed.objects.exists()
    assert Engagement.history.filter(history_type="~").count() == 2


def test_a_long_name_is_cut_in_its_engagements(loaded: Path, write: Write) -> None:
    load_later(write({"projects": f"code,name,portfolio\nCHAT,{'n' * 255},SUB\n"}))

    assert Engagement.objects.get().name == "n" * 254 + "…"


def test_a_scorecard_is_given_changed_and_taken_away(loaded: Path, write: Write) -> None:
    head = "code,name,portfolio,scorecard\n"

    def assigned() -> list[tuple[str, str]]:
        return table(ScorecardAssignment, "subject__code", "scorecard__code")

    report = load_later(
        write({"projects": f"{head}CHAT,Chat channel,SUB,OTHER\nBOOK,New ledger,TOP,CARD\n"})
    )
    assert report == "projects.csv 0/2/0"
    assert assigned() == [("BOOK", "CARD"), ("CHAT", "OTHER")]
    assert waiting() == {"CHAT", "BOOK"}

    load_later(write({"projects": f"{head}CHAT,Chat channel,SUB,\nBOOK,New ledger,TOP,CARD\n"}))
    assert assigned() == [("BOOK", "CARD")]

    load_later(write({"projects": "code,name,portfolio\nBOOK,New ledger,TOP\n"}))
    assert assigned() == [("BOOK", "CARD")]
    kinds = ScorecardAssignment.history.values_list(
        "subject__code", "scorecard__code", "history_type"
    )
    assert sorted(kinds) == [
        ("BOOK", "CARD", "~"),
        ("BOOK", "OTHER", "+"),
        ("CHAT", "OTHER", "+"),
        ("CHAT", "OTHER", "-"),
    ]


def test_a_default_moves_from_one_scorecard_to_another(loaded: Path, small: Write) -> None:
    rows = SMALL["scorecards"].replace("project,true", "project,X").replace("false", "true")
    load_later(small({"scorecards": rows.replace("project,X", "project,false")}))

    assert table(Scorecard, "code", "is_default") == [
        ("CARD", False),
        ("CUS", True),
        ("OTHER", True),
    ]


def test_lines_overrides_exemptions_links_and_offers_are_found_by_their_keys(
    loaded: Path, write: Write
) -> None:
    folder = write(
        {
            "service_segments": "service,segment,weight\nMAIL,ENT,5\nMAIL,SMB,1\n",
            "project_segments": "project,segment,share\nCHAT,ENT,0.5\nBOOK,ENT,1\n",
            "curve_overrides": "metric,subject,from_month,curve\n"
            'adoption,CHAT,2026-03,"[[0,0],[40,100]]"\nadoption,CHAT,2026-04,"[[0,0],[50,100]]"\n',
            "exemptions": "metric,subject,reason\ncost,BOOK,Still no budget\ncost,CHAT,Free\n",
            "scorecard_lines": "scorecard,metric,weight\nCARD,cost,2\nOTHER,cost,1\n",
        }
    )

    assert load_later(folder) == (
        "service_segments.csv 1/1/0, project_segments.csv 1/1/0, curve_overrides.csv 1/1/0,"
        " exemptions.csv 1/1/0, scorecard_lines.csv 1/1/0"
    )
    assert table(Offer, "segment__code", "weight", "currency") == [
        ("ENT", 5.0, "EUR"),
        ("SMB", 1.0, ""),
    ]
    assert table(Engagement, "code", "share") == [("BOOK@ENT", 1.0), ("CHAT@ENT", 0.5)]
    assert CurveOverride.objects.count() == 2
    assert table(Exemption, "subject__code", "until_month", "reason") == [
        ("BOOK", Month.parse("2026-05"), "Still no budget"),
        ("CHAT", None, "Free"),
    ]
    assert table(ScorecardLine, "scorecard__code", "metric__code", "weight") == [
        ("CARD", "adoption", 3.0),
        ("CARD", "cost", 2.0),
        ("CUS", "nps", 1.0),
        ("OTHER", "cost", 1.0),
    ]


PROJECTS = {"CHAT", "BOOK"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Text concerns no score.
        ({"projects": "code,name,portfolio,lead\nCHAT,Talk,SUB,Ann\n"}, set()),
        (
            {
                "metrics": "code,name,category,subject_kind,cadence,unit\n"
                "adoption,Use,value_creation,project,month,%\n"
            },
            set(),
        ),
        ({"scorecards": SMALL["scorecards"].replace("Other project", "Others")}, set()),
        # A weight or a span: the subject; a run adds what is above it.
        ({"projects": "code,name,portfolio,weight\nCHAT,Chat channel,SUB,5\n"}, {"CHAT"}),
        (
            {"projects": "code,name,portfolio,active_until\nCHAT,Chat channel,SUB,2026-09\n"},
            {"CHAT", "CHAT@ENT"},
        ),
        ({"project_segments": "project,segment,share\nCHAT,ENT,1\n"}, {"CHAT@ENT"}),
        ({"project_segments": "project,segment,share\nBOOK,ENT,1\n"}, {"BOOK@ENT"}),
        ({"service_segments": "service,segment,weight\nMAIL,ENT,3\n"}, {"MAIL", "ENT"}),
        # What it counted in before, too.
        ({"projects": "code,name,portfolio\nCHAT,Chat channel,TOP\n"}, {"CHAT", "SUB"}),
        ({"portfolios": "code,name,parent\nSUB,Some,\n"}, {"SUB", "TOP"}),
        ({"customers": "code,name,segment\nACME,Acme,SMB\n"}, {"ACME", "ENT"}),
        # Definitions: the subjects of their kind.
        (
            {
                "metrics": "code,name,category,subject_kind,cadence,grace_months\n"
                "adoption,Adoption,value_creation,project,month,2\n"
            },
            PROJECTS,
        ),
        ({"scorecards": SMALL["scorecards"].replace("0.5,2,50", "0.5,1,50")}, PROJECTS),
        ({"scorecard_lines": "scorecard,metric,weight\nCUS,nps,2\n"}, {"ACME"}),
        # The organisation's span is everybody's.
        (
            {"organisation": "code,name,active_from\nORG,Northwind,2025-01\n"},
            {"ORG", "TOP", "SUB", "ENT", "SMB", "ACME", "MAIL", "CHAT", "BOOK", "CHAT@ENT"},
        ),
    ],
)
def test_a_change_marks_those_whose_scores_it_may_move(
    loaded: Path, write: Write, files: dict[str, str | bytes], expected: set[str]
) -> None:
    load_later(write(files))

    assert waiting_from() == {(code, ALWAYS) for code in expected}


def test_an_override_or_exemption_marks_its_subject_from_its_own_month(
    loaded: Path, write: Write
) -> None:
    load_later(
        write(
            {
                "curve_overrides": "metric,subject,from_month,curve\n"
                'adoption,CHAT,2026-05,"[[0,0],[50,100]]"\n',
                "exemptions": "metric,subject,from_month,reason\ncost,BOOK,2026-07,Free\n",
            }
        )
    )

    assert waiting_from() == {("CHAT", "2026-05"), ("BOOK", "2026-07")}


def test_values_mark_each_subject_once_from_its_first_month(loaded: Path, write: Write) -> None:
    load_later(
        write(
            {
                "measurements": "metric,subject,period,value\n"
                "adoption,CHAT,2026-06,1\nadoption,CHAT,2026-05,1\nadoption,CHAT,2026-04,21\n"
                "cost,BOOK,2026,9\nadoption,CHAT,2026-03,12\n"
            }
        )
    )

    # The fiscal year 2026 ends in March 2027.
    assert waiting_from() == {("CHAT", "2026-04"), ("BOOK", "2027-03")}
    assert RescoreNeed.objects.count() == 2


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {
                "metrics": "code,name,category,subject_kind,cadence\n"
                "effort,Effort,tactical,project,month\n"
            },
            [
                "metrics.csv:2: cadence: effort has measurements, so its cadence stays week; make"
                " another metric for month."
            ],
        ),
        (
            {
                "metrics": "code,name,category,subject_kind,cadence\n"
                "joy,Joy,longevity,customer,day\n"
            },
            [
                "metrics.csv:2: subject_kind: joy has measurements, so its kind of subject stays"
                " engagement; make another metric for customer."
            ],
        ),
        (
            {
                "metrics": "code,name,category,subject_kind,cadence,formula\n"
                "adoption,Adoption,value_creation,project,month,cost + output\n"
            },
            [
                "metrics.csv:2: formula: The formulas go in a circle: adoption -> output ->"
                " adoption.",
                "metrics.csv:2: formula: The formula of output: The formulas go in a circle: output"
                " -> adoption -> output.",
                "metrics.csv:2: formula: adoption has measurements, so it takes no formula; make"
                " another metric for it.",
            ],
        ),
        (
            {"organisation": "code,name,fiscal_year_starts_in\nORG,Northwind,1\n"},
            [
                "organisation.csv:2: fiscal_year_starts_in: There are values of quarters or years,"
                " so the fiscal year goes on starting in month 4; it can change to 1 only before"
                " the first such value."
            ],
        ),
        (
            {"projects": "code,name,portfolio,active_until\nCHAT,Chat channel,SUB,2026-03\n"},
            [
                "projects.csv:2: A value of 2026-04 lies outside the span of CHAT, measured from"
                " 2026-02 to 2026-03; delete such values first, or keep their periods in the span."
            ],
        ),
        (
            {"projects": "code,name,portfolio,active_from\nBOOK,New ledger,TOP,2026-04\n"},
            [
                "projects.csv:2: A value of 2025 lies outside the span of BOOK, measured from"
                " 2026-04; delete such values first, or keep their periods in the span."
            ],
        ),
        (
            {"organisation": "code,name,active_until\nORG,Northwind,2026-02\n"},
            [
                f"organisation.csv:2: A value of {label} lies outside the span of {code}, measured"
                f" {span}; delete such values first, or keep their periods in the span."
                for label, code, span in (
                    ("2026-03", "CHAT", "from 2026-02 to 2026-02"),
                    ("2026-03-09", "CHAT@ENT", "from 2026-02 to 2026-02"),
                )
            ],
        ),
        # What stays in the database must go on to fit.
        (
            {
                "metrics": "code,name,category,subject_kind,cadence,curve\n"
                "cost,Cost,financial,project,year,\n"
            },
            [
                "metrics.csv:2: cost has no curve, so no score; a metric on a scorecard needs a"
                " curve."
            ],
        ),
        (
            {
                "scorecards": SMALL["scorecards"].replace(
                    "OTHER,Other project,project", "OTHER,O,customer"
                )
            },
            [
                "scorecards.csv:3: subject_kind: OTHER is for each customer, and BOOK is a project;"
                " a subject's scorecard is of its own kind."
            ],
        ),
        (
            {
                "scorecards": SMALL["scorecards"]
                .replace("project,false", "project,true")
                .replace("CARD,Project,project,true,1,2,0,1,geometric,0.5,2,50,75,1\n", "")
            },
            [
                "scorecards.csv:2: default: CARD is the default scorecard of each project already;"
                " OTHER can be one when CARD no longer is."
            ],
        ),
        (
            {"portfolios": "code,name,parent\nTOP,All,SUB\n"},
            [
                "portfolios.csv:2: parent: The portfolios go in a circle: TOP in SUB in TOP; one of"
                " them needs another parent or none."
            ],
        ),
        (
            {
                "metrics": "code,name,category,subject_kind,cadence,curve\n"
                'cost,Cost,financial,portfolio,year,"[[0,0],[1,1]]"\n'
            },
            [
                "metrics.csv:2: cost is measured of each portfolio, and BOOK is a project.",
                "metrics.csv:2: cost is measured of each portfolio, and CARD is for each project; a"
                " line's metric is of the scorecard's kind.",
                "metrics.csv:2: formula: The formula of output: cost is measured of each portfolio,"
                " output of each project; inputs are of the same kind of subject.",
                "metrics.csv:2: subject_kind: cost has measurements, so its kind of subject stays"
                " project; make another metric for portfolio.",
            ],
        ),
    ],
)
def test_a_change_that_what_is_stored_cannot_live_with_is_refused(
    loaded: Path,
    write: Write,
    refusal: Refusal,
    files: dict[str, str | bytes],
    told: list[str],
) -> None:
    assert sorted(refusal(write(files))) == sorted(told)


def test_a_fiscal_year_may_change_while_no_quarter_or_year_has_a_value(
    loaded: Path, write: Write
) -> None:
    Measurement.objects.filter(metric__cadence__in=["quarter", "year"]).delete()
    load_later(write({"organisation": "code,name,fiscal_year_starts_in\nORG,Northwind,7\n"}))

    assert Organisation.objects.get().fiscal_year_starts_in == 7


def test_a_kind_may_change_while_nothing_stands_on_it(loaded: Path, write: Write) -> None:
    Measurement.objects.filter(metric__code="joy").delete()
    load_later(
        write(
            {
                "metrics": "code,name,category,subject_kind,cadence\n"
                "joy,Joy,longevity,customer,week\n"
            }
        )
    )

    joy = MetricDefinition.objects.get(code="joy")
    assert (joy.subject_kind, joy.cadence) == ("customer", "week")
    assert waiting() == {"ACME"}


def test_subjects_that_came_in_by_another_door_can_be_named(loaded: Path, write: Write) -> None:
    ProjectFactory(code="FORM", portfolio=Portfolio.objects.get(code="TOP"))
    folder = write(
        {
            "project_segments": "project,segment\nFORM,SMB\n",
            "measurements": "metric,subject,period,value\nadoption,FORM,2026-03,4\n",
        }
    )

    assert load_later(folder) == "project_segments.csv 1/0/0, measurements.csv 1/0/0"


def test_facts_of_every_kind_can_be_changed(loaded: Path, write: Write) -> None:
    load_later(
        write(
            {
                "customers": "code,name,segment,since,renewal_on,annual_revenue,currency\n"
                "ACME,Acme,ENT,2021-04-01,2026-12-31,900000.5,EUR\n"
            }
        )
    )

    assert table(Customer, "since", "renewal_on", "currency") == [
        (date(2021, 4, 1), date(2026, 12, 31), "EUR")
    ]
