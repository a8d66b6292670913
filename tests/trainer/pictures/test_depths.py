"""16 bits a channel: one answer for the whole data set to what is black and white, kept in the card."""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from engine.data import card, deep, picture
from engine.errors import ModelError
from tests.trainer.made_pictures import house, save
from tests.trainer.small_runs import small
from trainer.data import pairs
from trainer.dataset_check import check
from trainer.files import layouts
from trainer.pictures import depths, sources
from trainer.run import config

Deep = npt.NDArray[np.uint16]
COUNT = 6


def grey(seed: int, most: int, least: int = 0) -> Deep:
    light = np.array(Image.fromarray(house(seed)[1]).convert("L")).astype(np.float64) / 255
    return np.rint(least + light * (most - least)).astype(np.uint16)


def written(folder: Path, most: int, least: int = 0) -> Path:
    for seed in range(COUNT):
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey(seed, most, least)).save(folder / f"{seed}.png")
    return folder


def coloured_png(pixels: Deep) -> bytes:
    """A PNG file of 16 bits a channel in colour, which Pillow can't write."""
    height, width, channels = pixels.shape
    rows = pixels.astype(">u2").tobytes()
    stride = width * channels * 2
    lines = bytearray()
    for row in range(height):
        line = rows[row * stride : (row + 1) * stride]
        if row % 2:  # one of two rows filtered by the pixel to the left
            values = np.frombuffer(line, np.uint8).reshape(width, channels * 2)
            line = (
                np.diff(values, axis=0, prepend=np.zeros((1, channels * 2), np.uint8))
                .astype(np.uint8)
                .tobytes()
            )
        lines += bytes([row % 2]) + line
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6, 2: 4}[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(lines))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_coloured_files_are_read_in_full(channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (9, 13, channels)).astype(np.uint16)
    content = coloured_png(values)
    with picture.opened(content) as image:
        found = deep.values(image, content)
    assert found is not None and (found == values).all()
    colours = picture.read(content).colours
    shown = values if channels != 2 else values[..., :1]
    wanted = np.rint(shown[..., :3] * (255 / 4095))
    assert np.abs(colours.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize(
    ("most", "least", "levels"),
    [(4095, 0, (0, 4095)), (3900, 12, (0, 4095)), (1023, 0, (0, 1023)), (24000, 20000, (20000, 24000)),
     (16383, 0, (0, 16383)), (65535, 0, None)],
)  # fmt: skip
def test_one_answer_for_all(tmp_path: Path, most: int, least: int, levels: tuple[int, int] | None) -> None:
    data = pairs.find(written(tmp_path / "photos", most, least), task="grey", pattern="alone")
    found = data.pairs[0].b.levels
    if levels is None:
        assert found is None and not data.notes
        return
    assert found is not None and np.abs(np.array(found) - levels).max() <= (most - least) / 10
    assert f"{found[1]} white" in data.notes[0]
    for seed, pair in enumerate(data.pairs):
        a, b = pairs.load(pair)
        wanted = (grey(seed, most, least).astype(float) - found[0]) * 255 / (found[1] - found[0])
        assert np.abs(b[..., 0] - wanted.clip(0, 255)).max() <= 1 and b.std() > 20
        assert np.abs(a.astype(int) - b).max() <= 1
    said = [problem for problem in check.check(data) if problem.kind in ("converted", "levels")]
    assert not said


def test_a_dim_picture_stays_dim_among_others(tmp_path: Path) -> None:
    written(tmp_path / "photos", 4095)
    dim = grey(0, 400)
    Image.fromarray(dim).save(tmp_path / "photos" / "0.png")
    data = pairs.find(tmp_path, task="grey", pattern="alone")
    assert data.levels == (0, 4095) and pairs.load(data.pairs[0])[1].max() <= 26
    # By itself, on a canvas without a model, it is as light as 10 bits are.
    assert picture.read(tmp_path / "photos" / "0.png").pixels.max() > 70


def test_what_is_cut_off_is_said(tmp_path: Path) -> None:
    for seed in range(70):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(grey(seed % 9, 4095)[:64, :64]).save(tmp_path / "photos" / f"{seed:02d}.png")
    data = pairs.find(tmp_path, task="grey", pattern="alone")
    looked_at = {pair.b.file for pair in layouts.spread(data.pairs, depths.LOOKED_AT)}
    other = next(pair.b.file for pair in data.pairs if pair.b.file not in looked_at)
    Image.fromarray(grey(1, 60000)[:64, :64]).save(other)
    data = pairs.find(tmp_path, task="grey", pattern="alone")
    told = [problem.file for problem in check.check(data) if problem.kind == "levels"]
    assert told == [other]


def test_the_card_keeps_it_and_the_canvas_does_the_same(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(house(seed)[1], tmp_path / "set" / "colour" / f"{seed}.png")
    written(tmp_path / "set" / "grey", 30000, 20000)
    data = pairs.find(tmp_path / "set", task="image")
    if "grey" in data.direction.split("→")[1]:
        data = pairs.find(tmp_path / "set", task="image", swap=True)
    levels = data.pairs[0].a.levels
    assert levels is not None and data.levels == levels
    made = small(data, size=(64, 64), steps=1)
    assert config.from_json(config.to_json(made)) == made
    kept = card.from_json(card.to_json(made.card()))
    assert kept.levels == levels
    seen = picture.read(data.pairs[2].a.file, kept.levels).pixels
    assert (seen == sources.read(data.pairs[2].a)).all() and seen.std() > 20


def test_old_cards_still_read_and_wrong_levels_are_refused() -> None:
    plain = card.Card("a", "unet", {}, "image")
    fields = json.loads(card.to_json(plain))
    del fields["levels"]
    assert card.from_json(json.dumps(fields)) == plain
    for levels in ([1], [5, 5], [9, 3], [0, 70000], ["a", "b"], [0.5, 3], 7, "ab", [True, 5]):
        with pytest.raises(ModelError):
            card.from_json(json.dumps({**dataclasses.asdict(plain), "levels": levels}))
