from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trainer.made_folders import problems_of
from tests.trainer.made_pictures import house, save


@pytest.mark.parametrize("layout", ["two folders", "side by side"])
def test_a_pair_with_its_sides_the_other_way_round_is_named(tmp_path: Path, layout: str) -> None:
    for seed in range(14):
        sides = house(seed)[:: -1 if seed in (3, 8) else 1]
        if layout == "two folders":
            for folder, pixels in zip("AB", sides, strict=True):
                save(pixels, tmp_path / folder / f"{seed}.png")
        else:
            save(np.concatenate(sides, 1), tmp_path / f"{seed}.png")
    told = {problem.pair: problem for problem in problems_of(tmp_path) if "way round" in problem.text}
    assert told.keys() == {"3", "8"}
    assert not told["3"].severe and told["3"].kind == "mis-paired"


def test_a_photo_as_even_as_its_input_is_not_the_other_way_round(tmp_path: Path) -> None:
    for seed in range(14):
        labels, photo = house(seed)
        if seed == 3:
            labels, photo = np.full_like(labels, labels[0, 0]), np.full_like(photo, 128)
        save(labels, tmp_path / "A" / f"{seed}.png")
        save(photo, tmp_path / "B" / f"{seed}.png")
    assert [problem for problem in problems_of(tmp_path) if "way round" in problem.text] == []


@pytest.mark.parametrize("step", [1, -1])
def test_pairs_that_are_all_off_by_one_are_named(tmp_path: Path, step: int) -> None:
    for seed in range(1, 13):
        save(house(seed, 64)[0], tmp_path / "A" / f"{seed}.png")
        save(house(seed + step, 64)[1], tmp_path / "B" / f"{seed}.png")
    (told,) = [problem for problem in problems_of(tmp_path) if "off by one" in problem.text]
    fitting = "1.png” fits “2.png”, not “1.png" if step < 0 else "2.png” fits “1.png”, not “2.png"
    assert fitting in told.text and len(told.pairs) == 12 and not told.severe


def test_pairs_that_have_nothing_in_common_are_not_off_by_one(tmp_path: Path) -> None:
    for seed in range(12):
        save(house(seed, 64)[0], tmp_path / "A" / f"{seed}.png")
        save(house(seed + 50, 64)[1], tmp_path / "B" / f"{seed}.png")
    assert [problem for problem in problems_of(tmp_path) if "off by one" in problem.text] == []
