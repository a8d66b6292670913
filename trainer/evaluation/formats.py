"""The formats that a model can be exported in. Free of torch: ``--help`` has no time for it."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["onnx", "pth"]
FORMATS: tuple[Format, ...] = get_args(Format)
