"""What a layer's file holds beyond the edges of the picture: neither seen nor painted on, but kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from desktop.paint.layers import scaling
from desktop.paint.layers.layer import Layer, Piece, blank
from engine.data.messages import Pixels
from engine.data.rect import Rect


def cut(pixels: Pixels, left: int, top: int, canvas: Rect) -> tuple[Pixels, tuple[Piece, ...]]:
    """Premultiplied BGRA ``pixels`` that lie at (left, top), as what is on the canvas and what is not.

    Returns:
        pixels of the size of the canvas, and the pieces around it that are not wholly transparent.
    """
    place = Rect(left, top, pixels.shape[1], pixels.shape[0])
    inside = place.intersected(canvas)
    if inside == canvas == place:
        return pixels, ()
    spread = blank(canvas.width, canvas.height)
    if inside:
        spread[inside.rows, inside.columns] = within(pixels, place, inside)
    return spread, tuple(
        _trimmed(Piece(rect, within(pixels, place, rect)) for rect in _around(place, canvas))
    )


def whole(layer: Layer, pieces: Sequence[Piece] | None = None) -> tuple[Pixels, Rect]:
    """All of a layer, what lies beyond the picture included: its pixels, premultiplied BGRA, and where
    they lie.

    Args:
        layer: the one.
        pieces: of what lies beyond only these, see ``within_reach``.
    """
    pieces = layer.outside if pieces is None else pieces
    rect = layer.bounds()
    for piece in pieces:
        rect = rect.united(piece.rect)
    rect = rect or Rect(0, 0, 1, 1)
    inside = rect.intersected(Rect(0, 0, *layer.size))
    if not pieces:
        return np.ascontiguousarray(layer.pixels[inside.rows, inside.columns]), rect
    pixels = blank(rect.width, rect.height)
    within(pixels, rect, inside)[...] = layer.pixels[inside.rows, inside.columns]
    for piece in pieces:
        within(pixels, rect, piece.rect)[...] = piece.pixels
    return pixels, rect


def within_reach(layer: Layer, most: int) -> tuple[Piece, ...]:
    """What of a layer beyond the picture goes with all that is in it into one of ``most`` pixels, the
    nearest first."""
    rect, found = layer.bounds(), list[Piece]()
    for piece in sorted(layer.outside, key=lambda piece: _area(layer.bounds().united(piece.rect))):
        if _area(rect.united(piece.rect)) <= most:
            rect = rect.united(piece.rect)
            found.append(piece)
    return tuple(found)


def scaled(layer: Layer, width: int, height: int, *, smooth: bool) -> tuple[Piece, ...]:
    """What lies beyond the picture once that is ``width`` × ``height``."""
    if not layer.outside:
        return ()
    pixels, rect = whole(layer)
    across, down = width / layer.size[0], height / layer.size[1]
    larger = scaling.scaled(pixels, *scaled_size(rect, across, down), smooth=smooth)
    return cut(larger, round(rect.left * across), round(rect.top * down), Rect(0, 0, width, height))[1]


def scaled_size(rect: Rect, across: float, down: float) -> tuple[int, int]:
    """Width and height of ``rect`` at another scale."""
    return max(1, round(rect.width * across)), max(1, round(rect.height * down))


def cropped(layer: Layer, canvas: Pixels, rect: Rect) -> tuple[Piece, ...]:
    """Lay what was beyond the picture and is within ``rect`` on ``canvas``, the layer's new pixels.

    Returns:
        what is beyond the edges still. What the crop itself cuts off is gone, as it should be.
    """
    left: list[Piece] = []
    for piece in layer.outside:
        inside = piece.rect.intersected(rect)
        if inside:
            found, target = within(piece.pixels, piece.rect, inside), within(canvas, rect, inside)
            np.copyto(target, found, where=found[:, :, 3:] > 0)
        left += [Piece(part, within(piece.pixels, piece.rect, part)) for part in _around(piece.rect, rect)]
    return tuple(
        Piece(Rect(part.left - rect.left, part.top - rect.top, part.width, part.height), pixels)
        for part, pixels in _trimmed(left)
    )


def _around(place: Rect, canvas: Rect) -> list[Rect]:
    """What of ``place`` is not in ``canvas``: above and below over its whole width, then left and right."""
    middle = place.intersected(Rect.spanning(place.left, canvas.top, place.right, canvas.bottom))
    parts = (
        Rect.spanning(place.left, place.top, place.right, min(place.bottom, canvas.top)),
        Rect.spanning(place.left, max(place.top, canvas.bottom), place.right, place.bottom),
        Rect.spanning(middle.left, middle.top, min(middle.right, canvas.left), middle.bottom),
        Rect.spanning(max(middle.left, canvas.right), middle.top, middle.right, middle.bottom),
    )
    return [part for part in parts if part]


def _trimmed(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """Copies of the pieces without their transparent edges; none of those that are nothing else."""
    for rect, pixels in pieces:
        packed = np.ascontiguousarray(pixels).view(np.uint32)[:, :, 0]
        rows, columns = np.flatnonzero(packed.any(1)), np.flatnonzero(packed.any(0))
        if len(rows):
            full = Rect.spanning(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            place = Rect(rect.left + full.left, rect.top + full.top, full.width, full.height)
            yield Piece(place, pixels[full.rows, full.columns].copy())


def within(pixels: Pixels, place: Rect, part: Rect) -> Pixels:
    """``part`` of ``pixels`` that lie at ``place``, as a view."""
    rows, columns = part.top - place.top, part.left - place.left
    return pixels[rows : rows + part.height, columns : columns + part.width]


def extent(layers: Iterable[Layer], canvas: Rect) -> int:
    """Pixels beyond ``canvas`` that writing ``layers`` takes, whatever is painted on them, all together."""
    total = 0
    for layer in layers:
        if layer.outside:
            total += beyond((piece.rect for piece in layer.outside), canvas)
    return total


def furthest(layers: Iterable[Layer], canvas: Rect) -> int:
    """Pixels that writing the layer that reaches furthest beyond ``canvas`` takes, whatever is painted on it;
    0 where none does."""
    found = (beyond((piece.rect for piece in layer.outside), canvas) for layer in layers if layer.outside)
    return max((_area(canvas) + more for more in found), default=0)


def beyond(places: Iterable[Rect], canvas: Rect) -> int:
    """Pixels by which the smallest rectangle around ``canvas`` and ``places`` is larger than the canvas."""
    rect = canvas
    for place in places:
        rect = rect.united(place)
    return _area(rect) - _area(canvas)


def _area(rect: Rect) -> int:
    return rect.width * rect.height


def leaves(place: Rect, canvas: Rect) -> bool:
    """Whether what lies at ``place`` reaches beyond the canvas."""
    return bool(_around(place, canvas))
