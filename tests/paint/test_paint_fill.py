"""The bucket: connected areas, gaps and smooth edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document
from desktop.paint.gestures.region import connected, region
from desktop.paint.strokes.stroke import Ink
from engine.data.palette import Palette

Draw = Callable[..., Change]


def flooded(open: np.ndarray, x: int, y: int) -> np.ndarray:
    """The same as ``connected``, pixel by pixel."""
    reached = np.zeros_like(open)
    waiting = deque([(y, x)] if open[y, x] else [])
    while waiting:
        row, column = waiting.popleft()
        if (
            0 <= row < open.shape[0]
            and 0 <= column < open.shape[1]
            and open[row, column]
            and not reached[row, column]
        ):
            reached[row, column] = True
            waiting.extend([(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)])
    return reached


@pytest.mark.parametrize("share", [0.3, 0.55, 0.6, 0.65, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (37, 53)])
def test_connected_pixels_are_found(share: float, shape: tuple[int, int], rng: np.random.Generator) -> None:
    for _ in range(8):
        open = rng.random(shape) < share
        y, x = int(rng.integers(shape[0])), int(rng.integers(shape[1]))
        assert np.array_equal(connected(open, x, y), flooded(open, x, y))


def test_a_spiral_is_followed_to_its_end() -> None:
    open = np.zeros((41, 41), bool)
    row, column, down, across = 0, 0, 0, 1
    for length in [40, 40, *[length for length in range(40, 1, -2) for _ in (0, 1)]]:
        for _ in range(length):
            open[row, column] = True
            row, column = min(max(row + down, 0), 40), min(max(column + across, 0), 40)
        down, across = across, -down
    assert np.array_equal(connected(open, 0, 0), flooded(open, 0, 0))


def box(gap: int) -> np.ndarray:
    """A white picture with a black box of 3-px lines that has an opening on its right."""
    pixels = np.full((80, 100, 3), 255, np.uint8)
    pixels[20:60, 20:70] = 0
    pixels[23:57, 23:67] = 255
    pixels[38 : 38 + gap, 67:70] = 255
    return pixels


@pytest.mark.parametrize("gap", [0, 1, 2, 3, 4, 5, 8])
def test_gaps_up_to_the_chosen_width_hold(gap: int) -> None:
    inside = region(box(gap), 40, 40, 32, gap, smooth=False)
    assert inside[:, 72:].max() == 0
    assert inside[23:57, 23:67].min() == 255
    wider = region(box(gap + 2), 40, 40, 32, gap, smooth=False)
    assert wider[5, 5] == 255


def test_filling_from_a_narrow_place_works() -> None:
    pixels = box(0)
    pixels[23:57, 26:] = 0
    assert region(pixels, 24, 40, 32, 10, smooth=False)[23:57, 23:26].min() == 255


def test_smooth_edges_get_their_share() -> None:
    pixels = np.full((10, 10, 3), 200, np.uint8)
    pixels[:, 5] = 120
    pixels[:, 6:] = 40
    filled = region(pixels, 2, 2, 30, 0, smooth=True)
    assert (filled[:, :5] == 255).all()
    assert filled[0, 5] == pytest.approx(128, abs=1)
    assert filled[:, 6:].max() == 0
    assert region(pixels, 2, 2, 30, 0, smooth=False)[:, 5:].max() == 0
    pixels[:, 5] = 40  # a hard edge has no share
    assert region(pixels, 2, 2, 30, 0, smooth=True)[:, 5:].max() == 0


def test_tolerance_counts_every_channel() -> None:
    pixels = np.full((6, 6, 3), 100, np.uint8)
    pixels[3, 3] = (100, 100, 141)
    assert region(pixels, 0, 0, 40, 0, smooth=False)[3, 3] == 0
    assert region(pixels, 0, 0, 41, 0, smooth=False)[3, 3] == 255


def test_the_bucket_looks_at_all_layers_and_fills_the_active_one(sketch: Document, draw: Draw) -> None:
    draw(sketch, "ellipse", (30, 30), (130, 130), ink=Ink(size=3))
    lines = sketch.active.pixels.copy()
    sketch.select(sketch.layers[0].id)
    change = draw(sketch, "fill", (80, 80), ink=Ink(colour=(250, 10, 10)))
    assert change.rect.width == pytest.approx(100, abs=6)
    assert np.array_equal(sketch.layers[1].pixels, lines)
    hints = sketch.picture().hints
    assert hints is not None
    assert (hints[80, 40:120] == (250, 10, 10, 255)).all()
    assert hints[10, 10, 3] == 0
    # No pale seam between the paint and the line.
    assert sketch.picture_flat()[80, 30:130].astype(int)[:, 0].max() <= 250


def test_labels_are_told_apart_exactly(palette: Palette, draw: Draw) -> None:
    document = Document.new("labels", 60, 60, palette)
    draw(document, "rectangle", (10, 10), (30, 30), ink=Ink(filled=True, colour=(0, 48, 255)))
    change = draw(document, "fill", (20, 20), ink=Ink(colour=(250, 80, 5), tolerance=255))
    assert tuple(change.rect) == (10, 10, 20, 20)
    assert document.colour_at(29, 29) == (255, 80, 0)


def test_filling_outside_changes_nothing(document: Document, draw: Draw) -> None:
    assert not draw(document, "fill", (-1, 5), ink=Ink(colour=(255, 80, 0)))
    assert not draw(document, "fill", (150, 5), ink=Ink(colour=(255, 80, 0)))
    assert draw(document, "fill", (149.9, 100.9), ink=Ink(colour=(255, 80, 0)))


@pytest.mark.parametrize("middle", [(20.0, 20.0), (20.3, 19.6)])
def test_an_outline_filled_in_its_own_colour_is_of_one_piece(middle: tuple[float, float]) -> None:
    """No fringe of the paper shines through where both meet."""
    sheet, colour = np.full((40, 40, 3), 255, np.uint8), np.array((248, 49, 47))
    away = np.hypot(*(np.mgrid[:40, :40] + 0.5 - np.reshape(middle, (2, 1, 1))))
    ring = np.clip(3 - np.abs(away - 11), 0, 1)[..., None]
    sheet = np.round(sheet * (1 - ring) + colour * ring).astype(np.uint8)
    paint = (248, 49, 47)
    covered = region(sheet, 20, 20, 32, 0, smooth=True, paint=paint)[..., None] / 255.0
    inside = away < 13
    filled = sheet * (1 - covered) + colour * covered
    assert np.abs(filled - colour)[inside].max() <= 1
    assert (filled[~inside] == sheet[~inside]).all()
    thin = region(sheet, 20, 20, 32, 0, smooth=True)[..., None] / 255.0
    assert np.abs(sheet * (1 - thin) + colour * thin - colour)[inside].max() > 20, "without knowing it"


def test_smooth_edges_to_another_colour_come_nearer_to_a_mixture_of_both() -> None:
    """Of the paper that was there, less is left than by its share alone, and never more."""
    shares = np.linspace(0, 1, 9)[1:-1, None]
    paper, line, paint = np.full(3, 255.0), np.array((20.0, 20.0, 90.0)), (250, 200, 40)
    for share in shares:
        sheet = np.full((5, 9, 3), 255, np.uint8)
        sheet[:, 4] = np.round(paper * share + line * (1 - share))
        sheet[:, 5:] = line
        wanted = np.array(paint) * share + line * (1 - share)
        errors = []
        for told in (None, paint):
            covered = region(sheet, 1, 2, 0, 0, smooth=True, paint=told)[2, 4] / 255
            errors.append(np.abs(sheet[2, 4] * (1 - covered) + np.array(paint) * covered - wanted).sum())
            assert (region(sheet, 1, 2, 0, 0, smooth=True, paint=told)[:, 5:] == 0).all()
        assert errors[1] <= errors[0] + 3
