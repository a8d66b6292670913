"""OpenRaster files: what is written comes back, and what others wrote is shown."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.files import export, project
from desktop.paint.strokes.stroke import Ink
from engine.data.palette import Label, Palette
from engine.data.picture import read, to_png_bytes
from engine.errors import PictureError

Draw = Callable[..., Change]
STACK = """<?xml version='1.0' encoding='UTF-8'?>
<image version="0.0.3" w="60" h="40"><stack>{}</stack></image>"""


def ora(path: Path, stack: str, members: dict[str, bytes] | None = None) -> Path:
    """An OpenRaster file as another program may write it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "image/openraster", zipfile.ZIP_STORED)
        file.writestr("stack.xml", stack)
        for name, content in (members or {}).items():
            if name != "mimetype":
                file.writestr(name, content)
    return path


def plain(width: int, height: int, colour: tuple[int, ...]) -> bytes:
    return to_png_bytes(np.full((height, width, len(colour)), colour, np.uint8))


def busy(document: Document, draw: Draw) -> Document:
    """Something on every layer, and every property set somewhere."""
    for number, layer in enumerate(list(document.layers)):
        document.select(layer.id)
        draw(
            document,
            "pen",
            (10, 10 + number * 30),
            (120, 80),
            ink=Ink("soft", 22, 0.3, 0.6, (200, 90, 10)),
        )
    document.add_layer(document.active.role, "Ümläut <&> “x”")
    document.set_layer(document.active.id, opacity=0.3, locked=True)
    document.add_layer(Role.REFERENCE, "Photo", np.full((30, 30, 3), (1, 120, 3), np.uint8))
    document.set_layer(document.layers[-1].id, visible=False)
    document.select(document.layers[0].id)
    document.model = "Shoes"
    document.extras = {"seed": 7, "digest": "abc", "nested": {"a": [1, 2]}}
    return document


def test_what_is_saved_comes_back_to_the_byte(document: Document, draw: Draw, tmp_path: Path) -> None:
    path = tmp_path / "drawing.ora"
    project.save(busy(document, draw), path)
    loaded = project.load(path)
    assert (loaded.notes, loaded.foreign) == ([], False)
    back = loaded.document
    for name in ("kind", "width", "height", "paper", "palette", "model", "extras"):
        assert getattr(back, name) == getattr(document, name)
    assert len(back.layers) == len(document.layers)
    for one, other in zip(back.layers, document.layers, strict=True):
        for name in ("name", "role", "visible", "opacity", "locked"):
            assert getattr(one, name) == getattr(other, name)
        assert np.array_equal(one.pixels, other.pixels)
    assert back.layers.index(back.active) == 0
    assert np.array_equal(back.picture_flat(), document.picture_flat())
    project.save(back, path)
    assert np.array_equal(project.load(path).document.picture_flat(), document.picture_flat())


def test_the_file_is_laid_out_as_openraster_wants_it(document: Document, draw: Draw, tmp_path: Path) -> None:
    path = tmp_path / "drawing.ora"
    project.save(busy(document, draw), path)
    # The first member is stored, so that the type stands at a fixed place.
    assert path.read_bytes()[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        names = file.namelist()
        assert names[:2] == ["mimetype", "stack.xml"]
        root = ElementTree.fromstring(file.read("stack.xml"))
        assert (root.get("w"), root.get("h")) == ("150", "101")
        elements = root.findall("stack/layer")
        assert [element.get("name") for element in elements] == [
            layer.name for layer in reversed(document.layers)
        ]
        for element in elements:
            with Image.open(io.BytesIO(file.read(element.get("src", "")))) as image:
                assert image.mode == "RGBA"
        with Image.open(io.BytesIO(file.read("mergedimage.png"))) as merged:
            assert merged.size == (150, 101)
        with Image.open(io.BytesIO(file.read("Thumbnails/thumbnail.png"))) as small:
            assert max(small.size) <= 256
        assert json.loads(file.read("underpaint.json"))["kind"] == document.kind


def test_coloured_paper_of_an_image_is_a_layer_to_other_programs(draw: Draw, tmp_path: Path) -> None:
    path = tmp_path / "map.ora"
    document = Document.new("image", 60, 40, Palette("map", (Label("ground", (233, 228, 222)),)))
    draw(document, "pen", (5, 5), (50, 30), ink=Ink(size=6, colour=(10, 20, 30)))
    project.save(document, path)
    back = project.load(path).document
    assert [layer.name for layer in back.layers] == [layer.name for layer in document.layers]
    assert back.paper == document.paper
    with zipfile.ZipFile(path) as file:
        written = {name: file.read(name) for name in file.namelist() if name != "underpaint.json"}
    names = [element.get("name") for element in ElementTree.fromstring(written["stack.xml"]).iter("layer")]
    assert names == [*(layer.name for layer in reversed(document.layers)), "Paper"]
    # A layer of a stranger's that happens to be called as ours is one, whatever the notes name.
    for kind, named in (("image", "data/paper.png"), ("image", "data/layer0.png"), ("sketch", "data/a.png")):
        notes = json.dumps({"format": 1, "kind": kind, "roles": {named: "paint"}}).encode()
        layers = '<layer src="data/a.png"/><layer src="data/paper.png"/>'
        members = {"data/a.png": plain(8, 8, (1, 2, 3)), "data/paper.png": plain(60, 40, (9, 8, 7))}
        theirs = ora(tmp_path / "named.ora", STACK.format(layers), {**members, "underpaint.json": notes})
        assert len(project.load(theirs).document.layers) == 2
    # As it comes back from a program that writes the file anew, without what only we know.
    stack = written.pop("stack.xml").decode()
    stranger = project.load(ora(path, stack, written)).document
    assert np.array_equal(stranger.picture_flat(), document.picture_flat())


def test_memory_that_ends_while_packing_leaves_the_old_file(
    document: Document, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "drawing.ora"
    project.save(document, path)
    before, threads = path.read_bytes(), threading.active_count()

    def full(pixels: np.ndarray) -> bytes:
        raise MemoryError

    monkeypatch.setattr(project, "to_png_bytes", full)
    with pytest.raises(MemoryError):
        project.save(document, path)
    assert path.read_bytes() == before and [*tmp_path.iterdir()] == [path]
    assert threading.active_count() == threads


def test_an_empty_document_can_be_saved(document: Document, tmp_path: Path) -> None:
    project.save(document, tmp_path / "empty.ora")
    assert np.array_equal(
        project.load(tmp_path / "empty.ora").document.picture_flat(), document.picture_flat()
    )


def test_a_failed_save_keeps_the_old_file(document: Document, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "drawing.ora"
    project.save(document, path)
    before = path.read_bytes()
    with pytest.raises(PictureError, match="can't be written"):
        project.save(document, tmp_path / "missing" / "drawing.ora")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(PictureError, match="No space left"):
        project.save(document, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_plain_layers_of_others_are_layers_here(tmp_path: Path) -> None:
    stack = STACK.format(
        '<layer name="top" src="data/b.png" x="10" y="-5" opacity="0.5" composite-op="svg:src-over"/>'
        '<layer name="below" src="data/a.png" visibility="visible" edit-locked="true"/>'
    )
    members = {
        "data/a.png": plain(60, 40, (255, 0, 0)),
        "data/b.png": plain(20, 20, (0, 0, 255, 255)),
        "mergedimage.png": plain(60, 40, (9, 9, 9)),
    }
    loaded = project.load(ora(tmp_path / "other.ora", stack, members))
    assert (loaded.notes, loaded.foreign) == ([], False)
    assert loaded.document.kind == "image"
    assert [layer.name for layer in loaded.document.layers] == ["below", "top"]
    assert loaded.document.layers[0].locked
    assert loaded.document.colour_at(5, 5) == (255, 0, 0)
    assert loaded.document.colour_at(15, 14) == pytest.approx((127, 0, 128), abs=1)
    assert loaded.document.colour_at(15, 15) == (255, 0, 0)


STRANGE = {
    "groups": '<stack><layer name="in" src="data/a.png"/></stack>',
    "blend modes": '<layer name="mul" src="data/a.png" composite-op="svg:multiply"/>',
    "no PNG": '<layer name="vector" src="data/a.svg"/>',
    "another sort": '<text x="3">hello</text>',
}


@pytest.mark.parametrize("words", list(STRANGE))
@pytest.mark.parametrize("merged", [True, False])
def test_what_we_dont_know_is_shown_flattened_and_said(words: str, merged: bool, tmp_path: Path) -> None:
    members = {"data/a.png": plain(60, 40, (10, 20, 30)), "data/a.svg": b"<svg/>"}
    if merged:
        members["mergedimage.png"] = plain(60, 40, (10, 20, 31))
    loaded = project.load(ora(tmp_path / "other.ora", STACK.format(STRANGE[words]), members))
    assert loaded.foreign
    assert len(loaded.notes) == 1
    assert words in loaded.notes[0]
    assert len(loaded.document.layers) == 1
    if merged:
        assert loaded.document.colour_at(3, 3) == (10, 20, 31)
    elif "a.png" in STRANGE[words]:
        assert loaded.document.colour_at(3, 3) == (10, 20, 30)
    else:
        assert loaded.document.colour_at(3, 3) == (255, 255, 255)


def test_unknown_members_make_a_file_foreign(tmp_path: Path) -> None:
    stack = STACK.format('<layer name="a" src="data/a.png"/>')
    members = {"data/a.png": plain(60, 40, (1, 2, 3)), "animation/frames.xml": b"<frames/>"}
    loaded = project.load(ora(tmp_path / "other.ora", stack, members))
    assert loaded.foreign
    assert "saving over it" in loaded.notes[0]
    assert loaded.document.colour_at(0, 0) == (1, 2, 3)


def test_labels_edited_elsewhere_are_snapped(palette: Palette, tmp_path: Path) -> None:
    document = Document.new("labels", 60, 40, palette)
    project.save(document, tmp_path / "labels.ora")
    with zipfile.ZipFile(tmp_path / "labels.ora") as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["data/layer0.png"] = plain(60, 40, (3, 44, 251, 200))
    edited = ora(tmp_path / "edited.ora", members.pop("stack.xml").decode(), members)
    loaded = project.load(edited)
    assert loaded.document.colour_at(5, 5) == (0, 48, 255)
    assert "nearest label" in loaded.notes[0]


def test_a_newer_file_is_refused(document: Document, tmp_path: Path) -> None:
    project.save(document, tmp_path / "drawing.ora")
    with zipfile.ZipFile(tmp_path / "drawing.ora") as file:
        members = {name: file.read(name) for name in file.namelist()}
    notes = json.loads(members["underpaint.json"])
    members["underpaint.json"] = json.dumps({**notes, "format": 99}).encode()
    newer = ora(tmp_path / "newer.ora", members.pop("stack.xml").decode(), members)
    with pytest.raises(PictureError, match="newer Underpaint"):
        project.load(newer)


def test_exports_are_what_is_seen(document: Document, draw: Draw, tmp_path: Path) -> None:
    draw(document, "rectangle", (30, 20), (90, 70), ink=Ink(filled=True, colour=(255, 80, 0)))
    preview = np.full((101, 150, 3), (7, 8, 9), np.uint8)
    export.write_picture(document, tmp_path / "picture.png")
    export.write_preview(preview, tmp_path / "preview.png")
    export.write_pair(document, preview, tmp_path / "pair.png")
    assert np.array_equal(read(tmp_path / "picture.png").pixels, document.picture_flat())
    assert np.array_equal(read(tmp_path / "preview.png").pixels, preview)
    pair = read(tmp_path / "pair.png").pixels
    assert np.array_equal(pair[:, :150], document.picture_flat())
    assert np.array_equal(pair[:, 150:], preview)
    with pytest.raises(PictureError):
        export.write_picture(document, tmp_path / "missing" / "picture.png")
