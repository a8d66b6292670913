"""Reading a stranger's ``torch.save`` file without running it and without trusting its sizes.

``torch.load(weights_only=True)`` runs no code, but believes the sizes that a file claims, and reads
all of a checkpoint where one network of it is wanted. So the pickle inside is read by an unpickler
that knows a few harmless names and makes nothing but notes of what is claimed; only when each claim
is covered by bytes of the file are tensors made, of those bytes and of those that are asked for.

Two layouts exist: the zip archive of PyTorch ≥ 1.6 (``*/data.pkl`` and one stored member a storage)
and the older stream of pickles followed by the storages, which most published weights are.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from engine.errors import ModelError
from engine.files import archive as archives
from engine.files import mistaken

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES = 1 << 30
"""Of the weights that are made."""
MOST_FILE_BYTES = 4 << 30
"""Checkpoints also hold discriminators and the optimizers' state, which are not read."""
MOST_PICKLE_BYTES = 4 << 20
ARCHIVE_LIMITS = archives.Limits(20_000, 4 << 20)
"""One member for each storage, with three for each of the weights that an optimizer has."""

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First value of the older layout (torch/serialization.py, MAGIC_NUMBER)."""

_KINDS = {
    "FloatStorage": ("float32", 4), "HalfStorage": ("float16", 2), "BFloat16Storage": ("bfloat16", 2),
    "DoubleStorage": ("float64", 8), "LongStorage": ("int64", 8), "IntStorage": ("int32", 4),
    "ShortStorage": ("int16", 2), "CharStorage": ("int8", 1), "ByteStorage": ("uint8", 1),
    "BoolStorage": ("bool", 1),
}  # fmt: skip
"""Names of storages; torch's name of their numbers, and bytes a number."""

_HARMLESS = frozenset(
    "PROTO FRAME STOP MARK GLOBAL REDUCE BUILD BINPERSID EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 "
    "TUPLE2 TUPLE3 SETITEM SETITEMS APPEND APPENDS NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 "
    "BINFLOAT NEWOBJ BINUNICODE SHORT_BINUNICODE SHORT_BINSTRING BINPUT LONG_BINPUT BINGET LONG_BINGET "
    "MEMOIZE".split()
)
"""The opcodes that torch.save writes for weights. None of them takes memory beyond its own bytes."""


_PLAIN = ("bool", "dict", "float", "int", "list", "long", "object", "set", "str", "tuple", "unicode")

_BESIDE = frozenset(
    (
        *(("argparse", "Namespace"), ("collections", "Counter"), ("collections", "defaultdict")),
        *(("torch", "Size"), ("torch", "device"), ("pathlib", "PosixPath"), ("pathlib", "WindowsPath")),
        *(("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"), ("numpy", "dtype")),
        *(("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")),
        *(
            ("numpy", "ndarray"),
            ("_codecs", "encode"),
            ("collections", "deque"),
            ("types", "SimpleNamespace"),
        ),
        *(("datetime", name) for name in ("date", "datetime", "timedelta", "timezone")),
        ("easydict", "EasyDict"),
        *((module, name) for module in ("builtins", "__builtin__") for name in _PLAIN),
        *(("torch.torch_version", "TorchVersion"), ("pytorch_lightning.utilities.parsing", "AttributeDict")),
        *(
            ("lightning.fabric.utilities.data", "AttributeDict"),
            ("lightning.pytorch.utilities.parsing", "AttributeDict"),
        ),
    )
)
"""What trainings note beside weights: options, scores, places, times, the state of chance. None is made;
see ``_Aside``."""


class _Storage(NamedTuple):
    """A claim: ``items`` numbers of ``item_bytes`` bytes under a key."""

    key: str
    items: int
    dtype: str
    item_bytes: int


class Leaf(NamedTuple):
    """A tensor that is claimed and not made yet."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Suspicious(Exception):
    """The pickle holds something that weights don't need."""


class _OrderedDict(dict):  # type: ignore[type-arg]
    """Stands for collections.OrderedDict; what a file wants to set on it besides is left aside."""

    def __setstate__(self, state: object) -> None:
        pass


class _Aside(dict):  # type: ignore[type-arg]
    """Stands for whatever ``_BESIDE`` names: takes anything, and is not looked at again."""

    def __new__(cls, *_: object) -> _Aside:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        pass

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


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
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        if (module, name) in _BESIDE or (module == "torch" and name in _NUMBERS):
            return _Aside
        raise _Suspicious(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        word, kind, key, _device, items = pid[:5]
        if word != "storage" or kind not in _KINDS.values() or type(items) is not int or items < 0:
            raise _Suspicious("a storage of an unknown sort")
        if len(pid) > 5 and pid[5] is not None:
            raise _Suspicious("a storage that is a view of another")
        storage = _Storage(str(key), items, *kind)
        if self.storages.setdefault(storage.key, storage) != storage:
            raise _Suspicious("two storages under one key")
        return storage

    def _note_tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_rest: Any) -> Leaf:
        """Stands for torch._utils._rebuild_tensor_v2: does the tensor lie inside its storage?"""
        if not isinstance(storage, _Storage) or type(offset) is not int or len(size) != len(stride):
            raise _Suspicious("a tensor of an unknown sort")
        if not all(type(value) is int and 0 <= value <= MOST_BYTES for value in (offset, *size, *stride)):
            raise _Suspicious("a tensor of an impossible size")
        if len(size) > 8:
            raise _Suspicious("a tensor with too many dimensions")
        last = offset + sum((edge - 1) * step for edge, step in zip(size, stride, strict=True))
        # Strides may make a few bytes pass for a large tensor, so that copying it takes much memory.
        if 0 not in size and (last >= storage.items or math.prod(size) > storage.items):
            raise _Suspicious("a tensor larger than its bytes")
        self.items += math.prod(size)
        return Leaf(storage, offset, tuple(size), tuple(stride))

    def noted(self) -> tuple[Any, dict[str, _Storage]]:
        """Read the pickle: its value, in which tensors are leaves, and the storages it speaks of."""
        value = self.load()
        if self.items > sum(storage.items for storage in self.storages.values()):
            raise _Suspicious("tensors that share their bytes")
        return value, self.storages


def _note_parameter(data: Any, _requires_grad: Any, _hooks: Any) -> Any:
    """Stands for torch._utils._rebuild_parameter; its tensor has been noted by then."""
    return data


_NUMBERS = frozenset(dtype for dtype, _ in _KINDS.values())


@dataclass(frozen=True)
class Checkpoint:
    """A file that was looked into: ``value`` is what was saved, with a ``Leaf`` for each tensor."""

    path: Path
    value: Any
    _places: Mapping[str, int]
    """Where in the file each storage begins, in bytes."""

    def load(self, leaves: Mapping[str, Leaf]) -> dict[str, Tensor]:
        """Make tensors of leaves, on the CPU.

        Raises:
            ModelError: they are too large together, or the file has changed since.
        """
        import torch

        storages = {leaf.storage.key: leaf.storage for leaf in leaves.values()}
        if sum(storage.items * storage.item_bytes for storage in storages.values()) > MOST_BYTES:
            raise ModelError(f"“{self.path.name}” is larger than any weights that can be imported (1 GB).")
        made: dict[str, Tensor] = {}
        try:
            with self.path.open("rb") as file:
                for key, storage in storages.items():
                    content = bytearray(storage.items * storage.item_bytes)
                    file.seek(self._places[key])
                    if file.readinto(content) != len(content):
                        raise _too_short(self.path.name, len(content), 0)
                    dtype = getattr(torch, storage.dtype)
                    made[key] = (
                        torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
                    )
        except OSError as error:
            raise ModelError(f"“{self.path.name}” can't be read ({error.strerror or error}).") from error
        return {
            name: made[leaf.storage.key].as_strided(leaf.size, leaf.stride, leaf.offset)
            for name, leaf in leaves.items()
        }


def load(path: Path) -> dict[str, Tensor]:
    """The tensors of a bare ``state_dict`` file, by name, on the CPU.

    Raises:
        ModelError: missing, too large, damaged, not weights alone, or holding code.
    """
    found = read(path)
    if not isinstance(found.value, dict) or not found.value:
        raise ModelError(f"“{path.name}” holds no weights; save the network's state_dict.")
    for key, value in found.value.items():
        if not isinstance(key, str) or not isinstance(value, Leaf):
            raise ModelError(
                f"“{path.name}” holds more than weights (“{key}”); save the network's bare state_dict."
            )
    return found.load(found.value)


def read(path: Path) -> Checkpoint:
    """Look into a ``torch.save`` file. Makes no tensor.

    Raises:
        ModelError: missing, too large, damaged, another sort of file, or holding code.
    """
    name = path.name
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ModelError(f"“{name}” is not a file; choose a weights file.")
        if about.st_size > MOST_FILE_BYTES:
            raise ModelError(f"“{name}” is larger than any weights that can be imported (4 GB).")
        with path.open("rb") as file:
            start = file.read(mistaken.ENOUGH)
            if (other := mistaken.named(start)) is not None:
                raise ModelError(f"“{name}” {other}.")
            file.seek(0)
            # What torch.load goes by.
            check = _check_archive if start.startswith(b"PK\x03\x04") else _check_stream
            return Checkpoint(path, *check(file, about.st_size, name))
    except ModelError:
        raise
    except _Suspicious as error:
        raise ModelError(
            f"“{name}” holds more than weights ({error}) and was not opened; "
            "save the network's bare state_dict instead."
        ) from error
    except FileNotFoundError as error:
        raise ModelError(f"There is no file “{path}”; check its name.") from error
    except PermissionError as error:
        raise ModelError(f"“{name}” can't be read ({error.strerror or error}).") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise ModelError(f"“{name}” is damaged or no PyTorch weights file; fetch it anew.") from error


def _check_archive(file: IO[bytes], length: int, name: str) -> tuple[Any, dict[str, int]]:
    """Hold every claim of a zip archive against the member it speaks of."""
    try:
        archives.measure(file, length, ARCHIVE_LIMITS)
    except archives.ArchiveError as error:
        if error.reason != "countless":
            raise
        raise ModelError(
            f"“{name}” has more parts than any weights have; save the network's state_dict alone."
        ) from error
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        listed = archive.infolist()
        members = {member.filename: member for member in listed}
        pickles = [one for one in members if one.endswith("/data.pkl")]
        if any(one.endswith("/constants.pkl") for one in members):
            raise ModelError(f"“{name}” is a TorchScript program, not weights; save its state_dict instead.")
        if len(members) != len(listed) or len(pickles) != 1:
            raise ModelError(f"“{name}” {_archive_of(list(members))}.")
        # torch stores members as they are; a packed one would only serve to claim more than is there.
        sizes = [(member.compress_type, member.compress_size) for member in members.values()]
        if sizes != [(zipfile.ZIP_STORED, member.file_size) for member in members.values()]:
            raise ModelError(f"“{name}” is packed in a way that torch.save does not use; save it anew.")
        if (claimed := sum(member.file_size for member in members.values())) > length:
            raise _too_short(name, claimed, length)
        if (size := members[pickles[0]].file_size) > MOST_PICKLE_BYTES:
            raise ModelError(f"“{name}” is no weights file: its description alone has {size >> 20} MB.")
        folder = pickles[0].removesuffix("data.pkl")
        order = members.get(f"{folder}byteorder")
        if order is not None and (order.file_size > 16 or archive.read(order).strip() != b"little"):
            raise ModelError(f"“{name}” was saved on a machine with another order of bytes; save it anew.")
        value, storages = _noted(io.BytesIO(archive.read(pickles[0])))
        places = {}
        for storage in storages.values():
            member = members.get(f"{folder}data/{storage.key}")
            there = 0 if member is None else member.file_size
            if member is None or there != storage.items * storage.item_bytes:
                raise _too_short(name, storage.items * storage.item_bytes, there)
            places[storage.key] = _begin_of(file, member)
            if places[storage.key] + there > length:
                raise _too_short(name, there, length - places[storage.key])
        return value, places


def _begin_of(file: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin. Read here, since not every torch writes the sums that zipfile checks."""
    file.seek(member.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04" or len(header) < 30:
        raise _Suspicious("a directory that leads nowhere")
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return member.header_offset + 30 + lengths


def _archive_of(names: list[str]) -> str:
    """What a zip archive is that torch.save has not written; goes on after the file's name."""
    if names and all(name.endswith(".npy") for name in names):
        return "is a NumPy archive; only weights of PyTorch can be imported"
    inside = [name for name in names if name.lower().endswith((".pth", ".pt", ".ckpt", ".safetensors"))]
    if inside:
        return f"is a zip archive with “{inside[0][-60:]}” in it; unpack it and import that"
    first = f" with “{names[0][-60:]}” in it" if names else ""
    return f"is a zip archive{first}, no PyTorch weights file; save the network's state_dict"


def _check_stream(file: IO[bytes], length: int, name: str) -> tuple[Any, dict[str, int]]:
    """Hold every claim of the older layout against the bytes that follow its pickles."""
    # Anything else is not looked into further, however it may go on.
    start = file.read(2)
    file.seek(0)
    if start[:1] != b"\x80" or _noted(file)[0] != _LEGACY_MAGIC:
        raise ModelError(f"“{name}” is no PyTorch weights file; save the network's state_dict.")
    _noted(file)  # the protocol's version
    system, _ = _noted(file)
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise ModelError(f"“{name}” was saved on a machine with another order of bytes; save it anew.")
    value, storages = _noted(file)
    keys, _ = _noted(file)
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise ModelError(f"“{name}” is damaged; fetch it anew.")
    places = {}
    for key in keys:
        storage = storages[str(key)]
        size = storage.items * storage.item_bytes
        items = int.from_bytes(file.read(8), "little")
        places[str(key)] = file.tell()
        there = length - file.tell()
        if items != storage.items or size > there:
            raise _too_short(name, size, there)
        file.seek(size, io.SEEK_CUR)
    return value, places


def _noted(file: IO[bytes]) -> tuple[Any, dict[str, _Storage]]:
    """What the pickle at ``file``'s place says, after a look at its instructions; moves past it."""
    start = file.tell()
    scan = io.BytesIO(file.read(MOST_PICKLE_BYTES))
    unknown, names = "", []
    for opcode, argument, _ in pickletools.genops(scan):
        if opcode.name == "GLOBAL":
            names.append(str(argument).replace(" ", "."))
        if opcode.name not in _HARMLESS and not unknown:
            unknown = opcode.name
    if any(name.startswith("torch.nn.modules.") for name in names):
        raise _Suspicious(f"a whole network, {names[0].rpartition('.')[2]}, with its program")
    if unknown:
        raise _Suspicious(f"the pickle instruction {unknown}")
    file.seek(start + scan.tell())
    return _Reader(io.BytesIO(scan.getvalue()[: scan.tell()])).noted()


def _too_short(name: str, claimed: int, there: int) -> ModelError:
    return ModelError(
        f"“{name}” is cut short or damaged: weights of {claimed} bytes are claimed, {there} are there. "
        "Fetch it anew."
    )
