"""A model with another card and with drawings: its weights stay, strangers' texts are tamed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.card import LONGEST, Card, from_json, to_json
from engine.data.messages import Picture
from engine.data.picture import to_png_bytes
from engine.errors import ModelError
from engine.models import bundle, drawings, recarding
from engine.models.drawings import KEY, MOST, MOST_EDGE, SampleDrawing
from tests.faults import Faults, at_work, every_fault

SETTINGS = {"levels": 5, "width": 4, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": False}
USUAL: dict[str, Any] = {"input": "sketch", "hints": True, "line_width": 1.5, "size": (64, 64)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model for sketches."""
    from engine.networks import build

    file = tmp_path_factory.mktemp("models") / "plain.safetensors"
    bundle.write(file, Card("plain", "unet", SETTINGS, **USUAL), build("unet", **SETTINGS).state_dict())
    return file


def sketch(title: str = "A shoe", width: int = 20, height: int = 12) -> SampleDrawing:
    rng = np.random.default_rng(1)
    lines = rng.integers(0, 256, (height, width), np.uint8)
    hints = rng.integers(0, 256, (height, width, 4), np.uint8)
    hints[0, 0, 3] = 0  # some of it is clear
    return SampleDrawing(title, Picture(lines=lines, hints=hints))


def weights(file: Path) -> bytes:
    content = file.read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]


def test_another_card_and_drawings_leave_the_weights_byte_for_byte(plain: Path, tmp_path: Path) -> None:
    card = replace(bundle.read_card(plain), name="Mine", licence="CC0 1.0", data="Forty photos of mine.")
    file, steps = tmp_path / "mine.safetensors", []
    recarding.written(plain, file, card, [sketch()], lambda *at: steps.append(at))
    assert bundle.read_card(file) == card and weights(file) == weights(plain) and steps[-1][0] == steps[-1][1]
    (found,) = drawings.read(file, "sketch")
    assert found.title == "A shoe"
    np.testing.assert_array_equal(found.picture.lines, sketch().picture.lines)
    alpha = sketch().picture.hints[..., 3:] > 0
    np.testing.assert_array_equal(found.picture.hints * alpha, sketch().picture.hints * alpha)
    bundle.read(file)  # as the engine does
    recarding.written(file, file, replace(card, name="Yours"))  # in place; drawings stay
    assert bundle.read_card(file).name == "Yours" and len(drawings.read(file, "sketch")) == 1
    recarding.written(file, file, card, [])
    assert KEY not in bundle.read_notes(file)


def test_a_card_of_another_network_and_other_styles_are_refused(plain: Path, tmp_path: Path) -> None:
    card = bundle.read_card(plain)
    for other in (replace(card, hints=False), replace(card, size=(32, 32)), replace(card, kind="resnet")):
        with pytest.raises(ModelError, match="another one"):
            recarding.written(plain, tmp_path / "no.safetensors", other)
    assert not list(tmp_path.iterdir())


def test_too_many_and_too_large_drawings_are_refused(plain: Path, tmp_path: Path) -> None:
    card = bundle.read_card(plain)
    with pytest.raises(ModelError, match="at most 8"):
        recarding.written(plain, tmp_path / "no.safetensors", card, [sketch()] * (MOST + 1))
    with pytest.raises(ModelError, match="more than 2 MB"):
        recarding.written(plain, tmp_path / "no.safetensors", card, [sketch("", 900, 900)])


def png(height: int, width: int, *channels: int) -> str:
    return base64.b64encode(to_png_bytes(np.zeros((height, width, *channels), np.uint8))).decode()


HOSTILE: list[Any] = [
    [],
    {},
    5,
    "x",
    [5],
    [{"title": "a"}],
    [{"planes": {}}],
    [{"planes": {"lines": 5}}],
    [{"planes": {"lines": "no base64 !"}}],
    [{"planes": {"lines": base64.b64encode(b"no picture").decode()}}],
    [{"planes": {"pixels": png(4, 4, 3)}}],  # of another kind of model
    [{"planes": {"hints": png(4, 4, 4)}}],  # hints of nothing
    [{"planes": {"lines": png(4, 4), "hints": png(4, 5, 4)}}],
    [{"planes": {"lines": png(4, 4), "../hints": png(4, 4, 4)}}],
    [{"planes": {"lines": png(1, MOST_EDGE + 1)}}],
]


@pytest.mark.parametrize("entries", HOSTILE, ids=lambda entries: str(entries)[:40])
def test_drawings_of_strangers_that_make_no_sense_are_left_out(
    plain: Path, tmp_path: Path, entries: Any
) -> None:
    file, card = tmp_path / "strange.safetensors", bundle.read_card(plain)
    bundle.recard(plain, file, card, {KEY: json.dumps(entries)})
    assert drawings.read(file, "sketch") == [] and bundle.read_card(file) == card


def test_a_bomb_is_refused_by_its_header(plain: Path, tmp_path: Path) -> None:
    header = bytearray(base64.b64decode(png(4, 4)))
    header[16:24] = (100_000).to_bytes(4, "big") * 2  # IHDR: as if it were that wide and high
    entries = [{"planes": {"lines": base64.b64encode(bytes(header)).decode()}}]
    file = tmp_path / "bomb.safetensors"
    bundle.recard(plain, file, bundle.read_card(plain), {KEY: json.dumps(entries)})
    assert drawings.read(file, "sketch") == []
    bundle.recard(plain, file, bundle.read_card(plain), {KEY: "[" * 100_000})
    assert drawings.read(file, "sketch") == []


def test_titles_that_could_command_a_terminal_are_dropped(plain: Path, tmp_path: Path) -> None:
    planes = {"lines": png(4, 4)}
    titles = ["fine", "no\x1b[2J", "x" * 101, 5]
    file = tmp_path / "titles.safetensors"
    notes = {KEY: json.dumps([{"title": title, "planes": planes} for title in titles])}
    bundle.recard(plain, file, bundle.read_card(plain), notes)
    assert [one.title for one in drawings.read(file, "sketch")] == ["fine", "", "", ""]


def test_signs_that_command_a_terminal_or_turn_writing_round_become_spaces(plain: Path) -> None:
    card = bundle.read_card(plain)
    fields = json.loads(to_json(card)) | {"name": "a\x1b]0;b\x07\u202et\nt", "licence": "one\ntwo\x00"}
    read = from_json(json.dumps(fields))
    assert (read.name, read.licence) == ("a ]0;b  t t", "one\ntwo ")
    joined = "न\u200dव نام\u200cه 👩\u200d🎨"  # joiners are part of how words are written
    assert from_json(json.dumps(fields | {"name": joined})).name == joined


@pytest.mark.parametrize("name", LONGEST)
def test_a_text_without_end_is_no_card(plain: Path, name: str) -> None:
    fields = json.loads(to_json(bundle.read_card(plain))) | {name: "x" * (LONGEST[name] + 1)}
    with pytest.raises(ModelError, match="makes no sense"):
        from_json(json.dumps(fields))


def test_a_card_that_a_file_cannot_hold_is_refused_and_nothing_is_written(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MOST_HEADER_BYTES", plain.stat().st_size)
    with pytest.raises(ModelError, match="longer than a model file can hold"):
        bundle.recard(plain, tmp_path / "no.safetensors", bundle.read_card(plain), {"x": "y" * (1 << 20)})
    assert not list(tmp_path.iterdir())


def test_a_fault_leaves_the_model_that_is_to_have_other_seeds_as_it_was_or_as_it_is_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.networks import build

    file = tmp_path / "model.safetensors"
    settings = SETTINGS | {"style": 2}
    bundle.write(file, Card("styled", "unet", settings, **USUAL), build("unet", **settings).state_dict())
    before = file.read_bytes()
    seeds = tuple((0.1 * number, -0.2) for number in range(8))

    def restyle() -> None:
        recarding.restyled(file, file, {"warm": (1.0, 0.5)}, seeds)

    with at_work(monkeypatch, Faults(tmp_path)) as seen:
        restyle()
    after = file.read_bytes()
    assert after != before
    assert bundle.read_card(file).seeded_styles == seeds
    for kind, at in every_fault(seen.done):
        file.write_bytes(before)
        failed = None
        with at_work(monkeypatch, Faults(tmp_path, kind, at)):
            try:
                restyle()
            except ModelError as error:
                failed = error
        # A folder that can't be flushed is told of when the new model has its name already.
        assert file.read_bytes() in ([before, after] if failed else [after]), (kind, at)
        assert failed is None or "can't be written" in str(failed)
        if kind != "kill":  # who is killed tidies nothing up
            assert [path.name for path in tmp_path.iterdir()] == [file.name], (kind, at)


def test_what_is_given_away_tells_nothing_of_this_computer(plain: Path) -> None:
    notes = {"task": "hints", "seed": 3, "validation": 0.2, "recipe": "usual"}
    private = {"from": "/home/me/secret", "command": "train /home/me", "digest": "/home/me", "host": "mine"}
    card = replace(bundle.read_card(plain), training=notes | private, scores={"l1": 0.1})
    given = recarding.to_give_away(card)
    assert given.training == notes and given.scores == {"l1": 0.1}
    assert "/home" not in to_json(given)
