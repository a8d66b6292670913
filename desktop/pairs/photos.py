"""Photos to be drawn over: found, recognised, read, and made into pictures; on any thread."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import Document, Layer, Role
from desktop.paint.layers.composite import to_rgb
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.picture import SUFFIXES, read
from engine.data.task import task_of
from engine.errors import PictureError
from trainer.files import pair_store
from trainer.files.pair_store import Origin

LONGEST_EDGE = 2048
"""Pixels; larger photos are reduced. Nothing is trained at more than half of that."""

_WHOLE = 4 << 20
"""Bytes up to which all of a file makes its mark."""
_TASTE = 64 << 10
"""Of a larger one these at either end do, and in earlier versions did of any, …"""
_TASTES, _BETWEEN = 512, 4 << 10
"""… and so many pieces of so many bytes between them: some in every few rows of what isn't packed."""
_PACKED = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
"""What files begin with that end in another way wherever their pixels differ."""

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Photo:
    """One of the photos to draw over."""

    file: Path
    mark: str
    """Of its content, as in ``trainer.files.pair_store.Origin``."""
    pair: str = ""
    """The pair in the data set that came from it; empty while there is none."""
    draft: bool = False
    """That pair is a draft, taken as it was."""

    @property
    def origin(self) -> Origin:
        """What the data set notes of it."""
        return Origin(self.file.name, self.mark)


@dataclass(frozen=True)
class PhotoSet:
    """The photos in their order, and the data set that they are for."""

    photos: tuple[Photo, ...]
    folder: Path
    pairs: int
    """In the data set, from whatever photo."""
    palette: Palette | None
    """Of label pictures: the data set's, where it has one already."""
    drafts: frozenset[str] = frozenset()
    """Those pairs that are drafts, taken as they were, by their names."""

    @property
    def by_hand(self) -> int:
        """How many pairs somebody drew or corrected."""
        return self.pairs - len(self.drafts)

    @property
    def done(self) -> int:
        """How many of the photos have a pair."""
        return sum(bool(photo.pair) for photo in self.photos)


def find_photos(sources: Sequence[Path], kind: InputKind, folder: Path, palette: Palette | None) -> PhotoSet:
    """The photos in ``sources``, files and folders, and which of them have a pair in ``folder``.

    Args:
        kind: what is drawn over them.
        folder: the data set, which need not exist.
        palette: for label pictures of a new data set.

    Raises:
        PictureError: there are none, or the data set is of another sort, damaged or newer.
    """
    files = list(_files(sources))
    if not files:
        names = ", ".join(f"“{source.name}”" for source in sources[:3])
        text = translate("photos", "There are no photos in {0}; choose PNG, JPEG, WebP, TIFF or BMP files.")
        raise PictureError(text.format(names))
    if os.path.exists(folder) and not os.path.isdir(folder):
        text = translate("photos", "“{0}” is a file; choose another place for the pairs.")
        raise PictureError(text.format(folder.name))
    manifest = pair_store.Manifest(task_of(kind), palette if kind == "labels" else None)
    if pair_store.is_kept(folder):
        manifest = pair_store.manifest_of(folder)
        if manifest.task != task_of(kind):
            text = translate(
                "photos", "“{0}” holds pairs of another sort ({1}); choose another name for these."
            )
            raise PictureError(text.format(folder.name, manifest.task))
    elif os.path.isdir(folder) and any(it.name != pair_store.LOCK for it in folder.iterdir()):
        text = translate("photos", "“{0}” holds something else already; choose another name for the pairs.")
        raise PictureError(text.format(folder.name))
    present = pair_store.names(folder)
    paired = {origin.mark: pair for pair, origin in manifest.origins.items() if pair in present}
    drafts = frozenset(manifest.drafts) & present
    known = [
        (file, mark, paired.get(mark, "")) for file in files for mark in [_known_mark(file, folder, manifest)]
    ]
    photos = tuple(Photo(file, mark, pair, pair in drafts) for file, mark, pair in known)
    return PhotoSet(photos, folder, len(present), manifest.palette, drafts)


def mark_of(file: Path) -> str:
    """What tells a file's content from that of others: from all of it, or from pieces all over a large one.

    Whole files would have to be read from a disk, gigabytes for a holiday's photos. One that can't be
    read has a mark of its own all the same, by its name; it is passed over later, with a sentence.
    """
    return _marked(file, _mark)


def was_replaced(photo: Photo) -> bool:
    """Whether a file of other content took the place of the photo that was found; what is gone hasn't."""
    known = mark_of(photo.file), _marked(photo.file, _mark_of_before)
    return photo.mark not in known and os.path.exists(photo.file)


def _marked(file: Path, mark: Callable[[Path, int, int], str]) -> str:
    try:
        about = file.stat()
        return mark(file, about.st_mtime_ns, about.st_size)
    except OSError:
        return hashlib.sha256(os.fsencode(file)).hexdigest()[:20]


@lru_cache(maxsize=1 << 15)  # a folder is looked at again with every letter of the data set's name
def _mark(file: Path, modified_ns: int, length: int) -> str:
    if length <= 2 * _TASTE:
        return _mark_of_before(file, modified_ns, length)  # which was of all of it, too
    with file.open("rb") as content:
        if length <= _WHOLE:
            made = hashlib.sha256(content.read(_WHOLE))
        else:
            made = hashlib.sha256(b"%d " % length + _ends(content, length))
            inside = length - 2 * _TASTE
            for number in range(_TASTES):
                content.seek(_TASTE + inside * number // _TASTES)
                made.update(content.read(_BETWEEN))
    return made.hexdigest()[:24]  # longer than those of before, so that none is taken for one of them


@lru_cache(maxsize=1 << 15)
def _mark_of_before(file: Path, _modified_ns: int, length: int) -> str:
    with file.open("rb") as content:
        return hashlib.sha256(b"%d " % length + _ends(content, length)).hexdigest()[:20]


def _ends(content: BinaryIO, length: int) -> bytes:
    taste = content.read(_TASTE)
    content.seek(max(0, length - _TASTE))
    return taste + content.read(_TASTE)


def _known_mark(file: Path, folder: Path, manifest: pair_store.Manifest) -> str:
    """The photo's mark; the one of before, where the data set has its pair by that.

    Photos that aren't packed shared it with all others of their size that begin and end as they do.
    """
    mark = mark_of(file)
    origins = manifest.origins
    if any(origin.mark == mark for origin in origins.values()):
        return mark
    before = Origin(file.name, _marked(file, _mark_of_before))
    pair = pair_store.pair_of(folder, manifest, before)
    if pair and _is_of(file, pair_store.path_of(folder, pair, pair_store.PHOTO), origins[pair].name):
        return before.mark
    return mark


def _is_of(file: Path, kept: Path, name: str) -> bool:
    """Whether a pair whose photo is ``kept``, and was called ``name``, came from a photo with its mark."""
    try:
        one, other = file.stat(), kept.stat()
        states = (one.st_mtime_ns, one.st_size, other.st_mtime_ns, other.st_size)
        return _shows_the_same(file, kept, name, states)
    except (OSError, PictureError):
        return file.name == name


@lru_cache(maxsize=1 << 15)
def _shows_the_same(file: Path, kept: Path, name: str, _states: tuple[int, ...]) -> bool:
    return _is_shown(file, read(kept).pixels, file.name == name)


def _is_shown(file: Path, pixels: Pixels, otherwise: bool) -> bool:
    """Whether pixels are those of a photo; ``otherwise`` where it was cropped, and can't be compared."""
    try:
        with file.open("rb") as content:
            if content.read(4).startswith(_PACKED):
                return True
        now = reduced(read(file).pixels)
    except (OSError, PictureError):
        return otherwise
    return np.array_equal(pixels, now) if pixels.shape == now.shape else otherwise


def picture_over(
    photo: Photo, kind: InputKind, palette: Palette | None, folder: Path
) -> tuple[Document, str]:
    """A picture to draw on, with the photo over it, and what there is to say of it.

    One that has a pair comes with what was drawn, if that can be read.

    Raises:
        PictureError: the photo can't be read.
    """
    said = ""
    document, pixels = None, None
    if photo.pair:
        try:
            drawn, pixels = pair_store.read_back(folder, photo.pair)
            document = Document.from_planes(kind, drawn, palette)
        except PictureError as error:
            text = translate("photos", "What was drawn over this photo can't be read; draw it anew. ({0})")
            said = text.format(error)
    if document is None or pixels is None:
        pixels = reduced(read(photo.file).pixels)
        document = Document.new(kind, pixels.shape[1], pixels.shape[0], palette)
    document.add_layer(Role.REFERENCE, photo.file.stem[:200], pixels)
    document.extras["photo"] = photo.mark
    document.forget_history()
    return document, said


def refuse_gone(photo_set: PhotoSet) -> None:
    """Make sure that a data set which was begun is still there.

    Raises:
        PictureError: its folder is gone.
    """
    if photo_set.pairs and not photo_set.folder.is_dir():
        text = translate(
            "photos", "“{0}” is gone; bring it back, or choose another data set. Your drawing stays open."
        )
        raise PictureError(text.format(photo_set.folder))


def is_over(document: Document, photo: Photo) -> bool:
    """Whether a picture is drawn over a photo: by its mark, or by the one that earlier versions noted."""
    mark, layer = document.extras.get("photo"), photo_layer(document)
    if not mark or mark == photo.mark or layer is None:
        return bool(mark) and mark == photo.mark
    if mark != _marked(photo.file, _mark_of_before):
        return False
    return _is_shown(photo.file, to_rgb(layer.pixels), layer.name == photo.file.stem[:200])


def photo_layer(document: Document) -> Layer | None:
    """The photo in a picture that is drawn over it: of its references, the one that came first."""
    references = [layer for layer in document.layers if layer.role is Role.REFERENCE]
    return min(references, key=lambda layer: layer.id, default=None)


def photo_in(document: Document) -> Pixels:
    """The photo, uint8 (H, W, 3), cropped and resized with the picture.

    Raises:
        PictureError: its layer is gone, or the picture reaches beyond it.
    """
    layer = photo_layer(document)
    if layer is None:
        text = translate("photos", "The photo's layer was deleted; undo that before you add the pair.")
        raise PictureError(text)
    if (layer.pixels[..., 3] != 255).any():
        text = translate(
            "photos", "The picture reaches beyond its photo; crop it to the photo, or undo that."
        )
        raise PictureError(text)
    return to_rgb(layer.pixels)


def reduced(pixels: Pixels) -> Pixels:
    """A photo uint8 (H, W, 3) with its longer edge at ``LONGEST_EDGE`` at most."""
    height, width = pixels.shape[:2]
    scale = LONGEST_EDGE / max(width, height)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _files(sources: Sequence[Path]) -> list[Path]:
    """The picture files among ``sources`` and right in those of them that are folders, as people count."""
    files: list[Path] = []
    for source in sources:
        try:
            inside = list(source.iterdir()) if os.path.isdir(source) else [source]
        except OSError as error:
            text = translate("photos", "“{0}” can't be read ({1}); choose another folder.")
            raise PictureError(text.format(source.name, error.strerror or error)) from error
        files += sorted(
            (file for file in inside if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")),
            key=_as_people_count,
        )
    return list(dict.fromkeys(files))


def _as_people_count(file: Path) -> list[tuple[int, str]]:
    """2.png before 10.png."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file.name.lower())
    ]
