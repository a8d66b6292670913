"""Checkpoint files: safetensors, written piece by piece.

The complete state of a training is hundreds of megabytes. Copied and written in one go it would take that
memory once more, and for a second all that the disk can do; whoever paints beside it would notice. So each
tensor is copied when it is its turn, and what has been written is handed to the disk every now and then.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from engine.files.writing import as_text

PIECE_BYTES = 16 << 20
"""Handed to the disk at a time."""

_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def write(path: Path, tensors: Mapping[str, Tensor], note: Mapping[str, str]) -> None:
    """Write tensors, of any device and order in memory, and a note.

    Raises:
        OSError: the disk is full, or can't be written.
    """
    header: dict[str, object] = {"__metadata__": dict(note)}
    place = 0
    for name, tensor in tensors.items():
        end = place + tensor.numel() * tensor.element_size()
        kind = _NAMES[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers lie where processors like to find them
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        waiting = 0
        for tensor in tensors.values():
            piece = tensor.detach().cpu().contiguous().flatten().view(torch.uint8)
            file.write(piece.numpy().data)
            waiting += len(piece)
            if waiting >= PIECE_BYTES:
                file.flush()
                os.fsync(file.fileno())
                waiting = 0


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the note.

    Raises:
        OSError, SafetensorError: there is no such file, or it is damaged.
    """
    with as_text(path) as name, safe_open(name, "pt") as file:
        # Cloned, so that the file is no longer mapped when it is to be replaced (Windows).
        return {key: file.get_tensor(key).clone() for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118


def read_note(path: Path) -> dict[str, str]:
    """The note alone.

    Raises:
        OSError, SafetensorError: there is no such file, or it is damaged.
    """
    with as_text(path) as name, safe_open(name, "pt") as file:
        return dict(file.metadata() or {})
