"""Style codes: which of many photos of one drawing. Some numbers around nought, spread like N(0, 1)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST = 64
"""Numbers in a code, at most."""

MOST_NAMES = 256
"""Of named styles, and of those that seeds stand for."""

LONGEST_NAME = 64
"""Characters."""

GREATEST = 100.0
"""Of a number in a code, either way; one that was drawn is beyond 6 once in a billion."""

PHOTO_EDGE = 512
"""Pixels along the longer edge of a photo that will do to read its style, twice what the network takes."""

_REAL = int, float, np.integer, np.floating
"""What a number of a code may be."""

Code = tuple[float, ...]
Style = int | str | Sequence[float] | npt.NDArray[np.floating[Any]]
"""As it is asked for: a seed, a name or a code (see ``Card.code``)."""


@functools.lru_cache(64)
def drawn(seed: int, length: int) -> Code:
    """The code of a seed, any whole number: independent draws from N(0, 1), to four decimals.

    The same everywhere and for ever: numpy promises PCG64's bits, and what becomes of them is done here.
    """
    bits = np.random.PCG64(seed % (1 << 63)).random_raw(length)
    even = NormalDist()
    return tuple(round(even.inv_cdf(((int(word) >> 12) + 0.5) / (1 << 52)), 4) for word in bits)


def seeded(seed: int, known: Sequence[Code]) -> Code:
    """The code of a seed, any whole number, among codes of photos: each of these in turn, and then what lies
    between one and another.

    Random codes are independent; those of photos need not be, and a picture is best near them.

    Args:
        known: at least one; the first has seed 0.
    """
    lap, place = divmod(seed, len(known))
    if not lap:
        return known[place]
    words = np.random.PCG64(seed % (1 << 63)).random_raw(2)
    other = known[(place + 1 + int(words[0]) % max(1, len(known) - 1)) % len(known)]
    share = 0.25 + 0.25 * (int(words[1]) >> 12) / (1 << 52)
    return tuple(round(one + share * (two - one), 4) for one, two in zip(known[place], other, strict=True))


def checked(values: object, length: int) -> Code:
    """A code of so many finite numbers.

    Raises:
        ValueError: it is none; the message goes on from “a style …”.
    """
    if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str | bytes):
        raise ValueError(f"is {length} numbers, not {type(values).__name__}")
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ValueError(f"is {length} numbers in a row, not an array {values.shape}")
    if len(values) != length:
        raise ValueError(f"of this model has {length} numbers, not {len(values)}")
    code = []
    for value in values:
        if isinstance(value, bool | np.bool_) or not isinstance(value, _REAL):
            raise ValueError(f"is {length} numbers; {value!r:.40} is none")
        number: Any = value
        if not -GREATEST <= number <= GREATEST:  # nor is what is no number
            # Python refuses to write very long ones.
            long = isinstance(value, int) and value.bit_length() > 64
            shown = "a far greater one" if long else f"{value!s:.20}"
            raise ValueError(f"has numbers from −{GREATEST:g} to {GREATEST:g}; {shown} is none of them")
        code.append(float(number))
    return tuple(code)


def is_name(name: object) -> bool:
    """Whether a style may be called so."""
    return isinstance(name, str) and bool(name.strip()) and len(name) <= LONGEST_NAME and name.isprintable()


def named(styles: Any, length: int) -> dict[str, Code]:
    """Named codes, as they come from a file.

    Raises:
        ValueError: a name or a code makes no sense, or there are too many.
    """
    if not isinstance(styles, Mapping) or len(styles) > MOST_NAMES:
        raise ValueError("its styles make no sense")
    if not all(map(is_name, styles)):
        raise ValueError("a style's name makes no sense")
    return {name: of_file(code, length) for name, code in styles.items()}


def several(styles: Any, length: int) -> tuple[Code, ...]:
    """Codes, as they come from a file.

    Raises:
        ValueError: they are none, or too many.
    """
    if not isinstance(styles, Sequence) or isinstance(styles, str) or len(styles) > MOST_NAMES:
        raise ValueError("its styles make no sense")
    return tuple(of_file(code, length) for code in styles)


def of_file(code: Any, length: int) -> Code:
    """As ``checked``, in the words of a damaged card."""
    try:
        return checked(code, length)
    except ValueError as error:
        raise ValueError(f"a style {error}") from error
