"""The model file: one ``.safetensors`` whose metadata holds the model's card.

Layout (safetensors format, https://github.com/huggingface/safetensors): eight bytes with the length
of a JSON header, the header, then the tensors' bytes without gaps. The card is the JSON text
``__metadata__["underpaint"]``. Nothing in such a file is ever executed, and every size in the
header is held against the file's own before memory is taken.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.data import card as cards
from engine.data.card import Card
from engine.errors import ModelError
from engine.files import mistaken
from engine.files.writing import as_text, replacing

if TYPE_CHECKING:
    from torch import Tensor, nn

SUFFIX = ".safetensors"
MOST_HEADER_BYTES = 4 << 20
MOST_BYTES = 1 << 30

STYLE_ENCODER = "style_encoder."
"""Before the names of the weights that read styles of photos; they lie beside the network's."""

_KEY = "underpaint"
_CHUNK = 1 << 20
"""Bytes copied at a time."""
_BYTES = {"F16": 2, "BF16": 2, "F32": 4}
"""The number formats that weights come in, and their sizes."""
_FOREIGN_BYTES = {**_BYTES, "F64": 8, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Those that weights of other programs, and what they count beside them, may come in."""


_MOST_OF_LATE = 32
_MOST_KEPT_BYTES = 256 << 10
_wanted_of_late: dict[str, dict[str, tuple[int, ...]]] = {}
"""See ``_wanted``."""


@dataclass(frozen=True)
class _Header:
    card: Card
    shapes: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Bare:
    """A tensor in a file that may have no card; not read yet."""

    name: str
    size: tuple[int, ...]


def is_bare(path: Path) -> bool:
    """Whether this is a whole safetensors file without a card: weights, but no model yet. Never raises."""
    try:
        with path.open("rb") as file:
            fields = _fields(_text(file, path.name)[0], path.name)
    except (OSError, ModelError):
        return False
    metadata = fields.get("__metadata__")
    return bool(fields) and not (isinstance(metadata, dict) and isinstance(metadata.get(_KEY), str))


def read_bare(path: Path) -> dict[str, Bare]:
    """What is in a safetensors file, with or without a card; nothing of it is read yet.

    Raises:
        ModelError: the file is missing, damaged, cut short or too large.
    """
    name = path.name
    with _opened(path) as (file, length):
        text, room = _text(file, name)
        if length > MOST_BYTES:
            raise _too_large(name)
        fields = _fields(text, name)
        fields.pop("__metadata__", None)
        shapes = _shapes(fields, room, name, _FOREIGN_BYTES)
    return {key: Bare(key, shape) for key, shape in shapes.items()}


def load_bare(path: Path, wanted: dict[str, Bare]) -> dict[str, Tensor]:
    """The tensors of a file that ``read_bare`` looked into, under the names that ``wanted`` gives them.

    Raises:
        ModelError: the file is damaged, or has changed since.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with as_text(path) as there, safe_open(there, "pt") as file:
            # Cloned, so that the file is no longer mapped when it is to be replaced (Windows).
            return {name: file.get_tensor(bare.name).clone() for name, bare in wanted.items()}
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise ModelError(f"“{path.name}” is damaged; fetch the file anew.") from error


def read_card(path: Path) -> Card:
    """The card of a model file. Reads the header only, and needs no torch.

    Raises:
        ModelError: the file is missing, damaged, cut short, no model, or from a newer version.
    """
    return _read(path, whole=False)[0].card


def read(path: Path) -> tuple[Card, dict[str, Tensor]]:
    """Card and weights of a model file, by names as ``networks.build`` has them, see ``split_tensors``.

    The file is read into memory rather than mapped, so that it can be replaced while in use.

    Raises:
        ModelError: as ``read_card``, or the weights are not those of the card's network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        header, content = _read(path, whole=True)
        return header.card, load(content)
    except MemoryError as error:
        text = f"There is not enough memory for the model “{path.name}”; close other programs."
        raise ModelError(text) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(f"The model “{path.name}” is damaged; fetch the file anew.") from error


def write(path: Path, card: Card, tensors: dict[str, Tensor], half: bool = False) -> None:
    """Write a model file in one step.

    Args:
        tensors: the network's ``state_dict``, and with it, their names behind ``STYLE_ENCODER``, that of the
            style encoder, where the card has one.
        half: store convolution weights in 16 bits. Norms stay as they are: their variances may
            lie outside what 16 bits can hold.

    Raises:
        ModelError: the weights are not those of the card's network, or the file can't be written.
    """
    import torch

    kept = {
        name: (tensor.half() if half and tensor.dim() > 1 else tensor).detach().cpu().contiguous()
        for name, tensor in tensors.items()
    }
    for name, tensor in kept.items():
        if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32):
            raise ModelError(f"The weights “{name}” are {tensor.dtype}; store them as 16 or 32 bit floats.")
    _check_fit(card, {name: tuple(tensor.shape) for name, tensor in kept.items()}, path.name)
    try:
        with replacing(path) as part:
            write_tensors(part, kept, {_KEY: cards.to_json(card), "format": "pt"})
    except OSError as error:
        raise ModelError(f"The model “{path}” can't be written ({error.strerror or error}).") from error


def read_notes(path: Path) -> dict[str, str]:
    """All texts that stand beside the weights, the card's among them, by their keys. Needs no torch.

    Raises:
        ModelError: as ``read_card``, but for the card itself.
    """
    with _opened(path) as (file, _):
        metadata = _fields(_text(file, path.name)[0], path.name).get("__metadata__")
    known = metadata.items() if isinstance(metadata, dict) else ()
    return {key: text for key, text in known if isinstance(text, str)}


def recard(
    source: Path,
    target: Path,
    card: Card,
    notes: dict[str, str],
    step: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    """Write the weights of a model file, byte for byte, with another card, in one step. Needs no torch.

    Args:
        target: may be ``source``.
        card: of the same network.
        notes: further texts, by their keys.
        step: called between parts with bytes done and in all; ends the work by raising.

    Raises:
        ModelError: the source can't be read or is damaged, the card is too long, or ``target`` can't be
            written.
    """
    with _opened(source) as (file, length):
        if length > MOST_BYTES:
            raise _too_large(source.name)
        text, room = _text(file, source.name)
        _header(text, room, source.name)
        fields = _fields(text, source.name)
        fields["__metadata__"] = {_KEY: cards.to_json(card), "format": "pt", **notes}
        head = json.dumps(fields).encode("ascii")
        head += b" " * (-len(head) % 8)  # so that the weights are aligned, as safetensors has it
        if len(head) > MOST_HEADER_BYTES:
            raise ModelError(
                f"The card of “{card.name}” is longer than a model file can hold; say less, or take sample "
                "drawings away."
            )
        try:
            with replacing(target) as part, part.open("wb") as copy:
                copy.write(len(head).to_bytes(8, "little") + head)
                done = 0
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)
                    done += len(chunk)
                    step(done, room)
        except OSError as error:
            raise ModelError(f"The model “{target}” can't be written ({error.strerror or error}).") from error


def write_tensors(path: Path, tensors: dict[str, Tensor], notes: dict[str, str]) -> None:
    """A safetensors file, as it comes.

    Raises:
        OSError: also where the disk is full, which safetensors tells in a way of its own.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata=notes)
    except SafetensorError as error:
        full = "No space left" in str(error) or f"os error {errno.ENOSPC})" in str(error)
        code = errno.ENOSPC if full else errno.EIO
        raise OSError(code, os.strerror(code)) from error


def blank(card: Card) -> nn.Module:
    """The card's network without memory for its weights (on torch's ``meta`` device).

    Raises:
        ModelError: the card asks for a network that doesn't exist or is out of bounds.
    """
    import torch

    from engine.networks import build

    with torch.device("meta"):
        return build(card.kind, **card.network)


def blank_encoder(card: Card) -> nn.Module:
    """The card's style encoder without memory for its weights.

    Raises:
        ModelError: it has none, or one that is out of bounds.
    """
    import torch

    from engine.networks import build

    if not card.style_encoder:
        raise ModelError(f"The model “{card.name}” can't read styles of photos: it was trained without that.")
    with torch.device("meta"):
        return build(
            "style_encoder",
            inputs=card.network.get("outputs"),
            width=card.style_encoder,
            style=card.style,
        )


def split_tensors(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weights of a file apart: the network's, and the style encoder's by its own names."""
    encoder = {
        name.removeprefix(STYLE_ENCODER): tensor
        for name, tensor in tensors.items()
        if name.startswith(STYLE_ENCODER)
    }
    return {key: tensor for key, tensor in tensors.items() if not key.startswith(STYLE_ENCODER)}, encoder


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The file and its length; what the system says of it becomes a sentence."""
    name = path.name
    try:
        if stat.S_ISFIFO(path.stat().st_mode):  # to open a pipe is to wait until somebody writes into it
            raise ModelError(f"“{name}” is not a file; choose a model file.")
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ModelError(f"“{name}” is not a file; choose a model file.")
            yield file, about.st_size
    except FileNotFoundError as error:
        raise ModelError(f"There is no model file “{path}”; check its name.") from error
    except OSError as error:
        raise ModelError(f"The model “{name}” can't be read ({error.strerror or error}).") from error


def _read(path: Path, whole: bool) -> tuple[_Header, bytes]:
    """The checked header and, if asked for, all bytes of the file (else none)."""
    name = path.name
    with _opened(path) as (file, length):
        if length > MOST_BYTES:
            raise _too_large(name)
        text, room = _text(file, name)
        header = _header(text, room, name)
        if not whole:
            return header, b""
        _check_fit(header.card, header.shapes, name)
        return header, b"".join((len(text).to_bytes(8, "little"), text, file.read(room)))


def _too_large(name: str) -> ModelError:
    return ModelError(f"“{name}” is larger than any model that can be used ({MOST_BYTES >> 30} GB).")


def _text(file: IO[bytes], name: str) -> tuple[bytes, int]:
    """The header's text, and the number of bytes that follow it."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8 or length > MOST_HEADER_BYTES:
        file.seek(0)
        if (other := mistaken.named(file.read(mistaken.ENOUGH))) is not None:
            raise ModelError(f"“{name}” {other}.")
        if start[:4] == b"PK\x03\x04":
            raise ModelError(f"“{name}” is no model file but an archive; if torch saved it, call it .pth.")
        raise ModelError(
            f"“{name}” is no model file, or is cut short: its header claims {length} bytes. Fetch it anew."
        )
    return file.read(length), size - 8 - length


def _fields(text: bytes, name: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"“{name}” is no model file, or its header is damaged; fetch it anew.") from error
    return fields if isinstance(fields, dict) else {}


def _header(text: bytes, room: int, name: str) -> _Header:
    """Parse a header; ``room`` is the number of bytes that follow it in the file.

    Those of late are kept: every list of models looks into all of them again.
    """
    return (_parsed_of_late if len(text) <= _MOST_KEPT_BYTES else _parsed)(text, room, name)


def _parsed(text: bytes, room: int, name: str) -> _Header:
    fields = _fields(text, name)
    metadata = fields.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(_KEY), str):
        raise ModelError(
            f"“{name}” has no model card; import it as the weights of another program (underpaint import), "
            "or take a file that Underpaint wrote."
        )
    return _Header(cards.from_json(metadata[_KEY]), _shapes(fields, room, name, _BYTES))


_parsed_of_late = lru_cache(maxsize=_MOST_OF_LATE)(_parsed)


def _shapes(
    fields: dict[str, Any], room: int, name: str, sizes: dict[str, int]
) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors that a header describes, without gaps, in ``room`` bytes."""
    shapes: dict[str, tuple[int, ...]] = {}
    spans: list[tuple[int, int]] = []
    for key, entry in fields.items():
        shape, span = _checked(entry, sizes)
        if shape is None:
            raise ModelError(f"In “{name}” the weights “{key}” are described wrongly; fetch it anew.")
        shapes[key] = shape
        spans.append(span)
    spans.sort()
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or ends[-1] != room:
        raise ModelError(
            f"“{name}” is cut short or damaged: its header describes {ends[-1]} bytes of weights, "
            f"{room} are there. Fetch it anew."
        )
    return shapes


def _checked(entry: Any, sizes: dict[str, int]) -> tuple[tuple[int, ...] | None, tuple[int, int]]:
    """Shape (None where the entry makes no sense) and place of one tensor in a header."""
    wrong = None, (0, 0)
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str) or entry["dtype"] not in sizes:
        return wrong
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or len(shape) > 4 or not isinstance(offsets, list) or len(offsets) != 2:
        return wrong
    if not all(type(value) is int and 0 <= value <= MOST_BYTES for value in (*shape, *offsets)):
        return wrong
    if offsets[1] - offsets[0] != math.prod(shape) * sizes[entry["dtype"]]:
        return wrong
    return tuple(shape), (offsets[0], offsets[1])


def _check_fit(card: Card, shapes: dict[str, tuple[int, ...]], name: str) -> None:
    """Hold the weights' names and shapes against those of the card's network."""
    wanted = _wanted(card)
    for key in (*wanted, *shapes):
        if shapes.get(key) != wanted.get(key):
            raise ModelError(
                f"“{name}” does not hold the network its card describes: “{key}” is "
                f"{_words(shapes.get(key))} instead of {_words(wanted.get(key))}."
            )


def _wanted(card: Card) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a card's weights. To build a network takes 10 ms, so they are kept."""
    network = repr((card.kind, sorted(card.network.items()), card.style, card.style_encoder))
    wanted = _wanted_of_late.get(network)
    if wanted is None:
        wanted = {key: tuple(tensor.shape) for key, tensor in blank(card).state_dict().items()}
        if card.style_encoder:
            encoder = blank_encoder(card).state_dict()
            wanted |= {STYLE_ENCODER + key: tuple(tensor.shape) for key, tensor in encoder.items()}
        if len(_wanted_of_late) >= _MOST_OF_LATE:
            _wanted_of_late.clear()
        _wanted_of_late[network] = wanted
    return wanted


def _words(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else " × ".join(map(str, shape)) or "a single number"
