"""Workbooks are ZIP archives: opened part by part, measured while inflating, nothing believed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.parsers import expat

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metrics.importing.problems import FileProblem

MOST_PARTS = 2_000
LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_RATIO = 200
SMALL_PART = 4 * 1024 * 1024
"""Small parts of many blanks pack well in honest files too; below this nobody asks how well."""
CHUNK = 256 * 1024
ENCODING = "utf-8"
"""Of all parts, whatever they say: two readers shall not see two different texts."""

_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_LOCAL_LENGTH = 30

DAMAGED = gettext_lazy(
    "The workbook is damaged or was cut off on its way; open it in a spreadsheet program,"
    " save it again and send the new file."
)
_BOMB = gettext_lazy(
    "The workbook unpacks to %(found)s, far more than a table of values needs (the largest is"
    " %(most)s); it is not opened."
)
_TOO_MANY_PARTS = gettext_lazy(
    "The workbook is an archive of %(found)s files, and a spreadsheet has at most a few hundred;"
    " it is not opened."
)
_PASSWORD = gettext_lazy(
    "The workbook is protected by a password; save it without one and send it again."
)
_MACROS = gettext_lazy(
    "The workbook holds macros, which are programs; save it as .xlsx without macros and"
    " send it again."
)
_DTD = gettext_lazy(
    "The workbook defines a document type or entities, which no spreadsheet program"
    " writes; it is not opened."
)


@dataclass(frozen=True, slots=True)
class WorkbookParts:
    """The parts of a workbook that hold values; everything else is measured and left behind."""

    parts: dict[str, bytes]
    names: frozenset[str]
    """All parts that there are."""
    has_links: bool
    """It refers to other files; nobody follows."""

    def packed(self) -> io.BytesIO:
        """A new archive of these parts alone, so that no reader sees what was not looked at."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for name, content in self.parts.items():
                packed.writestr(zipfile.ZipInfo(name), content)
        archive.seek(0)
        return archive


def size_text(size: int) -> str:
    """`640 bytes`, `12 kB`, `32 MB`."""
    if size < 1024:
        return ngettext("%(size)s byte", "%(size)s bytes", size) % {"size": size}
    if size < 1024 * 1024:
        return _("%(size)s kB") % {"size": f"{size / 1024:.0f}"}
    return _("%(size)s MB") % {"size": f"{size / (1024 * 1024):.0f}"}


def workbook_parts(content: bytes) -> WorkbookParts:
    """Look at every part of an XLSX file; FileProblem for what is not safe or not whole."""
    # Each entry of the directory has its mark, so their number is known before anybody reads it.
    found = content.count(_ENTRY)
    if found > MOST_PARTS:
        raise FileProblem(_TOO_MANY_PARTS % {"found": f"{found:,}"})
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, UnicodeDecodeError):
        raise FileProblem(DAMAGED) from None
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise FileProblem(DAMAGED)
    _refuse_by_directory(entries)
    return _unpacked(content, entries)


def _refuse_by_directory(entries: list[zipfile.ZipInfo]) -> None:
    """What the directory itself gives away, before anything is inflated."""
    declared = sum(entry.file_size for entry in entries)
    if declared > LARGEST_UNPACKED:
        raise FileProblem(_bomb(declared))
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise FileProblem(_PASSWORD)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileProblem(DAMAGED)
        if _is_macro(entry.filename):
            raise FileProblem(_MACROS)


def _unpacked(content: bytes, entries: list[zipfile.ZipInfo]) -> WorkbookParts:
    left = LARGEST_UNPACKED
    parts: dict[str, bytes] = {}
    has_links = False
    for entry in entries:
        is_needed = _is_needed(entry.filename)
        size, kept = 0, []
        for chunk in _inflated(content, entry):
            size += len(chunk)
            left -= len(chunk)
            if left < 0:
                raise FileProblem(_bomb(LARGEST_UNPACKED - left))
            if size > SMALL_PART and size > MOST_RATIO * max(entry.compress_size, 1):
                raise FileProblem(_bomb(size))
            if is_needed:
                kept.append(chunk)
        if size != entry.file_size:
            raise FileProblem(DAMAGED)
        has_links |= entry.filename.lower().startswith("xl/externallinks/")
        if is_needed:
            parts[entry.filename] = b"".join(kept)
    for name, part in parts.items():
        _refuse_unsafe_xml(part)
        has_links |= name.endswith(".rels") and b'"External"' in part
    if b"macroEnabled" in parts.get("[Content_Types].xml", b""):
        raise FileProblem(_MACROS)
    return WorkbookParts(parts, frozenset(entry.filename for entry in entries), has_links)


def _inflated(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What an entry really holds, a little at a time; its own statement of size is not asked."""
    start = entry.header_offset
    header = content[start : start + _LOCAL_LENGTH]
    if len(header) < _LOCAL_LENGTH or not header.startswith(_LOCAL):
        raise FileProblem(DAMAGED)
    start += _LOCAL_LENGTH + int.from_bytes(header[26:28], "little")
    start += int.from_bytes(header[28:30], "little")
    end = start + entry.compress_size
    if end > len(content):
        raise FileProblem(DAMAGED)
    if entry.compress_type == zipfile.ZIP_STORED:
        yield content[start:end]
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(start, end, CHUNK):
            chunk = inflater.decompress(content[at : min(at + CHUNK, end)], CHUNK)
            while chunk:
                yield chunk
                chunk = inflater.decompress(inflater.unconsumed_tail, CHUNK)
    except zlib.error:
        raise FileProblem(DAMAGED) from None
    if not inflater.eof:
        raise FileProblem(DAMAGED)


def _is_needed(name: str) -> bool:
    path = PurePosixPath(name)
    if name in ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/styles.xml"):
        return True
    if name.lower() in ("xl/sharedstrings.xml", "xl/_rels/workbook.xml.rels"):
        return True
    return str(path.parent) == "xl/worksheets" and path.suffix == ".xml"


def _is_macro(name: str) -> bool:
    lower = name.lower()
    return lower.endswith("vbaproject.bin") or lower.startswith("xl/macrosheets/")


def _bomb(found: int) -> str:
    return _BOMB % {"found": size_text(found), "most": size_text(LARGEST_UNPACKED)}


def refuse_document_types(parser: expat.XMLParserType) -> None:
    """Make an XML parser stop where a document type begins: entities are declared in there."""

    def refuse(*_: object) -> None:
        raise FileProblem(_DTD)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse


def _refuse_unsafe_xml(part: bytes) -> None:
    if b"\0" in part:  # UTF-16, or no text at all
        raise FileProblem(DAMAGED)
    parser = expat.ParserCreate(ENCODING)
    refuse_document_types(parser)
    try:
        parser.Parse(part, True)
    except expat.ExpatError:
        raise FileProblem(DAMAGED) from None
