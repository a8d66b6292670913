"""Kept frames, and what of the preview is held, as parts of a file; written, and read from whoever wrote it.

A frame is a PNG, its preview, and a row of records (``desktop.paint.files.records``), the picture that it
was made of. What is held is a PNG whose alpha says how far. Notes in JSON list them. The parts lie in the
``.ora`` file, or in the folder of a journal.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.editing.snapshot import MOST_KEPT, MOST_KEPT_BYTES, Frame
from desktop.paint.files import archive, placed
from desktop.paint.files.archive import MOST_MEMBER
from desktop.paint.files.layered import Step
from desktop.paint.files.notation import KEPT, Notes, hold_notes
from desktop.paint.files.records import (
    beyond,
    describing,
    is_brief,
    is_one_picture,
    painting,
    read_with_notes,
)
from desktop.paint.files.stack import listed
from desktop.paint.layers.held import MOST_HELD_BYTES, MOST_HOLDS, Hold
from engine.data.messages import Pixels
from engine.data.picture import read, to_png_bytes
from engine.errors import PictureError

MARGIN_BYTES = 1 << 20
"""Bytes that are read beyond what may be kept, should another program have packed a part a little worse."""
LONGEST_NAME = 100
_KEY = re.compile(r"[0-9a-f]{16}")
_PART = re.compile(r"frames/[0-9a-f]{16}\.(png|picture)|holds/[0-9a-f]{16}\.png")

translate = QCoreApplication.translate
Parts = dict[str, Callable[[], bytes]]
"""By name: what makes the bytes; may be called on any thread."""


class Source(Protocol):
    """Where the parts lie."""

    def size(self, member: str) -> int:
        """Bytes of a part; 0 where there is none."""

    def read(self, member: str, most: int) -> bytes:
        """A part of at most ``most`` bytes; PictureError where there is none, or it can't be read."""


class Beside:
    """Parts in a folder, such as a journal's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, member: str) -> int:
        """See ``Source``."""
        try:
            return (self._folder / member).stat().st_size
        except OSError:
            return 0

    def read(self, member: str, most: int) -> bytes:
        """See ``Source``."""
        try:
            if self.size(member) <= most:
                return (self._folder / member).read_bytes()
        except OSError as error:
            raise PictureError(error.strerror or str(error)) from error
        raise PictureError(translate("paint", "“{0}” is too large.").format(member))


# --- writing -------------------------------------------------------------------------------------


def frame_notes(frames: tuple[Frame, ...]) -> dict[str, Any]:
    """What the notes say of kept frames; nothing where there are none."""
    kept = [{"key": frame.key, "name": frame.name} for frame in frames]
    return {"frames": {"format": KEPT, "kept": kept}} if kept else {}


def parts(frames: tuple[Frame, ...], holds: tuple[Hold, ...]) -> Parts:
    """All that is to be written of these."""
    made: Parts = {}
    for frame in frames:
        if frame.picture is None:
            continue
        made[_preview(frame.key)] = partial(_once, frame, ".png", _packed_preview)
        made[_picture(frame.key)] = partial(_once, frame, ".picture", _packed_picture)
        holds = (*holds, *frame.picture.hollow.holds)
    for hold in holds:
        made[_hold(hold.key)] = partial(to_png_bytes, hold.pixels)
    return made


def pack(frame: Frame) -> None:
    """Pack a frame now, before it is kept, on any thread: what it takes is known by that.

    Raises:
        PictureError: it is larger than a file may have it.
    """
    for ending, packed in ((".png", _packed_preview), (".picture", _packed_picture)):
        if len(_once(frame, ending, packed)) > MOST_MEMBER:
            text = translate("paint", "This picture is too large to be kept on the shelf; export it instead.")
            raise PictureError(text)


class Fitting(NamedTuple):
    """What can be read again of a file; see ``fitting``."""

    frames: tuple[Frame, ...]
    holds: tuple[Hold, ...]
    parts: dict[str, bytes]
    """Of these, by their names."""
    left_out: list[str]
    """What the frames are called that can't."""
    lost_holds: bool
    """Whether there are parts of the preview that can't."""

    def said(self, name: str) -> list[str]:
        """Sentences on what a file of that name has no room for."""
        said = []
        if self.left_out:
            text = translate(
                "paint",
                "“{0}” has no room for all kept frames; keep fewer, or {1} will be gone when it is closed.",
            )
            said.append(text.format(name, listed(self.left_out)))
        if self.lost_holds:
            text = translate("paint", "“{0}” has no room for all parts of the preview that are held.")
            said.append(text.format(name))
        return said


def fitting(
    frames: tuple[Frame, ...], holds: tuple[Hold, ...], packed: dict[str, bytes], room: int
) -> Fitting:
    """What ``take`` would have of these in a file with so many bytes of room, the newest first.

    Args:
        frames: all that are kept.
        holds: all that are held.
        packed: what ``parts`` made of these.
        room: bytes.
    """
    taking = _Taking(packed, room)
    held = [hold for hold in reversed(holds[-MOST_HOLDS:]) if taking.fits([hold], {})]
    taking.memory = MOST_KEPT_BYTES
    whole = [frame for frame in frames if frame.picture is not None]
    chosen = [frame for frame in reversed(whole[-MOST_KEPT:]) if taking.fits_frame(frame)]
    left_out = [frame.name[:40] for frame in whole if frame not in chosen]
    lost = len(held) < len(holds)
    return Fitting(tuple(reversed(chosen)), tuple(reversed(held)), taking.parts, left_out, lost)


class _Taking:
    """Reckons as ``_Reading`` does."""

    def __init__(self, packed: dict[str, bytes], room: int) -> None:
        self._packed, self._room = packed, room
        self.memory = MOST_HELD_BYTES
        """For what is taken next; holds and frames have their own."""
        self.parts: dict[str, bytes] = {}

    def fits_frame(self, frame: Frame) -> bool:
        """Take a frame with all that is held in it, if it fits."""
        picture = frame.picture
        assert picture is not None
        names = _preview(frame.key), _picture(frame.key)
        parts = {name: self._packed[name] for name in names}
        memory = frame.preview.nbytes + picture.bytes + sum(map(len, parts.values()))
        is_fine = is_brief(parts[names[1]]) and _area(frame.preview) <= MOST_PIXELS
        return is_fine and self.fits(picture.hollow.holds, parts, memory)

    def fits(self, holds: Sequence[Hold], parts: dict[str, bytes], memory: int = 0) -> bool:
        """Take holds, and these parts and so much memory with them, if all that fits."""
        new = {_hold(hold.key): hold for hold in holds if _hold(hold.key) not in self.parts}
        parts = {**parts, **{name: self._packed[name] for name in new}}
        room = self._room - archive.room_beside({}) + archive.room_beside(self.parts | parts)
        memory += sum(hold.pixels.nbytes for hold in new.values())
        fits = memory <= self.memory and room >= 0 and len(holds) <= MOST_HOLDS
        fits = fits and all(len(content) <= MOST_MEMBER for content in parts.values())
        if fits and all(_area(hold.pixels) <= MOST_PIXELS for hold in new.values()):
            self.memory -= memory
            self.parts |= parts
            return True
        return False


def _area(pixels: Pixels) -> int:
    return int(pixels.shape[0] * pixels.shape[1])


def _once(frame: Frame, ending: str, pack: Callable[[Frame], bytes]) -> bytes:
    if ending not in frame.packed:
        frame.packed[ending] = pack(frame)
    return frame.packed[ending]


def _packed_preview(frame: Frame) -> bytes:
    return to_png_bytes(frame.preview)


def _packed_picture(frame: Frame) -> bytes:
    picture, made = frame.picture, io.BytesIO()
    assert picture is not None
    describing(Document.from_snapshot(picture), frame.name).write(made)
    for layer, tiles in zip(picture.hollow.layers, picture.tiles, strict=True):
        for record in (*beyond(layer.id, layer.outside), painting(layer.id, tiles)):
            record.write(made)
    return made.getvalue()


def _preview(key: str) -> str:
    return f"frames/{key}.png"


def _picture(key: str) -> str:
    return f"frames/{key}.picture"


def _hold(key: str) -> str:
    return f"holds/{key}.png"


# --- reading -------------------------------------------------------------------------------------


def is_part(member: str, notes: Notes) -> bool:
    """Whether a member of a file with these notes is one of ours."""
    return bool({"frames", "holds"} & notes.fields.keys()) and _PART.fullmatch(member) is not None


def take(
    document: Document, notes: Notes, source: Source, step: Step = lambda _done, _total: None
) -> list[str]:
    """Give a document what its file has kept, as far as it can be read; what can't costs nobody a drawing.

    Args:
        document: as it was in the file.
        notes: of the file.
        source: the file.
        step: called now and then; may raise whatever is to end it.

    Returns:
        Sentences on what is left out.
    """
    reading = _Reading(source, notes.source, step)
    _have(document, reading.holds(notes))
    document.frames = reading.frames(notes)
    return reading.said()


def _have(document: Document, holds: tuple[Hold, ...]) -> None:
    """From the beginning: no step."""
    if holds:
        document.hold(holds, "")
        document.forget_history()


class _Reading:
    def __init__(self, source: Source, name: str, step: Step) -> None:
        self._source, self._name, self._step = source, name, step
        self._budget = MOST_HELD_BYTES + MARGIN_BYTES
        self._holds: dict[str, Hold] = {}
        self._missed: list[str] = []
        self._lost_holds = self._strange = self._newer = False

    def said(self) -> list[str]:
        """Sentences on what was left out."""
        said = []
        if self._newer:
            said.append(
                translate("paint", "Some that “{0}” keeps is of a newer Underpaint; update it to see that.")
            )
        if self._strange:
            said.append(translate("paint", "The notes on kept frames in “{0}” make no sense; left out."))
        if len(self._missed) == 1:
            said.append(translate("paint", "In “{0}” the kept frame {1} can't be read; it was left out."))
        elif self._missed:
            said.append(translate("paint", "In “{0}” kept frames can't be read ({1}); they were left out."))
        if self._lost_holds:
            said.append(translate("paint", "In “{0}” a held part can't be read; the preview lives there."))
        return [text.format(self._name, listed(self._missed)) for text in said]

    def frames(self, notes: Notes) -> tuple[Frame, ...]:
        """Those that can be read."""
        self._budget = MOST_KEPT_BYTES + MARGIN_BYTES
        entries = self._entries(notes, "frames", "kept", MOST_KEPT)
        frames = []
        for number, entry in enumerate(entries, start=1):
            self._step(number, len(entries) + 1)
            name, key = entry.fields.get("name"), self._key(entry)
            name = name[:LONGEST_NAME] if isinstance(name, str) and name.isprintable() else str(number)
            try:
                frames.append(self._frame(key, name))
            except PictureError:
                self._missed.append(name[:40])
        return tuple(frames)

    def holds(self, notes: Notes) -> tuple[Hold, ...]:
        """Those that can be read."""
        found = []
        for entry in self._entries(notes, "holds", "held", MOST_HOLDS):
            try:
                found.append(self._hold(self._key(entry), entry.switch("rest")))
            except PictureError:
                self._lost_holds = True
        return tuple(found)

    def _entries(self, notes: Notes, name: str, inside: str, most: int) -> list[Notes]:
        if notes.fields.get(name) is None:
            return []
        try:
            inner = notes.inner(notes.fields[name], name)
            version = inner.fields.get("format")
            if type(version) is int and version > KEPT:
                self._newer = True
                return []
            inner.check_format(KEPT)
            return [inner.inner(entry, inside) for entry in inner.items(inside, most)]
        except PictureError:
            self._strange = True
            return []

    def _key(self, entry: Notes) -> str:
        """What the parts are named by; empty where it makes no sense, and then there are none."""
        key = entry.fields.get("key")
        return key if isinstance(key, str) and _KEY.fullmatch(key) else ""

    def _frame(self, key: str, name: str) -> Frame:
        preview, packed = (self._read(name, retained=True) for name in (_preview(key), _picture(key)))
        pixels = self._decoded(preview, 3)
        with io.BytesIO(packed) as row:
            if not is_one_picture(row):
                raise PictureError(translate("paint", "It is damaged."))
            row.seek(0)
            document, notes = read_with_notes(row)
        _have(document, self.holds(notes))
        picture = document.snapshot()
        self._take(picture.bytes)
        frame = Frame(pixels, picture, picture.kind, name=name)
        frame.packed[".png"] = preview
        if hold_notes(document.holds).get("holds") == notes.fields.get("holds"):  # else some are gone
            frame.packed[".picture"] = packed
        return frame

    def _hold(self, key: str, rest: bool) -> Hold:
        if key not in self._holds:
            self._holds[key] = Hold(self._decoded(self._read(_hold(key)), 4), rest, key)
        found = self._holds[key]
        return found if found.rest == rest else Hold(found.pixels, rest, key)

    def _read(self, member: str, *, retained: bool = False) -> bytes:
        """A part's bytes, which count where they stay in memory."""
        if retained:
            self._take(self._source.size(member))
        return self._source.read(member, MOST_MEMBER)

    def _decoded(self, content: bytes, channels: int) -> Pixels:
        """uint8 (H, W, 3 or 4); by its header it is known to be borne before anything is decoded."""
        width, height = placed.png_size(content, self._name)
        if not 0 < width * height <= MOST_PIXELS:
            raise PictureError(translate("paint", "It is too large."))
        self._take(width * height * channels)
        reading = read(content, most=width * height)
        if reading.colours.shape[:2] != (height, width):
            raise PictureError(translate("paint", "It is damaged."))
        if channels == 3:
            return np.ascontiguousarray(reading.colours)
        alpha = np.full((height, width), 255, np.uint8) if reading.alpha is None else reading.alpha
        return np.dstack([reading.colours, alpha])

    def _take(self, count: int) -> None:
        """Memory is about to be taken."""
        if count > self._budget:
            raise PictureError(translate("paint", "There is more than fits into memory."))
        self._budget -= count
