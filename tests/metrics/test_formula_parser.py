"""The formula parser: only what SCORING section 2 allows, however it is put."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metrics.scoring.formulas import (
    DEEPEST_FORMULA,
    LONGEST_FORMULA,
    Call,
    FormulaError,
    Input,
    Negative,
    Node,
    Number,
    Operation,
    depth_of,
    evaluate,
    in_order,
    inputs_of,
    parse_formula,
)

SAMPLE = {"a": np.array([6.0, -2.0]), "b": np.array([3.0, 4.0]), "c_1": np.array([0.5, 8.0])}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", [1, 1]),
        ("a", [6, -2]),
        ("1.5e1 + .5", [15.5, 15.5]),
        ("2.", [2, 2]),
        ("1E-1", [0.1, 0.1]),
        (" a\t+ b ", [9, 2]),
        ("a - b - c_1", [2.5, -14]),
        ("a / b / c_1", [4, -0.0625]),
        ("a + b * c_1", [7.5, 30]),
        ("(a + b) * c_1", [4.5, 16]),
        ("-a", [-6, 2]),
        ("--a", [6, -2]),
        ("-a * -b", [18, -8]),
        ("a - -b", [9, 2]),
        ("min(a, b, c_1)", [0.5, -2]),
        ("max(a, b, 5)", [6, 5]),
        ("abs(a - b)", [3, 6]),
        ("min(abs(a), max(b, -c_1))", [3, 2]),
        ("((((a))))", [6, -2]),
    ],
)
def test_a_formula_is_worked_out_as_it_is_read(text: str, values: list[float]) -> None:
    result = np.broadcast_to(evaluate(parse_formula(text), SAMPLE), 2)

    assert result.tolist() == pytest.approx(values)


def test_the_tree_says_what_the_text_says() -> None:
    assert parse_formula("-a + min(2, b_2)") == Operation(
        "+", Negative(Input("a")), Call("min", (Number(2.0), Input("b_2")))
    )


NO_FORMULAS = [
    *(
        "",
        " ",
        "a +",
        "+ a",
        "* a",
        "a b",
        "1 2",
        "a 1",
        "()",
        "(a",
        "a)",
        "min(a, b",
        "a,b",
        "(a,b)",
    ),
    # operators and words that Python has and formulas have not
    *("a ** 2", "a // 2", "a % 2", "a @ b", "a & b", "a | b", "a ^ b", "~a", "a << 1", "+a"),
    *("a < b", "a == b", "a != b", "not a", "a and b", "a or b", "a if b else c", "a in b"),
    *("lambda a: a", "lambda: a", "a := 1", "a = 1", "(yield a)", "await a", "*a", "**a", "a is b"),
    *(
        "[a]",
        "{a}",
        "{a: b}",
        "a[0]",
        "a.b",
        "a.real",
        "f'{a}'",
        "'a'",
        '"a"',
        "b'a'",
        "...",
        "`a`",
    ),
    *("[x for x in a]", "a; b", "a\nb", "a\\\nb", "a # b", "import os", "print(a)"),
    *("__import__('os')", "None", "True", "False", "True + a", "-None", "min", "max + 1", "abs"),
    # functions with other arguments than they take
    *("min()", "min(a)", "max(a)", "abs()", "abs(a, b)", "min(a, key=b)", "min(*a)", "min(**a)"),
    *(
        "min(a b)",
        "sum(a, b)",
        "round(a)",
        "pow(a, b)",
        "min(a, b)(c)",
        "(min)(a, b)(c)",
        "a(b, c)",
    ),
    # numbers that formulas do not write so
    *("1j", "1e999", "-1e999", "1e", "0b2"),
    # other alphabets: accents, Cyrillic, full width, spaces that are none
    *("\u00e9 + 1", "\u0430 + 1", "\uff11 + 1", "a\uff0bb", "a\u00a0+ b", "a\x00", "a \u2028+ b"),
]


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        with pytest.raises(FormulaError) as refusal:
            parse_formula(text)

    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("text", ["0x10", "0b1", "0o7", "1_000", "1e5_0", "0xe+1", "0_0", "1_0.5"])
def test_numbers_are_decimal_and_have_digits_only(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


@pytest.mark.parametrize("text", ["1if 2else 3", "1or 2", "0xfor x"])
def test_nothing_is_printed_about_a_bad_formula(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FormulaError):
            parse_formula(text)


def test_a_formula_has_at_most_500_characters() -> None:
    assert LONGEST_FORMULA == 500
    assert isinstance(parse_formula("a+" * 249 + "ab"), Operation)
    with pytest.raises(FormulaError, match="The formula has 501 characters; at most 500"):
        parse_formula("a+" * 249 + "abc")


@pytest.mark.parametrize(
    ("inner", "outer"),
    [("-", ""), ("abs(", ")"), ("min(1, ", ")"), ("1 - (", ")"), ("2 / (", ")")],
)
def test_a_formula_is_at_most_20_levels_deep(inner: str, outer: str) -> None:
    def nested(levels: int) -> str:
        return inner * (levels - 1) + "a" + outer * (levels - 1)

    assert DEEPEST_FORMULA == 20
    assert depth_of(parse_formula(nested(20))) == 20
    with pytest.raises(FormulaError, match="more than 20 levels deep"):
        parse_formula(nested(21))


@pytest.mark.parametrize("text", ["(" * 249 + "a" + ")" * 249, "-" * 499 + "a", "abs(" * 120 + "a"])
def test_a_formula_that_nests_beyond_reason_is_refused_and_does_no_harm(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "a / 0",
        "0 / 0",
        "a / (b - b)",
        "1e308 * 10",
        "1 / (1e308 * 10)",
        "-1e308 - 1e308",
        "min(1, a / 0)",
        "abs(1 / 0)",
    ],
)
def test_a_step_that_is_not_finite_gives_no_value(text: str) -> None:
    assert np.isnan(np.broadcast_to(evaluate(parse_formula(text), SAMPLE), 2)).all()


def test_a_missing_input_gives_no_value_even_under_min_and_max() -> None:
    columns = {"a": np.array([1.0, np.nan]), "b": np.array([2.0, 2.0])}

    for text in ("a + b", "min(a, b)", "max(b, a)", "0 * a", "abs(a)"):
        result = evaluate(parse_formula(text), columns)
        assert not np.isnan(result[0])
        assert np.isnan(result[1])


def test_formulas_are_put_in_the_order_in_which_they_need_each_other() -> None:
    trees = {
        code: parse_formula(text)
        for code, text in {"z": "a + 1", "y": "z * 2", "x": "y + z"}.items()
    }

    assert in_order(trees) == ["z", "y", "x"]
    with pytest.raises(FormulaError, match="circle"):
        in_order({"x": parse_formula("y"), "y": parse_formula("x")})


def read(text: str) -> Node | str:
    """The tree, or the sentence with which the text is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return parse_formula(text)
        except FormulaError as error:
            return str(error)


VALUES = {"u": (6.0, -2.0), "v": (3.0, 4.0), "w_1": (0.5, 8.0)}

names = st.sampled_from(list(VALUES))
numbers = st.floats(0, 1e6).map(repr)
texts = st.recursive(
    names | numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", "-", "*", " / "]), inner).map("".join),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"abs({text})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda parts: f"{parts[0]}({parts[1]}, {parts[2]})"
        ),
    ),
    max_leaves=12,
)


@given(texts)
def test_what_is_allowed_means_what_python_means(text: str) -> None:
    tree = read(text)
    if isinstance(tree, str):
        assert "levels deep" in tree or len(text) > LONGEST_FORMULA
        return
    assert inputs_of(tree) == {name for name in VALUES if name in text}
    columns = {name: np.array(values) for name, values in VALUES.items()}
    for row, value in enumerate(np.broadcast_to(evaluate(tree, columns), 2)):
        meant = as_python(text, {name: values[row] for name, values in VALUES.items()})
        assert math.isnan(value) if meant is None else value == pytest.approx(meant, rel=1e-9)


def as_python(text: str, values: dict[str, float]) -> float | None:
    """The text as Python itself reads it; None where a step divides by zero."""
    functions: dict[str, Any] = {"min": min, "max": max, "abs": abs, "__builtins__": {}}
    try:
        value = float(eval(text, functions, values))
    except ZeroDivisionError:
        return None
    return value if math.isfinite(value) else None


@settings(max_examples=300)
@given(
    st.text(max_size=40)
    | st.text(alphabet="ab_01.eExj+-*/%(),min maxbs[]{}:'\"\\\n#=<>@&|^~;", max_size=40)
    | st.lists(
        st.sampled_from(
            [*"ab+-*/(),.01_", "min(", "max(", "abs(", "if", "else", "not", "lambda", "1e5", " "]
        ),
        max_size=20,
    ).map("".join)
)
@example("a" * 600)
@example("(" * 400)
@example("\ud800")
def test_any_text_is_either_a_formula_or_refused_in_a_sentence(text: str) -> None:
    tree = read(text)
    if isinstance(tree, str):
        assert tree.endswith(".")
        return
    assert len(text) <= LONGEST_FORMULA
    assert depth_of(tree) <= DEEPEST_FORMULA
    assert kinds_in(tree) <= {Number, Input, Negative, Operation, Call}
    assert all(name.isascii() and name.isidentifier() for name in inputs_of(tree))


def kinds_in(tree: Node) -> set[type]:
    match tree:
        case Negative(of=operand):
            return {Negative} | kinds_in(operand)
        case Operation(left=left, right=right):
            return {Operation} | kinds_in(left) | kinds_in(right)
        case Call(arguments=arguments):
            return {Call}.union(*(kinds_in(argument) for argument in arguments))
    return {type(tree)}
