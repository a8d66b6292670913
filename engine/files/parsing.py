"""JSON and texts from strangers: what is wrong is said in words that people know, what is odd made plain."""

from __future__ import annotations

import errno
import json
import math
import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

_COMMANDS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")
"""Signs that command a terminal, break lines, or turn the direction of writing: a name could seem another."""

_HALVES = re.compile("[\\ud800-\\udfff]")
"""Of signs, which no file takes by themselves; JSON can say them."""


def parsed_json(text: str | bytes) -> Any:
    """What ``text`` says; bytes are UTF-8, or another of Unicode's encodings that can be told.

    Raises:
        ValueError: it is none, lies too deep in itself, or has a number that nobody can mean; why, as part of
            a sentence.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON from line {error.lineno} on") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    except RecursionError as error:
        raise ValueError("its lists lie too deep in each other") from error
    except ValueError as error:  # Python's own words are for those who write programs
        raise ValueError("a number in it has thousands of digits") from error


def read_whole(file: Path, most: int) -> bytes:
    """What is in a file of ``most`` bytes at most. How much a device or a pipe holds no system tells: it
    has to be read to be known.

    Raises:
        OSError: it can't be read, or is larger.
    """
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, "it is too large")
    return content


def is_a(sort: Any, value: object) -> bool:
    """Whether a value is what the annotation ``sort`` of a field says; for a float any finite number is."""
    origin, parts = get_origin(sort), get_args(sort)
    if origin is Literal:
        return value in parts
    if origin is UnionType:
        return any(is_a(part, value) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(is_a, parts, value))
    if sort is float:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is (origin or sort)


def cleaned(text: str, *, lines: bool = False) -> str:
    """A stranger's text as it may be shown and written: signs that command a terminal, or turn the direction
    of what is written, are spaces.

    Args:
        lines: whether it may have several of them.
    """
    return without_halves(_COMMANDS.sub(lambda it: it[0] if lines and it[0] in "\n\t" else " ", text))


def without_halves(text: str) -> str:
    """A text with a sign of its own for each half of one, so that a file takes it."""
    return _HALVES.sub("\ufffd", text)
