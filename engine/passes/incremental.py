"""A U-Net that keeps its maps, and makes parts of them anew where a picture has changed.

The encoder is local: a change moves each map inside a window alone, and only those are computed, with
the pixels around them that their convolutions see. The decoder is not: through the innermost map every
pixel of the preview depends on every pixel of the picture. But what one window of the preview is made of
is again one window of each map (``windows.halved``). So a window can be had as exactly as from a whole
pass, for a share of the work: only those parts of the preview that nobody asks for stay as they were.

*Exact* here: the same sums as a whole pass makes, in another order, so equal but for rounding. It holds
with running statistics. With the statistics of the image the moments of the last whole pass stay, since
they depend on every pixel; then windows are exact against a pass with those moments.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.rect import Rect
from engine.layers import packed
from engine.layers.blocks import Layer, PassCache, Valid
from engine.networks.unet import UNet
from engine.planes import windows

USUAL = (8, 24, 33, 48, 72)
"""Pixels that a dab is wide, of the pictures that most people paint."""

FADED = 8
"""Pixels around a change over which the preview fades from what it is now into what it was."""


class Incremental:
    """The maps of one picture in one network. Dropout is off throughout."""

    def __init__(self, network: UNet) -> None:
        self.network = network
        self._cache = PassCache()
        self._planes = torch.empty(0)

    def whole(self, planes: Tensor, valid: Valid | None) -> Tensor:
        """A whole pass: bit for bit what the network answers; takes all moments anew.

        Args:
            planes: (1, inputs, H, W) in [−1, 1]; taken over, and written to by ``renew``.
            valid: as in ``Translator.forward``.

        Returns:
            (1, outputs, H, W) in [−1, 1].
        """
        cache = PassCache()
        self._planes, self._cache = torch.empty(0), PassCache()  # their memory is needed
        made: Tensor = self.network(planes, valid, cache=cache)
        self._planes, self._cache = planes, cache
        return made

    def prepare(self) -> None:
        """Have weights laid out for windows as brushes make them, so that the first strokes don't wait."""
        changed = [Rect(start, 0, edge, 1) for edge in USUAL for start in range(windows.LEAST, 20, 3)]
        widest = max(self._planes.shape[2:])
        bounds = Rect(0, 0, widest, 1)
        wanted = [window.grown(FADED).intersected(bounds) for window in changed]
        for level, map_ in enumerate(self._cache.maps):
            bounds = Rect(0, 0, widest >> (level + 1), 1)
            changed = [windows.halved(window, bounds) for window in changed]
            wanted = [windows.halved(window, bounds) for window in wanted]
            for lengths, grown in ((changed, self._encoded), (wanted, self._decoded)):
                for width, height in itertools.product({window.width for window in lengths}, repeat=2):
                    grown(level, Rect(0, 0, width, height).intersected(_bounds(map_)))

    def renew(self, changes: list[tuple[Rect, Tensor]]) -> None:
        """Bring every map of the encoder up to date.

        Args:
            changes: where the picture has changed, and the planes there, (1, inputs, h, w).
        """
        for rect, planes in changes:
            self._planes[:, :, rect.rows, rect.columns] = planes
        changed = [rect for rect, _ in changes]
        source, innermost = self._planes, len(self._cache.maps) - 1
        for level, target in enumerate(self._cache.maps):
            down = _layer(self.network.downs[level])
            changed = windows.merged([windows.halved(window, _bounds(target)) for window in changed])
            for window in windows.merged([self._encoded(level, window) for window in changed]):
                if window == _bounds(target):  # its own padding costs nothing
                    part = down.convolution(source)
                else:
                    part = packed.unpadded(down.convolution, _cut(source, windows.seen(window)))
                part = self._normed(down, part)
                if level < innermost:  # as the pass left it
                    part = packed.activated(down.convolution, part, "leaky_relu")
                target[:, :, window.rows, window.columns] = part
            source = target

    def window(self, window: Rect) -> Tensor:
        """What the network makes of the maps as they are, inside ``window`` of the padded picture.

        Returns:
            (1, outputs, h, w) in [−1, 1].
        """
        needed = [window]
        for level, map_ in enumerate(self._cache.maps):
            needed.append(self._decoded(level, windows.halved(needed[-1], _bounds(map_))))
        x: Tensor | None = None
        for level in reversed(range(len(self.network.ups))):
            inner, outer, up = needed[level + 1], needed[level], _layer(self.network.ups[level])
            skip = self._cache.maps[level][:, :, inner.rows, inner.columns]
            made = packed.rectified(up.convolution, *((skip,) if x is None else (skip, x)))
            # Its outermost pixels lack what lies outside ``inner``; none of them is in ``outer``.
            top, left = outer.top - 2 * inner.top, outer.left - 2 * inner.left
            x = self._normed(up, made[:, :, top : top + outer.height, left : left + outer.width])
        assert x is not None
        return packed.activated(_layer(self.network.ups[0]).convolution, x, "tanh")

    def _encoded(self, level: int, window: Rect) -> Rect:
        """The window of an encoder's map that is made where ``window`` is wanted."""
        down, target = _layer(self.network.downs[level]), self._cache.maps[level]
        channels = (self._cache.maps[level - 1] if level else self._planes).shape[1]

        def serves(width: int, height: int) -> bool:
            shape = 1, channels, 2 * height + 2, 2 * width + 2
            return packed.serves(down.convolution, shape, padded=False)

        return windows.grown(window, _bounds(target), serves)

    def _decoded(self, level: int, window: Rect) -> Rect:
        """The window of a map that the decoder's layer takes where ``window`` is wanted."""
        up, source = _layer(self.network.ups[level]), self._cache.maps[level]
        # All but the innermost layer also take what the one before it has made.
        channels = source.shape[1] * (1 if level == len(self._cache.maps) - 1 else 2)

        def serves(width: int, height: int) -> bool:
            return packed.serves(up.convolution, (1, channels, height, width))

        return windows.grown(window, _bounds(source), serves)

    def _normed(self, layer: Layer, x: Tensor) -> Tensor:
        return x if layer.norm is None else layer.norm.by(self._cache.moments[layer.norm], x)


def _layer(module: nn.Module) -> Layer:
    assert isinstance(module, Layer)
    return module


def _bounds(map_: Tensor) -> Rect:
    return Rect(0, 0, map_.shape[3], map_.shape[2])


def _cut(map_: Tensor, window: Rect) -> Tensor:
    """A window of a map in one piece, zeros where it reaches beyond."""
    inside = window.intersected(_bounds(map_))
    part = map_[:, :, inside.rows, inside.columns]
    if inside == window:
        return part.contiguous(memory_format=torch.channels_last)
    left, top = inside.left - window.left, inside.top - window.top
    return F.pad(part, (left, window.right - inside.right, top, window.bottom - inside.bottom))
