"""Smart fill: what belongs together in the photo takes the colour in hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.editing.history import PaintStep, RefreshStep, Tiles
from desktop.paint.gestures.superpixels import (
    Regions,
    fingerprint,
    hold,
    keep_likelihoods,
    known,
    regions,
    regions_in,
)
from desktop.paint.layers.composite import from_straight
from desktop.paint.strokes.stroke import Ink
from engine.data.palette import Palette
from engine.data.rect import Rect
from engine.errors import PictureError
from tests.paint.photographed import lay_photo_under, quarters

Draw = Callable[..., Change]
WALL, DOOR = (0, 48, 255), (0, 208, 255)


@pytest.fixture
def labels(palette: Palette) -> Document:
    document = Document.new("labels", 200, 160, palette)
    lay_photo_under(document)
    document.forget_history()
    return document


def painted(document: Document, colour: tuple[int, int, int]) -> np.ndarray:
    return (document.picture_flat() == colour).all(2)


def test_a_click_fills_what_is_alike_in_the_photo(labels: Document, draw: Draw) -> None:
    draw(labels, "smart_fill", (30, 30), ink=Ink(colour=DOOR, tolerance=32))
    filled = painted(labels, DOOR)
    assert filled[:72, :92].mean() > 0.99 and filled[88:].mean() < 0.01 and filled[:, 108:].mean() < 0.01
    assert labels.undo_steps == 1 and labels.history.undo_text == "Fill the photo's regions"
    labels.undo()
    assert not painted(labels, DOOR).any()


def test_without_tolerance_one_region_at_a_time_and_more_by_drawing_over_them(
    labels: Document, draw: Draw
) -> None:
    draw(labels, "smart_fill", (30, 30), ink=Ink(colour=DOOR, tolerance=0))
    one = painted(labels, DOOR)
    assert one[30, 30] and 10 < one.sum() < 300
    draw(labels, "smart_fill", (10, 120), (90, 120), ink=Ink(colour=WALL, tolerance=0))
    drawn = painted(labels, WALL)
    assert drawn[120, 12:90].mean() > 0.95 and drawn.sum() < 4000
    assert labels.undo_steps == 2


def test_only_what_is_selected_is_filled(labels: Document, draw: Draw) -> None:
    labels.selection = Rect(0, 0, 40, 40)
    draw(labels, "smart_fill", (30, 30), ink=Ink(colour=DOOR, tolerance=32))
    assert painted(labels, DOOR).sum() == 1600


def test_strokes_that_leave_the_picture_fill_nothing_there(labels: Document, draw: Draw) -> None:
    draw(labels, "smart_fill", (-50, 20), (-5, 20), ink=Ink(colour=DOOR))
    assert not painted(labels, DOOR).any()
    draw(labels, "smart_fill", (-50, 20), (5, 20), ink=Ink(colour=DOOR, tolerance=32))
    assert painted(labels, DOOR)[:70, :90].mean() > 0.99


def test_without_a_photo_it_says_what_to_do(palette: Palette, draw: Draw) -> None:
    document = Document.new("labels", 40, 30, palette)
    with pytest.raises(PictureError, match="goes by a photo; add one"):
        draw(document, "smart_fill", (5, 5))
    assert not document.is_drawn_on and not document.can_undo


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (5, 5), (13, 7), (900, 300)])
def test_any_photo_has_regions_that_cover_it(size: tuple[int, int]) -> None:
    width, height = size
    found = regions(quarters(width, height))
    assert found.shape == (height, width) and max(found.numbers.shape) <= 640
    assert set(np.unique(found.numbers)) == set(range(len(found.colours)))
    everything = found.around(0, 255)
    assert everything.all()
    patch = found.patch(everything)
    assert (patch.left, patch.top, patch.coverage.shape) == (0, 0, (height, width))
    assert (patch.coverage == 255).all()
    assert found.at(width - 0.5, height - 0.5) is not None and found.at(width, 0) is None


def test_a_patch_is_where_its_regions_are_in_the_photo() -> None:
    found = regions(quarters(900, 300))
    chosen = np.zeros(len(found.colours), np.bool_)
    chosen[found.at(700, 200)] = True
    patch = found.patch(chosen)
    height, width = patch.coverage.shape
    assert patch.left <= 700 < patch.left + width and patch.top <= 200 < patch.top + height
    assert patch.coverage[200 - patch.top, 700 - patch.left] == 255
    for side in (patch.coverage[0], patch.coverage[-1], patch.coverage[:, 0], patch.coverage[:, -1]):
        assert side.any()


def test_regions_are_looked_for_once_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop.paint.gestures import superpixels

    looked: list[tuple[int, ...]] = []

    def looking(photo: np.ndarray) -> Regions:
        looked.append(photo.shape)
        return regions(photo)

    monkeypatch.setattr(superpixels, "regions", looking)
    found: dict[bytes, Regions] = {}
    monkeypatch.setattr(superpixels, "kept_regions", found)
    photos = [from_straight(quarters(60 + place, 40)) for place in range(superpixels.KEPT + 1)]
    for _ in range(2):
        assert regions_in(photos[0]).shape == (40, 60)
    assert len(looked) == 1
    other = photos[0].copy()
    other[:20] //= 2
    assert regions_in(other) is not regions_in(photos[0]) and len(looked) == 2
    for photo in photos[1:]:
        regions_in(photo)
    assert len(found) == superpixels.KEPT and len(looked) == 2 + superpixels.KEPT


def test_a_photo_is_read_once_to_tell_it_from_others_and_again_when_it_has_changed(labels: Document) -> None:
    photo = next(layer for layer in labels.layers if layer.role is Role.REFERENCE)
    found, first = regions_in(photo.pixels), fingerprint(photo)
    assert fingerprint(photo) is first and known(first) is found
    tiles = Tiles()
    tiles.keep((0, 0), np.zeros((64, 64), np.uint32))
    step = PaintStep("Watched", photo.id, tiles, Rect(0, 0, 64, 64))
    labels.refresh(RefreshStep("Watched", None, [step]))
    assert fingerprint(photo) != first and known(fingerprint(photo)) is not found
    labels.undo()
    assert fingerprint(photo) == first
    labels.resize(100, 80)
    photo = labels.layer(photo.id)
    assert fingerprint(photo) != first
    photo.pixels = photo.pixels[::-1]
    upside_down = fingerprint(photo)
    photo.pixels = photo.pixels[::-1]
    assert fingerprint(photo) not in (first, upside_down)


def test_the_regions_of_an_open_picture_stay_and_other_photos_wait_for_none(
    labels: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop.paint.gestures import superpixels

    monkeypatch.setattr(superpixels, "kept_regions", {})
    photo = next(layer for layer in labels.layers if layer.role is Role.REFERENCE).pixels
    hold(labels, photo)
    count = len(regions_in(photo).colours)
    keep_likelihoods(photo, np.full((count, 2), 0.5, np.float32))
    for place in range(superpixels.KEPT + 2):
        regions_in(from_straight(quarters(60 + place, 40)))
    assert regions_in(photo).likely is not None
    # While those of one photo are looked for, those of another can be had.
    begun, go_on = threading.Event(), threading.Event()

    def slow(pixels: np.ndarray) -> Regions:
        begun.set()
        assert go_on.wait(60)
        return regions(pixels)

    monkeypatch.setattr(superpixels, "regions", slow)
    other = from_straight(quarters(90, 70))
    found: list[Regions] = []
    threads = [threading.Thread(target=lambda: found.append(regions_in(other))) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert begun.wait(60)
        assert regions_in(photo).likely is not None
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
    assert len(found) == 2 and found[0] is found[1]


def test_it_paints_hints_as_well(sketch: Document, draw: Draw) -> None:
    lay_photo_under(sketch)
    sketch.select(next(layer.id for layer in sketch.layers if layer.role is Role.HINTS))
    draw(sketch, "smart_fill", (30, 30), ink=Ink(colour=(10, 200, 30), tolerance=32))
    assert sketch.picture().hints[20, 20].tolist() == [10, 200, 30, 255]


def test_with_ctrl_it_goes_by_the_draft(labels: Document, draw: Draw) -> None:
    """Over regions of which the draft holds about the same, whatever colours the photo has there."""
    photo = next(layer for layer in labels.layers if layer.role is Role.REFERENCE)
    found = regions_in(photo.pixels)
    count = len(labels.palette.labels)
    ground, door = (
        int(labels.palette.indices(np.array([[colour]], np.uint8))[0, 0]) for colour in (labels.paper, DOOR)
    )
    middles = np.array([np.argwhere(found.numbers == number).mean(0) for number in range(len(found.colours))])
    likely = np.zeros((len(found.colours), count), np.float32)
    # A third of the picture each, from left to right; below, nothing of it.
    thirds = np.array([0.05, 0.18, 0.33])[np.clip(middles[:, 1] // 67, 0, 2).astype(int)]
    likely[:, door] = np.where(middles[:, 0] < 100, thirds, 0.0)
    likely[:, ground] = 1 - likely[:, door]
    likely[middles[:, 0] >= 100, ground] = 0.0
    keep_likelihoods(photo.pixels, likely)
    ink = Ink(colour=DOOR, tolerance=0)
    draw(labels, "smart_fill", (30, 40), ink=ink, ctrl=True)
    filled = painted(labels, DOOR)
    assert filled[:90, :120].all() and not filled[:90, 150:].any() and not filled[112:].any()
    assert labels.undo_steps == 1
    labels.undo()
    draw(labels, "smart_fill", (30, 40), ink=ink, ctrl=True, shift=True)
    assert painted(labels, DOOR)[:90].all() and not painted(labels, DOOR)[112:].any()
    labels.undo()
    # What was chosen before stays.
    draw(labels, "smart_fill", (40, 40), ink=Ink(colour=WALL, tolerance=0))
    chosen = painted(labels, WALL)
    draw(labels, "smart_fill", (90, 40), ink=ink, ctrl=True)
    assert (
        chosen.any() and (painted(labels, WALL) == chosen).all() and painted(labels, DOOR)[:90, 70:120].all()
    )


def test_with_ctrl_and_no_draft_it_says_so(labels: Document, draw: Draw) -> None:
    photo = next(layer for layer in labels.layers if layer.role is Role.REFERENCE)
    count = len(labels.palette.labels)
    for strange in (None, np.ones((len(regions_in(photo.pixels).colours), count + 1), np.float32)):
        if strange is None:
            photo.about_to_change(0, 1)
            photo.pixels[0, 0, 0] ^= 16  # another one, of which nobody has told anything
        else:
            keep_likelihoods(photo.pixels, strange)
        with pytest.raises(PictureError, match="With Ctrl, smart fill goes by the photo’s draft"):
            draw(labels, "smart_fill", (30, 30), ink=Ink(colour=DOOR), ctrl=True)
    assert labels.undo_steps == 0
    draw(labels, "smart_fill", (30, 30), ink=Ink(colour=DOOR))
    assert labels.undo_steps == 1
