"""Styles find a factor that is known to whoever made the pictures: one drawing, photos in red or blue with
equal chance; and one drawing, photos of any brightness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.data.messages import Pixels
from engine.passes.generator import Generator
from tests.trainer.made_pictures import save
from tests.trainer.small_runs import small
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.evaluation import styles
from trainer.loading.augment import still
from trainer.loading.pair_loader import as_inputs
from trainer.machine.distributed import World
from trainer.training import ema
from trainer.training.fit import pair_loader
from trainer.training.state import State
from trainer.training.step import train_step

EDGE = 32
COUNT = 32
STEPS = 240
RED, BLUE = (200, 30, 30), (30, 30, 200)


def drawing() -> Pixels:
    """The outline of a square."""
    pixels = np.full((EDGE, EDGE, 3), 255, np.uint8)
    pixels[6:26, 6:26] = 0
    pixels[8:24, 8:24] = 255
    return pixels


def photo(colour: tuple[int, ...], seed: int) -> Pixels:
    """That square in a colour, on white, with some grain."""
    pixels = np.full((EDGE, EDGE, 3), 255.0)
    pixels[6:26, 6:26] = colour
    return np.clip(pixels + np.random.default_rng(seed).normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


def data_set(folder: Path, photos: list[Pixels]) -> DataSet:
    for number, each in enumerate(photos):
        save(drawing(), folder / "drawn" / f"{number}.png")
        save(each, folder / "photos" / f"{number}.png")
    return pairs.find(folder, task="image", pattern="drawn+photos")


def two_colours(first: int, count: int = COUNT) -> list[Pixels]:
    return [photo((RED, BLUE)[number % 2], first + number) for number in range(count)]


def tones(first: int, count: int = COUNT) -> list[Pixels]:
    return [photo((40 + 180 * number // (count - 1),) * 3, first + number) for number in range(count)]


def learnt(data: DataSet, seed: int = 0, **changes: Any) -> Generator:
    """What a short training makes."""
    usual: dict[str, Any] = {
        "width": 8,
        "batch": 4,
        "steps": STEPS,
        "ema": 0.98,
        "learning_rate": 1e-3,
        "seed": seed,
    }
    usual |= {"flip": False, "validation": 0.0, "style_encoder": 8}
    config = small(data, **{**usual, **changes})
    state = State(config)
    with pair_loader(data, state, World()) as loader:
        for batch in (next(loader) for _ in range(config.steps)):
            train_step(state, config, World(), batch.inputs, batch.targets)
            state.step += 1
    seen = [still(pair, config.augment()).prepared for pair in data.pairs[:8]]
    inputs = as_inputs(seen, config.card(), state.generator.multiple, state.generator.least)
    return ema.painter(config, ema.finished(state, config, [inputs]))


def inside(picture: Pixels) -> np.ndarray:
    """The mean colour of the square."""
    mean: np.ndarray = picture[10:22, 10:22].reshape(-1, 3).mean(0)
    return mean


def in_own(generator: Generator, photos: list[Pixels]) -> np.ndarray:
    """Colours made in the styles of photos: (N, 3)."""
    return np.array([inside(generator.translate(drawing(), style=generator.style_of(it))) for it in photos])


def at_random(generator: Generator, count: int = 40) -> np.ndarray:
    """Colours made in random styles: (count, 3)."""
    return np.array([inside(generator.translate(drawing(), style=seed)) for seed in range(count)])


def redness(colours: np.ndarray) -> np.ndarray:
    """From −170 for blue to 170 for red."""
    red: np.ndarray = colours[..., 0] - colours[..., 2]
    return red


def test_red_or_blue_is_found_and_read(tmp_path: Path) -> None:
    data = data_set(tmp_path / "data", two_colours(0))
    # With half as many steps again the rarer colour has 23 to 38 per cent, whichever of eight seeds is taken.
    generator = learnt(data, styles=8, steps=360)
    red = redness(at_random(generator))
    assert (red > 85).mean() > 0.1 and (red < -85).mean() > 0.1  # nearer to one of both than to their mean
    fresh = two_colours(1000, 20)
    own, wanted = in_own(generator, fresh), np.array([inside(each) for each in fresh])
    apart = np.abs(own[:, None] - wanted[None]).sum(-1)
    strange = np.roll(np.arange(20), 1)  # of the other colour
    assert (apart.diagonal() < apart[np.arange(20), strange]).mean() >= 0.95
    assert styles.measure_styles(generator, data).scores["diversity"] > 0.03  # of two equal pictures 0


def test_without_styles_the_same_training_makes_purple(tmp_path: Path) -> None:
    made = inside(learnt(data_set(tmp_path / "data", two_colours(0)), steps=STEPS // 4).translate(drawing()))
    assert abs(redness(made)) < 85 and min(made[0], made[2]) > made[1] + 20


def test_brightness_is_found_and_read_in_order(tmp_path: Path) -> None:
    # With 360 steps each of four seeds is over the bars, by AVX-512 and by AVX2; with 240 not every one. This
    # one is far over them with 300 by both.
    generator = learnt(data_set(tmp_path / "data", tones(0)), seed=1, styles=8, steps=300)
    fresh = tones(1000, 20)
    own = in_own(generator, fresh).mean(1)
    ranks = [np.argsort(np.argsort(values)) for values in (own, [inside(each).mean() for each in fresh])]
    assert np.corrcoef(ranks)[0, 1] > 0.95
    assert np.ptp(own) > 60
    assert np.ptp(at_random(generator).mean(1)) > 40
