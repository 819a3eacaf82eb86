"""Formulas: numbers, metric codes, + - * /, unary minus, min, max and abs (section 2)."""

import ast
import math
from collections.abc import Mapping
from functools import cache


class NoValueError(ArithmeticError):
    """A division by zero, or a step whose result is not finite."""


@cache
def parse(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


@cache
def inputs_of(formula: str) -> tuple[str, ...]:
    """The metric codes that a formula names, each once, in order of their first use."""
    functions = {id(n.func) for n in ast.walk(parse(formula)) if isinstance(n, ast.Call)}
    names = [
        (node.col_offset, node.id)
        for node in ast.walk(parse(formula))
        if isinstance(node, ast.Name) and id(node) not in functions
    ]
    return tuple(dict.fromkeys(name for _, name in sorted(names)))


def evaluate(formula: str, values: Mapping[str, float]) -> float | None:
    """The formula's value, or None where a step divides by zero or is not finite."""
    try:
        return _step(parse(formula), values)
    except NoValueError:
        return None


def _step(node: ast.expr, values: Mapping[str, float]) -> float:
    result = _result(node, values)
    if not math.isfinite(result):
        raise NoValueError
    return result


def _result(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]  # narrowed by the line above
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_step(node.operand, values)
    if isinstance(node, ast.BinOp):
        return _binary(node.op, _step(node.left, values), _step(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, [_step(argument, values) for argument in node.args])
    raise ValueError(f"not allowed in a formula: {ast.dump(node)}")


def _binary(operator: ast.operator, left: float, right: float) -> float:
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div):
        if right == 0:
            raise NoValueError
        return left / right
    raise ValueError(f"not allowed in a formula: {operator}")


def _call(function: str, arguments: list[float]) -> float:
    if function == "min" and len(arguments) >= 2:
        return min(arguments)
    if function == "max" and len(arguments) >= 2:
        return max(arguments)
    if function == "abs" and len(arguments) == 1:
        return abs(arguments[0])
    raise ValueError(f"not allowed in a formula: {function} of {len(arguments)}")
