"""What the network sees of a document, kept up to date rectangle by rectangle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from desktop.paint.editing.history import Change
from desktop.paint.editing.layer_stack import LayerStack
from desktop.paint.layers.composite import composite, luma, to_rgb, to_straight
from desktop.paint.layers.layer import Layer, Role
from engine.data.messages import Picture, Pixels
from engine.data.palette import Colour
from engine.data.rect import Rect

_KEPT = 2
"""Arrays of one plane: the newest, and the one before, which is free once the network has the newest."""

_APART = 4
"""So many rectangles are composed each for itself: the end of a stroke and the beginning of the next lie far
apart, and what is between has not changed."""

_BAND = 1 << 20
"""Pixels that are composed at once."""


class Planes:
    """Ready-made arrays of a stack of layers, of which only what changed is composed anew.

    An array that was handed out is not written to as long as anybody has it: the next one is another. One
    that hasn't changed is handed out again.
    """

    def __init__(self, stack: LayerStack) -> None:
        self._stack = stack
        self._kept: dict[str, list[_Kept]] = {}

    def lines(self) -> Pixels:
        """uint8 (H, W): lightness of the lines layers over white, 255 paper to 0 full ink."""
        return self._fresh(
            "lines", lambda rect: luma(composite(self._layers(Role.LINES), rect, (255, 255, 255)))
        )

    def hints(self) -> Pixels:
        """uint8 (H, W, 4): the hint layers, straight RGBA."""
        return self._fresh("hints", lambda rect: to_straight(composite(self._layers(Role.HINTS), rect, None)))

    def flat(self) -> Pixels:
        """uint8 (H, W, 3): all layers that are sent, over paper, RGB."""
        return self._fresh("flat", lambda rect: to_rgb(composite(self._layers(), rect, self._stack.paper)))

    def repainted(self, layer: Layer, rect: Rect) -> None:
        """Pixels of ``layer`` are others now."""
        if layer.role is Role.LINES or layer.role is Role.HINTS:
            self._spoil(layer.role.value, rect)
        if layer.role.sent:
            self._spoil("flat", rect)

    def changed(self, change: Change) -> None:
        """A step was done, undone or redone."""
        if not change.sent:
            return
        if change.layer is not None:
            self.repainted(self._stack.layer(change.layer), change.rect)
        else:
            for name in ("lines", "hints", "flat"):
                self._spoil(name, change.rect)

    def _layers(self, role: Role | None = None) -> Iterator[Layer]:
        for layer in self._stack.layers:
            if layer.role is role or (role is None and layer.role.sent):
                yield layer

    def _spoil(self, name: str, rect: Rect) -> None:
        for kept in self._kept.get(name, ()):
            kept.spoil(rect)

    def _fresh(self, name: str, compose: Callable[[Rect], Pixels]) -> Pixels:
        bounds = self._stack.bounds
        arrays = self._kept.setdefault(name, [])
        newest = arrays[-1] if arrays else None
        fits = newest is not None and newest.pixels.shape[:2] == (bounds.height, bounds.width)
        if newest is None or not fits or newest.is_spoiled:
            fresh = _Kept(_composed(compose, bounds))
            arrays.clear()
        elif not newest.stale:
            return newest.pixels
        else:
            free = next((kept for kept in arrays if _references(kept) == _ALONE), None)
            fresh = free or _Kept(newest.pixels.copy())
            stale = [part for rect in newest.stale if (part := rect.intersected(bounds))]
            fresh.pixels.flags.writeable = True
            if fresh is free and free is not newest:
                for rect in fresh.stale:
                    fresh.pixels[rect.rows, rect.columns] = newest.pixels[rect.rows, rect.columns]
            for rect in stale:
                fresh.pixels[rect.rows, rect.columns] = compose(rect)
            if fresh is free:
                arrays.remove(free)
        fresh.pixels.flags.writeable = False
        fresh.stale = []
        arrays.append(fresh)
        del arrays[:-_KEPT]
        return fresh.pixels


@dataclass(eq=False)
class _Kept:
    """One array of a plane."""

    pixels: Pixels
    stale: list[Rect] = field(default_factory=list)
    """What of it is others now; a few rectangles."""

    @property
    def is_spoiled(self) -> bool:
        """As much is stale as all of it would be."""
        height, width = self.pixels.shape[:2]
        return sum(map(_area, self.stale)) >= int(height) * int(width)

    def spoil(self, rect: Rect) -> None:
        """Pixels in ``rect`` are others now."""
        if not rect:
            return
        for index, known in enumerate(self.stale):
            both = known.united(rect)
            if _area(both) <= 1.4 * (_area(known) + _area(rect)) or index == _APART - 1:
                self.stale[index] = both
                return
        self.stale.append(rect)


def _area(rect: Rect) -> int:
    return rect.width * rect.height


def _composed(compose: Callable[[Rect], Pixels], bounds: Rect) -> Pixels:
    """All of a plane, in memory of its own: each view of it refers to this very array. Made band by band:
    Python, and the pen with it, waits when a large intermediate is given back."""
    like = compose(Rect(0, 0, 1, 1))
    pixels = np.empty((bounds.height, bounds.width, *like.shape[2:]), like.dtype)
    rows = max(1, _BAND // bounds.width)
    for top in range(0, bounds.height, rows):
        band = Rect(0, top, bounds.width, min(rows, bounds.height - top))
        pixels[band.rows] = compose(band)
    return pixels


def _references(kept: _Kept) -> int:
    """How many have the array, or a view of any part of it, be it numpy's, torch's, Pillow's or Qt's.

    A copy of 2048 × 2048 pixels takes as long as all else between pen and ink; so arrays are written to again
    when nobody has them any more. Nobody can come to have one anew but through ``Planes``.
    """
    return sys.getrefcount(kept.pixels)


_ALONE = _references(_Kept(np.empty((0, 0), np.uint8)))


def is_blank(picture: Picture, paper: Colour) -> bool:
    """Whether there is nothing on the paper for the network to see."""
    if picture.pixels is not None:
        return bool((picture.pixels == np.array(paper, np.uint8)).all())
    assert picture.lines is not None
    hinted = picture.hints is not None and bool(picture.hints[..., 3].any())
    return bool((picture.lines == 255).all()) and not hinted
