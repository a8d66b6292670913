"""OpenRaster files of other programs: shown as they show them, and nothing lost by saving over them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.documents.journal import Journal
from desktop.documents.recovery import restore
from desktop.paint.editing.document import Document, Role
from desktop.paint.editing.limits import MOST_LAYERS
from desktop.paint.files import archive, project
from desktop.paint.layers.layer import Piece
from desktop.paint.strokes.stroke import Ink
from engine.data.palette import Palette
from engine.data.picture import read, to_png_bytes
from engine.data.rect import Rect
from engine.errors import PictureError
from tests.paint.test_paint_hostile import huge_png

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
HEAD = '<image version="0.0.3" w="60" h="40">'


def ora(path: Path, stack: str, members: dict[str, bytes] | None = None, image: str = HEAD) -> Path:
    """A file whose layers are 60 × 40 and of one colour each, unless ``members`` says otherwise."""
    plain = {
        f"data/{name}.png": png_of(colour) for name, colour in zip("rgb", (RED, GREEN, BLUE), strict=True)
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "image/openraster")
        file.writestr("stack.xml", f"{image}<stack>{stack}</stack></image>")
        for name, content in {**plain, **(members or {})}.items():
            if name in stack or name in (members or {}):
                file.writestr(name, content)
    return path


def png_of(colour: tuple[int, ...], width: int = 60, height: int = 40) -> bytes:
    return to_png_bytes(np.full((height, width, len(colour)), colour, np.uint8))


def layer(name: str, more: str = "") -> str:
    return f'<layer name="{name}" src="data/{name}.png" {more}/>'


# --- flattened ---------------------------------------------------------------------------------------

HIDDEN = layer("b", 'visibility="hidden"')
MOVED = layer("b", 'x="10" y="10"')
MULTIPLIED = layer("b", 'composite-op="svg:multiply"')
GROUPS = {
    # what lies over red paint: the group, and the colours seen at (5, 5) and (50, 30)
    "plain": (f"<stack>{layer('b')}</stack>", BLUE, BLUE),
    "hidden": (f'<stack visibility="hidden">{layer("b")}</stack>', RED, RED),
    "hidden inside": (f"<stack>{HIDDEN}</stack>", RED, RED),
    "half": (f'<stack opacity="0.5">{layer("b")}</stack>', (127, 0, 128), (127, 0, 128)),
    # Mixed by itself first: green lies wholly over blue, and of that the half is seen.
    "two at half": (f'<stack opacity="0.5">{layer("g")}{layer("b")}</stack>', (127, 128, 0), (127, 128, 0)),
    "half of half": (
        f'<stack opacity="0.5"><stack opacity="0.5">{layer("b")}</stack></stack>',
        (191, 0, 64),
        (191, 0, 64),
    ),
    "moved": (f'<stack x="20" y="10">{layer("b")}</stack>', RED, BLUE),
    "moved twice": (f'<stack x="-60" y="10"><stack x="80">{layer("b")}</stack></stack>', RED, BLUE),
    "moved layer in it": (f'<stack x="10">{MOVED}</stack>', RED, BLUE),
    "gone": (f'<stack opacity="0">{layer("b")}</stack>', RED, RED),
    "far away": (f'<stack x="2000000000"><stack x="2000000000">{layer("b")}</stack></stack>', RED, RED),
    "multiplied": (f'<stack composite-op="svg:multiply">{layer("b")}</stack>', (0, 0, 0), (0, 0, 0)),
    "screened": (f'<stack composite-op="svg:screen">{layer("b")}</stack>', (255, 0, 255), (255, 0, 255)),
    # Within a group that is mixed by itself there is nothing to multiply with.
    "by itself": (
        f'<stack isolation="isolate">{MULTIPLIED}</stack>',
        BLUE,
        BLUE,
    ),
    "through": (f"<stack>{MULTIPLIED}</stack>", (0, 0, 0), (0, 0, 0)),
}


@pytest.mark.parametrize("what", list(GROUPS))
@pytest.mark.parametrize("merged", ["none", "of another size", "damaged"])
def test_groups_are_mixed_as_they_say(what: str, merged: str, tmp_path: Path) -> None:
    group, *seen = GROUPS[what]
    others = {"none": {}, "of another size": {project.MERGED: png_of(GREEN, 30, 20)}}
    members = others.get(merged, {project.MERGED: huge_png(60, 40)})
    loaded = project.load(ora(tmp_path / "other.ora", group + layer("r"), members))
    assert loaded.foreign and len(loaded.notes) == 1
    for (x, y), colour in zip(((5, 5), (50, 30)), seen, strict=True):
        assert loaded.document.colour_at(x, y) == pytest.approx(colour, abs=1)


def test_modes_know_nothing_of_opacity_but_that_a_layer_is_thinner(tmp_path: Path) -> None:
    stack = layer("b", 'composite-op="svg:dst-in" opacity="0.5"') + layer("r")
    loaded = project.load(ora(tmp_path / "other.ora", stack))
    assert loaded.document.colour_at(5, 5) == pytest.approx((255, 127, 127), abs=1)
    stack = layer("b", 'composite-op="svg:dst-in" x="30"') + layer("r")
    loaded = project.load(ora(tmp_path / "beside.ora", stack))
    assert [loaded.document.colour_at(x, 5) for x in (5, 50)] == [(255, 255, 255), RED]


def test_a_way_of_mixing_that_is_not_known_is_told(tmp_path: Path) -> None:
    stack = layer("b", 'composite-op="krita:dissolve"') + layer("r")
    loaded = project.load(ora(tmp_path / "other.ora", stack))
    assert loaded.document.colour_at(5, 5) == BLUE
    assert any("krita:dissolve" in note for note in loaded.notes)
    stack = f"<stack><text/>{layer('b')}</stack>"
    assert "missing" in project.load(ora(tmp_path / "text.ora", stack)).notes[0]


@pytest.mark.parametrize("merged", [True, False])
def test_more_layers_than_fit_are_shown_as_one(merged: bool, tmp_path: Path) -> None:
    stack = layer("b", 'x="30"') * MOST_LAYERS + layer("r")
    members = {project.MERGED: png_of(GREEN)} if merged else {}
    loaded = project.load(ora(tmp_path / "many.ora", stack, members))
    assert loaded.foreign and "more layers than fit" in loaded.notes[0]
    assert len(loaded.document.layers) == 1
    seen = [GREEN, GREEN] if merged else [RED, BLUE]
    assert [loaded.document.colour_at(x, 5) for x in (5, 50)] == seen


def test_large_layers_that_do_not_fit_are_shown_as_one_by_their_headers(tmp_path: Path) -> None:
    image = '<image w="3520" h="2688">'
    merged = Image.new("RGB", (3520, 2688), BLUE)
    merged.save(tmp_path / "merged.png", compress_level=1)
    # Layers that can't be decoded: nobody may try.
    members = {"data/r.png": huge_png(3520, 2688), project.MERGED: (tmp_path / "merged.png").read_bytes()}
    loaded = project.load(ora(tmp_path / "large.ora", layer("r") * 16, members, image))
    assert loaded.foreign and loaded.document.colour_at(5, 5) == BLUE
    stray = ora(tmp_path / "stray.ora", layer("r", 'x="-2000000000"') + layer("b"))
    assert "more layers than fit" in project.load(stray).notes[0]


def test_layers_too_large_as_files_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBER", 1 << 16)
    heavy = {"data/r.png": huge_png(60, 40) + b"\0" * archive.MOST_MEMBER, project.MERGED: png_of(GREEN)}
    loaded = project.load(ora(tmp_path / "heavy.ora", layer("r"), heavy))
    assert loaded.foreign and loaded.document.colour_at(5, 5) == GREEN


def test_what_would_never_end_is_refused(tmp_path: Path) -> None:
    deep = "<stack>" * 200 + layer("r") + "</stack>" * 200
    with pytest.raises(PictureError, match="more layers than can be shown"):
        project.load(ora(tmp_path / "deep.ora", deep))
    with pytest.raises(PictureError, match="more than 10000 layers"):
        project.load(ora(tmp_path / "many.ora", layer("r") * 10_001))


# --- what would be lost ------------------------------------------------------------------------------


def sixteen() -> bytes:
    """A 16-bit RGBA picture, half transparent: Pillow writes none, so by hand."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    row = b"\0" + struct.pack(">4H", 0x1234, 0x5678, 0x9ABC, 0x8000) * 60
    head = struct.pack(">IIBBBBB", 60, 40, 16, 6, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 40)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


LONG = "r" * 300
DROPPED = {
    "beside the stack": (layer("r"), {}, HEAD + "<animation/>", "holds more"),
    "attribute of the picture": (layer("r"), {}, HEAD.replace(">", ' frames="3">'), "holds more"),
    "attribute of a layer": (layer("r", 'alpha-preserve="true"'), {}, HEAD, "holds more"),
    "inside a layer": ('<layer name="r" src="data/r.png"><effect/></layer>', {}, HEAD, "holds more"),
    "background tile": (
        layer("r", 'background_tile="data/background_tile.png"'),
        {"data/background_tile.png": png_of(BLUE, 8, 8)},
        HEAD,
        "holds more",
    ),
    "long name": (layer("r").replace('name="r"', f'name="{LONG}"'), {}, HEAD, "cut short"),
    "16 bits": (layer("r"), {"data/r.png": sixteen()}, HEAD, "16 bits"),
}


@pytest.mark.parametrize("what", list(DROPPED))
def test_what_loading_drops_makes_save_a_save_as(what: str, tmp_path: Path) -> None:
    stack, members, image, words = DROPPED[what]
    loaded = project.load(ora(tmp_path / "other.ora", stack, members, image))
    assert loaded.foreign
    assert words in loaded.notes[0]


def test_resolution_comes_back(tmp_path: Path) -> None:
    image = '<image w="60" h="40" xres="300" yres="301">'
    loaded = project.load(ora(tmp_path / "other.ora", layer("r"), {}, image))
    assert not loaded.foreign
    project.save(loaded.document, tmp_path / "ours.ora")
    with zipfile.ZipFile(tmp_path / "ours.ora") as file:
        assert b'xres="300" yres="301"' in file.read("stack.xml")


# --- beyond the edges --------------------------------------------------------------------------------


def numbered(width: int, height: int) -> np.ndarray:
    """Opaque pixels, every one different, uint8 (H, W, 4) RGBA."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[:, :, 0], pixels[:, :, 1] = np.arange(height)[:, None], np.arange(width)
    return pixels


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture
def wide(tmp_path: Path) -> Document:
    """One layer of 100 × 90 at (−20, −30): beyond the picture of 60 × 40 on every side."""
    members = {"data/r.png": to_png_bytes(numbered(100, 90))}
    loaded = project.load(ora(tmp_path / "wide.ora", layer("r", 'x="-20" y="-30"'), members))
    assert loaded.notes == []
    return loaded.document


def test_pixels_beyond_the_picture_come_back_when_saved(wide: Document, tmp_path: Path) -> None:
    assert wide.colour_at(0, 0) == (30, 20, 255)
    wide.add_layer(Role.PAINT)
    wide.undo()
    project.save(wide, tmp_path / "ours.ora")
    written = members_of(tmp_path / "ours.ora")
    assert b'x="-20" y="-30"' in written["stack.xml"]
    found = read(written["data/layer0.png"])
    assert np.array_equal(found.colours, numbered(100, 90)[:, :, :3]) and found.alpha is None
    again = project.load(tmp_path / "ours.ora").document
    assert [piece.rect for piece in again.layers[0].outside] == [
        Rect(-20, -30, 100, 30),
        Rect(-20, 40, 100, 20),
        Rect(-20, 0, 20, 40),
        Rect(60, 0, 20, 40),
    ]


@pytest.mark.parametrize(("left", "top"), [(-70, 0), (70, 0), (0, -50), (0, 50), (-30, 20), (2, 3)])
def test_a_layer_wherever_it_lies_comes_back(left: int, top: int, tmp_path: Path) -> None:
    members = {"data/r.png": to_png_bytes(numbered(60, 40))}
    path = ora(tmp_path / "off.ora", layer("r", f'x="{left}" y="{top}"') + layer("b"), members)
    document = project.load(path).document
    project.save(document, path)
    written = members_of(path)
    assert f'x="{left}" y="{top}"'.encode() in written["stack.xml"]
    assert np.array_equal(read(written["data/layer1.png"]).colours, numbered(60, 40)[:, :, :3])


def test_a_larger_crop_shows_what_was_beyond(wide: Document) -> None:
    wide.crop(Rect(-10, -10, 40, 30))
    assert wide.colour_at(0, 0) == (20, 10, 255)
    # What the crop cuts off is gone; what was out of sight, and is, stays.
    left = [piece.rect for piece in wide.layers[0].outside]
    assert sum(rect.width * rect.height for rect in left) == 100 * 90 - 60 * 40 - (40 * 30 - 30 * 20)
    assert not any(rect.intersected(wide.bounds) for rect in left)
    wide.undo()
    assert len(wide.layers[0].outside) == 4 and wide.colour_at(0, 0) == (30, 20, 255)
    wide.crop(Rect(-20, -30, 100, 90))
    assert wide.layers[0].outside == ()
    assert wide.colour_at(99, 89) == (89, 99, 255)


def test_resizing_takes_along_what_is_beyond(wide: Document) -> None:
    wide.resize(120, 80)
    assert wide.layers[0].outside[0].rect == Rect(-40, -60, 200, 60)
    assert wide.layers[0].outside[0].pixels[1, 1, 3] == 255


def reaching(left: int, top: int) -> Document:
    """A picture of 40 × 20 with a dot far beyond it, as other programs leave them."""
    document = Document.new("image", 40, 20)
    document.layers[0].outside = (Piece(Rect(left, top, 2, 2), np.full((2, 2, 4), 255, np.uint8)),)
    return document


def test_no_step_makes_a_layer_that_could_not_be_read_again(tmp_path: Path) -> None:
    document = reaching(7998, 3998)  # as large as one may be, but for a little
    with pytest.raises(PictureError, match="too much beyond the picture"):
        document.resize(52, 26)
    with pytest.raises(PictureError, match="too much beyond the picture"):
        document.crop(Rect(-300, -200, 340, 220))
    document.crop(Rect(0, 0, 30, 20))
    document.resize(3, 2)
    project.save(document, tmp_path / "ours.ora")
    again = project.load(tmp_path / "ours.ora")
    assert again.notes == [] and len(again.document.layers[0].outside) == 1


def test_what_is_too_far_off_to_be_read_again_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    document = reaching(8000, 8000)  # its own picture is small, but with what is painted now it isn't
    recording = document.begin(Ink())
    recording.put(np.full((5, 5), 0xFF2040FF, np.uint32), 10, 10)
    recording.commit("Paint")
    near = Piece(Rect(50, 0, 2, 2), np.full((2, 2, 4), 255, np.uint8))
    document.layers[0].outside = (*document.layers[0].outside, near)
    said = project.save(document, tmp_path / "ours.ora")
    assert said == ["What lies far beyond the picture had to be left out of “Paint” in “ours.ora”."]
    again = project.load(tmp_path / "ours.ora")
    assert again.notes == [] and [it.rect for it in again.document.layers[0].outside] == [near.rect]
    assert np.array_equal(again.document.layers[0].pixels, document.layers[0].pixels)


def test_labels_beyond_the_picture_follow_the_palette(palette: Palette) -> None:
    document = Document.new("labels", 60, 40, palette)
    blue = np.full((3, 2, 4), (255, 48, 0, 255), np.uint8)
    document.layers[0].outside = (Piece(Rect(-2, 0, 2, 3), blue),)
    other = Palette("other", palette.labels[1:])
    document.set_palette(other)
    assert document.layers[0].outside[0].pixels[0, 0].tolist() == [222, 0, 0, 255]
    document.undo()
    assert document.layers[0].outside[0].pixels[0, 0].tolist() == [255, 48, 0, 255]


def test_kept_frames_and_journals_hold_what_is_beyond(wide: Document, home: Path) -> None:
    frame, before = wide.snapshot(), wide.layers[0].outside
    wide.crop(Rect(-20, -30, 100, 90))
    wide.restore(frame)
    assert wide.layers[0].outside == before
    journal = Journal(wide)
    journal.record(wide.add_layer(Role.PAINT))
    journal.flush()
    journal.close(keep=True)
    back = restore(journal.folder).layers[0].outside
    assert [piece.rect for piece in back] == [piece.rect for piece in before]
    for one, other in zip(back, before, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


# --- pictures ----------------------------------------------------------------------------------------


def test_a_picture_over_the_limit_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(huge_png(300, 200))  # can't be decoded
    with pytest.raises(PictureError, match="300 × 200 pixels"):
        read(path, most=300 * 200 - 1)
    with pytest.raises(PictureError, match="damaged"):
        read(path, most=300 * 200)
