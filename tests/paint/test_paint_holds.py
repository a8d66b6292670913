"""Held parts follow the picture: holding is a step, and cropping crops what is held."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.paint.editing import reshaping
from desktop.paint.editing.document import Document
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError
from tests.paint.test_paint_frames_and_holds import drawn, part


def test_holding_is_a_step_that_no_pass_is_due_for():
    document = drawn(1)
    lines, holds = document.picture().lines, (part(1, 3),)
    change = document.hold(holds, "Hold")
    assert change and not change.sent and not change.rect
    assert document.holds == holds and document.picture().lines is lines
    document.undo()
    assert document.holds == ()
    document.redo()
    assert document.holds == holds and document.history.undo_text == "Hold"
    document.hold((), "Lift")
    assert document.history.bytes > holds[0].pixels.nbytes, "what undo would bring back takes memory"


def test_cropping_crops_what_is_held_and_resizing_leaves_it():
    document = Document.new("sketch", 64, 48)
    hold = part(1, 8)  # half as large as the picture
    document.hold((hold,), "Hold")
    document.resize(128, 96)
    assert document.holds == (hold,)
    document.undo()
    document.crop(Rect(16, 8, 32, 40))
    np.testing.assert_array_equal(document.holds[0].pixels, hold.pixels[4:24, 8:24])
    document.undo()
    document.crop(Rect(-16, 0, 96, 48))  # more room on both sides
    found = document.holds[0].pixels
    assert found.shape == (24, 48, 4) and not found[:, :8, 3].any() and not found[:, 40:, 3].any()
    np.testing.assert_array_equal(found[:, 8:40], hold.pixels)
    document.undo()
    document.crop(Rect(200, 200, 10, 10))
    assert document.holds == ()
    assert document.selection == EMPTY


def test_cropping_makes_no_hold_larger_than_may_be_held(monkeypatch: pytest.MonkeyPatch):
    document = drawn(1)
    document.hold((part(1, 3),), "Hold")
    monkeypatch.setattr(reshaping, "MOST_HELD_BYTES", 24 * 32 * 4 * 2)
    with pytest.raises(PictureError, match="lift some holds first"):
        document.crop(Rect(-40, 0, 120, 30))
    document.crop(Rect(-10, 0, 60, 30))


def test_bringing_a_snapshot_back_brings_what_was_held():
    document = drawn(1)
    document.hold((part(1, 3),), "Hold")
    snapshot = document.snapshot()
    document.hold((), "Lift")
    document.restore(snapshot)
    assert len(document.holds) == 1
    document.undo()
    assert document.holds == ()
