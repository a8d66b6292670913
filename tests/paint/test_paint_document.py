"""Documents: what the network sees, layers, size, palette."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.editing.layer_stack import LayerStack
from desktop.paint.editing.limits import MOST_LAYERS
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from engine.data.card import InputKind
from engine.data.palette import Label, Palette
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

Draw = Callable[..., Change]


def test_a_new_document_is_empty_and_ready(document: Document) -> None:
    assert (
        document.active.role
        is {"sketch": Role.LINES, "labels": Role.LABELS, "image": Role.PAINT}[document.kind]
    )
    assert (document.can_undo, document.redo_steps) == (False, 0)
    assert (document.history.undo_text, document.history.redo_text) == ("", "")
    assert (document.picture_flat() == np.array(document.paper)).all()
    assert document.picture().size == (150, 101)


def test_labels_start_as_background(palette: Palette) -> None:
    assert Document.new("labels", 9, 8, palette).paper == (0, 0, 222)
    first = Palette("No name for it", (Label("grass", (1, 2, 3)), Label("sky", (4, 5, 6))))
    assert Document.new("labels", 9, 8, first).paper == (1, 2, 3)
    with pytest.raises(PictureError, match="palette"):
        Document.new("labels", 9, 8)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (100_000, 100_000), (40_001, 1000)])
def test_sizes_that_make_no_sense_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="pixel"):
        Document.new("image", *size)


def test_a_sketch_is_sent_as_lines_and_hints_apart(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 20), (60, 60), ink=Ink(filled=True))
    sketch.select(sketch.layers[0].id)
    draw(sketch, "rectangle", (40, 40), (90, 90), ink=Ink(filled=True, colour=(128, 128, 128), opacity=0.5))
    picture = sketch.picture()
    assert picture.pixels is None
    assert picture.lines is not None
    assert picture.hints is not None
    assert (picture.lines[20:60, 20:60] == 0).all()
    assert picture.lines.sum() == (200 * 160 - 1600) * 255
    assert np.abs(picture.hints[41:89, 41:89].astype(int) - 128).max() <= 1
    assert picture.hints[:40].sum() == 0
    flat = sketch.picture_flat()
    assert flat[50, 50].tolist() == [0, 0, 0]  # lines lie above hints
    assert flat[80, 80].tolist() == pytest.approx([191] * 3, abs=1)


def test_pictures_handed_out_never_change_and_are_shared_where_nothing_did(
    sketch: Document, draw: Draw
) -> None:
    first = sketch.picture()
    assert first.lines is not None
    assert not first.lines.flags.writeable
    copy = first.lines.copy()
    draw(sketch, "pen", (20, 20), (150, 100), ink=Ink(size=9))
    second = sketch.picture()
    assert np.array_equal(first.lines, copy)
    assert second.hints is first.hints
    assert second.lines is not first.lines
    assert sketch.picture().lines is second.lines


def test_what_is_sent_is_right_at_every_moment(document: Document, rng: np.random.Generator) -> None:
    """Composing only what changed gives the same as composing everything."""

    def check() -> None:
        size = document.width, document.height
        fresh = Document(LayerStack(document.kind, *size, document.layers, document.paper, document.palette))
        for name in ("pixels", "lines", "hints"):
            one, other = getattr(document.picture(), name), getattr(fresh.picture(), name)
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)
        assert np.array_equal(document.picture_flat(), fresh.picture_flat())

    for turn in range(40):
        points = [Sample(*rng.uniform(-10, 160, 2).tolist()) for _ in range(4)]
        ink = Ink(size=9, opacity=0.7, colour=tuple(rng.integers(0, 256, 3).tolist()), filled=True)
        stroke = tools()[["pen", "rectangle", "eraser", "ellipse"][turn % 4]].start(document, ink, points[0])
        check()
        stroke.move(points[1])
        check()
        if turn % 5 == 0:
            stroke.abort()
        else:
            stroke.finish(points[2])
        check()
        if turn % 3 == 0:
            document.undo()
        if turn % 7 == 0:
            document.add_layer(document.active.role)
        if turn % 8 == 3:
            document.set_layer(document.layers[0].id, visible=False)
            check()
            document.undo()
        if turn % 9 == 0:
            document.set_layer(document.active.id, opacity=0.5)
        if turn % 13 == 5:
            document.resize(90 + turn, 120)
        check()


def test_references_are_shown_and_never_sent(document: Document) -> None:
    before = document.picture_flat()
    photo = np.full((50, 75, 3), (10, 200, 30), np.uint8)
    change = document.add_layer(Role.REFERENCE, pixels=photo)
    assert change.rect == Rect(0, 0, 150, 100)  # fitted in, keeping its proportions
    assert not change.sent
    assert document.layers[-1].role is Role.REFERENCE
    assert document.active is not document.layers[-1]
    assert np.array_equal(document.picture_flat(), before)
    hidden = document.set_layer(document.layers[-1].id, visible=False)
    assert hidden.rect
    assert not hidden.sent


def test_changes_say_what_they_changed(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 30), (60, 70), ink=Ink(filled=True))
    id = sketch.active.id
    hide = sketch.set_layer(id, visible=False)
    assert (hide.rect, hide.sent, hide.structure) == (Rect(20, 30, 40, 40), True, True)
    assert sketch.undo() == hide
    rename = sketch.set_layer(id, name="Ink")
    assert (rename.rect, rename.sent, rename.structure) == (EMPTY, False, True)
    empty = sketch.add_layer(Role.LINES)
    assert (empty.rect, empty.sent, empty.structure) == (EMPTY, False, True)
    remove = sketch.remove_layer(id)
    assert (remove.rect, remove.sent, remove.structure) == (Rect(20, 30, 40, 40), True, True)
    assert not sketch.set_layer(sketch.active.id, opacity=1.0, visible=True, name=None)


def test_revision_rises_with_steps_alone(sketch: Document, draw: Draw) -> None:
    stroke = tools()["pen"].start(sketch, Ink(), Sample(5, 5))
    stroke.move(Sample(50, 50))
    assert sketch.revision == 0
    stroke.finish(Sample(50, 50))
    assert sketch.revision == 1
    sketch.undo()
    sketch.redo()
    assert sketch.revision == 3


def test_layers_have_names_of_their_own(sketch: Document) -> None:
    for _ in range(3):
        sketch.add_layer(Role.LINES)
    assert len({layer.name for layer in sketch.layers}) == len(sketch.layers)
    assert len({layer.id for layer in sketch.layers}) == len(sketch.layers)


def test_layers_move_and_go(sketch: Document) -> None:
    hints, lines = sketch.layers
    sketch.move_layer(lines.id, 0)
    assert sketch.layers == [lines, hints]
    assert not sketch.move_layer(lines.id, -4)
    sketch.remove_layer(lines.id)
    assert sketch.active is hints
    with pytest.raises(PictureError, match="at least one"):
        sketch.remove_layer(hints.id)
    sketch.undo()
    assert sketch.layers == [lines, hints]
    assert sketch.active is lines
    sketch.set_layer(lines.id, locked=True)
    with pytest.raises(PictureError, match="locked"):
        sketch.remove_layer(lines.id)


def test_layers_of_another_kind_or_too_many_are_refused(sketch: Document) -> None:
    with pytest.raises(PictureError, match="no such layers"):
        sketch.add_layer(Role.LABELS)
    for _ in range(MOST_LAYERS - 2):
        sketch.add_layer(Role.HINTS)
    with pytest.raises(PictureError, match="more layers"):
        sketch.add_layer(Role.HINTS)


def test_label_layers_stay_opaque(palette: Palette) -> None:
    document = Document.new("labels", 30, 30, palette)
    assert not document.set_layer(document.active.id, opacity=0.5)


def test_clear_is_a_step(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (20, 30), (60, 70), ink=Ink(filled=True, colour=(255, 80, 0)))
    drawn = document.picture_flat()
    change = document.clear_layer(document.active.id)
    assert change.sent
    assert (document.picture_flat() == np.array(document.paper)).all()
    assert not document.clear_layer(document.active.id)
    document.undo()
    assert np.array_equal(document.picture_flat(), drawn)


def test_resizing_keeps_the_picture(document: Document, draw: Draw) -> None:
    ink = Ink(filled=True, colour=(255, 80, 0))
    draw(document, "rectangle", (30, 20), (90, 70), ink=ink)
    document.resize(300, 202)
    assert document.picture().size == (300, 202)
    assert document.colour_at(120, 90) == (255, 80, 0)
    assert document.colour_at(30, 20) == document.paper
    if document.kind == "labels":
        assert len(np.unique(document.active.packed)) == 2
    pixels = document.active.pixels
    assert (pixels[:, :, :3].max(2) <= pixels[:, :, 3]).all()
    draw(document, "rectangle", (3, 2), (9, 7), ink=ink)
    document.undo()
    document.undo()
    assert (document.width, document.height) == (150, 101)
    assert document.colour_at(60, 40) == (255, 80, 0)


def test_cropping_may_also_make_room(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (30, 20), (90, 70), ink=Ink(filled=True, colour=(255, 80, 0)))
    document.crop(Rect(-10, -20, 100, 60))
    assert (document.width, document.height) == (100, 60)
    assert document.colour_at(5, 5) == document.paper
    assert document.colour_at(41, 41) == (255, 80, 0)
    assert document.colour_at(39, 41) == document.paper
    document.crop(Rect(500, 500, 10, 10))  # beyond everything
    assert (document.picture_flat() == np.array(document.paper)).all()
    with pytest.raises(PictureError):
        document.crop(EMPTY)


def test_another_palette_takes_every_colour_to_its_nearest_label(palette: Palette, draw: Draw) -> None:
    document = Document.new("labels", 40, 40, palette)
    draw(document, "rectangle", (10, 10), (30, 30), ink=Ink(filled=True, colour=(255, 80, 0)))
    other = Palette("Other", (Label("sky", (0, 0, 200)), Label("background", (240, 100, 0))))
    change = document.set_palette(other)
    assert change.structure
    assert document.colour_at(20, 20) == (240, 100, 0)
    assert document.colour_at(2, 2) == (0, 0, 200)
    assert document.paper == (240, 100, 0)
    document.undo()
    assert document.palette == palette
    assert document.colour_at(20, 20) == (255, 80, 0)


def test_copy_and_paste(sketch: Document, draw: Draw) -> None:
    draw(sketch, "ellipse", (20, 20), (60, 60), ink=Ink(size=3, opacity=0.5))
    sketch.selection = Rect(15, 15, 50, 50)
    pixels, rect = sketch.copied()
    assert rect == sketch.selection
    assert pixels.shape == (50, 50, 4)
    sketch.selection = EMPTY
    sketch.paste(pixels, 115, 75)
    assert np.array_equal(sketch.active.pixels[75:125, 115:165], sketch.active.pixels[15:65, 15:65])
    assert not sketch.paste(pixels, 5000, 5000)
    assert not sketch.selection


def test_pasting_into_labels_snaps(palette: Palette, rng: np.random.Generator) -> None:
    document = Document.new("labels", 40, 40, palette)
    document.paste(rng.integers(0, 256, (60, 60, 4), np.uint8), -7, -7)
    pixels = document.picture().pixels
    assert pixels is not None
    assert not palette.snapped(pixels)[1]
    assert set(np.unique(document.active.pixels[:, :, 3]).tolist()) <= {0, 255}


def test_delete_empties_the_selection(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (0, 0), (150, 101), ink=Ink(filled=True, colour=(255, 80, 0)))
    document.selection = Rect(10, 10, 20, 20)
    document.clear_selection()
    assert document.colour_at(15, 15) == document.paper
    assert document.colour_at(5, 5) == (255, 80, 0)
    document.selection = EMPTY
    document.clear_selection()
    assert document.colour_at(5, 5) == document.paper


@pytest.mark.parametrize("kind", ["sketch", "labels", "image"])
def test_a_picture_becomes_a_document(kind: InputKind, palette: Palette) -> None:
    pixels = np.full((40, 50, 3), 255, np.uint8)
    pixels[5:10] = (20, 22, 21)
    pixels[20:30, 10:20] = (255, 90, 10)
    document = Document.from_picture(kind, pixels, palette if kind == "labels" else None)
    flat = document.picture_flat()
    match kind:
        case "sketch":
            picture = document.picture()
            assert picture.lines is not None
            assert picture.hints is not None
            assert (picture.lines[5:10] < 30).all()
            assert (picture.lines[20:30] == 255).all()
            assert (picture.hints[20:30, 10:20] == (255, 90, 10, 255)).all()
            assert np.abs(flat.astype(int) - pixels).max() <= 2
        case "labels":
            assert np.array_equal(flat, palette.snapped(pixels)[0])
        case _:
            assert np.array_equal(flat, pixels)
    assert not document.can_undo


def test_the_image_of_a_layer_shares_its_memory(sketch: Document, draw: Draw) -> None:
    image = sketch.active.image
    draw(sketch, "pen", (20, 20), (150, 20), ink=Ink(size=9))
    assert image.pixelColor(100, 20).alpha() == 255
    sketch.undo()
    assert image.pixelColor(100, 20).alpha() == 0
    sketch.resize(50, 50)
    assert image.pixelColor(100, 20).alpha() == 0  # and keeps it alive
    assert sketch.active.image.width() == 50


def test_selecting_a_layer_that_is_not_there_says_so(sketch: Document) -> None:
    with pytest.raises(KeyError):
        sketch.select(77)
