"""From one picture to another by way of what lies between: two styles of a drawing, or two kept frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PySide6.QtCore import QObject, QTimer

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document, PictureStyle
from desktop.paint.files.animation import write_animation
from desktop.preview.live import Live
from desktop.preview.shelf import Frame, Shelf
from desktop.preview.styles import Styles, between
from desktop.preview.turns import Turn
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from engine.data.messages import Picture, Pixels
from engine.data.style import Code
from engine.errors import PictureError
from engine.files.writing import shown
from engine.planes.codec import scaled_preview

T = TypeVar("T")

SECONDS, RATES = (1, 10), (5, 30)
"""Least and most."""
LARGEST = 1024
"""Pixels along the longer edge of a frame."""
MOST_BYTES = 512 << 20
"""Of all frames together, in memory."""


@dataclass(frozen=True, eq=False)
class End:
    """Where a morph begins or ends."""

    name: str
    style: PictureStyle | None
    preview: Pixels | None
    """What there is to see of it, uint8 (H, W, 3), if anything yet."""
    frame: Frame | None = None
    """A kept one; else a style of the picture on the canvas."""


@dataclass(frozen=True)
class Timing:
    """How a morph runs."""

    seconds: int = 3
    rate: int = 20
    """Frames a second."""
    back: bool = True
    """Out and back, so that it can go round and round."""

    @property
    def total(self) -> int:
        """How many frames are shown."""
        return self.seconds * self.rate

    @property
    def shares(self) -> tuple[float, ...]:
        """How far the way is at each frame that has to be made, 0 to 1; slow at both ends."""
        count = self.total // 2 + 1 if self.back else self.total
        steps = [index / max(1, count - 1) for index in range(count)]
        return tuple(round(step * step * (3 - 2 * step), 6) for step in steps)

    def played(self, made: Sequence[T]) -> list[T]:
        """The frames in the order in which they are shown; of an odd number the far end stays for two."""
        return [*made, *made[-1 if self.total % 2 else -2 : 0 : -1]] if self.back else [*made]


class Morphing(Observable):
    """One morph at a time; its frames are made while nothing else is asked of the engine.

    Args:
        canvas: where the picture is.
        live: the model.
        styles: those to choose from; they know whose turn it is.
        shelf: has the kept frames.
        file_work: writes the result.
        settings: remember how the last one was wanted.
        parent: owns it.
    """

    made = Property(0)
    """How many of the frames are there,"""
    total = Property(0)
    """of so many."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        styles: Styles,
        shelf: Shelf,
        file_work: FileWork,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._styles = canvas, live, styles
        self._shelf, self._file_work, self._settings = shelf, file_work, settings
        self._ends: tuple[End, End] | None = None
        self._of: OpenPicture | None = None
        """The picture whose styles could be chosen; another may be on the canvas by now."""
        self._pictures: tuple[Picture | None, Picture | None] = (None, None)
        self._frames: dict[float, Pixels] = {}
        self._wanted: list[float] = []
        self._turn: Turn | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fade)
        live.watch("card", self.end)

    def ends(self) -> tuple[End, ...]:
        """What can be chosen: the styles, where the model knows any, and the kept frames."""
        self._of = self._canvas.picture
        usual, style = self.tr("Usual style"), self.tr("Style %s")
        styles = [
            End(usual if tile.style is None else style % tile.style.name, tile.style, tile.preview)
            for tile in self._styles.tiles
        ]
        own = self._styles.current
        if styles and own is not None and own not in [end.style for end in styles]:  # a photo's, say
            known = len(own.code) == self._styles.length
            styles += [End(style % (own.name or "…"), own, self._live.preview)] if known else []
        kept = [
            End(
                frame.name or self.tr("Kept frame %d") % number,
                frame.picture.style if frame.picture is not None else None,
                frame.preview,
                frame,
            )
            for number, frame in enumerate(self._shelf.kept, start=1)
        ]
        return (*kept, *styles)

    @property
    def wanted(self) -> Timing:
        """How the last one was wanted."""
        kept, usual = self._settings.morph, Timing()
        seconds, rate = kept.get("seconds", usual.seconds), kept.get("rate", usual.rate)
        return Timing(
            seconds if seconds in range(SECONDS[0], SECONDS[1] + 1) else usual.seconds,
            rate if rate in range(RATES[0], RATES[1] + 1) else usual.rate,
            bool(kept.get("back", usual.back)),
        )

    def begin(self, first: End, second: End, timing: Timing) -> None:
        """Make the frames between two ends; what was made between the same ones stays.

        Raises:
            PictureError: there is no way between them.
        """
        if self._ends is None or (first, second) != self._ends:
            self.end()
            self._pictures = self._drawings(first, second)
            self._ends = first, second
        shares = sorted(set(timing.shares))
        self._frames = {share: frame for share, frame in self._frames.items() if share in shares}
        self._wanted = [share for share in _coarse_first(shares) if share not in self._frames]
        self.total, self.made = len(shares), len(self._frames)
        self._go_on()

    def end(self) -> None:
        """Make no more of them, and forget those that are there."""
        if self._turn is not None:
            self._turn.drop()
            self._turn = None
        self._soon.stop()
        self._ends, self._frames, self._wanted = None, {}, []
        self.made = self.total = 0

    def frame_at(self, share: float) -> Pixels | None:
        """The frame nearest to a place of the way, of those that are there; uint8 (H, W, 3)."""
        near = min(self._frames, key=lambda made: abs(made - share), default=None)
        return None if near is None else self._frames[near]

    def write(self, path: Path, timing: Timing) -> Job:
        """Write all frames, as an animation or as PNG files; they must be there."""
        assert self.total and self.made == self.total
        self._settings.morph = {"seconds": timing.seconds, "rate": timing.rate, "back": int(timing.back)}
        frames = timing.played([self._frames[share] for share in timing.shares])
        name = shown(path.name)
        return self._file_work.write(
            self.tr("Writing “%s”") % name,
            lambda job: write_animation(frames, path, timing.rate, job.progress),
            lambda written: self._canvas.notice.emit(self.tr("The morph is in “%s”.") % shown(written.name)),
        )

    # --- inside --------------------------------------------------------------------------------

    def _drawings(self, first: End, second: End) -> tuple[Picture | None, Picture | None]:
        """The drawings of both ends; where they are one, only that, and none where no drawing is needed.

        Raises:
            PictureError: there is no way between them.
        """
        card = self._live.card
        if card is None:
            raise PictureError(self._styles.excuse())
        for end in (first, second):
            if end.frame is not None and end.frame.kind != card.input:
                text = self.tr("“%s” is for pictures of another kind; open the model that made these frames.")
                raise PictureError(text % card.name)
        drawings = self._drawing(first), self._drawing(second)
        same = _same(*drawings)
        if not card.style:
            if not same:
                raise PictureError(
                    self.tr(
                        "These frames have different drawings; a way between them needs a model with styles."
                    )
                )
            if first.preview is None or second.preview is None or _alike(first.preview, second.preview):
                raise PictureError(self.tr("Both are the same; choose two that differ."))
            return None, None
        if same and self._code(first) == self._code(second):
            raise PictureError(self.tr("Both are the same; choose two that differ."))
        return drawings[0], None if same else drawings[1]

    def _drawing(self, end: End) -> Picture:
        if end.frame is None or end.frame.picture is None:
            return (self._of or self._canvas).document.picture()
        return Document.from_snapshot(end.frame.picture).picture()

    def _code(self, end: End) -> Code:
        card = self._live.card
        assert card is not None
        known = end.style is not None and len(end.style.code) == card.style
        return end.style.code if end.style is not None and known else card.usual_style

    def _go_on(self) -> None:
        """Make the next frame."""
        if self._turn is not None or not self._wanted or self._ends is None:
            return
        share = self._wanted[0]
        first, second = self._ends
        if self._pictures[0] is None:
            self._soon.start()
            return
        card = self._live.card
        assert card is not None
        ends = PictureStyle(self._code(first)), PictureStyle(self._code(second))
        style = between(card, *ends, share)
        assert style is not None
        code, other = style.code, self._pictures[1]

        def done(preview: Pixels | None) -> None:
            self._turn = None
            if preview is None:
                self.end()
            elif other is None or share in (0, 1):
                self._keep(share, preview)
            else:
                self._turn = self._styles.turns.ask(code, lambda over: fade(preview, over), other)

        def fade(under: Pixels, over: Pixels | None) -> None:
            self._turn = None
            if over is None:
                self.end()
            else:
                self._keep(share, _faded(under, over, share))

        picture = other if other is not None and share == 1 else self._pictures[0]
        self._turn = self._styles.turns.ask(code, done, picture)

    def _fade(self) -> None:
        """Make the next frame of nothing but two previews; the window goes on between two of them."""
        if not self._wanted or self._ends is None:
            return
        share, (first, second) = self._wanted[0], self._ends
        assert first.preview is not None and second.preview is not None
        self._keep(share, _faded(first.preview, second.preview, share))

    def _keep(self, share: float, frame: Pixels) -> None:
        if self._wanted and self._wanted[0] == share:
            self._wanted.pop(0)
        height, width = frame.shape[:2]
        scale = LARGEST / max(height, width)
        if scale < 1:
            frame = scaled_preview(frame, (max(1, round(width * scale)), max(1, round(height * scale))))
        if self._frames and frame.shape != (size := next(iter(self._frames.values())).shape):
            frame = scaled_preview(frame, (size[1], size[0]))
        self._frames[share] = frame
        if frame.nbytes * self.total > MOST_BYTES:
            self._canvas.error_reported.emit(
                self.tr("So many frames of this size need too much memory; choose fewer.")
            )
            self.end()
            return
        self.made = len(self._frames)
        self._go_on()


def _coarse_first(shares: Sequence[float]) -> list[float]:
    """The ends, then the middle, then what lies between: so a few give an idea of the whole."""
    order: list[float] = []
    step = 1 << max(0, len(shares) - 1).bit_length()
    seen = set()
    for index in (0, len(shares) - 1):
        if index >= 0 and index not in seen:
            seen.add(index)
            order.append(shares[index])
    while step:
        for index in range(0, len(shares), step):
            if index not in seen:
                seen.add(index)
                order.append(shares[index])
        step //= 2
    return order


def _same(one: Picture, other: Picture) -> bool:
    planes = [(one.pixels, other.pixels), (one.lines, other.lines), (one.hints, other.hints)]
    return all(a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in planes)


def _alike(one: Pixels, other: Pixels) -> bool:
    return one is other or np.array_equal(one, other)


def _faded(under: Pixels, over: Pixels, share: float) -> Pixels:
    """One preview faded into another, uint8 (H, W, 3) of the first's size."""
    if over.shape != under.shape:
        over = scaled_preview(over, (under.shape[1], under.shape[0]))
    mixed = under.astype(np.float32) * (1 - share) + over.astype(np.float32) * share
    return (mixed + 0.5).astype(np.uint8)
