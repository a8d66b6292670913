"""Measures of likeness: what is more alike must be nearer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from engine.data.messages import Pixels
from tests.engine.conftest import needs_bfloat16, needs_float16
from tests.trainer.made_pictures import thing
from trainer.perception.distance import extract_features, kernel_distance, perceptual
from trainer.perception.trunk import trunk


def blurred(picture: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def distance(one: Pixels, other: Pixels) -> float:
    return extract_features(one).distance_from(extract_features(other))


def test_the_more_it_is_blurred_the_farther_away() -> None:
    picture = thing(3, 96)
    away = [distance(blurred(picture, radius), picture) for radius in (0, 1, 2, 4)]
    assert away[0] < 1e-6
    assert away == sorted(away) and away[1] > 1e-4


def test_a_shift_is_nearer_than_another_thing() -> None:
    picture = thing(3, 96)
    assert distance(np.roll(picture, 1, 1), picture) < distance(thing(4, 96), picture)


def test_gradients_pass_through_the_first() -> None:
    one = torch.zeros(2, 3, 32, 32, requires_grad=True)
    away = perceptual(trunk(), one, torch.ones(2, 3, 32, 32) * 0.5, 3)
    assert away.shape == (2,)
    away.sum().backward()
    assert one.grad is not None and one.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in trunk().weights.values())


def test_it_is_the_distance_of_unit_vectors() -> None:
    one, other = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 3, 32, 32) * 2 - 1
    blocks = []
    for ours, theirs in zip(trunk().maps(one, 3), trunk().maps(other, 3), strict=True):
        units = [torch.nn.functional.normalize(maps, dim=1) for maps in (ours, theirs)]
        blocks.append((units[0] - units[1]).square().sum(1).mean((1, 2)))
    wanted = torch.stack(blocks).mean(0)
    torch.testing.assert_close(perceptual(trunk(), one, other, 3), wanted, rtol=1e-4, atol=1e-6)


def test_its_gradient_is_that_of_unit_vectors() -> None:
    one, other = (torch.rand(2, 3, 32, 32) * 2 - 1).requires_grad_(), torch.rand(2, 3, 32, 32) * 2 - 1
    away = torch.zeros(2)
    for ours, theirs in zip(trunk().maps(one, 3), trunk().maps(other, 3), strict=True):
        units = [torch.nn.functional.normalize(maps, dim=1) for maps in (ours, theirs)]
        away = away + (units[0] - units[1]).square().sum(1).mean((1, 2)) / 3
    weights = torch.tensor([1.0, -2.0])
    (wanted,) = torch.autograd.grad((away * weights).sum(), one)
    (found,) = torch.autograd.grad((perceptual(trunk(), one, other, 3) * weights).sum(), one)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max().item())


@pytest.mark.parametrize(
    "precision",
    [pytest.param(torch.bfloat16, marks=needs_bfloat16), pytest.param(torch.float16, marks=needs_float16)],
)
def test_in_16_bits_the_distance_and_its_gradient_stay(precision: torch.dtype) -> None:
    photo = torch.from_numpy(thing(3, 48)).permute(2, 0, 1)[None] / 127.5 - 1
    found = []
    for each in (torch.float32, precision):
        one = torch.zeros_like(photo).requires_grad_()
        away = perceptual(trunk(precision=each), one, photo, 3).mean()
        assert away.dtype == torch.float32
        # Scaled as a training scales it, or the gradient would be too small for float16.
        (1024 * away).backward()
        assert one.grad is not None and one.grad.dtype == torch.float32
        found.append((away.item(), one.grad.flatten()))
    (full, wanted), (half, gradient) = found
    assert half == pytest.approx(full, rel=0.02)
    assert torch.nn.functional.cosine_similarity(gradient, wanted, 0) > 0.97


def test_sets_of_one_kind_are_near_each_other() -> None:
    here = [extract_features(thing(seed, 48)).vector for seed in range(8)]
    there = [extract_features(thing(seed, 48)).vector for seed in range(8, 16)]
    grain = np.random.default_rng(0)
    rough = [thing(seed, 48) + grain.normal(0, 40, (48, 48, 3)) for seed in range(8, 16)]
    noisy = [extract_features(picture.clip(0, 255).astype(np.uint8)).vector for picture in rough]
    assert abs(kernel_distance(here, there)) < kernel_distance(here, noisy)
    assert kernel_distance(here, noisy) == pytest.approx(kernel_distance(noisy, here))
