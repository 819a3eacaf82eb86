"""Every way in which a folder can be wrong, and the words in which it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.models import Measurement, MetricDefinition, RescoreNeed
from metrics.workspace import WorkspaceRefused, load_workspace
from projects.models import Subject
from tests.metrics.workspace.conftest import SMALL, Refusal, Write

pytestmark = pytest.mark.django_db

COLUMNS_OF_SEGMENTS = (
    "code, name, audience, description, value_proposition, customer_count, annual_revenue,"
    " currency, weight, scorecard, active_from and active_until"
)
ALL_FILES = (
    "organisation.csv, portfolios.csv, segments.csv, customers.csv, services.csv,"
    " service_segments.csv, projects.csv, project_segments.csv, metrics.csv, curve_overrides.csv,"
    " exemptions.csv, scorecards.csv, scorecard_lines.csv"
)

# One row added to a file of the small workspace; what is told, without the name of the file.
ROWS = [
    # codes and names
    ("segments", ",x,1", "4: code: This is blank; every row needs it."),
    (
        "segments",
        "A B,x,1",
        '4: code: "A B" is no code; it has letters, digits, _, - and . only, at most 64'
        " characters.",
    ),
    (
        "segments",
        f"{'A' * 65},x,1",
        f'4: code: "{"A" * 59}…" is no code; it has letters, digits, _, - and . only, at most 64'
        " characters.",
    ),
    ("segments", '"ENT\n",x,1', '4: code: "ENT\\n" is no code; it has letters, digits, _, - and .'),
    ("segments", "X,,1", "4: name: This is blank; every row needs it."),
    ("segments", "X,  ,1", "4: name: This is blank; every row needs it."),
    (
        "segments",
        f"X,{'n' * 256},1",
        "4: name: Ensure this value has at most 255 characters (it has 256).",
    ),
    ("segments", "X,a\0b,1", "4: name: There is a character that is no text (NUL); leave it out."),
    (
        "segments",
        "ENT,again,1",
        '4: code: "ENT" is also the code in segments.csv:2; a code is there once.',
    ),
    ("organisation", "TWO,x,1", "3: code: There is one organisation, so the file has one row."),
    # numbers
    ("segments", "X,x,-1", "4: weight: -1 is no weight; it is a finite number of 0 or more."),
    (
        "segments",
        "X,x,inf",
        '4: weight: "inf" is not a number; write it like 1234.5 or 1e-05.',
    ),
    (
        "project_segments",
        "CHAT,SMB,-0.1",
        "3: share: -0.1 is no weight; it is a finite number of 0 or more.",
    ),
    (
        "service_segments",
        "MAIL,SMB,1,1.23456,EUR",
        "3: annual_cost: 1.23456 has too many digits; an amount has at most 4 decimals and 15"
        " digits in all.",
    ),
    (
        "service_segments",
        "MAIL,SMB,1,123456789012.3456,EUR",
        "3: annual_cost: 123456789012.3456 has too many digits; an amount has at most 4 decimals"
        " and 15 digits in all.",
    ),
    (
        "service_segments",
        "MAIL,SMB,1,12 EUR,EUR",
        '3: annual_cost: "12 EUR" is not a number; write it like 1234.5 or 1e-05.',
    ),
    (
        "service_segments",
        "MAIL,SMB,1,12,Euro",
        '3: currency: "Euro" is no currency; it is three capital letters, such as EUR.',
    ),
    # choices and months
    (
        "projects",
        "X,x,TOP,done,,,",
        '4: stage: "done" does not fit; it is proposed, approved, delivery, closed or cancelled.',
    ),
    (
        "projects",
        "X,x,TOP,,,2026-5,",
        '4: active_from: "2026-5" is not a month; write it like 2026-03.',
    ),
    (
        "projects",
        "X,x,TOP,,,,2026-13",
        '4: active_until: "2026-13" is not a month; write it like 2026-03.',
    ),
    (
        "projects",
        "X,x,TOP,,,2026-05,2026-03",
        "4: active_until: It ends in 2026-03, before it begins in 2026-05; end it in 2026-05 or"
        " later.",
    ),
    (
        "metrics",
        "x,x,luck,project,month,,",
        '8: category: "luck" does not fit; it is tactical, value_creation, longevity or financial.',
    ),
    (
        "metrics",
        "x,x,tactical,planet,month,,",
        '8: subject_kind: "planet" does not fit; it is organisation, portfolio, project, segment,'
        " customer, service or engagement.",
    ),
    (
        "metrics",
        "x,x,tactical,project,decade,,",
        '8: cadence: "decade" does not fit; it is day, week, month, quarter or year.',
    ),
    # what does not exist
    ("portfolios", "X,x,TOPP", '4: parent: "TOPP" is no portfolio; did you mean TOP?'),
    ("customers", "C,x,ENTT", '3: segment: "ENTT" is no segment; did you mean ENT?'),
    ("customers", "C,x,CHAT", '3: segment: "CHAT" is no segment; there are ENT and SMB.'),
    ("projects", "X,x,WRONG,,,,", '4: portfolio: "WRONG" is no portfolio; there are SUB and TOP.'),
    ("projects", "X,x,TOP,,KARD,,", '4: scorecard: "KARD" is no scorecard; did you mean CARD?'),
    (
        "projects",
        "X,x,TOP,,CUS,,",
        "4: scorecard: CUS is for each customer, and X is a project; a subject's scorecard is of"
        " its own kind.",
    ),
    ("scorecard_lines", "CARD,efort,1", '5: metric: "efort" is no metric; did you mean effort?'),
    # the tree of portfolios
    (
        "portfolios",
        "X,x,X",
        "4: parent: The portfolios go in a circle: X in X; one of them needs another parent or"
        " none.",
    ),
    # links
    (
        "project_segments",
        "CHAT,ENT,1",
        "3: segment: The same project and segment as in project_segments.csv:2; one of the two is"
        " needed.",
    ),
    (
        "service_segments",
        "MAIL,ENT,1,,",
        "3: segment: The same service and segment as in service_segments.csv:2; one of the two is"
        " needed.",
    ),
    # metric codes
    *(
        (
            "metrics",
            f"{code},x,tactical,project,month,,",
            f'8: code: "{code}" is no metric code; it has letters, digits and _ only, begins with'
            " no digit, and has at most 64 characters, so that formulas can name it.",
        )
        for code in ("a-b", "1a", "a.b", "é")
    ),
    (
        "metrics",
        "class,x,tactical,project,month,,",
        '8: code: "class" is a reserved word and no metric code; "class_" would fit.',
    ),
    *(
        (
            "metrics",
            f"{name},x,tactical,project,month,,",
            f'8: code: "{name}" is a function of formulas and no metric code; "{name}_" would fit.',
        )
        for name in ("min", "max", "abs")
    ),
    # curves
    *(
        ("metrics", f"x,x,tactical,project,month,{curve},", f"8: curve: {told}")
        for curve, told in (
            ('"[[0,0]]"', "A curve has two or more points; this one has 1."),
            ("[]", "A curve has two or more points; this one has 0."),
            ('"[[0,0],[0,5]]"', "Point 2: the value 0 is not above 0, the value of point 1."),
            (
                '"[[0,0],[2,9],[1.5,5]]"',
                "Point 3: the value 1.5 is not above 2, the value of point 2.",
            ),
            ('"[[0,0],[1,101]]"', "Point 2: the score 101 is not between 0 and 100."),
            ('"[[0,-1],[1,10]]"', "Point 1: the score -1 is not between 0 and 100."),
            ('"[[0,0],[NaN,5]]"', "Point 2: the value is not finite."),
            ('"[[0,0],[1,Infinity]]"', "Point 2: the score is not finite."),
            ('"[[0,0],[1,2,3]]"', "Point 2 is [1, 2, 3]; a point is [value, score]."),
            ('"[[0,0],[""a"",2]]"', 'Point 2: the value "a" is not a number.'),
            ("up", '"up" is no curve; write points [value, score] like [[0,0],[100,100]].'),
            ("{}", '"{}" is no curve; write points [value, score] like [[0,0],[100,100]].'),
        )
    ),
    # formulas
    *(
        ("metrics", f'x,x,tactical,project,{cadence},,"{formula}"', f"8: formula: {told}")
        for cadence, formula, told in (
            ("month", "adoptoin * 2", '"adoptoin" is no metric; did you mean adoption?'),
            ("month", "x + adoption", "The formulas go in a circle: x -> x."),
            (
                "month",
                "nps + adoption",
                "nps is measured of each customer, x of each project; inputs are of the same kind"
                " of subject.",
            ),
            (
                "year",
                "adoption + cost",
                "adoption comes by month, finer than the year of x; inputs are of the same cadence"
                " or a coarser one.",
            ),
            ("month", "cost * 2", "No input comes by month, the cadence of x; at least one must."),
            ("month", "1 + 2", "No input comes by month, the cadence of x; at least one must."),
            (
                "month",
                "+".join(["adoption"] * 56),
                "The formula has 503 characters; at most 500 are allowed.",
            ),
            ("month", f"{'-' * 20}adoption", "The formula is more than 20 levels deep."),
            ("month", "adoption +", "The formula can't be read: invalid syntax."),
            (
                "month",
                "adoption ** 2",
                "Character 1: only numbers, metric codes, + - * /, unary minus, parentheses, min,"
                " max and abs are allowed.",
            ),
            (
                "month",
                "adoption[0]",
                '"[" at character 9 is not allowed; a formula has numbers, metric codes, + - * /,'
                " parentheses, min, max and abs.",
            ),
            ("month", "sum(adoption, 1)", '"sum" is no function; there are min, max and abs.'),
            ("month", "min(adoption)", "min takes two or more arguments."),
            ("month", "abs(adoption, 1)", "abs takes one argument."),
        )
    ),
    (
        "metrics",
        "x,x,tactical,project,week,,effort",
        "8: cadence: A formula's cadence is month, quarter or year, not week.",
    ),
    # overrides and exemptions
    (
        "curve_overrides",
        'adoption,CHATT,2026-03,"[[0,0],[50,100]]"',
        '3: subject: "CHATT" is no subject; did you mean CHAT or CHAT@ENT?',
    ),
    (
        "curve_overrides",
        'adoption,ACME,2026-03,"[[0,0],[50,100]]"',
        "3: subject: adoption is measured of each project, and ACME is a customer.",
    ),
    (
        "curve_overrides",
        'adoption,CHAT,,"[[0,0],[50,100]]"',
        "3: from_month: This is blank; every row needs it.",
    ),
    (
        "curve_overrides",
        "adoption,CHAT,2026-04,",
        "3: curve: This is blank; every row needs it.",
    ),
    (
        "curve_overrides",
        'adoption,CHAT,2026-03,"[[0,0],[5,100]]"',
        "3: from_month: The same metric, subject and from_month as in curve_overrides.csv:2; one"
        " of the two is needed.",
    ),
    ("exemptions", "adoption,CHAT,,,", "3: reason: This is blank; every row needs it."),
    (
        "exemptions",
        "nps,ORG,,,because",
        "3: subject: nps is measured of each customer, and ORG is an organisation.",
    ),
    (
        "exemptions",
        "adoption,CHAT,2026-05,2026-04,because",
        "3: until_month: It ends in 2026-04, before it begins in 2026-05; end it in 2026-05 or"
        " later.",
    ),
    (
        "exemptions",
        "cost,BOOK,,,again",
        "3: from_month: The same metric, subject and from_month as in exemptions.csv:2; one of the"
        " two is needed.",
    ),
    # scorecards and their lines
    *(
        ("scorecards", f"C2,x,project,{row}", f"5: {told}")
        for row, told in (
            (
                "true,1,2,0,1,geometric,0.5,2,50,75,1",
                "default: CARD is the default scorecard of each project already; C2 can be one"
                " when CARD no longer is.",
            ),
            ("yes,1,2,0,1,geometric,0.5,2,50,75,1", 'default: "yes" is neither true nor false.'),
            (
                "false,0,0,0,0,geometric,0.5,2,50,75,1",
                "weight_tactical: A scorecard needs a category with a weight above 0.",
            ),
            (
                "false,1,2,0,-1,geometric,0.5,2,50,75,1",
                "weight_financial: -1 is no weight; it is a finite number of 0 or more.",
            ),
            (
                "false,1,2,0,1,harmonic,0.5,2,50,75,1",
                'overall: "harmonic" does not fit; it is geometric, arithmetic or weakest.',
            ),
            (
                "false,1,2,0,1,weakest,1.5,2,50,75,1",
                "min_coverage: 1.5 is out of range; it is from 0 to 1.",
            ),
            (
                "false,1,2,0,1,weakest,1,5,50,75,1",
                "min_categories: 5 is out of range; it is from 1 to 4.",
            ),
            (
                "false,1,2,0,1,weakest,1,1.5,50,75,1",
                'min_categories: "1.5" is not a whole number; write it like 12.',
            ),
            (
                "false,1,2,0,1,weakest,1,1,80,75,1",
                "amber_from: Amber begins at 80, above green at 75; it begins at green's limit or"
                " below.",
            ),
            (
                "false,1,2,0,1,weakest,1,1,50,101,1",
                "green_from: 101 is out of range; it is from 0 to 100.",
            ),
            (
                "false,1,2,0,1,weakest,1,1,50,75,",
                "share_own: This is blank; every row needs it.",
            ),
        )
    ),
    (
        "scorecard_lines",
        "CUS,adoption,1",
        "5: metric: adoption is measured of each project, and CUS is for each customer; a line's"
        " metric is of the scorecard's kind.",
    ),
    (
        "scorecard_lines",
        "CARD,effort,1",
        "5: metric: effort has no curve, so no score; a metric on a scorecard needs a curve.",
    ),
    (
        "scorecard_lines",
        "CARD,cost,2",
        "5: metric: The same scorecard and metric as in scorecard_lines.csv:3; one of the two is"
        " needed.",
    ),
    ("scorecard_lines", "OTHER,cost,", "5: weight: This is blank; every row needs it."),
    # measurements
    *(
        ("measurements", row, f"9: {told}")
        for row, told in (
            (
                'adoption,CHAT,2026-05,"1,5",',
                'value: "1,5" is not a number; write it like 1234.5 or 1e-05.',
            ),
            *(
                (
                    f"adoption,CHAT,2026-05,{text},",
                    f'value: "{text}" is not a number; write it like 1234.5 or 1e-05.',
                )
                for text in (
                    "NaN",
                    "nan",
                    "inf",
                    "-Infinity",
                    "1_0",
                    " 1",
                    "0x1",
                    "٣",
                    "ten",
                    "1 %",
                )
            ),
            (
                "adoption,CHAT,2026-05,1e999,",
                'value: "1e999" is too large; the largest number is about 1.8e308.',
            ),
            ("adoption,CHAT,2026-05,,", "value: This is blank; every row needs it."),
            (",CHAT,2026-05,1,", "metric: This is blank; every row needs it."),
            ("adoption,CHAT,,1,", "period: This is blank; every row needs it."),
            (
                "adoption,CHAT,2026-05-01,1,",
                'period: "2026-05-01" is not a month such as 2026-03.',
            ),
            (
                "effort,CHAT,2026-W54,1,",
                'period: "2026-W54" is not a week such as 2026-W11, or any day of it such as'
                " 2026-03-09.",
            ),
            ("nps,ACME,2026-Q5,1,", 'period: "2026-Q5" is not a quarter such as 2026-Q1.'),
            ("cost,BOOK,26,1,", 'period: "26" is not a year such as 2026.'),
            (
                "joy,CHAT@ENT,2026-02-30,1,",
                'period: "2026-02-30" is not a day such as 2026-03-09.',
            ),
            (
                "adoption,CHAT,2026-01,1,",
                "period: 2026-01 lies outside the span of CHAT, measured from 2026-02 to 2026-08.",
            ),
            (
                "joy,CHAT@ENT,2026-09-01,1,",
                "period: 2026-09-01 lies outside the span of CHAT@ENT, measured from 2026-02 to"
                " 2026-08.",
            ),
            (
                "adoption,BOOK,2026-12,1,",
                "period: 2026-12 has not begun; the latest month that has is 2026-11.",
            ),
            (
                "nps,ACME,2026-Q4,1,",
                "period: 2026-Q4 has not begun; the latest quarter that has is 2026-Q3.",
            ),
            (
                "cost,BOOK,2027,1,",
                "period: 2027 has not begun; the latest year that has is 2026.",
            ),
            ("adoptoin,CHAT,2026-05,1,", 'metric: "adoptoin" is no metric; did you mean adoption?'),
            ("ADOPTION,CHAT,2026-05,1,", 'metric: "ADOPTION" is no metric; did you mean adoption?'),
            (
                "xyz,CHAT,2026-05,1,",
                'metric: "xyz" is no metric; there are adoption, cost, effort, joy, nps and'
                " output.",
            ),
            (
                "adoption,xyz,2026-05,1,",
                'subject: "xyz" is no project; there are BOOK and CHAT.',
            ),
            (
                "nps,CHAT,2026-Q1,1,",
                "subject: nps is measured of each customer, and CHAT is a project.",
            ),
            (
                "output,CHAT,2026-05,1,",
                "metric: output is computed by its formula and takes no values; give values of its"
                " inputs.",
            ),
            (
                "adoption,CHAT,2026-03,13,",
                "period: The same metric, subject and period as in line 2; one of the two is"
                " needed.",
            ),
            (
                "effort,CHAT,2026-03-09,7,",
                "period: The same metric, subject and period as in line 5; one of the two is"
                " needed.",
            ),
            (
                "adoption,CHAT,2026-05,1,a\0b",
                "note: There is a character that is no text (NUL); leave it out.",
            ),
            (
                "adoption,CHAT,2026-05",
                "The row has 3 cells and the header 5; every row has as many as the header.",
            ),
            ('adoption,CHAT,2026-05,1,"a', "A quote is opened and never closed."),
            (
                'adoption,CHAT,2026-05,1,"a"b',
                "The quotes can't be read: a cell in quotes ends with its quote, and a quote"
                " within it is doubled.",
            ),
        )
    ),
]


@pytest.mark.parametrize(("name", "row", "told"), ROWS)
def test_a_bad_row_is_told_by_file_line_and_column(
    small: Write, refusal: Refusal, name: str, row: str, told: str
) -> None:
    errors = refusal(small({f"+{name}": f"{row}\n"}))

    assert "\n".join(errors).startswith(f"{name}.csv:{told}")
    assert len(errors) == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"segments": ""},
            ["segments.csv:1: The file is empty; its first line names the columns:"],
        ),
        (
            {"segments": "code,name,wieght\nENT,x,1\nSMB,x,1\n"},
            ["segments.csv:1: wieght: There is no such column; did you mean weight?"],
        ),
        (
            {"segments": "code,name,colour\nENT,x,1\nSMB,x,1\n"},
            [
                "segments.csv:1: colour: There is no such column; segments.csv has"
                f" {COLUMNS_OF_SEGMENTS}."
            ],
        ),
        (
            {"segments": "code,name,\nENT,x,1\nSMB,x,1\n"},
            [
                'segments.csv:1: "": There is no such column; segments.csv has'
                f" {COLUMNS_OF_SEGMENTS}."
            ],
        ),
        (
            {"segments": "code,name,name\nENT,x,1\nSMB,x,1\n"},
            ["segments.csv:1: name: The column is there twice; it is needed once."],
        ),
        (
            {"segments": "code,weight\nENT,1\nSMB,1\n"},
            ["segments.csv:1: name: The column is missing; segments.csv needs code and name."],
        ),
        (
            {"segments": "code;name\nENT;x\nSMB;x\n"},
            [
                "segments.csv:1: code;name: Cells are separated by commas, not by semicolons.",
                "segments.csv:1: code: The column is missing; segments.csv needs code and name.",
                "segments.csv:1: name: The column is missing; segments.csv needs code and name.",
            ],
        ),
        (
            {"measurements": "metric,subject,value\nadoption,CHAT,3\n"},
            [
                "measurements.csv:1: period: The column is missing; measurements.csv needs metric,"
                " subject, period and value."
            ],
        ),
        (
            {"segments": "code,name\nENT,Café\nSMB,x\n".encode("latin-1")},
            ["segments.csv:2: This is not UTF-8; save the file again with the encoding UTF-8."],
        ),
        (
            {"measurements": SMALL["measurements"].encode("utf-16")},
            ["measurements.csv:1: This is not UTF-8; save the file again with the encoding UTF-8."],
        ),
        (
            {"segmets.csv": "code,name\n"},
            ["segmets.csv: A workspace has no such file; did you mean segments.csv"],
        ),
        (
            {"notes.txt": "hello"},
            [
                f"notes.txt: A workspace has no such file; it has {ALL_FILES}, measurements.csv and"
                " README.*."
            ],
        ),
        (
            {"organisation": "code,name,fiscal_year_starts_in\nORG,x,13\n"},
            ["organisation.csv:2: fiscal_year_starts_in: 13 is out of range; it is from 1 to 12."],
        ),
        (
            {"organisation": "code,name\nCHAT,x\n"},
            [
                'projects.csv:2: code: "CHAT" is also the code in organisation.csv:2; a code is'
                " there once."
            ],
        ),
        (
            {"+segments": "CHAT,x,1\n"},
            [
                'projects.csv:2: code: "CHAT" is also the code in segments.csv:4; a code is there'
                " once."
            ],
        ),
        (
            {"organisation": None, "+segments": "ORG,x,1\n"},
            [
                "organisation.csv: The organisation is called ORG where no row names it, and ORG is"
                " a segment here; name the organisation."
            ],
        ),
        (
            {"portfolios": "code,name,parent\nTOP,All,SUB\nSUB,Some,TOP\nLOW,Low,SUB\n"},
            [
                "portfolios.csv:2: parent: The portfolios go in a circle: TOP in SUB in TOP; one of"
                " them needs another parent or none."
            ],
        ),
        (
            {
                "+metrics": "x,x,tactical,project,month,,y + adoption\n"
                "y,y,tactical,project,month,,x\n"
            },
            [
                "metrics.csv:8: formula: The formulas go in a circle: x -> y -> x.",
                "metrics.csv:9: formula: The formulas go in a circle: y -> x -> y.",
            ],
        ),
    ],
)
def test_a_bad_file_is_told(
    small: Write, refusal: Refusal, files: dict[str, str | bytes | None], told: list[str]
) -> None:
    errors = refusal(small(files))

    assert len(errors) == len(told)
    for error, beginning in zip(errors, told, strict=True):
        assert error.startswith(beginning)


def test_a_folder_that_is_not_there_is_told(refusal: Refusal, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"

    assert refusal(folder) == [f"{folder}: There is no such folder."]


def test_a_file_in_place_of_a_folder_is_told(refusal: Refusal, tmp_path: Path) -> None:
    path = tmp_path / "measurements.csv"
    path.write_text(SMALL["measurements"])

    assert refusal(path) == [f"{path}: This is no folder; a workspace is a folder of CSV files."]


@pytest.mark.parametrize("files", [{}, {"README.md": "Nothing here yet."}])
def test_an_empty_folder_is_told(
    write: Write, refusal: Refusal, files: dict[str, str | bytes]
) -> None:
    folder = write(files)

    assert refusal(folder) == [
        f"{folder}: The folder is empty; a workspace has {ALL_FILES} and measurements.csv."
    ]


def test_a_folder_without_a_single_row_is_told(write: Write, refusal: Refusal) -> None:
    folder = write({name: text.splitlines()[0] for name, text in SMALL.items()})

    assert refusal(folder) == [f"{folder}: No file of the folder has a row."]


def test_a_file_that_cannot_be_read_is_told(small: Write, refusal: Refusal) -> None:
    folder = small()
    (folder / "segments.csv").unlink()
    (folder / "segments.csv").symlink_to(folder / "gone.csv")

    assert refusal(folder)[0].startswith("segments.csv: A workspace has no such file")


def test_all_that_is_wrong_is_told_in_one_pass_in_the_order_of_files_and_lines(
    small: Write, refusal: Refusal
) -> None:
    errors = refusal(
        small(
            {
                "+measurements": "adoption,CHAT,2026-05,x,\nadoption,CHAT,2026-03,1,\n",
                "+segments": "X,,-1\n",
                "+metrics": 'y,,luck,project,month,"[[0,0]]",\n',
                "+projects": "NEW,New,GONE,,,,\n",
            }
        )
    )

    assert [error.split(": ")[:2] for error in errors] == [
        ["segments.csv:4", "name"],
        ["segments.csv:4", "weight"],
        ["projects.csv:4", "portfolio"],
        ["metrics.csv:8", "name"],
        ["metrics.csv:8", "category"],
        ["metrics.csv:8", "curve"],
        ["measurements.csv:9", "value"],
        ["measurements.csv:10", "period"],
    ]


def test_what_names_a_row_that_is_wrong_is_not_told_to_name_nothing(
    small: Write, refusal: Refusal
) -> None:
    errors = refusal(
        small(
            {
                "+segments": "NEW,New,heavy\n",
                "+customers": "C,Customer,NEW\n",
                "+project_segments": "CHAT,NEW,1\n",
                "+metrics": "fresh,Fresh,luck,engagement,month,,\n",
                "+measurements": "fresh,CHAT@NEW,2026-05,3,\n",
            }
        )
    )

    assert [error.split(": ")[0] for error in errors] == ["segments.csv:4", "metrics.csv:8"]


def test_what_a_file_that_cannot_be_read_may_hold_is_not_told_to_be_unknown(
    small: Write, refusal: Refusal
) -> None:
    errors = refusal(small({"projects": "code,name,portfolio\nCHAT,é,SUB\n".encode("latin-1")}))

    assert errors == [
        "projects.csv:2: This is not UTF-8; save the file again with the encoding UTF-8."
    ]


def test_the_first_hundred_errors_are_told_and_the_others_counted(small: Write) -> None:
    rows = "".join(f"adoption,P{number},2026-05,1,\n" for number in range(250))
    with pytest.raises(WorkspaceRefused) as refused:
        load_workspace(small({"+measurements": rows}))

    assert refused.value.total == 250
    assert len(refused.value.errors) == 100
    assert str(refused.value).splitlines()[-1] == "... and 150 more errors."
    assert refused.value.errors[0].startswith('measurements.csv:9: subject: "P0" is no project')


def test_duplicates_beyond_the_first_hundred_are_counted(small: Write) -> None:
    rows = "".join("adoption,BOOK,2026-05,1,\n" for number in range(251))
    with pytest.raises(WorkspaceRefused) as refused:
        load_workspace(small({"+measurements": rows}))

    assert refused.value.total == 250
    assert refused.value.errors[0] == (
        "measurements.csv:10: period: The same metric, subject and period as in line 9; one of the"
        " two is needed."
    )


def test_one_bad_row_keeps_everything_out(small: Write, refusal: Refusal) -> None:
    refusal(small({"+measurements": "adoption,CHAT,2026-05,x,\n"}))

    assert not Subject.objects.exists()
    assert not MetricDefinition.objects.exists()
    assert not Measurement.objects.exists()
    assert not RescoreNeed.objects.exists()


def test_a_line_is_counted_where_its_row_begins(small: Write, refusal: Refusal) -> None:
    rows = 'adoption,BOOK,2026-05,1,"two\nlines"\nadoption,BOOK,2026-06,x,\n'

    assert refusal(small({"+measurements": rows}))[0].startswith("measurements.csv:11: value:")
