"""A photo of a sketch, seen from above, cleaned to lines: black on white, however the light fell.

Whatever is darker than the paper right around it is ink. What is coloured and light is a hint, as a coloured
pencil or a marker leaves it; what is coloured and dark is a pen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

USUAL = 0.5
"""The strength to begin with."""
_STRONG, _FAINT = 0.45, 0.07
"""How dark, of 1, a line must be somewhere: at strength 0, and at 1."""
_GOES_ON = 0.5
"""Share of that with which a line goes on."""
_COLOURED = 0.13
"""Difference of the channels from which on something is coloured."""
_LIGHT = 0.62
"""How light a coloured mark is at least, all around; a darker one was made by a pen."""
_RIM = 0.008
"""Share of the longer edge along the border that is taken for paper: there the sheet ends, or curls."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """What was measured of a photo; ``drawn`` makes lines of it, as strong as wanted."""

    depth: Plane
    """float32 (H, W): how much darker than the paper, 0 to 1."""
    noise: float
    """Standard deviation of that on bare paper."""
    coloured: Mask
    """Where hints are."""
    colours: Pixels
    """uint8 (H, W, 3): as in the light of day, and under lines those beside them."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """What was found on the paper."""

    lines: Pixels
    """uint8 (H, W): 255 paper to 0 ink."""
    hints: Pixels | None
    """uint8 (H, W, 4) straight RGBA; None where nothing is coloured, or that isn't wanted."""

    @property
    def flat(self) -> Pixels:
        """Both as one picture, uint8 (H, W, 3)."""
        seen = np.full((*self.lines.shape, 3), 255, np.uint8)
        if self.hints is not None:
            seen = np.where(self.hints[..., 3:] > 0, self.hints[..., :3], seen)
        return (seen * (self.lines[..., None] / np.float32(255))).astype(np.uint8)


def measured(photo: Pixels) -> Sheet:
    """Take uneven light, shadows and the paper's tint out of a photo, uint8 (H, W, 3) from above."""
    from scipy import ndimage

    rgb = photo.astype(np.float32) / 255
    edge = max(photo.shape[:2])
    wide = max(9, edge // 24) | 1
    light = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    most = rgb.max(2)
    paper = _paper(light, wide)
    balance = np.array(
        [
            np.median((rgb[..., plane] / paper)[light > 0.9 * paper]) if light.size else 1
            for plane in range(3)
        ],
        np.float32,
    )
    even = rgb / np.maximum(paper[..., None] * np.clip(balance, 0.3, 3), 1e-3)
    soft = ndimage.gaussian_filter(even, (1.2, 1.2, 0))
    chroma = soft.max(2) - soft.min(2)
    brightest = soft.max(2)
    coloured = _marks(chroma, brightest, edge)
    # A light colour is no ink: there, what counts is how dark its lightest channel is.
    near = ndimage.binary_dilation(coloured, iterations=2)
    depth = 1 - ndimage.gaussian_filter(light, 0.6) / paper
    depth_of_colour = 1 - ndimage.gaussian_filter(most, 0.6) / _paper(most, wide)
    depth = np.clip(np.where(near, depth_of_colour, depth), 0, 1).astype(np.float32)
    bare = depth[~near]
    noise = 1.4826 * float(np.median(np.abs(bare - np.median(bare)))) if bare.size else 0.0
    return Sheet(depth, noise, near, _spread(even, coloured, near, depth))


def drawn(sheet: Sheet, strength: float = USUAL, colours: bool = True) -> Cleaned:
    """The lines of a sheet.

    Args:
        sheet: what was measured.
        strength: 0, only what is drawn firmly, to 1, the faintest lines as well.
        colours: keep coloured marks as hints.
    """
    from scipy import ndimage

    height, width = sheet.depth.shape
    share = min(max(strength, 0.0), 1.0)
    strong = max(float(_STRONG ** (1 - share) * _FAINT**share), 5 * sheet.noise)
    weak = max(_GOES_ON * strong, 2.5 * sheet.noise)
    depth = sheet.depth.copy()
    rim = max(1, round(_RIM * max(height, width)))
    depth[:rim], depth[-rim:], depth[:, :rim], depth[:, -rim:] = 0, 0, 0, 0
    parts, count = ndimage.label(depth > weak, np.ones((3, 3), np.bool_))
    keep = np.zeros(count + 1, np.bool_)
    if count:
        numbers = np.arange(1, count + 1)
        peak = ndimage.maximum(depth, parts, numbers)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
        places = ndimage.find_objects(parts)
        extent = np.array([max(it.stop - it.start for it in place) for place in places])
        speck = max(height, width) / 130
        keep[1:] = (peak > strong) & ((extent > speck) | ((peak > 2 * strong) & (sizes > speck)))
    mask = keep[parts]
    # As wide as what was drawn, black in the middle, and soft at its edges.
    whole = min(strong, 2 * weak)
    ink = np.clip((depth - 0.6 * weak) / (whole - 0.6 * weak), 0, 1)
    ink[~ndimage.binary_dilation(mask)] = 0
    lines = (255 - np.rint(255 * ink)).astype(np.uint8)
    hints = None
    if colours and sheet.coloured.any():
        hints = np.zeros((height, width, 4), np.uint8)
        hints[sheet.coloured] = [0, 0, 0, 255]
        hints[..., :3] = np.where(sheet.coloured[..., None], sheet.colours, 0)
    return Cleaned(lines, hints)


def _paper(plane: Plane, wide: int) -> Plane:
    """How light the paper is at each place: what is darker and narrower than ``wide`` pixels lies on it."""
    from scipy import ndimage

    paper: Plane = ndimage.grey_closing(ndimage.gaussian_filter(plane, 1.5), size=(wide, wide))
    return np.maximum(ndimage.gaussian_filter(paper, 1.5), 0.02)


def _marks(chroma: Plane, brightest: Plane, edge: int) -> Mask:
    """Where something coloured and light was laid, in patches of some size."""
    from scipy import ndimage

    darkest = ndimage.minimum_filter(brightest, size=5)
    mask = (chroma > _COLOURED) & (darkest > _LIGHT)
    parts, count = ndimage.label(ndimage.binary_opening(mask), np.ones((3, 3), np.bool_))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    keep = sizes > (edge / 100) ** 2 / 2
    keep[0] = False
    return np.asarray(keep[parts])


def _spread(even: Plane, coloured: Mask, wanted: Mask, depth: Plane) -> Pixels:
    """Colours as they are in patches, also under what was drawn over them."""
    from scipy import ndimage

    if not coloured.any():
        return np.zeros(even.shape, np.uint8)
    clean = coloured & (depth < 0.15)
    clean = clean if clean.any() else coloured
    _, (rows, columns) = ndimage.distance_transform_edt(~clean, return_indices=True)
    colours = np.where(wanted[..., None], even[rows, columns], 0)
    return np.rint(np.clip(ndimage.median_filter(colours, size=(5, 5, 1)), 0, 1) * 255).astype(np.uint8)
