"""What of a photo lies on a plain background: the object itself, and lettering or a watermark beside it.

Lettering across the object is not told from a pattern on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures import outliers
from trainer.pictures.channels import strongest

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_PLAIN = 12
"""Difference from the background, in any channel, up to which a border is of it."""
_BORDER = 0.85
"""Share of the border that is, where the background is plain."""
_FAINT = 6
"""Difference from which something lies on it: watermarks are faint, and so are white soles on white."""
_SEEN = 1.0
"""Mean difference up to which a hole shows the background."""
_LEAST = 0.005
"""Share of the picture that an object takes at least, and a hole in it."""
_SMALL = 0.03
"""Share of the picture up to which a mark may be a letter."""


@dataclass(frozen=True)
class Background:
    """A photo's plain background: its ``colour``, the ``foreground`` on it, (H, W), and ``lettering``, (H,
    W), a little grown; None where there is none."""

    colour: tuple[int, int, int]
    foreground: Mask
    lettering: Mask | None

    def without_lettering(self, photo: Pixels) -> Pixels:
        """The photo, uint8 (H, W, 3), with the background where there is lettering."""
        if self.lettering is None:
            return photo
        return np.where(self.lettering[..., None], np.array(self.colour, np.uint8), photo)


def find_background(photo: Pixels) -> Background | None:
    """What lies on the plain background of a photo, uint8 (H, W, 3); None where the background isn't
    plain."""
    from scipy import ndimage

    image = Image.fromarray(photo)
    image.thumbnail((outliers.EDGE, outliers.EDGE), Image.Resampling.BOX)
    small = np.asarray(image)
    if min(small.shape[:2]) < 8:
        return None
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]).astype(np.int16)
    middle = np.median(border, axis=0).astype(np.int16)
    if float((np.abs(border - middle).max(1) <= _PLAIN).mean()) < _BORDER:
        return None
    apart = strongest(np.abs(small.astype(np.int16) - middle))
    marks = apart > _FAINT
    numbers, count = ndimage.label(marks, np.ones((3, 3)))
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    letters = np.where((sizes > _SMALL * marks.size)[numbers], 0, numbers)
    found = [number for word in outliers.words(letters) for number in word]
    lettering = np.isin(numbers, found) if found else None
    foreground = marks if lettering is None else marks & ~lettering
    sizes[0] = 0
    largest = int(sizes.max(initial=0))
    # Grain and dust are nothing; what is inside an outline belongs to it, unless the background is seen
    # there.
    foreground = foreground & (sizes[numbers] >= 0.02 * largest)
    holes, count = ndimage.label(~foreground)
    areas = np.bincount(holes.reshape(-1), minlength=count + 1)
    tones = np.bincount(holes.reshape(-1), apart.reshape(-1), count + 1) / np.maximum(1, areas)
    inside = (tones > _SEEN) | (areas < _LEAST * foreground.size)
    inside[0] = False
    inside[np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]])] = False  # all around
    foreground = foreground | inside[holes]
    if float(foreground.mean()) < _LEAST:
        return None
    red, green, blue = (int(value) for value in middle)
    shape = photo.shape[:2]
    if lettering is not None:
        grown = ndimage.binary_dilation(lettering, np.ones((3, 3)), iterations=2)
        lettering = _enlarged(grown & ~foreground, shape)
    return Background((red, green, blue), _enlarged(foreground, shape), lettering)


def _enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    image = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.NEAREST)) > 0
