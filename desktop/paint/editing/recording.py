"""The open stroke: what it has covered so far, and how to keep it or take it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from desktop.paint.editing.history import Change, PaintStep, Tiles, tile_rect, tiles_of
from desktop.paint.editing.selection import Area, Mask
from desktop.paint.layers.composite import blend, pack
from desktop.paint.layers.layer import Layer, Packed, Role
from desktop.paint.strokes.stroke import Ink
from desktop.paint.strokes.sweep import Patch
from desktop.paint.strokes.symmetry import copies
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.rect import EMPTY, Rect

Repainted = Callable[[Layer, Rect], None]
"""Called with every rectangle of the layer that was painted."""


class Recording:
    """Paints one stroke into one layer, which at any time shows base ⊕ coverage × opacity.

    The base is the layer as it was, kept tile by tile at the first touch; the coverage is the
    stroke's own buffer. So a stroke never exceeds its opacity where it crosses itself, shapes can be
    redrawn while they are dragged, and ``abort`` restores every byte. Paint stays within
    ``selection`` where there is one, and is mirrored as the ink says (but see ``copies``). Label layers take
    neither soft edges nor colours off the palette, whoever paints.

    Once committed or aborted, it paints nothing any more.
    """

    def __init__(
        self,
        layer: Layer,
        ink: Ink,
        *,
        palette: Palette | None,
        selection: Area,
        repainted: Repainted,
        ended: Callable[[PaintStep | None], None],
    ) -> None:
        width, height = layer.size
        self.layer = layer
        self.bounds = Rect(0, 0, width, height)
        """The whole layer."""
        self.rect = EMPTY
        """Every pixel touched so far."""
        self.open = True
        if layer.role is Role.LABELS:
            ink = _for_labels(ink, palette)
        self.ink = ink
        self._hard = layer.role is Role.LABELS
        every = copies(ink, self.bounds)
        is_exact = all(copy.is_exact for copy in every)
        self._flips = every if is_exact else []
        self.copies = [] if is_exact else every
        """What symmetry copies on no whole pixels: who covers the stroke covers these as well."""
        self._selected = selection
        self._clip = selection.rect or self.bounds
        self._paint = 0 if ink.erase else pack(ink.colour)
        self._opacity = round(min(max(ink.opacity, 0.0), 1.0) * 255)
        # Neither array takes memory before it is written to.
        self._base: Packed = np.empty((height, width), np.uint32)
        self._coverage: Pixels = np.zeros((height, width), np.uint8)
        self._kept = np.zeros((-(-height // 64), -(-width // 64)), bool)
        self._covered: list[Rect] = []
        self._repainted = repainted
        self._ended = ended

    def cover(self, patches: Iterable[Patch]) -> Rect:
        """Add to the coverage, each pixel taking the larger value; returns what was repainted."""
        rects: list[Rect] = []
        if self.open:
            for patch in patches:
                for mirrored in self._mirrored(patch):
                    rect = self._put(mirrored)
                    if rect:
                        _gather(rects, rect)
        return self._show(rects)

    def redraw(self, patches: Iterable[Patch]) -> Rect:
        """Cover these instead of everything covered so far; returns what was repainted, old and new."""
        if not self.open:
            return EMPTY
        old, self._covered = self._covered, []
        gone = EMPTY
        for rect in old:
            self._keep(rect)  # of what was united, not every tile was touched
            self._coverage[rect.rows, rect.columns] = 0
            self.layer.packed[rect.rows, rect.columns] = self._base[rect.rows, rect.columns]
            self._repainted(self.layer, rect)
            gone = gone.united(rect)
        return gone.united(self.cover(patches))

    def put(
        self, pixels: Packed, left: int, top: int, *, over: bool = False, cut: Mask | None = None
    ) -> Rect:
        """Set pixels of the layer, or, with ``over``, lay them over what was there before the stroke.

        Neither mirrored nor kept within the selection. Label layers take opaque palette colours and
        wholly transparent pixels alone; bringing them so is the caller's task.

        Args:
            pixels: uint32 (H, W), premultiplied 0xAARRGGBB.
            left: column of the first.
            top: row of the first.
            over: lay them over.
            cut: which of them, bool (H, W); None for all.
        """
        if not self.open:
            return EMPTY
        place = Rect(left, top, pixels.shape[1], pixels.shape[0])
        rect = place.intersected(self.bounds)
        if not rect:
            return EMPTY
        self._keep(rect)
        part = slice(rect.top - top, rect.bottom - top), slice(rect.left - left, rect.right - left)
        target, laid = self.layer.packed[rect.rows, rect.columns], pixels[part]
        if not over and cut is None:
            target[...] = laid
        else:
            mask = None if cut is None else cut[part]
            for cell in _cells(Rect(0, 0, rect.width, rect.height)):
                at = cell.rows, cell.columns
                paint = lay_over(target[at], laid[at]) if over else laid[at]
                target[at] = paint if mask is None else np.where(mask[at], paint, target[at])
        self._painted(rect)
        return rect

    def base(self, rect: Rect) -> Packed:
        """A copy of the layer as it was before the stroke, within ``rect``."""
        self._keep(rect)
        return self._base[rect.rows, rect.columns].copy()

    def restore(self) -> Rect:
        """Bring the layer back to how it was, and go on; returns what was repainted."""
        rect = self._restore()
        self._coverage = np.zeros_like(self._coverage)
        self._covered = []
        return rect

    def commit(self, text: str) -> Change:
        """Keep the stroke as one undo step called ``text``; none if it changed nothing."""
        if not self.open:
            return Change()
        self.open = False
        tiles, changed = Tiles(), EMPTY
        for row, column in np.argwhere(self._kept).tolist():
            rect = self._tile(row, column)
            before = self._base[rect.rows, rect.columns]
            if not np.array_equal(before, self.layer.packed[rect.rows, rect.columns]):
                tiles.keep((row, column), before)
                changed = changed.united(rect)
        changed = changed.intersected(self.rect)
        self._ended(PaintStep(text, self.layer.id, tiles, changed) if len(tiles) else None)
        if not len(tiles):
            return Change()
        sent = self.layer.role.sent and self.layer.shown
        return Change(changed, sent, False, self.layer.id, tuple(tiles))

    def abort(self) -> Rect:
        """Bring the layer back to how it was and end the stroke; returns what was repainted."""
        if not self.open:
            return EMPTY
        rect = self._restore()
        self.open = False
        self._ended(None)
        return rect

    # --- how ------------------------------------------------------------------------------------

    def _mirrored(self, patch: Patch) -> list[Patch]:
        """It and its copies, where these lie on whole pixels."""
        coverage, left, top = patch
        height, width = coverage.shape
        patches = [patch]
        for flip in self._flips:
            across, down = flip.a < 0, flip.d < 0
            x = round(flip.e) - left - width if across else left + round(flip.e)
            y = round(flip.f) - top - height if down else top + round(flip.f)
            patches.append(Patch(coverage[:: -1 if down else 1, :: -1 if across else 1], x, y))
        return patches

    def _put(self, patch: Patch) -> Rect:
        """Take the maximum of a patch and the coverage; no pixel of the layer changes yet."""
        coverage, left, top = patch
        rect = patch.rect.intersected(self._clip)
        if not rect:
            return EMPTY
        if rect != patch.rect:
            coverage = coverage[rect.top - top : rect.bottom - top, rect.left - left : rect.right - left]
        if self._selected.mask is not None:
            coverage = np.where(self._selected.within(rect), coverage, np.uint8(0))
        if self._hard:
            coverage = np.where(coverage >= 128, np.uint8(255), np.uint8(0))
        target = self._coverage[rect.rows, rect.columns]
        np.maximum(target, coverage, out=target)
        _gather(self._covered, rect)
        return rect

    def _show(self, rects: Iterable[Rect]) -> Rect:
        """Lay paint over the base within ``rects``."""
        shown = EMPTY
        for rect in rects:
            self._keep(rect)
            for cell in _cells(rect):
                self._show_cell(cell)
            self._painted(rect)
            shown = shown.united(rect)
        return shown

    def _show_cell(self, rect: Rect) -> None:
        coverage = self._coverage[rect.rows, rect.columns]
        base = self._base[rect.rows, rect.columns]
        target = self.layer.packed[rect.rows, rect.columns]
        # Inside and outside of large shapes there is nothing to mix.
        if not coverage.any():
            target[...] = base
            return
        if self._opacity == 255 and coverage.min() == 255:
            target[...] = self._paint
            return
        mask = coverage.astype(np.uint32)
        if self._opacity < 255:
            mask *= np.uint32(self._opacity)
            mask += np.uint32(127)
            mask //= np.uint32(255)
        target[...] = blend(base, self._paint, mask)

    def _painted(self, rect: Rect) -> None:
        self.rect = self.rect.united(rect)
        self._repainted(self.layer, rect)

    def _keep(self, rect: Rect) -> None:
        """Copy the tiles of ``rect`` that nobody has touched yet."""
        if not rect:
            return
        rows = slice(rect.top // 64, (rect.bottom - 1) // 64 + 1)
        columns = slice(rect.left // 64, (rect.right - 1) // 64 + 1)
        if self._kept[rows, columns].all():
            return
        self.layer.about_to_change(rect.top, rect.bottom)
        for row, column in tiles_of(rect):
            if not self._kept[row, column]:
                tile = self._tile(row, column)
                self._base[tile.rows, tile.columns] = self.layer.packed[tile.rows, tile.columns]
        self._kept[rows, columns] = True

    def _restore(self) -> Rect:
        for row, column in np.argwhere(self._kept).tolist():
            tile = self._tile(row, column)
            self.layer.packed[tile.rows, tile.columns] = self._base[tile.rows, tile.columns]
        if self.rect:
            self._repainted(self.layer, self.rect)
        return self.rect

    def _tile(self, row: int, column: int) -> Rect:
        return tile_rect(row, column, self.bounds.width, self.bounds.height)


def _cells(rect: Rect) -> Iterator[Rect]:
    """``rect`` cut into pieces of at most 192 × 192 pixels, which also stay in the processor's cache."""
    for top in range(rect.top, rect.bottom, 192):
        for left in range(rect.left, rect.right, 192):
            yield Rect(left, top, 192, 192).intersected(rect)


def lay_over(base: Packed, pixels: Packed) -> Packed:
    """Premultiplied ``pixels`` over ``base``, both uint32 (H, W)."""
    alpha = pixels >> np.uint32(24)
    # base · (1 - alpha), rounded; adding can't overflow, as no channel of either exceeds its alpha.
    return blend(base, 0, alpha) + pixels


def _for_labels(ink: Ink, palette: Palette | None) -> Ink:
    """The same ink, hard, opaque and of the palette's nearest colour."""
    colour = ink.colour
    if palette is not None:
        index = palette.indices(np.array([[colour]], np.uint8))[0, 0]
        colour = palette.labels[index].colour
    return replace(ink, brush="pixel", opacity=1.0, hardness=1.0, colour=colour)


def _gather(rects: list[Rect], rect: Rect) -> None:
    """Add ``rect``, united with the last one if that costs hardly any more pixels."""
    if rects:
        last = rects[-1]
        both = last.united(rect)
        if both.width * both.height <= 1.4 * (last.width * last.height + rect.width * rect.height):
            rects[-1] = both
            return
    rects.append(rect)
