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
