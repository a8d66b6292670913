"""Folders as people and well-known data sets have them, of made pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.messages import Pixels
from tests.trainer.made_pictures import HOUSES, house, save
from trainer.data import pairs
from trainer.data.pairs import Problem
from trainer.dataset_check import check

EDGE = 64
COUNT = 6


def parts(seed: int) -> tuple[Pixels, Pixels]:
    """The numbers of a house's labels, uint8 (EDGE, EDGE), and its photo."""
    labels, photo = house(seed, EDGE)
    return HOUSES.indices(labels), photo


def numbers(values: Pixels, file: Path) -> Path:
    """A grey file of numbers."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)
    return file


def with_palette(values: Pixels, colours: list[tuple[int, int, int]], file: Path) -> Path:
    """A palette file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values).copy()
    image.putpalette([value for colour in colours for value in colour])
    assert image.mode == "P"
    image.save(file)
    return file


def written(folder: Path, photo: str, label: str, how: str = "colours", count: int = COUNT) -> Path:
    """Houses by two patterns of names, in which {n} is a number, {N} one with zeros and {s} a split.

    Args:
        how: the label maps are “colours”, “numbers”, “palette” (files) or “masks” of 0 and 255; or numbers
            in the “red” of pictures else black, of 16 bits with the “rest” as −1, or one “far” from others.
    """
    for seed in range(count):
        values, pixels = parts(seed)
        words = {"n": seed, "N": f"{seed:05d}", "s": "train" if seed < count - 2 else "val"}
        one, other = folder / photo.format(**words), folder / label.format(**words)
        numbers(pixels, one)
        if how == "numbers":
            numbers(values, other)
        elif how == "palette":
            with_palette(values, [label.colour for label in HOUSES.labels], other)
        elif how == "red":
            save(np.dstack([values, values * 0, values * 0]), other)
        elif how in ("rest", "far"):
            deep = np.array([0, 1, 2, 3, 65535 if how == "rest" else 300], np.uint16)[values]
            other.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(deep).save(other)
        elif how == "masks":
            numbers((values == 1).astype(np.uint8) * np.uint8(255), other)
        else:
            numbers(HOUSES.colours[values], other)
    return folder


def problems_of(folder: Path) -> list[Problem]:
    """What is wrong with a data set."""
    return check.check(pairs.find(folder))
