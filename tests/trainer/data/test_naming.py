"""Which photos' styles seeds stand for; that a training writes them is tested in ``training``."""

from __future__ import annotations

import itertools

import numpy as np

from trainer.data import naming


def codes(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [code.astype(np.float32) for code in rng.normal((5, -2, 0), 1, (count, 3))]


def test_the_middle_comes_first_and_then_always_the_most_unlike() -> None:
    there = codes(100)
    there[17] = np.array((60, 60, 60), np.float32)  # a photo of something else
    chosen = np.array(naming.seeded(there))
    assert len(chosen) == naming.SEEDED
    distance = np.linalg.norm(np.array(there) - np.mean(there, 0), axis=1)
    np.testing.assert_allclose(chosen[0], there[distance.argmin()], atol=1e-4)
    assert np.abs(chosen).max() < 20, "the strangest are left out"
    apart = [np.linalg.norm(chosen[:at] - chosen[at], axis=1).min() for at in range(1, len(chosen))]
    assert all(one >= two - 1e-3 for one, two in itertools.pairwise(apart))


def test_of_few_photos_there_is_no_choice_and_of_alike_ones_one() -> None:
    assert naming.seeded(codes(naming.FEWEST_SEEDED - 1)) == ()
    assert naming.seeded([np.ones(3, np.float32)] * 20) == ((1.0, 1.0, 1.0),)
