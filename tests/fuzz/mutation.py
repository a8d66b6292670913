"""Files damaged in ways that parsers stumble over, the same ones for the same seed."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**400), 0.5, -0.0, 1e308, float("nan")),
    *(float("inf"), "", "x", "\0", "é\ud800", "a" * 5000, "../../etc/passwd", [], {}, [[]], [0], [-1, 2**40]),
    *([None] * 3, {"x": {}}, [1, 2, 3, 4, 5, 6], "9" * 400),
)

DEEP = "[" * 100_000 + "]" * 100_000


def mutant(content: bytes, rng: random.Random) -> bytes:
    """One file made of a good one: by its structure, where it has one that is known, or as plain bytes."""
    structured: list[Callable[[bytes, random.Random], bytes]] = []
    if content[:4] == b"PK\3\4":
        structured = [_zip, _zip, _bytes]
    elif content[:4] == b"\x89PNG":
        structured = [_png, _png, _bytes]
    elif content[8:9] == b"{" and content[:1] != b"{":
        structured = [_safetensors, _safetensors, _bytes]
    elif content.lstrip()[:1] in (b"{", b"["):
        structured = [_text, _text, _bytes]
    changed = rng.choice(structured or [_bytes])(content, rng)
    return _bytes(changed, rng) if rng.random() < 0.1 else changed


def _bytes(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            return bytes(rng.randbytes(rng.randrange(64)))
        at = rng.randrange(len(data))
        size = min(len(data) - at, rng.choice((1, 2, 4, 8, 64, 1024)))
        match rng.randrange(8):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at : at + size] = rng.randbytes(size)
            case 2:
                del data[at : at + size]
            case 3:
                data[at:at] = data[at : at + size] * rng.choice((1, 2, 50))
            case 4:
                del data[at:]
            case 5:
                width = rng.choice((1, 2, 4, 8))
                number = rng.choice(NUMBERS) & (1 << 8 * width) - 1
                data[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
            case 6:
                other = rng.randrange(len(data))
                data[at : at + size] = data[other : other + size]
            case 7:
                data[at:at] = rng.randbytes(size)
    return bytes(data)


def _text(content: bytes, rng: random.Random) -> bytes:
    """JSON: another value somewhere, a key gone or twice; or lines of it."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        lines = content.split(b"\n")
        at = rng.randrange(len(lines))
        lines[at] = (
            _text(lines[at], rng) if lines[at][:1] == b"{" and len(lines) > 1 else _bytes(lines[at], rng)
        )
        return b"\n".join(lines)
    for _ in range(rng.choice((1, 1, 2, 5))):
        whole = _changed(whole, rng)
    text = json.dumps(whole)
    if rng.random() < 0.05:
        text = re.sub(r"\d+", lambda found: DEEP if rng.random() < 0.1 else found[0], text)
    return text.encode("utf-8", "surrogatepass")


def _changed(value: Any, rng: random.Random) -> Any:
    """The value with one place in it changed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        if rng.random() < 0.15:
            return value[:at] + value[at + 1 :] * rng.choice((1, 3))
        return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
    if isinstance(value, str) and value[:1] == "{" and rng.random() < 0.8:  # JSON in JSON: a model's card
        return _text(value.encode("utf-8", "surrogatepass"), rng).decode("utf-8", "replace")
    return rng.choice(VALUES)


def _zip(content: bytes, rng: random.Random) -> bytes:
    """A member changed, gone, twice or renamed; the sums stay right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info, archive.read(info)) for info in archive.infolist()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return _bytes(content, rng)
    at = rng.randrange(len(members))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, (info, inside) in enumerate(members):
            name, packing = info.filename, info.compress_type
            if number == at:
                match rng.randrange(10):
                    case 0:
                        continue
                    case 1:
                        name = rng.choice(("../x", "/x", name.upper(), "", "x/" * 50, members[0][0].filename))
                    case 2:
                        packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
                    case 3:
                        inside = rng.choice(members)[1]
                    case _:
                        inside = _xml(inside, rng) if inside[:1] == b"<" else mutant(inside, rng)
            archive.writestr(zipfile.ZipInfo(name or "-"), inside, packing)
    return target.getvalue()


def _xml(content: bytes, rng: random.Random) -> bytes:
    """An attribute's value, or an element, changed."""
    spans = [found.span(1) for found in re.finditer(rb'"([^"]*)"', content)]
    if not spans or rng.random() < 0.3:
        return _bytes(content, rng)
    first, last = rng.choice(spans)
    value = str(rng.choice(VALUES))[:300].encode("utf-8", "replace").replace(b'"', b"'").replace(b"<", b"")
    return content[:first] + value + content[last:]


def _png(content: bytes, rng: random.Random) -> bytes:
    """A chunk changed, its sum set right."""
    chunks, at = [], 8
    while at + 12 <= len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    if not chunks:
        return _bytes(content, rng)
    number = rng.choice((0, rng.randrange(len(chunks))))
    kind, inside = chunks[number]
    chunks[number] = (kind, _bytes(inside, rng)) if rng.random() < 0.9 else (rng.randbytes(4), inside)
    if rng.random() < 0.1:
        chunks.insert(1, rng.choice(((b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 22))), (b"tRNS", b"\0"))))
    joined = b"".join(
        struct.pack(">I", len(one)) + name + one + struct.pack(">I", zlib.crc32(name + one))
        for name, one in chunks
    )
    return content[:8] + joined


def _safetensors(content: bytes, rng: random.Random) -> bytes:
    """The header changed, its length set right."""
    length = int.from_bytes(content[:8], "little")
    header = _text(content[8 : 8 + length], rng)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]
