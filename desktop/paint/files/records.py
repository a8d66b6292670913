"""A document and its changes as a row of records, such as the journal writes.

A record is its kind (1 byte), the length of its payload (4 bytes) and the payload's CRC-32 (4 bytes),
then the payload. A record that is damaged or cut short ends the row: what came before it counts.

    D   the document without pixels, JSON
    T   tiles of one layer, zlib: layer id (4 bytes); then for each row, column (2 bytes each), 1 byte,
        and 4 bytes when that is 1 (one colour), else all pixels of the tile
    O   what a layer holds beyond the picture: layer id, left, top, width, height (4 bytes each); zlib
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from os import SEEK_END
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import TILE, Tiles, tile_rect
from desktop.paint.editing.layer_stack import LayerStack, State
from desktop.paint.editing.limits import MOST_LAYER_PIXELS, MOST_LAYERS, check_size
from desktop.paint.files.notation import (
    Notes,
    format_of,
    hold_notes,
    layer_notes,
    palette_notes,
    style_notes,
    understood_styles,
)
from desktop.paint.layers.held import MOST_HOLDS
from desktop.paint.layers.layer import Layer, Piece, blank
from engine.data.rect import Rect
from engine.errors import PictureError
from engine.files.writing import write_all

FORMAT = 2
"""Version of descriptions; see ``notation.format_of``."""

HEAD = struct.Struct("<cII")
HEAD_SIZE = HEAD.size
"""Bytes that every record begins with."""
_TILE = struct.Struct("<HHB")
_KINDS = (b"D", b"T", b"O")
_PIECE = struct.Struct("<IiiII")
_MOST_PAYLOAD = 1 << 30
MOST_DESCRIPTION = 4 << 20


class Record(NamedTuple):
    """One record."""

    kind: bytes
    payload: bytes

    def write(self, file: BinaryIO) -> None:
        """Append it to an open file.

        Raises:
            OSError: the disk is full; a part of it may be there.
        """
        write_all(file, HEAD.pack(self.kind, len(self.payload), zlib.crc32(self.payload)) + self.payload)


def describing(
    document: Document, title: str, begun: str = "", beside: dict[str, Any] | None = None
) -> Record:
    """Everything of a document but its pixels.

    Args:
        document: it.
        title: what it is called.
        begun: something that no other row of records begins with.
        beside: notes on what lies beside the row.
    """
    text = json.dumps(
        {
            "format": format_of(document.layers),
            "title": title,
            "begun": begun,
            "kind": document.kind,
            "width": document.width,
            "height": document.height,
            "paper": document.paper,
            "palette": palette_notes(document.palette),
            "model": document.model,
            "extras": document.extras,
            "styles": style_notes(document.style, document.named_styles),
            "active": document.active.id,
            "layers": [layer_notes(layer) for layer in document.layers],
            **hold_notes(document.holds),
            **(beside or {}),
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


def beyond(layer: int, pieces: tuple[Piece, ...]) -> Iterator[Record]:
    """What the layer with that id holds beyond the edges of the picture."""
    for rect, pixels in pieces:
        yield Record(b"O", _PIECE.pack(layer, *rect) + zlib.compress(np.ascontiguousarray(pixels).data, 1))


def records(file: BinaryIO, kinds: tuple[bytes, ...] = _KINDS) -> Iterator[Record]:
    """The records of an open file, up to the first one that is damaged, cut short or of another kind."""
    while (record := _next_record(file, kinds)) is not None:
        yield record


def is_whole(file: BinaryIO) -> bool:
    """Whether an open file is a row of records to its very end, and nothing of it is missing or damaged."""
    for _ in records(file):
        pass
    return file.tell() == file.seek(0, SEEK_END)


def is_one_picture(file: BinaryIO) -> bool:
    """Whether an open file is a whole row that describes a picture once, with no more than it
    needs: a journal says it again and again, and somebody may mean to keep us busy by that."""
    layers, tiles, beyond_it = -1, 0, 0
    for kind, payload in records(file):
        if kind == b"D":
            if layers >= 0 or len(payload) > MOST_DESCRIPTION:
                return False
            layers = len(Notes(payload, "").items("layers", MOST_LAYERS))
        elif kind == b"T":
            tiles += 1
        elif len(payload) < _PIECE.size:
            return False
        else:
            _, _, _, width, height = _PIECE.unpack_from(payload)
            beyond_it += width * height
    if layers < 1 or tiles > layers or beyond_it > MOST_LAYER_PIXELS:
        return False
    return file.tell() == file.seek(0, SEEK_END)


def is_brief(row: bytes) -> bool:
    """Whether a row that begins with a description has none that ``is_one_picture`` refuses."""
    return len(row) >= HEAD.size and HEAD.unpack_from(row)[1] <= MOST_DESCRIPTION


def _next_record(file: BinaryIO, kinds: tuple[bytes, ...]) -> Record | None:
    """The record that begins here; None, and the file stays here, where there is none that is whole."""
    start = file.tell()
    left = file.seek(0, SEEK_END) - start - HEAD.size
    file.seek(start)
    if left >= 0:
        kind, length, check = HEAD.unpack(file.read(HEAD.size))
        # A file that the system made longer and never filled is all zeros.
        if kind in kinds and length <= min(left, _MOST_PAYLOAD):
            payload = file.read(length)
            if len(payload) == length and zlib.crc32(payload) == check:
                return Record(kind, payload)
    file.seek(start)
    return None


def read_document(file: BinaryIO) -> Document:
    """The document as it was after the last record that is whole.

    Raises:
        PictureError: nothing of it can be read.
    """
    return read_with_notes(file)[0]


def read_with_notes(file: BinaryIO) -> tuple[Document, Notes]:
    """Likewise, and what the newest description says.

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
        elif kind == b"O" and notes is not None:
            _take_piece(payload, canvases)
    if notes is None:
        raise useless()
    return _document(notes, canvases), notes


class Rebuilding:
    """A document that grows by its descriptions; what its layers hold is written into them by others."""

    def __init__(self) -> None:
        self._notes: Notes | None = None
        self.layers: dict[int, Layer] = {}
        """By their ids; those alone that were described last."""

    def describe(self, payload: bytes) -> None:
        """Take in a record of kind D: layers that are new are empty, the others keep their pixels.

        Raises:
            PictureError: it makes no sense, or needs too much memory.
        """
        notes = Notes(payload, "journal")
        _prepare(notes, self.layers)
        self._notes, state = notes, _state(notes, self.layers)
        self.layers = {layer.id: layer for layer in state.layers}

    def held(self) -> list[str]:
        """By which keys is named what is held of its preview; it comes without."""
        notes = self._notes.fields.get("holds") if self._notes is not None else None
        entries = notes.get("held") if isinstance(notes, dict) else None
        entries = entries if isinstance(entries, list) else []
        return [str(entry.get("key")) for entry in entries[:MOST_HOLDS] if isinstance(entry, dict)]

    def document(self) -> Document:
        """The document as it is now, on the same pixels.

        Raises:
            PictureError: nothing of it was described, or it makes no sense.
        """
        if self._notes is None:
            raise useless()
        return _document(self._notes, self.layers)


def _document(notes: Notes, canvases: dict[int, Layer]) -> Document:
    state = _state(notes, canvases)
    document = Document(
        LayerStack(
            notes.kind(),
            state.width,
            state.height,
            state.layers,
            state.paper,
            state.palette,
            state.active,
            *understood_styles(notes)[:2],  # the drawing counts for more than the rest
        )
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
        known = canvases.get(id)
        pixels = known.pixels if known is not None else blank(width, height)
        layer = Layer(id, inner.text("name"), inner.role(), pixels)
        layer.visible, layer.locked = inner.switch("visible", True), inner.switch("locked")
        layer.opacity = inner.number("opacity", 0, 1, 1)
        layer.outside = known.outside if known is not None else ()
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


def _take_piece(payload: bytes, canvases: dict[int, Layer]) -> None:
    try:
        id, left, top, width, height = _PIECE.unpack_from(payload)
        layer, rect = canvases[id], Rect(left, top, width, height)
        if not 0 < width * height <= MOST_LAYER_PIXELS:
            raise useless()
        content = zlib.decompressobj().decompress(payload[_PIECE.size :], width * height * 4)
        pixels = np.frombuffer(content, np.uint8).reshape(height, width, 4)
    except (struct.error, zlib.error, KeyError, ValueError) as error:
        raise useless() from error
    layer.outside = (*layer.outside, Piece(rect, pixels))
