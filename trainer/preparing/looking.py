"""One photo looked at: all that is to be known of it, whatever square is to be made of it in the end."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data import picture
from engine.errors import PictureError
from trainer.dataset_check import outlines
from trainer.dataset_check.outlines import Outline
from trainer.files import zipped
from trainer.pictures import outliers
from trainer.pictures.outliers import Scene
from trainer.preparing import cutting
from trainer.preparing.cutting import Frame, How, Pixels, Subject

THUMB = 160
"""Edge of the pictures on a contact sheet."""
_LAID = Frame(200, 0.1)
"""In what an object is kept for them: without a margin it would be as long as they are."""
_COMPARED = 24
"""Edge of the pictures by which duplicates are found."""
_LARGE = 0.45
"""Of a photo's longer edge: objects that are shorter look all alike in a picture so small of all of it."""

_State = tuple[int, int]
"""When a file was written, in nanoseconds, and its size in bytes."""


@dataclass
class Look:
    """One photo, looked at. ``problem`` is why it can't be read."""

    name: str
    file: Path
    problem: str = ""
    how: How = "whole"
    middle: bytes = b""
    """A thumbnail of the photo as it is, a JPEG file."""
    laid: bytes = b""
    """The object on white, as ``_LAID`` has it, a PNG file; nothing where the photo shows no such."""
    shape: tuple[int, int] = (1, 1)
    """Height and width of the photo, perhaps reduced."""
    share: float = 1.0
    """The object's longer edge, as a share of the photo's."""
    long: int = 0
    """Pixels that the object is long in the file."""
    scene: Scene | None = None
    outline: Outline | None = None
    reaches_edge: bool = False
    thumb: bytes = b""
    """What is made of it in the margin that ``frame`` was told of last, a JPEG file …"""
    compared: Pixels | None = None
    """… and smaller yet."""
    uncut: Pixels | None = None
    """All of the photo as it is, as small: where one was packed harder, its object ends elsewhere and lies
    otherwise on white. None where the object is too small to be known by it."""
    margin: float | None = field(default=None, repr=False)

    def frame(self, margin: float) -> None:
        """Have ``thumb`` and ``compared`` with that margin, a share of the edge."""
        if self.problem or margin == self.margin:
            return
        self.margin = margin
        kept = self.laid or self.middle
        small = np.array(Image.open(io.BytesIO(kept), formats=("PNG", "JPEG")).convert("RGB"))
        if self.laid:
            small = cutting.reframed(small, Frame(THUMB, margin))
        self.thumb = _packed(small) if self.laid else self.middle
        self.compared = _reduced(small)

    def shown(self, how: How) -> bytes:
        """Its thumbnail, cut out or not."""
        return self.middle if how == "whole" else self.thumb

    def enough(self, how: How, frame: Frame) -> int:
        """Pixels along the photo's longer edge that will do to make it."""
        return 0 if self.problem else cutting.enough(how, self.shape, self.share, frame)


class Looks:
    """Photos of one folder that were looked at: another size or margin asks for no second look.

    One that was written since then is looked at again, and so is one that couldn't be read.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[_State, Look]] = {}

    def at(self, name: str, file: Path, folder: Path) -> Look:
        """That photo, looked at by now; on several threads at once.

        Args:
            name: its place in the folder.
            folder: or the zip file that it is a member of.
        """
        state = _state(file) or _state(folder)
        known = self._known.get(name)
        if known is not None and known[0] == state and known[1].file == file:
            return known[1]
        look = looked(name, file)
        if state is not None and not look.problem:
            self._known[name] = state, look
        return look


def looked(name: str, file: Path) -> Look:
    """Look at one photo."""
    look = Look(name, file)
    try:
        source = zipped.source(file)
        with picture.opened(source) as image:
            longest = max(image.size)
        photo = picture.read(source, enough=2 * cutting.EDGE).pixels
    except PictureError as error:
        text = str(error).removeprefix(f"“{file.name}” ")
        look.problem = text.rstrip(".")
        return look
    if min(photo.shape[:2]) < 2:
        look.problem = f"is only {photo.shape[1]} × {photo.shape[0]} pixels"
        return look
    subject = cutting.find_subject(photo)
    look.how, look.share = subject.how, subject.share
    look.shape = subject.even.shape[0], subject.even.shape[1]
    middle = cutting.cut_out(photo, Subject("whole", subject.even), Frame(THUMB))
    look.middle = _packed(middle)
    if subject.share >= _LARGE:
        look.uncut = _reduced(photo)
    if subject.how != "whole":
        look.laid = picture.to_png_bytes(cutting.cut_out(photo, subject, _LAID))
    look.long = round(subject.share * longest)
    look.reaches_edge = subject.reaches_edge
    look.scene = outliers.scene(subject.even)
    look.outline = outlines.measure_outline(subject.even) if subject.how != "whole" else None
    return look


def _state(file: Path) -> _State | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size


def _reduced(pixels: Pixels) -> Pixels:
    return np.array(Image.fromarray(pixels).resize((_COMPARED, _COMPARED), Image.Resampling.BOX))


def _packed(pixels: Pixels) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=88)
    return target.getvalue()
