"""How quickly a training goes: against a plain loop, and with its pictures made beside it.

What is compared is measured in turns within one process. The plain loop is written as in tutorials: single
precision, Adam as it comes, one picture a step, every loss printed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F

from engine import networks
from engine.layers.blocks import initialise
from tests.bench.rows import Row
from tests.trainer.made_pictures import save, thing
from trainer.data import pairs
from trainer.machine.distributed import World
from trainer.planning import plan
from trainer.run.config import Config
from trainer.run.options import Options
from trainer.training.fit import pair_loader
from trainer.training.state import State
from trainer.training.step import train_step

ROUNDS = 5
PICTURES = 24


def run() -> list[Row]:
    """Seconds a picture, as shares of each other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(PICTURES):
            save(thing(seed, 256), folder / f"{seed}.jpg", quality=90)
        data = pairs.find(folder, task="hints")
        wide = plan.make_config(data, Options(folder, width=64, steps=1000, differentiable=False))
        usual = plan.make_config(data, Options(folder, width=32, steps=1000, differentiable=False))
        print(f"  {wide.precision}, {wide.threads} threads", file=sys.stderr)
        torch.set_num_threads(wide.threads)
        ours, plain = _in_turns(_bare(wide), _plain(wide))
        with pair_loader(data, State(usual), World()) as loader:
            state = State(usual)

            def fed_step() -> int:
                batch = next(loader)
                train_step(state, usual, World(), batch.inputs, batch.targets)
                return usual.batch

            with_pictures, bare = _in_turns(fed_step, _bare(usual))
        looked_at, unlooked = _in_turns(_bare(replace(usual, perceptual=15.0, l1=40.0)), _bare(usual))
    print(f"  {1 / ours:.2f} against {1 / plain:.2f} pictures a second at width 64", file=sys.stderr)
    print(f"  {1 / with_pictures:.2f} against {1 / bare:.2f} at width 32", file=sys.stderr)
    return [
        Row(
            "a picture in training, 256², width 64, batch 4, of the plain loop's time", 0.5, ours / plain, "×"
        ),
        Row(
            "a bare step of one with lines, hints and augmentation, at least 0.85",
            None,
            bare / with_pictures,
            "×",
        ),
        Row("a picture with them, of the bare step's time, width 32", 1 / 0.85, with_pictures / bare, "×"),
        Row("a picture with the perceptual loss, of the bare step's time", None, looked_at / unlooked, "×"),
    ]


def _in_turns(one: Callable[[], int], other: Callable[[], int]) -> tuple[float, float]:
    """Median seconds a picture of both; each call makes a step and says of how many pictures."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for step, kept in zip((one, other), seconds, strict=True):
            # About as much time for both.
            began, pictures = time.perf_counter(), 0
            while pictures < 4:
                pictures += step()
            if number:  # the first round warms up
                kept.append((time.perf_counter() - began) / pictures)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def _batch(config: Config, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    width, height = config.size
    rng = torch.Generator().manual_seed(0)
    inputs = torch.rand(count, config.network["inputs"], height, width, generator=rng) * 2 - 1
    return inputs, torch.rand(count, 3, height, width, generator=rng) * 2 - 1


def _bare(config: Config) -> Callable[[], int]:
    """The trainer's own step, on pictures that lie ready."""
    state = State(replace(config, processes=1))
    inputs, photos = (
        planes.contiguous(memory_format=torch.channels_last) for planes in _batch(config, config.batch)
    )

    def step() -> int:
        train_step(state, config, World(), inputs, photos)
        state.step += 1
        return config.batch

    return step


def _plain(config: Config) -> Callable[[], int]:
    """What one would write first."""
    generator = networks.build(config.kind, **config.network)
    planes = config.network["inputs"] + 3
    discriminator = networks.build(
        "patchgan", receptive_field=config.patch, width=config.patch_width, inputs=planes, norm="batch"
    )
    for network in (generator, discriminator):
        initialise(network)
    of_generator, of_discriminator = (
        torch.optim.Adam(network.parameters(), config.learning_rate, config.betas)
        for network in (generator, discriminator)
    )
    a, b = _batch(config, 1)

    def verdict(photo: torch.Tensor, real: bool) -> torch.Tensor:
        judged = discriminator(torch.cat((a, photo), 1))
        return F.binary_cross_entropy_with_logits(judged, torch.full_like(judged, float(real)))

    def step() -> int:
        generated = generator(a)
        of_discriminator.zero_grad()
        loss = (verdict(generated.detach(), False) + verdict(b, True)) / 2
        torch.autograd.backward(loss)
        of_discriminator.step()
        discriminator.requires_grad_(False)
        of_generator.zero_grad()
        whole = verdict(generated, True) + config.l1 * F.l1_loss(generated, b)
        torch.autograd.backward(whole)
        of_generator.step()
        discriminator.requires_grad_(True)
        loss.item(), whole.item()
        return 1

    return step
