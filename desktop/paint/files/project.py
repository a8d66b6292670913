"""Project files: OpenRaster (``.ora``), a zip of ``stack.xml`` and one PNG a layer.

https://www.openraster.org/baseline/file-layout-spec.html. What OpenRaster has no word for (kind, roles
of layers, palette, paper, model) lies in one JSON beside it, ``underpaint.json``, so other programs
open our files and we open theirs. What a foreign file has and we don't know, or can't hold in memory, is
shown flattened.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import ROLES, Document
from desktop.paint.editing.layer_stack import WHITE
from desktop.paint.editing.limits import MOST_PIXELS, check_size, fits
from desktop.paint.files import archive, frames_and_holds, placed
from desktop.paint.files.archive import Archive
from desktop.paint.files.flatten import Flattening
from desktop.paint.files.layered import PAPER, Layers, Step
from desktop.paint.files.notation import (
    Notes,
    as_json,
    format_of,
    hold_notes,
    palette_notes,
    style_notes,
    understood_styles,
)
from desktop.paint.files.placed import Gaps
from desktop.paint.files.stack import (
    PLAIN,
    RESOLUTION,
    beside,
    check_count,
    damaged,
    listed,
    mended,
    parsed,
    printable,
    resolution_of,
    sources,
    strange,
    whole,
)
from desktop.paint.layers import overhang
from desktop.paint.layers.composite import composite, to_rgb, to_straight
from engine.data.messages import Pixels
from engine.data.palette import Colour
from engine.data.picture import read, to_png_bytes
from engine.data.rect import Rect
from engine.errors import PictureError
from engine.files.writing import replacing

FORMAT = 2
"""Version of ``underpaint.json``; a file that a program of an older one understands has that one."""

MIMETYPE = b"image/openraster"
NOTES = "underpaint.json"
MERGED = "mergedimage.png"
_SIDE_BY_SIDE = min(4, os.cpu_count() or 1)
THUMBNAIL = "Thumbnails/thumbnail.png"
FILM = "underpaint-film.bin"
"""The way of the drawing (``desktop.paint.reel``); read and written here without being looked at."""
MOST_FILM = 32 << 20
MOST_NOTES = 4 << 20
MOST_STACK = 1 << 20
"""Bytes of these members. Whatever is read no further than to a limit is not written beyond it."""

_OURS = {"format", "kind", "model", "paper", "palette", "roles", "program", "styles", "frames", "holds"}

translate = QCoreApplication.translate


@dataclass
class Loaded:
    """A document from a file."""

    document: Document
    notes: list[str] = field(default_factory=list)
    """Sentences on what the file holds and the document doesn't: all that was dropped or changed."""
    film: bytes = b""
    """See ``FILM``; empty where there is none."""

    @property
    def foreign(self) -> bool:
        """Saving over the file would lose something that it holds."""
        return bool(self.notes)


# --- writing -------------------------------------------------------------------------------------


def save(
    document: Document,
    path: Path,
    step: Step = lambda _done, _total: None,
    *,
    film: Callable[[], bytes] = bytes,
) -> list[str]:
    """Write ``document`` as an ``.ora`` file, in one step.

    Args:
        document: what to write.
        path: where to.
        step: called now and then, the last time just before the file is in its place.
        film: gives the way of the drawing, see ``FILM``; empty for none.

    Returns:
        Sentences on what was left out: a file is never more than ``load`` reads.

    Raises:
        PictureError: the folder is missing, read-only or full, or the drawing is more than a file can hold;
            the old file is untouched.
    """
    far: list[str] = []
    measures = {"version": "0.0.3", "w": str(document.width), "h": str(document.height)}
    image = ElementTree.Element("image", {**measures, **resolution_of(document.extras)})
    stack = ElementTree.SubElement(image, "stack", {"name": "root"})
    total = len(document.layers) + len(frames_and_holds.parts(document.frames, document.holds)) + 3
    contents = _Packed(lambda done: step(done, total))
    roles: dict[str, str] = {}
    if document.kind == "image" and document.paper != WHITE:
        # Coloured paper is part of the picture: other programs see it as a layer.
        contents.add(PAPER, partial(_plain_png, document.width, document.height, document.paper))
        name = translate("paint", "Paper")
        ElementTree.SubElement(
            stack, "layer", {"name": name, "src": PAPER, "x": "0", "y": "0", "edit-locked": "true"}
        )
    for number, layer in enumerate(document.layers):
        source = f"data/layer{number}.png"
        pieces = overhang.within_reach(layer, MOST_PIXELS)
        if len(pieces) < len(layer.outside):
            far.append(layer.name[:40])
        pixels, rect = overhang.whole(layer, pieces)
        contents.add(source, partial(_straight_png, pixels))
        roles[source] = layer.role.value
        attributes = {
            "name": printable(layer.name),
            "src": source,
            "x": str(rect.left),
            "y": str(rect.top),
            "opacity": f"{layer.opacity:.6g}",
            "visibility": "visible" if layer.visible else "hidden",
            "composite-op": PLAIN,
            "edit-locked": "true" if layer.locked else "false",
        }
        if layer is document.active:
            attributes["selected"] = "true"
        stack.insert(0, ElementTree.Element("layer", attributes))  # top first
    merged = to_rgb(composite(document.layers, document.bounds, document.paper))
    extras = {
        **document.extras,
        "format": format_of(document.layers),
        "program": "Underpaint",
        "kind": document.kind,
        "model": document.model,
        "paper": list(document.paper),
        "palette": palette_notes(document.palette),
        "roles": roles,
    }
    styles = style_notes(document.style, document.named_styles)
    if styles is not None:
        extras["styles"] = styles
    for name, pack in frames_and_holds.parts(document.frames, document.holds).items():
        contents.add(name, pack)
    contents.add(MERGED, partial(to_png_bytes, merged))
    contents.add(THUMBNAIL, partial(to_png_bytes, thumbnail(merged)))
    files = contents.files()
    way = film()
    if 0 < len(way) <= MOST_FILM:
        files[FILM] = way
    described = ElementTree.tostring(image, "utf-8", xml_declaration=True)
    packed = {name: files.pop(name) for name in frames_and_holds.parts(document.frames, document.holds)}
    files |= {"mimetype": MIMETYPE, "stack.xml": described}
    room = archive.room_beside(files) - MOST_NOTES
    fitting = frames_and_holds.fitting(document.frames, document.holds, packed, room)
    extras |= frames_and_holds.frame_notes(fitting.frames) | hold_notes(fitting.holds)
    files[NOTES], dropped = as_json(extras, _OURS, MOST_NOTES)
    files |= fitting.parts
    _check_limits(files, path.name)
    try:
        with replacing(path) as part, zipfile.ZipFile(part, "w") as target:
            target.writestr("mimetype", files.pop("mimetype"))  # first, and not packed
            target.writestr("stack.xml", files.pop("stack.xml"), compress_type=zipfile.ZIP_DEFLATED)
            for name, content in files.items():
                target.writestr(name, content)  # PNG is packed already
            step(total - 1, total)
    except OSError as error:
        text = translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(path.name, error.strerror or error)) from error
    return _said(path.name, far, dropped) + fitting.said(path.name)


def _check_limits(files: dict[str, bytes], name: str) -> None:
    """Refuse what ``load`` would."""
    most = {"stack.xml": MOST_STACK, NOTES: MOST_NOTES}
    if archive.room_beside(files) < 0 or any(
        len(content) > most.get(member, archive.MOST_MEMBER) for member, content in files.items()
    ):
        text = translate(
            "paint", "“{0}” would be larger than can be opened again; crop or resize the picture."
        )
        raise PictureError(text.format(name))


def _said(name: str, far: list[str], dropped: list[str]) -> list[str]:
    """Sentences on what had to be left out of the drawing."""
    said = []
    if far:
        text = translate("paint", "What lies far beyond the picture had to be left out of {1} in “{0}”.")
        said.append(text.format(name, listed(far)))
    if dropped:
        text = translate("paint", "“{0}” has no room for all that another program noted in it ({1}).")
        said.append(text.format(name, listed([it[:40] for it in dropped])))
    return said


class _Packed:
    """Pictures being packed side by side: that is most of what saving takes."""

    def __init__(self, step: Callable[[int], object]) -> None:
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        self._jobs: dict[str, Future[bytes]] = {}
        self._step = step

    def add(self, name: str, pack: Callable[[], bytes]) -> None:
        """Pack another one; waits while others do, so that few copies of layers lie in memory."""
        waiting = self._waiting()
        if len(waiting) >= _SIDE_BY_SIDE:
            wait(waiting, return_when=FIRST_COMPLETED)
        self._jobs[name] = self._pool.submit(pack)
        self._report_progress()

    def files(self) -> dict[str, bytes]:
        """What became of each, in the order in which they came; nothing can be added then."""
        while waiting := self._waiting():
            wait(waiting, return_when=FIRST_COMPLETED)
            self._report_progress()
        self._pool.shutdown()
        return {name: job.result() for name, job in self._jobs.items()}

    def _waiting(self) -> list[Future[bytes]]:
        return [job for job in self._jobs.values() if not job.done()]

    def _report_progress(self) -> None:
        try:
            self._step(len(self._jobs) - len(self._waiting()))
        except BaseException:
            self._pool.shutdown(cancel_futures=True)
            raise


def _straight_png(pixels: Pixels) -> bytes:
    return to_png_bytes(to_straight(pixels))


def _plain_png(width: int, height: int, colour: Colour) -> bytes:
    """A picture of one colour, a bit a pixel: paper may be large, and is written each time."""
    image, buffer = Image.new("P", (width, height)), io.BytesIO()
    image.putpalette(bytes(colour))
    image.save(buffer, "PNG", bits=1, compress_level=1)
    return buffer.getvalue()


def thumbnail(pixels: Pixels) -> Pixels:
    """uint8 (H, W, 3) at no more than 256 × 256, as the specification wants it."""
    image = Image.fromarray(pixels)
    image.thumbnail((256, 256), Image.Resampling.BOX)
    return np.asarray(image)


# --- reading -------------------------------------------------------------------------------------


def load(path: Path, step: Step = lambda _done, _total: None) -> Loaded:
    """Read an ``.ora`` file, from whomever it comes.

    Args:
        path: the file.
        step: called now and then.

    Raises:
        PictureError: missing, no OpenRaster file, damaged, too large or made by a newer program.
    """
    with archive.opened(path) as source:
        return _load(source, path.name, step)


def _load(source: Archive, name: str, step: Step) -> Loaded:
    root = parsed(source.read("stack.xml", MOST_STACK), name)
    said = mended(root, name)
    canvas = Rect(0, 0, whole(root, "w", name), whole(root, "h", name))
    stack = root.find("stack")
    if root.tag != "image" or stack is None:
        raise damaged(name)
    notes = _notes(source, name)
    kind, palette = notes.kind(), notes.palette()
    if kind == "labels" and palette is None:
        raise notes.damaged("palette")
    check_size(canvas.width, canvas.height, len(ROLES[kind]))
    check_count(stack, name)
    unknown = strange(stack, partial(placed.is_picture, source))
    layers = None
    if unknown:
        why = translate("paint", "“{0}” has {1}, which Underpaint doesn't know; it is shown as one layer{2}.")
    else:
        why = translate("paint", "“{0}” has more layers than fit into memory; it is shown as one layer{2}.")
        count = sum(element.get("src") != PAPER for element in stack)  # which is no layer of ours
        if fits(canvas.width, canvas.height, max(count, len(ROLES[kind]))):
            layers = Layers(source, stack, canvas, notes)
    if layers is not None and layers.fit():
        loaded = _with_layers(source, layers, canvas, notes, step)
        if source.passes_over or _unknown_members(source, root, notes) or beside(root, stack):
            text = translate(
                "paint", "“{0}” holds more than Underpaint knows; saving over it would lose that."
            )
            loaded.notes.append(text.format(name))
    else:
        loaded = _as_one_layer(source, stack, canvas, notes, step, why, unknown)
    loaded.notes += said
    document = loaded.document
    loaded.notes += frames_and_holds.take(document, notes, source, step)
    found = understood_styles(notes)
    document.take_styles(found.own, found.named)
    loaded.notes += found.said
    loaded.film, unread = _film(source, name)
    loaded.notes += unread
    document.model = notes.text("model", "")
    document.extras = {key: value for key, value in notes.fields.items() if key not in _OURS - found.kept}
    resolution = {about: value for about in RESOLUTION if (value := root.get(about)) is not None}
    if resolution:
        document.extras["resolution"] = resolution
    return loaded


def _with_layers(source: Archive, layers: Layers, canvas: Rect, notes: Notes, step: Step) -> Loaded:
    """The picture with the layers that can be read; where others are missing, as its own program saw it."""
    merged: list[Pixels] = []

    def serves() -> bool:
        if not merged and (seen := _merged(source, canvas, notes.source)) is not None:
            merged.append(seen)
        return bool(merged)

    found = layers.read(step, serves)
    missing = listed(layers.gaps.names)
    if found is None:
        text = translate("paint", "In “{0}” the layer {1} can't be read; the picture is shown as one layer.")
        if len(layers.gaps.names) > 1:
            text = translate(
                "paint", "In “{0}” layers can't be read ({1}); the picture is shown as one layer."
            )
        document = Document.from_picture(notes.kind(), merged[0], notes.palette())
        return Loaded(document, [text.format(notes.source, missing)])
    document, said = found
    if layers.gaps.names:
        said.append(_left_out(notes.source, layers.gaps))
    return Loaded(document, said)


def _left_out(name: str, gaps: Gaps) -> str:
    text = translate("paint", "In “{0}” the layer {1} can't be read; it was left out.")
    if len(gaps.names) > 1:
        text = translate("paint", "In “{0}” layers can't be read ({1}); they were left out.")
    return text.format(name, listed(gaps.names))


def _as_one_layer(
    source: Archive,
    stack: ElementTree.Element,
    canvas: Rect,
    notes: Notes,
    step: Step,
    why: str,
    unknown: str = "",
) -> Loaded:
    """What is seen of the picture; ``why`` is the first note, with ``unknown`` in its second place."""
    seen, lacks = _flattened(source, stack, canvas, notes.source, step)
    is_missing = lacks.left_out or lacks.gaps.names
    missing = translate("paint", ", and some of it is missing") if is_missing else ""
    said = [why.format(notes.source, unknown, missing)]
    if lacks.gaps.names:
        said.append(_left_out(notes.source, lacks.gaps))
    if lacks.unknown:
        text = translate("paint", "Its way of mixing “{0}” is not known; it was taken for plain paint.")
        said.append(text.format("”, “".join(lacks.unknown)))
    return Loaded(Document.from_picture(notes.kind(), seen, notes.palette()), said)


def _notes(source: Archive, name: str) -> Notes:
    """Our own JSON; a stranger's file is a picture."""
    if NOTES not in source.names:
        return Notes({"format": FORMAT, "kind": "image"}, name)
    notes = Notes(source.read(NOTES, MOST_NOTES), name)
    notes.check_format(FORMAT)
    return notes


def _film(source: Archive, name: str) -> tuple[bytes, list[str]]:
    """The way of the drawing, as it stands there; else a sentence on why not, where there should be one."""
    if FILM not in source.names:
        return b"", []
    try:
        return source.read(FILM, MOST_FILM), []
    except PictureError:
        text = translate("paint", "The way of the drawing in “{0}” can't be read; it was left out.")
        return b"", [text.format(name)]


def _unknown_members(source: Archive, root: ElementTree.Element, notes: Notes) -> bool:
    known = {"mimetype", "stack.xml", NOTES, MERGED, THUMBNAIL, FILM, *sources(root)}
    others = (name for name in source.names if name not in known and not name.endswith("/"))
    return any(not frames_and_holds.is_part(name, notes) for name in others)


def _flattened(
    source: Archive, stack: ElementTree.Element, canvas: Rect, name: str, step: Step
) -> tuple[Pixels, Flattening]:
    """The picture as its own program saw it, or, where that can't serve, its layers mixed; uint8 (H, W, 3)
    on white, and what was missed in mixing them."""
    mixing = Flattening(source, canvas, name, step)
    seen = _merged(source, canvas, name)
    return (mixing.picture(stack) if seen is None else seen), mixing


def _merged(source: Archive, canvas: Rect, name: str) -> Pixels | None:
    """The picture as its own program saw it; None where that is missing, damaged or of another size."""
    with contextlib.suppress(PictureError):
        content = source.read(MERGED, archive.MOST_MEMBER)
        if placed.png_size(content, name) == (canvas.width, canvas.height):
            seen = read(content).pixels
            return seen if seen.shape[:2] == (canvas.height, canvas.width) else None
    return None
