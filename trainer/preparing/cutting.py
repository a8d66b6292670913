"""One photo's object: where it is, and the square picture that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.finishing import foreground, matting
from trainer.pictures import background
from trainer.preparing import plain
from trainer.preparing.plain import Light

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

How = Literal["cut", "centred", "whole"]
"""Cut out and laid on white; on white already and only centred; the middle of the photo, as it is."""

EDGE = 512
"""Pixels along the longer edge at which objects are looked for."""
_REACHES = 0.06
"""Share of an object's longer edge that lies along the photo's, from which it goes on beyond it."""
_SEEN = 5.0
"""Mean difference from the background, in any channel, up to which a hole shows it."""
_AROUND = 0.03
"""Of an object's longer edge: what is this close to it may be of it."""


@dataclass(frozen=True)
class Frame:
    """What is made: a square of ``size`` pixels with ``margin`` of its edge, a share, around the object."""

    size: int = 256
    margin: float = 0.06

    @property
    def longest(self) -> int:
        """Pixels that an object is long."""
        return max(1, round(self.size * (1 - 2 * self.margin)))


@dataclass(frozen=True, eq=False)
class Subject:
    """What was found in a photo. ``even`` is the photo, at most ``EDGE`` pixels long, lit evenly."""

    how: How
    even: Pixels
    light: Light | None = None
    mask: Mask | None = None
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    """Top, left, bottom and right, as shares of the photo's edges."""
    reaches_edge: bool = False

    @property
    def share(self) -> float:
        """Its longer edge, as a share of the photo's longer edge."""
        height, width = self.even.shape[:2]
        tall, wide = (self.box[2] - self.box[0]) * height, (self.box[3] - self.box[1]) * width
        return float(max(tall, wide) / max(height, width))


def find_subject(photo: Pixels) -> Subject:
    """The object on the plain background of a photo, uint8 (H, W, 3); “whole” where there is no such."""
    small = at_most(photo, EDGE)
    light = plain.light(small)
    if light is None:
        return Subject("whole", small)
    even = light.evened(small)
    mask: Mask | None = None
    how: How = "centred" if light.is_white else "cut"
    if how == "centred":
        on_white = background.find_background(even)
        mask = None if on_white is None else on_white.foreground
    else:
        even = plain.without_shadows(even, light.colour)
        found = foreground.segment_foreground(even, None)
        mask = None if found is None else _filled(found.foreground, even, light)
    if mask is None or not mask.any():
        return Subject("whole", small)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    box = rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    along = max(int(side.sum()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return Subject(how, even, light, mask, (box[0], box[1], box[2], box[3]), along > _REACHES * longest)


def cut_out(photo: Pixels, subject: Subject, frame: Frame) -> Pixels:
    """The picture that is made of a photo, uint8 (size, size, 3).

    Args:
        photo: uint8 (H, W, 3), of any size.
        subject: what was seen in it, perhaps in a smaller one.
        frame: what is wanted.
    """
    if subject.how == "whole" or subject.mask is None or subject.light is None:
        return _middle(photo, frame.size)
    height, width = photo.shape[:2]
    top, left, bottom, right = subject.box
    beside = max(2, round(_AROUND * max((bottom - top) * height, (right - left) * width)))
    rows = max(0, int(top * height) - beside), min(height, round(bottom * height) + beside)
    columns = max(0, int(left * width) - beside), min(width, round(right * width) + beside)
    area = rows[0] / height, columns[0] / width, rows[1] / height, columns[1] / width
    part = np.ascontiguousarray(photo[rows[0] : rows[1], columns[0] : columns[1]])
    mask = _part(subject.mask, area, part.shape[:2])
    laid = _on_white(part, mask, area, subject)
    scale = frame.longest / max((bottom - top) * height, (right - left) * width)
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    image = Image.fromarray(laid).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    canvas = Image.new("RGB", (frame.size, frame.size), "white")
    middle = (
        ((left + right) / 2 * width - columns[0]) * scale,
        ((top + bottom) / 2 * height - rows[0]) * scale,
    )
    canvas.paste(image, (round(frame.size / 2 - middle[0]), round(frame.size / 2 - middle[1])))
    return np.array(canvas)


def reframed(laid: Pixels, frame: Frame) -> Pixels:
    """An object in the middle of a white square, uint8 (n, n, 3), in another frame, at most as large.

    Args:
        laid: the object is as long in it as the frame's edge.
    """
    edge = max(1, round(laid.shape[0] * (1 - 2 * frame.margin)))
    image = Image.fromarray(laid).resize((edge, edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
    canvas = Image.new("RGB", (frame.size, frame.size), "white")
    canvas.paste(image, ((frame.size - edge) // 2, (frame.size - edge) // 2))
    return np.array(canvas)


def enough(how: How, shape: tuple[int, int], share: float, frame: Frame) -> int:
    """Pixels along a photo's longer edge that make the object as large as is wanted.

    Args:
        shape: height and width of the photo, in any size.
        share: the object's longer edge, of the photo's.
    """
    if how == "whole":
        return round(frame.size * max(shape) / min(shape))
    return max(EDGE, round(frame.longest / max(share, 1e-3)))


def at_most(photo: Pixels, edge: int) -> Pixels:
    """A photo whose longer edge has no more pixels."""
    scale = edge / max(photo.shape[:2])
    if scale >= 1:
        return photo
    size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
    return np.array(Image.fromarray(photo).resize(size, Image.Resampling.BOX))


def _on_white(part: Pixels, mask: Mask, area: tuple[float, float, float, float], subject: Subject) -> Pixels:
    from scipy import ndimage

    unit = max(part.shape) / 256
    if subject.how == "centred":
        near = ndimage.distance_transform_edt(~mask) <= max(2.0, 3 * unit)
        return np.where(near[..., None], part, np.uint8(255))
    assert subject.light is not None
    even = subject.light.evened(part, area)
    alpha, colours = matting.estimate_alpha(
        even, mask, subject.light.colour, round(2 * max(1.0, unit / 2) + 2), 0.5, outlined=False
    )
    laid = colours * alpha[..., None] + 255 * (1 - alpha[..., None])
    made: Pixels = np.clip(laid + 0.5, 0, 255).astype(np.uint8)
    return made


def _filled(subject: Mask, even: Pixels, light: Light) -> Mask:
    """An object without the holes in it that don't show the background: white fur on white paper is nearly
    that."""
    from scipy import ndimage

    holes, count = ndimage.label(~subject)
    apart = matting.strongest(np.abs(even.astype(np.float32) - light.colour))
    areas = np.maximum(1, np.bincount(holes.ravel(), minlength=count + 1))
    tones = np.bincount(holes.ravel(), apart.ravel(), count + 1) / areas
    border = np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]])
    filled = tones > _SEEN
    filled[np.union1d(border, [0])] = False
    # Grain and what is left of shadows fray its edge.
    whole: Mask = ndimage.gaussian_filter((subject | filled[holes]).astype(np.float32), 1.5) > 0.5
    return whole


def _part(mask: Mask, area: tuple[float, float, float, float], shape: tuple[int, ...]) -> Mask:
    """An area of a mask at another size, smooth along its edge."""
    height, width = mask.shape
    box = area[1] * width, area[0] * height, area[3] * width, area[2] * height
    image = Image.fromarray(mask.astype(np.float32))
    scaled = image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box)
    return np.asarray(scaled) >= 0.5


def _middle(photo: Pixels, size: int) -> Pixels:
    height, width = photo.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = Image.fromarray(np.ascontiguousarray(photo[top : top + edge, left : left + edge]))
    return np.array(square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0))
