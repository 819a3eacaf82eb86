"""What a file really is: told by its content, whatever its name claims."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.importing.archives import size_text
from metrics.importing.problems import FileProblem
from metrics.importing.workbooks import Workbook, open_workbook

LARGEST = 32 * 1024 * 1024
LOOKED_AT = 64 * 1024
"""Bytes from the beginning that show what a file is."""

TEXT_ENDINGS = frozenset({".csv", ".txt", ".tsv", ".tab"})
WORKBOOK_ENDING = ".xlsx"

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Control characters that no table of texts has; NUL apart, which a broken export may leave behind.
_CONTROLS = bytes({*range(1, 32)} - set(b"\t\n\v\f\r\x1a\x1b"))

TAKEN = gettext_lazy("what is taken is CSV (text) and XLSX (Excel, LibreOffice)")

_KNOWN = (
    (b"%PDF", gettext_lazy("a PDF document")),
    (b"MZ", gettext_lazy("a program for Windows")),
    (b"\x7fELF", gettext_lazy("a program")),
    (b"\x1f\x8b", gettext_lazy("a gzip archive")),
    (b"7z\xbc\xaf\x27\x1c", gettext_lazy("a 7-Zip archive")),
    (b"Rar!", gettext_lazy("a RAR archive")),
    (b"BZh", gettext_lazy("a bzip2 archive")),
    (b"\xfd7zXZ", gettext_lazy("an xz archive")),
    (b"\x89PNG", gettext_lazy("a picture")),
    (b"GIF8", gettext_lazy("a picture")),
    (b"\xff\xd8\xff", gettext_lazy("a picture")),
    (b"SQLite format 3", gettext_lazy("a SQLite database")),
    (b"{\\rtf", gettext_lazy("a rich text document")),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|table|meta|script|svg|\?xml)[\s>]", re.IGNORECASE
)


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A file that may be read, and what a person should know about it."""

    kind: FileKind
    sheets: tuple[Sheet, ...] = ()
    notices: tuple[str, ...] = ()
    workbook: Workbook | None = field(default=None, compare=False, repr=False)
    """Held, so that whoever reads the file next does not open it again."""


def receive(content: bytes, name: str, *, largest: int = LARGEST) -> Received:
    """Look at a file before anything in it is read; FileProblem with the reason if it isn't taken.

    Links to other files are told and not followed: the values that were computed from them stand
    in the workbook, and what points elsewhere never reaches the reader.
    """
    if len(content) > largest:
        raise FileProblem(too_large(len(content), largest))
    kind = kind_of(content)
    _refuse_disguise(kind, name)
    if kind == FileKind.CSV:
        return Received(kind)
    workbook = open_workbook(content)
    sheets = tuple(Sheet(sheet.name, sheet.is_hidden) for sheet in workbook.sheets)
    return Received(kind, sheets, tuple(_notices(workbook)), workbook)


def too_large(size: int, largest: int) -> str:
    return _(
        "The file has %(size)s and the largest that is taken %(largest)s; send it in"
        " parts, or save it as CSV with only the columns that are needed."
    ) % {"size": size_text(size), "largest": size_text(largest)}


def kind_of(content: bytes) -> FileKind:
    """CSV or XLSX by content; FileProblem for everything else, which is named."""
    beginning = content[:LOOKED_AT]
    if not beginning.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise FileProblem(_("The file is empty; there is nothing to import."))
    if beginning.startswith(b"PK"):
        _refuse_other_archives(content)
        return FileKind.XLSX
    if beginning.startswith(_OLE):
        raise FileProblem(_told_of_ole(content))
    for mark, what in _KNOWN:
        if beginning.startswith(mark):
            raise FileProblem(
                _("The file is %(what)s; %(taken)s.") % {"what": what, "taken": TAKEN}
            )
    if _MARKUP.match(beginning.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise FileProblem(
            _(
                "The file is a web page or XML, though a spreadsheet program may open it;"
                " save it there as .xlsx and send that."
            )
        )
    if not beginning.startswith(_UTF16) and not _looks_like_utf16(beginning):
        odd = sum(beginning.count(sign) for sign in _CONTROLS) + beginning.count(0)
        # A few come of broken exports; their cells are refused one by one.
        if odd > 8 + len(beginning) // 100:
            raise FileProblem(_("The file is no text; %(taken)s.") % {"taken": TAKEN})
    return FileKind.CSV


def _looks_like_utf16(beginning: bytes) -> bool:
    """Every other byte of Western text in UTF-16 is NUL."""
    return any(beginning[first::2].count(0) > len(beginning) * 0.4 for first in (0, 1))


def _refuse_other_archives(content: bytes) -> None:
    if b"xl/workbook.xml" in content:
        return
    if b"xl/workbook.bin" in content:
        raise FileProblem(
            _("The file is a binary workbook (.xlsb); save it as .xlsx and send that.")
        )
    if b"opendocument.spreadsheet" in content:
        raise FileProblem(_("The file is an OpenDocument sheet (.ods); save it as .xlsx or CSV."))
    if b"word/document.xml" in content:
        raise FileProblem(_("The file is a text document; %(taken)s.") % {"taken": TAKEN})
    raise FileProblem(
        _(
            "The file is a ZIP archive and no workbook, or it was cut off on its way;"
            " %(taken)s, unpacked."
        )
        % {"taken": TAKEN}
    )


def _told_of_ole(content: bytes) -> str:
    if _utf16("EncryptedPackage") in content:
        return _("The workbook is protected by a password; save it without one and send it again.")
    if _utf16("Workbook") in content or _utf16("Book") in content:
        return _("The file is an old Excel workbook (.xls); save it as .xlsx and send that.")
    return _("The file is a document of an old Office program; %(taken)s.") % {"taken": TAKEN}


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def _refuse_disguise(kind: FileKind, name: str) -> None:
    """A name that says something else is a slip or a trick; either way a person should look."""
    ending = PurePath(name).suffix.lower()
    if kind == FileKind.XLSX and ending != WORKBOOK_ENDING and ending:
        raise FileProblem(
            _(
                "The file is called *%(ending)s and is a workbook; rename it to *.xlsx if"
                " that is what it should be."
            )
            % {"ending": ending}
        )
    if kind == FileKind.CSV and ending and ending not in TEXT_ENDINGS:
        raise FileProblem(
            _(
                "The file is called *%(ending)s and is plain text; rename it to *.csv if that"
                " is what it should be."
            )
            % {"ending": ending}
        )


def _notices(workbook: Workbook) -> list[str]:
    told = []
    if workbook.has_links:
        told.append(
            _(
                "The workbook has links to other files. They are not followed: what was"
                " computed from them is taken as it was last saved."
            )
        )
    hidden = [sheet.name for sheet in workbook.sheets if sheet.is_hidden]
    if hidden:
        told.append(
            _("Hidden sheets can be chosen too: %(hidden)s.") % {"hidden": ", ".join(hidden)}
        )
    return told
