"""What is not taken, and why: every evil file is made here."""

from __future__ import annotations

import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from io import BytesIO
from itertools import pairwise

import openpyxl
import pytest

from metrics.importing.archives import workbook_parts
from metrics.importing.files import FileKind, Received, Sheet, receive
from metrics.importing.plans import Reading
from metrics.importing.problems import FileProblem
from metrics.importing.tables import open_table
from metrics.importing.workbooks import MOST_CELLS
from tests.metrics.importing.books import (
    SHEET,
    changed,
    packed,
    parts_of,
    saved,
    with_cells,
    with_parts,
    workbook,
)

BOOK = workbook(["metric", "value"], ["adoption", 12.5])
CSV = b"metric,value\nadoption,12.5\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def refusal(content: bytes, name: str = "values.xlsx", **options: int) -> str:
    with pytest.raises(FileProblem) as refused:
        receive(content, name, **options)
    return str(refused.value)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def rows_of(content: bytes) -> list[list[str]]:
    return [list(row.cells) for row in open_table(content, Reading()).lines()]


def test_text_and_workbooks_are_taken() -> None:
    assert receive(CSV, "values.csv") == Received(FileKind.CSV)
    assert receive(CSV, "values") == Received(FileKind.CSV)
    assert receive(BOOK, "values.xlsx") == Received(FileKind.XLSX, (Sheet("Sheet"),))


@pytest.mark.parametrize("text", ["", " \r\n\t", "\ufeff\n"])
def test_a_file_without_anything_is_empty(text: str) -> None:
    told = "The file is empty; there is nothing to import."
    assert refusal(text.encode(), "values.csv") == told


def test_a_file_beyond_the_limit_is_told_both_sizes() -> None:
    assert refusal(CSV * 100, "values.csv", largest=1024) == (
        "The file has 3 kB and the largest that is taken 1 kB; send it in parts, or save it as CSV"
        " with only the columns that are needed."
    )


TAKEN = "what is taken is CSV (text) and XLSX (Excel, LibreOffice)"
DISGUISED = [
    (b"MZ\x90\x00" + bytes(200), "values.csv", f"The file is a program for Windows; {TAKEN}."),
    (b"%PDF-1.7\n%\xe2\xe3", "values.csv", f"The file is a PDF document; {TAKEN}."),
    (b"\x7fELF" + bytes(60), "values.csv", f"The file is a program; {TAKEN}."),
    (b"\x1f\x8b\x08" + bytes(60), "values.csv", f"The file is a gzip archive; {TAKEN}."),
    (b"\x89PNG\r\n\x1a\n", "values.xlsx", f"The file is a picture; {TAKEN}."),
    (bytes(range(256)) * 40, "values.csv", f"The file is no text; {TAKEN}."),
    (
        packed({"readme.txt": b"hello"}),
        "values.csv",
        "The file is a ZIP archive and no workbook, or it was cut off on its way;"
        f" {TAKEN}, unpacked.",
    ),
    (
        BOOK,
        "values.csv",
        "The file is called *.csv and is a workbook; rename it to *.xlsx if that is what it should"
        " be.",
    ),
    (
        CSV,
        "values.xlsx",
        "The file is called *.xlsx and is plain text; rename it to *.csv if that is what it should"
        " be.",
    ),
    (
        OLE + utf16("Workbook"),
        "values.xlsx",
        "The file is an old Excel workbook (.xls); save it as .xlsx and send that.",
    ),
    (
        OLE + utf16("EncryptedPackage"),
        "values.xlsx",
        "The workbook is protected by a password; save it without one and send it again.",
    ),
    (OLE, "values.xls", f"The file is a document of an old Office program; {TAKEN}."),
    (
        b"<html><table><tr><td>1</td></tr></table></html>",
        "values.xls",
        "The file is a web page or XML, though a spreadsheet program may open it; save it there as"
        " .xlsx and send that.",
    ),
    (
        b"\xef\xbb\xbf  <?xml version='1.0'?><Workbook/>",
        "values.xlsx",
        "The file is a web page or XML, though a spreadsheet program may open it; save it there as"
        " .xlsx and send that.",
    ),
    (
        packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
        "values.ods",
        f"The file is a ZIP archive and no workbook, or it was cut off on its way; {TAKEN},"
        " unpacked.",
    ),
    (
        packed({"word/document.xml": b"<w/>"}),
        "values.docx",
        f"The file is a text document; {TAKEN}.",
    ),
    (
        packed({"xl/workbook.bin": b"\x00"}),
        "values.xlsb",
        "The file is a binary workbook (.xlsb); save it as .xlsx and send that.",
    ),
]


@pytest.mark.parametrize(("content", "name", "told"), DISGUISED)
def test_content_decides_what_a_file_is_whatever_its_name(
    content: bytes, name: str, told: str
) -> None:
    assert refusal(content, name) == told


DAMAGED = (
    "The workbook is damaged or was cut off on its way; open it in a spreadsheet program, save it"
    " again and send the new file."
)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_a_workbook_that_was_cut_off_is_refused(share: float) -> None:
    refusal(BOOK[: int(len(BOOK) * share)])


def test_no_flipped_byte_gets_further_than_a_sentence() -> None:
    """Whatever is damaged: it reads, or it is refused; nothing else comes out."""
    for place in range(0, len(BOOK), 7):
        spoiled = BOOK[:place] + bytes([BOOK[place] ^ 0x55]) + BOOK[place + 1 :]
        with suppress(FileProblem):
            receive(spoiled, "values.xlsx")
            rows_of(spoiled)


def test_a_bomb_that_tells_its_size_is_refused_before_it_is_inflated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = with_parts(BOOK, xl__media__big___bin=bytes(210 * 1024 * 1024))
    assert len(bomb) < 300_000
    monkeypatch.setattr(zlib, "decompressobj", None)
    assert refusal(bomb) == (
        "The workbook unpacks to 210 MB, far more than a table of values needs (the largest is 200"
        " MB); it is not opened."
    )


def lying(content: bytes, name: str, size: int) -> bytes:
    """The archive whose directory and local header both state another size of a part."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entry = archive.getinfo(name)
    true, false = (number.to_bytes(4, "little") for number in (entry.file_size, size))
    at = entry.header_offset + 22
    spoiled = bytearray(content)
    assert spoiled[at : at + 4] == true
    spoiled[at : at + 4] = false
    directory = content.rindex(name.encode()) - 46
    spoiled[directory + 24 : directory + 28] = false
    return bytes(spoiled)


def test_a_bomb_that_lies_about_its_size_is_measured_while_it_inflates() -> None:
    bomb = lying(
        with_parts(BOOK, xl__media__big___bin=bytes(150 * 1024 * 1024)), "xl/media/big.bin", 100
    )
    tracemalloc.start()
    told = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.startswith("The workbook unpacks to ")
    assert peak < 20 * 1024 * 1024


def test_a_part_that_holds_other_than_it_states_is_no_whole_workbook() -> None:
    assert refusal(lying(BOOK, SHEET, 99_999)) == DAMAGED


def test_many_small_bombs_are_one_large_one() -> None:
    """Each part is small enough and told truly; together they are too much."""
    part = bytes(3 * 1024 * 1024)
    book = with_parts(BOOK, **{f"xl__media__m{number}___bin": part for number in range(70)})
    assert refusal(book).startswith("The workbook unpacks to 210 MB")


def test_an_archive_in_an_archive_is_measured_and_left_alone() -> None:
    inner = packed({"huge.bin": bytes(50 * 1024 * 1024)})
    book = with_parts(BOOK, xl__embeddings__inner___zip=inner)
    assert receive(book, "values.xlsx").sheets == (Sheet("Sheet"),)
    assert "xl/embeddings/inner.zip" not in workbook_parts(book).parts


def test_an_archive_of_thousands_of_files_is_refused_before_it_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = with_parts(BOOK, **{f"f{number}": b"" for number in range(2_100)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert refusal(crowd).startswith("The workbook is an archive of 2,1")


def test_two_parts_of_one_name_are_refused() -> None:
    content = BytesIO(BOOK)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(content, "a") as archive,
    ):
        archive.writestr(SHEET, b"<worksheet/>")
    assert refusal(content.getvalue()) == DAMAGED


MACROS = (
    "The workbook holds macros, which are programs; save it as .xlsx without macros and send it"
    " again."
)


def test_macros_are_refused_whatever_the_file_is_called() -> None:
    assert refusal(with_parts(BOOK, xl__vbaProject___bin=b"\x00")) == MACROS
    assert refusal(with_parts(BOOK, xl__macrosheets__sheet1___xml=b"<x/>")) == MACROS
    assert (
        refusal(
            changed(
                BOOK,
                "[Content_Types].xml",
                lambda part: part.replace(
                    b"spreadsheetml.sheet.main+xml", b"sheet.macroEnabled.main+xml"
                ),
            )
        )
        == MACROS
    )


DTD = (
    "The workbook defines a document type or entities, which no spreadsheet program writes; it is"
    " not opened."
)
LAUGHS = b"<!DOCTYPE x [" + b"".join(
    b'<!ENTITY l%d "%s">' % (after, b"&l%d;" % before * 10) for before, after in pairwise(range(10))
)


@pytest.mark.parametrize(
    "name", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml", "_rels/.rels"]
)
@pytest.mark.parametrize(
    "doctype",
    [
        LAUGHS + b"]>",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_document_types_are_refused_in_every_part_that_is_read(name: str, doctype: bytes) -> None:
    def declare(part: bytes) -> bytes:
        start = part.index(b"?>") + 2 if part.startswith(b"<?xml") else 0
        return part[:start] + doctype + part[start:]

    assert refusal(changed(BOOK, name, declare)) == DTD


def test_links_to_other_files_are_told_and_never_reach_the_reader() -> None:
    linked = with_parts(
        BOOK,
        xl__externalLinks__externalLink1___xml=b"<externalLink/>",
        xl__externalLinks___rels__externalLink1___xml___rels=b'<R TargetMode="External"/>',
    )
    assert receive(linked, "values.xlsx").notices == (
        "The workbook has links to other files. They are not followed: what was computed from them"
        " is taken as it was last saved.",
    )
    assert not [name for name in workbook_parts(linked).parts if "external" in name.lower()]
    assert rows_of(linked) == [["metric", "value"], ["adoption", "12.5"]]


def test_a_sheet_that_lies_in_another_file_is_no_sheet() -> None:
    away = changed(
        BOOK,
        "xl/_rels/workbook.xml.rels",
        lambda part: part.replace(
            b'Target="/xl/worksheets/sheet1.xml"',
            b'TargetMode="External" Target="http://example.com/sheet1.xml"',
        ),
    )
    assert refusal(away) == "The workbook has no sheet with cells."


def test_a_cell_far_away_does_not_make_a_table_of_billions_of_cells() -> None:
    far = with_cells(
        BOOK,
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>',
    )
    with pytest.raises(FileProblem) as refused:
        rows_of(far)
    assert str(refused.value) == (
        "The sheet spans 1,048,576 rows and 16,384 columns, more than"
        f" {MOST_CELLS:,} cells; delete what lies far off the table, or save it as CSV."
    )


@pytest.mark.parametrize(
    "row",
    [
        b'<row r="1"><c r="A99999999"><v>1</v></c></row>',
        b'<row r="1"><c r="XFE1"><v>1</v></c></row>',
        b'<row r="1"><c r="A1048577"><v>1</v></c></row>',
        b'<row r="1"><c r="A0"><v>1</v></c></row>',
        b'<row r="1"><c r="a1"><v>1</v></c></row>',
        b'<row r="1"><c r=""><v>1</v></c></row>',
        b'<row r="99999999"><c><v>1</v></c></row>',
        b'<row r="-1"><c r="A1"><v>1</v></c></row>',
    ],
)
def test_a_cell_of_which_one_cannot_be_sure_where_it_is_damages_the_sheet(row: bytes) -> None:
    """Another reader might find it billions of rows away, and make room for all between."""
    with pytest.raises(FileProblem) as refused:
        rows_of(with_cells(BOOK, row))
    assert str(refused.value) == DAMAGED


def test_a_part_in_another_alphabet_than_it_is_read_with_is_damaged() -> None:
    book = changed(BOOK, SHEET, lambda part: part.decode().encode("utf-16"))
    assert refusal(book) == DAMAGED


def test_hidden_sheets_are_told() -> None:
    book = openpyxl.Workbook()
    book.active.append(["shown"])
    book.create_sheet("Old").sheet_state = "hidden"
    received = receive(saved(book), "values.xlsx")
    assert received.sheets == (Sheet("Sheet"), Sheet("Old", is_hidden=True))
    assert received.notices == ("Hidden sheets can be chosen too: Old.",)


def test_only_what_was_looked_at_is_handed_to_the_reader() -> None:
    kept = set(workbook_parts(BOOK).parts)
    assert kept < set(parts_of(BOOK))
    assert kept == {
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/_rels/workbook.xml.rels",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/workbook.xml",
        SHEET,
    } & set(parts_of(BOOK))
