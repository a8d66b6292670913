"""Axes that were moved and turned, and radial symmetry: every copy lies where it should."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document
from desktop.paint.strokes.stroke import Dab, Ink, Symmetry
from desktop.paint.strokes.symmetry import copies
from engine.data.rect import Rect

Draw = Callable[..., Change]
BOUNDS = Rect(0, 0, 200, 160)


def placed(ink: Ink, x: float, y: float) -> list[tuple[float, float]]:
    return [(dab.x, dab.y) for copy in copies(ink, BOUNDS) for dab in copy.of([Dab(x, y, 1, 1)])]


def test_where_copies_lie() -> None:
    assert placed(Ink(), 3, 4) == []
    assert placed(Ink(symmetry="vertical"), 3, 4) == [(197, 4)]
    assert placed(Ink(symmetry="horizontal"), 3, 4) == [(3, 156)]
    assert placed(Ink(symmetry="both"), 3, 4) == [(197, 4), (3, 156), (197, 156)]
    moved = Ink(symmetry="vertical", axes=(0.25, 0.5, 0))
    assert placed(moved, 3, 4) == [(97, 4)]
    diagonal = Ink(symmetry="vertical", axes=(0.5, 0.5, 45))
    assert placed(diagonal, 100, 50)[0] == pytest.approx((130, 80))
    radial = Ink(symmetry="radial", fold=4)
    assert np.allclose(placed(radial, 120, 80), [(100, 100), (80, 80), (100, 60)])
    assert len(placed(Ink(symmetry="radial", fold=12), 1, 1)) == 11


@pytest.mark.parametrize("axes", [(0.5, 0.5, 0), (0.3, 0.7, 0)])
def test_upright_axes_mirror_pixel_by_pixel(sketch: Document, draw: Draw, axes: tuple[float, ...]) -> None:
    ink = Ink(size=5, symmetry="both", axes=axes)  # type: ignore[arg-type]
    draw(sketch, "pen", (50, 90), (60, 110), (70, 100), ink=ink)
    alpha = sketch.active.pixels[:, :, 3]
    x, y = round(2 * axes[0] * 200), round(2 * axes[1] * 160)  # twice the crossing
    left, right = max(0, x - 200), min(200, x)
    top, bottom = max(0, y - 160), min(160, y)
    part = alpha[top:bottom, left:right]
    assert part.any()
    assert np.array_equal(part, part[:, ::-1])
    assert np.array_equal(part, part[::-1])


@pytest.mark.parametrize(
    ("tool", "points"),
    [
        ("pen", [(120, 70), (130, 60), (145, 75)]),
        ("line", [(120, 70), (150, 90)]),
        ("rectangle", [(120, 60), (140, 75)]),
        ("ellipse", [(120, 60), (140, 75)]),
    ],
)
def test_radial_copies_look_alike(
    sketch: Document, draw: Draw, tool: str, points: list[tuple[float, float]]
) -> None:
    draw(sketch, tool, *points, ink=Ink(size=4, symmetry="radial", fold=4))
    alpha = sketch.active.pixels[:, 20:180, 3].astype(int)
    assert (alpha > 127).sum() > 100
    assert np.abs(alpha - np.rot90(alpha)).max() <= 12
    assert sketch.undo_steps == 1


@pytest.mark.parametrize("symmetry", ["vertical", "both", "radial"])
def test_turned_axes_paint_as_much_on_every_kind(document: Document, draw: Draw, symmetry: Symmetry) -> None:
    colour = (0, 128, 255)
    draw(document, "ellipse", (85, 40), (100, 50), ink=Ink(filled=True, colour=colour))
    alone = (document.picture_flat() == colour).all(2).sum()
    document.undo()
    ink = Ink(filled=True, colour=colour, symmetry=symmetry, axes=(0.5, 0.5, 20), fold=3)
    draw(document, "ellipse", (85, 40), (100, 50), ink=ink)
    many = (document.picture_flat() == colour).all(2).sum()
    number = {"vertical": 2, "both": 4, "radial": 3}[symmetry]
    if document.kind == "sketch":
        assert document.undo_steps == 1
    else:
        assert many == pytest.approx(alone * number, rel=0.15)


def test_a_fill_is_copied_too(sketch: Document, draw: Draw) -> None:
    for x in (140.0, 40.0):
        draw(sketch, "rectangle", (x, 70), (x + 20, 90), ink=Ink(size=2))
    draw(sketch, "fill", (150, 80), ink=Ink(symmetry="radial", fold=2, axes=(0.5, 0.5, 10)))
    assert sketch.active.pixels[80, 50, 3] == 255
    assert sketch.active.pixels[80, 150, 3] == 255
    draw(sketch, "fill", (5, 5), ink=Ink(symmetry="radial", fold=5))
    assert sketch.undo_steps == 4


def test_one_undo_takes_all_copies(sketch: Document, draw: Draw) -> None:
    draw(sketch, "pen", (10, 10), (40, 40))
    before = sketch.active.packed.copy()
    draw(sketch, "pen", (20, 70), (60, 75), ink=Ink(symmetry="radial", fold=7, size=9))
    sketch.undo()
    assert np.array_equal(sketch.active.packed, before)
