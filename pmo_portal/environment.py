"""Typed readers of environment variables: a value that does not fit stops the start."""

import difflib
import os
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import urlsplit

TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")

# Near enough to a setting's name to be a slip (ALLOWED_HOST, SECRETKEY) and nobody else's.
MISSPELT_FROM = 0.9


class Refused(SystemExit):
    """A start that would go wrong later; being a SystemExit, it ends in its sentence alone."""


def refuse(sentence: str) -> NoReturn:
    raise Refused(sentence)


class Environment:
    """Reads variables and keeps their names, to tell misspelt ones; empty counts as unset."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.names: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        self.names.append(name)
        return self._variables.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        read = self.text(name)
        if not read:
            return default
        if read.lower() in TRUE_WORDS:
            return True
        if read.lower() in FALSE_WORDS:
            return False
        refuse(f"{name} is {read!r}; it takes true or false.")

    def number(self, name: str, *, default: int, at_least: int, at_most: int) -> int:
        read = self.text(name) or str(default)
        is_number = read.isascii() and read.isdigit()
        if not is_number or not at_least <= int(read) <= at_most:
            refuse(f"{name} is {read!r}; it takes a whole number from {at_least} to {at_most}.")
        return int(read)

    def words(self, name: str) -> list[str]:
        """Several values with commas between them."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def some_of(self, name: str, choices: Sequence[str], *, takes: str) -> list[str]:
        """Several of the choices with commas between them, or none."""
        read = self.words(name)
        for word in read:
            if word not in choices:
                near = difflib.get_close_matches(word, choices, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                refuse(f"{name} has {word!r}; it takes {takes}{hint}")
        return read

    def one_of(self, name: str, choices: Sequence[str], *, default: str, takes: str) -> str:
        read = self.text(name, default)
        if read not in choices:
            near = difflib.get_close_matches(read, choices, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            refuse(f"{name} is {read!r}; it takes {takes}{hint}")
        return read

    def address(self, name: str, *, default: str = "", schemes: Sequence[str], takes: str) -> str:
        """A URL of one of the schemes; what is told of a wrong one leaves its password out."""
        read = self.text(name, default)
        if not read:
            return ""
        try:
            parts = urlsplit(read)
            has_fitting_port = parts.port is None or parts.port > 0
        except ValueError:
            has_fitting_port = False
        if not has_fitting_port or parts.scheme not in schemes:
            refuse(f"{name} is {without_password(read)!r}; it takes {takes}.")
        return read

    def refuse_misspelt(self) -> None:
        """A variable that is nearly a setting would be overlooked in silence."""
        for name in sorted(set(self._variables) - set(self.names)):
            near = difflib.get_close_matches(name, self.names, n=1, cutoff=MISSPELT_FROM)
            if near:
                refuse(f"{name} is not a setting of the portal; did you mean {near[0]}?")


def without_password(address: str) -> str:
    """The address as it may be shown: who signs in is left out."""
    before, at, host = address.rpartition("@")
    if not at:
        return address
    scheme, separator, _ = before.partition("://")
    return f"{scheme}{separator}***@{host}" if separator else f"***@{host}"


environment = Environment(os.environ)
