"""Pixels of a layer as they are now, had for nearly nothing: copied only as far as somebody paints over them.

Whoever writes into a layer says so before (``Layer.about_to_change``). So a thread can copy the whole layer
at leisure, while the pen goes on.
"""

from __future__ import annotations

import threading

import numpy as np

from desktop.paint.layers.layer import Layer, Packed, blank
from engine.data.messages import Pixels

_BAND = 64
"""Rows that are copied at once: no more than a millisecond or two, even of the widest picture."""


class Frozen:
    """One layer at one moment. Made on the thread that paints; read on any one, by one at a time."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer.hollow()
        self._source: Packed | None = layer.packed
        self._copy = blank(*layer.size)
        self._to_copy = set(range(-(-layer.size[1] // _BAND)))
        self._lock = threading.Lock()
        layer.let_know(self)

    def keep(self, top: int, bottom: int) -> None:
        """Copy the rows from ``top`` up to ``bottom``, unless that was done already."""
        with self._lock:
            for band in self._to_copy.intersection(range(top // _BAND, -(-bottom // _BAND))):
                self._keep(band)

    def layer(self) -> Layer:
        """The layer as it was; the same pixels at every call."""
        for band in range(-(-self._copy.shape[0] // _BAND)):
            self.keep(band * _BAND, (band + 1) * _BAND)
        with self._lock:
            self._source = None
        return self._layer.with_pixels(self._copy)

    def _keep(self, band: int) -> None:
        if self._source is not None:
            rows = slice(band * _BAND, (band + 1) * _BAND)
            if self._source[rows].max(initial=np.uint32(0)):  # what stays empty takes no memory
                np.copyto(_packed(self._copy)[rows], self._source[rows])
        self._to_copy.discard(band)


def _packed(pixels: Pixels) -> Packed:
    return pixels.view(np.uint32)[:, :, 0]
