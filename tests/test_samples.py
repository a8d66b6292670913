"""The drawings that the program opens with: data that its own tools replay, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import resources
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.layers.layer import Role
from desktop.pairs.replay_examples import MOST
from engine.data.messages import Picture, Pixels
from engine.data.palette import Label, Palette, from_fields

SAMPLES = sorted(resources.path("samples").glob("*"))

# As measured over the maps that facade models learn from.
FACADES = Palette(
    "facades",
    (
        Label("background", (0, 0, 222)),
        Label("wall", (0, 48, 255)),
        Label("window", (0, 128, 255)),
        Label("door", (0, 208, 255)),
        Label("cornice", (32, 255, 224)),
        Label("sill", (112, 255, 143)),
        Label("balcony", (192, 255, 63)),
        Label("blind", (255, 240, 0)),
        Label("deco", (255, 160, 0)),
        Label("molding", (255, 80, 0)),
        Label("pillar", (255, 0, 0)),
        Label("shop", (175, 0, 0)),
    ),
)

# As measured over the maps that aerial photographs are learned from.
MAPS = Palette(
    "maps",
    (
        Label("ground", (233, 228, 222)),
        Label("building", (243, 240, 235)),
        Label("road", (255, 255, 251)),
        Label("park", (203, 223, 172)),
        Label("woods", (186, 210, 186)),
        Label("water", (177, 208, 254)),
        Label("motorway", (250, 159, 37)),
        Label("main road", (255, 226, 106)),
        Label("yard", (211, 201, 189)),
    ),
)

# What the aerial photographs look like, in a few colours to paint with.
TOWNS = Palette(
    "towns",
    (
        Label("ground", (70, 68, 60)),
        Label("street", (104, 103, 98)),
        Label("roof", (132, 130, 126)),
        Label("bright roof", (206, 206, 202)),
        Label("dark roof", (84, 80, 76)),
        Label("red roof", (122, 92, 78)),
        Label("trees", (44, 54, 36)),
        Label("water", (34, 52, 58)),
        Label("shadow", (30, 31, 28)),
        Label("pier", (150, 140, 118)),
    ),
)

# The flat colours of the pictures that glossy things are learned from: a card's own list.
FLAT = from_fields(json.loads(resources.path("models", "glossy.json").read_text("utf-8"))["palette"])
PALETTES = {palette.name: palette for palette in (FACADES, MAPS, TOWNS, FLAT)}

HEAD = {"format", "title", "kind", "width", "height", "palette", "model", "strokes"}
STROKE = {"tool", "role", "ink", "samples"}

each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


@cache
def loaded(path: Path) -> Drawing:
    return Drawing.load(path)


def of_kind(kind: str) -> list[Drawing]:
    return [drawing for drawing in map(loaded, SAMPLES) if drawing.kind == kind]


@dataclass(frozen=True)
class Drawn:
    """A drawing as its strokes leave it."""

    idle: list[int]
    """The strokes, counted from 1, that change nothing."""
    undo_steps: int
    picture: Picture
    flat: Pixels


@cache
def drawn(title: str) -> Drawn:
    """Every drawing is drawn once for all that is asked of it: that takes a fifth of a second."""
    drawing = next(drawing for drawing in map(loaded, SAMPLES) if drawing.title == title)
    document = drawing.document(PALETTES.get(drawing.palette))
    idle = [
        number for number, stroke in enumerate(drawing.strokes, start=1) if not stroke.replay(document).rect
    ]
    return Drawn(idle, document.undo_steps, document.picture(), document.picture_flat())


@each_sample
def test_holds_strokes_and_nothing_else(path: Path) -> None:
    assert path.suffix == ".json"
    assert path.stat().st_size < 64 << 10
    fields = json.loads(path.read_text("utf-8"))
    assert set(fields) == HEAD
    for stroke in fields["strokes"]:
        assert set(stroke) <= STROKE
        assert all(len(sample) == 4 for sample in stroke["samples"])


@each_sample
def test_survives_loading_and_saving(path: Path, tmp_path: Path) -> None:
    again = tmp_path / path.name
    Drawing.load(path).save(again)
    assert json.loads(again.read_text("utf-8")) == json.loads(path.read_text("utf-8"))


@each_sample
def test_stays_inside_the_picture(path: Path) -> None:
    drawing = loaded(path)
    assert (drawing.width, drawing.height) == (512, 512)
    for stroke in drawing.strokes:
        for sample in stroke.samples:
            assert 0 <= sample.x <= drawing.width
            assert 0 <= sample.y <= drawing.height


@each_sample
def test_moves_like_a_hand(path: Path) -> None:
    """Time runs on from stroke to stroke, and reports come as often as a mouse sends them."""
    before = 0.0
    for stroke in loaded(path).strokes:
        assert stroke.samples[0].time >= before
        for one, next in pairwise(stroke.samples):
            assert 0 <= next.time - one.time < 0.1
            assert np.hypot(next.x - one.x, next.y - one.y) < 60
        before = stroke.samples[-1].time


@each_sample
def test_every_stroke_paints(path: Path) -> None:
    drawing = loaded(path)
    assert drawn(drawing.title).idle == [], "strokes that change nothing"
    assert drawn(drawing.title).undo_steps == len(drawing.strokes)


@each_sample
def test_names_a_model_and_a_palette_of_its_kind(path: Path) -> None:
    drawing = loaded(path)
    assert drawing.title
    suits = {
        "sketch": [("shoes", ""), ("handbags", ""), ("cats", "")],
        "labels": [("facades", "facades")],
        "image": [("aerial", "maps"), ("streets", "towns"), ("glossy", "flat")],
    }
    assert (drawing.model, drawing.palette) in suits[drawing.kind]


def test_enough_of_each_kind() -> None:
    assert len(of_kind("sketch")) >= 8
    assert len(of_kind("labels")) >= 6
    assert len(of_kind("image")) >= 6


def test_titles_differ() -> None:
    titles = [loaded(path).title for path in SAMPLES]
    assert len(set(titles)) == len(titles)


def test_sketches_come_with_and_without_hints() -> None:
    hinted = [any(stroke.role is Role.HINTS for stroke in sketch.strokes) for sketch in of_kind("sketch")]
    assert 2 <= hinted.count(False) < hinted.count(True)


@pytest.mark.parametrize("model", ["shoes", "handbags"])
def test_the_first_sketches_lie_in_the_frame_as_the_photographs_do(model: str) -> None:
    """As wide or as high as 88 % of the frame, in its middle, in few thin lines. A model that is taught sees
    these beside its lesson; later ones are as anybody draws."""
    first = [sketch for sketch in of_kind("sketch") if sketch.model == model][:MOST]
    assert len(first) == MOST
    for sketch in first:
        lines = lines_of(sketch.title)
        left, top, right, bottom = bounds(lines)
        assert 0.84 < max(right - left, bottom - top) / 512 < 0.92, sketch.title
        assert abs((left + right) / 2 - 256) < 15, sketch.title
        assert abs((top + bottom) / 2 - 256) < 25, sketch.title
        assert 0.01 < lines.mean() < 0.08, sketch.title


@pytest.mark.parametrize("sketch", of_kind("sketch"), ids=lambda sketch: sketch.title)
def test_a_sketch_is_large_enough_to_be_a_thing_and_no_line_is_cut_off(sketch: Drawing) -> None:
    lines = lines_of(sketch.title)
    left, top, right, bottom = bounds(lines)
    assert max(right - left, bottom - top) > 512 / 3
    assert min(left, top) > 2 and max(right, bottom) < 509
    assert 0.004 < lines.mean() < 0.12


@pytest.mark.parametrize("model", ["shoes", "handbags"])
def test_sketches_of_a_model_differ_as_those_of_people_do(model: str) -> None:
    """Without hints, in a handful of strokes, with one dab, in several colours, by thin and thick pens that a
    tablet presses or a mouse doesn't, large and small, in the middle and elsewhere."""
    sketches = [sketch for sketch in of_kind("sketch") if sketch.model == model]
    lines = [[stroke for stroke in sketch.strokes if stroke.role is Role.LINES] for sketch in sketches]
    hints = [[stroke for stroke in sketch.strokes if stroke.role is Role.HINTS] for sketch in sketches]
    assert len(sketches) >= 18
    assert [len(strokes) for strokes in hints].count(0) >= 6
    assert any(len(strokes) <= 5 for strokes in lines)
    assert any(len(strokes) >= 25 for strokes in lines)
    assert any(len(strokes) == 1 and is_dab(strokes[0]) for strokes in hints)
    assert any(len({stroke.ink.colour for stroke in strokes}) >= 3 for strokes in hints)
    pens = {stroke.ink.size for strokes in lines for stroke in strokes}
    assert min(pens) <= 2 and max(pens) >= 6
    pressed = [any(sample.pressure < 0.9 for sample in strokes[0].samples) for strokes in lines]
    assert 1 <= pressed.count(True) < pressed.count(False)
    places = np.array([bounds(lines_of(sketch.title)) for sketch in sketches])
    assert (places[:, 2:] - places[:, :2]).max(1).min() < 512 * 2 / 3
    assert np.abs((places[:, 2:] + places[:, :2]) / 2 - 256).max() > 40


def is_dab(stroke: Played) -> bool:
    """Whether the pen hardly moved."""
    return bool(np.ptp([sample[:2] for sample in stroke.samples], axis=0).max() < 15)


def lines_of(title: str) -> npt.NDArray[np.bool_]:
    """Where the sheet of a sketch, (512, 512), has lines."""
    lines = drawn(title).picture.lines
    assert lines is not None
    return lines < 128


def bounds(lines: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the lines, in pixels."""
    rows, columns = lines.any(1).nonzero()[0], lines.any(0).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


@pytest.mark.parametrize("labels", of_kind("labels"), ids=lambda labels: labels.title)
def test_a_label_map_is_of_the_palettes_colours(labels: Drawing) -> None:
    pixels = drawn(labels.title).picture.pixels
    assert pixels is not None
    assert FACADES.snapped(pixels)[1] == 0
    shares = np.bincount(FACADES.indices(pixels).ravel(), minlength=12) / pixels[..., 0].size
    names = [label.name for label in FACADES.labels]
    assert (shares > 0).sum() >= 6
    assert shares[names.index("wall")] > 0.25
    assert shares[names.index("window")] > 0.04
    assert shares[names.index("door")] > 0.01


@pytest.mark.parametrize(
    "painted",
    [painted for painted in of_kind("image") if painted.palette != "flat"],
    ids=lambda painted: painted.title,
)
def test_a_map_is_painted_in_the_colours_that_mean_something(painted: Drawing) -> None:
    palette = PALETTES[painted.palette]
    pixels = drawn(painted.title).flat
    distances = np.abs(palette.colours[palette.indices(pixels)].astype(int) - pixels).max(2)
    assert (distances <= 2).mean() > 0.9  # the rest are smooth edges
    shares = np.bincount(palette.indices(pixels).ravel(), minlength=9) / pixels[..., 0].size
    assert (shares > 0.002).sum() >= 5


def flat_paintings() -> list[Drawing]:
    return [painted for painted in of_kind("image") if painted.palette == "flat"]


@pytest.mark.parametrize("painted", flat_paintings(), ids=lambda painted: painted.title)
def test_a_thing_is_painted_in_a_few_flat_colours_on_white(painted: Drawing) -> None:
    """With brush and bucket, as anybody would; no edge is cut off by the border."""
    assert {stroke.tool for stroke in painted.strokes} <= {"pen", "fill"}
    pixels = drawn(painted.title).flat
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()
    codes, counts = np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_counts=True)
    many = codes[counts > 0.001 * 512 * 512].tolist()
    flat = {(code >> 16, code >> 8 & 255, code & 255) for code in many}
    assert 2 <= len(flat - {(255, 255, 255)}) <= 6
    assert flat <= {label.colour for label in FLAT.labels}
    assert 0.1 < (pixels != 255).any(2).mean() < 0.7
    assert counts[counts > 0.001 * 512 * 512].sum() > 0.95 * counts.sum()  # the rest are smooth edges


def test_paintings_in_flat_colours_are_of_many_hands() -> None:
    paintings = flat_paintings()
    assert len(paintings) >= 10
    counts = [len(painted.strokes) for painted in paintings]
    assert min(counts) <= 4 and max(counts) >= 15
    pressed = [
        any(sample.pressure < 0.9 for stroke in painted.strokes for sample in stroke.samples)
        for painted in paintings
    ]
    assert 1 <= pressed.count(True) < pressed.count(False)
