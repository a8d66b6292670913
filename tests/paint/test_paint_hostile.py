"""Files that mean harm: one sentence each, little memory, and nothing written anywhere."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from desktop.paint.editing.document import Document
from desktop.paint.files import project
from engine.data.picture import to_png_bytes
from engine.errors import PictureError

STACK = '<image w="60" h="40"><stack><layer name="a" src="data/a.png"/></stack></image>'
PNG = to_png_bytes(np.zeros((40, 60, 4), np.uint8))


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG file that claims a size and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 5000))
        + chunk(b"IEND", b"")
    )


def patched(content: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes of the end record of a zip, counted from its start."""
    place = content.rfind(b"PK\5\6") + offset
    return content[:place] + value + content[place + len(value) :]


def with_stack(stack: str) -> bytes:
    return zipped({"stack.xml": stack.encode(), "data/a.png": PNG})


def with_notes(**notes: object) -> bytes:
    usual = {"format": 1, "kind": "image", "paper": [1, 2, 3], "roles": {}}
    return zipped(
        {
            "stack.xml": STACK.encode(),
            "data/a.png": PNG,
            "underpaint.json": json.dumps({**usual, **notes}).encode(),
        }
    )


GOOD = zipped({"stack.xml": STACK.encode(), "data/a.png": PNG})
LAUGHS = (
    '<!DOCTYPE image [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<image w="60" h="40"><stack><layer name="&b;" src="data/a.png"/></stack></image>'
)

HOSTILE = {
    "empty": b"",
    "text": b"This is not a zip file at all.",
    "cut short": GOOD[:-30],
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "no stack": zipped({"mimetype": b"image/openraster"}),
    "not xml": with_stack("{}"),
    "no size": with_stack("<image><stack/></image>"),
    "no number": with_stack('<image w="many" h="40"><stack/></image>'),
    "infinite": with_stack('<image w="inf" h="40"><stack/></image>'),
    "negative": with_stack('<image w="-4" h="40"><stack/></image>'),
    "huge canvas": with_stack('<image w="100000" h="100000"><stack/></image>'),
    "another root": with_stack('<picture w="60" h="40"><stack/></picture>'),
    "entities": with_stack(LAUGHS),
    "outside entity": with_stack(
        '<!DOCTYPE image [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<image w="6" h="4"><stack><layer name="&x;" src="data/a.png"/></stack></image>'
    ),
    "100 000 layers": with_stack('<image w="60" h="40"><stack>' + "<layer/>" * 100_000 + "</stack></image>"),
    "deep groups": with_stack(
        '<image w="100000" h="40000">' + "<stack>" * 40_000 + "</stack>" * 40_000 + "</image>"
    ),
    "layer missing": with_stack('<image w="60" h="40"><stack><layer src="data/b.png"/></stack></image>'),
    "layer outside": zipped({"stack.xml": STACK.replace("data/a.png", "../a.png").encode(), "../a.png": PNG}),
    "layer elsewhere": zipped(
        {"stack.xml": STACK.replace("data/a.png", "/tmp/a.png").encode(), "/tmp/a.png": PNG}
    ),
    "100 000 × 100 000": zipped({"stack.xml": STACK.encode(), "data/a.png": huge_png(100_000, 100_000)}),
    "6000 × 6000 of nothing": zipped({"stack.xml": STACK.encode(), "data/a.png": huge_png(6000, 6000)}),
    "text named png": zipped({"stack.xml": STACK.encode(), "data/a.png": b"hello, I am text" * 9}),
    "endless directory": patched(GOOD, 12, struct.pack("<I", 900 << 20)),
    "directory elsewhere": patched(GOOD, 16, struct.pack("<I", 0xFFFFFF00)),
    "notes of another sort": with_notes(kind="film"),
    "notes no json": zipped({"stack.xml": STACK.encode(), "data/a.png": PNG, "underpaint.json": b"{"}),
    "notes a list": zipped({"stack.xml": STACK.encode(), "data/a.png": PNG, "underpaint.json": b"[]"}),
    "notes nested": zipped(
        {"stack.xml": STACK.encode(), "data/a.png": PNG, "underpaint.json": b"[" * 200_000}
    ),
    "paper no colour": with_notes(paper=[1, 2, 999]),
    "paper a word": with_notes(paper="white"),
    "labels without palette": with_notes(kind="labels"),
    "palette empty": with_notes(kind="labels", palette={"name": "x", "labels": []}),
    "palette endless": with_notes(kind="labels", palette={"name": "x", "labels": [["a", [0, 0, 0]]] * 300}),
    "palette broken": with_notes(kind="labels", palette={"name": "x", "labels": [["a", [0, 0]]]}),
    "format a word": with_notes(format="one"),
    "format too new": with_notes(format=project.FORMAT + 1),
    "roles a list": with_notes(roles=[]),
}
BOMBS: dict[str, Callable[[], dict[str, bytes]]] = {
    "bomb in stack": lambda: {"stack.xml": b" " * (60 << 20)},
    "bomb in layer": lambda: {"stack.xml": STACK.encode(), "data/a.png": b"\0" * (200 << 20)},
    "bomb in notes": lambda: {
        "stack.xml": STACK.encode(),
        "data/a.png": PNG,
        "underpaint.json": b" " * (9 << 20),
    },
}
"""Packed where they are used: that takes a second, and no other test need wait for it."""


@cache
def hostile(what: str) -> bytes:
    return zipped(BOMBS[what]()) if what in BOMBS else HOSTILE[what]


@pytest.mark.parametrize("what", [*HOSTILE, *BOMBS])
def test_hostile_projects_get_a_sentence(what: str, tmp_path: Path) -> None:
    path = tmp_path / "inner" / "drawing.ora"
    path.parent.mkdir()
    path.write_bytes(hostile(what))
    with pytest.raises(PictureError) as caught:
        project.load(path)
    sentence = str(caught.value)
    assert sentence.endswith((".", ").")), sentence
    assert "\n" not in sentence
    assert len(sentence) < 250
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_every_truncation_and_many_bit_flips_get_a_sentence_or_open(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    document = Document.new("sketch", 60, 40)
    document.paste(rng.integers(0, 256, (20, 20, 4), np.uint8), 5, 5)
    path = tmp_path / "drawing.ora"
    project.save(document, path)
    content = path.read_bytes()
    opened = 0
    for number in range(400):
        if number % 4 == 0:
            damaged = content[: int(rng.integers(len(content)))]
        else:
            flipped = bytearray(content)
            for place in rng.integers(0, len(content), 3):
                flipped[place] ^= 1 << int(rng.integers(8))
            damaged = bytes(flipped)
        path.write_bytes(damaged)
        try:
            project.load(path)
            opened += 1
        except PictureError:
            pass
    assert opened < 350


def test_missing_files_and_folders_get_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.ora", tmp_path):
        with pytest.raises(PictureError, match="can't be read"):
            project.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="counts memory as POSIX does")
def test_memory_stays_small(tmp_path: Path) -> None:
    """The largest pictures that pass the checks, and bombs, in a process of their own."""
    (tmp_path / "layer.ora").write_bytes(hostile("bomb in layer"))
    (tmp_path / "size.ora").write_bytes(HOSTILE["100 000 × 100 000"])
    big = np.zeros((5790, 5790, 4), np.uint8)
    stack = '<image w="5790" h="5790"><stack>' + '<layer src="data/a.png"/>' * 2 + "</stack></image>"
    (tmp_path / "large.ora").write_bytes(
        zipped({"stack.xml": stack.encode(), "data/a.png": to_png_bytes(big)})
    )
    del big
    code = """
import resource, sys
from pathlib import Path
status = Path("/proc/self/status")
# Where the system tells, without the memory of the process that this one was forked from.
def most():
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
from desktop.paint.files import project
from engine.errors import PictureError
for name in sorted(Path(sys.argv[1]).glob("*.ora")):
    try:
        project.load(name)
    except PictureError as error:
        print(error)
print(most())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout.split()[-1]) < 1_000_000_000, done.stdout
