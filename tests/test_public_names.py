"""Tests ask for what is public: nothing else has been promised to stay."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MOST_PRIVATE = 10
"""Lines of tests that reach for a private name of the program; another one needs one less elsewhere."""

PATCHING = ("setattr", "delattr", "getattr", "hasattr", "object", "patch")
"""Calls that are given names as strings: of ``monkeypatch``, of ``mock.patch``, and Python's own."""


def private_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines, and what they reach for there: as an attribute, an import, or a string that names one."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=name) if name.startswith("_"):
                whose = ast.unparse(value)
                others = whose in ("sys", "os") or whose.split(".")[0] in ("self", "torch")
                if name not in ("_replace", "_asdict") and (not others or whose.startswith("self.worker.")):
                    yield node.lineno, f"{whose}.{name}"
            case ast.ImportFrom(module=module, names=names):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[whose, *_] as given):
                strings = [one.value for one in given if isinstance(one, ast.Constant)]
                if name in PATCHING and ast.unparse(whose) != "sys":
                    yield from ((node.lineno, one) for one in strings if isinstance(one, str))


def test_tests_ask_for_what_is_public() -> None:
    found = {
        f"{file.relative_to(ROOT)}, line {line}: {name}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for line, name in private_names(ast.parse(file.read_text("utf-8")))
        if re.match("_[a-zA-Z]", name.rpartition(".")[2])
    }
    lines = {reach.partition(": ")[0] for reach in found}
    assert len(lines) <= MOST_PRIVATE, "\n".join(sorted(found))


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("thing._part", 1),
        ("from desktop.app import _part", 1),
        ('monkeypatch.setattr(app, "_part", None)', 1),
        ('monkeypatch.setattr("desktop.app._part", None)', 1),
        ('mock.patch.object(app, "_PART")', 1),
        ('getattr(app, "part")', 0),
        ('words.append("_part")', 0),
        ("self._part", 0),
        ("class A:\n    __part__ = 1", 0),
    ],
)
def test_the_guard_sees_every_way_to_a_private_name(line: str, seen: int) -> None:
    names = [name for _, name in private_names(ast.parse(line))]
    assert len([name for name in names if re.match("_[a-zA-Z]", name.rpartition(".")[2])]) == seen
