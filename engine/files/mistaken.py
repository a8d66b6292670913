"""What a file is that was taken for something else: a page, a pointer, an archive, another program's weights.

Such files come with the right ending and a plausible size; “damaged” would send people to fetch the very same
thing again.
"""

from __future__ import annotations

ENOUGH = 512
"""Bytes from a file's start that ``named`` looks at."""

_BLANK = b"\xef\xbb\xbf \t\r\n"

_STARTS = {
    b"\x89HDF\r\n": "is an HDF5 file, as Keras writes them; only weights of PyTorch can be imported",
    b"GGUF": "is a language model (GGUF), which paints nothing; choose a generator's weights",
    b"\x1f\x8b": "is a packed archive (gzip); unpack it and take the file inside",
    b"7z\xbc\xaf": "is a packed archive (7z); unpack it and take the file inside",
    b"Rar!": "is a packed archive (RAR); unpack it and take the file inside",
    b"\xfd7zXZ": "is a packed archive (xz); unpack it and take the file inside",
    b"\x89PNG": "is a picture; choose a file with weights",
    b"\xff\xd8\xff": "is a picture; choose a file with weights",
    b"%PDF": "is a PDF document; choose a file with weights",
    b"\x93NUMPY": "is a NumPy array; only weights of PyTorch can be imported",
}


def leading(start: bytes) -> str | None:
    """As ``named``, of what stands in the place of any file: a pointer to it, or a page that leads there."""
    if start.startswith(b"version https://git-lfs."):
        return (
            "is a Git LFS pointer, a note that stands for the file; run “git lfs pull” where it was cloned, "
            "or download the file itself"
        )
    if start.lstrip(_BLANK).lower().startswith((b"<!doctype html", b"<html", b"<head")):
        return (
            "is a web page, not the file that it leads to; open the address in a browser and use the page's "
            "own download"
        )
    return None


def named(start: bytes) -> str | None:
    """How a sentence that begins with the file's name goes on; None where nothing is recognised.

    Args:
        start: the first ``ENOUGH`` bytes of the file, or all of it.
    """
    if not start:
        return "is empty; fetch it anew"
    if (words := leading(start)) is not None:
        return words
    for sign, words in _STARTS.items():
        if start.startswith(sign):
            return words
    text = start.lstrip(_BLANK)
    if text.startswith(b"<?xml"):
        return "is a message from a web server (XML), not the file that was asked for; fetch it anew"
    if start[257:262] == b"ustar":
        return "is a packed archive (tar); unpack it and take the file inside"
    # The first field of ONNX is a small version number; producer, graph or operator sets follow it.
    if len(start) > 2 and start[0] == 0x08 and start[1] < 0x20 and start[2] in (0x12, 0x1A, 0x3A, 0x42):
        return "is an ONNX program; import the PyTorch weights that it was made of"
    return None
