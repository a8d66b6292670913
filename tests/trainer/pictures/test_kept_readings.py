"""While a folder is recognised, what was read of its pictures is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.data import picture
from tests.trainer.made_pictures import house, save
from trainer.data import pairs
from trainer.pictures import sources
from trainer.pictures.sources import Source


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file is decoded."""
    times, decode = Counter[str](), picture.read

    def counted(source: object, *how: object) -> picture.Reading:
        times[str(source)] += 1
        return decode(source, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(picture, "read", counted)
    return times


def houses(folder: Path) -> Path:
    for seed in range(6):
        for side, pixels in zip("AB", house(seed, 64), strict=True):
            save(pixels, folder / side / f"{seed}.png")
    return folder


def test_to_recognise_a_folder_decodes_each_picture_once(tmp_path: Path, read: Counter[str]) -> None:
    pairs.find(houses(tmp_path))
    assert len(read) == 12
    assert set(read.values()) == {1}


def test_without_room_it_finds_the_same(
    tmp_path: Path, read: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = pairs.find(houses(tmp_path))
    monkeypatch.setattr(sources, "KEPT_BYTES", 0)
    assert pairs.find(tmp_path) == found
    assert max(read.values()) > 2


def test_what_is_kept_is_nobodys_to_change(tmp_path: Path) -> None:
    file = save(house(1, 64)[1], tmp_path / "a.png")
    with sources.kept():
        kept = sources.read(Source(file))
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 0
        assert sources.read(Source(file)) is kept
    again = sources.read(Source(file))
    assert again is not kept and np.array_equal(again, kept)
    again[0] = 0


def test_a_changed_file_is_read_anew_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    for seed in (1, 2):
        photo = house(seed, 64)[1]
        save(photo, file)
        with sources.kept():
            assert np.array_equal(sources.read(Source(file)), photo)
