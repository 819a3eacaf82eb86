"""Sending a file, and saying what its columns mean."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from metrics.choices import BatchState
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.models import ImportBatch, ImportFile, SavedMapping
from tests.factories import MetricFactory, ProjectFactory
from tests.metrics.importing.books import with_parts, workbook

pytestmark = pytest.mark.django_db

Sign = Callable[[User], Client]

NEW = "/entry/imports/new/"
LONG = b"kpi;project;month;actual\nAdoption;Cafe Finder;31/03/2026;12,5\nAdoption;P2;28/02/2026;3\n"
WIDE = b"Project,Jan 2026,Feb 2026,Mar 2026\nP1,1,2,3\nP2,4,,6\n"


@pytest.fixture
def company() -> None:
    MetricFactory(code="adoption", name="Adoption", unit="%")
    MetricFactory(code="fix_days", name="Days to fix", unit="days")
    ProjectFactory(code="P1", name="Café Finder")
    ProjectFactory(code="P2", name="Twins")


@pytest.fixture
def client(analyst: User, client_of: Sign, company: None) -> Client:
    return client_of(analyst)


def send(client: Client, content: bytes, name: str = "values.csv") -> HttpResponse:
    return client.post(NEW, {"file": SimpleUploadedFile(name, content)})  # type: ignore[return-value]


def mapping_page(client: Client, content: bytes, name: str = "values.csv") -> tuple[str, Any]:
    """The address of the page that a sent file leads to, and the page."""
    address = send(client, content, name).headers["Location"]
    return address, client.get(address)


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def fields_of(response: Any) -> dict[str, Any]:
    """What a browser would send back of the page as it came."""
    context = response.context
    sent = dict(context["shown"])
    sent = {f"shown_{name}": value for name, value in sent.items()}
    for form in (context["reading_form"], context["mapping_form"]):
        for field in form.visible_fields():
            value = field.value()
            if field.widget_type == "checkbox":
                if value:
                    sent[field.name] = "on"
            else:
                sent[field.name] = "" if value is None else value
    for column in context["file"].across:
        sent[f"across-{column.place}"] = column.code
    for choice in [*context["metric_names"], *context["subject_names"]]:
        sent[choice.field] = choice.chosen
    return sent


def the_batch() -> ImportBatch:
    return ImportBatch.objects.get()


# Who


def test_only_people_who_enter_values_send_files(
    executive: User, pmo_lead: User, outsider: User, analyst: User, client_of: Sign
) -> None:
    answers = [client_of(user).get(NEW).status_code for user in (executive, outsider, analyst)]
    assert answers == [403, 403, 200]
    assert Client().get(NEW).status_code == 302


def test_a_file_is_mapped_by_who_sent_it(
    client: Client, administrator: User, client_of: Sign
) -> None:
    address, page = mapping_page(client, LONG)
    assert page.status_code == 200
    assert client_of(administrator).get(address).status_code == 403
    assert client.get("/entry/imports/99999/mapping/").status_code == 404


# Sending


def test_the_page_says_what_is_taken_and_how_much(client: Client, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 5 * 1024**2
    page = text_of(client.get(NEW))
    assert "CSV (text) or XLSX (Excel, LibreOffice), up to 5 MB." in page
    assert 'data-largest="5242880"' in page


def test_a_sent_file_is_kept_and_leads_to_its_mapping(client: Client, analyst: User) -> None:
    answer = send(client, LONG)
    batch = the_batch()
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/entry/imports/{batch.pk}/mapping/",
    )
    assert (batch.state, batch.created_by, bytes(batch.file.content)) == (
        BatchState.NEW,
        analyst,
        LONG,
    )


EVIL = [
    ("values.csv", b"", "The file is empty; there is nothing to import."),
    ("values.csv", b"%PDF-1.4", "The file is a PDF document"),
    ("values.csv", b"MZ\x90", "The file is a program for Windows"),
    ("values.xls", b"<html><table>", "The file is a web page or XML"),
    ("values.csv", workbook(["a"]), "The file is called *.csv and is a workbook"),
    ("values.xlsx", workbook(["a"])[:900], "cut off on its way"),
    (
        "values.xlsx",
        with_parts(workbook(["a"]), xl__vbaProject___bin=b"x"),
        "The workbook holds macros",
    ),
    (
        "values.xlsx",
        with_parts(workbook(["a"]), big___bin=bytes(210 * 1024**2)),
        "The workbook unpacks to 210 MB",
    ),
]


@pytest.mark.parametrize(("name", "content", "told"), EVIL, ids=[told for *_, told in EVIL])
def test_what_is_not_taken_is_told_beside_the_field(
    client: Client, name: str, content: bytes, told: str
) -> None:
    page = send(client, content, name)
    assert page.status_code == 422
    assert told in text_of(page)
    assert not ImportFile.objects.exists()


def test_without_a_file_there_is_nothing_to_send(client: Client) -> None:
    page = client.post(NEW, {})
    assert page.status_code == 422
    assert "Choose a file to import." in text_of(page)


class Endless:
    """The body of a form whose file goes on for ever; counts what is read of it."""

    def __init__(self) -> None:
        self.read_bytes = 0
        self.head = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n'
            b"Content-Type: text/csv\r\n\r\n"
        )

    def read(self, size: int = -1) -> bytes:
        if self.head:
            part, self.head = self.head, b""
        else:
            part = b"1,2,3,4\n" * (min(size, 65_536) // 8)
        self.read_bytes += len(part)
        return part

    readline = read


@pytest.mark.parametrize(
    ("announced", "most_read"),
    [(2 * 1024**3, 256 * 1024), (1024**2 + 1024, 2 * 1024**2)],
    ids=["told by Content-Length", "found while it streams"],
)
def test_a_file_that_is_too_large_is_cut_off_and_kept_nowhere(
    settings: Settings, announced: int, most_read: int
) -> None:
    settings.IMPORT_MAX_BYTES = 1024**2
    body = Endless()
    environ = {
        **RequestFactory()._base_environ(),  # type: ignore[attr-defined]  # stubs lack it
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(announced),
        "wsgi.input": body,
    }
    request = WSGIRequest(environ)
    tracemalloc.start()
    assert not request.FILES
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 1024**2
    assert body.read_bytes <= most_read
    refusal = request.upload_refusal  # type: ignore[attr-defined]
    assert refusal.startswith("The file ")
    assert "the largest that is taken" in refusal


def test_a_file_that_is_too_large_is_told_beside_the_field(
    client: Client, settings: Settings
) -> None:
    settings.IMPORT_MAX_BYTES = 100_000
    page = send(client, b"a,b\n" * 60_000)
    assert page.status_code == 422
    assert "the largest that is taken 98 kB; send it in parts" in text_of(page)
    assert "Choose a file to import." not in text_of(page)
    page = send(client, b"a,b\n" * 30_000)
    assert page.status_code == 422
    assert "The file is larger than 98 kB, the largest that is taken" in text_of(page)


# What the portal wrote itself


def test_a_dump_and_the_due_list_need_no_mapping(client: Client) -> None:
    send(client, b"metric,subject,period,value,note\nadoption,P1,2026-03,12.5,\n", "m.csv")
    batch = the_batch()
    assert batch.state == BatchState.CHECK_DUE
    assert batch.mapping["value_column"] == 3
    due = ["metric", "metric_name", "subject", "subject_name", "period", "due_on", "value", "note"]
    filled_in: list[Sequence[Any]] = [due, ["adoption", "", "P1", "", "2026-03", "", 5]]
    content = workbook(["x"], **{"Due values": filled_in})
    answer = send(client, content, "due.xlsx")
    latest = ImportBatch.objects.latest("pk")
    assert answer.headers["Location"] == f"/entry/imports/{latest.pk}/"
    assert (latest.state, latest.reading["sheet"]) == (BatchState.CHECK_DUE, "Due values")


# What is proposed


def test_a_long_file_comes_mapped_with_the_reasons(client: Client) -> None:
    _, page = mapping_page(client, LONG)
    text = text_of(page)
    assert "100% of its cells are codes or names of metrics." in text
    assert "With a semicolon, 100% of the first rows have 4 cells." in text
    assert "12,5 can have no other sign." in text
    assert "31/03/2026 can only begin with its day." in text
    assert "2 rows: 2 values of 1 metric, 2 subjects, 2 periods." in text
    assert page.context["file"].chosen.mapping == Mapping(
        metric_column=0, subject_column=1, period_column=2, value_column=3
    )


def test_a_wide_file_is_summed_up_and_asks_for_its_metric(client: Client) -> None:
    address, page = mapping_page(client, WIDE)
    assert "3 of 4 column heads are periods: Jan 2026, Feb 2026, Mar 2026." in text_of(page)
    assert "2 rows \N{MULTIPLICATION SIGN} 3 periods: 5 values" in text_of(page)
    assert "1 cell is blank." in text_of(page)
    sent = fields_of(page) | {"step": "check"}
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "Choose the metric, or the column that tells it." in text_of(refused)
    answer = client.post(address, sent | {"fixed_metric": "adoption"})
    assert answer.headers["Location"] == reverse("import_batch", args=[the_batch().pk])
    batch = the_batch()
    assert batch.state == BatchState.CHECK_DUE
    assert Mapping.of_plain(batch.mapping) == Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        fixed_metric="adoption",
        across={1: "Jan 2026", 2: "Feb 2026", 3: "Mar 2026"},
    )


def test_names_that_nobody_has_come_with_those_that_are_near(client: Client) -> None:
    address, page = mapping_page(client, LONG)
    (choice,) = page.context["subject_names"]
    assert (choice.field, choice.chosen) == ("subject-name-Cafe Finder", "P1")
    assert "1 name in the file is no code and no name here." in text_of(page)
    assert "Leave these rows out" in text_of(page)
    client.post(address, fields_of(page) | {"step": "check"})
    assert the_batch().mapping["subject_names"] == {"Cafe Finder": "P1"}


def many_subjects() -> None:
    """More than a list to choose from would help with."""
    for number in range(160):
        ProjectFactory(code=f"X{number:03}", name=f"Somebody {number}")


@pytest.mark.parametrize("typed", ["X123", "Somebody 123", " somebody 123 "])
def test_of_many_subjects_any_can_be_typed_by_code_or_name(client: Client, typed: str) -> None:
    many_subjects()
    address, page = mapping_page(client, LONG)
    assert b'<option value="X123">Somebody 123</option>' in page.content
    sent = fields_of(page) | {"subject-typed-Cafe Finder": typed}
    again = client.post(address, sent | {"step": "read"})
    (choice,) = again.context["subject_names"]
    assert (choice.typed, choice.problem) == ("X123", "")
    answer = client.post(address, sent | {"step": "check"})
    assert answer.status_code == 302
    assert the_batch().mapping["subject_names"] == {"Cafe Finder": "X123"}
    (choice,) = client.get(address).context["subject_names"]
    assert choice.typed == "X123", "what was typed stands there when the mapping is changed"


def test_a_typed_subject_that_nobody_is_or_several_are_is_told_at_its_name(client: Client) -> None:
    many_subjects()
    ProjectFactory(code="Y1", name="Twins")
    address, page = mapping_page(client, LONG)
    for typed in ("Nobody", "Twins"):
        sent = fields_of(page) | {"subject-typed-Cafe Finder": typed, "step": "check"}
        refused = client.post(address, sent)
        assert refused.status_code == 422
        told = f'No subject has the code or, alone, the name "{typed}"; look for it again.'
        assert told in text_of(refused)
        assert the_batch().state == BatchState.NEW


def test_the_subject_of_a_whole_file_is_told_by_its_name_too(client: Client) -> None:
    many_subjects()
    content = b"kpi,month,actual\nadoption,2026-03,5\n"
    address, page = mapping_page(client, content)
    sent = fields_of(page) | {"fixed_subject": "Somebody 7", "step": "check"}
    assert client.post(address, sent).status_code == 302
    assert the_batch().mapping["fixed_subject"] == "Somebody 7"


def test_columns_with_long_labels_come_with_the_metrics_that_may_be_meant(client: Client) -> None:
    MetricFactory(code="cost", name="Baseline whole-life cost")
    content = b"Project,TOTAL Baseline Whole Life Costs (m),Remarks of the year\nP1,5,7\nP2,6,8\n"
    address, page = mapping_page(client, content)
    page = client.post(address, fields_of(page) | {"shape": "wide_metrics", "step": "read"})
    near = {
        column.place: [each.code for each in column.near] for column in page.context["file"].across
    }
    assert near == {1: ["cost"], 2: []}
    assert "Perhaps Baseline whole-life cost" in text_of(page)
    assert page.context["file"].chosen.mapping.across == {}, "proposed, not chosen"


def test_an_unknown_metric_of_a_long_file_comes_with_those_that_are_near(client: Client) -> None:
    content = (
        b"kpi,project,month,actual\nTotal days needed to fix,P1,2026-03,5\nadoption,P1,2026-03,5\n"
    )
    _, page = mapping_page(client, content)
    (choice,) = page.context["metric_names"]
    assert [near.code for near in choice.unknown.near] == ["fix_days"]
    assert choice.chosen == ""


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"Project,Jan 2026,Feb 2026,Comment\nP1,1,2,Slow\nP2,4,,\n", 3),
        (b"Project,Month,Adoption,Days to fix,Comment\nP1,2026-01,1,2,Slow\nP2,2026-01,4,,\n", 4),
    ],
)
def test_wide_files_carry_a_note_for_each_row_and_the_page_says_what_it_does(
    client: Client, content: bytes, note: int
) -> None:
    address, page = mapping_page(client, content)
    assert page.context["file"].chosen.mapping.note_column == note
    assert "Stands at every value of its row: why a value is red" in text_of(page)
    sent = fields_of(page) | {"step": "check"}
    if "fixed_metric" in page.context["mapping_form"].fields:
        sent["fixed_metric"] = "adoption"
    assert client.post(address, sent).status_code == 302
    assert the_batch().mapping["note_column"] == note
    twice = {"note_column": str(min(the_batch().mapping["across"], key=int))}
    refused = client.post(address, sent | twice)
    assert "This column has another meaning already." in text_of(refused)


def test_rows_of_a_name_can_be_left_out(client: Client) -> None:
    address, page = mapping_page(client, LONG)
    sent = fields_of(page) | {"subject-name-Cafe Finder": "-"}
    again = client.post(address, sent | {"step": "read"})
    assert "2 rows: 1 value of 1 metric, 1 subject, 1 period; 1 left out." in text_of(again)
    assert again.context["subject_names"][0].chosen == "-"
    client.post(address, sent | {"step": "check"})
    assert the_batch().mapping["subject_names"] == {"Cafe Finder": ""}


def test_what_the_file_does_not_tell_is_to_be_chosen(client: Client) -> None:
    content = b'kpi,project,month,actual\nadoption,P1,03/04/2026,"1,234"\n'
    address, page = mapping_page(client, content)
    text = text_of(page)
    assert "1,234 may be thousands, or a number with three decimals." in text
    assert "03/04/2026 can be read with day or month first." in text
    sent = fields_of(page) | {"step": "check"}
    assert (sent["decimal_sign"], sent["date_order"]) == ("", "")
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "Say which sign stands before decimals; the numbers allow both." in text_of(refused)
    assert "Say which part of a date comes first; the dates allow several." in text_of(refused)
    assert the_batch().state == BatchState.NEW
    client.post(address, sent | {"decimal_sign": ",", "date_order": "month"})
    reading = Reading.of_plain(the_batch().reading)
    assert (reading.decimal_sign, reading.date_order) == (",", "month")


# Changing it


def test_reading_it_otherwise_shows_the_table_anew_and_stores_nothing(client: Client) -> None:
    address, page = mapping_page(client, LONG)
    sent = fields_of(page) | {"step": "read", "delimiter": ","}
    again = client.post(address, sent, headers={"HX-Request": "true", "HX-Target": "mapping"})
    assert [column.head for column in again.context["table"].columns] == [
        *("Adoption;Cafe Finder;31/03/2026;12", "5")
    ]
    assert "<html" not in text_of(again)
    assert the_batch().state == BatchState.NEW
    assert the_batch().reading == {}


def test_another_shape_brings_its_own_fields(client: Client) -> None:
    address, page = mapping_page(client, LONG)
    again = client.post(address, fields_of(page) | {"step": "read", "shape": "wide_metrics"})
    fields = again.context["mapping_form"].fields
    assert "value_column" not in fields
    assert [column.head for column in again.context["file"].across] == ["actual", "kpi"]
    chosen = client.post(
        address, fields_of(again) | {"step": "read", "across-3": "adoption"}
    ).context["file"]
    assert chosen.chosen.mapping.across == {3: "adoption"}
    assert [column.role for column in chosen.table.columns] == [
        *("", "Of whom", "Period", "Values of Adoption")
    ]


def test_a_table_that_reads_differently_is_shown_before_it_is_checked(client: Client) -> None:
    """Without scripts one may change the reading and press "Check" at once."""
    address, page = mapping_page(client, LONG)
    again = client.post(address, fields_of(page) | {"step": "check", "is_turned": "on"})
    assert again.status_code == 200
    assert "The table reads differently now. Look at it, then check it." in text_of(again)
    assert the_batch().state == BatchState.NEW


def test_a_file_that_cannot_be_read_this_way_says_why_and_lets_one_choose(client: Client) -> None:
    address, page = mapping_page(client, "kpi;größe\na;b\n".encode("cp1252"))
    sent = fields_of(page) | {"step": "read", "encoding": "utf-8"}
    again = client.post(address, sent)
    assert "is not Unicode (UTF-8); choose another encoding." in text_of(again)
    assert "Read it again" in text_of(again)
    refused = client.post(address, sent | {"step": "check"})
    assert refused.status_code == 422
    back = client.post(address, sent | {"encoding": "cp1252"})
    assert [column.head for column in back.context["table"].columns] == ["kpi", "größe"]


REFUSALS: list[tuple[bytes, dict[str, str], str]] = [
    (LONG, {"value_column": ""}, "Choose the column of the values."),
    (LONG, {"subject_column": ""}, "Choose the subject, or the column that tells it."),
    (LONG, {"period_column": ""}, "Type the period, or choose the column that tells it."),
    (LONG, {"header_row": ""}, "Say in which row the column heads are."),
    (LONG, {"value_column": "0"}, "This column has another meaning already."),
    (
        LONG,
        {"metric_column": "", "fixed_metric": "nonsense"},
        "There is no such metric; choose one of the list.",
    ),
    (
        LONG,
        {"subject_column": "", "fixed_subject": "nobody"},
        "No subject has the code or, alone, the name",
    ),
    (
        LONG,
        {"period_column": "", "fixed_period": "some day"},
        "This is no period; write it like 2026-03, 2026-Q1 or 2026.",
    ),
    (b"kpi,project,month,actual\n", {}, "Read this way, there is not a single value."),
]


@pytest.mark.parametrize(("content", "changes", "told"), REFUSALS)
def test_what_is_missing_is_said_at_its_field(
    client: Client, content: bytes, changes: dict[str, str], told: str
) -> None:
    address, page = mapping_page(client, content)
    whole = {"metric_column": "0", "subject_column": "1", "period_column": "2", "value_column": "3"}
    sent = fields_of(page) | whole | {"step": "check"} | changes
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert told in text_of(refused)
    assert the_batch().state == BatchState.NEW


def test_a_sheet_of_a_workbook_is_chosen_and_its_formulas_are_counted(client: Client) -> None:
    content = workbook(["kpi", "v"], Second=[["Project", "Jan 2026"], ["P1", 5]])
    address, page = mapping_page(client, content, "values.xlsx")
    assert "encoding" not in page.context["reading_form"].fields
    again = client.post(address, fields_of(page) | {"step": "read", "sheet": "Second"})
    assert [column.head for column in again.context["table"].columns] == ["Project", "Jan 2026"]


# Remembering it


def test_a_file_like_one_mapped_before_comes_mapped_the_same_way(client: Client) -> None:
    address, page = mapping_page(client, WIDE)
    client.post(address, fields_of(page) | {"step": "check", "fixed_metric": "fix_days"})
    assert SavedMapping.objects.count() == 1
    april = b"Project,Apr 2026,May 2026\nP1,7,8\n"
    address, page = mapping_page(client, april, "april.csv")
    assert "by you, for values.csv." in text_of(page)
    assert page.context["file"].chosen.mapping == Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        fixed_metric="fix_days",
        across={1: "Apr 2026", 2: "May 2026"},
    )


def test_what_others_mapped_is_theirs(client: Client, client_of: Sign, administrator: User) -> None:
    address, page = mapping_page(client, WIDE)
    client.post(address, fields_of(page) | {"step": "check", "fixed_metric": "fix_days"})
    _, page = mapping_page(client_of(administrator), WIDE)
    assert page.context["file"].chosen.saved is None


def test_an_import_that_is_stored_is_not_mapped_anew(client: Client) -> None:
    address, _ = mapping_page(client, LONG)
    ImportBatch.objects.update(state=BatchState.DONE)
    answer = client.get(address)
    assert answer.headers["Location"] == reverse("import_batch", args=[the_batch().pk])


def test_a_checked_import_shows_the_mapping_it_has(client: Client) -> None:
    address, page = mapping_page(client, WIDE)
    client.post(address, fields_of(page) | {"step": "check", "fixed_metric": "fix_days"})
    page = client.get(address)
    assert page.context["mapping_form"].initial["fixed_metric"] == "fix_days"


def test_markup_in_a_file_is_text_on_the_page(client: Client) -> None:
    content = b'kpi,"<script>alert(1)</script>"\n<img src=x onerror=alert(1)>,2\n'
    _, page = mapping_page(client, content)
    assert b"<script>alert" not in page.content
    assert b"<img src=x" not in page.content


@pytest.mark.parametrize("number", [2, 20, 200])
def test_the_page_asks_the_database_the_same_few_questions_however_much_there_is(
    client: Client, number: int
) -> None:
    for row in range(number):
        ProjectFactory(code=f"X{row}", name=f"Somebody {row}")
    lines = "".join(f"Adoption,Somebodi {row},2026-03,{row}\n" for row in range(number))
    address = send(client, f"kpi,project,month,actual\n{lines}".encode()).headers["Location"]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert len(queries) <= 10
