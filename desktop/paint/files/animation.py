"""Several frames as one moving picture, or as a folder of PNG files."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QCoreApplication

from desktop.paint.files.export import Step
from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.files.writing import replacing, shown, try_file, try_folder

ANIMATIONS = (".webp", ".gif", ".png")
"""Suffixes; the last stands for a folder of PNG files. The first is the usual one."""


def is_folder_of_frames(path: Path) -> bool:
    """Whether a folder is written for ``path``, rather than a file."""
    return path.suffix.lower() == ANIMATIONS[-1]


def animation_file(path: Path) -> Path:
    """For ``path``: a WebP where its suffix is none of ``ANIMATIONS``, for ``.png`` a folder."""
    if is_folder_of_frames(path):
        return path.with_suffix("")
    return path if path.suffix.lower() in ANIMATIONS else path.with_name(path.name + ".webp")


def write_animation(
    frames: Sequence[Pixels], path: Path, rate: int, step: Step, *, exact_end: bool = False
) -> Path:
    """Write frames, uint8 (H, W, 3) of one size, that go round and round.

    Args:
        frames: in the order in which they are shown.
        path: its suffix says as what.
        rate: frames a second.
        step: called for each; may raise to end it, and nothing has happened.
        exact_end: what is shown last loses nothing in a WebP either, from when on it is the same array.

    Returns:
        The file or folder that was written.

    Raises:
        PictureError: it can't be written there, or a folder of that name is there already.
    """
    target = animation_file(path)
    with _said(target):
        if is_folder_of_frames(path):
            _write_folder(frames, target, step)
        else:
            try_file(target)  # before the frames are made, which takes minutes
            content = _packed(frames, target.suffix.lower(), rate, step, exact_end)
            with replacing(target) as part:
                part.write_bytes(content)
    return target


def refuse_taken(path: Path) -> None:
    """Make sure before the frames are made that ``write_animation`` can write them to ``path``.

    Raises:
        PictureError: it can't.
    """
    target = animation_file(path)
    with _said(target):
        if is_folder_of_frames(path):
            _refuse_folder(target)
            try_folder(target.parent)
        else:
            try_file(target)


@contextmanager
def _said(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        text = QCoreApplication.translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(shown(target.name), error.strerror or error)) from error


def durations(count: int, rate: int, unit: int) -> list[int]:
    """Milliseconds of each frame, whole numbers of ``unit``; together they are right."""
    ends = [round(index * 1000 / rate / unit) * unit for index in range(count + 1)]
    return [max(unit, after - before) for before, after in pairwise(ends)]


class _Reel(Image.Image):
    """All frames as one image, of which only the one at hand is there: the WebP encoder would take a list of
    images whole before it begins, and could neither be followed nor ended."""

    def __init__(self, frames: Sequence[Pixels], step: Step) -> None:
        super().__init__()
        self._frames, self._step, self._at = frames, step, -1
        self.shown: Pixels | None = None
        """The newest picture."""
        self.since = 0
        """From which frame on it is shown."""
        self.n_frames = len(frames)
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go on to a frame; back goes the encoder only when it is done."""
        if frame > self._at:
            self._step(frame, self.n_frames + 1)
            pixels = self._frames[frame]
            if pixels is not self.shown:
                self.shown, self.since = pixels, frame
            image = Image.fromarray(np.ascontiguousarray(pixels))
            self._at, self._mode, self._size, self.im = frame, image.mode, image.size, image.im


def _packed(frames: Sequence[Pixels], suffix: str, rate: int, step: Step, exact_end: bool) -> bytes:
    def images() -> Iterator[Image.Image]:
        for index, frame in enumerate(frames):
            step(index, len(frames) + 1)
            image = Image.fromarray(np.ascontiguousarray(frame))
            yield image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)

    content = io.BytesIO()
    if suffix == ".gif":
        each = images()
        next(each).save(
            content,
            "GIF",
            save_all=True,
            append_images=each,
            duration=durations(len(frames), rate, 10),
            loop=0,
            disposal=1,
        )
    else:
        moving, times = _Reel(frames, step), durations(len(frames), rate, 1)
        moving.save(content, "WEBP", save_all=True, duration=times, loop=0, quality=90, method=3)
        if exact_end and moving.shown is not None:
            return _ending(content.getvalue(), moving.shown, sum(times[: moving.since]), sum(times))
    return content.getvalue()


def _ending(webp: bytes, last: Pixels, since: int, until: int) -> bytes:
    """An animated WebP that shows ``last`` exactly, and nothing else from then on: its encoder knows losses
    for all frames or for none, but the format for each.

    Args:
        webp: as Pillow writes it.
        last: uint8 (H, W, 3), as large as its frames.
        since: from when on, milliseconds.
        until: how long all of it is.
    """
    still = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(last)).save(still, "WEBP", lossless=True, method=3)
    exact = b"".join(_chunk(name, part) for name, part in _chunks(still.getvalue()) if name == b"VP8L")
    made, now = [], 0
    for name, part in _chunks(webp):
        if name != b"ANMF":
            made.append(_chunk(name, part))
            continue
        length = int.from_bytes(part[12:15], "little")
        if now < since:
            shorter = min(length, since - now).to_bytes(3, "little")
            made.append(_chunk(name, part[:12] + shorter + part[15:]))
        now += length
    height, width = last.shape[:2]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    # At the corner, over all that was there, which it is not mixed with.
    head = bytes(6) + size + (until - since).to_bytes(3, "little") + b"\2"
    places = [at for at, chunk in enumerate(made, start=1) if chunk.startswith(b"ANMF")]
    if not places:  # nothing ever moved, so it is one picture
        return still.getvalue()
    made.insert(places[-1], _chunk(b"ANMF", head + exact))
    content = b"WEBP" + b"".join(made)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _chunks(webp: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(webp):
        name, length = struct.unpack_from("<4sI", webp, at)
        yield name, webp[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(name: bytes, part: bytes) -> bytes:
    return name + struct.pack("<I", len(part)) + part + bytes(len(part) % 2)


def _refuse_folder(folder: Path) -> None:
    if folder.exists():
        text = QCoreApplication.translate(
            "paint", "“{0}” is there already; the frames need a folder of their own, choose another name."
        )
        raise PictureError(text.format(shown(folder.name)))


def _write_folder(frames: Sequence[Pixels], folder: Path, step: Step) -> None:
    _refuse_folder(folder)
    with tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=folder.parent) as name:
        inside = Path(name, "frames")
        inside.mkdir()
        digits = max(3, len(str(len(frames))))
        for index, frame in enumerate(frames):
            step(index, len(frames) + 1)
            Image.fromarray(np.ascontiguousarray(frame)).save(
                inside / f"{index + 1:0{digits}}.png", "PNG", compress_level=3
            )
        inside.rename(folder)  # and never into one that is there by now
