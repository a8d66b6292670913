"""The sheet of paper in a photo: where its corners are, its proportions, and how it looks from above.

Corners are float64 (4, 2), x and y in pixels of the photo: top left, top right, bottom right, bottom left.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels

Corners = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SMALL, _LARGE = 320, 1000
"""Pixels along the longer edge of the photo in which the sheet is looked for, then its exact edges."""
_LEAST, _MOST = 0.10, 0.985
"""Share of the photo that a sheet takes."""
_EDGE = 0.06
"""How much lighter the sheet is than what lies around it, as a logarithm."""
_SURE = 0.55
"""What a sheet must have of 1: solid, and lighter than its surroundings all along its edges."""
_PAPERS = (2**0.5, 11 / 8.5, 4 / 3, 1.0)
"""Long edge by short edge of papers; A4 and its like, letter, drawing pads."""

_TELEPHONE, _SPREAD = 0.85, 0.2
"""A telephone's focal length by the longer edge of its photos, and how much others differ, as a logarithm."""
_OFF = 0.0015
"""How far a corner may lie beside the sheet's, by the longer edge of the photo."""


def whole(width: int, height: int) -> Corners:
    """The corners of all of the photo."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def find(photo: Pixels) -> Corners | None:
    """The corners of the sheet in ``photo``, uint8 (H, W, 3); None where none is sure.

    Light may fall unevenly, and shadows over it: what counts is that the sheet is lighter than what lies
    right beside it.
    """
    small, factor = _reduced(photo, _SMALL)
    logs = _logs(small)
    best, most = None, _SURE
    for mask in _candidates(small):
        quad, solid = _quad_of(mask)
        if quad is None or solid <= most:  # however well its edges are seen
            continue
        score = solid * _support(logs, quad)
        if score > most:
            best, most = quad, score
    if best is None:
        return None
    large, finer = _reduced(photo, _LARGE)
    height, width = photo.shape[:2]
    found = _refined(_logs(large), best * (factor / finer), 1.6 * factor / finer + 1.5) * finer
    margin = 0.02 * max(width, height)
    if (found < -margin).any() or (found > np.array([width, height]) + margin).any():
        found = np.clip(found, 0, [width, height])
    return found if is_quad(found) else None


def is_quad(corners: Corners) -> bool:
    """Whether these four, in their order, go round something without a dent."""
    after = np.roll(corners, -1, 0) - corners
    turns = _cross(after, np.roll(after, -1, 0))
    return bool((turns > 4).all())


def proportions(corners: Corners, width: int, height: int) -> float:
    """Width by height that the sheet has in truth, seen by a camera that looks at the middle of the photo.

    After Zhang and He, “Whiteboard scanning and image enhancement” (MSR-TR-2003-39). Where it comes near to
    that of a usual paper, it is that.
    """
    if np.array_equal(corners, whole(width, height)):  # a scan
        return width / height
    across, down = _directions(corners, width, height)
    squared = _focal(corners, width, height) ** 2
    lengths = [(it[0] ** 2 + it[1] ** 2) / squared + it[2] ** 2 for it in (across, down)]
    ratio = float(np.sqrt(lengths[0] / lengths[1]))
    for paper in _PAPERS:
        for known in (paper, 1 / paper):
            if abs(ratio / known - 1) < 0.035:
                return known
    return min(max(ratio, 0.1), 10.0)


def _directions(corners: Corners, width: int, height: int) -> tuple[Corners, Corners]:
    """The sheet's edges in space, as far as the photo tells: float64 (3,) each."""
    at = np.column_stack([corners - (width / 2, height / 2), np.ones(4)])
    top_left, top_right, bottom_right, bottom_left = at
    second = np.dot(np.cross(top_left, bottom_right), bottom_left) / np.dot(
        np.cross(top_right, bottom_right), bottom_left
    )
    third = np.dot(np.cross(top_left, bottom_right), top_right) / np.dot(
        np.cross(bottom_left, bottom_right), top_right
    )
    return second * top_right - top_left, third * bottom_left - top_left


def _focal(corners: Corners, width: int, height: int) -> float:
    """The camera's focal length in pixels: what its right angles say, as far as that is certain; a sheet that
    hardly flees in one direction says nothing, and then it is a telephone's.

    How certain it is shows in what becomes of it when a corner lies a little elsewhere.
    """
    usual = float(np.log(_TELEPHONE * max(width, height)))
    found = _log_focal(corners, width, height)
    if found is None:
        return float(np.exp(usual))
    doubt = 0.0
    for place in np.ndindex(4, 2):
        moved = corners.copy()
        moved[place] += _OFF * max(width, height)
        other = _log_focal(moved, width, height)
        doubt += np.inf if other is None else (other - found) ** 2
    return float(np.exp(usual + (found - usual) * _SPREAD**2 / (_SPREAD**2 + doubt)))


def _log_focal(corners: Corners, width: int, height: int) -> float | None:
    """The logarithm of the focal length with which the sheet's corners are right angles; None for none."""
    across, down = _directions(corners, width, height)
    both, flat = across[2] * down[2], across[0] * down[0] + across[1] * down[1]
    return float(np.log(-flat / both) / 2) if flat * both < 0 else None


def rectified(photo: Pixels, corners: Corners, width: int, height: int) -> Pixels:
    """The sheet from above, uint8 (height, width, 3).

    Args:
        photo: uint8 (H, W, 3).
        corners: of the sheet in it.
        width: of the result, in pixels.
        height: likewise.
    """
    picture = Image.fromarray(np.ascontiguousarray(photo))
    sides = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1)
    factor = max(1, int(min(sides[[0, 2]].min() / width, sides[[1, 3]].min() / height)))
    if factor > 1:  # a transformation looks at four pixels and no more
        picture = picture.reduce(factor)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    way = perspective(target, corners / factor)
    result = picture.transform(
        (width, height), Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)
    )
    return np.array(result)


# --- where it may be -----------------------------------------------------------------------------


def _reduced(photo: Pixels, edge: int) -> tuple[Pixels, int]:
    factor = max(1, round(max(photo.shape[:2]) / edge))
    return np.array(Image.fromarray(np.ascontiguousarray(photo)).reduce(factor)), factor


def _logs(photo: Pixels) -> Plane:
    """The logarithm of each colour: light that is halved changes all of it alike."""
    from scipy import ndimage

    planes: Plane = np.log(ndimage.gaussian_filter(photo.astype(np.float32), (1, 1, 0)) + 6)
    return planes


def _candidates(photo: Pixels) -> Iterator[Mask]:
    """Parts of the photo that may be the sheet: light ones, ones lighter than around, colourless ones."""
    from scipy import ndimage

    rgb = ndimage.gaussian_filter(photo.astype(np.float32), (1.2, 1.2, 0))
    light, least = rgb.mean(2), rgb.min(2)
    edge = max(photo.shape[:2])
    around = ndimage.gaussian_filter(light, edge / 4) + 4
    grey = 1 - (rgb.max(2) - least) / (rgb.max(2) + 8)
    # Drawn lines don't count: a closing takes away what is narrow and dark.
    for plane, count in ((light, 10), (least, 8), (least / around, 10), (grey * least, 6), (grey, 5)):
        plane = ndimage.grey_closing(plane, size=(7, 7))
        low, high = np.percentile(plane, (4, 97))
        for level in np.linspace(low, high, count + 2)[1:-1]:
            yield plane > level


def _quad_of(mask: Mask) -> tuple[Corners | None, float]:
    """The four corners around the largest part of ``mask``, and how much of what they enclose is of it."""
    from scipy import ndimage

    parts, count = ndimage.label(ndimage.binary_opening(mask, iterations=2))
    if not count:
        return None, 0.0
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    part = _filled(parts == int(sizes.argmax()))
    area = int(np.count_nonzero(part))
    if not _LEAST * mask.size < area < _MOST * mask.size:
        return None, 0.0
    quad = _four(_hull(part))
    if quad is None:
        return None, 0.0
    enclosed = abs(_area(quad))
    solid = area / max(enclosed, 1.0)
    return (quad, min(solid, 1 / solid)) if solid > 0.8 else (None, 0.0)


def _filled(part: Mask) -> Mask:
    """With its holes; scipy's own function grows the surroundings pixel by pixel, ten times as long."""
    from scipy import ndimage

    beside, _ = ndimage.label(~np.pad(part, 1))
    return np.asarray(beside[1:-1, 1:-1] != beside[0, 0])


def _hull(part: Mask) -> Corners:
    """The convex hull, clockwise on the screen, of the corners of all pixels of ``part``."""
    rows = np.flatnonzero(part.any(1))
    left = part[rows].argmax(1)
    right = part.shape[1] - part[rows][:, ::-1].argmax(1)
    tall = part.shape[0] + 1
    corners = [ends * tall + rows + below for ends in (left, right) for below in (0, 1)]
    numbers = np.unique(np.concatenate(corners))
    ordered = np.column_stack(np.divmod(numbers, tall)).astype(np.float64)  # left to right, downwards, once
    return np.concatenate([_half(ordered)[:-1], _half(ordered[::-1])[:-1]])


def _half(points: Corners) -> Corners:
    """The half of a convex hull that turns one way, of points in order, from the first to the last."""
    while len(points) > 2:
        # Whatever does not turn between its neighbours is within the hull, whether these stay or go as well.
        turns = _cross(points[1:-1] - points[:-2], points[2:] - points[:-2]) > 0
        if turns.all():
            break
        points = points[np.concatenate([[True], turns, [True]])]
    return points


def _four(hull: Corners) -> Corners | None:
    """Four corners around a hull: again and again the edge goes without which least is added."""
    corners = hull
    while len(corners) > 4:
        round_about = np.concatenate([corners[-1:], corners, corners[:2]])
        before, after, beyond = round_about[:-3], round_about[2:-1], round_about[3:]
        one, other = corners - before, after - beyond
        turn = _cross(one, other)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = _cross(after - corners, other) / turn
            met = corners + share[:, None] * one
            added = np.abs(_cross(met - corners, after - corners)) / 2
        added[~(share > 0) | ~np.isfinite(added)] = np.inf
        edge = int(added.argmin())
        if not np.isfinite(added[edge]):
            return None
        following = (edge + 1) % len(corners)
        corners = corners.copy()
        corners[edge] = met[edge]
        corners = np.delete(corners, following, 0)
    if len(corners) < 4:
        return None
    return _ordered(corners)


def _ordered(corners: Corners) -> Corners:
    """From the top left one on, clockwise."""
    middle = corners.mean(0)
    angles = np.arctan2(*(corners - middle).T[::-1])
    clockwise = corners[np.argsort(angles)]
    return np.roll(clockwise, -int(clockwise.sum(1).argmin()), 0)


# --- how exactly ---------------------------------------------------------------------------------


def _steps(logs: Plane, quad: Corners, side: int, count: int, reach: float) -> tuple[Corners, Corners, Plane]:
    """Points along a side, the direction outwards, and how light the sheet is against what is beside it.

    Returns:
        float64 (count, 2), float64 (2,), and float32 (count, 2 · reach + 1): at each offset that way.
    """
    from scipy import ndimage

    start, end = quad[side], quad[(side + 1) % 4]
    along = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
    outward = np.array([along[1], -along[0]])
    points = start + np.linspace(0.06, 0.94, count)[:, None] * (end - start)
    offsets = np.arange(-reach, reach + 0.5)
    places = points[:, None] + offsets[None, :, None] * outward
    gap = 2.0
    difference = np.full((count, len(offsets)), -np.inf, np.float32)
    inner, outer = (np.moveaxis(places + shift * outward - 0.5, 2, 0)[::-1] for shift in (-gap, gap))
    for plane in np.moveaxis(logs, 2, 0):
        inside, beside = (
            ndimage.map_coordinates(plane, at, order=1, mode="nearest") for at in (inner, outer)
        )
        np.maximum(difference, inside - beside, out=difference)
    return points, outward, difference


def _support(logs: Plane, quad: Corners) -> float:
    """How much of the sides the sheet is lighter than its surroundings, 0 to 1."""
    height, width = logs.shape[:2]
    shares = []
    for side in range(4):
        points, outward, steps = _steps(logs, quad, side, 40, 2)
        beyond = points + 4 * outward
        inside = ((beyond > 0) & (beyond < [width, height])).all(1)
        lighter = steps.max(1) > _EDGE
        # What lies outside the photo can't be asked.
        shares.append(float(np.where(inside, lighter, 0.5).mean()))
    return 0.5 * min(shares) + 0.5 * sum(shares) / 4


def _refined(logs: Plane, quad: Corners, reach: float) -> Corners:
    """Each side laid through the places where the sheet ends, and the corners where the sides meet."""
    lines = []
    for side in range(4):
        points, outward, steps = _steps(logs, quad, side, 80, float(np.ceil(reach)))
        best = steps.argmax(1)
        strong = steps[np.arange(len(best)), best] > _EDGE
        places = points + (best - steps.shape[1] // 2)[:, None] * outward
        lines.append(_line(places[strong], quad[side], quad[(side + 1) % 4]))
    corners = []
    for side in range(4):
        (at, along), (other, across) = lines[side - 1], lines[side]
        turn = _cross(along, across)
        meet = at + along * (_cross(other - at, across) / turn) if abs(turn) > 1e-3 else quad[side]
        corners.append(meet if np.linalg.norm(meet - quad[side]) < 6 * reach else quad[side])
    return np.array(corners)


def _line(points: Corners, start: Corners, end: Corners) -> tuple[Corners, Corners]:
    """A line through most of the points: one of its points, its direction; the side itself where few are."""
    along = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
    at = start
    for limit in (np.inf, 4.0, 2.0, 1.5):
        if len(points) < 12:
            return at, along
        distances = np.abs(_cross(points - at, along[None]))
        near = points[distances <= limit] if np.isfinite(limit) else points
        if len(near) < 12:
            break
        if not np.isfinite(limit):  # the middle one of what they say, before the mean of it
            offset = np.median(_cross(points - at, along[None]))
            at = at - offset * np.array([-along[1], along[0]])
            continue
        at = near.mean(0)
        _, _, ways = np.linalg.svd(near - at)
        along = ways[0] * np.sign(ways[0] @ along)
    return at, along


def perspective(target: Corners, source: Corners) -> tuple[float, ...]:
    """Eight numbers that take the target's points to the source's, as Pillow wants them."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(float(value) for value in np.linalg.solve(np.array(rows), np.array(values)))


def _cross(a: Corners, b: Corners) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return result


def _area(quad: Corners) -> float:
    return float(_cross(quad, np.roll(quad, -1, 0)).sum()) / 2
