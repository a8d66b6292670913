"""The perceptual loss on crops."""

from __future__ import annotations

import pytest
import torch

from trainer.perception.trunk import trunk
from trainer.training import perceptual
from trainer.training.perceptual import perceptual_loss


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def places(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 2, generator=seeded(seed))


def pictures(count: int, channels: int, edge: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, channels, edge, edge, generator=seeded(seed)) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
def test_equal_pictures_lose_nothing_and_others_something(channels: int) -> None:
    photos = pictures(2, channels, 24)
    assert float(perceptual_loss(trunk(), photos, photos, places(2))) < 1e-6
    assert float(perceptual_loss(trunk(), -photos, photos, places(2))) > 1e-3


def test_other_places_have_another_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "EDGE", 16)
    photos = pictures(2, 3, 40)
    generated = photos.clone()
    generated[:, :, :20] *= -1
    one, same, other = (
        float(perceptual_loss(trunk(), generated, photos, places(2, seed))) for seed in (0, 0, 5)
    )
    assert one == same and one != other


def test_both_pictures_of_a_pair_are_cut_at_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "EDGE", 16)
    photos = pictures(3, 3, 40)
    assert float(perceptual_loss(trunk(), photos.clone(), photos, places(3))) < 1e-6


def test_steps_along_its_gradient_bring_a_picture_nearer() -> None:
    photo = pictures(1, 3, 32)
    picture = torch.zeros_like(photo).requires_grad_()
    first = perceptual_loss(trunk(), picture, photo, places(1)).item()
    adam = torch.optim.Adam([picture], 0.05)
    for _ in range(10):
        adam.zero_grad()
        perceptual_loss(trunk(), picture, photo, places(1)).backward()
        adam.step()
    assert perceptual_loss(trunk(), picture, photo, places(1)).item() < 0.8 * first
