"""Follows one picture from edit to edit: which parts of its preview are made anew, and when all of it."""

from __future__ import annotations

import torch

from engine.data.messages import Pixels
from engine.data.rect import Rect
from engine.networks.unet import UNet
from engine.passes.incremental import FADED, Incremental
from engine.passes.whole import Whole, valid
from engine.planes import codec, windows

MARGIN = FADED
"""Pixels around a change over which the preview fades from what it is now into what it was."""

FEW, FURTHER = 2, 1 << 15
"""So many windows at once, as of a mirrored stroke, cost what they show; each further one as much as so many
pixels besides, since it is a way through all levels."""

MOST_PIXELS = 1 << 22
"""Of a picture whose maps are kept; with 64 channels outside they take some 140 bytes a pixel."""


class Following:
    """The picture, its preview, and the network's maps of it.

    What has changed is found by comparing pictures, whatever is said to have changed: a rectangle that
    forgets something can't leave the preview behind.

    Attributes:
        settled: whether the newest preview is the exact frame.
    """

    def __init__(self, whole: Whole, *, incremental: bool = True) -> None:
        """``whole`` makes whole passes; where it records them, nothing is made in parts."""
        self._whole = whole
        parts = incremental and not whole.records and isinstance(whole.network, UNet)
        self._maps = Incremental(whole.network) if parts and isinstance(whole.network, UNet) else None
        self._mapped = False
        self._padded: Pixels | None = None
        self._size = 0, 0
        self._preview: Pixels | None = None
        self.settled = False

    @property
    def picture(self) -> Pixels | None:
        """The prepared picture that was followed last, uint8 (H, W, C)."""
        height, width = self._size
        return None if self._padded is None else self._padded[:height, :width]

    def restyled(self) -> None:
        """The network makes other pictures now: the next preview is made by a whole pass."""
        self._mapped = self.settled = False
        self._preview = None

    def warm_up(self, prepared: Pixels) -> None:
        """A first pass, and whatever else would keep the first strokes waiting."""
        self.follow(prepared, None)
        self.prepare()

    def prepare(self) -> None:
        """Whatever would keep the first strokes on a picture that has been followed waiting."""
        if self._maps is not None and self._mapped:
            with torch.inference_mode():
                self._maps.prepare()

    def follow(self, prepared: Pixels, dirty: Rect | None, everywhere: bool = False) -> Pixels:
        """The preview after another edit.

        Args:
            prepared: uint8 (H, W, C), see ``engine.planes.codec``.
            dirty: covers all that changed since the last one; None: everything may have.
            everywhere: make all of the preview anew from the maps, with the moments that they have.

        Returns:
            uint8 (H, W, 3). Inside what changed it is as exact as ``Incremental`` says, elsewhere it
            fades into what it was; or all of it is the exact frame, see ``settled``.
        """
        padded = self._whole.padded(prepared)
        preview, before = self._preview, self._padded
        known = self._mapped and self._size == prepared.shape[:2]
        if dirty is None or not known or preview is None or before is None:
            return self._anew(padded, prepared.shape[:2])
        changes = windows.changes(before, padded, 2 * MARGIN)
        bounds = Rect(0, 0, prepared.shape[1], prepared.shape[0])
        cores = [bounds] if everywhere else _cores(changes, dirty, bounds)
        shown = [core.grown(MARGIN).intersected(bounds) for core in cores]
        cost = 2 * sum(map(windows.area, shown)) + FURTHER * max(0, len(shown) - FEW)
        if cost > windows.area(bounds) and not everywhere:
            return self._anew(padded, prepared.shape[:2])
        self._mapped = False  # until this has come to its end: what fails halfway is made anew, and whole
        if changes:
            self.settled = False
            self._renew(padded, before, changes)
        for core, window in zip(cores, shown, strict=True):
            made = self._window(window)
            preview[window.rows, window.columns] = windows.faded(
                preview[window.rows, window.columns], made, window, core
            )
        self._mapped = True
        return preview.copy()

    def settle(self, prepared: Pixels) -> Pixels:
        """The exact frame of ``prepared``, which is ``picture``: by a whole pass, unless it is at hand."""
        if self.settled and self._preview is not None:
            return self._preview.copy()
        padded = self._whole.padded(prepared)
        return self._anew(padded, prepared.shape[:2])

    def _anew(self, padded: Pixels, size: tuple[int, ...]) -> Pixels:
        height, width = size
        self._mapped = self.settled = False  # until this has come to its end
        self._padded, self._size = padded.copy(), (height, width)
        if self._maps is None or padded.shape[0] * padded.shape[1] > MOST_PIXELS:
            self._preview = self._whole(padded, (height, width))
        else:
            with torch.inference_mode():
                made = self._maps.whole(self._whole.planes(padded), valid(padded, (height, width)))
                self._preview = codec.to_pixels(made, height, width)
            self._mapped = True
        self.settled = True
        return self._preview.copy()

    @torch.inference_mode()
    def _renew(self, padded: Pixels, before: Pixels, changes: list[Rect]) -> None:
        assert self._maps is not None
        for rect in changes:
            before[rect.rows, rect.columns] = padded[rect.rows, rect.columns]
        self._maps.renew([(rect, self._whole.planes(padded[rect.rows, rect.columns])) for rect in changes])

    @torch.inference_mode()
    def _window(self, window: Rect) -> Pixels:
        assert self._maps is not None
        return codec.to_pixels(self._maps.window(window), window.height, window.width)


def _cores(changes: list[Rect], dirty: Rect, bounds: Rect) -> list[Rect]:
    """What is to be made anew of the preview: all that changed in one piece, or, where much of that piece
    would be made in vain (two far strokes of a symmetry), in several."""
    parts = [part for rect in changes if (part := rect.intersected(bounds))]
    if not parts:
        return []
    whole = windows.united([*parts, dirty.intersected(bounds)])
    least = sum(windows.area(part.grown(MARGIN)) for part in parts)
    return [whole] if windows.area(whole.grown(MARGIN)) <= 2 * least else parts
