"""Small made-up photos of things on white, to judge models by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.picture import write_png


def photos(folder: Path, count: int = 3) -> Path:
    """A folder of so many boxes, 64 pixels square."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(count):
        photo = np.full((64, 64, 3), 255, np.uint8)
        photo[16:48, 12:52] = rng.integers(0, 200, 3)
        write_png(folder / f"{number}.png", photo)
    return folder
