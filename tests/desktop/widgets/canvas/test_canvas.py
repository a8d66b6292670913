from __future__ import annotations

import random

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.paint.editing.document import Role
from desktop.paint.tools import tools
from desktop.widgets.main_window import MainWindow
from tests.desktop.window_hands import drag, send, settle

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PEN = QPointingDevice(
    "pen",
    7,
    QInputDevice.DeviceType.Stylus,
    QPointingDevice.PointerType.Pen,
    QInputDevice.Capability.Pressure | QInputDevice.Capability.Position,
    1,
    3,
)
ERASER = QPointingDevice(
    "eraser",
    8,
    QInputDevice.DeviceType.Stylus,
    QPointingDevice.PointerType.Eraser,
    QInputDevice.Capability.Pressure | QInputDevice.Capability.Position,
    1,
    3,
)


def ink_of(window: MainWindow) -> int:
    """How many pixels of the lines layer are painted."""
    return int((window.session.document.picture().lines < 128).sum())


def tablet(
    window: MainWindow, kind: QEvent.Type, point: tuple[float, float], pressure: float, device=PEN, held=LEFT
) -> None:
    at = window.canvas_point(*point)
    glob = QPointF(window.canvas.mapToGlobal(at.toPoint()))
    button = NONE if kind == QEvent.Type.TabletMove else LEFT
    event = QTabletEvent(
        kind, device, at, glob, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, button, held
    )
    QApplication.sendEvent(window.canvas, event)


def test_a_stroke_of_the_mouse_is_one_step(window: MainWindow):
    drag(window, (10, 10), (40, 40), (80, 20))
    assert ink_of(window) > 50
    assert window.session.document.undo_steps == 1
    window.session.undo()
    assert ink_of(window) == 0


def test_the_preview_follows(window: MainWindow):
    before = window.session.live.preview.copy()
    drag(window, (10, 10), (80, 60))
    settle(window.session)
    assert not np.array_equal(window.session.live.preview, before)


def test_a_pen_draws_thinner_with_less_pressure(window: MainWindow):
    window.session.strokes.set_ink(size=12.0, pressure_size=True)
    painted = []
    for pressure in (0.2, 0.9):
        tablet(window, QEvent.Type.TabletPress, (20, 20), pressure)
        tablet(window, QEvent.Type.TabletMove, (70, 20), pressure)
        tablet(window, QEvent.Type.TabletRelease, (70, 20), pressure, held=NONE)
        painted.append(ink_of(window))
        window.session.undo()
    assert painted[0] * 2 < painted[1]


def test_the_pens_other_end_erases(window: MainWindow):
    drag(window, (10, 40), (80, 40))
    before = ink_of(window)
    tablet(window, QEvent.Type.TabletPress, (10, 40), 1.0, ERASER)
    tablet(window, QEvent.Type.TabletMove, (80, 40), 1.0, ERASER)
    tablet(window, QEvent.Type.TabletRelease, (80, 40), 1.0, ERASER, held=NONE)
    assert ink_of(window) < before / 4
    assert window.session.strokes.tool == "pen"


def test_the_mouse_event_that_echoes_a_pen_draws_nothing(window: MainWindow):
    tablet(window, QEvent.Type.TabletPress, (20, 20), 1.0)
    send(window, QEvent.Type.MouseButtonPress, (20, 20), LEFT, LEFT)
    tablet(window, QEvent.Type.TabletMove, (60, 20), 1.0)
    send(window, QEvent.Type.MouseMove, (60, 50), NONE, LEFT)
    tablet(window, QEvent.Type.TabletRelease, (60, 20), 1.0, held=NONE)
    send(window, QEvent.Type.MouseButtonRelease, (60, 50), LEFT, NONE)
    assert window.session.document.undo_steps == 1
    assert (window.session.document.picture().lines[40:] == 255).all()


def test_a_pen_lifted_out_of_hearing_ends_its_stroke(window: MainWindow):
    tablet(window, QEvent.Type.TabletPress, (20, 20), 1.0)
    tablet(window, QEvent.Type.TabletMove, (40, 20), 1.0)
    tablet(window, QEvent.Type.TabletMove, (60, 20), 0.0, held=NONE)
    assert window.session.strokes.stroke is None
    assert window.session.document.undo_steps == 1


def test_escape_cancels_the_stroke(window: MainWindow):
    send(window, QEvent.Type.MouseButtonPress, (20, 20), LEFT, LEFT)
    send(window, QEvent.Type.MouseMove, (60, 20), NONE, LEFT)
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    send(window, QEvent.Type.MouseButtonRelease, (60, 20), LEFT, NONE)
    assert ink_of(window) == 0
    assert window.session.document.undo_steps == 0


def test_undo_takes_back_the_very_first_stroke_while_it_is_drawn(window: MainWindow):
    send(window, QEvent.Type.MouseButtonPress, (20, 20), LEFT, LEFT)
    send(window, QEvent.Type.MouseMove, (60, 20), NONE, LEFT)
    window.actions_table["undo"].trigger()
    send(window, QEvent.Type.MouseMove, (60, 60), NONE, LEFT)
    send(window, QEvent.Type.MouseButtonRelease, (60, 60), LEFT, NONE)
    assert ink_of(window) == 0
    assert window.session.document.undo_steps == 0


def test_space_and_middle_button_move_the_view_and_draw_nothing(window: MainWindow):
    centre = QPointF(window.view.centre)
    drag(window, (20, 20), (30, 30), button=Qt.MouseButton.MiddleButton)
    assert window.view.centre != centre
    QTest.keyPress(window.canvas, Qt.Key.Key_Space)
    drag(window, (20, 20), (40, 20))
    QTest.keyRelease(window.canvas, Qt.Key.Key_Space)
    assert ink_of(window) == 0


@pytest.mark.parametrize("shift", [False, True])
def test_the_wheel_zooms_and_with_shift_sizes_the_brush(window: MainWindow, shift: bool):
    scale, size = window.view.scale, window.session.strokes.ink.size
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    at = QPointF(50, 50)
    event = QWheelEvent(
        at,
        at,
        QPointF().toPoint(),
        QPointF(0, 240).toPoint(),
        NONE,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(window.canvas, event)
    assert (window.view.scale > scale) is not shift
    assert (window.session.strokes.ink.size > size) is shift


def test_the_divider_is_dragged_not_painted_over(window: MainWindow):
    window.set_mode("split")
    x = window.canvas.width() * 0.5
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, x, LEFT, LEFT),
        (QEvent.Type.MouseMove, x / 2, NONE, LEFT),
        (QEvent.Type.MouseButtonRelease, x / 2, LEFT, NONE),
    ):
        event = QMouseEvent(
            kind, QPointF(at, 200), QPointF(at, 200), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(window.canvas, event)
    assert window.session.settings.divider == pytest.approx(0.25, abs=0.01)
    assert ink_of(window) == 0


def test_what_is_drawn_is_seen_on_the_canvas(window: MainWindow):
    window.session.strokes.set_ink(size=8.0)
    drag(window, (20, 40), (70, 40))
    at = window.canvas_point(45, 40).toPoint()
    shown = window.canvas.grab().toImage()
    ratio = shown.devicePixelRatio()
    assert shown.pixelColor(int(at.x() * ratio), int(at.y() * ratio)).lightness() < 60


@pytest.mark.parametrize("seed", range(6))
def test_a_storm_of_events_never_crashes_and_all_of_it_can_be_undone(window: MainWindow, seed: int):
    """Tablet events with and without their echoes, leaving the window, tools changed mid-stroke."""
    chance = random.Random(seed)
    session = window.session
    blank = session.document.picture_flat().copy()
    held, penned = NONE, False
    names = list(tools())
    for _ in range(250):
        point = (chance.uniform(-300, 400), chance.uniform(-300, 400))
        match chance.randrange(14):
            case 0 | 1:
                held = LEFT
                send(window, QEvent.Type.MouseButtonPress, point, LEFT, LEFT)
            case 2 | 3 | 4:
                send(window, QEvent.Type.MouseMove, point, NONE, held)
            case 5:
                held = NONE
                send(window, QEvent.Type.MouseButtonRelease, point, LEFT, NONE)
            case 6:
                penned = True
                tablet(window, QEvent.Type.TabletPress, point, chance.random())
            case 7:
                tablet(window, QEvent.Type.TabletMove, point, chance.random(), held=LEFT if penned else NONE)
            case 8:
                penned = False
                tablet(window, QEvent.Type.TabletRelease, point, 0.0, held=NONE)
            case 9:
                session.strokes.choose_tool(chance.choice(names))
            case 10:
                chance.choice([session.undo, session.redo, session.strokes.finish, session.strokes.cancel])()
            case 11:
                QApplication.sendEvent(window.canvas, QEvent(QEvent.Type.Leave))
            case 12:
                send(window, QEvent.Type.MouseButtonDblClick, point, LEFT, LEFT)
            case 13:
                session.strokes.choose_role(chance.choice([Role.LINES, Role.HINTS]))
    QApplication.processEvents()
    session.strokes.cancel()
    while session.steps.undo:
        session.undo()
    assert np.array_equal(session.document.picture_flat(), blank)
