from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.data import tiff
from engine.data.picture import read


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (41, 70), (300, 17)])
def test_what_is_written_is_read_the_same(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "STRIP", 512)
    pixels = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    content = tiff.to_tiff_bytes(pixels[:, ::-1], lambda *_: None)
    assert np.array_equal(read(content).pixels, pixels[:, ::-1])
    with Image.open(io.BytesIO(content)) as image:
        assert (image.mode, image.size, image.info["compression"]) == (
            "RGB",
            size[::-1],
            "tiff_adobe_deflate",
        )


def test_it_is_packed_strip_by_strip_and_can_be_given_up_between_them() -> None:
    """No call holds Python for longer than a strip takes: what packs them lets others run."""
    pixels = np.zeros((1100, 1024, 3), np.uint8)
    steps: list[tuple[int, int]] = []
    tiff.to_tiff_bytes(pixels, lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]

    def give_up(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiff.to_tiff_bytes(pixels, give_up)


@pytest.mark.parametrize("meaning", [0, 1], ids=["white is zero", "black is zero"])
def test_grey_of_16_bits_is_no_negative_of_that_of_8(meaning: int) -> None:
    deep = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24) * 170
    whole, half = io.BytesIO(), io.BytesIO()
    Image.fromarray(deep).save(whole, "TIFF", tiffinfo={262: meaning})
    shallow = (deep >> 8).astype(np.uint8)  # which Pillow inverts as it writes
    Image.fromarray(shallow if meaning else 255 - shallow).save(half, "TIFF", tiffinfo={262: meaning})
    with Image.open(whole) as image:
        assert image.tag_v2[262] == meaning  # type: ignore[attr-defined]
    seen = read(whole.getvalue()).pixels
    assert np.array_equal(seen, read(half.getvalue()).pixels)


def test_of_many_pictures_only_the_first_is_looked_at() -> None:
    """A file of a few megabytes may have a hundred thousand; to count them takes minutes."""
    content = io.BytesIO()
    pictures = [Image.fromarray(np.full((3, 5, 3), number, np.uint8)) for number in (7, 8, 9)]
    pictures[0].save(content, "TIFF", save_all=True, append_images=pictures[1:])
    with Image.open(content) as image:
        image.seek(2)
        third = image.tag_v2._offset  # type: ignore[attr-defined]
    spoilt = content.getvalue()[:third]  # whoever goes on to the third falls over it
    reading = read(spoilt)
    assert reading.notes == ["It holds several pictures; the first was taken."]
    assert (reading.pixels == 7).all() and reading.pixels.shape == (3, 5, 3)


def test_what_has_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="too large"):
        tiff.to_tiff_bytes(np.zeros((9, 9, 3), np.uint8), lambda *_: None)
