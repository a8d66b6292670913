"""A document and its changes as a row of records, such as the journal writes.

A record is its kind (1 byte), the length of its payload (4 bytes) and the payload's CRC-32 (4 bytes),
then the payload. A damaged record ends the row: what came before it counts.

    D   the document without pixels, JSON
    T   tiles of one layer, zlib: layer id (4 bytes); then for each row, column (2 bytes each), 1 byte,
        and 4 bytes when that is 1 (one colour), else all pixels of the tile
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from desktop.paint.document import Document
from desktop.paint.history import TILE, State, Tiles, tile_rect
from desktop.paint.layer import Layer, blank
from desktop.paint.notation import Notes, layer_notes, palette_notes
from desktop.paint.sheet import MOST_LAYERS, check_size
from engine.errors import PictureError

FORMAT = 1

_HEAD = struct.Struct("<cII")
_TILE = struct.Struct("<HHB")
_MOST_PAYLOAD = 1 << 30


class Record(NamedTuple):
    """One record."""

    kind: bytes
    payload: bytes

    def write(self, file: BinaryIO) -> None:
        """Append it to an open file, in one piece."""
        file.write(_HEAD.pack(self.kind, len(self.payload), zlib.crc32(self.payload)) + self.payload)


def describing(document: Document, title: str) -> Record:
    """Everything of a document but its pixels."""
    text = json.dumps(
        {
            "format": FORMAT,
            "title": title,
            "kind": document.kind,
            "width": document.width,
            "height": document.height,
            "paper": document.paper,
            "palette": palette_notes(document.palette),
            "model": document.model,
            "extras": document.extras,
            "active": document.active.id,
            "layers": [layer_notes(layer) for layer in document.layers],
        }
    )
    return Record(b"D", text.encode())


def painting(layer: int, tiles: Tiles) -> Record:
    """Some tiles of the layer with that id."""
    packer = zlib.compressobj(1)
    parts = [packer.compress(struct.pack("<I", layer))]
    for (row, column), tile in tiles.items():
        if isinstance(tile, int):
            parts.append(packer.compress(_TILE.pack(row, column, 1) + struct.pack("<I", tile)))
        else:
            parts.append(packer.compress(_TILE.pack(row, column, 0) + tile.tobytes()))
    parts.append(packer.flush())
    return Record(b"T", b"".join(parts))


def records(file: BinaryIO) -> Iterator[Record]:
    """The records of an open file, up to the first one that is damaged or cut short."""
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        kind, length, check = _HEAD.unpack(head)
        if length > _MOST_PAYLOAD or length > _rest(file):  # before memory is taken
            return
        payload = file.read(length)
        if len(payload) != length or zlib.crc32(payload) != check:
            return
        yield Record(kind, payload)


def _rest(file: BinaryIO) -> int:
    """Bytes from here to the file's end."""
    here = file.tell()
    end = file.seek(0, io.SEEK_END)
    file.seek(here)
    return end - here


def read_document(file: BinaryIO) -> Document:
    """The document as it was after the last record that is whole.

    Raises:
        PictureError: nothing of it can be read.
    """
    notes: Notes | None = None
    canvases: dict[int, Layer] = {}
    for kind, payload in records(file):
        if kind == b"D":
            notes = Notes(payload, "journal")
            _prepare(notes, canvases)
        elif kind == b"T" and notes is not None:
            _take_tiles(payload, canvases)
    if notes is None:
        raise useless()
    state = _state(notes, canvases)
    document = Document(
        notes.kind(), state.width, state.height, state.layers, state.paper, state.palette, state.active
    )
    document.model = notes.text("model", "")
    document.extras = notes.inner(notes.fields.get("extras", {}), "extras").fields
    return document


def useless() -> PictureError:
    """The error to raise when nothing can be read."""
    return PictureError("The drawing that was left behind is damaged and can't be brought back.")


def _prepare(notes: Notes, canvases: dict[int, Layer]) -> None:
    """Make room for every layer that is described; those no longer there are kept, undo may bring
    them back."""
    notes.check_format(FORMAT)
    width, height = notes.whole("width", 1, 1 << 20), notes.whole("height", 1, 1 << 20)
    entries = notes.items("layers", MOST_LAYERS)
    check_size(width, height, len(entries))
    for entry in entries:
        inner = notes.inner(entry, "layers")
        id = inner.whole("id", 0, 1 << 31)
        pixels = canvases[id].pixels if id in canvases else blank(width, height)
        layer = Layer(id, inner.text("name"), inner.role(), pixels)
        layer.visible, layer.locked = inner.switch("visible", True), inner.switch("locked")
        layer.opacity = inner.number("opacity", 0, 1, 1)
        if layer.size != (width, height):
            raise useless()
        canvases[id] = layer


def _state(notes: Notes, canvases: dict[int, Layer]) -> State:
    layers = tuple(canvases[entry["id"]] for entry in notes.items("layers", MOST_LAYERS))
    if not any(layer.role.sent for layer in layers):
        raise useless()
    chosen = [layer for layer in layers if layer.id == notes.fields.get("active")]
    active = (chosen or [layer for layer in layers if layer.role.sent])[-1]
    width, height = layers[0].size
    return State(width, height, notes.colour("paper"), notes.palette(), layers, active)


def _take_tiles(payload: bytes, canvases: dict[int, Layer]) -> None:
    largest = max((layer.pixels.nbytes for layer in canvases.values()), default=0)
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(payload, largest + (largest // TILE + 4096) * _TILE.size + 4)
    except zlib.error as error:
        raise useless() from error
    try:
        (id,) = struct.unpack_from("<I", content)
        layer, at = canvases[id], 4
        while at < len(content):
            row, column, plain = _TILE.unpack_from(content, at)
            at += _TILE.size
            rect = tile_rect(row, column, *layer.size)
            if not rect:
                raise useless()
            count = 1 if plain else rect.width * rect.height
            values = np.frombuffer(content, "<u4", count, at)
            layer.packed[rect.rows, rect.columns] = (
                values if plain else values.reshape(rect.height, rect.width)
            )
            at += count * 4
    except (struct.error, KeyError, ValueError) as error:
        raise useless() from error
