"""A tool is one module: what lies in the package is found, shown, drawn with and filmed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.paint import tools as package
from desktop.paint.tools import at_the_other_end, tool_that_has, tools
from desktop.widgets.main_window import MainWindow
from tests.desktop.window_hands import drag

MODULE = """
from desktop.paint.gestures.freehand import brush_stroke
from desktop.paint.gestures.tool import Tool
from desktop.paint.strokes.stroke import Ink


class Chalk(Tool):
    def start(self, document, ink, sample, shift=False, ctrl=False):
        return brush_stroke(document, ink, sample, shift, ctrl, "Chalk")


TOOL = Chalk(
    "chalk", "Chalk", "mdi6.fountain-pen-tip", "Z", 95, ("size",), by_hand=True, own_ink=Ink(size=9.0)
)
"""


@pytest.fixture
def chalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module more in the package of tools; the id of its tool."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "chalk.py").write_text(MODULE)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "tools")])
    tools.cache_clear()
    yield "chalk"
    tools.cache_clear()
    sys.modules.pop(f"{package.__name__}.chalk")
    vars(package).pop("chalk", None)


def test_a_tool_is_one_module(chalk: str, window: MainWindow) -> None:
    session = window.session
    session.strokes.quick_shapes = False
    assert [action.text() for action in window.tool_bar.actions()].count("Chalk") == 1
    QTest.keyClick(window.canvas, Qt.Key.Key_Z)
    assert session.strokes.tool == chalk
    assert session.strokes.ink.size == 9.0
    drag(window, (20, 20), (40, 30), (60, 40), (70, 60))
    (step,) = session.document.history.done
    assert step.text == "Chalk"
    recorder = session.films.recorder()
    assert recorder is not None
    (*_, filmed) = recorder.steps().result(20)
    assert filmed.track is not None and filmed.track.width == 9.0


def test_what_the_program_wants_of_a_tool_it_finds_by_what_that_can_do() -> None:
    found = at_the_other_end(), tool_that_has("selects"), tool_that_has("placement")
    assert [tool.id for tool in found] == ["eraser", "select", "transform"]
