"""Project files: OpenRaster (``.ora``), a zip of ``stack.xml`` and one PNG a layer.

https://www.openraster.org/baseline/file-layout-spec.html. What OpenRaster has no word for (kind, roles
of layers, palette, paper, model) lies in one JSON beside it, ``underpaint.json``, so other programs
open our files and we open theirs. What a foreign file has and we don't know, or can't hold in memory, is
shown flattened.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.arranging import LONGEST_NAME
from desktop.paint.editing.document import ROLES, Document
from desktop.paint.editing.layer_stack import WHITE, LayerStack
from desktop.paint.editing.limits import MOST_LAYER_PIXELS, MOST_PIXELS, check_size, fits
from desktop.paint.files import archive, placed
from desktop.paint.files.archive import Archive
from desktop.paint.files.flatten import Flattening
from desktop.paint.files.notation import Notes, palette_notes, style_notes, understood_styles
from desktop.paint.files.stack import (
    PLAIN,
    RESOLUTION,
    beside,
    check_count,
    damaged,
    is_hidden,
    opacity,
    parsed,
    sources,
    strange,
    whole,
)
from desktop.paint.layers import overhang
from desktop.paint.layers.composite import composite, to_rgb, to_straight
from desktop.paint.layers.layer import Layer, Role, blank
from desktop.paint.layers.scaling import as_labels
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Colour, Palette
from engine.data.picture import read, to_png_bytes
from engine.data.rect import Rect
from engine.errors import PictureError
from engine.files.writing import replacing

FORMAT = 1
"""Version of ``underpaint.json``."""

MIMETYPE = b"image/openraster"
NOTES = "underpaint.json"
MERGED = "mergedimage.png"
_PAPER = "data/paper.png"
_SIDE_BY_SIDE = min(4, os.cpu_count() or 1)
THUMBNAIL = "Thumbnails/thumbnail.png"

_OURS = {"format", "kind", "model", "paper", "palette", "roles", "program", "styles"}

translate = QCoreApplication.translate


@dataclass
class Loaded:
    """A document from a file."""

    document: Document
    notes: list[str] = field(default_factory=list)
    """Sentences on what the file holds and the document doesn't: all that was dropped or changed."""

    @property
    def foreign(self) -> bool:
        """Saving over the file would lose something that it holds."""
        return bool(self.notes)


# --- writing -------------------------------------------------------------------------------------


Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise whatever is to end it, and nothing has happened."""


def save(document: Document, path: Path, step: Step = lambda _done, _total: None) -> None:
    """Write ``document`` as an ``.ora`` file, in one step.

    Args:
        document: what to write.
        path: where to.
        step: called now and then, the last time just before the file is in its place.

    Raises:
        PictureError: the folder is missing, read-only or full; the old file is untouched.
    """
    measures = {"version": "0.0.3", "w": str(document.width), "h": str(document.height)}
    image = ElementTree.Element("image", {**measures, **_resolution(document.extras)})
    stack = ElementTree.SubElement(image, "stack", {"name": "root"})
    total = len(document.layers) + 3
    contents = _Packed(lambda done: step(done, total))
    roles: dict[str, str] = {}
    if document.kind == "image" and document.paper != WHITE:
        # Coloured paper is part of the picture: other programs see it as a layer.
        contents.add(_PAPER, partial(_plain_png, document.width, document.height, document.paper))
        name = translate("paint", "Paper")
        ElementTree.SubElement(
            stack, "layer", {"name": name, "src": _PAPER, "x": "0", "y": "0", "edit-locked": "true"}
        )
    for number, layer in enumerate(document.layers):
        source = f"data/layer{number}.png"
        pixels, rect = overhang.whole(layer)
        contents.add(source, partial(_straight_png, pixels))
        roles[source] = layer.role.value
        attributes = {
            "name": _printable(layer.name),
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
        "format": FORMAT,
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
    contents.add(MERGED, partial(to_png_bytes, merged))
    contents.add(THUMBNAIL, partial(to_png_bytes, thumbnail(merged)))
    files = contents.files()
    files[NOTES] = json.dumps(extras, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
    try:
        with replacing(path) as part, zipfile.ZipFile(part, "w") as target:
            target.writestr("mimetype", MIMETYPE)  # first, and not packed
            target.writestr(
                "stack.xml",
                ElementTree.tostring(image, "utf-8", xml_declaration=True),
                compress_type=zipfile.ZIP_DEFLATED,
            )
            for name, content in files.items():
                target.writestr(name, content)  # PNG is packed already
            step(total - 1, total)
    except OSError as error:
        text = translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(path.name, error.strerror or error)) from error


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
        self._tell()

    def files(self) -> dict[str, bytes]:
        """What became of each, in the order in which they came; nothing can be added then."""
        while waiting := self._waiting():
            wait(waiting, return_when=FIRST_COMPLETED)
            self._tell()
        self._pool.shutdown()
        return {name: job.result() for name, job in self._jobs.items()}

    def _waiting(self) -> list[Future[bytes]]:
        return [job for job in self._jobs.values() if not job.done()]

    def _tell(self) -> None:
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


def _resolution(extras: dict[str, Any]) -> dict[str, str]:
    """Pixels an inch, where the file that the picture came from said so."""
    kept = extras.get("resolution")
    if not isinstance(kept, dict):
        return {}
    return {name: kept[name] for name in RESOLUTION if isinstance(kept.get(name), str)}


def _printable(name: str) -> str:
    """XML knows no control characters, not even escaped."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


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
    root = parsed(source.read("stack.xml", 1 << 20), name)
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
    unknown = strange(stack)
    if unknown:
        why = translate("paint", "“{0}” has {1}, which Underpaint doesn't know; it is shown as one layer{2}.")
        loaded = _as_one_layer(source, stack, canvas, notes, why, unknown)
    elif not _fits(source, stack, canvas, kind, name):
        why = translate("paint", "“{0}” has more layers than fit into memory; it is shown as one layer{2}.")
        loaded = _as_one_layer(source, stack, canvas, notes, why)
    else:
        loaded = _layer_by_layer(source, stack, canvas, notes, step)
        if _unknown_members(source, root) or beside(root, stack):
            text = translate(
                "paint", "“{0}” holds more than Underpaint knows; saving over it would lose that."
            )
            loaded.notes.append(text.format(name))
    document = loaded.document
    found = understood_styles(notes)
    document.take_styles(found.own, found.named)
    loaded.notes += found.said
    document.model = notes.text("model", "")
    document.extras = {key: value for key, value in notes.fields.items() if key not in _OURS - found.kept}
    resolution = {about: value for about in RESOLUTION if (value := root.get(about)) is not None}
    if resolution:
        document.extras["resolution"] = resolution
    return loaded


def _as_one_layer(
    source: Archive,
    stack: ElementTree.Element,
    canvas: Rect,
    notes: Notes,
    why: str,
    unknown: str = "",
) -> Loaded:
    """What is seen of the picture; ``why`` is the first note, with ``unknown`` in its second place."""
    seen, lacks = _flattened(source, stack, canvas, notes.source)
    missing = translate("paint", ", and some of it is missing") if lacks.left_out else ""
    said = [why.format(notes.source, unknown, missing)]
    if lacks.unknown:
        text = translate("paint", "Its way of mixing “{0}” is not known; it was taken for plain paint.")
        said.append(text.format("”, “".join(lacks.unknown)))
    return Loaded(Document.from_picture(notes.kind(), seen, notes.palette()), said)


def _fits(source: Archive, stack: ElementTree.Element, canvas: Rect, kind: InputKind, name: str) -> bool:
    """Whether all layers may be in memory, by their headers: nothing is decoded."""
    count = max(len(stack), len(ROLES[kind]))
    if not fits(canvas.width, canvas.height, count):
        return False
    if any(source.size(element.get("src", "")) > archive.MOST_MEMBER for element in stack):
        return False
    places = [placed.place(source, element, name) for element in stack]
    beyond = sum(overhang.beyond([place], canvas) for place in places if overhang.leaves(place, canvas))
    largest = max((place.width * place.height for place in places), default=0)
    decoded = sum(place.width * place.height for place in places)
    return (
        largest <= MOST_PIXELS
        and decoded <= MOST_LAYER_PIXELS
        and fits(canvas.width, canvas.height, count, beyond)
    )


def _layer_by_layer(
    source: Archive, stack: ElementTree.Element, canvas: Rect, notes: Notes, step: Step
) -> Loaded:
    """The picture with all its layers."""
    kind = notes.kind()
    roles = notes.inner(notes.fields.get("roles", {}), "roles").fields
    layers: list[Layer] = []
    said: list[str] = []
    active: Layer | None = None
    corner = whole(stack, "x", notes.source, 0), whole(stack, "y", notes.source, 0)
    # The paper is our own only where our notes name every layer but that; else it is a stranger's.
    names = [element.get("src") for element in stack]
    ours = kind == "image" and all((name in roles) != (name == _PAPER) for name in names)
    layered = [element for element in reversed(stack) if not ours or element.get("src") != _PAPER]
    for number, element in enumerate(layered, start=1):
        step(number - 1, len(layered) + 1)
        role = _role(roles.get(element.get("src", "")), kind)
        layer, lost = _layer(source, element, number, role, corner, canvas, notes)
        layers.append(layer)
        said += lost
        if element.get("selected") == "true" and role.sent:
            active = layer
    if not any(layer.role.sent for layer in layers):
        role = ROLES[kind][0]
        extra = Layer(len(layers) + 1, role.value.capitalize(), role, blank(canvas.width, canvas.height))
        layers.append(extra)
    paper = notes.colour("paper", WHITE)
    made = LayerStack(kind, canvas.width, canvas.height, layers, paper, notes.palette(), active)
    return Loaded(Document(made), list(dict.fromkeys(said)))


def _layer(
    source: Archive,
    element: ElementTree.Element,
    number: int,
    role: Role,
    corner: tuple[int, int],
    canvas: Rect,
    notes: Notes,
) -> tuple[Layer, list[str]]:
    """One layer, of a stack that lies at ``corner``, and sentences on what it has lost."""
    found = placed.decoded(source, element, notes.source)
    said = found.notes
    place = placed.place(source, element, notes.source)
    pixels, outside = overhang.cut(found.pixels, place.left + corner[0], place.top + corner[1], canvas)
    del found
    palette = notes.palette()
    if role is Role.LABELS and palette is not None:
        parts = [pixels, *(piece.pixels for piece in outside)]
        if not all([_snap(part, palette) for part in parts]):
            said.append(translate("paint", "Colours off the palette went to the nearest label."))
    name = element.get("name", "")
    if len(name) > LONGEST_NAME:
        said.append(translate("paint", "Long names of layers were cut short."))
    layer = Layer(number, name[:LONGEST_NAME] or f"{number}", role, pixels)
    layer.outside = outside
    layer.visible = not is_hidden(element)
    layer.locked = element.get("edit-locked") == "true"
    layer.opacity = 1.0 if role is Role.LABELS else opacity(element)
    if layer.opacity != opacity(element):
        said.append(translate("paint", "Layers of labels are opaque; “{0}” was not.").format(layer.name))
    return layer, said


def _snap(pixels: Pixels, palette: Palette) -> bool:
    """Bring premultiplied pixels to the palette's colours, in place; whether they were so already."""
    snapped, packed = as_labels(to_straight(pixels), palette), pixels.view(np.uint32)[:, :, 0]
    same = np.array_equal(snapped, packed)
    if not same:
        packed[...] = snapped
    return same


def _notes(source: Archive, name: str) -> Notes:
    """Our own JSON; a stranger's file is a picture."""
    if NOTES not in source.names:
        return Notes({"format": FORMAT, "kind": "image"}, name)
    notes = Notes(source.read(NOTES, 4 << 20), name)
    notes.check_format(FORMAT)
    return notes


def _role(value: object, kind: InputKind) -> Role:
    for role in (*ROLES[kind], Role.REFERENCE):
        if value == role.value:
            return role
    return ROLES[kind][0]


def _unknown_members(source: Archive, root: ElementTree.Element) -> bool:
    known = {"mimetype", "stack.xml", NOTES, MERGED, THUMBNAIL, *sources(root)}
    return any(name not in known and not name.endswith("/") for name in source.names)


def _flattened(
    source: Archive, stack: ElementTree.Element, canvas: Rect, name: str
) -> tuple[Pixels, Flattening]:
    """The picture as its own program saw it, or, where that can't serve, its layers mixed; uint8 (H, W, 3)
    on white, and what was missed in mixing them."""
    mixing = Flattening(source, canvas, name)
    with contextlib.suppress(PictureError):  # it is missing or damaged; the layers are there still
        content = source.read(MERGED, archive.MOST_MEMBER)
        if placed.png_size(content, name) == (canvas.width, canvas.height):
            return read(content).pixels, mixing
    return mixing.picture(stack), mixing
