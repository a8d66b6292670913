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
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_COLOURED = 0.13
"""By how much of the lightest channel the darkest one is darker, from which on something is coloured."""
_LIGHT = 0.74
"""How light a coloured mark is at least, all around; a darker one was made by a pen."""
_SOLID, _DEEP = 0.97, 1.5
"""Of a broad mark that is darker: how much of it is coloured, and how much more than a light one."""
_THIN = 0.004
"""Half of what a pen's line is wide at most, as a share of the longer edge."""
_AT_AN_EDGE = 0.5
"""What counts of the darkness along the edge of a coloured mark, which is a shade of the camera's as well."""
_MARGIN = 0.008
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

    rgb: Plane = (photo / np.float32(255)).astype(np.float32)
    edge = max(photo.shape[:2])
    wide = max(9, edge // 24) | 1
    light: Plane = (rgb @ _LUMA).astype(np.float32)
    paper = _paper(light, wide)
    bare = light > 0.9 * paper
    balance = np.median((rgb / np.maximum(light, 0.02)[..., None])[bare], 0) if bare.any() else np.ones(3)
    balanced: Plane = (rgb / np.clip(balance, 0.2, 4)).astype(np.float32)
    soft = ndimage.gaussian_filter(balanced, (1.2, 1.2, 0))
    tint = 1 - soft.min(2) / np.maximum(soft.max(2), 0.04)
    # Under colours, the paper is as light as beside them.
    paper = _beside(paper, ndimage.binary_dilation(ndimage.binary_opening(tint > _COLOURED), iterations=3))
    coloured = _marks(tint, soft.max(2) / paper, edge)
    # Cameras store colours more coarsely than light: around a mark lies a fringe that looks grey.
    near = ndimage.binary_dilation(coloured, iterations=max(2, edge // 150))
    depth = 1 - ndimage.gaussian_filter(light, 0.6) / paper
    if coloured.any():
        # A colour is no ink: in it, what counts is how dark the lightest channel is against the colour's own.
        most = balanced.max(2)
        own = _paper(_beside(most, ~coloured), wide)
        darker = 1 - ndimage.gaussian_filter(most, 0.6) / own
        depth = np.where(near, _above_grain(darker, coloured), depth)
        depth[near & ~ndimage.binary_erosion(coloured, iterations=2)] *= _AT_AN_EDGE
    depth = np.clip(depth, 0, 1).astype(np.float32)
    rest = depth[~near]
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) if rest.size else 0.0
    patches = ndimage.binary_closing(coloured, iterations=4)  # lines were drawn over them
    return Sheet(depth, noise, patches, _spread(balanced / paper[..., None], coloured, patches, depth))


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
    margin = max(1, round(_MARGIN * max(height, width)))
    depth[:margin], depth[-margin:], depth[:, :margin], depth[:, -margin:] = 0, 0, 0, 0
    parts, count = ndimage.label(depth > weak, np.ones((3, 3), np.bool_))
    keep = np.zeros(count + 1, np.bool_)
    if count:
        numbers = np.arange(1, count + 1)
        peak = ndimage.maximum(depth, parts, numbers)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
        places = ndimage.find_objects(parts)
        extent = np.array([max(it.stop - it.start for it in place) for place in places])
        speck = max(height, width) / 130
        least = np.where(_at_the_border(places, depth.shape, margin + 1), 5 * speck, speck)
        keep[1:] = (peak > strong) & ((extent > least) | ((peak > 2 * strong) & (sizes > 2 * least)))
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


def _above_grain(depth: Plane, coloured: Mask) -> Plane:
    """How dark it is in coloured marks beyond what their own grain is, as crayons leave it."""
    within = depth[coloured]
    usual = float(np.median(within))
    grain = usual + 3 * 1.4826 * float(np.median(np.abs(within - usual)))
    above: Plane = np.maximum(depth - np.float32(grain), 0) / np.float32(max(1 - grain, 0.2))
    return above


def _at_the_border(places: list[tuple[slice, slice]], shape: tuple[int, ...], margin: int) -> Mask:
    """Which of these touch the border, where shadows and the desk are cut off."""
    return np.array(
        [
            min(rows.start, columns.start) <= margin
            or rows.stop >= shape[0] - margin
            or columns.stop >= shape[1] - margin
            for rows, columns in places
        ]
    )


def _paper(plane: Plane, wide: int) -> Plane:
    """How light the paper is at each place: what is darker and narrower than ``wide`` pixels lies on it."""
    from scipy import ndimage

    paper: Plane = ndimage.grey_closing(ndimage.gaussian_filter(plane, 1.5), size=(wide, wide))
    smooth: Plane = np.maximum(ndimage.gaussian_filter(paper, 1.5), 0.02)
    return smooth


def _beside(plane: Plane, where: Mask) -> Plane:
    """A plane with other values in some places: those nearest to them elsewhere."""
    from scipy import ndimage

    if not where.any() or where.all():
        return plane
    rows, columns = ndimage.distance_transform_edt(where, return_distances=False, return_indices=True)
    return np.asarray(plane[rows, columns])


def _marks(tint: Plane, brightest: Plane, edge: int) -> Mask:
    """Where something coloured was laid that is light, or broad."""
    from scipy import ndimage

    mask = tint > _COLOURED
    light = mask & (ndimage.minimum_filter(brightest, size=7) > _LIGHT)
    brush = max(3, edge // 80) | 1
    # The paper shines through the grain of a pencil: all in all it must be coloured, not at every place.
    solid = ndimage.uniform_filter(mask.astype(np.float32), brush) > _SOLID
    core = solid & (ndimage.uniform_filter(tint, brush) > _DEEP * _COLOURED)
    broad = mask & ndimage.maximum_filter(core, size=brush + 2)
    parts, count = ndimage.label(ndimage.binary_opening(light | broad), np.ones((3, 3), np.bool_))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    keep = sizes > (edge / 60) ** 2 / 2
    if count:  # nothing that is as thin as a ballpoint's line everywhere is a mark
        half = ndimage.maximum(ndimage.distance_transform_edt(parts), parts, np.arange(count + 1))
        keep &= half > edge * _THIN
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
    whole = np.zeros(even.shape, np.uint8)
    for there in ndimage.find_objects(ndimage.maximum_filter(wanted, 5).astype(np.uint8)):  # all else is 0
        whole[there] = np.rint(np.clip(ndimage.median_filter(colours[there], size=(5, 5, 1)), 0, 1) * 255)
    return whole
