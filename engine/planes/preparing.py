"""What the network sees of a document that is being painted, made anew only where the document has changed.

A sketch of 2048 × 2048 pixels takes longer to be brought to the size of a model than the model takes for a
dab; here that takes as long as comparing it with what it was.
"""

from __future__ import annotations

from math import gcd

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.rect import Rect
from engine.planes import codec, windows


class Preparing:
    """Prepares picture after picture as ``codec.prepare`` does, byte for byte.

    What has changed is found by comparing, never by what is said to have changed. Arrays of the last picture
    are kept, so they must stay as they are, as ``engine.data.messages`` promises; the very same array again
    is neither compared nor scaled.
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self._pixels, self._lines, self._hints = Scaled(nearest=card.input == "labels"), Scaled(), Scaled()
        self._thick: Pixels | None = None
        self._redrawn: Pixels | None = None

    def __call__(self, picture: Picture, size: tuple[int, int] | None = None) -> Pixels:
        """As ``codec.prepare``; not to be written to."""
        size = size or picture.size
        if picture.lines is None:
            assert picture.pixels is not None
            return codec.flat(self._pixels(picture.pixels, size), self._card)
        lines = self._lines(picture.lines, size)
        if self._redrawn is None or lines is not self._thick:
            self._thick, self._redrawn = lines, codec.redrawn(lines, self._card)
        hints = None if picture.hints is None else self._hints(picture.hints, size)
        return codec.sketched(self._redrawn, hints, self._card)


class Scaled:
    """Brings one array after another to another size, of each only the part that differs from the last.

    Args:
        nearest: take the nearest pixel, as for labels, instead of the mean of an area.
    """

    def __init__(self, *, nearest: bool = False) -> None:
        self._nearest = nearest
        self.scale = codec.scaled_labels if nearest else codec.scaled
        self._source: Pixels | None = None
        self._made: Pixels | None = None

    def __call__(self, source: Pixels, size: tuple[int, int]) -> Pixels:
        """The same pixels as if all were scaled anew: ``source`` itself where that is its size, else the same
        array as before where none differs.

        Args:
            source: uint8 (H, W) or (H, W, C).
            size: width and height.

        Returns:
            uint8 (height, width) or (height, width, C), not to be written to.
        """
        if size == source.shape[1::-1]:
            self._source = self._made = None
            return source
        before, made = self._source, self._made
        if before is source and made is not None and made.shape[1::-1] == size:
            return made
        if before is None or made is None or before.shape != source.shape or made.shape[1::-1] != size:
            made = self.scale(source, size)
        elif changed := windows.change(before, source):
            made = self._renewed(made, source, changed)
        self._source, self._made = source, made
        return made

    def _renewed(self, made: Pixels, source: Pixels, changed: Rect) -> Pixels:
        (height, width), (down, across) = source.shape[:2], made.shape[:2]
        # So many blocks of source pixels become as many blocks of scaled ones, each for itself.
        columns, rows = gcd(width, across), gcd(height, down)
        block, small = (width // columns, height // rows), (across // columns, down // rows)
        cells = Rect.spanning(
            changed.left // block[0],
            changed.top // block[1],
            -(-changed.right // block[0]),
            -(-changed.bottom // block[1]),
        )
        apart = self._nearest or small == (1, 1)  # else areas reach over, and are rounded as the whole is
        if not apart or 2 * windows.area(cells) > columns * rows:
            return self.scale(source, (across, down))
        seen, shown = _times(cells, block), _times(cells, small)
        renewed = made.copy()
        renewed[shown.rows, shown.columns] = self.scale(
            source[seen.rows, seen.columns], (shown.width, shown.height)
        )
        return renewed


def _times(cells: Rect, block: tuple[int, int]) -> Rect:
    """Blocks, in pixels."""
    across, down = block
    return Rect(cells.left * across, cells.top * down, cells.width * across, cells.height * down)
