"""Prepared for translation: every text that Python shows to a person goes through gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from metrics.scoring.formulas import Fault
from metrics.validation.formulas import FAULTS

ROOT = Path(settings.BASE_DIR)
ROOMS = ("projects", "metrics", "dashboards", "accounts", "pmo_portal")

FOR_OPERATORS = {
    "accounts/management": "commands answer whoever runs the portal",
    "metrics/checkup.py": "findings are told in the console of whoever runs the portal",
    "metrics/management": "commands answer whoever runs the portal",
    "metrics/scoring": "the engine knows no translations; `metrics.validation` has its faults",
    "metrics/workspace": "the folder's errors are read in the console that loads it",
    "pmo_portal/backup.py": "refusals are told in the console of whoever runs the portal",
    "pmo_portal/doctor.py": "findings are told in the console of whoever runs the portal",
    "pmo_portal/environment.py": "settings are refused before there is a language",
    "pmo_portal/instance.py": "told in the console of whoever starts the portal",
    "pmo_portal/launcher.py": "told in the console of whoever starts the portal",
    "pmo_portal/management": "commands answer whoever runs the portal",
    "pmo_portal/prometheus.py": "metrics are explained in English, as all programs explain theirs",
    "pmo_portal/schedules.py": "stored with the schedules, which administrators keep",
    "pmo_portal/settings.py": "settings are refused before there is a language",
}

WITHOUT_GETTEXT = {
    "The audit log is added to; nothing in it is changed or deleted.": (
        "told to whoever writes code or SQL against the log: no page leads there"
    ),
    "Assigned for the demo.": "a reason in the history, stored once for all readers",
    "Copied from the catalogue of ready-made metrics.": "a reason in the history",
    "The project is \0 since \0 and measured on for its benefits.": (
        "a reason in the history, by which what closing made is known again"
    ),
    "Noted for the demo.": "a reason in the history",
    "Due values": "the sheet's name by which an uploaded due list is known again",
    "Why refused": "the head by which mended rows are known again",
    "Refused rows": "the name of that sheet",
}
"""Texts that look like words for people and are part of a format."""

GETTEXT = frozenset(
    f"{context}{number}gettext{lazy}"
    for context in ("", "p")
    for number in ("", "n")
    for lazy in ("", "_lazy")
)
REFUSALS = frozenset(
    {"ValidationError", "FileProblem", "Refusal", "Unclear", "PeriodError", "NumberError"}
    | {"ScoresAreBehindError", "BadRequest", "PermissionDenied", "AnotherRunIsGoing"}
)
"""Exceptions and answers whose sentence reaches a page."""
TOLD = frozenset({"Column", "hover", "Page", "PageGroup", "Answer", "Freshness", "Sparkline"})
"""Of which every text is for people."""
FIELDS = frozenset(
    {"label", "help_text", "verbose_name", "verbose_name_plural", "title"}
    | {
        "empty_label",
        "title_text",
        "summary",
        "heading",
        "description",
        "violation_error_message",
    }
)
MESSAGES = frozenset({"debug", "info", "success", "warning", "error"})

WORDS = re.compile(r"[A-Za-z][a-z]+")
IDENTIFIER = re.compile(r"[a-z0-9_.:/#?=&%-]*")


def is_for_people(text: str) -> bool:
    """A sentence or a label; neither an identifier, an address nor a format."""
    return (
        bool(WORDS.search(text))
        and not IDENTIFIER.fullmatch(text)
        and not text.lstrip().startswith(("<", "http"))
        and text not in WITHOUT_GETTEXT
    )


def is_sentence(text: str) -> bool:
    """What nobody but a person reads, wherever it stands: some words and a full stop."""
    return (
        bool(re.match(r"[\"'“A-Z\0]", text))
        and text.endswith((".", "?"))
        and (len(WORDS.findall(text)) >= 3 and is_for_people(text))
    )


def text_of(node: ast.AST) -> str | None:
    """A string as it is written, with a sign in the place of what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        return "".join(map(str, parts))
    return None


def name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_log(call: ast.Call) -> bool:
    return ast.unparse(call.func).startswith("logger.")


class Texts(ast.NodeVisitor):
    """The texts of a module that a person may read and gettext never sees."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[int, str]] = []
        self.gettext = set(GETTEXT)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
                self.gettext |= {alias.asname for alias in node.names if alias.asname}
        self.visit(tree)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = name_of(node)
        if name in self.gettext or is_log(node):
            return
        is_message = name in MESSAGES and ast.unparse(node.func).startswith("messages.")
        if name in REFUSALS or name in TOLD or is_message:
            for argument in node.args:
                self._look_at(argument)
        for keyword in node.keywords:
            if keyword.arg in FIELDS:
                self._look_at(keyword.value)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._look_at_sentence(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._look_at_sentence(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Told to programmers."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """Of other exceptions, which nobody is shown, the sentence is for operators."""
        if isinstance(node.exc, ast.Call) and name_of(node.exc) not in REFUSALS:
            return
        self.generic_visit(node)

    def _look_at(self, node: ast.AST) -> None:
        for shown in alternatives(node):
            text = text_of(shown)
            if text is not None and is_for_people(text):
                self._tell(shown, text)

    def _look_at_sentence(self, node: ast.AST) -> None:
        text = text_of(node)
        if text is not None and is_sentence(text):
            self._tell(node, text)

    def _tell(self, node: ast.AST, text: str) -> None:
        told = (getattr(node, "lineno", 0), text.replace("\0", "…"))
        if told not in self.found:
            self.found.append(told)


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """What an argument may be: both sides of a condition, the items of a list, what is added."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from alternatives(body)
            yield from alternatives(orelse)
        case ast.BoolOp(values=values):
            for value in values:
                yield from alternatives(value)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                yield from alternatives(item)
        case ast.Dict(values=values):
            for value in values:
                yield from alternatives(value)
        case ast.BinOp(left=left, right=right):
            yield from alternatives(left)
            yield from alternatives(right)
        case _:
            yield node


def texts_in(source: str) -> list[str]:
    return [text for _line, text in sorted(Texts(ast.parse(source)).found)]


def calls_at_import(source: str) -> list[str]:
    """Calls of gettext that choose a language when a module is read, for everybody after."""
    tree = ast.parse(source)
    names = {"gettext", "ngettext", "pgettext", "npgettext"}
    here = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in names
    }
    later = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for body in (node.body if isinstance(node.body, list) else [node.body])
        for inner in ast.walk(body)
    }
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and id(node) not in later
        and isinstance(node.func, ast.Name)
        and (node.func.id in here or is_label_as_text(node))
    ]


def is_label_as_text(call: ast.Call) -> bool:
    """`str(Category.FINANCIAL.label)`: a lazy label that is fixed to one language."""
    return name_of(call) == "str" and any(
        isinstance(node, ast.Attribute) and node.attr == "label"
        for argument in call.args
        for node in ast.walk(argument)
    )


def filled_before_gettext(source: str) -> list[str]:
    """Texts that are filled in before gettext looks for them, so that it never finds them."""
    tree = ast.parse(source)
    names = set(GETTEXT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {alias.asname for alias in node.names if alias.asname}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in names
        and any(is_filled_in(argument) for argument in node.args)
    ]


def is_filled_in(node: ast.AST) -> bool:
    """An f-string, or a text with something added or put in; a number's difference is neither."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.BinOp) and (text_of(node.left) or text_of(node.right)) is not None
    )


@pytest.mark.parametrize(
    "source",
    [
        'raise ValidationError("A name has at least one letter.")',
        'raise ValidationError(f"{text} is no code.", code="code")',
        'raise ValidationError({"reason": "Say why it is reopened"})',
        'messages.success(request, "Saved")',
        'field = forms.CharField(label="Name")',
        'field = forms.CharField(help_text="As people call it")',
        'Column("Month", month_label)',
        'hover(name, "unfinished month" if hollow else "")',
        'score_chart(title=title or "Overall score")',
        'def why() -> str:\n    return f"{name} has no score in {month}."',
        'WORDS = {"values": "New values were entered."}',
        'page = Page("Summary", "summary")',
    ],
)
def test_texts_that_gettext_never_sees_are_found(source: str) -> None:
    assert len(texts_in(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""A module. It says what it is for."""',
        'raise ValidationError(_("A name has at least one letter."), code="name")\n'
        "from django.utils.translation import gettext as _",
        'raise ValidationError(gettext("%(text)s is no code.") % {"text": text})',
        'raise ValueError("The parts lead from one number to another.")',
        'logger.warning("The mail of %s was not written.", user)',
        'field = forms.CharField(label=gettext_lazy("Name"))',
        'Column(gettext("Month"), unit="Mt")',
        'assert found, "There is always one."',
        'query = "SELECT month FROM scores WHERE code = %s"',
        'url = f"{path}?month={month}"',
        'ngettext("%(number)s row was read.", "%(number)s rows were read.", number)',
    ],
)
def test_texts_that_gettext_sees_or_nobody_reads_are_passed_by(source: str) -> None:
    assert texts_in(source) == []


def modules() -> list[Path]:
    return [
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def place_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_for_operators(path: Path) -> bool:
    return any(
        place_of(path) == place or place_of(path).startswith(f"{place}/") for place in FOR_OPERATORS
    )


@pytest.mark.parametrize("path", modules(), ids=place_of)
def test_every_text_of_a_module_goes_through_gettext(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert is_for_operators(path) or texts_in(source) == []
    assert filled_before_gettext(source) == []
    assert calls_at_import(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "from django.utils.translation import gettext as _\nWORD = _('Overall')",
        "from django.utils.translation import gettext\nclass A:\n    word = gettext('Overall')",
        "LABELS = {c: str(c.label) for c in Category}",
    ],
)
def test_a_language_that_is_chosen_at_import_is_found(source: str) -> None:
    assert len(calls_at_import(source)) == 1


def test_a_language_that_is_chosen_when_asked_for_is_passed_by() -> None:
    source = "from django.utils.translation import gettext, gettext_lazy\n"
    source += "A = gettext_lazy('x')\ndef word(c):\n    return gettext('y') + str(c.label)"
    assert calls_at_import(source) == []


@pytest.mark.parametrize("source", ["gettext(f'{a} of {b}')", "gettext('%s' % name)"])
def test_a_text_that_is_filled_in_too_early_is_found(source: str) -> None:
    assert filled_before_gettext(source) == [ast.unparse(ast.parse(source))]


def test_a_text_that_is_filled_in_afterwards_is_passed_by() -> None:
    assert filled_before_gettext("gettext('%(a)s of all') % {'a': a}") == []


def test_the_exceptions_are_still_there() -> None:
    assert [place for place in FOR_OPERATORS if not (ROOT / place).exists()] == []
    written = {
        text_of(node)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert WITHOUT_GETTEXT.keys() - written == set()


@pytest.mark.parametrize("fault", Fault)
def test_a_formula_is_refused_in_the_words_of_the_engine(fault: Fault) -> None:
    assert str(FAULTS[fault]) == fault.value
