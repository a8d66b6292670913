"""A reel: the picture that a drawing began with, then its steps with their times; in memory, and as bytes.

As bytes it is a row of records (``desktop.paint.files.records``) of these kinds:

    E   a step begins: seconds since the beginning, and how long it took (8 bytes each)
    K   what was there before is gone: the picture begins anew
    D   the document without pixels, as in the journal
    Q   pixels of one layer, see ``desktop.paint.reel.strip``; P, as it was before
    S   where the pen was: its width and how often it was seen (4 bytes each); zlib of the places' x and y in
        sixteenths of a pixel and the milliseconds, 4 bytes each, as differences
    U   the last step was taken back
    R   the step that was taken back last was done again
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from desktop.paint.editing.document import Document
from desktop.paint.files.project import MOST_FILM
from desktop.paint.files.records import Rebuilding, Record, records, useless
from desktop.paint.reel.strip import LAID_BY_ROWS, LAID_BY_TILES, lay
from desktop.paint.strokes.stroke import LARGEST_SIZE, Sample

MOST_BYTES = MOST_FILM * 3 // 4
"""Of a reel; what a longer one began with is left out."""
MOST_SAMPLES = 200_000
"""Of one stroke."""
KINDS = (b"E", b"K", b"D", LAID_BY_TILES, LAID_BY_ROWS, b"S", b"U", b"R")
FORMAT = 2
"""Of strips of pixels; each is of its own, so that a way may hold both."""

_TIME = struct.Struct("<dd")
_TRACK = struct.Struct("<fI")

Parts = tuple[Record, ...]


class Track(NamedTuple):
    """Where the pen was during a stroke."""

    width: float
    """Of what it draws, at most; pixels."""
    points: npt.NDArray[np.float64]
    """(N, 3): x, y in pixels, seconds since the pen came down."""

    @classmethod
    def of(cls, samples: Sequence[Sample], width: float) -> Track | None:
        """Of what was seen of the pen; None where that is next to nothing."""
        if len(samples) < 3:
            return None
        samples = samples[:MOST_SAMPLES]
        points = np.array([(one.x, one.y, one.time - samples[0].time) for one in samples])
        return cls(width, np.nan_to_num(points, posinf=0, neginf=0).clip(-1e6, 1e6))

    def record(self) -> Record:
        """As bytes."""
        whole = np.round(self.points * (16, 16, 1000)).astype("<i4")
        steps = np.diff(whole, axis=0, prepend=np.zeros((1, 3), "<i4"))
        planes = steps.T.astype("<i4").copy().view(np.uint8).reshape(3, -1, 4).transpose(0, 2, 1)
        content = zlib.compress(planes.tobytes(), 6)
        return Record(b"S", _TRACK.pack(self.width, len(whole)) + content)

    @classmethod
    def read(cls, payload: bytes) -> Track:
        """From bytes; PictureError where they make no sense."""
        try:
            width, count = _TRACK.unpack_from(payload)
            if not 0 < width <= 2 * LARGEST_SIZE or not 0 < count <= MOST_SAMPLES:
                raise useless()
            content = zlib.decompressobj().decompress(payload[_TRACK.size :], count * 12)
            planes = np.frombuffer(content, np.uint8).reshape(3, 4, count).transpose(0, 2, 1)
        except (struct.error, zlib.error, ValueError) as error:
            raise useless() from error
        whole = np.ascontiguousarray(planes).view("<i4")[..., 0].T.cumsum(0, dtype=np.int64)
        return cls(width, whole.clip(-(1 << 30), 1 << 30) / (16, 16, 1000))


class Entry:
    """One step. What it did is packed when somebody wants it, on whatever thread; once.

    Args:
        at: seconds since the reel began.
        lasted: seconds that it took.
        pack: makes its records.
    """

    def __init__(self, at: float, lasted: float, pack: Callable[[], Parts]) -> None:
        self.at, self.lasted = at, lasted
        self._pack: Callable[[], Parts] | None = pack
        self._parts: Parts = ()
        self._lock = threading.Lock()

    def parts(self) -> Parts:
        """Records of the kinds K, D, P, Q and S."""
        with self._lock:
            if self._pack is not None:
                self._parts, self._pack = self._pack(), None
            return self._parts

    def records(self) -> Parts:
        """All of it."""
        return (Record(b"E", _TIME.pack(self.at, self.lasted)), *self.parts())

    @property
    def bytes(self) -> int:
        """That it takes, packed."""
        return sum(len(part.payload) + 16 for part in self.parts())

    @property
    def track(self) -> Track | None:
        """Where the pen was, of a stroke by hand; PictureError where that makes no sense."""
        return next((Track.read(part.payload) for part in self.parts() if part.kind == b"S"), None)


def written(entries: Iterable[Entry]) -> bytes:
    """A reel as bytes."""
    content = io.BytesIO()
    for entry in entries:
        for record in entry.records():
            record.write(content)
    return content.getvalue()


def read(content: bytes, *, cut_short: bool = False) -> list[Entry]:
    """The steps of a reel, those that were taken back left out; of pixels nothing is unpacked yet.

    Args:
        content: see above.
        cut_short: its end may be missing.

    Raises:
        PictureError: it is damaged, or makes no sense.
    """
    with io.BytesIO(content) as file:
        entries = read_log(file)
        if (file.tell() != len(content) and not cut_short) or not entries:
            raise useless()
    return entries


def read_log(file: BinaryIO) -> list[Entry]:
    """The steps in an open file, up to what is damaged or cut short; empty where it has no beginning."""
    entries: list[Entry] = []
    undone: list[Entry] = []
    begun: tuple[float, float] | None = None
    parts: list[Record] = []

    def end() -> None:
        nonlocal begun
        if begun is not None:
            undone.clear()
            entries.append(Entry(*begun, partial(tuple, list(parts))))
        begun = None
        parts.clear()

    for record in records(file, KINDS):
        if record.kind in (b"E", b"U", b"R"):
            end()
        if record.kind == b"E":
            begun = _times(record.payload)
        elif record.kind == b"U" and entries:
            undone.append(entries.pop())
        elif record.kind == b"R" and undone:
            entries.append(undone.pop())
        else:
            parts.append(record)
    end()
    return entries if entries and entries[0].parts()[:1] == (Record(b"K", b""),) else []


def _times(payload: bytes) -> tuple[float, float]:
    try:
        at, lasted = _TIME.unpack(payload)
    except struct.error as error:
        raise useless() from error
    if not (0 <= at <= 1e12 and 0 <= lasted <= 1e9):
        raise useless()
    return at, lasted


@dataclass
class Player:
    """Plays a reel forwards."""

    _state: Rebuilding | None = None

    def take(self, entry: Entry, where: npt.NDArray[np.bool_] | None = None) -> None:
        """Do a step, or, of a stroke, only what lies in ``where``, bool (H, W).

        Raises:
            PictureError: it is damaged, or makes no sense.
        """
        for kind, payload in entry.parts():
            if kind == b"K" or self._state is None:
                self._state = Rebuilding()
            if kind == b"D":
                self._state.describe(payload)
            elif kind in (LAID_BY_TILES, LAID_BY_ROWS):
                lay(payload, self._state.layers, where, kind)

    def held(self) -> list[str]:
        """By which keys is named what is held of its preview now."""
        return self._state.held() if self._state is not None else []

    def document(self) -> Document:
        """The picture as it is now, on the same pixels as the next one will have.

        Raises:
            PictureError: it makes no sense.
        """
        if self._state is None:
            raise useless()
        return self._state.document()


def played(entries: Iterable[Entry]) -> Document:
    """The picture at the end of these steps; PictureError where they make no sense."""
    player = Player()
    for entry in entries:
        player.take(entry)
    return player.document()


def shortened(entries: list[Entry], most: int = MOST_BYTES) -> Iterator[Entry]:
    """The entries that have to go so that the rest takes about half of ``most``; none where there is room."""
    total = sum(entry.bytes for entry in entries)
    if total > most:
        for entry in entries[:-1]:
            yield entry
            total -= entry.bytes
            if total <= most // 2:
                return
