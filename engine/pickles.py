"""Loading a stranger's ``torch.save`` file of weights without running it and without trusting its sizes.

``torch.load(weights_only=True)`` runs no code, but believes the sizes that a file claims. So the
pickle inside is first read by an unpickler that knows four harmless names and makes nothing but
notes of what is claimed; only when each claim is covered by bytes of the file is torch asked.

Two layouts exist: the zip archive of PyTorch ≥ 1.6 (``*/data.pkl`` and one stored member a storage)
and the older stream of pickles followed by the storages, which most published weights are.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import stat
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES = 1 << 30
MOST_PICKLE_BYTES = 4 << 20

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First value of the older layout (torch/serialization.py, MAGIC_NUMBER)."""

_ITEM_BYTES = {
    "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "DoubleStorage": 8, "LongStorage": 8,
    "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
}  # fmt: skip

_HARMLESS = frozenset(
    "PROTO FRAME STOP MARK GLOBAL REDUCE BUILD BINPERSID EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 "
    "TUPLE2 TUPLE3 SETITEM SETITEMS APPEND APPENDS NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 "
    "BINFLOAT BINUNICODE SHORT_BINUNICODE SHORT_BINSTRING BINPUT LONG_BINPUT BINGET LONG_BINGET "
    "MEMOIZE".split()
)
"""The opcodes that torch.save writes for weights. None of them takes memory beyond its own bytes."""


class _Storage(NamedTuple):
    """A claim: ``items`` numbers of ``item_bytes`` bytes under a key."""

    key: str
    items: int
    item_bytes: int


class _Suspicious(Exception):
    """The pickle holds something that weights don't need."""


class _OrderedDict(dict):  # type: ignore[type-arg]
    """Stands for collections.OrderedDict; what a file wants to set on it besides is left aside."""

    def __setstate__(self, state: object) -> None:
        pass


# The pure Python unpickler, because the C one lets a file grow its memo without bound.
class _Reader(pickle._Unpickler):
    """Unpickles into notes; knows only the names that plain weights need."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, _Storage] = {}
        self.items = 0
        """Numbers in all tensors together."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._note_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _note_parameter
        if module == "torch" and name in _ITEM_BYTES:
            return _ITEM_BYTES[name]
        raise _Suspicious(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        word, item_bytes, key, _device, items = pid[:5]
        if word != "storage" or type(item_bytes) is not int or type(items) is not int or items < 0:
            raise _Suspicious("a storage of an unknown sort")
        if len(pid) > 5 and pid[5] is not None:
            raise _Suspicious("a storage that is a view of another")
        storage = _Storage(str(key), items, item_bytes)
        if self.storages.setdefault(storage.key, storage) != storage:
            raise _Suspicious("two storages under one key")
        return storage

    def _note_tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_rest: Any) -> None:
        """Stands for torch._utils._rebuild_tensor_v2: does the tensor lie inside its storage?"""
        if not isinstance(storage, _Storage) or type(offset) is not int or len(size) != len(stride):
            raise _Suspicious("a tensor of an unknown sort")
        if not all(type(value) is int and 0 <= value <= MOST_BYTES for value in (offset, *size, *stride)):
            raise _Suspicious("a tensor of an impossible size")
        if len(size) > 8 or 0 in size:
            raise _Suspicious("an empty tensor or one with too many dimensions")
        last = offset + sum((edge - 1) * step for edge, step in zip(size, stride, strict=True))
        # Strides may make a few bytes pass for a large tensor, so that copying it takes much memory.
        if last >= storage.items or math.prod(size) > storage.items:
            raise _Suspicious("a tensor larger than its bytes")
        self.items += math.prod(size)

    def noted(self) -> tuple[Any, dict[str, _Storage]]:
        """Read the pickle: its value, in which tensors are None, and the storages it speaks of."""
        value = self.load()
        if self.items > sum(storage.items for storage in self.storages.values()):
            raise _Suspicious("tensors that share their bytes")
        return value, self.storages


def _note_parameter(_data: Any, _requires_grad: Any, _hooks: Any) -> None:
    """Stands for torch._utils._rebuild_parameter; its tensor has been noted by then."""


def load(path: Path) -> dict[str, Tensor]:
    """The tensors of a bare ``state_dict`` file, by name, on the CPU.

    Raises:
        ModelError: missing, too large, damaged, not weights alone, or holding code.
    """
    content = _content(path)
    try:
        if content.startswith(b"PK\x03\x04"):  # what torch.load goes by
            _check_archive(content, path.name)
        else:
            _check_stream(content, path.name)
    except ModelError:
        raise
    except _Suspicious as error:
        raise ModelError(
            f"“{path.name}” holds more than weights ({error}) and was not opened; "
            "save the network's bare state_dict instead."
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise ModelError(f"“{path.name}” is damaged or no PyTorch weights file; fetch it anew.") from error
    return _loaded(content, path.name)


def _content(path: Path) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ModelError(f"“{path.name}” is not a file; choose a weights file.")
        if about.st_size > MOST_BYTES:
            raise ModelError(f"“{path.name}” is larger than any weights that can be imported (1 GB).")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"There is no file “{path}”; check its name.") from error
    except OSError as error:
        raise ModelError(f"“{path.name}” can't be read ({error.strerror or error}).") from error


def _check_archive(content: bytes, name: str) -> None:
    """Hold every claim of a zip archive against the member it speaks of."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {member.filename: member for member in archive.infolist()}
        pickles = [file for file in members if file.endswith("/data.pkl")]
        if any(file.endswith("/constants.pkl") for file in members):
            raise ModelError(f"“{name}” is a TorchScript program, not weights; save its state_dict instead.")
        if len(members) != len(archive.infolist()) or len(pickles) != 1:
            raise ModelError(f"“{name}” is no PyTorch weights file; save the network's state_dict.")
        # torch stores members as they are; a packed one would only serve to claim more than is there.
        sizes = [(member.compress_type, member.compress_size) for member in members.values()]
        if sizes != [(zipfile.ZIP_STORED, member.file_size) for member in members.values()]:
            raise ModelError(f"“{name}” is packed in a way that torch.save does not use; save it anew.")
        if (claimed := sum(member.file_size for member in members.values())) > len(content):
            raise _too_short(name, claimed, len(content))
        if (length := members[pickles[0]].file_size) > MOST_PICKLE_BYTES:
            raise ModelError(f"“{name}” is no weights file: its description alone has {length >> 20} MB.")
        _, storages = _noted(io.BytesIO(archive.read(pickles[0])))
        folder = pickles[0].removesuffix("data.pkl")
        for storage in storages.values():
            member = members.get(f"{folder}data/{storage.key}")
            there = 0 if member is None else member.file_size
            if there != storage.items * storage.item_bytes:
                raise _too_short(name, storage.items * storage.item_bytes, there)


def _check_stream(content: bytes, name: str) -> None:
    """Hold every claim of the older layout against the bytes that follow its pickles."""
    file = io.BytesIO(content)
    # Anything else is not looked into further, however it may go on.
    if content[:2] != b"\x80\x02" or _noted(file)[0] != _LEGACY_MAGIC:
        raise ModelError(f"“{name}” is no PyTorch weights file; save the network's state_dict.")
    for _ in ("protocol version", "system"):
        _noted(file)
    _, storages = _noted(file)
    keys, _ = _noted(file)
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise ModelError(f"“{name}” is damaged; fetch it anew.")
    for key in keys:
        storage = storages[str(key)]
        size = storage.items * storage.item_bytes
        items = int.from_bytes(file.read(8), "little")
        there = len(content) - file.tell()
        if items != storage.items or size > there:
            raise _too_short(name, size, there)
        file.seek(size, io.SEEK_CUR)


def _noted(file: io.BytesIO) -> tuple[Any, dict[str, _Storage]]:
    """What the pickle at ``file``'s place says, after a look at its instructions; moves past it."""
    start = file.tell()
    scan = io.BytesIO(file.read(MOST_PICKLE_BYTES))
    for opcode, _, _ in pickletools.genops(scan):
        if opcode.name not in _HARMLESS:
            raise _Suspicious(f"the pickle instruction {opcode.name}")
    file.seek(start + scan.tell())
    return _Reader(io.BytesIO(scan.getvalue()[: scan.tell()])).noted()


def _too_short(name: str, claimed: int, there: int) -> ModelError:
    return ModelError(
        f"“{name}” is cut short or damaged: weights of {claimed} bytes are claimed, {there} are there. "
        "Fetch it anew."
    )


def _loaded(content: bytes, name: str) -> dict[str, Tensor]:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own older layout
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many sorts on damaged files
        raise ModelError(f"“{name}” is damaged; fetch it anew.") from error
    if not isinstance(state, dict) or not state:
        raise ModelError(f"“{name}” holds no weights; save the network's state_dict.")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ModelError(
                f"“{name}” holds more than weights (“{key}”); save the network's bare state_dict instead."
            )
    return state
