"""Which part of the program may know which. Reads imports from the syntax trees; imports nothing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("desktop", "engine", "resources", "trainer")

# What travels between the parts: plain data and its files. None of it brings torch.
DATA = {"engine.card", "engine.errors", "engine.messages", "engine.palette", "engine.rect"}
READERS = {"engine.bundle", "engine.catalogue", "engine.codec", "engine.files", "engine.picture"}
# The session and the parts it is made of.
SESSION = {
    "desktop.easel",
    "desktop.hand",
    "desktop.inks",
    "desktop.library",
    "desktop.live",
    "desktop.matching",
    "desktop.session",
    "desktop.shelf",
    "desktop.telling",
}

# Importer → what it may import of ours. The longest prefix that fits counts, on both sides, and whoever
# may import a package may import what is in it. Arrows inside functions and TYPE_CHECKING count too.
ARROWS: dict[str, set[str]] = {
    "resources": set(),
    "engine": {"engine"},
    "engine.bundle": {"engine", "resources"},
    "engine.catalogue": {"engine", "resources"},
    "engine.trial_memory": {"engine", "resources"},
    "trainer": {"trainer", "engine"},
    "trainer.__main__": {"trainer", "engine", "resources"},
    "desktop": set(),  # a new module of the window has to be entered here first
    "desktop.paint": {"desktop.paint", *DATA, "engine.files", "engine.picture"},
    "desktop.observable": set(),
    "desktop.settings": {"engine.errors", "engine.files", "resources"},
    "desktop.recovery": {"desktop.paint", *DATA, "engine.files", "engine.lock", "resources"},
    "desktop.bridge": {"engine.messages", "engine.worker"},
    "desktop.errands": {"desktop.telling"},
    "desktop.places": {"desktop.errands", "engine.errors", "resources"},
    "desktop.samples": {*DATA, "desktop.paint", "resources"},
    "desktop.gallery": {
        *SESSION,
        *DATA,
        "desktop.errands",
        "desktop.observable",
        "desktop.paint",
        "desktop.samples",
        "engine.catalogue",
        "engine.codec",
    },
    "desktop.background": {"engine.errors", "engine.lock"},
    "desktop.chronicle": {"trainer.events"},
    "desktop.runs": {
        "desktop.background",
        "desktop.chronicle",
        *DATA,
        "engine.files",
        "engine.lock",
        "resources",
        "trainer.events",
    },
    "desktop.training": {
        "desktop.background",
        "desktop.chronicle",
        "desktop.errands",
        "desktop.observable",
        "desktop.paint",
        "desktop.runs",
        "desktop.telling",
        *DATA,
        "engine.catalogue",
        "engine.files",
    },
    "desktop.photos": {"desktop.paint", *DATA, "engine.picture", "trainer.kept"},
    **{
        part: {
            *SESSION,
            *DATA,
            *READERS,
            "desktop.errands",
            "desktop.observable",
            "desktop.paint",
            "desktop.photos",
            "desktop.rehearsal",
            "desktop.training",
            "resources",
            "trainer.kept",  # where the pairs go
        }
        for part in ("desktop.teaching", "desktop.tracing")
    },
    "desktop.rehearsal": {*DATA, *READERS, "desktop.background", "desktop.paint", "desktop.samples"},
    "desktop.survey": {
        "desktop.errands",
        "desktop.observable",
        *DATA,
        "resources",
        "trainer.check",
        "trainer.pairs",
        "trainer.palettes",
    },
    **{
        part: {
            *(SESSION - {part}),
            *DATA,
            *READERS,
            "desktop.gallery",
            "desktop.guarding",
            "desktop.observable",
            "desktop.paint",
            "desktop.places",
            "desktop.recovery",
            "desktop.samples",
            "desktop.settings",
            "desktop.survey",
            "desktop.teaching",
            "desktop.tracing",
            "desktop.training",
            "resources",
        }
        for part in (SESSION | {"desktop.guarding"}) - {"desktop.live"}
    },
    # Of the session, only the live preview holds the bridge, and so the engine.
    "desktop.live": {*DATA, "desktop.bridge", "desktop.observable", "engine.codec"},
    "desktop.logbook": {"resources"},
    "desktop.licences": {"resources"},
    "desktop.crashes": {"desktop.logbook", "engine.errors", "engine.files", "engine.lock", "resources"},
    "desktop.doorbell": {"engine.lock", "resources"},
    "desktop.theme": {"resources"},
    "desktop.widgets": {
        *DATA,
        "desktop.chronicle",  # what a training has told, as curves
        "desktop.runs",
        "desktop.gallery",  # what is on show; the gallery itself is the session's
        "desktop.observable",
        "desktop.paint",
        "desktop.places",  # which folders there are
        "desktop.session",
        "desktop.shelf",  # what a kept preview is; the shelf itself is the session's
        "desktop.survey",  # what was found in a folder, …
        "desktop.teaching",  # how long a lesson may take
        "desktop.training",  # … and what to train; both are the session's
        "desktop.theme",
        "desktop.widgets",
        "desktop.background",  # the About box asks a child for the devices, …
        "desktop.errands",
        "desktop.licences",  # … and reads the licences meanwhile
        "engine.catalogue",  # what an entry in the list of models is
        "resources.version",
        "engine.files",  # how names are shown
    },
    "desktop.app": {"desktop", *DATA, *READERS, "resources"},
    **{
        part: {"desktop", *DATA, *READERS, "resources"}
        for part in ("desktop.demo", "desktop.illustrations", "desktop.stage")
    },
    "desktop.__main__": {
        "desktop.app",
        "desktop.demo",
        "desktop.doorbell",
        "desktop.paint",
        "desktop.translating",
        "engine",
        "resources",
        "trainer",
    },
    "desktop.translating": {*DATA, "desktop.paint", "engine.codec", "engine.generator", "engine.picture"},
}

# Qt stays in the window; widgets in what is seen of it.
QT = ("PySide6", "shiboken6", "qtawesome", "qtpy")
WIDGETS = ("PySide6.QtWidgets", "PySide6.QtOpenGLWidgets", "PySide6.QtSvgWidgets", "qtawesome")
MAY_SHOW = (
    "desktop.app",
    "desktop.demo",
    "desktop.illustrations",
    "desktop.stage",
    "desktop.theme",
    "desktop.widgets",
)

# The window stands before torch is imported, on the engine's thread. So these, and all that they import
# at module level, are free of it.
TORCH = ("torch", "torchvision", "safetensors.torch")
LIGHT = (
    "desktop",
    "resources",
    "trainer.events",
    *DATA,
    *READERS,
    "engine",
    "engine.mailbox",
    "engine.worker",
)

VAGUE = {"manager", "helper", "helpers", "utils", "util", "common", "base", "handler", "handlers", "misc"}
LONGEST = 450  # lines; 300 is the rule


class Import(NamedTuple):
    """One name that a module imports, and where."""

    importer: str
    target: str  # dotted, a module where one of ours of that name exists
    line: int
    when_loaded: bool  # at module level, and not only for the type checker

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.target}"


def within(name: str, prefixes: tuple[str, ...] | set[str]) -> bool:
    """Whether ``name`` is one of ``prefixes``, or inside one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def dotted(file: Path) -> str:
    """The module that ``file``, relative to the project, is imported as."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """All of the program's modules: dotted name → file."""
    files = (file for top in OURS for file in sorted((ROOT / top).rglob("*.py")))
    return {dotted(file.relative_to(ROOT)): file for file in files}


def imports_in(source: str, importer: str, is_package: bool, known: set[str]) -> Iterator[Import]:
    """Every import in ``source``; ``known`` are the modules that exist."""

    def visit(node: ast.AST, when_loaded: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(importer, alias.name, child.lineno, when_loaded)
            elif isinstance(child, ast.ImportFrom):
                start = child.module or ""
                if child.level:
                    parts = importer.split(".")
                    up = child.level - is_package
                    start = ".".join([*parts[: len(parts) - up], *filter(None, [start])])
                for alias in child.names:
                    inner = f"{start}.{alias.name}"
                    # The parts of PySide6 are modules too, though they are not in this tree.
                    is_module = inner in known or start in ("PySide6", "safetensors")
                    yield Import(importer, inner if is_module else start, child.lineno, when_loaded)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from visit(child, False)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for statement in child.body:
                    yield from visit(ast.Module([statement], []), False)
                for statement in child.orelse:
                    yield from visit(ast.Module([statement], []), when_loaded)
            else:
                yield from visit(child, when_loaded)

    yield from visit(ast.parse(source), True)


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the program."""
    known = set(modules())
    return tuple(
        found
        for name, file in modules().items()
        for found in imports_in(file.read_text("utf-8"), name, file.name == "__init__.py", known)
    )


def allowed(importer: str) -> set[str]:
    """What ``importer`` may import: the entry with the longest prefix."""
    return ARROWS[max((prefix for prefix in ARROWS if within(importer, {prefix})), key=len)]


def wrong_arrow(found: Import) -> str | None:
    """Why ``found`` must not be, if so."""
    importer, target = found.importer, found.target
    if within(target, OURS) and not within(target, allowed(importer)):
        # Importing a bare package is a way to one of its modules, and runs its __init__ anyway.
        return f"{found}; allowed there: {', '.join(sorted(allowed(importer))) or 'nothing of ours'}"
    if within(target, QT) and not within(importer, {"desktop"}):
        return f"{found}; Qt stays in desktop"
    if within(target, WIDGETS) and not within(importer, MAY_SHOW):
        return f"{found}; widgets stay in {', '.join(MAY_SHOW)}"
    # Where torch must be loaded before Qt (Windows), the command line does it, inside a function.
    may_load_torch = importer == "desktop.__main__" and not found.when_loaded
    if within(target, TORCH) and within(importer, {"desktop"}) and not may_load_torch:
        return f"{found}; torch is the engine's"
    return None


def loaded_with(start: str) -> Iterator[list[str]]:
    """What importing ``start`` imports: for each target, the chain of modules that leads to it."""
    by_importer: dict[str, list[str]] = {}
    for found in imports():
        if found.when_loaded:
            by_importer.setdefault(found.importer, []).append(found.target)
    seen: set[str] = set()
    waiting = [[start]]
    while waiting:
        chain = waiting.pop()
        # A module's packages are imported before it.
        parts = chain[-1].split(".")
        packages = [".".join(parts[:count]) for count in range(1, len(parts))]
        for target in [*packages, *by_importer.get(chain[-1], [])]:
            if target not in seen:
                seen.add(target)
                yield [*chain, target]
                waiting.append([*chain, target])


def test_every_arrow_is_allowed() -> None:
    wrong = [reason for found in imports() if (reason := wrong_arrow(found))]
    assert not wrong, "\n".join(["arrows that are not the program's (see ARCHITECTURE.md):", *wrong])


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("engine.worker", "import desktop.session"),
        ("engine.codec", "from PySide6.QtGui import QImage"),
        ("engine.generator", "def load():\n    from resources import path"),
        ("trainer.fit", "import resources"),
        ("resources", "from engine.files import replacing"),
        ("desktop.paint.layer", "from PySide6 import QtWidgets"),
        ("desktop.paint.layer", "from desktop import settings"),
        ("desktop.paint.tools.pen", "from engine.generator import Generator"),
        ("desktop.session", "from PySide6.QtWidgets import QWidget"),
        ("desktop.session", "from desktop.bridge import Bridge"),
        ("desktop.session", "def show():\n    from desktop.widgets.canvas import Canvas"),
        ("desktop.widgets.canvas", "from engine.worker import Worker"),
        ("desktop.widgets.canvas", "if TYPE_CHECKING:\n    from desktop.bridge import Bridge"),
        ("desktop.live", "def warm():\n    import torch"),
        ("desktop.__main__", "import torch"),
        ("desktop.newcomer", "from engine.rect import Rect"),
    ],
)
def test_a_wrong_arrow_is_seen(importer: str, source: str) -> None:
    known = {*modules(), "desktop.settings", "desktop.bridge"}
    assert [wrong_arrow(found) for found in imports_in(source, importer, False, known)] != [None]


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("desktop.__main__", "def window():\n    import torch"),
        ("desktop.widgets.canvas", "from desktop.session import Session"),
        ("desktop.widgets.canvas", "from PySide6 import QtWidgets"),
        ("desktop.paint.layer", "from PySide6.QtGui import QImage"),
        ("desktop.app", "from desktop.widgets.main_window import MainWindow"),
        ("trainer.fit", "import torch, engine.networks"),
    ],
)
def test_a_right_arrow_is_let_through(importer: str, source: str) -> None:
    assert [
        reason
        for found in imports_in(source, importer, False, set(modules()))
        if (reason := wrong_arrow(found))
    ] == []


def test_light_modules_load_no_torch() -> None:
    wrong = [
        " → ".join(chain)
        for name in modules()
        if name in LIGHT or within(name, {"desktop", "resources"})
        for chain in loaded_with(name)
        if within(chain[-1], TORCH)
    ]
    assert not wrong, "\n".join(["these load torch as soon as they are imported:", *wrong])


@pytest.mark.parametrize(
    "names",
    [
        ["engine", *sorted(DATA), *sorted(READERS), "engine.mailbox", "engine.worker"],
        ["desktop.app", "desktop.session", "desktop.widgets.main_window"],
        ["desktop.__main__"],
    ],
    ids=["engine", "window", "command line"],
)
def test_importing_brings_no_torch(names: list[str]) -> None:
    heavy = ["torch", "PySide6"] if names[0] != "desktop.app" else ["torch"]
    question = (
        f"import sys, importlib; [importlib.import_module(name) for name in {names}];"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run(
        [sys.executable, "-c", question],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(modules()))
def test_module_is_well_named_and_short(name: str) -> None:
    assert not VAGUE & set(name.split("."))
    lines = len(modules()[name].read_text("utf-8").splitlines())
    assert lines <= LONGEST, f"{name} has {lines} lines; split it where it does two things"


def test_tables_name_what_exists() -> None:
    """A row for a module that is gone, or misspelt, would allow nothing and forbid nothing."""
    named = {*ARROWS, *(target for targets in ARROWS.values() for target in targets), *MAY_SHOW, *LIGHT}
    assert named - set(modules()) == set()
