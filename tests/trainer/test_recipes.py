"""The guide's recipes: the very commands of the pages, on made-up pictures of the same shape."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import desktop.__main__ as command_line
from engine.data.messages import Pixels
from engine.data.palette import write_gpl
from engine.data.picture import read
from engine.models import bundle
from tests.trainer.made_folders import parts, with_palette
from tests.trainer.made_pictures import HOUSES, house, save, thing

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "guide"
COUNT, EDGE = 10, 64
SMALL = (
    "--steps 2 --run RUN --width 4 --size 64 --patch 16 --batch 2 --precision float32 --threads 1 "
    "--device cpu"
).split()
QUICK = {"--edges": "0", "--perceptual": "0"}
"""What looks at each picture for long, and has tests of its own."""


def commands(page: str, heading: str) -> list[list[str]]:
    """The words of the command lines under a heading; of the whole page, where that is its title."""
    text = (GUIDE / page).read_text("utf-8")
    part = re.split(r"^#+ ", text, flags=re.MULTILINE)
    parts = [one for one in part if heading in (one.partition("\n")[0], text.partition("\n")[0].lstrip("# "))]
    lines = [line for one in parts for line in re.findall(r"^underpaint (.+)$", one, re.MULTILINE)]
    return [shlex.split(line) for line in lines]


def shortened(words: list[str]) -> list[str]:
    """A command with tiny networks and few steps, where it trains; RUN is a folder of that name."""
    if words[0] != "train":
        return words
    at = words.index("--minutes")
    words = words[:at] + words[at + 2 :]
    for name, value in QUICK.items():
        if name in words:
            words[words.index(name) + 1] = value
    return words + SMALL


def painting(seed: int) -> Pixels:
    return house(seed, EDGE)[1]


def sprite(seed: int) -> Pixels:
    """A painting in large pixels of few colours."""
    small = Image.fromarray(painting(seed)).resize((16, 16), Image.Resampling.BOX).quantize(12).convert("RGB")
    return np.asarray(small.resize((EDGE, EDGE), Image.Resampling.NEAREST))


def cats(number: int) -> None:
    save(thing(number, EDGE), Path(f"cats/{number}.jpg"))
    save(thing(99, EDGE), Path("drawing.png"))


def streets(number: int) -> None:
    save(painting(number), Path(f"streets/day/{number}.png"))
    dark = painting(number) // 3 + np.random.default_rng(number).normal(0, 9, (EDGE, EDGE, 3))  # as films are
    save(np.clip(dark, 0, 255).astype(np.uint8), Path(f"streets/night/{number}.png"))
    save(painting(99), Path("holiday.jpg"))


def roads(number: int) -> None:
    for seed, files in (
        (number, (f"roads/{number}_sat.jpg", f"roads/{number}_mask.png")),
        (99, ("", "plan.png")),
    ):
        values, photo = parts(seed)
        if files[0]:
            save(photo, Path(files[0]))
        save((values == 1).astype(np.uint8) * np.uint8(255), Path(files[1]))


def photos(number: int) -> None:
    save(painting(number), Path(f"photos/{number}.jpg"))
    Image.fromarray(painting(99)).convert("L").save("old.jpg")


def scans(number: int) -> None:
    colours = [label.colour for label in HOUSES.labels]
    values, photo = parts(number)
    save(np.repeat(photo.mean(2, keepdims=True).astype(np.uint8), 3, 2), Path(f"scans/images/{number}.png"))
    with_palette(values, colours, Path(f"scans/masks/{number}.png"))
    with_palette(parts(99)[0], colours, Path("mask.png"))
    write_gpl(HOUSES, Path("organs.gpl"))


def heroes(number: int) -> None:
    save(sprite(number), Path(f"heroes/pixels/{number}.png"))
    save(painting(number), Path(f"heroes/painted/{number}.png"))
    save(sprite(99), Path("sprite.png"))


RECIPES = {
    "Edges to cats": (cats, "sketch", "task hints"),
    "Day to night, and other pairs of photographs": (streets, "image", "“day” → “night”"),
    "Aerial pictures from masks": (roads, "labels", "“*_mask” → “*_sat”"),
    "Grey to colour": (photos, "image", "task grey"),
    "Medical masks in palette files": (scans, "labels", "sky, wall, window, door, roof"),
    "Pixel art to painting": (heroes, "image", "“pixels” → “painted”; pairs: 10; task image"),
}


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_goes_as_its_page_says(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write: Callable[[int], None]
    write, kind, said = RECIPES[heading]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    for number in range(COUNT):
        write(number)
    steps = commands("day-and-night.md" if write is streets else "recipes.md", heading)
    assert [words[0] for words in steps] == ["check", "train", "translate"]
    for words in steps:
        monkeypatch.setattr(sys, "argv", ["underpaint", *shortened(words)])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        told = capsys.readouterr()
        assert not end.value.code, told.err
        if words[0] != "translate":
            assert said in told.out + told.err
            assert "warning:" not in told.out + told.err
    assert bundle.read_card(Path("RUN/model.safetensors")).input == kind
    assert read(Path(steps[-1][-1])).pixels.shape == (EDGE, EDGE, 3)


def test_each_recipe_of_the_page_is_tried() -> None:
    headings = re.findall(r"^## (.+)$", (GUIDE / "recipes.md").read_text("utf-8"), re.MULTILINE)
    assert {*headings, "Day to night, and other pairs of photographs"} == {*RECIPES, "Day to night"}
