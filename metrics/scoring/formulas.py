"""Formulas over metrics: read once into a tree, then walked over whole columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

LONGEST_FORMULA = 500
DEEPEST_FORMULA = 20
FUNCTIONS = ("min", "max", "abs")

# Python reads more than we allow, so the text is held to these tokens before Python sees it. A
# number ends where no letter, digit or point follows: 0x10 and 1_000 are none of ours.
_TOKEN = re.compile(
    r"[ \t]+|[A-Za-z_][A-Za-z0-9_]*"
    r"|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])|[-+*/(),]"
)


class Fault(StrEnum):
    """What a formula is refused for, in English; whoever tells people has it in their language."""

    TOO_LONG = "The formula has %(length)s characters; at most %(longest)s are allowed."
    UNREADABLE = "The formula can't be read: %(reason)s."
    UNREADABLE_THERE = "The formula can't be read near character %(place)s: %(reason)s."
    UNREADABLY_DEEP = "The formula is too deep to be read."
    TOO_DEEP = "The formula is more than %(deepest)s levels deep."
    EMPTY = "The formula is empty."
    SIGN = (
        '"%(sign)s" at character %(place)s is not allowed; a formula has numbers, metric codes,'
        " + - * /, parentheses, min, max and abs."
    )
    WITHOUT_ARGUMENTS = '"%(function)s" needs its arguments in parentheses.'
    NOT_ALLOWED = (
        "Character %(place)s: only numbers, metric codes, + - * /, unary minus, parentheses, min,"
        " max and abs are allowed."
    )
    NO_FUNCTION = '"%(function)s" is no function; there are min, max and abs.'
    ABS = "abs takes one argument."
    TOO_FEW = "%(function)s takes two or more arguments."
    TOO_LARGE = "The number %(number)s is too large."
    CIRCLE = "The formulas go in a circle: %(circle)s."


class FormulaError(ValueError):
    """A formula that SCORING section 2 does not allow; the message says where and why."""

    def __init__(self, fault: Fault, **about: object) -> None:
        super().__init__(fault.value % about)
        self.fault = fault
        self.about = about


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Input:
    code: str


@dataclass(frozen=True, slots=True)
class Negative:
    of: Node


@dataclass(frozen=True, slots=True)
class Operation:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Input | Negative | Operation | Call

_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_LEVEL_OF_SIGN = {"+": "sum", "-": "sum", "*": "product", "/": "product"}


def parse_formula(text: str) -> Node:
    """Read a formula; FormulaError for anything but numbers, metric codes, + - * /, min, max, abs.

    At most 500 characters and 20 levels deep, where a chain such as `a + b + c` is one level.
    """
    if len(text) > LONGEST_FORMULA:
        raise FormulaError(Fault.TOO_LONG, length=len(text), longest=LONGEST_FORMULA)
    _refuse_other_tokens(text)
    try:
        tree = ast.parse(text.strip(" \t"), mode="eval")
    except SyntaxError as error:
        if error.offset:
            raise FormulaError(
                Fault.UNREADABLE_THERE, place=error.offset, reason=error.msg
            ) from None
        raise FormulaError(Fault.UNREADABLE, reason=error.msg) from None
    except (ValueError, MemoryError, RecursionError):
        raise FormulaError(Fault.UNREADABLY_DEEP) from None
    node = _node_of(tree.body)
    if depth_of(node) > DEEPEST_FORMULA:
        raise FormulaError(Fault.TOO_DEEP, deepest=DEEPEST_FORMULA)
    return node


def _refuse_other_tokens(text: str) -> None:
    if not text.strip(" \t"):
        raise FormulaError(Fault.EMPTY)
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise FormulaError(Fault.SIGN, sign=text[position], place=position + 1)
        position = token.end()


def _node_of(tree: ast.expr) -> Node:
    match tree:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Number(_finite(value))
        case ast.Name(id=code):
            if code in FUNCTIONS:
                raise FormulaError(Fault.WITHOUT_ARGUMENTS, function=code)
            return Input(code)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Negative(_node_of(operand))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
            sign = _SIGNS[type(operator)]
            return Operation(sign, _node_of(left), _node_of(right))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return _call(function, arguments)
    raise FormulaError(Fault.NOT_ALLOWED, place=tree.col_offset + 1)


def _call(function: str, arguments: list[ast.expr]) -> Node:
    if function not in FUNCTIONS:
        raise FormulaError(Fault.NO_FUNCTION, function=function)
    if function == "abs" and len(arguments) != 1:
        raise FormulaError(Fault.ABS)
    if function != "abs" and len(arguments) < 2:
        raise FormulaError(Fault.TOO_FEW, function=function)
    return Call(function, tuple(_node_of(argument) for argument in arguments))


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise FormulaError(Fault.TOO_LARGE, number=str(value)[:20])
    return number


def depth_of(node: Node) -> int:
    """How deep the formula nests; a chain of + and -, or of * and /, is one level."""
    match node:
        case Number() | Input():
            return 1
        case Negative(of=operand):
            return 1 + depth_of(operand)
        case Call(arguments=arguments):
            return 1 + max(depth_of(argument) for argument in arguments)
        case Operation(sign=sign, left=left, right=right):
            goes_on = (
                isinstance(left, Operation) and _LEVEL_OF_SIGN[left.sign] == _LEVEL_OF_SIGN[sign]
            )
            return max(depth_of(left) + (not goes_on), 1 + depth_of(right))


def inputs_of(node: Node) -> frozenset[str]:
    """The metric codes that a formula names."""
    return frozenset(_codes(node))


def _codes(node: Node) -> Iterator[str]:
    match node:
        case Input(code=code):
            yield code
        case Negative(of=operand):
            yield from _codes(operand)
        case Operation(left=left, right=right):
            yield from _codes(left)
            yield from _codes(right)
        case Call(arguments=arguments):
            for argument in arguments:
                yield from _codes(argument)


def evaluate(node: Node, columns: Mapping[str, Column]) -> Column:
    """The formula's value in each row; NaN where any step of it is not finite."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(node, columns), dtype=np.float64)


def _value(node: Node, columns: Mapping[str, Column]) -> Column:
    match node:
        case Number(value=value):
            return np.float64(value)  # type: ignore[return-value]  # broadcasts over the rows
        case Input(code=code):
            return columns[code]
        case Negative(of=operand):
            return -_value(operand, columns)
        case Operation(sign=sign, left=left, right=right):
            return _operate(sign, _value(left, columns), _value(right, columns))
        case Call(function="abs", arguments=(argument,)):
            return np.abs(_value(argument, columns))
        case Call(function=function, arguments=arguments):
            choose = np.minimum if function == "min" else np.maximum
            chosen = _value(arguments[0], columns)
            for argument in arguments[1:]:
                chosen = choose(chosen, _value(argument, columns))
            return chosen
    raise AssertionError(node)


def _operate(sign: str, left: Column, right: Column) -> Column:
    match sign:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _:
            result = left / right
    # Infinity could come back as a number (1 / inf = 0), so it ends here, at the step that made it.
    return np.where(np.isfinite(result), result, np.nan)


def in_order(formulas: Mapping[str, Node]) -> list[str]:
    """The formula metrics so that each comes after those it needs; a circle is a FormulaError."""
    needs = {
        code: sorted(inputs_of(node) & formulas.keys()) for code, node in sorted(formulas.items())
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise FormulaError(Fault.CIRCLE, circle=circle) from None
