"""Things that were cut, among others that were not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.messages import Pixels
from tests.trainer.made_pictures import blob, save, thing
from trainer.data import pairs
from trainer.dataset_check import check, outlines

COUNT = 16


def cut_inside(photo: Pixels) -> Pixels:
    """Cut by an upright edge, well inside the picture."""
    cut = photo.copy()
    cut[:, 76:] = 255
    return cut


def cut_askew(photo: Pixels) -> Pixels:
    """Cut by a slanting edge."""
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    return np.where((rows + 0.6 * columns > 120)[..., None], np.uint8(255), photo)


def in_pieces(photo: Pixels) -> Pixels:
    """A strip is missing, so that the pieces' boxes overlap."""
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    return np.where((np.abs(rows - columns) < 7)[..., None], np.uint8(255), photo)


def outliers_in(folder: Path) -> dict[str, str]:
    problems = check.check(pairs.find(folder))
    return {it.file.stem: it.text for it in problems if it.kind == "outlier" and it.file}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(cut_inside, "straight edge"), (cut_askew, "straight edge"), (in_pieces, "in pieces")],
)
def test_what_was_cut_is_named(tmp_path: Path, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    for seed in range(COUNT):
        photo = blob(seed)
        save(spoil(photo) if seed == 5 else photo, tmp_path / f"{seed}.jpg", quality=90)
    found = outliers_in(tmp_path)
    assert list(found) == ["5"] and said in found["5"]


def test_boxes_are_straight_by_nature(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(thing(seed), tmp_path / f"{seed}.png")
    assert outliers_in(tmp_path) == {}


def test_tails_are_no_cuts() -> None:
    photo = blob(3)
    plain = outlines.measure_outline(photo)
    tail = photo.copy()
    tail[4:60, 60:65] = 40
    longer = outlines.measure_outline(tail)
    assert plain is not None and longer is not None
    assert max(plain.straight, longer.straight) < outlines.STRAIGHT
    cut = outlines.measure_outline(cut_inside(photo))
    assert cut is not None and cut.straight >= outlines.STRAIGHT


@pytest.mark.parametrize("shape", [(20, 20, 3), (1, 300, 3), (64, 64, 3)])
def test_nothing_there_has_no_outline(shape: tuple[int, int, int]) -> None:
    assert outlines.measure_outline(np.full(shape, 255, np.uint8)) is None
