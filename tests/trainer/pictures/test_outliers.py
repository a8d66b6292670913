"""Photos that don't belong among the others, made ones and, where they are at hand, real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_folders import problems_of
from tests.trainer.made_pictures import house, save, thing
from trainer.data import pairs
from trainer.dataset_check import check

COUNT = 14


def lettered() -> np.ndarray:  # type: ignore[type-arg]
    from PIL import ImageDraw, ImageFont

    image = Image.fromarray(thing(3, 256))
    ImageDraw.Draw(image).text((150, 8), "SALE NOW", "black", ImageFont.load_default(18))
    return np.array(image)


def second_view() -> np.ndarray:  # type: ignore[type-arg]
    one, other = (np.array(Image.fromarray(thing(seed, 256)).resize((120, 240))) for seed in (3, 4))
    both = np.full((256, 256, 3), 255, np.uint8)
    both[8:248, 4:124], both[8:248, 132:252] = one, other
    return both


def framed() -> np.ndarray:  # type: ignore[type-arg]
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[20:236, 20:236] = np.minimum(thing(3, 216), 232)
    return picture


def elsewhere() -> np.ndarray:  # type: ignore[type-arg]
    return house(3, 256)[1]


OUTLIERS = pytest.mark.parametrize(
    ("odd", "words"),
    [(lettered, "lettering"), (second_view, "second object"), (framed, "background of its own"),
     (elsewhere, "another background")],
    ids=["lettering", "second view", "framed", "another background"],
)  # fmt: skip


@OUTLIERS
def test_photo_unlike_the_others_is_named(tmp_path: Path, odd: Callable[[], np.ndarray], words: str) -> None:  # type: ignore[type-arg]
    for seed in range(10, 10 + COUNT):
        save(thing(seed, 256), tmp_path / f"{seed}.jpg")
    assert problems_of(tmp_path) == []
    file = save(odd(), tmp_path / "odd.jpg")
    found = problems_of(tmp_path)
    assert [(problem.kind, problem.file) for problem in found] == [("outlier", file)]
    assert words in found[0].text and not found[0].severe


def test_photos_of_places_have_no_outliers(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(house(seed, 256)[1], tmp_path / f"{seed}.jpg")
    assert problems_of(tmp_path) == []


def test_outliers_among_real_handbags_are_found(shared: Path) -> None:
    folder = shared / "data" / "handbags" / "train"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    lettering = ["0067", "0126", "0296", "0404", "0501", "0746", "0898", "0921"]
    second = ["0132", "0606", "0664", "0947", "1033", "1089"]
    frame = ["0013", "0095", "0389", "0417", "0483"]
    data = pairs.find(folder)
    # Every twenty-fourth photo beside those, for time.
    some = [pair for pair in data.pairs if pair.name in lettering + second + frame]
    usual = [pair for pair in data.pairs[::24] if pair not in some]
    found = {problem.pair: problem.text for problem in check.check(replace(data, pairs=(*some, *usual)))}
    assert all("lettering" in found.get(name, "") for name in lettering)
    assert all("second" in found.get(name, "") for name in second)
    assert all("of its own" in found.get(name, "") for name in frame)
    assert len(found) < len(some) + 0.15 * len(usual)
