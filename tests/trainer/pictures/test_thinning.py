"""Lines one pixel wide from soft maps of edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from trainer.pictures import thinning


def soft_ring(size: int = 96, radius: float = 30.0, width: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A blurred ring, float32 (H, W), and each pixel's distance from its middle line."""
    down, across = np.mgrid[:size, :size] - size / 2 + 0.5
    away = np.hypot(down, across) - radius
    return np.exp(-((away / width) ** 2) / 2).astype(np.float32), np.abs(away)


def test_a_soft_ring_becomes_one_closed_thin_line() -> None:
    ring, away = soft_ring()
    found = thinning.lines(ring, 0.2, 0.5)
    assert away[found].max() < 1.6
    assert 2 * np.pi * 30 * 0.6 < found.sum() < 2 * np.pi * 30 * 1.2
    assert ndimage.binary_fill_holes(ndimage.binary_dilation(found))[48, 48]


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_a_straight_edge_of_any_direction_is_one_line(angle: int) -> None:
    down, across = np.mgrid[:64, :64] - 31.5
    turn = np.deg2rad(angle)
    away = down * np.cos(turn) + across * np.sin(turn)
    found = thinning.lines(np.exp(-(away**2) / 6).astype(np.float32), 0.3, 0.6)
    assert np.abs(away)[found].max() < 1.5
    middle = found[12:-12, 12:-12]
    assert ndimage.label(middle, np.ones((3, 3)))[1] == 1 and middle.sum() >= 36


def test_weak_edges_stay_where_they_go_on_from_strong_ones() -> None:
    plane = np.zeros((64, 64), np.float32)
    plane[20, 8:56], plane[40, 8:56] = 0.3, 0.3
    plane[20, 8:14] = 0.9
    found = thinning.lines(plane, 0.2, 0.6, smooth=0)
    assert found[20, 10:54].all() and not found[36:44].any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (8, 8), (33, 17)])
def test_any_shape_will_do(shape: tuple[int, int]) -> None:
    found = thinning.lines(np.full(shape, 0.5, np.float32), 0.2, 0.4)
    assert found.shape == shape and not thinning.lines(np.zeros(shape, np.float32), 0.2, 0.4).any()
