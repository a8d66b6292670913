"""Undo and redo bring back every byte, whatever was done."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Document, Role
from desktop.paint.strokes.stroke import Ink, Sample, Symmetry
from desktop.paint.tools import tools
from engine.data.palette import Label, Palette
from engine.data.rect import Rect
from engine.errors import PictureError
from tests.paint.photographed import lay_photo_under

Fingerprint = Callable[[Document], str]
SYMMETRIES: tuple[Symmetry, ...] = ("none", "vertical", "horizontal", "both")


def random_ink(rng: np.random.Generator) -> Ink:
    return Ink(
        brush=str(rng.choice(["pen", "soft", "pixel", "unknown"])),
        size=float(rng.choice([0.3, 1, 3, 12, 40])),
        hardness=float(rng.random()),
        opacity=float(rng.choice([0.0, 0.3, 1.0])),
        colour=(int(rng.integers(256)), int(rng.integers(256)), int(rng.integers(256))),
        erase=bool(rng.random() < 0.2),
        stabiliser=float(rng.choice([0.0, 0.5])),
        pressure_opacity=bool(rng.random() < 0.5),
        tolerance=int(rng.integers(0, 256)),
        gap=int(rng.integers(0, 6)),
        filled=bool(rng.random() < 0.5),
        symmetry=SYMMETRIES[rng.integers(len(SYMMETRIES))],
    )


def random_sample(rng: np.random.Generator, document: Document) -> Sample:
    return Sample(
        float(rng.uniform(-40, document.width + 40)),
        float(rng.uniform(-40, document.height + 40)),
        float(rng.random()),
    )


WITHOUT_PHOTO = [name for name in tools() if name != "smart_fill"]
"""Tools that need no reference picture."""


def random_stroke(rng: np.random.Generator, document: Document) -> None:
    tool = tools()[str(rng.choice(WITHOUT_PHOTO))]
    keys = bool(rng.random() < 0.3), bool(rng.random() < 0.3)
    stroke = tool.start(document, random_ink(rng), random_sample(rng, document), *keys)
    for _ in range(int(rng.integers(0, 5))):
        stroke.move(random_sample(rng, document), *keys)
    if rng.random() < 0.15:
        stroke.abort()
        return
    for _ in range(6):
        if stroke.finish(random_sample(rng, document), *keys) is not None:
            return
    stroke.close()
    assert not stroke.open


def random_edit(rng: np.random.Generator, document: Document, other: Palette) -> None:
    layer = document.layers[int(rng.integers(len(document.layers)))]
    roles = {"sketch": [Role.LINES, Role.HINTS], "labels": [Role.LABELS], "image": [Role.PAINT]}
    match int(rng.integers(11)):
        case 0:
            if len(document.layers) < 6:
                choices = [*roles[document.kind], Role.REFERENCE]
                document.add_layer(choices[int(rng.integers(len(choices)))])
        case 1:
            document.remove_layer(layer.id)
        case 2:
            document.move_layer(layer.id, int(rng.integers(5)))
        case 3:
            document.set_layer(layer.id, opacity=float(rng.random()), merge=bool(rng.random() < 0.5))
        case 4:
            document.set_layer(layer.id, visible=not layer.visible)
        case 5:
            document.clear_layer(layer.id)
        case 6:
            document.resize(int(rng.integers(20, 180)), int(rng.integers(20, 180)))
        case 7:
            corner = rng.integers(-10, 20, 2)
            document.crop(Rect(int(corner[0]), int(corner[1]), int(rng.integers(30, 170)), 90))
        case 8:
            document.set_palette(other)
        case 9:
            pixels = rng.integers(0, 256, (30, 20, 4), np.uint8)
            document.paste(pixels, int(rng.integers(-20, 100)), 5)
        case 10:
            document.select(layer.id)


def test_500_strokes_edits_undos_and_redos_return_to_identical_bytes(
    document: Document, fingerprint: Fingerprint, rng: np.random.Generator, palette: Palette
) -> None:
    other = Palette("Other", (Label("a", (200, 0, 0)), Label("b", (0, 200, 0)), Label("c", (9, 9, 9))))
    trail = [fingerprint(document)]  # what it was after each step
    at = undone = redone = 0
    for _ in range(500):
        chance = rng.random()
        if chance < 0.25:
            assert (document.undo() is not None) == (at > 0)
            undone += at > 0
            at = max(0, at - 1)
        elif chance < 0.4:
            assert (document.redo() is not None) == (at < len(trail) - 1)
            redone += at < len(trail) - 1
            at = min(len(trail) - 1, at + 1)
        else:
            try:
                if chance < 0.8:
                    random_stroke(rng, document)
                else:
                    random_edit(rng, document, palette if document.palette is other else other)
            except PictureError:
                pass
            steps, now = document.undo_steps, fingerprint(document)
            if steps > at or (steps == at and now != trail[at]):
                # A step more, or one that grew (opacity dragged on, a paste moved on).
                assert steps <= at + 1
                trail[steps:] = [now]
            at = steps
        assert (document.undo_steps, document.redo_steps) == (at, len(trail) - 1 - at)
        assert fingerprint(document) == trail[at]
    assert undone > 60
    assert redone > 10
    while document.undo() is not None:
        at -= 1
        assert fingerprint(document) == trail[at]
    assert at == 0


def test_cancelled_strokes_leave_every_byte_and_no_step(
    document: Document, fingerprint: Fingerprint, rng: np.random.Generator
) -> None:
    tools()["rectangle"].start(document, Ink(colour=(255, 80, 0)), Sample(30, 30)).finish(Sample(60, 60))
    lay_photo_under(document)
    document.forget_history()
    before, revision = fingerprint(document), document.revision
    for name, tool in tools().items():
        for _ in range(10):
            stroke = tool.start(document, random_ink(rng), random_sample(rng, document))
            for _ in range(4):
                stroke.move(random_sample(rng, document))
            stroke.abort()
            assert not stroke.open
            assert fingerprint(document) == before, name
    assert document.undo_steps == 0
    assert document.revision == revision


def test_pen_and_line_steps_restore_the_layer(sketch: Document, fingerprint: Fingerprint, draw) -> None:
    before = fingerprint(sketch)
    change = draw(sketch, "pen", (10, 10), (150, 90), ink=Ink(size=8))
    assert change.sent
    assert not change.structure
    assert change.layer == sketch.active.id
    after = fingerprint(sketch)
    back = sketch.undo()
    assert back is not None
    assert back.rect == change.rect
    assert set(back.tiles) == set(change.tiles)
    assert fingerprint(sketch) == before
    sketch.redo()
    assert fingerprint(sketch) == after


def test_a_stroke_that_changes_nothing_is_no_step(sketch: Document, draw) -> None:
    assert not draw(sketch, "pen", (-90, -90), (-80, -70))
    assert not draw(sketch, "eraser", (10, 10), (50, 50), ink=Ink(size=20))
    assert not draw(sketch, "pen", (10, 10), (50, 50), ink=Ink(opacity=0))
    assert sketch.undo_steps == 0


def test_a_new_step_ends_redo(sketch: Document, draw) -> None:
    draw(sketch, "pen", (10, 10), (50, 50))
    sketch.undo()
    assert sketch.redo_steps
    draw(sketch, "pen", (60, 10), (90, 50))
    assert not sketch.redo_steps
    assert sketch.redo() is None


def test_undo_while_a_stroke_is_open_takes_the_stroke_back(
    sketch: Document, fingerprint: Fingerprint
) -> None:
    before = fingerprint(sketch)
    stroke = tools()["pen"].start(sketch, Ink(size=9), Sample(20, 20))
    stroke.move(Sample(90, 90))
    change = sketch.undo()
    assert change is not None
    assert change.rect
    assert fingerprint(sketch) == before
    # Events that come late do nothing.
    assert not stroke.move(Sample(95, 95))
    assert not stroke.finish(Sample(99, 99))
    assert not stroke.abort()
    assert fingerprint(sketch) == before


def test_an_edit_while_a_stroke_is_open_keeps_the_stroke(sketch: Document) -> None:
    stroke = tools()["pen"].start(sketch, Ink(size=9), Sample(20, 20))
    stroke.move(Sample(90, 90))
    sketch.add_layer(Role.LINES)
    assert sketch.undo_steps == 2
    assert not stroke.finish(Sample(99, 99))


def test_the_budget_drops_the_oldest_steps_and_keeps_the_newest(
    sketch: Document, rng: np.random.Generator
) -> None:
    sketch.history.budget = 400_000
    for _ in range(30):
        sketch.paste(rng.integers(0, 256, (100, 100, 4), np.uint8), 10, 10)
    assert sketch.history.bytes <= 400_000
    assert 1 <= sketch.undo_steps < 30
    sketch.history.budget = 1
    sketch.paste(rng.integers(0, 256, (100, 100, 4), np.uint8), 10, 10)
    assert sketch.undo_steps == 1
    assert sketch.undo() is not None


def test_tiles_of_one_colour_take_hardly_any_memory() -> None:
    big = Document.new("sketch", 1024, 1024)
    big.begin(Ink())
    big.select(1)
    stroke = tools()["rectangle"].start(big, Ink(filled=True), Sample(0, 0))
    stroke.finish(Sample(1024, 1024))
    assert big.undo_steps == 1
    assert big.history.bytes < 30_000


def test_dragging_opacity_is_one_step(sketch: Document) -> None:
    id = sketch.active.id
    sketch.set_layer(id, opacity=0.9)
    for opacity in (0.8, 0.5, 0.2):
        sketch.set_layer(id, opacity=opacity, merge=True)
    assert sketch.undo_steps == 1
    sketch.undo()
    assert sketch.active.opacity == 1.0
    sketch.redo()
    assert sketch.active.opacity == 0.2
    sketch.set_layer(id, opacity=0.4)
    assert sketch.undo_steps == 2


def test_history_can_be_forgotten(sketch: Document, draw) -> None:
    draw(sketch, "pen", (10, 10), (50, 50))
    sketch.undo()
    draw(sketch, "pen", (10, 10), (50, 50))
    sketch.forget_history()
    assert (sketch.can_undo, sketch.redo_steps) == (False, 0)
    assert sketch.undo() is None


def test_a_snapshot_comes_back_as_one_step(
    document: Document, fingerprint: Fingerprint, draw, rng: np.random.Generator
) -> None:
    ink = Ink(size=14, colour=(200, 30, 90))
    draw(document, "pen", (10, 10), (120, 80), ink=ink)
    kept, before = document.snapshot(), fingerprint(document)
    for _ in range(20):
        random_stroke(rng, document)
    document.resize(90, 77)
    worse, steps = fingerprint(document), document.undo_steps
    assert document.restore(kept).structure
    assert fingerprint(document) == before
    assert document.undo_steps == steps + 1
    document.undo()
    assert fingerprint(document) == worse
    document.redo()
    draw(document, "pen", (20, 70), (120, 20), ink=ink)
    document.undo()
    assert fingerprint(document) == before
    assert document.restore(kept)  # whatever was drawn since, the snapshot is what it was
    assert fingerprint(document) == before


def test_a_snapshot_of_another_kind_is_refused(sketch: Document) -> None:
    with pytest.raises(PictureError, match="another kind"):
        Document.new("image", 20, 20).restore(sketch.snapshot())
