"""Lines drafted over a photo in the real window, found by a real process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSlider

from desktop.pairs.line_draft import FEW, USUAL, remembered
from desktop.support import background
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Pixels
from tests import warm
from tests.desktop.pairs.test_label_drafts import tool
from tests.desktop.traced_photos import photo, write_photos
from tests.desktop.window_hands import drag, message, send, settle, until
from trainer.perception import edges, weights
from trainer.pictures import sketch

LONG = 120.0


@pytest.fixture
def drawing(window: MainWindow, tmp_path: Path) -> MainWindow:
    """The first of three photos lies over an empty sketch."""
    pair_drawing = window.session.pair_drawing
    pair_drawing.begin([write_photos(tmp_path / "beach")], "sketch", pair_drawing.folder("beach"))
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    return window


def lines(window: MainWindow) -> Pixels:
    plane = window.session.document.picture().lines
    assert plane is not None
    return plane


def test_the_lines_of_a_photo_are_drafted_by_trained_edges(
    drawing: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    document, draft = drawing.session.document, drawing.session.pair_drawing.draft
    drag(drawing, (5, 5), (12, 5))
    before = lines(drawing).copy()
    tool(drawing, "draft_lines").click()
    assert draft.busy and tool(drawing, "draft_cancel").isVisible()
    assert not tool(drawing, "draft_lines").isVisible()
    until(lambda: not draft.busy, LONG)
    wanted = sketch.sparing_lines(photo(1), draft.sure, edges.edge_map(photo(1)))
    assert np.array_equal(lines(drawing) < 128, (before < 128) | (wanted < 128)) and (wanted < 128).any()
    assert document.undo_steps == 2
    # Another strength takes the place of the draft, without a second look; what came after it stays.
    weak = sketch.sparing_lines(photo(1), 0.3, edges.edge_map(photo(1)))
    slider = tool(drawing, "draft_lines").menu().findChild(QSlider, "draft_sure")
    slider.setValue(50)
    slider.setValue(30)
    assert not draft.busy and tool(drawing, "draft_lines").isVisible()
    until(lambda: np.array_equal(lines(drawing) < 128, (before < 128) | (weak < 128)))
    assert document.undo_steps == 2 and drawing.session.settings.pairs["sure"] == "0.3"
    looked: list[float] = []
    lines_of = sketch.sparing_lines

    def looking(photo: Pixels, sure: float, edges: Pixels | None) -> Pixels:
        looked.append(sure)
        return lines_of(photo, sure, edges)

    monkeypatch.setattr(sketch, "sparing_lines", looking)
    slider.setValue(70)
    drag(drawing, (80, 50), (90, 60))  # drawn on before the lines came: they stay as they are
    until(lambda: looked == [0.7])
    settle(drawing.session)
    assert document.undo_steps == 3 and np.array_equal(
        lines(drawing)[:, :70] < 128, ((before < 128) | (weak < 128))[:, :70]
    )
    draft.set_sure(0.65)
    assert not draft.busy and document.undo_steps == 3
    for _ in range(2):
        document.undo()
    assert np.array_equal(lines(drawing), before)


def test_finding_lines_can_be_cancelled_and_leaves_no_process(
    drawing: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    draft, happened = drawing.session.pair_drawing.draft, []
    work = background.done

    def watched(words: list[str], given_up: Callable[[], bool]) -> str:
        happened.append("begun")
        said = work(words, given_up)
        happened.append("ended")
        return said

    monkeypatch.setattr(background, "done", watched)
    tool(drawing, "draft_lines").click()
    until(lambda: happened)
    tool(drawing, "draft_cancel").click()
    assert not draft.busy and tool(drawing, "draft_lines").isVisible()
    until(lambda: happened == ["begun", "ended"])
    assert (lines(drawing) == 255).all() and not drawing.session.document.can_undo


def test_without_the_weights_lines_follow_gradients_and_it_is_said_once(
    drawing: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "weights_path", lambda: tmp_path / "nowhere")
    draft = drawing.session.pair_drawing.draft
    tool(drawing, "draft_lines").click()
    until(lambda: not draft.busy)
    assert np.array_equal(lines(drawing) < 128, sketch.sparing_lines(photo(1), draft.sure) < 128)
    assert message(drawing) == weights.MISSING
    drawing.messages.put_away()
    draft.set_sure(0.5)
    until(lambda: not draft.busy)
    assert not message(drawing)


def test_labels_have_no_lines_to_be_drafted(window: MainWindow, tmp_path: Path):
    pair_drawing = window.session.pair_drawing
    pair_drawing.begin([write_photos(tmp_path / "beach")], "labels", pair_drawing.folder("maps"))
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    assert not tool(window, "draft_lines").isVisible()
    assert not window.actions_table["draft_lines"].isEnabled()


def test_lines_wait_for_the_end_of_the_stroke_that_goes_on(
    drawing: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    script = "import sys\nfrom PIL import Image\nphoto = Image.open(sys.argv[2])\n"
    script += "Image.new('L', photo.size, 200).save(sys.argv[3])"
    monkeypatch.setattr(background, "program", lambda: warm.command("-c", script))
    kinds, left, none = QMouseEvent.Type, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    session, draft = drawing.session, drawing.session.pair_drawing.draft
    send(drawing, kinds.MouseButtonPress, (5, 5), left, left)
    draft.draw()
    until(lambda: not draft.busy, LONG)
    assert session.strokes.drawing and not session.document.can_undo
    send(drawing, kinds.MouseMove, (40, 5), none, left)
    send(drawing, kinds.MouseButtonRelease, (40, 5), left, none)
    assert session.document.undo_steps == 2
    session.undo()
    assert lines(drawing)[5, 30] < 128, "the stroke is whole"


BAD_LUCK = {
    "nothing": "",
    "nonsense": "open(sys.argv[3], 'wb').write(b'nonsense')",
    "another size": "Image.new('L', (7, 5)).save(sys.argv[3])",
    "a crash": "raise RuntimeError",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("luck", BAD_LUCK)
def test_a_process_that_brings_no_map_is_told(
    drawing: MainWindow, monkeypatch: pytest.MonkeyPatch, told: list[str], luck: str
):
    script = f"import os, signal, sys\nfrom PIL import Image\n{BAD_LUCK[luck]}"
    monkeypatch.setattr(background, "program", lambda: warm.command("-c", script))
    draft = drawing.session.pair_drawing.draft
    draft.draw()
    until(lambda: not draft.busy, LONG)
    (sentence,) = told
    assert "try" in sentence and "\n" not in sentence and "map.png" not in sentence
    assert not drawing.session.document.can_undo


def test_a_process_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sign = tmp_path / "hangs"
    script = (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').close()\ntime.sleep(600)"
    )
    monkeypatch.setattr(background, "program", lambda: warm.command("-c", script))
    assert "unexpectedly" in background.done([str(sign)], sign.exists)


def test_what_a_short_work_says_when_it_fails(tmp_path: Path):
    said = background.done(["edges", str(tmp_path / "none.png"), str(tmp_path / "map.png")], lambda: False)
    assert "none.png" in said and "Traceback" not in said
    assert background.done(["models", "--json"], lambda: False) == ""


def test_the_strength_is_remembered_and_one_that_makes_no_sense_is_the_usual():
    for told, sure in (("0.6", 0.6), ("7", FEW), ("nan", USUAL), ("thick", USUAL), ("0.31", 0.31)):
        assert remembered({"sure": told}) == pytest.approx(sure)
