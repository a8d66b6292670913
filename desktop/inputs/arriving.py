"""A picture that comes again and again, on its way onto layers: which part is new, and as what it lies there.

Made on any thread but for ``refreshing``, which belongs to the document's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from desktop.paint.editing.arranging import LONGEST_NAME
from desktop.paint.editing.beginnings import of_picture
from desktop.paint.editing.document import Document
from desktop.paint.editing.history import PaintStep, RefreshStep, Tiles, tile_rect, tiles_of
from desktop.paint.editing.layer_stack import ROLES, LayerStack
from desktop.paint.editing.limits import MOST_LAYER_PIXELS, MOST_PIXELS
from desktop.paint.layers.layer import Layer, Packed, Role, blank
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Colour, Palette
from engine.data.rect import EMPTY, Rect

_BAND = 256
"""Rows that are compared at once: large pictures need no large intermediate."""


@dataclass(frozen=True)
class Arrival:
    """What is new of a picture."""

    pixels: Pixels
    """All of it, uint8 (H, W, 3), as large as the document."""
    rect: Rect
    """Where anything may be new."""
    patches: dict[Role, Packed]
    """What ``rect`` of the layer of each role becomes, uint32."""


def most_pixels(kind: InputKind) -> int:
    """How large such a picture may be: each of its layers has one above it to draw on."""
    return min(MOST_PIXELS, MOST_LAYER_PIXELS // (2 * len(ROLES[kind])))


def beginning(kind: InputKind, pixels: Pixels, palette: Palette | None, name: str) -> Document:
    """A document that shows ``pixels``, uint8 (H, W, 3), on locked layers, with an empty one above each.

    What is drawn lies on these, so that it stays when the picture comes anew. The ids of the locked ones are
    those of ``shown_on``.

    Raises:
        PictureError: too large, or a label picture without palette.
    """
    bottom = of_picture(kind, pixels, palette)
    layers: list[Layer] = []
    for own in bottom.layers:
        title = own.name
        own.name = (f"{name} · {title}" if len(bottom.layers) > 1 else name)[:LONGEST_NAME]
        own.locked = True
        layers += [own, Layer(own.id + len(bottom.layers), title, own.role, blank(*own.size))]
    height, width = pixels.shape[:2]
    return Document(LayerStack(kind, width, height, layers, bottom.paper, palette, layers[-1]))


def shown_on(document: Document) -> dict[Role, int]:
    """Of a document that has just begun: the ids of the layers that show the picture, by role."""
    return {layer.role: layer.id for layer in document.layers if layer.locked}


def arrival(
    kind: InputKind,
    pixels: Pixels,
    size: tuple[int, int],
    palette: Palette | None,
    paper: Colour,
    shown: Pixels | None,
) -> Arrival | None:
    """What is new of ``pixels``, uint8 (H, W, 3); None where nothing is.

    Args:
        kind: of the document.
        pixels: the picture as it is now.
        size: width and height of the document; another one is scaled to fit within, on paper.
        palette: of a label document.
        paper: what is around a picture that had to be fitted in.
        shown: what the layers show, as large as the document; None where that isn't known.
    """
    fitted = _fitted(pixels, size, paper, smooth=kind != "labels")
    rect = Rect(0, 0, *size) if shown is None or shown.shape != fitted.shape else difference(shown, fitted)
    if not rect:
        return None
    part = np.ascontiguousarray(fitted[rect.rows, rect.columns])
    patches = {layer.role: layer.packed for layer in of_picture(kind, part, palette).layers}
    return Arrival(fitted, rect, patches)


def difference(before: Pixels, now: Pixels) -> Rect:
    """The smallest rectangle that holds every pixel in which two pictures of one size differ."""
    height, width = now.shape[:2]
    rows, columns = np.zeros(height, np.bool_), np.zeros(width, np.bool_)
    for top in range(0, height, _BAND):
        band = slice(top, top + _BAND)
        differs = (before[band] != now[band]).any(2)
        rows[band] = differs.any(1)
        columns |= differs.any(0)
    if not rows.any():
        return EMPTY
    down, across = np.flatnonzero(rows), np.flatnonzero(columns)
    return Rect.spanning(int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)


def refreshing(
    document: Document, layers: dict[Role, int], new: Arrival, source: object, text: str
) -> RefreshStep | None:
    """The step that brings an arrival onto its layers; None where they show it already.

    Raises:
        KeyError: one of the layers is gone.
    """
    parts = []
    for role, id in layers.items():
        layer, tiles, changed = document.layer(id), Tiles(), EMPTY
        patch = new.patches[role]
        for row, column in tiles_of(new.rect):
            tile = tile_rect(row, column, document.width, document.height)
            seen = tile.intersected(new.rect)
            part = patch[
                seen.top - new.rect.top : seen.bottom - new.rect.top,
                seen.left - new.rect.left : seen.right - new.rect.left,
            ]
            if not np.array_equal(layer.packed[seen.rows, seen.columns], part):
                whole = layer.packed[tile.rows, tile.columns].copy()
                whole[
                    seen.top - tile.top : seen.bottom - tile.top,
                    seen.left - tile.left : seen.right - tile.left,
                ] = part
                tiles.keep((row, column), whole)
                changed = changed.united(seen)
        if len(tiles):
            parts.append(PaintStep(text, id, tiles, changed))
    return RefreshStep(text, source, parts) if parts else None


def _fitted(pixels: Pixels, size: tuple[int, int], paper: Colour, *, smooth: bool) -> Pixels:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    scale = min(size[0] / width, size[1] / height)
    small = max(1, round(width * scale)), max(1, round(height * scale))
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    picture = Image.new("RGB", size, paper)
    picture.paste(
        Image.fromarray(np.ascontiguousarray(pixels)).resize(small, way),
        ((size[0] - small[0]) // 2, (size[1] - small[1]) // 2),
    )
    return np.array(picture)
