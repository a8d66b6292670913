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

# A *room* is a package with the modules directly in it, and each module of a package that holds packages.
# Room → the rooms that it may import from. Arrows inside functions and TYPE_CHECKING count too.
ARROWS: dict[str, str] = {
    "resources": "",
    "engine": "engine.passes",
    "engine.data": "engine.errors engine.files",
    "engine.devices": "engine.data engine.errors engine.files engine.layers resources",
    "engine.errors": "",
    "engine.files": "",
    "engine.foreign": "engine.data engine.errors engine.files engine.models engine.networks",
    "engine.layers": "",
    "engine.models": "engine.data engine.errors engine.files engine.networks resources",
    "engine.networks": "engine.errors engine.layers",
    "engine.passes": (
        "engine.data engine.devices engine.errors engine.layers engine.models engine.networks engine.planes"
    ),
    "engine.planes": "engine.data engine.errors",
    "engine.thread": "engine.data engine.errors engine.foreign engine.models engine.passes engine.planes",
    "trainer.__main__": "engine.errors resources trainer.cli",
    "trainer.cli": (
        "engine.data engine.errors engine.files engine.models engine.passes resources trainer.data "
        "trainer.dataset_check trainer.evaluation trainer.machine trainer.perception trainer.pictures "
        "trainer.planning trainer.run trainer.training"
    ),
    "trainer.data": "engine.data engine.errors engine.files trainer.files trainer.pictures",
    "trainer.dataset_check": (
        "engine.data engine.errors engine.files trainer.data trainer.files trainer.loading "
        "trainer.perception trainer.pictures"
    ),
    "trainer.evaluation": (
        "engine.data engine.errors engine.files engine.foreign engine.layers engine.models engine.passes "
        "trainer.data trainer.files trainer.loading trainer.machine trainer.perception trainer.pictures "
        "trainer.run trainer.training"
    ),
    "trainer.files": "engine.data engine.errors engine.files",
    "trainer.loading": (
        "engine.data engine.errors engine.planes trainer.data trainer.machine trainer.perception "
        "trainer.pictures"
    ),
    "trainer.machine": "engine.errors",
    "trainer.pictures": "engine.data engine.errors engine.planes trainer.files",
    "trainer.planning": (
        "engine.data engine.devices engine.errors engine.models trainer.data trainer.machine trainer.run "
        "trainer.training"
    ),
    "trainer.run": (
        "engine.data engine.files trainer.loading trainer.machine trainer.perception trainer.pictures"
    ),
    "trainer.training": (
        "engine.data engine.devices engine.errors engine.layers engine.models engine.networks "
        "engine.passes engine.planes trainer.data trainer.files trainer.loading trainer.machine "
        "trainer.perception trainer.pictures trainer.run"
    ),
    "trainer.perception": "engine.data engine.devices engine.errors resources trainer.machine",
    "desktop.__main__": (
        "desktop.app desktop.demo desktop.paint.files desktop.single_instance desktop.translating engine "
        "engine.data engine.devices engine.errors engine.foreign engine.models engine.passes "
        "engine.planes resources trainer.__main__"
    ),
    "desktop.app": (
        "desktop.crashes desktop.session desktop.single_instance desktop.support desktop.widgets.dialogs "
        "desktop.widgets.main_window desktop.widgets.parts engine.errors resources"
    ),
    "desktop.crashes": "desktop.support engine.errors engine.files resources",
    "desktop.demo": (
        "desktop.app desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers "
        "desktop.session desktop.training desktop.widgets.dialogs desktop.widgets.main_window "
        "desktop.widgets.training engine.data engine.errors engine.files resources"
    ),
    "desktop.documents": (
        "desktop.paint.brushes desktop.paint.editing desktop.paint.files desktop.paint.layers "
        "desktop.paint.strokes desktop.paint.tools desktop.support engine.data engine.errors engine.files "
        "engine.planes resources"
    ),
    "desktop.paint.brushes": "desktop.paint.plugins desktop.paint.strokes",
    "desktop.paint.editing": "desktop.paint.layers desktop.paint.strokes engine.data engine.errors",
    "desktop.paint.files": (
        "desktop.paint.editing desktop.paint.layers desktop.paint.strokes desktop.paint.tools engine.data "
        "engine.errors engine.files"
    ),
    "desktop.paint.gestures": (
        "desktop.paint.brushes desktop.paint.editing desktop.paint.layers desktop.paint.strokes engine.data"
    ),
    "desktop.paint.layers": "engine.data",
    "desktop.paint.plugins": "",
    "desktop.paint.strokes": "engine.data",
    "desktop.paint.tools": (
        "desktop.paint.editing desktop.paint.gestures desktop.paint.plugins desktop.paint.strokes engine.data"
    ),
    "desktop.pairs": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers "
        "desktop.paint.strokes desktop.preview desktop.support desktop.training engine.data engine.errors "
        "engine.files engine.planes resources trainer.files trainer.perception trainer.pictures trainer.run"
    ),
    "desktop.preview": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.support engine.data "
        "engine.errors engine.files engine.models engine.planes engine.thread resources"
    ),
    "desktop.session": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.pairs desktop.preview "
        "desktop.support desktop.training engine.data engine.files engine.models"
    ),
    "desktop.single_instance": "engine.files resources",
    "desktop.support": "engine.errors engine.files resources",
    "desktop.training": (
        "desktop.paint.editing desktop.support engine.data engine.errors engine.files engine.models "
        "resources trainer.data trainer.dataset_check trainer.pictures trainer.run"
    ),
    "desktop.widgets.canvas": (
        "desktop.paint.strokes desktop.paint.tools desktop.session desktop.support desktop.widgets.parts "
        "engine.data"
    ),
    "desktop.widgets.dialogs": (
        "desktop.paint.editing desktop.session desktop.support desktop.widgets.parts engine.data "
        "engine.errors"
    ),
    "desktop.widgets.main_window": (
        "desktop.paint.editing desktop.paint.tools desktop.session desktop.support desktop.widgets.canvas "
        "desktop.widgets.dialogs desktop.widgets.panels desktop.widgets.parts desktop.widgets.styles "
        "desktop.widgets.training desktop.widgets.welcome engine.data resources"
    ),
    "desktop.widgets.panels": (
        "desktop.paint.brushes desktop.paint.editing desktop.paint.tools desktop.pairs desktop.preview "
        "desktop.session desktop.support desktop.widgets.canvas desktop.widgets.parts engine.data "
        "engine.models"
    ),
    "desktop.widgets.parts": (
        "desktop.paint.editing desktop.paint.files desktop.paint.layers desktop.session desktop.support "
        "engine.data engine.files"
    ),
    "desktop.widgets.styles": (
        "desktop.paint.editing desktop.preview desktop.session desktop.support desktop.widgets.dialogs "
        "desktop.widgets.parts engine.data engine.errors"
    ),
    "desktop.widgets.training": (
        "desktop.session desktop.support desktop.training desktop.widgets.parts engine.data engine.files "
        "trainer.perception trainer.run"
    ),
    "desktop.widgets.welcome": (
        "desktop.preview desktop.session desktop.support desktop.widgets.panels desktop.widgets.parts "
        "engine.data"
    ),
    "desktop.translating": "desktop.paint.files engine.data engine.errors engine.passes engine.planes",
}

# Of the window, these alone hold what is named first: where the engine thread and Qt meet.
ONLY = {"engine.thread": "desktop.preview.bridge", "desktop.preview.bridge": "desktop.preview.live"}

MOST_MODULES = 12  # directly in a package; more is two packages

# Qt stays in the window; widgets in what is seen of it.
QT = ("PySide6", "shiboken6", "qtawesome", "qtpy")
WIDGETS = ("PySide6.QtWidgets", "PySide6.QtOpenGLWidgets", "PySide6.QtSvgWidgets", "qtawesome")
MAY_SHOW = (
    "desktop.app",
    "desktop.demo.replay",
    "desktop.demo.illustrations",
    "desktop.demo.stage",
    "desktop.support.theme",
    "desktop.widgets",
)

# The window stands before torch is imported, on the engine's thread. So these, and all that they import
# at module level, are free of it.
TORCH = ("torch", "torchvision", "safetensors.torch")
LIGHT = (
    "desktop",
    "resources",
    "trainer.run.events",
    "engine",
    "engine.data",
    "engine.errors",
    "engine.files",
    "engine.models.bundle",
    "engine.models.catalogue",
    "engine.planes.codec",
    "engine.thread",
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


@cache
def packages() -> set[str]:
    """The packages among the modules."""
    return {name for name, file in modules().items() if file.name == "__init__.py"}


def room(name: str) -> str:
    """The room that a module, or a name in one, stands in."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    if name in packages():
        return name
    package = name.rpartition(".")[0]
    holds_packages = any(other.startswith(f"{package}.") for other in packages())
    return name if holds_packages else package


def allowed(importer: str) -> set[str]:
    """The rooms that ``importer`` may import from, its own among them; a newcomer has to be entered first."""
    return {room(importer), *ARROWS.get(room(importer), "").split()}


def cycles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Sets of more than one room, each of which can be reached from each."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in arrows.get(waiting.pop(), set()) - seen:
                seen.add(target)
                waiting.append(target)
        return seen

    from_each = {name: reached(name) for name in arrows}
    found = []
    for name in arrows:
        circle = {other for other in from_each[name] if name in from_each.get(other, set())}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


@cache
def arrows() -> dict[str, set[str]]:
    """Room → the other rooms that it does import from."""
    result: dict[str, set[str]] = {}
    for found in imports():
        if within(found.target, OURS) and room(found.importer) != room(found.target):
            result.setdefault(room(found.importer), set()).add(room(found.target))
    return result


def wrong_arrow(found: Import) -> str | None:
    """Why ``found`` must not be, if so."""
    importer, target = found.importer, found.target
    if within(target, OURS) and room(target) not in allowed(importer):
        return f"{found}; allowed there: {', '.join(sorted(allowed(importer))) or 'nothing of ours'}"
    for what, holder in ONLY.items():
        if within(target, {what}) and within(importer, {"desktop"}) and importer not in (what, holder):
            return f"{found}; of the window, only {holder} may"
    if within(target, QT) and not within(importer, {"desktop"}):
        return f"{found}; Qt stays in desktop"
    if within(target, WIDGETS) and not within(importer, MAY_SHOW):
        return f"{found}; widgets stay in {', '.join(MAY_SHOW)}"
    # Where torch must be loaded before Qt (Windows), the command line does it, inside a function.
    may_load_torch = importer == "desktop.__main__" and not found.when_loaded
    if within(target, TORCH) and within(importer, {"desktop"}) and not may_load_torch:
        return f"{found}; torch is the engine's"
    return None


def is_light(name: str) -> bool:
    """Whether a module must load without torch; for ``engine`` that is its ``__init__`` alone."""
    return name in LIGHT or within(name, {*LIGHT} - {"engine"})


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


def test_the_table_lists_no_arrow_that_is_gone() -> None:
    listed = {(name, target) for name, targets in ARROWS.items() for target in targets.split()}
    assert listed - {(name, target) for name, targets in arrows().items() for target in targets} == set()


def test_rooms_form_no_cycle() -> None:
    assert cycles(arrows()) == []


def test_a_cycle_is_seen() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}}) == [{"a", "b", "c"}]
    assert cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("package", sorted(packages()))
def test_a_package_holds_a_dozen_modules_at_most(package: str) -> None:
    inside = [name for name in modules() if name.rpartition(".")[0] == package and name not in packages()]
    assert len(inside) <= MOST_MODULES, f"{package} holds {len(inside)} modules; make two packages of it"


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("engine.thread.worker", "import desktop.session"),
        ("engine.planes.codec", "from PySide6.QtGui import QImage"),
        ("engine.passes.generator", "def load():\n    from resources import path"),
        ("trainer.training.fit", "import resources"),
        ("resources", "from engine.files.writing import replacing"),
        ("desktop.paint.layers.layer", "from PySide6 import QtWidgets"),
        ("desktop.paint.layers.layer", "from desktop.support import settings"),
        ("desktop.paint.tools.pen", "from engine.passes.generator import Generator"),
        ("desktop.session", "from PySide6.QtWidgets import QWidget"),
        ("desktop.session", "from desktop.preview.bridge import Bridge"),
        ("desktop.session", "def show():\n    from desktop.widgets.canvas.canvas import Canvas"),
        ("desktop.widgets.canvas.canvas", "from engine.thread.worker import Worker"),
        ("desktop.widgets.canvas.canvas", "if TYPE_CHECKING:\n    from desktop.preview.bridge import Bridge"),
        ("desktop.preview.live", "def warm():\n    import torch"),
        ("desktop.__main__", "import torch"),
        ("desktop.newcomer", "from engine.data.rect import Rect"),
    ],
)
def test_a_wrong_arrow_is_seen(importer: str, source: str) -> None:
    known = {*modules(), "desktop.support.settings", "desktop.preview.bridge"}
    assert [wrong_arrow(found) for found in imports_in(source, importer, False, known)] != [None]


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("desktop.__main__", "def window():\n    import torch"),
        ("desktop.widgets.canvas.canvas", "from desktop.session import Session"),
        ("desktop.widgets.canvas.canvas", "from PySide6 import QtWidgets"),
        ("desktop.paint.layers.layer", "from PySide6.QtGui import QImage"),
        ("desktop.app", "from desktop.widgets.main_window import MainWindow"),
        ("trainer.training.fit", "import torch, engine.networks"),
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
        if is_light(name)
        for chain in loaded_with(name)
        if within(chain[-1], TORCH)
    ]
    assert not wrong, "\n".join(["these load torch as soon as they are imported:", *wrong])


@pytest.mark.parametrize(
    "names",
    [
        [name for name in sorted(modules()) if is_light(name) and within(name, {"engine"})],
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
    """A row for a room that is gone, or misspelt, would allow nothing and forbid nothing."""
    rooms = {room(name) for name in modules()}
    named = {*ARROWS, *(target for targets in ARROWS.values() for target in targets.split())}
    assert named - rooms == set()
    assert {*MAY_SHOW, *LIGHT} - set(modules()) == set()
