"""Photo → the colour hints that somebody might have painted over its drawing.

Hints are *wishes*: a person says roughly which colour a part is to have, with a dab or two anywhere on it.
So training shows the colour of a part, not that of the pixels underneath, and never quite; dabs and strokes
are in the middle of a part or run over its border, scribbles and fills overrun or fall short of it. Who
learns from that has to find the part itself. *Copies* are what hints used to be: the photo's own colours at
their very place, cut off at the object's outline. Evaluation goes on with them, so that figures stay
comparable, and so do runs that began with them. Lengths are in pixels of a 256-pixel picture and grow with
larger ones.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures import discs
from trainer.pictures.background import Background

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Plane = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

Hinting = Literal["copies", "wishes"]

TOGETHER, APART = 7.5, 5.0
"""Standard deviation of a wish's noise, levels: of all channels together, and of each alone; 9 in all."""

PURE = 0.15
"""How often a colour is one that people take from a palette or a wheel, purer than the photo's."""

_NEAR_BY = 60.0
"""Levels, as parts are compared, up to which a pure colour may be taken for a part's."""

NAMED_COLOURS = (
    *((0, 0, 0), (80, 80, 80), (128, 128, 128), (192, 192, 192), (255, 255, 255)),
    *((255, 0, 0), (200, 30, 35), (128, 0, 0), (255, 128, 0), (255, 220, 0), (128, 128, 0), (120, 220, 0)),
    *((0, 128, 0), (0, 200, 80), (0, 160, 160), (0, 220, 255), (0, 110, 255), (0, 0, 255), (0, 0, 128)),
    *((110, 0, 220), (180, 0, 200), (255, 0, 160), (255, 160, 190), (110, 60, 20), (170, 110, 60)),
    *((210, 180, 140), (245, 235, 205)),
)
"""Colours that have a name."""

_PAPER = 240
"""From which on, in all channels, a pixel may be paper, where the background isn't plain."""

_FEW_CELLS = 10
"""Of a smaller part nobody says what colour it is to have: of pattern and grain the usual colour is meant."""

_COARSE = 64
"""Cells across the shorter edge in which parts are looked for."""


def hinted(
    photo: Pixels,
    random: np.random.Generator,
    share: float,
    hinting: Hinting,
    plain: Background | None = None,
) -> Pixels:
    """Hints of a photo, or none: uint8 (H, W, 4), straight RGBA, opacity 0 or 255.

    Args:
        photo: uint8 (H, W, 3).
        random: all that varies comes from it, in the same order.
        share: how often there are any, 0 to 1.
        plain: the photo's background, if it is plain: then hints belong to what lies on it.
    """
    if random.random() >= share:
        return none(photo)
    return copied(photo, random, plain) if hinting == "copies" else wished(photo, random, plain)


def none(photo: Pixels) -> Pixels:
    """No hints, for a photo of that size."""
    return np.zeros((*photo.shape[:2], 4), np.uint8)


# --- wishes --------------------------------------------------------------------------------------


def wished(photo: Pixels, random: np.random.Generator, plain: Background | None = None) -> Pixels:
    """Hints as people make them; at least one. As ``hinted``."""
    unit = discs.unit(photo.shape)
    parts = _Parts(photo, plain)
    # People begin with one and look.
    few = random.random() < 0.9
    count = 1 + int(5 * random.random() ** 2.5) if few else int(random.integers(6, 15))
    radius = unit * _brush(random)
    done: list[tuple[Mask, Pixels]] = []
    painted = np.zeros(photo.shape[:2], np.uint8)
    for number in range(1, count + 1):
        if random.random() < 0.3:
            radius = unit * _brush(random)
        place = parts.place(random)
        if any(part[place] for part, _ in done) and random.random() < 0.6:
            place = parts.place(random)  # what has its colour is seldom told again
        part = parts.around(place, random)
        colour = _wish(parts.colour(part), random)
        for known, same in done:
            if known[place] and random.random() < 0.8:
                colour = same  # with the same brush
        done.append((part, colour))
        covered = _covered(photo.shape[:2], part, place, parts.step, radius, random)
        np.copyto(painted, np.uint8(number), where=covered)
    inks = np.array([(0, 0, 0, 0), *((*colour, 255) for _, colour in done)], np.uint8)
    # Four bytes at once, which is quicker.
    hints: Pixels = inks.view(np.uint32)[:, 0][painted].view(np.uint8).reshape(*painted.shape, 4)
    return hints


def _brush(random: np.random.Generator) -> float:
    """A brush's radius: small ones as a rule."""
    return float(random.uniform(8, 20) if random.random() < 0.2 else random.uniform(3, 10))


class _Parts:
    """A photo in cells of ``step`` pixels, and which of them belong together."""

    def __init__(self, photo: Pixels, plain: Background | None) -> None:
        height, width = photo.shape[:2]
        self.step = max(1, round(min(height, width) / _COARSE))
        size = max(1, width // self.step), max(1, height // self.step)
        self._seen = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX))
        red, green, blue = np.moveaxis(self._seen.astype(np.float32), 2, 0)
        # Light and shade part an object less than its colours do.
        light = (red + green + blue) / 3
        self._planes = np.stack([light / 1.5, red - green, (red + green) / 2 - blue])
        if plain is None:
            foreground = self._seen.min(2) < _PAPER
        else:
            image = Image.fromarray(plain.foreground.view(np.uint8))
            foreground = np.asarray(image.resize(size, Image.Resampling.NEAREST)) > 0
        self._foreground: Mask = foreground if foreground.any() else np.ones_like(foreground)
        # Nobody dabs at a seam.
        steep = np.zeros_like(light)
        steep[1:] += np.abs(np.diff(light, axis=0))
        steep[:, 1:] += np.abs(np.diff(light, axis=1))
        calm = self._foreground & (steep <= np.quantile(steep[self._foreground], 0.6))
        self._places = np.argwhere(calm)

    def place(self, random: np.random.Generator) -> tuple[int, int]:
        """A calm cell of the object."""
        row, column = self._places[int(random.integers(len(self._places)))]
        return int(row), int(column)

    def around(self, place: tuple[int, int], random: np.random.Generator) -> Mask:
        """The part that a cell belongs to, as somebody might see it: now what has much the same colour,
        now light and shade and all; now near by only; seldom the whole object."""
        from scipy import ndimage

        if random.random() < 0.06:
            return self._foreground
        tolerance = random.uniform(16, 48)
        row, column = place
        own = self._planes[:, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].mean((1, 2))
        apart = np.square(self._planes - own[:, None, None]).sum(0)
        alike = (apart <= tolerance * tolerance) & self._foreground
        down, across = np.ogrid[: alike.shape[0], : alike.shape[1]]
        if random.random() < 0.4:
            reach = random.uniform(5, 16)
            alike &= np.square(down - row) + np.square(across - column) <= reach * reach
        alike[place] = True
        numbers, _ = ndimage.label(alike)
        part: Mask = numbers == numbers[place]
        if part.sum() >= _FEW_CELLS:
            return part
        near: Mask = np.square(down - row) + np.square(across - column) <= 4 * _FEW_CELLS / np.pi
        return np.logical_and(self._foreground, near)

    def colour(self, part: Mask) -> Floats:
        """The usual colour of a part."""
        usual: Floats = np.median(self._seen[part], axis=0)
        return usual


def _wish(colour: Floats, random: np.random.Generator) -> Pixels:
    """Which colour somebody takes for a part that is to have one: uint8 (3,)."""
    pure = random.random() < PURE
    stronger, noise = random.random() < 0.5, random.normal(0, TOGETHER) + random.normal(0, APART, 3)
    factor = random.uniform(1.15, 1.8)
    if pure:
        named = np.array(NAMED_COLOURS, np.float64)
        apart = named - colour
        chroma = np.stack([apart[:, 0] - apart[:, 1], (apart[:, 0] + apart[:, 1]) / 2 - apart[:, 2]])
        away = np.sqrt(np.square(apart.mean(1) / 1.5) + np.square(chroma).sum(0))
        nearest = int(away.argmin())
        if not stronger and away[nearest] <= _NEAR_BY:
            return np.array(NAMED_COLOURS[nearest], np.uint8)
        colour = colour.mean() + (colour - colour.mean()) * factor
    return np.rint(np.clip(colour + noise, 0, 255)).astype(np.uint8)


def _covered(
    shape: tuple[int, int],
    part: Mask,
    place: tuple[int, int],
    step: int,
    radius: float,
    random: np.random.Generator,
) -> Mask:
    """What somebody paints of a part, (H, W): a dab, a stroke, a scribble, or all of it, roughly."""
    how = random.random()
    roomy = float(part.sum()) * step * step > 12 * radius * radius
    if roomy and how < 0.14:
        return _filled(shape, part, step, random)
    # Within the part as a rule; some hands are careless.
    row, column, radius = _aimed(part, place, step, radius, random)
    if roomy and how < 0.36:
        return _scribbled(shape, part, (row, column), step, radius, random)
    if how < 0.7:
        return discs.swept(shape, np.array([row]), np.array([column]), radius)
    return _stroked(shape, part, (row, column), step, radius, random)


def _aimed(
    part: Mask, place: tuple[int, int], step: int, radius: float, random: np.random.Generator
) -> tuple[float, float, float]:
    """Where the brush is put down, in pixels, and its radius: smaller where a part is small."""
    from scipy import ndimage

    careful = random.random() < 0.8
    jitter = random.uniform(-0.5, 0.5, 2)
    overrun = random.uniform(0, 2)
    cells = np.argwhere(part)
    tries = random.integers(len(cells), size=5)
    depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1] * step
    if careful:
        choice = [place, *((int(row), int(column)) for row, column in cells[tries])]
        deep = [float(depth[cell]) for cell in choice]
        wide = [cell for cell, room in zip(choice, deep, strict=True) if room >= radius]
        place = wide[0] if wide else choice[int(np.argmax(deep))]
        radius = min(radius, max(3.0 * step / 4, float(depth[place]) + overrun))
    row, column = (np.array(place) + 0.5 + jitter) * step
    return float(row), float(column), radius


def _stroked(
    shape: tuple[int, int],
    part: Mask,
    at: tuple[float, float],
    step: int,
    radius: float,
    random: np.random.Generator,
) -> Mask:
    """A short stroke that stays in its part, mostly."""
    rows, columns = [at[0]], [at[1]]
    heading = random.uniform(0, 2 * np.pi)
    length = max(radius, 4.0 * step / 4)
    for _ in range(int(random.integers(2, 9))):
        turns = heading + random.normal(0, 0.5, 4)
        down, across = rows[-1] + np.sin(turns) * length, columns[-1] + np.cos(turns) * length
        inside = part[
            np.clip(down / step, 0, part.shape[0] - 1).astype(np.intp),
            np.clip(across / step, 0, part.shape[1] - 1).astype(np.intp),
        ]
        best = int(inside.argmax())
        if not inside[best] and random.random() < 0.9:
            break
        heading = float(turns[best])
        rows.append(float(down[best]))
        columns.append(float(across[best]))
    return discs.swept(shape, np.array(rows), np.array(columns), radius)


def _scribbled(
    shape: tuple[int, int],
    part: Mask,
    at: tuple[float, float],
    step: int,
    radius: float,
    random: np.random.Generator,
) -> Mask:
    """To and fro over a part, or over some of it: beyond its border by a few pixels, or not as far."""
    angle = random.normal(-np.pi / 4, 0.6)  # as a right hand does, and a mirrored picture a left one
    reach = random.uniform(20, 70) * step / 4
    pitch = radius * random.uniform(1.1, 2.6)
    cells = (np.argwhere(part) + 0.5) * step - at
    along = cells[:, 0] * np.sin(angle) + cells[:, 1] * np.cos(angle)
    beside = cells[:, 0] * np.cos(angle) - cells[:, 1] * np.sin(angle)
    along, beside = (values[np.hypot(along, beside) <= reach] for values in (along, beside))
    lines: list[tuple[float, float]] = []
    middle, side = 0.0, 1
    swings = np.arange(beside.min(initial=0.0), beside.max(initial=0.0) + pitch, pitch)
    for swing, missed in zip(swings, random.normal(0, 3 * step / 4, len(swings)), strict=True):
        met = np.sort(along[np.abs(beside - swing) <= max(step, pitch / 2)])
        if not len(met):
            continue
        # Where a part has arms, the hand stays on the one that it is on.
        runs = np.split(met, np.flatnonzero(np.diff(met) > 3 * step) + 1)
        ends = min(((run[0], run[-1]) for run in runs), key=lambda run: abs(run[0] + run[1] - 2 * middle))
        middle = float(ends[0] + ends[1]) / 2
        end = ends[1] - 0.6 * radius if side > 0 else ends[0] + 0.6 * radius
        lines.append((float(end + side * missed), float(swing)))
        side = -side
    path = np.array(lines or [(0.0, 0.0)])
    rows = at[0] + path[:, 0] * np.sin(angle) + path[:, 1] * np.cos(angle)
    columns = at[1] + path[:, 0] * np.cos(angle) - path[:, 1] * np.sin(angle)
    return discs.swept(shape, rows, columns, radius)


def _filled(shape: tuple[int, int], part: Mask, step: int, random: np.random.Generator) -> Mask:
    """All of a part, its corners rounded: here a few pixels beyond its border, there not as far."""
    from scipy import ndimage

    soft = ndimage.gaussian_filter(part.astype(np.float32), random.uniform(0.8, 2.2))
    field = random.uniform(-0.22, 0.22, (6, 6)) + random.uniform(-0.2, 0.15)
    drift = Image.fromarray(field.astype(np.float32)).resize(part.shape[::-1], Image.Resampling.BICUBIC)
    whole = Image.fromarray(soft + np.asarray(drift) * (soft > 0.02))
    covered: Mask = np.asarray(whole.resize(shape[::-1], Image.Resampling.BICUBIC)) >= 0.5
    return covered


# --- copies --------------------------------------------------------------------------------------


def copied(photo: Pixels, random: np.random.Generator, plain: Background | None = None) -> Pixels:
    """Short strokes in the photo's local colours, at least one. As ``hinted``.

    One to eight strokes mostly, few rather than more, sometimes many; their radius is 3 to 10 pixels,
    sometimes that of a broad brush. The paper is rarely hinted at, and where the background is plain, never.
    """
    height, width = photo.shape[:2]
    hints = none(photo)
    unit = discs.unit(photo.shape)
    many = random.random() < 0.15
    # People begin with one and look: every second sample has one or two.
    count = int(random.integers(9, 25) if many else 1 + 8 * random.random() ** 2)
    broad = random.random() < 0.15
    for _ in range(count):
        radius = unit * float(random.uniform(8, 20) if broad else random.uniform(3, 10))
        row, column = _place(photo, random) if plain is None else _place_on(plain.foreground, random)
        colour = _local_colour(photo, row, column, radius)
        covered = np.zeros((height, width), np.bool_)
        box = _stroke(covered, photo, row, column, radius, colour, random)
        if plain is not None:
            covered &= plain.foreground
        part = hints[box]
        part[covered[box]] = (*colour.tolist(), 255)
    return hints


def _place(photo: Pixels, random: np.random.Generator) -> tuple[int, int]:
    """Somewhere; on white only if three tries in a row found nothing else."""
    height, width = photo.shape[:2]
    row = column = 0
    for _ in range(3):
        row, column = int(random.integers(height)), int(random.integers(width))
        if photo[row, column].min() < 240 or random.random() < 0.1:
            break
    return row, column


def _place_on(foreground: Mask, random: np.random.Generator) -> tuple[int, int]:
    """Somewhere on an object, every place as likely."""
    inside = np.flatnonzero(foreground)
    row, column = divmod(int(inside[random.integers(len(inside))]), foreground.shape[1])
    return row, column


def _local_colour(photo: Pixels, row: int, column: int, radius: float) -> Pixels:
    """The usual colour around a place, of those that are like the one there."""
    reach = max(1, int(radius / 2))
    patch = photo[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    near = patch.reshape(-1, 3)
    alike = np.abs(near.astype(np.int16) - photo[row, column]).max(1) <= 40
    colour: Pixels = np.median(near[alike], axis=0).astype(np.uint8)
    return colour


def _stroke(
    covered: Mask,
    photo: Pixels,
    row: int,
    column: int,
    radius: float,
    colour: Pixels,
    random: np.random.Generator,
) -> tuple[slice, slice]:
    """Mark a short stroke that keeps to its colour as a hand does, roughly; return the box around it."""
    height, width = covered.shape
    y, x = float(row), float(column)
    heading = random.uniform(0, 2 * np.pi)
    rows, columns = [y], [x]
    wanted = colour.astype(np.int16)
    for _ in range(int(random.integers(1, 8))):
        turns = heading + random.normal(0, 0.5, 4)
        ahead_y = np.clip(y + np.sin(turns) * radius, 0, height - 1)
        ahead_x = np.clip(x + np.cos(turns) * radius, 0, width - 1)
        there = photo[ahead_y.astype(np.intp), ahead_x.astype(np.intp)].astype(np.int16)
        apart = np.abs(there - wanted).sum(1)
        best = int(apart.argmin())
        if apart[best] > 120 and random.random() < 0.85:
            break
        heading, y, x = float(turns[best]), float(ahead_y[best]), float(ahead_x[best])
        rows += [(rows[-1] + y) / 2, y]
        columns += [(columns[-1] + x) / 2, x]
    for at_y, at_x in zip(rows, columns, strict=True):
        discs.stamp(covered, at_y, at_x, radius)
    return (
        slice(max(0, int(min(rows) - radius - 1)), int(max(rows) + radius + 2)),
        slice(max(0, int(min(columns) - radius - 1)), int(max(columns) + radius + 2)),
    )
