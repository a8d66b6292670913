"""What in a preview is the object and what the background it lies on, by the drawing's outline and the
colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.finishing import regions
from engine.finishing.regions import Mask

Values = npt.NDArray[np.float32]

Enclosed = Literal["seen", "kept", "cut"]
"""What becomes of areas that lines enclose and that look like the background: where they lie, and what is
seen there, says whether they are holes; all are of the object; all are holes."""
ENCLOSED: tuple[Enclosed, ...] = get_args(Enclosed)

INK = 128
"""Lines darker than this are there, of 255."""
_PLAIN, _BORDER = 14, 0.85
"""A background is plain where this share of the picture's border differs by so little from its usual
colour."""
_SHOWS = 0.5
"""Share of an area that is coloured otherwise than the background, from which it is of the object."""
_LINE, _HANDLE = 7, 40
"""How far apart areas are that one line parts, and a handle, in pixels of a picture of 512."""
_BESIDE, _NEAR = 0.2, 0.45
"""Shares of an area's boundary, from which it lies beside the background outside, and near it."""
_HOLE = 0.45
"""Coloured share of an area inside a handle, up to which the background is seen through it."""
_BARE, _MOSTLY = 3, 0.5
"""Through a wide hole the background itself is seen: most of it is no farther than this from the background's
colour. Whatever is white on the object has shades; colours run into small holes."""
_UNDER = 0.5
"""Share of an area's lower edge with nothing but a line and the background below, from which it is no hole:
objects hang from handles, and stand on soles. Where its upper edge has as much, it is a handle at the
side."""
_PART, _SOFT = 0.5, 0.1
"""Of the object's largest area, a hole at the side, with the background below and above, takes less than
this; and its largest coloured share, for a small preview's lines run into it."""
_WIDE, _EMPTY = 0.02, 0.02
"""What lies beside the background, and is as empty, is white on white, unless it takes this share of the
picture: then the line is a handle. The largest coloured share of such."""
_OPEN, _MIXED = 0.2, 0.5
"""Share of an area's boundary that is open to the background, from which only its colours say that it is of
the object: gaps in an outline are short, background between whiskers, studs and toes is open at one end. And
how far from the background's colour, as a share of what the object usually is, such colours are: a haze is a
mixture of both."""
_STRONG = 40
"""Difference from the background, in any channel, that no shadow on it has."""
_SPECK = 0.0005
"""Share of the picture that a hole takes at least, or else belongs to the object."""
_PIECE = 0.0008
"""The same of what has colour and no outline."""


@dataclass(frozen=True)
class Segmentation:
    """What was told apart: ``foreground`` (H, W); ``colour`` of the background, float32 (3,), None where it
    isn't plain."""

    foreground: Mask
    colour: Values | None


def segment_foreground(
    frame: Pixels, ink: Mask | None, hinted: Mask | None = None, enclosed: Enclosed = "seen"
) -> Segmentation | None:
    """Tell the object from its background.

    Args:
        frame: the preview, uint8 (H, W, 3).
        ink: (H, W), where the drawing has lines; None where it is no drawing of lines.
        hinted: (H, W), where it has hints: these are of the object.
        enclosed: what becomes of what lines enclose.

    Returns:
        None where no object can be told from its background.
    """
    from scipy import ndimage

    colour = _background(frame)
    if colour is None and (ink is None or not ink.any()):
        return None
    apart = np.zeros(frame.shape[:2], np.float32) if colour is None else _apart(frame, colour)
    foreground = (
        apart > _PLAIN if ink is None else _by_areas(apart, colour is not None, ink, hinted, enclosed)
    )
    foreground = ndimage.binary_opening(foreground, iterations=1) if ink is None else foreground
    foreground = ndimage.binary_fill_holes(foreground) if enclosed == "kept" and ink is None else foreground
    foreground = _without_specks(foreground, 0 if ink is None else _touched(foreground, ink))
    share = float(foreground.mean())
    if not 0.002 <= share <= 0.985:
        return None
    return Segmentation(foreground, colour)


def _background(frame: Pixels) -> Values | None:
    """The colour of the border, float32 (3,), where it is plain."""
    sides = frame[:2], frame[-2:], frame[:, :2], frame[:, -2:]
    border = np.concatenate([side.reshape(-1, 3) for side in sides]).astype(np.float32)
    colour: Values = np.median(border, axis=0)
    plain = np.abs(border - colour).max(1) <= _PLAIN
    return colour if float(plain.mean()) >= _BORDER else None


def _apart(frame: Pixels, colour: Values) -> Values:
    """How far each pixel is from the background, in its strongest channel."""
    far: Values = np.abs(frame.astype(np.float32) - colour).max(2)
    return far


def _by_areas(apart: Values, plain: bool, ink: Mask, hinted: Mask | None, enclosed: Enclosed) -> Mask:
    """Each area between the lines is of the object or of the background, by where it lies and by what the
    preview has there."""
    from scipy import ndimage

    unit = max(ink.shape) / 512
    numbers = regions.areas(ink, unit)
    count = int(numbers.max(initial=0))
    flat = numbers.ravel()
    sizes = np.maximum(1, np.bincount(flat, minlength=count + 1))
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    along = np.bincount(border, minlength=count + 1)
    along[0] = 0
    if not along.any():  # ink all around
        return np.ones_like(ink)
    outer = int(np.argmax(along))
    if not plain:
        ours = along == 0
    else:
        # Beside a line the line's own colours are seen, not the area's.
        inner = ndimage.distance_transform_edt(~ink) > 3 * unit
        weight = np.where(inner, 1.0, 0.001).ravel()
        total = np.maximum(np.bincount(flat, weight, count + 1), 1e-9)
        shows = np.bincount(flat, weight * (apart.ravel() > _PLAIN), count + 1) / total
        background = (numbers == outer) | np.isin(numbers, np.flatnonzero((along > 0) & (shows <= _SHOWS)))
        beside, near, under, over, gap = _boundaries(numbers, count, background, unit)
        wide = sizes >= _WIDE * ink.size
        # Nobody draws a line between background and background, unless it is a handle.
        tinted = np.bincount(flat, weight * (apart.ravel() > _BARE), count + 1) / total
        at_side = (over >= _UNDER) & (sizes < _PART * sizes[along == 0].max(initial=0))
        handle = wide & (((shows <= _EMPTY) & (under < _UNDER)) | ((shows <= _SOFT) & at_side))
        hole = np.where(beside >= _BESIDE, handle, (near >= _NEAR) & (shows <= _HOLE))
        hole &= ~wide | (tinted <= _MOSTLY)
        if enclosed != "seen":
            hole = (shows <= _HOLE) if enclosed == "cut" else np.zeros_like(hole)
        ours = np.where(along > 0, shows > _SHOWS, ~hole)
        if enclosed == "seen":
            ours &= (gap < _OPEN) | (along > 0) | _solid(apart, numbers, inner, ours & (gap < _OPEN))
        if hinted is not None:
            ours = ours | (np.bincount(flat, hinted.ravel(), count + 1) > 0.02 * sizes)
    ours[0], ours[outer] = True, False  # 0 is ink
    foreground: Mask = ours[numbers]
    if plain:
        foreground = foreground | _leaked(apart, ink, foreground & ~ink, unit)
        foreground = _without_spurs(foreground, ink, apart, unit)
    return foreground


def _boundaries(
    numbers: regions.Numbers, count: int, background: Mask, unit: float
) -> tuple[Values, Values, Values, Values, Values]:
    """Of each area's boundary: the share that a single line parts from the background outside, the share that
    has this no farther away than handles are wide; the first of these of its lower and its upper edge; and
    the share that nothing parts from it."""
    from scipy import ndimage

    away = ndimage.distance_transform_edt(~background)
    boundary = numbers != ndimage.minimum_filter(numbers, 3)
    boundary |= numbers != ndimage.maximum_filter(numbers, 3)
    low, high = np.zeros_like(boundary), np.zeros_like(boundary)
    low[:-1] = high[1:] = numbers[:-1] != numbers[1:]

    def share(edge: Mask, far: float) -> Values:
        total = np.maximum(1, np.bincount(numbers[edge], minlength=count + 1))
        near: Values = (np.bincount(numbers[edge], away[edge] < far, count + 1) / total).astype(np.float32)
        return near

    line = _LINE * max(1, unit)
    return (
        share(boundary, line),
        share(boundary, _HANDLE * unit),
        share(low, line),
        share(high, line),
        share(boundary, 1.5),
    )


def _solid(apart: Values, numbers: regions.Numbers, inner: Mask, sure: Mask) -> Mask:
    """Which areas have most of the colour that the object has, by those that are ``sure``ly of it."""
    usual = apart[sure[numbers] & inner & (numbers > 0)]
    if not usual.size:
        return np.ones_like(sure)
    strong = apart > max(_PLAIN, _MIXED * float(np.median(usual)))
    sizes = np.maximum(1, np.bincount(numbers.ravel(), minlength=len(sure)))
    shown: Mask = np.bincount(numbers.ravel(), strong.ravel(), len(sure)) > _SHOWS * sizes
    return shown


def _leaked(apart: Values, ink: Mask, inside: Mask, unit: float) -> Mask:
    """What is strongly coloured though its area is of the background: outlines may be open so far that no
    ball is held up. Colour that runs out over a line, with the object itself on its other side, is none."""
    from scipy import ndimage

    strong = ndimage.binary_opening(apart > _STRONG, np.ones((3, 3)), iterations=2) & ~inside & ~ink
    parts, count = ndimage.label(strong)
    if not count:
        return np.zeros_like(strong)
    boundary = strong & ~ndimage.binary_erosion(strong)
    drawn = boundary & (ndimage.distance_transform_edt(~ink) < 4 * unit)
    over = drawn & (ndimage.distance_transform_edt(~inside) < 2 * _LINE * unit)
    lengths, lines, others = (
        np.bincount(parts.ravel(), mask.ravel(), count + 1) for mask in (boundary, drawn, over)
    )
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    kept = (sizes >= _PIECE * ink.size) & (lines >= 0.2 * lengths) & (others < 0.5 * lines)
    kept[0] = False
    leaked: Mask = kept[parts]
    return leaked


def _without_spurs(foreground: Mask, ink: Mask, apart: Values, unit: float) -> Mask:
    """Without ends of lines that lead away from every part of the object, where the preview has nothing."""
    from scipy import ndimage

    inside = foreground & ~ink
    if not inside.any():
        return foreground
    half = ndimage.maximum_filter(ndimage.distance_transform_edt(ink), 2 * round(4 * unit) + 1)
    leading = ink & (ndimage.distance_transform_edt(~inside) > 2 * half + unit)
    ends, count = ndimage.label(leading, np.ones((3, 3)))
    shows = np.bincount(ends.ravel(), apart.ravel() > _PLAIN, count + 1)
    bare = shows <= _SHOWS * np.bincount(ends.ravel(), minlength=count + 1)
    bare[0] = False
    without: Mask = foreground & ~bare[ends]
    return without


def _touched(foreground: Mask, ink: Mask) -> Mask:
    """The pieces of an object that have lines."""
    from scipy import ndimage

    parts, count = ndimage.label(foreground, np.ones((3, 3)))
    drawn = np.bincount(parts.ravel(), ink.ravel(), count + 1) > 0
    drawn[0] = False
    touched: Mask = drawn[parts]
    return touched


def _without_specks(foreground: Mask, drawn: Mask | int) -> Mask:
    """Without pieces too small to be any, unless they were ``drawn``; and without holes of that size."""
    from scipy import ndimage

    parts, count = ndimage.label(foreground, np.ones((3, 3)))
    large = np.bincount(parts.ravel(), minlength=count + 1) >= _PIECE * foreground.size
    large[0] = False
    kept = (large[parts] | (foreground & (drawn > 0))) if count else foreground
    holes, count = ndimage.label(~kept)
    small = np.bincount(holes.ravel(), minlength=count + 1) < _SPECK * foreground.size
    small[0] = False
    whole: Mask = kept | small[holes]
    return whole
