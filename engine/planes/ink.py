"""Brings drawn lines to the width and darkness that a sketch model was trained on.

People's pencils are thick and grey, training edges thin and black. Lines are found against their
surroundings, so that grey ones count; thinned to one pixel (Zhang and Suen, “A fast parallel
algorithm for thinning digital patterns”, CACM 27, 1984), with large filled areas turned into their
outline; and drawn anew. Works on the bounding box of the ink, and thins on its pixels alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

FAINTEST = 16
"""Least difference from the paper, of 255, that counts as ink."""

DARKEST_PAPER = 127
"""Difference from white, of 255, up to which a picture's usual tone is taken for its paper."""

SHARE = 0.4
"""Of the darkest ink within ``REACH``, so that soft edges don't make lines thicker."""

REACH = 2
"""Pixels around one that count as its surroundings."""

BLOB = 5
"""Ink thicker than twice this and one pixel is a filled area, not a line."""


def redrawn(lines: Plane, width: float) -> Plane:
    """The same drawing in full ink.

    Args:
        lines: uint8 (H, W), 255 paper to 0 ink.
        width: of the new lines in pixels, at least 1; a fraction becomes a grey edge.

    Returns:
        uint8 (H, W). Isolated dots stay dots.
    """
    height, width_all = lines.shape
    paper = np.full_like(lines, 255)
    ink = _found(lines)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return paper
    margin = int(width) + 2
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    box = np.s_[top : min(height, rows[-1] + margin + 1), left : min(width_all, columns[-1] + margin + 1)]
    paper[box] = 255 - _widened(_centre_lines(ink[box]), max(1.0, width))
    return paper


def _found(lines: Plane) -> Mask:
    darkness = 255 - lines
    # A photographed drawing is on grey paper: take its usual tone for white.
    if 2 * np.count_nonzero(darkness >= FAINTEST) > darkness.size:
        tone = np.uint8(np.median(darkness))
        if tone <= DARKEST_PAPER:
            darkness = np.maximum(darkness, tone) - tone
    if int(darkness.max(initial=0)) < FAINTEST:
        return np.zeros(lines.shape, np.bool_)
    darkest = _window(darkness, REACH, REACH, np.maximum, 0)
    found: Mask = darkness >= np.maximum(darkest * np.float32(SHARE), FAINTEST)
    return found


def _centre_lines(ink: Mask) -> Mask:
    """One pixel wide: middle lines of strokes and outlines of filled areas."""
    cores = _window(ink, BLOB, BLOB, np.logical_and, True)
    if cores.any():
        # Grown a little further than they were shrunk, so that round corners leave no slivers.
        areas = _window(cores, BLOB + 2, BLOB + 2, np.logical_or, False) & ink
        outline = areas & ~_window(areas, 1, 1, np.logical_and, True)
        strokes = ink & ~areas
    else:
        outline, strokes = np.zeros_like(ink), ink
    thin: Mask = thinned(strokes) | outline
    return thin


def thinned(ink: Mask) -> Mask:
    """Zhang–Suen thinning on a list of the ink's pixels, except that the last pixel of a dot stays."""
    padded = np.pad(ink, 1).view(np.uint8)
    flat = padded.reshape(-1)
    row = padded.shape[1]
    # Clockwise from above, as P2 … P9 in the paper.
    around = (-row, 1 - row, 1, row + 1, row, row - 1, -1, -row - 1)
    pixels = np.flatnonzero(flat)
    quiet = 0
    turn = 0
    while quiet < 2 and len(pixels):
        code = _neighbours(flat, pixels, around)
        goes = _REMOVABLE[turn][code]
        # All four pixels of a lone 2 × 2 square would go at once, and with them many a dot.
        corners = np.flatnonzero(code == _TOP_LEFT)
        opposite = _neighbours(flat, pixels[corners] + row + 1, around)
        goes[corners[opposite == _BOTTOM_RIGHT]] = False
        flat[pixels[goes]] = 0
        quiet = 0 if goes.any() else quiet + 1
        pixels = pixels[~goes]
        turn = 1 - turn
    return padded[1:-1, 1:-1].view(np.bool_)


_TOP_LEFT = 0b00011100
"""Neighbourhood of the top left pixel of a lone square: ink to the right, below and between."""

_BOTTOM_RIGHT = 0b11000001


def _neighbours(flat: Plane, pixels: npt.NDArray[np.intp], around: tuple[int, ...]) -> Plane:
    """One bit for each of the eight neighbours that are ink."""
    code = np.zeros(len(pixels), np.uint8)
    for bit, offset in enumerate(around):
        code |= flat[pixels + offset] << np.uint8(bit)
    return code


def _removable() -> npt.NDArray[np.bool_]:
    """For each of the two turns and 256 neighbourhoods whether the pixel goes."""
    table = np.zeros((2, 256), np.bool_)
    for code in range(256):
        around = [code >> bit & 1 for bit in range(8)]
        up, right, down, left = around[0], around[2], around[4], around[6]
        changes = sum(not here and after for here, after in zip(around, around[1:] + around[:1], strict=True))
        if 2 <= sum(around) <= 6 and changes == 1:
            table[0, code] = not (up and right and down) and not (right and down and left)
            table[1, code] = not (up and right and left) and not (up and down and left)
    return table


_REMOVABLE = _removable()


def _widened(thin: Mask, width: float) -> Plane:
    """Darkness of lines of a width, 0 to 255."""
    whole = int(width)
    darkness = _spread(thin, whole).view(np.uint8) * np.uint8(255)
    if width > whole:
        edge = np.uint8(round(255 * (width - whole)))
        darkness = np.maximum(darkness, _spread(thin, whole + 1).view(np.uint8) * edge)
    return darkness


def _spread(thin: Mask, width: int) -> Mask:
    return _window(thin, width // 2, (width - 1) // 2, np.logical_or, False)


def _window(plane: npt.NDArray, before: int, after: int, join: np.ufunc, outside: int | bool) -> npt.NDArray:  # type: ignore[type-arg]
    """Join each pixel with those up to ``before`` above and left, ``after`` below and right of it."""
    for _ in range(2):  # along the columns, then, turned, along the rows
        length = before + after + 1
        plane = np.pad(plane, ((before, after), (0, 0)), constant_values=outside)
        span = 1
        while span < length:
            step = min(span, length - span)
            plane = join(plane[:-step], plane[step:])
            span += step
        plane = np.ascontiguousarray(plane.T)
    return plane
