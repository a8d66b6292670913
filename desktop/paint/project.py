"""Project files: OpenRaster (``.ora``), a zip of ``stack.xml`` and one PNG a layer.

https://www.openraster.org/baseline/file-layout-spec.html. What OpenRaster has no word for (kind, roles
of layers, palette, paper, model) lies in one JSON beside it, ``underpaint.json``, so other programs
open our files and we open theirs. What a foreign file has and we don't know is shown flattened.
"""

from __future__ import annotations

import io
import json
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

from desktop.paint import archive
from desktop.paint.archive import Archive
from desktop.paint.composite import composite, from_straight, to_rgb, to_straight
from desktop.paint.document import ROLES, Document
from desktop.paint.layer import Layer, Role, blank
from desktop.paint.notation import Notes, palette_notes
from desktop.paint.scaling import as_labels
from desktop.paint.sheet import MOST_LAYER_PIXELS, MOST_PIXELS, WHITE, check_size
from desktop.paint.stack import PLAIN, damaged, opacity, parsed, strange, whole
from engine.card import InputKind
from engine.errors import PictureError
from engine.files import replacing
from engine.messages import Pixels
from engine.palette import Colour, Palette
from engine.picture import read, to_png_bytes
from engine.rect import Rect

FORMAT = 1
"""Version of ``underpaint.json``."""

MIMETYPE = b"image/openraster"
NOTES = "underpaint.json"
MERGED = "mergedimage.png"
_PAPER = "data/paper.png"
_SIDE_BY_SIDE = min(4, os.cpu_count() or 1)
THUMBNAIL = "Thumbnails/thumbnail.png"

_OURS = {"format", "kind", "model", "paper", "palette", "roles", "program"}

translate = QCoreApplication.translate


@dataclass
class Loaded:
    """A document from a file."""

    document: Document
    notes: list[str] = field(default_factory=list)
    """Sentences on what is different from what the file holds."""
    foreign: bool = False
    """Saving over the file would lose something that it holds."""


# --- writing -------------------------------------------------------------------------------------


def save(document: Document, path: Path) -> None:
    """Write ``document`` as an ``.ora`` file, in one step.

    Raises:
        PictureError: the folder is missing, read-only or full; the old file is untouched.
    """
    image = ElementTree.Element(
        "image", {"version": "0.0.3", "w": str(document.width), "h": str(document.height)}
    )
    stack = ElementTree.SubElement(image, "stack", {"name": "root"})
    contents = _Packed()
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
        rect = layer.bounds() or Rect(0, 0, 1, 1)
        pixels = to_straight(np.ascontiguousarray(layer.pixels[rect.rows, rect.columns]))
        contents.add(source, partial(to_png_bytes, pixels))
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
    except OSError as error:
        text = translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(path.name, error.strerror or error)) from error


class _Packed:
    """Pictures being packed side by side: that is most of what saving takes."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        self._jobs: dict[str, Future[bytes]] = {}

    def add(self, name: str, pack: Callable[[], bytes]) -> None:
        """Pack another one; waits while others do, so that few copies of layers lie in memory."""
        waiting = [job for job in self._jobs.values() if not job.done()]
        if len(waiting) >= _SIDE_BY_SIDE:
            wait(waiting, return_when=FIRST_COMPLETED)
        self._jobs[name] = self._pool.submit(pack)

    def files(self) -> dict[str, bytes]:
        """What became of each, in the order in which they came; nothing can be added then."""
        self._pool.shutdown()
        return {name: job.result() for name, job in self._jobs.items()}


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


def _printable(name: str) -> str:
    """XML knows no control characters, not even escaped."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


# --- reading -------------------------------------------------------------------------------------


def load(path: Path) -> Loaded:
    """Read an ``.ora`` file, from whomever it comes.

    Raises:
        PictureError: missing, no OpenRaster file, damaged, too large or made by a newer program.
    """
    with archive.opened(path) as source:
        return _load(source, path.name)


def _load(source: Archive, name: str) -> Loaded:
    root = parsed(source.read("stack.xml", 1 << 20), name)
    width, height = whole(root, "w", name), whole(root, "h", name)
    stack = root.find("stack")
    if root.tag != "image" or stack is None:
        raise damaged(name)
    notes = _notes(source, name)
    kind, palette = notes.kind(), notes.palette()
    if kind == "labels" and palette is None:
        raise notes.damaged("palette")
    check_size(width, height, max(1, len(stack)))
    loaded = Loaded(Document.new(kind, 1, 1, palette))
    unknown = strange(stack)
    if unknown:
        text = translate("paint", "“{0}” has {1}, which Underpaint doesn't know; it is shown as one layer.")
        loaded.notes.append(text.format(name, unknown))
        loaded.foreign = True
        seen = _flattened(source, stack, Rect(0, 0, width, height), name)
        loaded.document = Document.from_picture(kind, seen, palette)
    else:
        loaded.document = _document(source, stack, (width, height), notes, kind, palette, loaded.notes)
        if _unknown_members(source, stack):
            text = translate(
                "paint", "“{0}” holds more than Underpaint knows; saving over it would lose that."
            )
            loaded.notes.append(text.format(name))
            loaded.foreign = True
    loaded.document.model = notes.text("model", "")
    loaded.document.extras = {key: value for key, value in notes.fields.items() if key not in _OURS}
    return loaded


def _document(
    source: Archive,
    stack: ElementTree.Element,
    size: tuple[int, int],
    notes: Notes,
    kind: InputKind,
    palette: Palette | None,
    said: list[str],
) -> Document:
    width, height = size
    roles = notes.inner(notes.fields.get("roles", {}), "roles").fields
    layers: list[Layer] = []
    active: Layer | None = None
    spent = 0
    # The paper is our own only where our notes name every layer but that; else it is a stranger's.
    sources = [element.get("src") for element in stack]
    ours = kind == "image" and all((source in roles) != (source == _PAPER) for source in sources)
    layered = [element for element in reversed(stack) if not ours or element.get("src") != _PAPER]
    for number, element in enumerate(layered, start=1):
        role = _role(roles.get(element.get("src", "")), kind)
        pixels, spent = _layer_pixels(source, element, Rect(0, 0, width, height), spent, said, notes.source)
        if role is Role.LABELS and palette is not None:
            snapped = as_labels(to_straight(pixels), palette)
            if not np.array_equal(snapped, pixels.view(np.uint32)[:, :, 0]):
                said.append(translate("paint", "Colours off the palette went to the nearest label."))
                pixels.view(np.uint32)[:, :, 0] = snapped
        layer = Layer(number, element.get("name", "")[:200] or f"{number}", role, pixels)
        layer.visible = element.get("visibility", "visible") != "hidden"
        layer.locked = element.get("edit-locked") == "true"
        layer.opacity = 1.0 if role is Role.LABELS else opacity(element)
        layers.append(layer)
        if element.get("selected") == "true" and role.sent:
            active = layer
    if not any(layer.role.sent for layer in layers):
        role = ROLES[kind][0]
        layers.append(Layer(len(layers) + 1, role.value.capitalize(), role, blank(width, height)))
    return Document(kind, width, height, layers, notes.colour("paper", WHITE), palette, active)


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


def _layer_pixels(
    source: Archive, element: ElementTree.Element, canvas: Rect, spent: int, said: list[str], name: str
) -> tuple[Pixels, int]:
    """A layer's pixels on the whole canvas, and how many pixels have been decoded in all."""
    content = source.read(element.get("src", ""), archive.MOST_MEMBER)
    width, height = _png_size(content, name)
    spent += width * height
    if width * height > MOST_PIXELS or spent > MOST_LAYER_PIXELS:
        text = translate("paint", "A layer of “{0}” has {1} × {2} pixels, which is more than can be opened.")
        raise PictureError(text.format(name, width, height))
    reading = read(content)
    del content
    # Transparency is what layers are for.
    said += [note for note in reading.notes if reading.alpha is None and note not in said]
    pixels = blank(width, height)
    for row in range(0, height, 256):  # large pictures need no large intermediate
        band = reading.colours[row : row + 256]
        if reading.alpha is not None:
            band = np.dstack([band, reading.alpha[row : row + 256]])
        pixels[row : row + 256] = from_straight(band)
    del reading
    left, top = whole(element, "x", name, 0), whole(element, "y", name, 0)
    place = Rect(left, top, width, height)
    inside = place.intersected(canvas)
    if inside == canvas == place:
        return pixels, spent
    spread = blank(canvas.width, canvas.height)
    if inside:
        part = Rect(inside.left - left, inside.top - top, inside.width, inside.height)
        spread[inside.rows, inside.columns] = pixels[part.rows, part.columns]
    return spread, spent


def _png_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height from the header alone (PNG specification 11.2.1)."""
    if len(content) < 24 or not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise damaged(name)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _unknown_members(source: Archive, stack: ElementTree.Element) -> bool:
    known = {"mimetype", "stack.xml", NOTES, MERGED, THUMBNAIL}
    known |= {element.get("src", "") for element in stack}
    return any(name not in known and not name.endswith("/") for name in source.names)


def _flattened(source: Archive, stack: ElementTree.Element, canvas: Rect, name: str) -> Pixels:
    """The picture as its own program saw it, or, where that is missing, its PNG layers laid over each
    other; uint8 (H, W, 3) on white."""
    if MERGED in source.names:
        content = source.read(MERGED, archive.MOST_MEMBER)
        if _png_size(content, name) == (canvas.width, canvas.height):
            return read(content).pixels
    layers: list[Layer] = []
    spent = 0
    waiting: list[ElementTree.Element] = [stack]
    while waiting:
        element = waiting.pop()
        if element.tag == "stack":
            waiting.extend(element)  # popped from the end: bottom first
        elif element.tag == "layer" and element.get("src", "").lower().endswith(".png"):
            pixels, spent = _layer_pixels(source, element, canvas, spent, [], name)
            layer = Layer(1, "", Role.PAINT, pixels)
            layer.visible, layer.opacity = element.get("visibility") != "hidden", opacity(element)
            mixed = composite([*layers, layer], canvas, None)
            layers = [Layer(1, "", Role.PAINT, mixed)]
    return to_rgb(composite(layers, canvas, WHITE))
