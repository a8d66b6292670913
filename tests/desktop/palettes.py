"""Palette files of other programs, made here: red, black and white in each format."""

from __future__ import annotations

import struct


def aco() -> bytes:
    first = struct.pack(">HH", 1, 3) + struct.pack(">5H", 0, 200 * 257, 30 * 257, 40 * 257, 0)
    return first + struct.pack(">5H", 8, 10000, 0, 0, 0) + struct.pack(">5H", 7, 10000, 0, 0, 0)


def ase() -> bytes:
    def block(model: bytes, *values: float) -> bytes:
        body = struct.pack(">H", 1) + b"\0\0" + model + struct.pack(f">{len(values)}f", *values) + b"\0\0"
        return struct.pack(">HI", 1, len(body)) + body

    blocks = block(b"RGB ", 200 / 255, 30 / 255, 40 / 255), block(b"CMYK", 0, 0, 0, 1), block(b"Gray", 1)
    return b"ASEF" + struct.pack(">HHI", 1, 0, 3) + b"".join(blocks)


FILES = {
    "a.gpl": b"GIMP Palette\nName: x\nColumns: 2\n# hm\n200 30 40\tred\n0 0 0\n255 255 255 white\n",
    "a.hex": b"\xef\xbb\xbf; remark\n#c81e28\n000000, fff000\n#fff\n",
    "a.aco": aco(),
    "a.ase": ase(),
}
