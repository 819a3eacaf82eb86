"""Keys of rows in addresses."""

from __future__ import annotations


class KeyConverter:
    """A row's number; what no database holds is no such page."""

    regex = r"[0-9]{1,15}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int | str) -> str:
        return str(value)
