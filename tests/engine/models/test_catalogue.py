from __future__ import annotations

import pytest

import resources
from engine.data.palette import Label, Palette, read_gpl, write_gpl
from engine.errors import ModelError, PictureError
from engine.models import bundle, catalogue

PALETTES = sorted(resources.path("palettes").glob("*.gpl"))


def test_bundled_models_come_first_and_broken_ones_say_why(tiny, home) -> None:
    (home / "models").mkdir()
    card, tensors = tiny(name="Zebra")
    bundle.write(home / "models" / "z.safetensors", card, tensors)
    (home / "models" / "broken.safetensors").write_bytes(b"nonsense")
    (home / "models" / "notes.txt").write_text("not a model")
    (home / "models" / ".hidden.safetensors").write_bytes(b"")
    listed = catalogue.entries()
    own = [entry for entry in listed if not entry.bundled]
    assert [entry.bundled for entry in listed] == sorted((entry.bundled for entry in listed), reverse=True)
    assert [entry.name for entry in own] == ["broken", "Zebra"]
    assert own[0].card is None and "no model file" in own[0].problem
    assert own[1].card == card and own[1].problem is None


def test_models_are_found_by_name_stem_and_path(tiny, home) -> None:
    file = catalogue.free_model_file("Zebra: the model?")
    assert file == home / "models" / "Zebra_ the model_.safetensors"
    bundle.write(file, *tiny(name="Zebra: the model?"))
    assert catalogue.free_model_file("Zebra: the model?").name == "Zebra_ the model_-2.safetensors"
    for wanted in ("zebra: the model?", "Zebra_ the model_", file, str(file)):
        assert catalogue.find(wanted) == file
    (home / "models" / "broken.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="no model file, or is cut short"):
        catalogue.find("broken")
    with pytest.raises(ModelError, match=r"no model “lion”; known are .*Zebra"):
        catalogue.find("lion")
    with pytest.raises(ModelError, match=r"no model file “~nobody-at-all/lion\.safetensors”"):
        catalogue.find("~nobody-at-all/lion.safetensors")  # a home that the system doesn't know
    with pytest.raises(ModelError, match=r"no model “~nobody-at-all”"):
        catalogue.find("~nobody-at-all")
    with pytest.raises(ModelError, match=r"no model file “lion\.safetensors”"):
        catalogue.find("lion.safetensors")


@pytest.mark.parametrize("name", ["", "...", "../../etc/passwd", "a/b\\c", "x" * 500])
def test_no_name_leaves_the_model_folder(name, home) -> None:
    file = catalogue.free_model_file(name)
    assert file.parent == home / "models"
    assert file.resolve().parent == (home / "models").resolve()
    assert not file.name.startswith(".")


def test_without_a_folder_only_bundled_models_are_listed() -> None:
    assert {entry.name for entry in catalogue.entries()} >= {"facades", "shoes"}
    assert all(entry.bundled and entry.problem is None for entry in catalogue.entries())


@pytest.mark.parametrize("file", PALETTES, ids=lambda file: file.stem)
def test_every_bundled_palette_is_sound_and_survives_writing(file, tmp_path) -> None:
    palette = read_gpl(file)
    assert palette.name == file.stem
    names = [label.name for label in palette.labels]
    of_facades = file.stem.startswith("facades")
    assert len(set(names)) == len(names) == (12 if of_facades else 9)
    assert len(set(map(tuple, palette.colours.tolist()))) == len(names)
    assert ("background" in names) == of_facades
    write_gpl(palette, tmp_path / "again.gpl")
    assert read_gpl(tmp_path / "again.gpl") == palette


def test_the_facade_model_paints_the_measured_palette() -> None:
    (entry,) = [entry for entry in catalogue.entries() if entry.name == "facades"]
    assert entry.card.palette == read_gpl(resources.path("palettes", "facades.gpl"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "not a GIMP palette"),
        ("GIMP Palette\n1 2 300 a\n", "Line 2 .* is no colour"),
        ("GIMP Palette\nx y z\n", "Line 2 .* is no colour"),
        ("GIMP Palette\n#\n", "has 0 colours"),
        ("GIMP Palette\n" + "1 2 3\n" * 300, "has 300 colours"),
    ],
)
def test_damaged_palettes_get_a_sentence(text, sentence, tmp_path) -> None:
    (tmp_path / "a.gpl").write_text(text)
    with pytest.raises(PictureError, match=sentence):
        read_gpl(tmp_path / "a.gpl")


def test_the_nearest_label_is_found_and_the_first_wins_a_tie() -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    palette = Palette(
        "p", tuple(Label(str(i), tuple(c)) for i, c in enumerate(rng.integers(0, 256, (9, 3)).tolist()))
    )
    pixels = rng.integers(0, 256, (40, 30, 3)).astype(np.uint8)
    pixels[:5] = palette.colours[rng.integers(0, 9, (5, 30))]
    distance = ((pixels[:, :, None].astype(int) - palette.colours.astype(int)) ** 2).sum(-1)
    assert (palette.indices(pixels) == distance.argmin(-1)).all()
    snapped, strangers = palette.snapped(pixels)
    assert strangers == 35 * 30 and (snapped == palette.colours[distance.argmin(-1)]).all()
    twins = Palette("t", (Label("a", (9, 9, 9)), Label("b", (9, 9, 9))))
    assert twins.indices(np.full((1, 1, 3), 9, np.uint8)).tolist() == [[0]]
