"""A pen that knows no pressure at first: strokes begin as thin as they go on."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.paint.editing.document import Document
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools

PRESSURES = (0.15, 0.2, 0.25, 0.3)


def drawn(document: Document, ink: Ink, tool: str, *pressures: float, ctrl: bool = False) -> np.ndarray:
    """How dense the active layer is after a stroke of samples 20 pixels apart, lifted at no pressure."""
    samples = [Sample(30 + 20 * place, 60, pressure) for place, pressure in enumerate(pressures)]
    stroke = tools()[tool].start(document, ink, samples[0], False, ctrl)
    for sample in samples[1:]:
        stroke.move(sample, False, ctrl)
    stroke.finish(samples[-1]._replace(pressure=0.0), False, ctrl)
    return document.active.pixels[:, :, 3].copy()


@pytest.mark.parametrize(
    "ink",
    [
        Ink(size=40),
        Ink("soft", 40, 0.3, pressure_size=False, pressure_opacity=True),
        Ink("pixel", 40, symmetry="both"),
        Ink(size=40, stabiliser=0.5),
        Ink(size=40, stabiliser=1.0),
    ],
)
@pytest.mark.parametrize(("tool", "ctrl"), [("pen", False), ("pen", True), ("line", False)])
def test_a_first_sample_at_full_pressure_leaves_no_blob(ink: Ink, tool: str, ctrl: bool) -> None:
    blob = drawn(Document.new("image", 200, 120), ink, tool, 1.0, *PRESSURES, ctrl=ctrl)
    right = drawn(Document.new("image", 200, 120), ink, tool, PRESSURES[0], *PRESSURES, ctrl=ctrl)
    assert right.any()
    assert np.array_equal(blob, right)


def test_a_first_sample_at_full_pressure_rubs_no_hole() -> None:
    def rubbed(first: float) -> np.ndarray:
        document = Document.new("image", 200, 120)
        document.active.packed[...] = 0xFF000000
        return drawn(document, Ink(size=40, erase=True), "eraser", first, *PRESSURES)

    assert np.array_equal(rubbed(1.0), rubbed(PRESSURES[0]))


def test_a_click_makes_its_dab_at_once_and_keeps_it() -> None:
    document = Document.new("image", 200, 120)
    stroke = tools()["pen"].start(document, Ink(size=40), Sample(60, 60, 0.5))
    assert document.active.bounds().width == pytest.approx(20, abs=2)
    stroke.finish(Sample(60, 60, 0.0))
    assert document.active.bounds().width == pytest.approx(20, abs=2)
    assert document.undo_steps == 1


def test_a_mouse_presses_evenly_and_pressure_that_rises_stays() -> None:
    even = drawn(Document.new("image", 200, 120), Ink(size=40), "pen", 1.0, 1.0, 1.0)
    assert (even[:, 32] > 0).sum() == pytest.approx(40, abs=2)
    rising = drawn(Document.new("image", 200, 120), Ink(size=40), "pen", 0.2, 0.9, 0.9)
    assert (rising[:, 28] > 0).sum() < 20 < (rising[:, 68] > 0).sum()


def test_what_was_drawn_is_taken_back_as_one_step() -> None:
    document = Document.new("image", 200, 120)
    before = document.active.pixels.copy()
    after = drawn(document, Ink(size=40, symmetry="vertical"), "pen", 1.0, *PRESSURES)
    document.undo()
    assert np.array_equal(document.active.pixels, before)
    document.redo()
    assert np.array_equal(document.active.pixels[:, :, 3], after)
