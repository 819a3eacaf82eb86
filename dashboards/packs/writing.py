"""From a pack's content to a file, in the form that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.module_loading import import_string

from dashboards.models import PackKind
from dashboards.packs.content import PackContent

_WRITERS = {
    PackKind.PDF: "dashboards.packs.pdf.write",
    PackKind.PPTX: "dashboards.packs.pptx.write",
}
"""Loaded when they are needed: both are large, and one wants libraries of the system."""


class PackNotWritten(Exception):
    """The form asked for can't be written on this machine."""


def write_pack(content: PackContent, kind: str) -> bytes:
    """The file's bytes."""
    try:
        writer: Callable[[PackContent], bytes] = import_string(_WRITERS[PackKind(kind)])
    except OSError as error:
        # So WeasyPrint says that Pango is missing.
        raise PackNotWritten(
            "PDF needs the libraries libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0"
            " on the server; PowerPoint works without them."
        ) from error
    return writer(content)
