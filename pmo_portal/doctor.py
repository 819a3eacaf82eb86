"""Everything that is looked at by `manage.py doctor`, from all rooms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from dashboards.models import Pack
from dashboards.packs.content import data_hash
from metrics.checkup import Finding, contradictions


def findings(*, months: int = 3) -> Iterator[Finding]:
    yield from contradictions(months=months)
    yield from _packs_that_changed()


def _packs_that_changed() -> Iterator[Finding]:
    for pack in Pack.objects.order_by("pk").iterator(20):
        content, data = hashlib.sha256(bytes(pack.content)).hexdigest(), data_hash(pack.data)
        if (content, data) != (pack.sha256, pack.data_sha256):
            yield Finding(
                f"The pack {pack} is not what was handed out: its checksum differs.",
                "Restore its row from a backup; whoever has the file can compare the checksum.",
            )
