"""Which pixels belong together: connected areas of similar colour, with small gaps taken for closed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.data.palette import Colour

Mask = npt.NDArray[np.bool_]


def region(
    pixels: Pixels,
    x: int,
    y: int,
    tolerance: int,
    gap: int,
    *,
    smooth: bool,
    paint: Colour | None = None,
) -> npt.NDArray[np.uint8]:
    """The area around (x, y) of the colour found there.

    Args:
        pixels: uint8 (H, W, 3).
        x: column, inside.
        y: row, inside.
        tolerance: how far every channel may be from the colour at (x, y), 0 to 255.
        gap: openings of the outline up to this many pixels wide are taken for closed.
        smooth: pixels on the edge that mix both colours are covered by their share.
        paint: what the area is to be covered with, if that is known: beside an outline of that colour nothing
            of what was there may shine through.

    Returns:
        coverage, uint8 (H, W).
    """
    apart = _apart(pixels, x, y)
    similar = apart <= tolerance
    inside = _behind_gaps(similar, x, y, (gap + 1) // 2)
    coverage = inside.view(np.uint8) * np.uint8(255)
    if smooth:
        _cover_edge(coverage, inside, apart, pixels, pixels[y, x], paint)
    return coverage


def alike(pixels: Pixels, x: int, y: int, tolerance: int, *, contiguous: bool) -> Mask:
    """Which pixels have the colour of the one at (x, y), bool (H, W).

    Args:
        pixels: uint8 (H, W, 3).
        x: column, inside.
        y: row, inside.
        tolerance: how far every channel may be from that colour, 0 to 255.
        contiguous: only those that can be reached from there.
    """
    similar = _apart(pixels, x, y) <= tolerance
    return connected(similar, x, y) if contiguous else similar


def connected(open: Mask, x: int, y: int) -> Mask:
    """The pixels of ``open`` (H, W) that can be reached from (x, y), going sideways, up and down.

    Works on runs of pixels in rows: runs that touch are linked, and links are followed by pointer
    jumping (Shiloach and Vishkin, 1982), all in array operations.
    """
    height, width = open.shape
    if not open[y, x]:
        return np.zeros_like(open)
    stride = width + 1  # one closed column, so that no run goes over the edge into the next row
    flat = np.zeros(height * stride + 1, np.int8)
    flat[1:].reshape(height, stride)[:, :width] = open
    edges = np.flatnonzero(np.diff(flat))
    starts, ends = edges[0::2], edges[1::2]
    below = np.searchsorted(ends, starts + stride, side="right")
    beyond = np.searchsorted(starts, ends + stride, side="left")
    count = np.maximum(beyond - below, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    lower = np.arange(len(upper)) + np.repeat(below - np.cumsum(count) + count, count)
    root = np.arange(len(starts))
    while len(upper):
        one, other = root[upper], root[lower]
        apart = one != other
        if not apart.any():
            break
        upper, lower, one, other = upper[apart], lower[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while True:
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
    start = int(np.searchsorted(starts, y * stride + x, side="right")) - 1
    ours = root == root[start]
    steps = np.zeros(height * stride + 1, np.int8)
    steps[starts[ours]] = 1
    steps[ends[ours]] -= 1
    reached = np.cumsum(steps[:-1], dtype=np.int8).reshape(height, stride)[:, :width]
    return reached.astype(np.bool_)


def _apart(pixels: Pixels, x: int, y: int) -> Pixels:
    """uint8 (H, W): the largest difference of any channel from the colour at (x, y)."""
    apart = np.zeros(pixels.shape[:2], np.uint8)
    for channel in range(3):
        plane = pixels[:, :, channel]
        seed = plane[y, x]
        np.maximum(apart, np.maximum(plane, seed) - np.minimum(plane, seed), out=apart)
    return apart


def _behind_gaps(similar: Mask, x: int, y: int, radius: int) -> Mask:
    """``connected``, but not through openings narrower than 2 · radius.

    The outline is thickened by the radius, the area found, and then grown by as much. From a place
    that is itself that narrow, a smaller radius is tried.
    """
    for reach in range(radius, 0, -1):
        core = ~_grown(~similar, reach)
        if core[y, x]:
            inside = _grown(connected(core, x, y), reach)
            # Into the corners, where a square of that size doesn't fit.
            for _ in range(reach):
                inside = _grown(inside, 1) & similar
            return inside
    return connected(similar, x, y)


def _grown(mask: Mask, radius: int) -> Mask:
    """``mask`` and everything at most ``radius`` pixels away, diagonals counting as one step."""
    for axis in (0, 1):
        grown = mask.copy()
        for step in range(1, radius + 1):
            if axis:
                grown[:, step:] |= mask[:, :-step]
                grown[:, :-step] |= mask[:, step:]
            else:
                grown[step:] |= mask[:-step]
                grown[:-step] |= mask[step:]
        mask = grown
    return mask


def _cover_edge(
    coverage: Pixels, inside: Mask, apart: Pixels, pixels: Pixels, seed: Pixels, paint: Colour | None
) -> None:
    """Cover pixels beside the area by the share of its colour that smooth edges left in them.

    The other part of the mixture is taken to be the most different pixel among the neighbours: at a
    hard edge that is the pixel itself, and its share is nothing. Paint laid thinly over a mixture leaves a
    part of the old colour in it; so it is laid as thickly as comes nearest to the mixture of paint and other
    part: all of it where these are of one colour.
    """
    height, width = inside.shape
    rows, columns = np.nonzero(_grown(inside, 1) & ~inside)
    if not len(rows):
        return
    most = apart[rows, columns]
    other = pixels[rows, columns].astype(np.float32)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            beside = np.clip(rows + down, 0, height - 1), np.clip(columns + across, 0, width - 1)
            further = apart[beside] > most
            other[further] = pixels[beside][further]
            most = np.maximum(most, apart[beside])
    share = (255 - apart[rows, columns].astype(np.int32) * 255 // np.maximum(most, 1)).astype(np.float32)
    if paint is not None:
        mixed = pixels[rows, columns].astype(np.float32)
        target = np.array(paint, np.float32)
        wanted = share[:, None] / 255 * (target - seed)
        reach = target - mixed
        length = np.square(reach).sum(1)
        along = (wanted * reach).sum(1) / np.maximum(length, 1e-6)
        share = np.where((share > 0) & (length > 0.5), 255 * np.clip(along, 0, 1), share)
    coverage[rows, columns] = share
