"""Imports go one way, projects <- metrics <- dashboards <- api <- accounts <- pmo_portal."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("projects", "metrics", "dashboards", "api", "accounts", "pmo_portal")
"""From the ground up: each may import itself and those before it."""

PURE = {
    "metrics/scoring": "the engine",
    "dashboards/figures": "figures",
    "pmo_portal/launcher.py": "the launcher",
    "pmo_portal/environment.py": "the readers of settings",
}

MAY_TRANSLATE = {"dashboards/figures"}
"""Figures have words: titles, axes, summaries. The reader's language is all they ask for."""


def sources(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def all_sources() -> list[Path]:
    return [path for place in (*ROOMS, "tests", "tools", "examples") for path in sources(place)]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports_of(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported below a node, relative imports resolved."""
    package = name_of(path).split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            yield node.lineno, ".".join([*above, *filter(None, [node.module])])


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def told(path: Path, line: int, name: str) -> str:
    return f"{path.relative_to(ROOT)}:{line} imports {name}"


def test_there_is_something_to_look_at() -> None:
    assert all(len(sources(room)) > 1 for room in ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    wrong = [
        told(path, line, name)
        for path in sources(room)
        for line, name in imports_of(path, parse(path))
        if name.split(".")[0] in above
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_leans_on_tests_or_tools(room: str) -> None:
    wrong = [
        told(path, line, name)
        for path in sources(room)
        for line, name in imports_of(path, parse(path))
        if name.split(".")[0] in ("tests", "tools", "bench")
    ]
    assert wrong == []


@pytest.mark.parametrize("place", PURE, ids=PURE.values())
def test_what_is_pure_knows_no_framework(place: str) -> None:
    wrong = [
        told(path, line, name)
        for path in sources(place)
        for line, name in imports_of(path, parse(path))
        if name.split(".")[0] in ("django", "celery", "rest_framework", "simple_history")
        and not (place in MAY_TRANSLATE and name.startswith("django.utils.translation"))
    ]
    assert wrong == []


def test_the_engine_reaches_for_nothing_outside_itself_but_months() -> None:
    wrong = [
        told(path, line, name)
        for path in sources("metrics/scoring")
        for line, name in imports_of(path, parse(path))
        if name.split(".")[0] in ROOMS
        and not name.startswith("metrics.scoring")
        and name != "projects.months"
    ]
    assert wrong == []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_nothing_is_imported_inside_a_function() -> None:
    wrong = {
        told(path, line, name)
        for path in all_sources()
        for function in functions(parse(path))
        # Django asks for late imports in one place: AppConfig.ready.
        if not (path.name == "apps.py" and function.name == "ready")
        for line, name in imports_of(path, function)
    }
    assert wrong == set()


@pytest.mark.parametrize("name", ["utils.py", "helpers.py", "common.py"])
def test_a_module_is_named_for_what_it_knows(name: str) -> None:
    assert [path for path in all_sources() if path.name == name] == []


BY_HAND = {"execute", "executemany", "copy_expert", "raw", "extra"}
SQL_OF_ITS_OWN = {
    ROOT / "pmo_portal" / "backup.py": "copies every table as it is, with names that Django gives",
    ROOT / "accounts" / "sealing.py": "triggers, by which the database keeps the audit log",
}
"""No text of anybody's is in it."""


@pytest.mark.parametrize("room", ["projects", "dashboards", "api", "accounts", "pmo_portal"])
def test_sql_is_written_by_hand_in_metrics_alone(room: str) -> None:
    """There it is needed for bulk and locks; everywhere else the ORM quotes what people write."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {node.func.attr}"
        for path in sources(room)
        if path not in SQL_OF_ITS_OWN
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in BY_HAND
        and ast.unparse(node.args[0] if node.args else node) != "'SELECT 1'"
    ]
    assert wrong == []
