"""The drawings that the program opens with: data that its own tools replay, and nothing else."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import resources
from desktop.paint.files.drawing import Drawing
from desktop.paint.layers.layer import Role
from engine.data.palette import Label, Palette

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
PALETTES = {palette.name: palette for palette in (FACADES, MAPS, TOWNS)}

HEAD = {"format", "title", "kind", "width", "height", "palette", "model", "strokes"}
STROKE = {"tool", "role", "ink", "samples"}

each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def of_kind(kind: str) -> list[Drawing]:
    return [drawing for drawing in map(Drawing.load, SAMPLES) if drawing.kind == kind]


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
    drawing = Drawing.load(path)
    assert (drawing.width, drawing.height) == (512, 512)
    for stroke in drawing.strokes:
        for sample in stroke.samples:
            assert 0 <= sample.x <= drawing.width
            assert 0 <= sample.y <= drawing.height


@each_sample
def test_moves_like_a_hand(path: Path) -> None:
    """Time runs on from stroke to stroke, and reports come as often as a mouse sends them."""
    before = 0.0
    for stroke in Drawing.load(path).strokes:
        assert stroke.samples[0].time >= before
        for one, next in pairwise(stroke.samples):
            assert 0 <= next.time - one.time < 0.1
            assert np.hypot(next.x - one.x, next.y - one.y) < 60
        before = stroke.samples[-1].time


@each_sample
def test_every_stroke_paints(path: Path) -> None:
    drawing = Drawing.load(path)
    document = drawing.document(PALETTES.get(drawing.palette))
    for number, stroke in enumerate(drawing.strokes, start=1):
        assert stroke.replay(document).rect, f"stroke {number} changes nothing"
    assert document.undo_steps == len(drawing.strokes)


@each_sample
def test_names_a_model_and_a_palette_of_its_kind(path: Path) -> None:
    drawing = Drawing.load(path)
    assert drawing.title
    suits = {
        "sketch": [("shoes", ""), ("handbags", "")],
        "labels": [("facades", "facades")],
        "image": [("aerial", "maps"), ("streets", "towns")],
    }
    assert (drawing.model, drawing.palette) in suits[drawing.kind]


def test_enough_of_each_kind() -> None:
    assert len(of_kind("sketch")) >= 8
    assert len(of_kind("labels")) >= 6
    assert len(of_kind("image")) >= 6


def test_titles_differ() -> None:
    titles = [Drawing.load(path).title for path in SAMPLES]
    assert len(set(titles)) == len(titles)


def test_sketches_come_with_and_without_hints() -> None:
    hinted = [any(stroke.role is Role.HINTS for stroke in sketch.strokes) for sketch in of_kind("sketch")]
    assert 2 <= hinted.count(False) < hinted.count(True)


@pytest.mark.parametrize("sketch", of_kind("sketch"), ids=lambda sketch: sketch.title)
def test_a_sketch_lies_in_the_frame_as_the_photographs_do(sketch: Drawing) -> None:
    """As wide or as high as 88 % of the frame, in its middle, in few thin lines."""
    document = sketch.document()
    sketch.replay(document)
    lines = document.picture().lines
    assert lines is not None
    rows, columns = (lines < 128).any(1).nonzero()[0], (lines < 128).any(0).nonzero()[0]
    edges = (int(columns[-1] - columns[0]) / 512, int(rows[-1] - rows[0]) / 512)
    assert 0.84 < max(edges) < 0.92
    assert abs(int(columns[0] + columns[-1]) / 2 - 256) < 15
    assert abs(int(rows[0] + rows[-1]) / 2 - 256) < 25
    assert 0.01 < (lines < 128).mean() < 0.08


@pytest.mark.parametrize("labels", of_kind("labels"), ids=lambda labels: labels.title)
def test_a_label_map_is_of_the_palettes_colours(labels: Drawing) -> None:
    document = labels.document(FACADES)
    labels.replay(document)
    pixels = document.picture().pixels
    assert pixels is not None
    assert FACADES.snapped(pixels)[1] == 0
    shares = np.bincount(FACADES.indices(pixels).ravel(), minlength=12) / pixels[..., 0].size
    names = [label.name for label in FACADES.labels]
    assert (shares > 0).sum() >= 6
    assert shares[names.index("wall")] > 0.25
    assert shares[names.index("window")] > 0.04
    assert shares[names.index("door")] > 0.01


@pytest.mark.parametrize("painted", of_kind("image"), ids=lambda painted: painted.title)
def test_a_map_is_painted_in_the_colours_that_mean_something(painted: Drawing) -> None:
    palette = PALETTES[painted.palette]
    document = painted.document(palette)
    painted.replay(document)
    pixels = document.picture_flat()
    distances = np.abs(palette.colours[palette.indices(pixels)].astype(int) - pixels).max(2)
    assert (distances <= 2).mean() > 0.9  # the rest are smooth edges
    shares = np.bincount(palette.indices(pixels).ravel(), minlength=9) / pixels[..., 0].size
    assert (shares > 0.002).sum() >= 5
