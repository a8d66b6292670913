"""Project files: OpenRaster (``.ora``), a zip of ``stack.xml`` and one PNG a layer.

https://www.openraster.org/baseline/file-layout-spec.html. What OpenRaster has no word for (kind, roles
of layers, palette, paper, model) lies in one JSON beside it, ``underpaint.json``, so other programs
open our files and we open theirs. What a foreign file has and we don't know is shown flattened.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
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
from engine.card import InputKind
from engine.errors import PictureError
from engine.files import replacing
from engine.messages import Pixels
from engine.palette import Palette
from engine.picture import read, to_png_bytes
from engine.rect import Rect

FORMAT = 1
"""Version of ``underpaint.json``."""

MIMETYPE = b"image/openraster"
NOTES = "underpaint.json"
MERGED = "mergedimage.png"
THUMBNAIL = "Thumbnails/thumbnail.png"
PLAIN = "svg:src-over"
"""The one way of mixing layers that we know."""

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
    contents: dict[str, bytes] = {}
    roles: dict[str, str] = {}
    for number, layer in enumerate(document.layers):
        source = f"data/layer{number}.png"
        rect = layer.bounds() or Rect(0, 0, 1, 1)
        contents[source] = to_png_bytes(
            to_straight(np.ascontiguousarray(layer.pixels[rect.rows, rect.columns]))
        )
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
    contents[MERGED] = to_png_bytes(merged)
    contents[THUMBNAIL] = to_png_bytes(thumbnail(merged))
    contents[NOTES] = json.dumps(extras, ensure_ascii=False, indent=1).encode()
    try:
        with replacing(path) as part, zipfile.ZipFile(part, "w") as target:
            target.writestr("mimetype", MIMETYPE)  # first, and not packed
            target.writestr(
                "stack.xml",
                ElementTree.tostring(image, "utf-8", xml_declaration=True),
                compress_type=zipfile.ZIP_DEFLATED,
            )
            for name, content in contents.items():
                target.writestr(name, content)  # PNG is packed already
    except OSError as error:
        text = translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(path.name, error.strerror or error)) from error


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
    root = _xml(source.read("stack.xml", 1 << 20), name)
    width, height = _whole(root, "w", name), _whole(root, "h", name)
    stack = root.find("stack")
    if root.tag != "image" or stack is None:
        raise _damaged(name)
    notes = _notes(source, name)
    kind, palette = notes.kind(), notes.palette()
    if kind == "labels" and palette is None:
        raise notes.damaged("palette")
    check_size(width, height, max(1, len(stack)))
    loaded = Loaded(Document.new(kind, 1, 1, palette))
    strange = _strange(stack)
    if strange:
        text = translate("paint", "“{0}” has {1}, which Underpaint doesn't know; it is shown as one layer.")
        loaded.notes.append(text.format(name, strange))
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
    for number, element in enumerate(reversed(stack), start=1):
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
        layer.opacity = 1.0 if role is Role.LABELS else _opacity(element)
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
    pixels = from_straight(
        reading.colours if reading.alpha is None else np.dstack([reading.colours, reading.alpha])
    )
    left, top = _whole(element, "x", name, 0), _whole(element, "y", name, 0)
    place = Rect(left, top, width, height)
    inside = place.intersected(canvas)
    if inside == canvas == place:
        return pixels, spent
    whole = blank(canvas.width, canvas.height)
    if inside:
        part = Rect(inside.left - left, inside.top - top, inside.width, inside.height)
        whole[inside.rows, inside.columns] = pixels[part.rows, part.columns]
    return whole, spent


def _png_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height from the header alone (PNG specification 11.2.1)."""
    if len(content) < 24 or not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _damaged(name)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _strange(stack: ElementTree.Element) -> str:
    """What in the stack we don't know how to show as layers, in words; empty if all is plain."""
    for element in stack:
        if element.tag == "stack":
            return translate("paint", "groups of layers")
        if element.tag != "layer" or not element.get("src"):
            return translate("paint", "layers of another sort")
        if element.get("composite-op", PLAIN) != PLAIN:
            return translate("paint", "blend modes")
        if not element.get("src", "").lower().endswith(".png"):
            return translate("paint", "layers that are no PNG pictures")
    if (
        stack.get("composite-op", PLAIN) != PLAIN
        or stack.get("visibility") == "hidden"
        or _opacity(stack) < 1
    ):
        return translate("paint", "settings of the whole stack")
    return ""


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
            layer.visible, layer.opacity = element.get("visibility") != "hidden", _opacity(element)
            mixed = composite([*layers, layer], canvas, None)
            layers = [Layer(1, "", Role.PAINT, mixed)]
    return to_rgb(composite(layers, canvas, WHITE))


def _xml(content: bytes, name: str) -> ElementTree.Element:
    """Parse without entities: whoever declares some means harm, and no OpenRaster writer does."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(content)
        root: Any = parser.close()
    except (ElementTree.ParseError, _DoctypeError, ValueError, LookupError) as error:
        raise _damaged(name) from error
    assert isinstance(root, ElementTree.Element)
    return root


class _DoctypeError(Exception):
    pass


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise _DoctypeError


def _whole(element: ElementTree.Element, attribute: str, name: str, default: int | None = None) -> int:
    text = element.get(attribute)
    if text is None and default is not None:
        return default
    try:
        value = int(float(text or ""))
    except (ValueError, OverflowError) as error:
        raise _damaged(name) from error
    return min(max(value, -(1 << 31)), 1 << 31)


def _opacity(element: ElementTree.Element) -> float:
    try:
        value = float(element.get("opacity", "1"))
    except ValueError:
        return 1.0
    return min(max(value, 0.0), 1.0) if value == value else 1.0


def _damaged(name: str) -> PictureError:
    text = translate("paint", "“{0}” is damaged or no OpenRaster file; fetch or save it anew.")
    return PictureError(text.format(name))
