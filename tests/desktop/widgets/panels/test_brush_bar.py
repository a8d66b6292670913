"""The bar shows what matters to the tool in hand, as the tool's own module says."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractSlider, QApplication, QCheckBox, QComboBox, QSpinBox

from desktop.documents.inks import Inks
from desktop.paint.editing.document import Role
from desktop.paint.tools import tools
from tests.desktop.window_hands import model, settle

HELD = {
    "pen": "brush size hardness opacity stabiliser pressure",
    "eraser": "brush size hardness opacity stabiliser pressure",
    "line": "size opacity",
    "curve": "brush size hardness opacity",
    "rectangle": "size opacity filled",
    "ellipse": "size opacity filled",
    "polygon": "size opacity filled",
    "fill": "tolerance",
    "smart_fill": "tolerance",
    "eyedropper": "",
    "select": "selects",
    "transform": "placement",
}


def seen(window) -> set[str]:
    """Tool tips of what can be set in the bar."""
    QApplication.processEvents()  # a bar shows and hides its parts when it is laid out anew
    kinds = (QAbstractSlider, QCheckBox, QComboBox, QSpinBox)
    parts = [part for kind in kinds for part in window.brush_bar.findChildren(kind)]
    return {part.toolTip() for part in parts if part.toolTip() and part.isVisibleTo(window)}


def test_each_tool_shows_its_settings(window, session):
    shown = {}
    for name in tools():
        session.strokes.choose_tool(name)
        shown[name] = len(seen(window))
    # Slider and box of the size share one tip.
    sizes = {"size": 1, "pressure": 2, "tolerance": 2, "selects": 0, "placement": 0}
    assert shown == {name: sum(sizes.get(part, 1) for part in parts.split()) for name, parts in HELD.items()}
    assert {name: set(tool.settings) for name, tool in tools().items()} == {
        name: set(parts.split()) for name, parts in HELD.items()
    }


def test_labels_are_hard_and_opaque(window, session):
    session.strokes.choose_tool("pen")
    sketch = seen(window)
    session.open_model(model(session, "tiny labels"))
    settle(session)
    hidden = sketch - seen(window)
    assert len(hidden) == 4, hidden  # brush, hardness, opacity, and what the pressure does to it


@pytest.mark.parametrize("role", [Role.LINES, Role.LABELS])
def test_a_tool_with_an_ink_of_its_own_keeps_it_apart(role: Role):
    memory = {f"eraser {role}": {"size": 40.0}, str(role): {"size": 5.0}}
    inks = Inks(memory)
    assert (inks.of(role, "eraser").size, inks.of(role, "pen").size, inks.of(role, "line").size) == (40, 5, 5)
    assert inks.of(role, "eraser").erase and not inks.of(role, "pen").erase
    inks.put(role, "line", inks.of(role, "line"))
    assert set(memory) == {f"eraser {role}", str(role)}
    assert memory[f"eraser {role}"] == {"size": 40.0}
