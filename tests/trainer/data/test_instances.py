"""One mask for each thing in a photo: recognised, put together, and not confused with what looks alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError
from tests.trainer.made_folders import numbers, parts
from trainer.data import pairs
from trainer.dataset_check import check, mend
from trainer.pictures import sources

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
    assert any("a mask for every object in it" in note for note in data.notes)
    a, b = pairs.load(data.pairs[1])
    assert b.shape == a.shape
    there = data.palette.indices(a) == 1
    assert there.sum() == 3 * 8 * 20 and there[10:18, 20:40].all() and there[30:38, 20:40].all()
    assert not [problem for problem in check.check(data) if problem.severe]
    assert len({pair.name for pair in data.pairs}) == COUNT
    assert pairs.digest(data) != pairs.digest(pairs.find(tmp_path, pattern="alone"))


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
    assert not any("every object in it" in note for note in data.notes)


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


def _clear(values: np.ndarray, ink: int, beneath: int) -> np.ndarray:
    """A mask that is opaque where it covers: of ``ink`` there, and of ``beneath`` where it is clear."""
    thing = values > 0
    grey = np.where(thing, ink, beneath).astype(np.uint8)
    return np.dstack([grey, grey, grey, np.where(thing, 255, 0).astype(np.uint8)])


def test_a_changed_mask_makes_another_data_set_whichever_it_is(tmp_path: Path) -> None:
    data = pairs.find(written(tmp_path, "images/{n}.png", "masks/{n}_{k}.png"))
    known = pairs.digest(data)
    with (tmp_path / "masks" / "1_3.png").open("ab") as file:
        file.write(b"more")
    assert pairs.digest(data) != known
    (tmp_path / "masks" / "1_3.png").unlink()
    with pytest.raises(PictureError, match=r"1_3\.png” is gone"):
        pairs.digest(data)


@pytest.mark.parametrize(("ink", "beneath"), [(255, 0), (255, 255)])
def test_masks_on_a_clear_background_cover_what_is_opaque(tmp_path: Path, ink: int, beneath: int) -> None:
    """Laid on white, the whole picture was one thing."""
    folder = written(tmp_path, "images/{n}.png", "masks/{n}_{k}.png")
    for file in (folder / "masks").iterdir():
        numbers(_clear(np.asarray(Image.open(file)), ink, beneath), file)
    data = pairs.find(folder)
    assert data.palette is not None
    there = data.palette.indices(pairs.load(data.pairs[1])[0]) == 1
    assert there.sum() == 3 * 8 * 20 and there[10:18, 20:40].all() and there[30:38, 20:40].all()


@pytest.mark.parametrize(("ink", "beneath"), [(255, 0), (255, 255), (1, 0), (0, 0), (0, 255)])
def test_of_clear_masks_what_is_opaque_is_painted(tmp_path: Path, ink: int, beneath: int) -> None:
    values = np.zeros((9, 12), np.uint8)
    values[2:5, 3:9] = 1
    file = numbers(_clear(values, ink, beneath), tmp_path / "mask.png")
    painted = sources.read(sources.Source(file, masks=(sources.Mask(file, (9, 9, 9)),)))
    assert ((painted == 9).all(2) == (values > 0)).all()


def test_clear_black_background_of_a_mask_with_a_black_rest_is_no_thing(tmp_path: Path) -> None:
    mask = np.zeros((8, 8, 4), np.uint8)
    mask[2:, :, 3] = 255  # opaque, black but for one corner
    mask[6:, 6:, :3] = 255
    file = numbers(mask, tmp_path / "mask.png")
    painted = sources.read(sources.Source(file, masks=(sources.Mask(file, (9, 9, 9)),)))
    assert ((painted == 9).all(2) == (mask[..., 0] > 0)).all()


@pytest.mark.parametrize("beneath", [0, 255])
def test_clear_masks_of_each_label_lie_on_one_another_by_their_size(tmp_path: Path, beneath: int) -> None:
    for number in range(COUNT):
        numbers(parts(number)[1], tmp_path / "photos" / f"{number}.png")
        for name, area in (("a nose", np.s_[20:28, 20:28]), ("hair", np.s_[4:60, 4:60])):
            values = np.zeros((64, 64), np.uint8)
            values[area] = 255
            numbers(_clear(values, 255, beneath), tmp_path / "masks" / name / f"{number}.png")
    data = pairs.find(tmp_path)
    assert data.palette is not None
    assert [label.name for label in data.palette.labels] == ["background", "hair", "a nose"]
    found = data.palette.indices(pairs.load(data.pairs[0])[0])
    assert np.bincount(found.ravel()).tolist() == [64 * 64 - 56 * 56, 56 * 56 - 64, 64]
