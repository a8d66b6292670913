"""What a stroke was meant to be: a line, an ellipse or a polygon, fitted by least squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QT_TRANSLATE_NOOP

Points = npt.NDArray[np.float64]
"""Positions in the picture, (N, 2): x, y."""

Name = Literal["Line", "Circle", "Ellipse", "Rectangle", "Triangle", "Polygon"]
NAMES = (
    QT_TRANSLATE_NOOP("paint", "Line"),
    QT_TRANSLATE_NOOP("paint", "Circle"),
    QT_TRANSLATE_NOOP("paint", "Ellipse"),
    QT_TRANSLATE_NOOP("paint", "Rectangle"),
    QT_TRANSLATE_NOOP("paint", "Triangle"),
    QT_TRANSLATE_NOOP("paint", "Polygon"),
)

LEAST = 12.0
"""Pixels across: smaller strokes stay as they were drawn."""
POINTS = 96
"""A stroke is looked at in so many points, all as far apart."""
STRAIGHT, ROUND, CORNERED = 0.03, 0.045, 0.025
"""How far, as a part of the extent, points may be from a shape, on the average (root mean square)."""
OPEN = 0.2
"""A stroke whose ends are further apart than this part of its length encloses nothing."""
MOST_CORNERS = 8


class Shape(NamedTuple):
    """What was recognised."""

    name: Name
    points: list[tuple[float, float]]
    """Along it; a closed one ends where it begins."""


def recognised(points: Sequence[tuple[float, float]]) -> Shape | None:
    """The shape that a stroke through ``points`` was meant to be; None where none fits well."""
    path = np.array(points, np.float64).reshape(-1, 2)
    steps = np.hypot(*np.diff(path, axis=0).T)
    length = float(steps.sum())
    extent = float(np.hypot(*np.ptp(path, axis=0))) if len(path) else 0.0
    if len(path) < 2 or extent < LEAST:
        return None
    path = _evenly(path, steps, length)
    if math.dist(path[0], path[-1]) > OPEN * length:
        return _line(path, length, extent)
    found = [fit for fit in (_ellipse(path, extent), _polygon(path, extent)) if fit is not None]
    return min(found, key=lambda fit: fit[0])[1] if found else None


def _evenly(path: Points, steps: npt.NDArray[np.float64], length: float) -> Points:
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, length, POINTS)
    return np.stack([np.interp(wanted, along, path[:, axis]) for axis in (0, 1)], 1)


def _line(path: Points, length: float, extent: float) -> Shape | None:
    middle, direction, off = _straight(path)
    ends = [middle + direction * float((end - middle) @ direction) for end in (path[0], path[-1])]
    if off > STRAIGHT * extent or length > 1.15 * math.dist(*ends):  # it went to and fro
        return None
    return Shape("Line", [(float(x), float(y)) for x, y in ends])


def _straight(points: Points) -> tuple[Points, Points, float]:
    """The line nearest to ``points``: its middle, direction, and the root mean square of distances."""
    middle = points.mean(0)
    _, spread, axes = np.linalg.svd(points - middle, full_matrices=False)
    return middle, axes[0], float(spread[1]) / math.sqrt(len(points))


def _ellipse(path: Points, extent: float) -> tuple[float, Shape] | None:
    """The ellipse of least algebraic distance (after Halíř and Flusser, 1998), and how far off it is."""
    middle = path.mean(0)
    x, y = ((path - middle) / extent).T
    squares, rest = np.stack([x * x, x * y, y * y], 1), np.stack([x, y, np.ones_like(x)], 1)
    try:
        least = -np.linalg.solve(rest.T @ rest, rest.T @ squares)
        scatter = squares.T @ squares + squares.T @ rest @ least
        values, vectors = np.linalg.eig(np.array([scatter[2] / 2, -scatter[1], scatter[0] / 2]))
    except np.linalg.LinAlgError:
        return None
    vectors = vectors.real
    fits = np.flatnonzero(4 * vectors[0] * vectors[2] - vectors[1] ** 2 > 0)
    if not len(fits) or np.iscomplex(values[fits[0]]):
        return None
    conic = vectors[:, fits[0]]
    form = np.array([[conic[0], conic[1] / 2], [conic[1] / 2, conic[2]]])
    linear = least @ conic
    centre = np.linalg.solve(form, -linear[:2] / 2)
    scale = float(centre @ form @ centre - linear[2])
    lengths, axes = np.linalg.eigh(form / scale)
    if not (lengths > 0).all():
        return None
    radii = 1 / np.sqrt(lengths)
    if radii.min() < 0.1 * radii.max():
        return None
    turned = (np.stack([x, y], 1) - centre) @ axes
    around = np.hypot(*(turned / radii).T)
    off = float(np.sqrt(np.mean(((around - 1) * math.sqrt(radii[0] * radii[1])) ** 2)))
    # A stroke round the half of it is none.
    if off > ROUND or _widest_gap(np.arctan2(*(turned / radii).T)) > math.radians(75):
        return None
    is_circle = radii.min() > 0.9 * radii.max()
    if is_circle:
        radii[:] = math.sqrt(radii[0] * radii[1])
    angles = np.linspace(0, 2 * math.pi, 121)
    around_it = np.stack([np.cos(angles), np.sin(angles)], 1) * radii @ axes.T
    points = [(float(x), float(y)) for x, y in (around_it + centre) * extent + middle]
    return off, Shape("Circle" if is_circle else "Ellipse", points)


def _widest_gap(angles: npt.NDArray[np.float64]) -> float:
    angles = np.sort(angles)
    return float(np.max(np.diff(np.append(angles, angles[0] + 2 * math.pi))))


def _polygon(path: Points, extent: float) -> tuple[float, Shape] | None:
    """The polygon of three to eight corners whose sides are nearest to the stroke's pieces."""
    start = int(np.argmax(np.hypot(*(path - path.mean(0)).T)))  # surely near a corner
    loop = np.concatenate([path[start:], path[:start]])
    marks = _corners(loop, 0.07 * extent)
    count = len(marks)
    if not 3 <= count <= MOST_CORNERS:
        return None
    sides = []
    for begin, end in zip(marks, [*marks[1:], marks[0] + len(loop)], strict=True):
        if end - begin < 4:
            return None
        # The rounding of corners by the hand is no part of a side.
        room = max(1, (end - begin) // 8)
        piece = loop[np.arange(begin + room, end - room + 1) % len(loop)]
        middle, direction, _ = _straight(piece)
        onwards = loop[end % len(loop)] - loop[begin]
        sides.append((middle, direction if direction @ onwards > 0 else -direction))
    sides = _squared(sides)
    points = []
    for (one, along), (other, across) in zip([sides[-1], *sides[:-1]], sides, strict=True):
        crossing = np.array([along, -across]).T
        if abs(np.linalg.det(crossing)) < math.sin(math.radians(12)):  # no corner to speak of
            return None
        points.append(one + along * float(np.linalg.solve(crossing, other - one)[0]))
    if any(math.dist(point, loop[mark]) > 0.2 * extent for point, mark in zip(points, marks, strict=True)):
        return None
    turns = [_turn(one, other) for (_, one), (_, other) in zip([sides[-1], *sides[:-1]], sides, strict=True)]
    if abs(abs(sum(turns)) - 2 * math.pi) > 0.1:  # it crosses itself
        return None
    off = _away(loop, np.array([*points, points[0]])) / extent
    if off > CORNERED:
        return None
    names: dict[int, Name] = {3: "Triangle", 4: "Rectangle" if _is_square(sides) else "Polygon"}
    corners = [(float(x), float(y)) for x, y in (*points, points[0])]
    # With many corners, anything round is a polygon.
    return off * (1 if count < 5 else 2), Shape(names.get(count, "Polygon"), corners)


def _turn(one: Points, other: Points) -> float:
    """The angle by which the second direction is turned from the first, -π to π."""
    return math.atan2(float(one[0] * other[1] - one[1] * other[0]), float(one @ other))


def _away(points: Points, outline: Points) -> float:
    """Root mean square of how far ``points`` are from the nearest side of ``outline``."""
    starts, along = outline[:-1], np.diff(outline, axis=0)
    part = ((points[:, None] - starts) * along).sum(2) / np.maximum((along**2).sum(1), 1e-9)
    apart = points[:, None] - (starts + along * np.clip(part, 0, 1)[:, :, None])
    return float(np.sqrt(np.mean(np.hypot(apart[..., 0], apart[..., 1]).min(1) ** 2)))


def _corners(loop: Points, tolerance: float) -> list[int]:
    """Where ``loop`` turns: the points that Douglas and Peucker's algorithm keeps, as indices."""
    middle = int(np.argmax(np.hypot(*(loop - loop[0]).T)))
    kept = {0, middle}
    waiting = [(0, middle), (middle, len(loop))]
    while waiting:
        begin, end = waiting.pop()
        if end - begin < 2:
            continue
        piece, first, last = loop[begin:end], loop[begin], loop[end % len(loop)]
        along = (last - first) / max(math.dist(first, last), 1e-9)
        away = np.abs((piece - first) @ np.array([-along[1], along[0]]))
        furthest = int(np.argmax(away))
        if away[furthest] > tolerance:
            kept.add(begin + furthest)
            waiting += [(begin, begin + furthest), (begin + furthest, end)]
    marks = sorted(kept)
    # The stroke's own start is one only if it turns there.
    return [mark for index, mark in enumerate(marks) if _turns(loop, marks, index, tolerance)]


def _turns(loop: Points, marks: list[int], index: int, tolerance: float) -> bool:
    if len(marks) < 3:
        return True
    before, here, after = loop[marks[index - 1]], loop[marks[index]], loop[marks[(index + 1) % len(marks)]]
    along = (after - before) / max(math.dist(before, after), 1e-9)
    return bool(abs((here - before) @ np.array([-along[1], along[0]])) > tolerance)


Side = tuple[Points, Points]


def _is_square(sides: list[Side]) -> bool:
    """Whether each of four sides stands upright on the next."""
    return all(
        abs(float(sides[number - 1][1] @ sides[number][1])) < math.sin(math.radians(14))
        for number in range(len(sides))
    )


def _squared(sides: list[Side]) -> list[Side]:
    """Four sides that are nearly a rectangle's, turned into one's; nearly upright ones upright."""
    if len(sides) != 4 or not _is_square(sides):
        return sides
    angles = [
        math.atan2(along[1], along[0]) - number * math.pi / 2 for number, (_, along) in enumerate(sides)
    ]
    # The mean of directions that repeat every quarter of a turn.
    mean = math.atan2(sum(math.sin(4 * it) for it in angles), sum(math.cos(4 * it) for it in angles)) / 4
    nearest = round(mean / (math.pi / 2)) * math.pi / 2
    if abs(mean - nearest) < math.radians(7):
        mean = nearest
    squared = []
    for middle, along in sides:
        turned = mean + round((math.atan2(along[1], along[0]) - mean) / (math.pi / 2)) * math.pi / 2
        squared.append((middle, np.array([math.cos(turned), math.sin(turned)])))
    return squared
