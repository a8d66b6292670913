"""The strongest and the weakest of each pixel's three channels, several times quicker than ``max(2)``.

NumPy reduces an axis of three one pixel at a time; two comparisons of whole planes do the same.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", np.uint8, np.int16)


def strongest(pixels: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """(H, W, 3) → (H, W)."""
    answer: npt.NDArray[_Number] = np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return answer


def weakest(pixels: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """(H, W, 3) → (H, W)."""
    answer: npt.NDArray[_Number] = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return answer
