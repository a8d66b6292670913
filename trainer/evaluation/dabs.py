"""What becomes of round dabs of colour on a drawing: how far they reach, and whether their outline shows.

Measured with dabs of its own on bare lines, the same ones for every model. Lengths are in pixels of a
256-pixel picture and grow with larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.pictures import discs

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Point = tuple[int, int]

RED = (200, 30, 35)
RADIUS = 8
"""Of a dab."""
FROM_THE_DAB = 12
"""Pixels next to a dab that don't count for its reach: any network paints those as told."""
NEAR = 25.0
"""CIEDE2000 up to which a colour counts as the one that was asked for."""

MOST = 3
"""Dabs on one drawing whose outlines are looked for."""
_BETWEEN = 40
"""Pixels from one dab to the next, at least."""
_AROUND = 14
"""Pixels from a dab's middle to the nearest line, at least: its outline and the rings beside it have room."""
_SPAN = 1.5
"""Half of the distance across which an outline is a step: networks paint none sharper."""
_BESIDE = 3.5
"""From an outline to the rings inside and outside that it is compared with."""
_SECTORS, _RAYS = 4, 16
"""Parts of a ring, and rays in each, over which colours are averaged: grain is no outline."""
UNSEEN = 1.0
"""A step that nobody sees, in units of CIE Lab: added to all, so that smooth surfaces compare, too."""


class Steps(NamedTuple):
    """Mean differences across rings about dabs, in units of CIE Lab: across the dab's ``outline``, and
    ``beside`` it."""

    outline: float
    beside: float


def bare(prepared: Pixels) -> Pixels:
    """A prepared drawing, uint8 (H, W, 5), without its hints."""
    lines = np.zeros_like(prepared)
    lines[..., 0] = prepared[..., 0]
    return lines


def dabbed(drawing: Pixels, point: Point, colour: npt.ArrayLike) -> Pixels:
    """A prepared drawing, uint8 (H, W, 5), with one round dab more; it keeps to the paper between lines."""
    dab = _away(drawing, point) <= RADIUS * discs.unit(drawing.shape)
    answer = drawing.copy()
    answer[dab, 1:4], answer[dab, 4] = np.asarray(colour, np.uint8), 255
    return answer


# --- how far one reaches ---------------------------------------------------------------------------


def roomiest(lines: Pixels, inside: Mask) -> Point:
    """Where a drawing has most room for a dab: people colour in a surface, not a seam.

    Args:
        lines: uint8 (H, W), 255 paper to 0 ink.
        inside: (H, W), what the outline encloses.
    """
    room = _room(lines, inside)
    row, column = np.unravel_index(int(room.argmax()), room.shape)
    return int(row), int(column)


def reach(fake: Pixels, point: Point, inside: Mask) -> float | None:
    """How much of an object turned red by one red dab, 0 to 1; None where there is nothing but the dab.

    Args:
        fake: uint8 (H, W, 3), of a drawing with no hint but a dab of ``RED`` at ``point``.
        inside: (H, W), what the outline encloses.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    counted = inside & (_away(fake, point) > (RADIUS + FROM_THE_DAB) * discs.unit(fake.shape))
    if not counted.any():
        return None
    red = rgb2lab(np.array(RED, np.uint8).reshape(1, 1, 3))
    return float((deltaE_ciede2000(rgb2lab(fake[counted][None]), red) <= NEAR).mean())


# --- whether its outline shows ---------------------------------------------------------------------


def flat_points(lines: Pixels, photo: Pixels, inside: Mask) -> list[Point]:
    """Up to ``MOST`` points well inside, away from lines, where the photo is flattest: there no outline is
    anybody's but the dab's.

    Args:
        lines: uint8 (H, W), 255 paper to 0 ink.
        photo: uint8 (H, W, 3).
        inside: (H, W), what the outline encloses.
    """
    from scipy import ndimage

    unit = discs.unit(lines.shape)
    side = 2 * round(_AROUND * unit / 2**0.5) + 1
    planes = photo.astype(np.float64)
    mean = ndimage.uniform_filter(planes, (side, side, 0))
    spread = (ndimage.uniform_filter(planes * planes, (side, side, 0)) - mean * mean).sum(2)
    spread[_room(lines, inside) < _AROUND * unit] = np.inf
    found: list[Point] = []
    while len(found) < MOST:
        row, column = np.unravel_index(int(spread.argmin()), spread.shape)
        if spread[row, column] == np.inf:
            break
        found.append((int(row), int(column)))
        spread[_away(lines, found[-1]) < _BETWEEN * unit] = np.inf
    return found


def usual(photo: Pixels, point: Point) -> Pixels:
    """The colour that a photo has where a dab is to go, uint8 (3,)."""
    under = photo[_away(photo, point) <= RADIUS * discs.unit(photo.shape)]
    return np.asarray(np.median(under, axis=0), np.uint8)


def steps(fake: Pixels, point: Point) -> Steps:
    """How much a picture changes across the outline of a dab, and across rings beside it.

    Colours are averaged along quarters of a ring; a step is how far they lie apart in CIE Lab from 1.5 pixels
    within to 1.5 pixels without. The rings beside lie 3.5 pixels further in and out.

    Args:
        fake: uint8 (H, W, 3), of a drawing with a dab at ``point``.
    """
    from scipy import ndimage
    from skimage.color import rgb2lab

    unit = discs.unit(fake.shape)
    row, column = point
    half = int(np.ceil((_AROUND + 2) * unit))
    top, left = max(0, row - half), max(0, column - half)
    lab = rgb2lab(fake[top : row + half + 1, left : column + half + 1])
    angles = (np.arange(_SECTORS * _RAYS) + 0.5) * 2 * np.pi / (_SECTORS * _RAYS)
    inner, outer = RADIUS - _BESIDE, RADIUS + _BESIDE
    radii = np.array([[middle - _SPAN, middle + _SPAN] for middle in (inner, RADIUS, outer)]) * unit
    down = row - top + radii[..., None] * np.sin(angles)
    across = column - left + radii[..., None] * np.cos(angles)
    rings = np.stack(
        [
            ndimage.map_coordinates(plane, (down, across), order=1, mode="nearest")
            for plane in np.moveaxis(lab, 2, 0)
        ]
    )
    sectors = rings.reshape(3, 3, 2, _SECTORS, _RAYS).mean(4)
    apart = np.sqrt(np.square(sectors[:, :, 1] - sectors[:, :, 0]).sum(0)).mean(1)
    return Steps(float(apart[1]), float(apart[0] + apart[2]) / 2)


def visibility(measured: Sequence[Steps]) -> float:
    """How much stronger the outlines of dabs are than what lies beside them, over many dabs: from 0; 1 where
    they are not to be seen. Dabs pasted into a photo come to 7, red ones to 40."""
    outline = float(np.mean([one.outline for one in measured]))
    beside = float(np.mean([one.beside for one in measured]))
    return (outline + UNSEEN) / (beside + UNSEEN)


def measure_dabs(
    translate: Callable[[Pixels], Pixels], drawing: Pixels, photo: Pixels, inside: Mask
) -> tuple[float | None, list[Steps], list[Steps]]:
    """What becomes of one red dab, and of a few dabs in the photo's colours.

    Args:
        translate: makes a picture uint8 (H, W, 3) of a prepared drawing.
        drawing: uint8 (H, W, 5), without hints.
        photo: uint8 (H, W, 3).
        inside: (H, W), what the outline encloses.

    Returns:
        ``reach`` of the red one, its steps where it has room, and those of the others.
    """
    lines = drawing[..., 0]
    point = roomiest(lines, inside)
    red = translate(dabbed(drawing, point, RED))
    has_room = _room(lines, inside)[point] >= _AROUND * discs.unit(drawing.shape)
    points = flat_points(lines, photo, inside)
    coloured = drawing
    for one in points:
        coloured = dabbed(coloured, one, usual(photo, one))
    fake = translate(coloured) if points else photo
    return (
        reach(red, point, inside),
        [steps(red, point)] if has_room else [],
        [steps(fake, one) for one in points],
    )


def _room(lines: Pixels, inside: Mask) -> Floats:
    """Pixels from each point inside to the nearest line or border."""
    from scipy.ndimage import distance_transform_edt

    room: Floats = distance_transform_edt(np.pad(inside & (lines >= 128), 1))
    return room[1:-1, 1:-1]


def _away(picture: Pixels, point: Point) -> Floats:
    """How far each pixel is from a point."""
    down, across = np.ogrid[: picture.shape[0], : picture.shape[1]]
    away: Floats = np.hypot(down - point[0], across - point[1])
    return away
