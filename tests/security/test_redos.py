"""No regular expression and no reader of text takes long over what somebody made up for it.

Each expression is pumped: for every repetition in it, text that leads there, then the repeated part
many times over, then what spoils the match. Time of the processor is measured, which other programs
do not add to: 20,000 letters take milliseconds where each is looked at once, and seconds where each
is compared with all the others.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from re import _constants as constants
from re import _parser as parser
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.urls import URLResolver, get_resolver
from django.urls.converters import get_converters

from metrics.choices import Cadence
from metrics.importing.columns import _without_unit
from metrics.importing.numbers import NumberReader, stated_in, unit_of
from metrics.importing.periods import PeriodReader
from metrics.importing.plans import DateOrder
from metrics.importing.problems import FileProblem
from metrics.periods import PeriodError, parse_period
from metrics.scoring.formulas import FormulaError
from metrics.validation.formulas import validate_formula
from projects.months import Month
from projects.validation import near_matches
from tests.dashboards.reading import ClientOf
from tests.test_architecture import ROOMS, ROOT, functions, name_of, parse, sources

LENGTHS = (20, 22, 24, 26, 200, 600, 2_000, 6_000, 20_000)
MOST_SECONDS = 0.5
SPOILERS = ("", "\x00", "!", "\n")
FUNCTIONS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")

BUILT_WHERE_THEY_ARE_USED: dict[str, str] = {}
"""Expressions that are put together when they are used, and why that is well."""

Used = tuple[str, str]
"""An expression, and how it is asked: a search begins at every letter, a match at the first."""


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        for path in sources(room):
            if "migrations" not in path.parts and path.name != "wsgi_to_try.py":
                yield importlib.import_module(name_of(path).removesuffix(".__init__"))


def of_module(module: ModuleType) -> Iterator[Used]:
    """Compiled ones, which may be asked in any way, and methods of such: `re.compile(…).match`."""
    for value in vars(module).values():
        asked = getattr(value, "__self__", None)
        if isinstance(asked, re.Pattern):
            yield as_text(asked.pattern), value.__name__
        elif isinstance(value, re.Pattern):
            yield as_text(value.pattern), "search"
        elif isinstance(value, tuple | list):
            for row in value:
                for cell in row if isinstance(row, tuple) else (row,):
                    if isinstance(cell, re.Pattern):
                        yield as_text(cell.pattern), "search"


def as_text(expression: str | bytes) -> str:
    return expression if isinstance(expression, str) else expression.decode("latin-1")


def calls(room: str) -> Iterator[tuple[str, str, ast.expr]]:
    """Where `re` is called, by which name, with which expression."""
    for path in sources(room):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call):
                module, _, name = ast.unparse(node.func).rpartition(".")
                if module == "re" and name in FUNCTIONS:
                    yield str(path.relative_to(ROOT)), name, node.args[0]


def compiled_in_functions(room: str) -> Iterator[str]:
    for path in sources(room):
        for function in functions(parse(path)):
            for node in ast.walk(function):
                is_call = isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
                if is_call and f"{path.relative_to(ROOT)}: {function.name}" not in ONE_PLACE:
                    yield f"{path.relative_to(ROOT)}: {function.name}"


ONE_PLACE = {"metrics/importing/periods.py: _pattern": "called as its module is read"}


def of_addresses(patterns: list[Any]) -> Iterator[str]:
    for pattern in patterns:
        yield pattern.pattern.regex.pattern
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from of_addresses(pattern.url_patterns)


def of_templates() -> Iterator[str]:
    for path in (ROOT / "templates").rglob("*.html"):
        yield from re.findall(r'\spattern="([^"{]+)"', path.read_text())


def expressions() -> list[Used]:
    found = {used for module in modules() for used in of_module(module)}
    for room in ROOMS:
        for _place, method, first in calls(room):
            if isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                found.add((as_text(first.value), method))
    # Addresses are matched from their beginning, and what stays of them by the next pattern.
    found |= {(text, "match") for text in of_addresses(get_resolver().url_patterns)}
    found |= {(converter.regex, "fullmatch") for converter in get_converters().values()}
    found |= {(text, "fullmatch") for text in of_templates()}
    return sorted(found)


EXPRESSIONS = expressions()

# What an expression is made of, turned into texts that keep it busy.


def sample(parts: Any) -> str:
    """The shortest text that these parts match, as nearly as it needs to be."""
    return "".join(one(operation, told) for operation, told in parts)


def one(operation: Any, told: Any) -> str:
    name = str(operation)
    if name == "LITERAL":
        return chr(told)
    if name == "NOT_LITERAL":
        return "b" if told == ord("a") else "a"
    if name == "ANY":
        return "a"
    if name == "IN":
        return in_class(told)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, _most, inner = told
        return sample(inner) * int(least)
    if name == "SUBPATTERN":
        return sample(told[3])
    if name == "ATOMIC_GROUP":
        return sample(told)
    if name == "BRANCH":
        return sample(told[1][0])
    return ""  # places, such as the beginning and what is looked at ahead


CANDIDATES = "a1 A_-.,\t=+@/éß٣\n\x00"


def in_class(told: Any) -> str:
    probe = re.compile("[" + "".join(as_written(part) for part in told) + "]")
    return next((letter for letter in CANDIDATES if probe.match(letter)), first_of(told))


def first_of(told: Any) -> str:
    for operation, value in told:
        if str(operation) == "LITERAL":
            return chr(value)
        if str(operation) == "RANGE":
            return chr(value[0])
    return "a"


CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def as_written(part: Any) -> str:
    operation, value = part
    match str(operation):
        case "NEGATE":
            return "^"
        case "LITERAL":
            return re.escape(chr(value))
        case "RANGE":
            return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return CATEGORIES[str(value)]


def repetitions(parts: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """For each repetition without a near end: text that leads to it, and a text it repeats."""
    for operation, told in parts:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _least, most, inner = told
            if most == constants.MAXREPEAT or most > 8:
                for unit in units(inner):
                    yield before, unit
            yield from repetitions(inner, before)
        elif name == "SUBPATTERN":
            yield from repetitions(told[3], before)
        elif name == "ATOMIC_GROUP":
            yield from repetitions(told, before)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from repetitions(told[1], before)
        elif name == "BRANCH":
            for branch in told[1]:
                yield from repetitions(branch, before)
        before += one(operation, told)


def units(inner: Any) -> Iterator[str]:
    """What may be repeated: each branch, each letter of a class, and what lies deeper."""
    found = {sample(inner)}
    for operation, told in inner:
        name = str(operation)
        if name == "IN":
            probe = re.compile("[" + "".join(as_written(part) for part in told) + "]")
            found |= {letter for letter in CANDIDATES if probe.match(letter)}
        elif name == "BRANCH":
            found |= {sample(branch) for branch in told[1]}
        elif name == "SUBPATTERN":
            found |= set(units(told[3]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            found |= {sample(told[2]), *units(told[2])}
    yield from sorted(found - {""})


def attacks(expression: str) -> list[tuple[str, str]]:
    found = set(repetitions(parser.parse(expression)))
    # A search begins anew at each letter of its own text, too.
    found |= {("", unit) for _, unit in found}
    return sorted(found)


def slow(expression: str, method: str = "search") -> str:
    """What it takes too long over; nothing if there is no such text."""
    compiled = re.compile(expression)
    ask = compiled.match if method == "match" else compiled.search
    ask = compiled.fullmatch if method == "fullmatch" else ask
    for before, unit in attacks(expression):
        for length in LENGTHS:
            for spoiler in SPOILERS:
                text = before + unit * (length // len(unit) or 1) + spoiler
                began = time.process_time()
                ask(text)
                took = time.process_time() - began
                if took > MOST_SECONDS:
                    told = f"{before!r} + {unit!r} * {length} + {spoiler!r}"
                    return f"{expression!r} takes {took:.1f} s over {told}"
    return ""


def test_there_are_expressions_to_look_at() -> None:
    assert len(EXPRESSIONS) > 100


def test_every_expression_is_there_to_be_looked_at() -> None:
    """One that is put together while it is used would not be."""
    unknown = [
        f"{place}: {ast.unparse(first)}"
        for room in ROOMS
        for place, _method, first in calls(room)
        if not isinstance(first, ast.Constant)
    ]
    assert unknown == []
    assert [place for room in ROOMS for place in compiled_in_functions(room)] == []


EVIL = (r"^(a+)+$", r"(a|a)*b", r"(a|ab|b)*$x", r"^(\w+\s?)*$", r"a*a*$", r"\d+x", r"(.*)=(.*)!")


@pytest.mark.walk
@pytest.mark.parametrize("evil", EVIL)
def test_what_takes_long_is_found(evil: str) -> None:
    assert slow(evil)


@pytest.mark.walk
@pytest.mark.parametrize(("expression", "method"), EXPRESSIONS)
def test_no_expression_takes_long(expression: str, method: str) -> None:
    assert slow(expression, method) == ""


HUGE = 100_000
TEXTS = {
    "blanks": " " * HUGE,
    "digits": "9" * HUGE,
    "nines and dots": "9." * (HUGE // 2),
    "signs": "-" * HUGE,
    "words": "a " * (HUGE // 2),
    "brackets": "(" * HUGE,
    "closed brackets": "()" * (HUGE // 2),
    "sum": "a+" * (HUGE // 2) + "a",
    "powers": "9**" * (HUGE // 3) + "9",
    "calls": "f(" * (HUGE // 2),
    "quotes": "'" * HUGE,
    "letters": "é" * HUGE,
    "signs of percent": "%" * HUGE,
    "days": "2026-" * (HUGE // 5),
    "quarters": "q1 " * (HUGE // 3),
    "lines": "\n" * HUGE,
}


def formula(text: str) -> None:
    validate_formula(text)


def number(text: str) -> None:
    for sign in (".", ","):
        NumberReader(sign).written(text, "EUR", "Cost (EUR)")


def period_of_a_file(text: str) -> None:
    for cadence in Cadence.values:
        PeriodReader(next(iter(DateOrder))).written(text, cadence)


def head_of_a_column(text: str) -> None:
    _without_unit(text)
    stated_in(text)
    unit_of(text)


def period(text: str) -> None:
    for cadence in Cadence:
        with suppress(PeriodError):
            parse_period(text, cadence)


def month(text: str) -> None:
    Month.parse(text)


def code(text: str) -> None:
    near_matches(text, ["PRJ-ONBOARD", "ENT", text[:50]])


READERS = (formula, number, period_of_a_file, head_of_a_column, period, month, code)
REFUSALS = (ValidationError, ValueError, PeriodError, FormulaError, FileProblem)
MOST_SECONDS_OF_A_READER = 2.0


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_no_reader_takes_long_over_a_huge_text(read: Callable[[str], None], name: str) -> None:
    began = time.process_time()
    with suppress(*REFUSALS):
        read(TEXTS[name])
    assert time.process_time() - began < MOST_SECONDS_OF_A_READER


@pytest.mark.django_db
@pytest.mark.parametrize("name", TEXTS)
def test_no_page_takes_long_over_a_huge_question(
    client_of: ClientOf, administrator: User, name: str
) -> None:
    """The addresses of a real server are cut off far earlier."""
    client = client_of(administrator)
    began = time.process_time()
    for path in ("/search/", "/projects/", "/events/", "/audit/", "/entry/", "/metrics/"):
        asked = {"q": TEXTS[name], "month": TEXTS[name], "page": TEXTS[name], "sort": TEXTS[name]}
        assert client.get(path, asked).status_code in (200, 302, 400, 404)
    assert time.process_time() - began < 5 * MOST_SECONDS_OF_A_READER
