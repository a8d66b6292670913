"""Planes at other sizes are Pillow's, whichever way they are made."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.finishing.resampling import Filter, resized

FILTERS: dict[Filter, Image.Resampling] = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@pytest.mark.parametrize("how", FILTERS)
@pytest.mark.parametrize("size", [(140, 92), (300, 411), (35, 23), (29, 300), (301, 17), (70, 92)])
def test_a_plane_is_resized_as_by_pillow(how: Filter, size: tuple[int, int]) -> None:
    plane = np.random.default_rng(3).uniform(0, 255, (46, 70)).astype(np.float32)
    wanted = np.array(Image.fromarray(plane).resize(size, FILTERS[how]))
    np.testing.assert_allclose(resized(plane, size, how), wanted, atol=2e-3)


def test_one_pixel_is_a_plane_as_well() -> None:
    assert (resized(np.full((1, 1), 7, np.float32), (9, 200), "bicubic") == 7).all()
