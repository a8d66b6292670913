"""The tools: what each does, and that no order of pointer events can break one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.editing.selection import Lifted
from desktop.paint.gestures.freehand import FreehandStroke, StraightStroke
from desktop.paint.gestures.moving import MoveStroke
from desktop.paint.gestures.selecting import SelectStroke
from desktop.paint.gestures.tool import Stroke, snapped
from desktop.paint.strokes.stroke import Ink, Sample, Symmetry
from desktop.paint.tools import tools
from desktop.paint.tools.fill import FillStroke
from desktop.paint.tools.polygon import PolygonStroke
from engine.data.palette import Palette
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError
from tests.paint.photographed import lay_photo_under

Draw = Callable[..., Change]
RED = (200, 30, 40)


def ink_of(document: Document) -> np.ndarray:
    """Alpha of the active layer, bool (H, W)."""
    return document.active.pixels[:, :, 3] > 127


@pytest.mark.parametrize("name", list(tools()))
def test_every_tool_says_what_it_is(name: str) -> None:
    tool = tools()[name]
    assert tool.id == name
    assert tool.title
    assert tool.icon.startswith("mdi6.")
    assert len(tool.key) == 1


def test_tools_have_keys_and_places_of_their_own() -> None:
    assert len({tool.key for tool in tools().values()}) == len(tools())
    assert len({tool.order for tool in tools().values()}) == len(tools())
    wanted = "pen eraser line curve rectangle ellipse polygon fill smart_fill eyedropper select transform"
    assert list(tools()) == wanted.split()


@pytest.mark.parametrize("name", list(tools()))
@pytest.mark.parametrize("flaw", ["locked", "hidden", "clear", "reference"])
def test_layers_that_cant_be_painted_on_say_so(name: str, flaw: str, sketch: Document, draw: Draw) -> None:
    match flaw:
        case "locked":
            sketch.set_layer(sketch.active.id, locked=True)
        case "hidden":
            sketch.set_layer(sketch.active.id, visible=False)
        case "clear":
            sketch.set_layer(sketch.active.id, opacity=0)
        case "reference":
            sketch.add_layer(Role.REFERENCE, "Photo")
            sketch.select(sketch.layers[-1].id)
    sketch.selection = Rect(0, 0, 50, 50)
    if name == "eyedropper":
        draw(sketch, name, (10, 10), (20, 20))
    else:
        with pytest.raises(PictureError, match="“"):
            draw(sketch, name, (10, 10), (20, 20))
    assert not sketch.is_painted_on


def test_moves_return_what_they_changed(document: Document, rng: np.random.Generator) -> None:
    lay_photo_under(document)
    for tool in tools().values():
        ink = Ink(size=9, colour=RED, symmetry="vertical", filled=True)
        if tool.at_once:  # it needs something to begin with
            tools()["rectangle"].start(document, ink, Sample(30, 30)).finish(Sample(60, 60))
        before = document.layers[-1].pixels.copy()
        stroke = tool.start(document, ink, Sample(40, 40))
        returned = stroke.rect.united(stroke.press(Sample(40, 40)) if tool.at_once else EMPTY)
        for _ in range(8):
            point = rng.uniform(0, 100, 2)
            rect = stroke.move(Sample(float(point[0]), float(point[1])))
            now = document.layers[-1].pixels
            changed = (now != before).any(2)
            changed[(rect.united(returned)).rows, (rect.united(returned)).columns] = False
            assert not changed.any(), tool.id
            before, returned = now.copy(), Rect(0, 0, 0, 0)
        stroke.abort()


def test_shift_draws_straight_from_the_last_point(sketch: Document, draw: Draw) -> None:
    draw(sketch, "pen", (20, 20), (30, 25))
    draw(sketch, "pen", (150, 140), shift=True, ink=Ink(size=3))
    for part in np.linspace(0, 1, 50):
        x, y = 30 + 120 * part, 25 + 115 * part
        assert ink_of(sketch)[int(y), int(x)]


def test_ctrl_snaps_to_15_degrees() -> None:
    for x, y in [(100, 3), (50, 52), (-20, 71), (3, -90)]:
        end = snapped(Sample(10 + x, 20 + y), 10, 20)
        angle = np.degrees(np.arctan2(end.y - 20, end.x - 10))
        assert angle == pytest.approx(round(angle / 15) * 15)


def test_a_line_with_ctrl_is_level(sketch: Document, draw: Draw) -> None:
    draw(sketch, "line", (20, 50.5), (180, 56), ctrl=True, ink=Ink(size=1))
    rows = np.flatnonzero(ink_of(sketch).any(1))
    assert rows.tolist() == [50]


def test_a_rectangle_is_redrawn_while_it_is_dragged(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (10, 10), (190, 150), (60, 40), ink=Ink(filled=True))
    wanted = np.zeros((160, 200), bool)
    wanted[10:40, 10:60] = True
    assert np.array_equal(ink_of(sketch), wanted)


def test_rectangles_and_ellipses_with_shift_are_as_wide_as_high(sketch: Document, draw: Draw) -> None:
    for name in ("rectangle", "ellipse"):
        change = draw(sketch, name, (10, 10), (90, 50), shift=True, ink=Ink(filled=True))
        rows, columns = np.nonzero(ink_of(sketch))
        assert np.ptp(rows) == np.ptp(columns) == 79
        assert change
        sketch.undo()


def test_an_outlined_rectangle_has_sharp_corners(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 20), (80, 60), ink=Ink(size=8))
    wanted = np.zeros((160, 200), bool)
    wanted[16:64, 16:84] = True
    wanted[24:56, 24:76] = False
    assert np.array_equal(ink_of(sketch), wanted)


def polygon(document: Document, *corners: tuple[float, float], ink: Ink) -> Stroke:
    stroke = tools()["polygon"].start(document, ink, Sample(*corners[0]))
    assert stroke.finish(Sample(*corners[0])) is None
    for corner in corners[1:]:
        stroke.move(Sample(*corner))
        assert stroke.finish(Sample(*corner)) is None
    return stroke


SQUARE = ((20, 20), (120, 20), (120, 100), (20, 100))


@pytest.mark.parametrize("how", ["first corner", "twice", "enter"])
def test_a_polygon_closes(sketch: Document, how: str) -> None:
    stroke = polygon(sketch, *SQUARE, ink=Ink(filled=True))
    assert stroke.outline is not None
    assert len(stroke.outline) == 5
    assert not ink_of(sketch).any()
    match how:
        case "first corner":
            change = stroke.finish(Sample(22, 21))
        case "twice":
            change = stroke.finish(Sample(20, 100))
        case _:
            change = stroke.close()
    assert change
    assert not stroke.open
    wanted = np.zeros((160, 200), bool)
    wanted[20:100, 20:120] = True
    assert np.array_equal(ink_of(sketch), wanted)
    assert sketch.undo_steps == 1


def test_a_polygon_can_be_called_off(sketch: Document) -> None:
    stroke = polygon(sketch, *SQUARE, ink=Ink())
    stroke.abort()
    assert stroke.outline is None
    assert stroke.close() == Change()
    assert sketch.undo_steps == 0


@pytest.mark.parametrize("symmetry", ["vertical", "horizontal", "both"])
def test_symmetry_mirrors_to_the_byte(document: Document, draw: Draw, symmetry: Symmetry) -> None:
    ink = Ink(size=7, colour=RED, symmetry=symmetry, hardness=0.5)
    draw(document, "pen", (13.2, 17.9), (55, 31), (60, 48), ink=ink)
    draw(document, "rectangle", (5, 70), (40, 80), ink=ink)
    pixels = document.active.pixels
    assert (pixels != 0).any()
    if symmetry != "horizontal":
        assert np.array_equal(pixels, pixels[:, ::-1])
    if symmetry != "vertical":
        assert np.array_equal(pixels, pixels[::-1])


@pytest.mark.parametrize(
    "name", ["pen", "eraser", "line", "rectangle", "ellipse", "polygon", "fill", "select"]
)
def test_no_colour_off_the_palette_gets_into_labels(
    palette: Palette, name: str, rng: np.random.Generator
) -> None:
    document = Document.new("labels", 90, 80, palette)
    for _ in range(15):
        ink = Ink(
            "soft", 13, 0.2, 0.4, tuple(rng.integers(0, 256, 3).tolist()), filled=bool(rng.random() < 0.5)
        )
        points = [Sample(*map(float, rng.uniform(0, 90, 2))) for _ in range(4)]
        stroke = tools()[name].start(document, ink, points[0])
        for point in points:
            stroke.move(point)
        while stroke.finish(points[-1]) is None:
            pass
    pixels = document.picture().pixels
    assert pixels is not None
    allowed = {tuple(colour) for colour in palette.colours.tolist()}
    assert {tuple(colour) for colour in pixels.reshape(-1, 3).tolist()} <= allowed
    assert set(np.unique(document.active.pixels[:, :, 3]).tolist()) <= {0, 255}


def test_one_pixel_labels_meet_the_pixel_under_the_pen(palette: Palette, draw: Draw) -> None:
    for x, y in [(10.0, 10.0), (20.99, 30.01), (5.5, 5.5)]:
        document = Document.new("labels", 64, 64, palette)
        before = document.active.packed.copy()
        draw(document, "pen", (x, y), ink=Ink(size=1, colour=(255, 80, 0)))
        assert np.argwhere(document.active.packed != before).tolist() == [[int(y), int(x)]]


def test_hard_lines_have_no_holes(palette: Palette, draw: Draw, rng: np.random.Generator) -> None:
    for _ in range(20):
        document = Document.new("labels", 64, 64, palette)
        before = document.active.packed.copy()
        (ax, ay), (bx, by) = rng.uniform(2, 62, (2, 2)).tolist()
        draw(document, "line", (ax, ay), (bx, by), ink=Ink(size=1, colour=(255, 80, 0)))
        line = document.active.packed != before
        along = line.any(0) if abs(bx - ax) > abs(by - ay) else line.any(1)
        first, last = np.flatnonzero(along)[[0, -1]]
        assert along[first : last + 1].all()


def test_the_eyedropper_sees_through_layers(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (10, 10), (60, 60), ink=Ink(filled=True, colour=(0, 208, 255)))
    stroke = tools()["eyedropper"].start(document, Ink(), Sample(30, 30))
    assert stroke.picked == (0, 208, 255)
    stroke.move(Sample(-5, 30))  # outside it keeps what it had
    stroke.finish(Sample(100, 90))
    assert stroke.picked == document.paper
    assert document.undo_steps == 1


def test_paint_stays_within_the_selection(sketch: Document, draw: Draw) -> None:
    draw(sketch, "select", (50, 40), (90, 80))
    assert sketch.selection == Rect(50, 40, 40, 40)
    draw(sketch, "pen", (0, 0), (200, 160), ink=Ink(size=60))
    outside = ink_of(sketch)
    assert outside[40:80, 50:90].any()
    outside[40:80, 50:90] = False
    assert not outside.any()
    draw(sketch, "select", (150, 150))
    assert not sketch.selection


def test_moving_takes_the_pixels_along(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 20), (40, 40), ink=Ink(filled=True))
    draw(sketch, "select", (10, 10), (50, 50))
    draw(sketch, "select", (30, 30), (90, 100), (80, 70))
    wanted = np.zeros((160, 200), bool)
    wanted[60:80, 70:90] = True
    assert np.array_equal(ink_of(sketch), wanted)
    assert sketch.selection == Rect(60, 50, 40, 40)
    sketch.undo()
    assert ink_of(sketch)[20:40, 20:40].all()


def test_what_was_moved_moves_on_without_what_it_came_to_lie_on(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 20), (40, 40), ink=Ink(filled=True))
    draw(sketch, "rectangle", (100, 20), (130, 50), ink=Ink(filled=True))
    before = sketch.active.pixels.copy()
    draw(sketch, "select", (18, 18), (42, 42))
    draw(sketch, "select", (30, 30), (110, 30))
    steps = sketch.undo_steps
    draw(sketch, "select", (110, 30), (110, 110))
    assert sketch.undo_steps == steps  # the two became one
    assert ink_of(sketch)[20:50, 100:130].all()
    assert ink_of(sketch)[100:120, 100:120].all()
    assert not ink_of(sketch)[20:40, 20:40].any()
    sketch.undo()
    assert np.array_equal(sketch.active.pixels, before)


def test_moving_with_ctrl_leaves_the_original(sketch: Document, draw: Draw) -> None:
    draw(sketch, "rectangle", (20, 20), (40, 40), ink=Ink(filled=True))
    draw(sketch, "select", (20, 20), (40, 40))
    draw(sketch, "select", (30, 30), (90, 90), ctrl=True)
    assert ink_of(sketch)[20:40, 20:40].all()
    assert ink_of(sketch)[80:100, 80:100].all()


def test_a_paste_can_be_moved_and_the_move_called_off(sketch: Document, draw: Draw) -> None:
    pixels = np.full((10, 12, 4), 255, np.uint8)
    draw(sketch, "rectangle", (0, 0), (200, 160), ink=Ink(filled=True, colour=(0, 0, 0)))
    sketch.paste(pixels, 5, 5)
    assert sketch.selection == Rect(5, 5, 12, 10)
    pasted = sketch.active.pixels.copy()
    stroke = tools()["select"].start(sketch, Ink(), Sample(8, 8))
    stroke.move(Sample(60, 60))
    stroke.abort()
    assert np.array_equal(sketch.active.pixels, pasted)
    assert (sketch.undo_steps, sketch.redo_steps) == (2, 0)
    draw(sketch, "select", (8, 8), (60, 60))
    red = sketch.active.pixels[:, :, 2]
    assert red[57:67, 57:69].all()
    assert red.astype(bool).sum() == 120


def test_labels_leave_background_behind_when_moved(palette: Palette, draw: Draw) -> None:
    document = Document.new("labels", 60, 60, palette)
    draw(document, "rectangle", (10, 10), (20, 20), ink=Ink(filled=True, colour=(255, 80, 0)))
    draw(document, "select", (10, 10), (20, 20))
    draw(document, "select", (15, 15), (45, 45))
    pixels = document.picture().pixels
    assert pixels is not None
    assert (pixels[10:20, 10:20] == (0, 0, 222)).all()
    assert (pixels[40:50, 40:50] == (255, 80, 0)).all()


def storm(document: Document, rng: np.random.Generator, events: int) -> None:
    """Events as a broken driver may send them: no press before a release, presses twice, strokes of one
    tool going on while the next starts, undo in between."""
    strokes: list[Stroke] = []
    names = list(tools())
    for _ in range(events):
        x, y = rng.uniform(-50, 250, 2).tolist()
        sample = Sample(x, y, float(rng.random()))
        keys = bool(rng.random() < 0.2), bool(rng.random() < 0.2)
        stroke = strokes[int(rng.integers(len(strokes)))] if strokes else None
        match int(rng.integers(12)):
            case 0 | 1:
                ink = Ink(size=float(rng.uniform(0.1, 60)), opacity=float(rng.random()), filled=keys[0])
                try:
                    strokes.append(
                        tools()[names[int(rng.integers(len(names)))]].start(document, ink, sample, *keys)
                    )
                except PictureError:
                    pass
            case 2 if stroke:
                stroke.finish(sample, *keys)
            case 3 if stroke:
                stroke.abort()
            case 4 if stroke:
                stroke.close()
            case 5:
                document.undo()
            case 6:
                document.redo()
            case 7:
                document.select(document.layers[int(rng.integers(len(document.layers)))].id)
            case 8:
                document.picture()
            case 9 if rng.random() < 0.2:
                document.resize(*rng.integers(30, 220, 2).tolist())
            case 10 if rng.random() < 0.2 and len(document.layers) < 5:
                document.add_layer(document.active.role)
            case _ if stroke:
                stroke.move(sample, *keys)
        del strokes[:-4]


@pytest.mark.parametrize("seed", range(4))
def test_no_storm_of_pointer_events_breaks_anything(
    document: Document, seed: int, fingerprint: Callable[[Document], str]
) -> None:
    first = fingerprint(document)
    storm(document, np.random.default_rng(seed), 600)
    while document.undo() is not None:
        pass
    assert fingerprint(document) == first


def test_a_stroke_that_is_made_has_done_nothing_yet(sketch: Document, draw: Draw) -> None:
    """What changes the document is the tool's start; so a stroke can be thought of and dropped."""
    sketch.paste(np.full((10, 12, 4), 255, np.uint8), 5, 5)
    pasted, selection = sketch.active.pixels.copy(), sketch.selection
    recording = sketch.begin(Ink())
    for stroke in (
        FreehandStroke(sketch, recording, "Pen"),
        StraightStroke(sketch, recording, Sample(0, 0), "Line"),
        PolygonStroke(recording, Sample(8, 8)),
        FillStroke(sketch, recording),
        SelectStroke(sketch, Sample(8, 8)),
        MoveStroke(sketch, Lifted(np.zeros((3, 3), np.uint32), selection, 5, 5), recording, Sample(8, 8)),
    ):
        assert not stroke.rect
        assert np.array_equal(sketch.active.pixels, pasted)
        assert (sketch.selection, sketch.undo_steps, sketch.redo_steps) == (selection, 1, 0)


def test_a_layer_locked_since_keeps_what_was_pasted_when_it_is_to_be_moved(sketch: Document) -> None:
    sketch.paste(np.full((10, 12, 4), 255, np.uint8), 5, 5)
    pasted = sketch.active.pixels.copy()
    sketch.active.locked = True
    with pytest.raises(PictureError, match="locked"):
        tools()["select"].start(sketch, Ink(), Sample(8, 8))
    assert np.array_equal(sketch.active.pixels, pasted)
    assert (sketch.undo_steps, sketch.redo_steps) == (1, 0)
