"""Photos that are there twice make no pairs, and it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainer.made_pictures import house, save, thing
from trainer.data import pairs


@pytest.mark.parametrize(
    "names",
    [("{n}.jpg", "{n}.png"), ("a/{n}.jpg", "b/{n}.jpg"), ("{n}.jpg", "{n}.png", "{n}_mask.png")],
    ids=str,
)
def test_pairs_of_the_same_picture_are_told(tmp_path: Path, names: tuple[str, ...]) -> None:
    for number in range(8):
        photo = thing(number, 64)
        for name, pixels in zip(names, (photo, photo, photo // 128 * 255), strict=False):
            save(pixels, tmp_path / name.format(n=number))
    (told,) = [problem for problem in pairs.find(tmp_path).problems if problem.kind == "pairing"]
    first, second = (Path(name.format(n=0)).name for name in names[:2])
    assert not told.severe and f"hardly differ, as “{first}” and “{second}”" in told.text
    assert not [
        problem for problem in pairs.find(tmp_path, pattern="alone").problems if problem.kind == "pairing"
    ]


def test_pairs_of_pictures_that_differ_are_not_the_same(tmp_path: Path) -> None:
    for number in range(8):
        photo = house(number, 64)[1]
        save(photo, tmp_path / "day" / f"{number}.png")
        save(photo // 2, tmp_path / "night" / f"{number}.png")
    assert not [problem for problem in pairs.find(tmp_path).problems if problem.kind == "pairing"]
