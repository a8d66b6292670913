"""One drawing in several sets of colours: the hints, the files of sets and palettes, the command."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import desktop.__main__ as command_line
import engine
from desktop.colourways.command import translated
from desktop.colourways.hints import own_colours, placed, recoloured
from desktop.colourways.palette_files import read_colours
from desktop.colourways.photos import main_colours
from desktop.colourways.sets import ColourSet, from_notes, own_in, read_sets, shuffled, to_notes
from desktop.colourways.sheet import Made, write_all
from desktop.paint.editing.document import Document
from desktop.paint.files import project
from desktop.paint.files.project import load
from desktop.support.file_work import Cancelled
from engine.data.messages import Picture, Pixels
from engine.data.picture import read
from engine.errors import PictureError
from tests.desktop.colourways.pdf_page import only_page
from tests.desktop.palettes import FILES
from tests.desktop.styled_models import write_styled

RED, BLUE, GREEN, GOLD = (200, 30, 40), (30, 60, 180), (40, 140, 60), (220, 180, 60)


def two_hints() -> Pixels:
    """A large red hint, a smaller blue one, a mixture between them."""
    hints = np.zeros((64, 64, 4), np.uint8)
    hints[8:40, 8:56] = (*RED, 255)
    hints[41:56, 8:56] = (*BLUE, 255)
    hints[40, 8:56] = (115, 45, 110, 255)
    hints[7, 8:56] = (*RED, 90)
    return hints


# --- hints ---------------------------------------------------------------------------------------


def test_own_colours_are_what_was_painted_and_the_largest_comes_first() -> None:
    hints = two_hints()
    hints[40] = 0
    assert own_colours(hints) == (RED, BLUE)
    assert own_colours(np.zeros((8, 8, 4), np.uint8)) == ()


def test_colours_keep_their_places_whichever_covers_most() -> None:
    red, blue, green, yellow = (200, 30, 30), (20, 60, 180), (30, 160, 60), (240, 200, 60)
    assert placed((blue, red), []) == (blue, red)
    assert placed((blue, (198, 33, 30)), [(red, blue)]) == ((198, 33, 30), blue)
    assert placed((green, red), [(red, blue)]) == (red, green)  # instead of the blue that is gone
    assert placed((blue,), [(red, blue)]) == (red, blue)
    assert placed((green, blue, red), [(red, blue)]) == (red, blue, green)
    assert placed((red, green), [(blue, yellow), (green, red), (red, blue)]) == (green, red)
    assert placed((), [(red, blue)]) == ()
    many = tuple((level, 255 - level, 0) for level in range(0, 255, 15))
    assert len(placed(many, [(red, blue)])) == 16


def test_the_drawings_colours_are_noted_with_sets_and_nonsense_is_passed_over() -> None:
    own = ((200, 30, 30), (20, 60, 180))
    notes = json.loads(json.dumps(to_notes([ColourSet("a", own)], own)))
    assert own_in(notes) == own and from_notes(notes) == (ColourSet("a", own),)
    for nonsense in (None, 3, ["#12"], [3], ["#102030"] * 1000, {"own": []}):
        assert own_in({**notes, "own": nonsense}) == (), nonsense


def test_hints_take_other_colours_and_keep_their_place_and_opacity() -> None:
    hints = two_hints()
    made = recoloured(hints, (RED, BLUE), (GREEN, GOLD))
    assert (made[..., 3] == hints[..., 3]).all()
    assert (made[20, 20, :3] == GREEN).all() and (made[50, 20, :3] == GOLD).all()
    assert (made[7, 20, :3] == GREEN).all()
    halfway = np.abs(made[40, 20, :3].astype(int) - (np.array(GREEN) + GOLD) / 2)
    assert halfway.max() <= 1
    assert (made[hints[..., 3] == 0] == hints[hints[..., 3] == 0]).all()


def test_the_drawings_own_colours_leave_every_byte_and_missing_ones_stay() -> None:
    hints = two_hints()
    assert np.array_equal(recoloured(hints, (RED, BLUE), (RED, BLUE)), hints)
    assert (recoloured(hints, (RED, BLUE), (GREEN,))[50, 20, :3] == BLUE).all()


# --- sets ----------------------------------------------------------------------------------------


def test_shuffled_sets_differ_and_the_same_seed_draws_the_same() -> None:
    sets = shuffled((RED, BLUE, GREEN, GOLD), 2, 12, seed=5)
    assert len({one.colours for one in sets}) == 12
    assert all(len(set(one.colours)) == 2 for one in sets)
    assert sets == shuffled((RED, BLUE, GREEN, GOLD), 2, 12, seed=5)
    assert sets != shuffled((RED, BLUE, GREEN, GOLD), 2, 12, seed=6)
    assert len(shuffled((RED, BLUE), 1, 12)) == 2


def test_sets_come_back_as_they_were_written(tmp_path: Path) -> None:
    sets = ColourSet("Poppy", (RED, BLUE)), ColourSet("Meer", (GREEN,), 7), ColourSet("c", (GOLD,), "matt")
    file = tmp_path / "sets.json"
    file.write_text(json.dumps(to_notes(sets)), "utf-8")
    assert read_sets(file) == sets


@pytest.mark.parametrize(
    "notes",
    [
        [],
        {"sets": []},
        {"sets": [{"colours": ["#fff"]}] * 17},
        {"format": 2, "sets": [{"colours": ["#fff"]}]},
        {"format": True, "sets": [{"colours": ["#fff"]}]},
        {"sets": [{"colours": ["red"]}]},
        {"sets": [{"colours": [7]}]},
        {"sets": [{"colours": ["#fff"] * 65}]},
        {"sets": [{"name": " ", "colours": ["#fff"]}]},
        {"sets": [{"name": "a\nb", "colours": ["#fff"]}]},
        {"sets": [{"colours": ["#fff"], "style": -1}]},
        {"sets": [{"colours": ["#fff"], "style": [1]}]},
    ],
)
def test_notes_that_make_no_sense_are_refused(notes: object) -> None:
    with pytest.raises(ValueError, match=r"^(it|set|its|the|a) "):
        from_notes(notes)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b" " * (2 << 20),
        b'{"sets": [{"colours": ["#fff"], "style": ' + b"9" * 5000 + b"}]}",
    ],
)
def test_a_damaged_file_of_sets_gets_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sets.json"
    file.write_bytes(content)
    with pytest.raises(PictureError, match=r"^“sets\.json” [^(_]*choose another\.$"):
        read_sets(file)


# --- palette files -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_palettes_of_other_programs_are_read(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(FILES[name])
    found = read_colours(file)
    assert found[0] == RED
    assert (0, 0, 0) in found
    assert max(min(colour) for colour in found) >= 254


@pytest.mark.parametrize("name", ["a.aco", "a.ase"])
def test_a_palette_that_is_cut_short_anywhere_gets_a_sentence(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    for length in range(len(FILES[name]) - 3):
        file.write_bytes(FILES[name][:length])
        with pytest.raises(PictureError, match="choose another"):
            read_colours(file)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gpl", b"200 30 40\n"),
        ("a.gpl", b"GIMP Palette\n300 0 0\n"),
        ("a.gpl", b"GIMP Palette\n1 2\n"),
        ("a.gpl", b"GIMP Palette\n"),
        ("a.hex", b"#12345\n"),
        ("a.hex", b"\xff\xff"),
        ("a.hex", b"#" * (2 << 20)),
        ("a.aco", struct.pack(">HH", 1, 1) + struct.pack(">5H", 3, 1, 2, 3, 4)),
        ("a.ase", b"ASEF" + struct.pack(">HHI", 1, 0, 1) + struct.pack(">HI", 1, 0xFFFFFFFF)),
        ("a.png", b""),
    ],
)
def test_a_file_that_is_no_palette_gets_a_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(PictureError, match=name):
        read_colours(file)


# --- the command ---------------------------------------------------------------------------------


def call(monkeypatch: pytest.MonkeyPatch, *words: object, command: str = "colourways") -> int:
    monkeypatch.setattr(sys, "argv", ["underpaint", command, *map(str, words)])
    try:
        command_line.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_photo_gives_each_of_its_colours_once_and_small_ones_too(tmp_path: Path) -> None:
    """A large sky with grain, a meadow, a small red hut and a small sun."""
    photo = np.zeros((300, 450, 3))
    sky, meadow, hut, sun = (120, 170, 215), (70, 110, 50), (170, 50, 40), (250, 210, 90)
    photo[:170], photo[170:] = sky, meadow
    photo[190:240, 150:210], photo[30:80, 320:370] = hut, sun
    photo += np.random.default_rng(1).normal(0, 8, photo.shape)
    Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(tmp_path / "hut.png")
    found = main_colours(tmp_path / "hut.png")
    assert len(found) == 4
    for colour, wanted in zip(found, (sky, meadow, hut, sun), strict=True):
        assert np.abs(np.subtract(colour, wanted)).max() <= 3


def test_the_sheet_is_written_of_a_photos_colours(
    tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    """As in the window."""
    photo, out = tmp_path / "poppy.JPG", tmp_path / "out"
    halves = np.full((60, 80, 3), GREEN, np.uint8)
    halves[:, 50:] = GOLD
    Image.fromarray(halves).save(photo, "JPEG", quality=100, subsampling=0)
    shoe, model = drawing(tmp_path / "shoe.ora", two_hints()), tiny_models / "tiny sketch.safetensors"
    words = "--sets", photo, "--model", model, "--count", 4
    assert call(monkeypatch, shoe, out, *words, "--out", out) == call(monkeypatch, shoe, *words) == 2
    assert call(monkeypatch, shoe, "--out", out, *words) == 0
    assert len(list(out.glob("0*.png"))) == 4
    used = set(only_page(out / "colourways.pdf").filled[1:])
    assert len(used) == 2
    for colour in (GREEN, GOLD):
        assert min(np.abs(np.subtract(colour, other)).max() for other in used) <= 2


def test_no_photo_is_written_over_and_no_file_taken_for_a_folder(
    tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    halves = np.full((60, 80, 3), GREEN, np.uint8)
    halves[:, 50:] = GOLD
    (tmp_path / "photos").mkdir()
    shoe, photo = drawing(tmp_path / "shoe.ora", two_hints()), tmp_path / "photos" / "02.png"
    Image.fromarray(halves).save(photo)
    before = photo.read_bytes()
    monkeypatch.setattr(engine, "open", lambda *_words, **_named: pytest.fail("it is known before"))
    words = "--sets", photo, "--model", tiny_models / "tiny sketch.safetensors", "--count", 4
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    for out in (tmp_path / "photos", tmp_path / "link"):
        assert call(monkeypatch, shoe, "--out", out, *words) == 1
        assert "“02.png” would be written over; choose another folder." in capsys.readouterr().err
    assert call(monkeypatch, shoe, "--out", shoe, *words) == 1
    assert "“shoe.ora” is no folder; choose another." in capsys.readouterr().err
    assert [file.name for file in photo.parent.iterdir()] == ["02.png"] and photo.read_bytes() == before


def test_a_photo_of_all_colours_gives_twelve(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert len(set(main_colours(tmp_path / "noise.png"))) == 12


def drawing(path: Path, hints: Pixels) -> Path:
    lines = np.full((64, 64), 255, np.uint8)
    lines[6:58, 6] = 0
    project.save(Document.from_planes("sketch", Picture(lines=lines, hints=hints)), path)
    return path


def test_a_sheet_and_single_pictures_are_written(
    tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    shoe, sets, out = drawing(tmp_path / "shoe.ora", two_hints()), tmp_path / "sets.json", tmp_path / "out"
    own = own_colours(two_hints())
    listed = [ColourSet("own", own), ColourSet("../up", (GREEN, GOLD)), ColourSet("3", (GOLD,))]
    sets.write_text(json.dumps(to_notes(listed)), "utf-8")
    model = tiny_models / "tiny sketch.safetensors"
    assert call(monkeypatch, shoe, out, "--sets", sets, "--model", model) == 0
    pictures = sorted(out.glob("0*.png"))
    assert [file.name for file in pictures] == ["01 own.png", "02 _up.png", "03.png"]
    assert {file.parent for file in tmp_path.rglob("*.png")} == {out}
    own_one, other, _ = (read(file).pixels for file in pictures)
    assert own_one.shape == (64, 64, 3) and (own_one != other).any()
    plain = tmp_path / "plain.png"
    assert call(monkeypatch, model, shoe, plain, command="translate") == 0
    assert np.array_equal(read(plain).pixels, own_one)  # as the window sees it
    assert read(out / "colourways.png").pixels.std() > 1
    sheet, page = read(out / "colourways.png").pixels, only_page(out / "colourways.pdf")
    assert page.size[0] == pytest.approx(210 / 25.4 * 72, abs=1)
    assert page.size[1] / page.size[0] == pytest.approx(sheet.shape[0] / sheet.shape[1], rel=0.01)
    assert len(page.pictures) == 3
    for drawn, file in zip(page.pictures, pictures, strict=True):
        assert np.abs(drawn.astype(int) - read(file).pixels).mean() < 6, "but for how JPEG rounds"
    paper, *swatches = page.filled
    kept = own[1:]
    assert paper == (255, 255, 255)
    assert swatches == [*own, GREEN, GOLD, *own[2:], GOLD, *kept]
    assert page.letters == [len(text) for text in ("shoe", "1  own", "2  ../up", "3")]


@pytest.mark.parametrize(
    "beginning", ["Of the summer by the sea, for children, with laces, in ", "Sixty" * 11]
)
def test_names_stand_on_the_sheet_to_their_last_letter(tmp_path: Path, qapp: object, beginning: str) -> None:
    preview, looks = np.full((64, 64, 3), 255, np.uint8), []
    for ending in ("blue", "grey"):
        names = [f"{beginning}{ending}", "short"]
        write_all([Made(ColourSet(name, (RED,)), preview) for name in names], "shoe", tmp_path / ending)
        looks.append(read(tmp_path / ending / "colourways.png").pixels)
    assert (looks[0] != looks[1]).any()
    under = slice(-looks[0].shape[0] // 3, None)
    assert (looks[0][-1] == 255).all() and (looks[0][under] < 128).any(), "what is wrapped has room"


@pytest.mark.parametrize("before", ["no folder", "a folder", "a folder with a sheet"])
def test_what_is_stopped_leaves_no_part_of_a_folder(tmp_path: Path, qapp: object, before: str) -> None:
    folder, preview = tmp_path / "colourways", np.full((64, 64, 3), 255, np.uint8)
    made = [Made(ColourSet(name, (RED,)), preview) for name in ("one", "two")]
    if before != "no folder":
        folder.mkdir()
    if before == "a folder with a sheet":
        write_all(made[:1], "shoe", folder)

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_all(made, "shoe", folder, stop)
    left = sorted(file.name for file in folder.iterdir()) if folder.exists() else None
    sheet = ["01 one.png", "colourways.pdf", "colourways.png"]
    assert left == {"no folder": None, "a folder": sheet, "a folder with a sheet": sheet}[before]


def test_a_sheet_shows_the_colours_that_the_drawing_has_in_a_set(
    tmp_path: Path, tiny_models: Path, qapp: object
) -> None:
    """Where a set has fewer colours the drawing's own stay, and those that it has too many are nowhere."""
    document = load(drawing(tmp_path / "shoe.ora", two_hints())).document
    listed = (ColourSet("few", (GREEN,)), ColourSet("many", (GREEN, GOLD, RED)))
    model = engine.open(tiny_models / "tiny sketch.safetensors")
    few, many = translated(model, document, own_colours(two_hints()), listed)
    assert few.colours.colours == (GREEN, own_colours(two_hints())[1], *own_colours(two_hints())[2:])
    assert many.colours.colours[:2] == (GREEN, GOLD)
    assert len(many.colours.colours) == len(own_colours(two_hints()))


def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path: Path,
    tiny_models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sets, bare = tmp_path / "a.hex", drawing(tmp_path / "bare.ora", np.zeros((64, 64, 4), np.uint8))
    sets.write_bytes(FILES["a.hex"])
    shoe = drawing(tmp_path / "shoe.ora", two_hints())
    labels = tiny_models / "tiny labels.safetensors"
    for words, said in (
        ((bare, tmp_path / "out", "--sets", sets), "has no colour hints"),
        ((shoe, tmp_path / "out", "--sets", sets), "which model it is for"),
        ((shoe, tmp_path / "out", "--sets", sets, "--model", labels), "neither colour hints nor styles"),
        ((sets, tmp_path / "out", "--sets", sets), "no .ora project"),
    ):
        assert call(monkeypatch, *words) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_styles_alone_make_colourways_of_a_drawing_without_hints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], qapp: object
) -> None:
    """Of a model that knows no hints at all: the sets are its styles, by name or by number."""
    model = write_styled(tmp_path / "styles.safetensors", hints=False, inputs=1)
    bare, sets, out = (tmp_path / name for name in ("bare.ora", "sets.json", "out"))
    drawing(bare, np.zeros((64, 64, 4), np.uint8))
    listed = [ColourSet("a", (), "suede"), ColourSet("b", (), "patent"), ColourSet("c", (RED,), 7)]
    sets.write_text(json.dumps(to_notes(listed)), "utf-8")
    assert call(monkeypatch, bare, out, "--sets", sets, "--model", model) == 0
    made = [read(file).pixels for file in sorted(out.glob("0*.png"))]
    for style, pixels in zip(("suede", "patent", "7"), made, strict=True):
        plain = tmp_path / f"{style}.png"
        assert call(monkeypatch, model, bare, plain, "--style", style, command="translate") == 0
        assert np.array_equal(read(plain).pixels, pixels), style
    assert (made[0] != made[1]).any() and (made[0] != made[2]).any()
    sets.write_text(json.dumps(to_notes([ColourSet("a", (), "velvet")])), "utf-8")
    capsys.readouterr()
    assert call(monkeypatch, bare, tmp_path / "none", "--sets", sets, "--model", model) == 1
    assert "velvet" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
