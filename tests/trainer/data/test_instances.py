"""One mask for each thing in a photo: recognised, put together, and not confused with what looks alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trainer.made_folders import numbers, parts
from trainer.data import pairs
from trainer.dataset_check import check, mend

COUNT = 5


def written(folder: Path, photo: str, mask: str, things: list[int] | None = None, ink: int = 255) -> Path:
    """Photos, and so many masks of each, by patterns with {n} for a photo's number and {k} for a mask's."""
    for number in range(COUNT):
        _, pixels = parts(number)
        numbers(pixels, folder / photo.format(n=number))
        for thing in range(1, 1 + (things or [1, 3, 2, 3, 2])[number]):
            values = np.zeros(pixels.shape[:2], np.uint8)
            values[10 * thing : 10 * thing + 8, 20:40] = ink
            numbers(values, folder / mask.format(n=number, k=thing))
    return folder


LAYOUTS = [
    ("images/{n}.png", "masks/{n}_{k}.png"),
    ("images/{n}.png", "masks/{n}_mask_{k}.png"),
    ("images/img{n}.png", "masks/img{n}-{k}.png"),
    ("{n}.png", "{n}_mask{k}.png"),
    ("{n}.jpg", "{n}_mask_{k}.png"),
    ("images/{n}.png", "masks/{n}/{k}.png"),
    ("images/p{n}.png", "masks/p{n}/a{k}f.png"),
    ("train/images/p{n}.png", "train/masks/p{n}/p{n}_{k}.png"),
    ("{n}ab/images/{n}ab.png", "{n}ab/masks/{k}f{n}.png"),
    ("train/{n}ab/images/{n}ab.png", "train/{n}ab/masks/{k}f{n}.png"),
]


@pytest.mark.parametrize(("photo", "mask"), LAYOUTS)
def test_masks_of_things_are_put_together(tmp_path: Path, photo: str, mask: str) -> None:
    data = pairs.find(written(tmp_path, photo, mask))
    assert data.task == "labels" and data.palette is not None
    assert [label.name for label in data.palette.labels] == ["background", "object"]
    assert [len(pair.a.masks) for pair in data.pairs] == [1, 3, 2, 3, 2]
    assert not data.problems
    assert any("a mask for every thing in it" in note for note in data.notes)
    a, b = pairs.load(data.pairs[1])
    assert b.shape == a.shape
    there = data.palette.indices(a) == 1
    assert there.sum() == 3 * 8 * 20 and there[10:18, 20:40].all() and there[30:38, 20:40].all()
    assert not [problem for problem in check.check(data) if problem.severe]
    assert len({pair.name for pair in data.pairs}) == COUNT
    assert pairs.digest(data) != pairs.digest(pairs.find(tmp_path, way="alone"))


def test_masks_of_zero_and_one_and_a_word_for_the_things(tmp_path: Path) -> None:
    data = pairs.find(written(tmp_path / "set", "images/{n}.png", "cells/{n}_{k}.png", ink=1))
    assert data.palette is not None
    assert [label.name for label in data.palette.labels] == ["background", "cells"]
    assert (data.palette.indices(pairs.load(data.pairs[0])[0]) == 1).sum() == 8 * 20
    assert mend.mend(data, [], tmp_path / "mended") == COUNT


def test_what_belongs_to_no_photo_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path, "images/{n}.png", "masks/{n}_{k}.png")
    numbers(parts(9)[1], folder / "images" / "77.png")
    told = [str(problem) for problem in pairs.find(folder).problems]
    assert told == [
        "“images/77.png” has no partner. Add the other picture of the pair, or remove this one.",
    ]


def test_many_files_that_belong_to_no_photo_are_told_in_one_line(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(50):
        numbers(random.integers(0, 256, (16, 16, 3), np.uint8), tmp_path / "images" / f"{number}.png")
        for thing in range(1, 1 + number % 4 if number < 40 else 0):
            values = np.zeros((16, 16), np.uint8)
            values[4 * thing : 4 * thing + 3] = 255
            numbers(values, tmp_path / "masks" / f"{number}_{thing}.png")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == 30
    told = [str(problem) for problem in data.problems if problem.kind == "left out"]
    assert len(told) == 1 and told[0].startswith("20 files belong to no photo with masks")


def test_masks_of_another_size_are_an_error(tmp_path: Path) -> None:
    folder = written(tmp_path, "images/{n}.png", "masks/{n}_{k}.png")
    numbers(np.zeros((9, 9), np.uint8), folder / "masks" / "1_2.png")
    problems = check.stopping(pairs.find(folder))
    assert [problem.kind for problem in problems] == ["unreadable"] and "1_2.png" in str(problems[0])


def test_equally_many_for_each_photo_are_labels(tmp_path: Path) -> None:
    data = pairs.find(written(tmp_path, "images/{n}.png", "masks/{n}_{k}.png", [2] * COUNT))
    assert not any("every thing in it" in note for note in data.notes)


def test_several_drawings_of_a_photo_are_pairs_each(tmp_path: Path) -> None:
    for number in range(COUNT):
        _, pixels = parts(number)
        numbers(pixels, tmp_path / "photos" / f"{number}.png")
        for drawing in range(1, 2 + number % 3):
            lines = np.full(pixels.shape[:2], 255, np.uint8)
            lines[10 * drawing, 5:50] = lines[5:40, 11 * drawing] = 0
            numbers(lines, tmp_path / "drawings" / f"{number}_{drawing}.png")
    data = pairs.find(tmp_path)
    assert not any(pair.a.masks for pair in data.pairs)
    assert len(data.pairs) == 9


def test_photos_with_numbers_are_no_masks(tmp_path: Path) -> None:
    for number in range(COUNT):
        numbers(parts(number)[1], tmp_path / f"{number}.png")
        for other in range(1, 2 + number % 3):
            numbers(parts(10 * number + other)[1], tmp_path / f"{number}_{other}.png")
    assert not any(pair.a.masks for pair in pairs.find(tmp_path).pairs)
