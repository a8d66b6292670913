from __future__ import annotations

import math

import pytest
import torch

from engine.networks import patchgan
from trainer.training.objective import CUT, SHIFT, DiffAugment, adversarial_loss, feature_matching_loss


@pytest.mark.parametrize("real", [True, False])
def test_cross_entropy_is_that_of_the_logits(real: bool) -> None:
    logits = torch.tensor([[-3.0, 0.0, 2.0]])
    wanted = [math.log1p(math.exp(-value if real else value)) for value in (-3.0, 0.0, 2.0)]
    loss = adversarial_loss(logits, real, "cross entropy")
    assert loss.item() == pytest.approx(sum(wanted) / 3, rel=1e-5)


@pytest.mark.parametrize(("real", "wanted"), [(True, (16 + 1 + 1) / 3), (False, (9 + 0 + 4) / 3)])
def test_least_squares_is_the_distance_to_one_or_nought(real: bool, wanted: float) -> None:
    logits = torch.tensor([-3.0, 0.0, 2.0])
    assert adversarial_loss(logits, real, "least squares").item() == pytest.approx(wanted)


def test_logits_in_16_bits_are_compared_in_32() -> None:
    logits = torch.full((2, 3), -30.0, dtype=torch.bfloat16)
    assert adversarial_loss(logits, True, "cross entropy").dtype == torch.float32
    assert adversarial_loss(logits, True, "cross entropy").item() == pytest.approx(30)


def test_features_of_the_same_pictures_are_matched() -> None:
    network = patchgan.PatchGAN(receptive_field=16, width=4, inputs=3, norm="batch")
    photos = torch.rand(2, 3, 32, 32)
    generated = torch.rand(2, 3, 32, 32, requires_grad=True)
    real = [network.discriminate(photos), network.discriminate(photos)]
    assert feature_matching_loss(real, real).item() == 0
    ours = [network.discriminate(generated), network.discriminate(generated)]
    away = feature_matching_loss(ours, real)
    assert away.item() == pytest.approx(feature_matching_loss(ours[:1], real[:1]).item())
    layers = [
        (one - other).abs().mean() for one, other in zip(ours[0].features, real[0].features, strict=True)
    ]
    assert len(layers) == 2
    assert away.item() == pytest.approx(sum(layers).item(), rel=1e-5)


def test_features_of_the_photos_have_no_gradient() -> None:
    network = patchgan.PatchGAN(receptive_field=16, width=4, inputs=3, norm="batch")
    photos, generated = (torch.rand(2, 3, 32, 32, requires_grad=True) for _ in range(2))
    feature_matching_loss([network.discriminate(generated)], [network.discriminate(photos)]).backward()
    assert photos.grad is None
    assert generated.grad is not None and generated.grad.abs().sum() > 0


def drawn(seed: int, count: int = 6, height: int = 32, width: int = 48) -> DiffAugment:
    return DiffAugment.sample(torch.Generator().manual_seed(seed), count, height, width)


def test_distortion_follows_from_its_seed() -> None:
    one, other = drawn(1), drawn(1)
    assert (one.shifts, one.cuts) == (other.shifts, other.cuts)
    assert torch.equal(one.colours, other.colours)
    assert one.shifts != drawn(2).shifts


def test_distortion_stays_within_its_bounds() -> None:
    for seed in range(50):
        distortion = drawn(seed)
        for down, right in distortion.shifts:
            assert abs(down) <= 32 * SHIFT
            assert abs(right) <= 48 * SHIFT
        for top, bottom, left, beyond in distortion.cuts:
            assert 0 <= top <= bottom <= top + 32 * CUT
            assert 0 <= left <= beyond <= left + 48 * CUT


def test_geometry_moves_input_and_photo_together() -> None:
    """A photo whose colours are left alone goes where its input goes."""
    distortion = drawn(3)
    plain = DiffAugment(distortion.shifts, distortion.cuts, torch.tensor([[0.0, 1.0, 1.0]]).expand(6, 3))
    pictures = torch.rand(6, 3, 32, 48)
    torch.testing.assert_close(plain.augment_photos(pictures), plain.augment_inputs(pictures))
    moved = plain.augment_inputs(pictures)
    assert not torch.equal(moved, pictures)
    down, right = distortion.shifts[0]
    top, bottom, left, beyond = distortion.cuts[0]
    assert not moved[0, :, top:bottom, left:beyond].any()
    shifted = torch.roll(pictures[0], (down, right), (1, 2))
    inside = torch.zeros(32, 48, dtype=torch.bool)
    inside[max(0, down) : 32 + min(0, down), max(0, right) : 48 + min(0, right)] = True
    inside[top:bottom, left:beyond] = False
    assert torch.equal(moved[0][:, inside], shifted[:, inside])


def test_colours_of_the_photo_alone_change() -> None:
    still = DiffAugment([(0, 0)], [(0, 0, 0, 0)], torch.tensor([[0.25, 0.0, 1.0]]))
    photo = torch.rand(1, 3, 8, 8)
    assert torch.equal(still.augment_inputs(photo), photo)
    grey = photo.mean(1, keepdim=True).expand(-1, 3, -1, -1) + 0.25
    torch.testing.assert_close(still.augment_photos(photo), grey)


def test_gradients_pass_through() -> None:
    photo = torch.rand(6, 3, 32, 48, requires_grad=True)
    drawn(4).augment_photos(photo).square().sum().backward()
    assert photo.grad is not None
    assert (photo.grad != 0).float().mean() > 0.4


def test_a_part_of_the_batch_is_distorted_as_in_the_whole() -> None:
    photos = torch.rand(6, 3, 32, 48)
    distortion = drawn(5)
    torch.testing.assert_close(
        distortion[2:5].augment_photos(photos[2:5]), distortion.augment_photos(photos)[2:5]
    )
