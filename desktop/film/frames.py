"""The frames of a time-lapse: the drawing as it grows, and what the network makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from desktop.paint.editing.document import Document
from desktop.paint.layers.finish import over
from desktop.paint.layers.held import Hold, Overlays
from desktop.paint.reel.packing import in_fewer_shades
from desktop.paint.reel.reel import Entry, Player, Track
from engine.data.messages import Picture, Pixels
from engine.data.style import Code
from engine.errors import PictureError
from engine.planes.codec import scaled_preview

SECONDS, SIZES = (5, 60), (256, 384, 512, 768)
"""How long a film may be, and how high."""
RATE = 10
"""Frames a second."""
STAYS = 1 / 8
"""Share of the film at whose end the finished drawing stays."""
WIDEST = 4096
"""Pixels across a frame."""
SHOWN = ("both", "drawing", "preview")

_LONGEST_PAUSE, _LEAST, _LONGEST = 0.5, 0.15, 4.0
"""Seconds: what is left of a pause; how long a step is shown at least and at most, before all is fitted."""
_GREY = 238

Make = Callable[[Picture, Code | None], Pixels]
"""Has the network paint a picture in its style; uint8 (H, W, 3) at working size."""


@dataclass(frozen=True)
class Cut:
    """What a film is to be."""

    seconds: int = 20
    height: int = 384
    """Of a frame, in pixels; 0 for that of the preview itself."""
    shown: str = "both"
    """``both`` side by side, the ``drawing`` or the ``preview``."""

    @property
    def count(self) -> int:
        """How many frames it has."""
        return min(max(self.seconds, SECONDS[0]), SECONDS[1]) * RATE


class Frames(Sequence[Pixels]):
    """Made one after the other, when they are asked for; none but the last one asked for is in memory.

    Whatever the steps lead to, the last ones show the finished drawing.

    Args:
        entries: its steps; the first is what it began with.
        final: the drawing as it is.
        make: see ``Make``; not called for a film of the drawing alone.
        cut: what is wanted.
    """

    def __init__(self, entries: Sequence[Entry], final: Document, make: Make, cut: Cut) -> None:
        self._entries, self._final, self._make, self._cut = entries, final, make, cut
        self._ends = _ends(entries)
        self._player: Player | None = Player()
        self._taken = 0
        self._made: tuple[int, Pixels] = (-1, np.zeros((1, 1, 3), np.uint8))
        self._is_over = False
        self._size = (0, 0)
        self._holds = {hold.key: hold for hold in final.holds}
        self._overlays = Overlays()
        self.last: Pixels | None = None
        """The preview of the finished drawing, once it was made."""
        self.problem = ""
        """Why the way is not shown to its end; a sentence."""
        self.in_fewer_shades = False
        """A large picture on the way was kept in fewer shades; the finished drawing has all of them."""

    def __len__(self) -> int:
        return self._cut.count

    @overload
    def __getitem__(self, index: int) -> Pixels: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pixels]: ...
    def __getitem__(self, index: int | slice) -> Pixels | Sequence[Pixels]:
        if isinstance(index, slice):
            raise TypeError("frames come one by one")
        if not 0 <= index < len(self):
            raise IndexError(index)
        at, frame = self._made
        if index < at:
            raise IndexError("frames come in their order")
        if index > at:
            frame = self._frame(index, frame)
            self._made = index, frame
        return frame

    # --- inside --------------------------------------------------------------------------------

    def _frame(self, index: int, before: Pixels) -> Pixels:
        if self._size == (0, 0):
            self._size = self._measured()
        way = max(1, round(len(self) * (1 - STAYS)))
        if index + 1 < way and self._player is not None:
            try:
                moved = self._wind((index + 1) / way * self._ends[-1])
                if self._taken < len(self._entries):
                    return self._composed(self._player.document()) if moved else before
            except PictureError as error:
                self.problem, self._player = str(error), None
        if self._is_over:
            return before
        self._is_over = True
        return self._composed(self._final, final=True)

    def _wind(self, until: float) -> bool:
        """Play the steps up to a time; whether there are any."""
        assert self._player is not None
        started = self._taken
        while self._taken < len(self._entries) and self._ends[self._taken] <= until:
            entry = self._entries[self._taken]
            self._player.take(entry)
            self._taken += 1
            if not self.in_fewer_shades:
                self.in_fewer_shades = in_fewer_shades(entry, self._player.document())
        drawn = self._taken < len(self._entries) and self._draw_in_part(until)
        return drawn or self._taken != started

    def _draw_in_part(self, until: float) -> bool:
        """Draw a stroke as far as the pen was; whether that is anything."""
        entry, begun = self._entries[self._taken], self._ends[self._taken - 1]
        track = entry.track
        share = (until - begun) / max(self._ends[self._taken] - begun, 1e-9)
        if track is None or share <= 0 or any(part.kind == b"K" for part in entry.parts()):
            return False
        assert self._player is not None
        document = self._player.document()
        self._player.take(entry, _where(track, share, (document.width, document.height)))
        return True

    def _measured(self) -> tuple[int, int]:
        """Width and height of a picture in a frame."""
        width, height = self._final.width, self._final.height
        if not self._cut.height and self._cut.shown != "drawing":
            preview = self._preview(self._final)
            return preview.shape[1], preview.shape[0]
        across, down = self._cut.height / height * width, self._cut.height or height
        scale = min(1.0, WIDEST / (2 * max(across, 1)), WIDEST / max(down, 1))
        return max(1, round(across * scale)), max(1, round(down * scale))

    def _preview(self, document: Document) -> Pixels:
        style = document.style.code if document.style is not None else None
        made = self._overlays.over(self._held(document), self._make(document.picture(), style))
        made = over(document.layers, made)
        if document is self._final:
            self.last = made
        return made

    def _held(self, document: Document) -> Sequence[Hold]:
        """What was held then; of what was lifted meanwhile nothing is known any more."""
        if document is self._final or self._player is None:
            return self._final.holds
        return [self._holds[key] for key in self._player.held() if key in self._holds]

    def _composed(self, document: Document, *, final: bool = False) -> Pixels:
        parts = []
        if self._cut.shown != "preview":
            parts.append(_fitted(document.picture_flat(), (document.width, document.height), self._size))
        if self._cut.shown != "drawing":
            made = self.last if final and self.last is not None else self._preview(document)
            parts.append(_fitted(made, (document.width, document.height), self._size))
        return np.ascontiguousarray(np.concatenate(parts, 1))


def _ends(entries: Sequence[Entry]) -> list[float]:
    """When each step ends, in seconds of a film that nobody has hurried yet; the first is there at 0."""
    ends, now = [0.0], 0.0
    for former, entry in pairwise(entries):
        pause = entry.at - entry.lasted - former.at
        now += min(max(pause, 0.0), _LONGEST_PAUSE) + min(max(entry.lasted, _LEAST), _LONGEST)
        ends.append(now)
    return ends


def _where(track: Track, share: float, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """What a pen has covered after a share of its way, bool (H, W)."""
    points = track.points
    times = np.maximum.accumulate(points[:, 2]) - points[0, 2]
    if times[-1] <= 0:
        times = np.arange(len(points), dtype=np.float64)
    now = share * times[-1]
    end = [np.interp(now, times, points[:, axis]) for axis in (0, 1)]
    seen = np.vstack([points[times <= now, :2], end])
    width = max(3, round(track.width * 1.1) + 3)
    # Far beyond the picture nothing is to be seen.
    margin = width + 10
    seen = seen.clip((-margin, -margin), (size[0] + margin, size[1] + margin))
    mask = Image.new("1", size)
    draw = ImageDraw.Draw(mask)
    places = [(float(x), float(y)) for x, y in seen]
    draw.line(places, fill=1, width=width)
    for x, y in places:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=1)
    return np.asarray(mask)


def _fitted(pixels: Pixels, shape: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """Pixels of a picture of a ``shape`` in the middle of ``size``, as large as they can be."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    within = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    within = min(within[0], size[0]), min(within[1], size[1])
    if (pixels.shape[1], pixels.shape[0]) != within:
        pixels = scaled_preview(pixels, within)
    if within == size:
        return pixels
    frame = np.full((size[1], size[0], 3), _GREY, np.uint8)
    top, left = (size[1] - within[1]) // 2, (size[0] - within[0]) // 2
    frame[top : top + within[1], left : left + within[0]] = pixels
    return frame
