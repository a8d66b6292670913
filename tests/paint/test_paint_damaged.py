"""OpenRaster files of which a part can't be read: the rest is shown, what is missing is said."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.paint.editing.document import Document, Role
from desktop.paint.files import project
from engine.data.picture import to_png_bytes
from engine.errors import PictureError
from tests.paint.test_paint_hostile import huge_png
from tests.paint.test_paint_strangers import BLUE, GREEN, HEAD, RED, layer, members_of, ora, png_of

HIDDEN = 'visibility="hidden"'
GOOD, MERGED = png_of(BLUE), {project.MERGED: png_of(GREEN)}


def coded(
    form: str, colour: tuple[int, ...] = BLUE, size: tuple[int, int] = (60, 40), **how: object
) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, form, **how)
    return target.getvalue()


def only(path: Path, stack: str, members: dict[str, bytes], image: str = HEAD) -> Path:
    """A file with these members alone, what is None left out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("stack.xml", f"{image}<stack>{stack}</stack></image>")
        for name, content in members.items():
            file.writestr(name, content)
    return path


def broken_inside(path: Path, member: str) -> Path:
    """A byte of a member changed, so that its checksum fails."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        info = file.getinfo(member)
    start = info.header_offset + 30 + len(info.filename)
    content[start + info.compress_size // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    return path


DAMAGED: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "text": b"hello, I am text" * 9,
    "a header alone": GOOD[:40],
    "cut short": huge_png(60, 40),
    "too large": huge_png(100_000, 100_000),
    "a bomb": b"\0" * (3 << 20),
    "a JPEG cut short": coded("JPEG")[:60],
}


def with_damage(path: Path, stack: str, what: str, more: dict[str, bytes] | None = None) -> Path:
    content = DAMAGED[what]
    damage = {} if content is None else {"data/b.png": content}
    return only(path, stack, {"data/r.png": png_of(RED), **damage, **(more or {})})


@pytest.mark.parametrize("what", list(DAMAGED))
def test_the_merged_picture_serves_where_a_layer_can_not(what: str, tmp_path: Path) -> None:
    loaded = project.load(with_damage(tmp_path / "other.ora", layer("b") + layer("r"), what, MERGED))
    assert loaded.document.colour_at(5, 5) == GREEN
    assert [len(loaded.document.layers), len(loaded.notes), loaded.foreign] == [1, 1, True]
    assert "“b”" in loaded.notes[0] and "shown as one layer" in loaded.notes[0]


@pytest.mark.parametrize("what", list(DAMAGED))
@pytest.mark.parametrize("merged", [{}, {project.MERGED: png_of(GREEN, 30, 20)}, {project.MERGED: b"no"}])
def test_the_other_layers_serve_where_that_can_not_either(
    what: str, merged: dict[str, bytes], tmp_path: Path
) -> None:
    loaded = project.load(with_damage(tmp_path / "other.ora", layer("b") + layer("r"), what, merged))
    assert [it.name for it in loaded.document.layers] == ["r"]
    assert loaded.document.colour_at(5, 5) == RED
    assert len(loaded.notes) == 1 and loaded.foreign
    assert "“b”" in loaded.notes[0] and "left out" in loaded.notes[0]


@pytest.mark.parametrize("what", list(DAMAGED))
def test_flattening_leaves_out_what_can_not_be_read(what: str, tmp_path: Path) -> None:
    group = f"<stack>{layer('b')}</stack>"
    loaded = project.load(with_damage(tmp_path / "other.ora", group + layer("r"), what))
    assert loaded.document.colour_at(5, 5) == RED
    assert "missing" in loaded.notes[0] and "“b”" in loaded.notes[1]
    with pytest.raises(PictureError):  # nothing can be read at all
        project.load(with_damage(tmp_path / "alone.ora", group, what))


@pytest.mark.parametrize("what", list(DAMAGED))
@pytest.mark.parametrize("how", ['visibility="hidden"', 'opacity="0"'])
def test_a_layer_that_is_not_seen_costs_no_other(what: str, how: str, tmp_path: Path) -> None:
    stack = layer("b", how) + layer("r")
    loaded = project.load(with_damage(tmp_path / "other.ora", stack, what, MERGED))
    assert [it.name for it in loaded.document.layers] == ["r"]
    assert "“b”" in loaded.notes[0] and loaded.foreign


def test_a_checksum_that_fails_is_damage(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    members = {"data/r.png": png_of(RED), "data/b.png": to_png_bytes(noise)}
    path = broken_inside(only(tmp_path / "other.ora", layer("b") + layer("r"), members), "data/b.png")
    loaded = project.load(path)
    assert loaded.document.colour_at(5, 5) == RED and "left out" in loaded.notes[0]


@pytest.mark.parametrize("traced", [True, False])
def test_what_is_only_traced_never_becomes_part_of_a_drawing(traced: bool, tmp_path: Path) -> None:
    """The merged picture serves a sketch as well, but not where a photo below it is in it."""
    document = Document.new("sketch", 60, 40)
    lines = next(it for it in document.layers if it.role is Role.LINES)
    document.select(lines.id)
    document.paste(np.full((5, 5, 4), (0, 0, 0, 255), np.uint8), 3, 3)
    hints = next(it for it in document.layers if it.role is Role.HINTS)
    document.select(hints.id)
    document.paste(np.full((5, 5, 4), (255, 0, 0, 255), np.uint8), 30, 30)
    if traced:
        document.add_layer(Role.REFERENCE, "photo", np.full((40, 60, 3), (0, 90, 0), np.uint8))
    project.save(document, tmp_path / "ours.ora")
    members = members_of(tmp_path / "ours.ora")
    roles = json.loads(members[project.NOTES])["roles"]
    (left_out,) = (name for name, role in roles.items() if role == Role.HINTS)
    del members[left_out]
    with zipfile.ZipFile(tmp_path / "ours.ora", "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    loaded = project.load(tmp_path / "ours.ora")
    found = loaded.document.picture()
    assert np.array_equal(found.lines, document.picture().lines) and loaded.foreign
    assert ("one layer" in loaded.notes[0]) != traced
    assert loaded.document.kind == "sketch"
    assert any(it.role is Role.REFERENCE for it in loaded.document.layers) == traced
    assert (loaded.document.colour_at(32, 32) == RED) != traced


def test_all_that_is_missing_is_in_one_sentence(tmp_path: Path) -> None:
    stack = "".join(f'<layer name="{n}" src="data/{n}.png"/>' for n in range(9)) + layer("r")
    loaded = project.load(only(tmp_path / "other.ora", stack, {"data/r.png": png_of(RED)}))
    assert len(loaded.notes) == 1 and "6 more" in loaded.notes[0] and len(loaded.notes[0]) < 250


# --- by content, not by name -------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "BMP", "PNG"])
@pytest.mark.parametrize("named", ["png", "jpg", "dat"])
def test_layers_are_read_by_content(form: str, named: str, tmp_path: Path) -> None:
    stack = f'<layer name="p" src="data/p.{named}" x="30"/>' + layer("r")
    members = {"data/r.png": png_of(RED), f"data/p.{named}": coded(form), **MERGED}
    document = project.load(only(tmp_path / "other.ora", stack, members)).document
    assert [it.name for it in document.layers] == ["r", "p"]
    assert document.colour_at(5, 5) == RED and document.colour_at(50, 5) == pytest.approx(BLUE, abs=3)
    grouped = project.load(only(tmp_path / "grouped.ora", f"<stack>{stack}</stack>", {**members, **_no}))
    assert grouped.document.colour_at(50, 5) == pytest.approx(BLUE, abs=3)


_no = {project.MERGED: b"not this time"}


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_layer_that_lies_on_its_side_is_as_large_as_it_is_shown(form: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    members = {"data/p.png": coded(form, size=(40, 60), exif=exif)}
    for stack in (layer("p"), f"<stack>{layer('p')}</stack>"):
        document = project.load(only(tmp_path / "other.ora", stack, members)).document
        assert document.colour_at(58, 38) == pytest.approx(BLUE, abs=3)


# --- where layers lie in the file --------------------------------------------------------------------


@pytest.mark.parametrize("path", ["./data/r.png", "x/../data/r.png", "./x/../data/./r.png", "data//r.png"])
def test_paths_that_stay_inside_are_followed(path: str, tmp_path: Path) -> None:
    stack = f'<layer name="r" src="{path}"/>'
    loaded = project.load(only(tmp_path / "other.ora", stack, {"data/r.png": png_of(RED)}))
    assert loaded.notes == [] and loaded.document.colour_at(5, 5) == RED


@pytest.mark.parametrize(
    "path", ["../r.png", "data/../../r.png", "/data/r.png", r"..\r.png", "C:/r.png", "file:///r.png"]
)
@pytest.mark.parametrize("around", ["{}", "<stack>{}</stack>"])
def test_paths_that_lead_outside_are_refused(path: str, around: str, tmp_path: Path) -> None:
    stack = around.format(f'<layer name="r" src="{path}"/>') + layer("r")
    members = {"data/r.png": png_of(RED), **MERGED}
    with pytest.raises(PictureError, match="outside"):
        project.load(only(tmp_path / "other.ora", stack, members))


def test_members_that_are_passed_over_are_told(tmp_path: Path) -> None:
    members = {"data/r.png": png_of(RED), "../elsewhere.png": GOOD}
    loaded = project.load(only(tmp_path / "other.ora", layer("r"), members))
    assert loaded.foreign and "holds more" in loaded.notes[0]


# --- doctypes ----------------------------------------------------------------------------------------

DOCTYPES = {
    "name": "<!DOCTYPE image>",
    "public": '<!DOCTYPE image PUBLIC "-//ORA//EN" "http://example.org/ora.dtd">',
    "system": '<!DOCTYPE image SYSTEM "file:///etc/passwd">',
    "elements": "<!DOCTYPE image [<!ELEMENT image (stack)><!ATTLIST image w CDATA #REQUIRED>]>",
}
MEANT = {
    "entity": '<!DOCTYPE image [<!ENTITY a "r">]>',
    "parameter entity": '<!DOCTYPE image [<!ENTITY % a "r">]>',
    "outside entity": '<!DOCTYPE image [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "defaults": '<!DOCTYPE image [<!ATTLIST layer opacity CDATA "0.5">]>',
}


@pytest.mark.parametrize("doctype", list(DOCTYPES))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_without_entities_is_skipped(doctype: str, encoding: str, tmp_path: Path) -> None:
    loaded = project.load(_typed(tmp_path / "other.ora", DOCTYPES[doctype], encoding=encoding))
    assert loaded.notes == [] and loaded.document.colour_at(5, 5) == RED
    assert loaded.document.layers[0].name == "r & ä"


@pytest.mark.parametrize("doctype", list(MEANT))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_stay_refused(doctype: str, encoding: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="damaged"):
        project.load(_typed(tmp_path / "other.ora", MEANT[doctype], encoding=encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("doctype", ["", *DOCTYPES.values()])
def test_entities_that_nobody_declared_are_refused(doctype: str, encoding: str, tmp_path: Path) -> None:
    """They would vanish: behind a declaration that lies elsewhere nothing says so."""
    with pytest.raises(PictureError, match="damaged"):
        project.load(_typed(tmp_path / "other.ora", doctype, "r&eacute;", encoding=encoding))


def _typed(path: Path, doctype: str, name: str = "r &amp; &#228;", encoding: str = "utf-8") -> Path:
    stack = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}{HEAD}<stack><layer name="{name}" '
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("stack.xml", f'{stack}src="data/r.png"/></stack></image>'.encode(encoding))
        file.writestr("data/r.png", png_of(RED))
    return path


# --- numbers -----------------------------------------------------------------------------------------

UNDERSTOOD = {"0.5": 0.5, "0,5": 0.5, " 0.25 ": 0.25, "1,0": 1.0, "1.0000001": 1.0, "0": 0.0, "5e-1": 0.5}
TAKEN_FOR_1 = ["half", "", "nan", "NaN", "inf", "-inf", "2", "-1", "50%", "0,5,5", "1_0", "0.5.5"]


@pytest.mark.parametrize("written", list(UNDERSTOOD))
def test_opacities_with_comma_or_point_are_numbers(written: str, tmp_path: Path) -> None:
    loaded = project.load(ora(tmp_path / "other.ora", layer("r", f'opacity="{written}"')))
    assert loaded.document.layers[0].opacity == UNDERSTOOD[written] and loaded.notes == []


@pytest.mark.parametrize("written", TAKEN_FOR_1)
@pytest.mark.parametrize("where", ["layer", "group", "stack"])
def test_opacities_that_are_no_number_are_1_and_said(written: str, where: str, tmp_path: Path) -> None:
    path, how = tmp_path / "other.ora", f'opacity="{written}"'
    if where == "layer":
        ora(path, layer("b", how) + layer("r"))
    elif where == "group":
        ora(path, f'<stack name="b" {how}>{layer("b")}</stack>' + layer("r"))
    else:
        ora(path, layer("b")).write_bytes(b"")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("stack.xml", f'{HEAD}<stack name="b" {how}>{layer("b")}</stack></image>')
            file.writestr("data/b.png", GOOD)
    loaded = project.load(path)
    assert loaded.document.colour_at(5, 5) == BLUE
    (said,) = [note for note in loaded.notes if "pacity" in note]
    assert "“b”" in said and loaded.foreign


def test_places_with_comma_are_numbers_and_what_is_none_is_said(tmp_path: Path) -> None:
    stack = layer("b", 'x="30,0" y="-0,0"') + layer("r")
    image = '<image w="60,0" h="40.0">'
    loaded = project.load(ora(tmp_path / "other.ora", stack, image=image))
    assert loaded.notes == []
    assert [loaded.document.colour_at(x, 5) for x in (5, 50)] == [RED, BLUE]
    for written in ("here", "nan", "inf", ""):
        stack = layer("b", f'x="{written}"') + layer("r")
        loaded = project.load(ora(tmp_path / "other.ora", stack))
        assert loaded.document.colour_at(5, 5) == BLUE
        assert len(loaded.notes) == 1 and "“b”" in loaded.notes[0]
    loaded = project.load(ora(tmp_path / "other.ora", layer("b", 'x="30.5"') + layer("r")))
    assert [loaded.document.colour_at(x, 5) for x in (5, 50)] == [RED, BLUE]
    assert len(loaded.notes) == 1 and "“b”" in loaded.notes[0]


def test_a_visibility_that_is_none_is_said(tmp_path: Path) -> None:
    loaded = project.load(ora(tmp_path / "other.ora", layer("b", 'visibility="perhaps"') + layer("r")))
    assert loaded.document.colour_at(5, 5) == BLUE
    assert len(loaded.notes) == 1 and "“b”" in loaded.notes[0]


def test_what_was_damaged_is_whole_again_once_saved(tmp_path: Path) -> None:
    loaded = project.load(with_damage(tmp_path / "other.ora", layer("b") + layer("r"), "missing"))
    project.save(loaded.document, tmp_path / "ours.ora")
    again = project.load(tmp_path / "ours.ora")
    assert again.notes == [] and np.array_equal(again.document.picture_flat(), loaded.document.picture_flat())


def test_flattening_tells_how_far_it_is_and_can_be_ended(tmp_path: Path) -> None:
    path = ora(tmp_path / "other.ora", f"<stack>{layer('g')}{layer('b', HIDDEN)}</stack>" + layer("r"))
    told: list[tuple[int, int]] = []
    project.load(path, lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]

    class EndedError(Exception):
        pass

    def end(done: int, _total: int) -> None:
        if done:
            raise EndedError

    with pytest.raises(EndedError):
        project.load(path, end)
