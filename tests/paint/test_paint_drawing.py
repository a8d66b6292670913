"""Recorded drawings: replayed by the real tools, checked on the way in."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from engine.data.card import InputKind
from engine.data.palette import Palette
from engine.errors import PictureError
from tests.paint.photographed import lay_photo_under


def a_drawing() -> Drawing:
    line = tuple(Sample(10 + 3.5 * step, 20 + step, 0.5, time=step / 100) for step in range(20))
    red = Ink(size=20, colour=(200, 20, 20), symmetry="vertical", pressure_size=False)
    corners = tuple(Sample(*corner) for corner in [(20, 60), (60, 60), (40, 90), (20, 60)])
    return Drawing(
        "sketch",
        120,
        100,
        "A shoe",
        model="Shoes",
        strokes=[
            Played("pen", Role.LINES, Ink(size=4), line),
            Played("polygon", Role.LINES, Ink(filled=True), corners),
            Played("line", Role.HINTS, red, line, ctrl=True),
            Played("fill", Role.HINTS, Ink(colour=(9, 9, 200), gap=2), (Sample(5, 5),)),
        ],
    )


def test_a_drawing_comes_back_and_looks_the_same(tmp_path: Path) -> None:
    drawing = a_drawing()
    drawing.save(tmp_path / "shoe.json")
    loaded = Drawing.load(tmp_path / "shoe.json")
    assert loaded == drawing
    one, other = drawing.document(), loaded.document()
    change = drawing.replay(one)
    loaded.replay(other)
    assert change.sent
    assert one.undo_steps == len(drawing.strokes)
    for layer, same in zip(one.layers, other.layers, strict=True):
        assert layer.pixels.any()
        assert np.array_equal(layer.pixels, same.pixels)


def test_every_setting_of_the_ink_comes_back(tmp_path: Path) -> None:
    others: dict[str, Any] = {"brush": "soft", "colour": (9, 8, 7), "symmetry": "both"}
    others |= {"selects": "hand", "combine": "add", "axes": (0.25, 0.5, 30.0)}
    for field in dataclasses.fields(Ink):
        value = getattr(Ink(), field.name)
        if field.name not in others:
            others[field.name] = (
                not value if isinstance(value, bool) else value + 1 if value < 1 else value - 1
            )
    ink = Ink(**others)
    assert all(getattr(ink, field.name) != getattr(Ink(), field.name) for field in dataclasses.fields(Ink))
    strokes = [Played("pen", Role.LINES, ink, (Sample(5, 5),))]
    Drawing("sketch", 20, 20, "A dot", strokes=strokes).save(tmp_path / "dot.json")
    assert Drawing.load(tmp_path / "dot.json").strokes[0].ink == ink


def test_the_head_is_a_drawing_without_its_strokes(tmp_path: Path) -> None:
    drawing = a_drawing()
    drawing.save(tmp_path / "shoe.json")
    assert Drawing.head(tmp_path / "shoe.json") == dataclasses.replace(drawing, strokes=[])


def test_the_head_is_read_whatever_order_the_fields_have(tmp_path: Path) -> None:
    """Others may have written the file anew: of such a one all is looked at."""
    drawing = a_drawing()
    drawing.save(tmp_path / "shoe.json")
    fields = json.loads((tmp_path / "shoe.json").read_text("utf-8"))
    for indent in (None, 1):
        (tmp_path / "other.json").write_text(json.dumps(fields, sort_keys=True, indent=indent), "utf-8")
        assert Drawing.head(tmp_path / "other.json") == dataclasses.replace(drawing, strokes=[])


def test_strokes_take_no_time_where_the_head_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "shoe.json"
    a_drawing().save(file)
    file.write_text(file.read_text("utf-8").replace('"samples"', "samples"), "utf-8")
    assert Drawing.head(file).title == "A shoe"
    with pytest.raises(PictureError, match="is damaged"):
        Drawing.load(file)


@pytest.mark.parametrize("tool", ["pen", "soft", "eraser"])
@pytest.mark.parametrize("hold", [0.0, 2.0])
@pytest.mark.parametrize("symmetry", ["none", "vertical", "radial"])
def test_replayed_strokes_are_those_that_were_drawn(tool: str, hold: float, symmetry: Any) -> None:
    """Several samples may be drawn at once; not a byte shows it, nor that the first one knew no pressure."""
    chance = np.random.default_rng(3)
    around = chance.uniform(-4, 64, (40, 2)).tolist()
    samples = [Sample(x, y, 0.3 + 0.01 * place, time=place) for place, (x, y) in enumerate(around)]
    samples[0] = samples[0]._replace(pressure=1.0)
    brush = "soft" if tool == "soft" else "pen"
    ink = Ink(brush=brush, size=9, colour=(40, 90, 200), opacity=0.6, hold=hold, symmetry=symmetry)
    documents = [Drawing("sketch", 60, 50).document() for _ in range(2)]
    for document in documents:
        document.select(next(layer.id for layer in document.layers if layer.role is Role.HINTS))
    known = tools()["eraser" if tool == "eraser" else "pen"]
    drawn, replayed = documents
    for document in documents:
        tools()["pen"].replay(document, Ink(size=40), [Sample(30, 25), Sample(31, 25)])
    stroke = known.start(drawn, ink, samples[0])
    for sample in samples[1:-1]:
        stroke.move(sample)
    stroke.finish(samples[-1])
    known.replay(replayed, ink, samples)
    assert drawn.undo_steps == replayed.undo_steps >= 2
    for layer, same in zip(drawn.layers, replayed.layers, strict=True):
        assert np.array_equal(layer.pixels, same.pixels)


def test_a_drawing_can_be_replayed_in_part() -> None:
    drawing = a_drawing()
    document = drawing.document()
    drawing.replay(document, upto=2)
    assert document.undo_steps == 2
    assert not document.layers[0].pixels.any()


@pytest.mark.parametrize("tool", list(tools()))
def test_every_tool_can_be_replayed(tool: str, palette: Palette) -> None:
    roles: dict[InputKind, Role] = {"sketch": Role.LINES, "labels": Role.LABELS, "image": Role.PAINT}
    for kind, role in roles.items():
        drawing = Drawing(kind, 60, 60, strokes=[])
        samples = tuple(Sample(*point) for point in [(10, 10), (50, 12), (30, 50), (9, 12)])
        samples *= 2 if tool == "curve" else 1  # three for each point
        drawing.strokes.append(Played(tool, role, Ink(colour=(255, 80, 0), filled=True), samples))
        document = drawing.document(palette if kind == "labels" else None)
        if tool == "transform":  # it needs something to begin with
            box = Played("rectangle", role, Ink(colour=(255, 80, 0)), (Sample(20, 20), Sample(30, 40)))
            box.replay(document)
            document.forget_history()
        if tool == "smart_fill":
            lay_photo_under(document)
            document.forget_history()
        drawing.replay(document)
        assert not document.is_painted_on
        assert document.undo_steps == (
            0 if tool in ("eyedropper", "select") or (tool == "eraser" and kind != "labels") else 1
        )


def test_no_layer_for_a_stroke_is_said() -> None:
    drawing = a_drawing()
    document = drawing.document()
    document.remove_layer(document.layers[0].id)
    with pytest.raises(PictureError, match="no layer"):
        drawing.replay(document)


def stroke(**fields: Any) -> dict[str, Any]:
    usual = {"tool": "pen", "role": "lines", "samples": [[1, 2], [3, 4, 0.5], [5, 6, 1, 0.1]]}
    return {**usual, **fields}


def notes(**fields: Any) -> dict[str, Any]:
    return {"format": 1, "kind": "sketch", "width": 50, "height": 40, "strokes": [stroke()], **fields}


def test_the_shortest_drawing_is_read(tmp_path: Path) -> None:
    (tmp_path / "short.json").write_text(json.dumps(notes()))
    drawing = Drawing.load(tmp_path / "short.json")
    assert drawing.title == "short"
    assert drawing.strokes[0].samples == (Sample(1, 2), Sample(3, 4, 0.5), Sample(5, 6, 1, time=0.1))


BROKEN: dict[str, Any] = {
    "list": [],
    "no format": {"kind": "sketch"},
    "newer": notes(format=2),
    "kind": notes(kind="film"),
    "huge": notes(width=90_000, height=90_000),
    "negative": notes(width=-5),
    "fraction": notes(width=5.5),
    "strokes no list": notes(strokes={}),
    "stroke no object": notes(strokes=[3]),
    "tool": notes(strokes=[stroke(tool="hammer")]),
    "tool a list": notes(strokes=[stroke(tool=[])]),
    "role": notes(strokes=[stroke(role="sky")]),
    "role of another kind": notes(strokes=[stroke(role="labels")]),
    "no samples": notes(strokes=[stroke(samples=[])]),
    "sample a word": notes(strokes=[stroke(samples=[["a", 2]])]),
    "sample too long": notes(strokes=[stroke(samples=[[1, 2, 3, 4, 5]])]),
    "sample a number": notes(strokes=[stroke(samples=[1, 2])]),
    "sample far": notes(strokes=[stroke(samples=[[1e300, 2]])]),
    "sample infinite": notes(strokes=[stroke(samples=[[float("inf"), 2]])]),
    "size": notes(strokes=[stroke(ink={"size": 1e9})]),
    "size a word": notes(strokes=[stroke(ink={"size": "big"})]),
    "colour": notes(strokes=[stroke(ink={"colour": [1, 2]})]),
    "colour of words": notes(strokes=[stroke(ink={"colour": ["a", "b", "c"]})]),
    "erase": notes(strokes=[stroke(ink={"erase": 1})]),
    "ink a list": notes(strokes=[stroke(ink=[])]),
    "title": notes(title=5),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_broken_drawings_get_a_sentence(what: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(json.dumps(BROKEN[what]))
    with pytest.raises(PictureError, match=r"\.$"):
        Drawing.load(tmp_path / "broken.json")


def test_what_is_no_json_gets_a_sentence(tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe\x00", b"{" * 100_000, b"nonsense", b'{"format": NaN}'):
        (tmp_path / "broken.json").write_bytes(content)
        for read in (Drawing.load, Drawing.head):
            with pytest.raises(PictureError, match=r"\.$"):
                read(tmp_path / "broken.json")
    for read in (Drawing.load, Drawing.head):
        with pytest.raises(PictureError, match="can't be read"):
            read(tmp_path / "missing.json")
