"""Amounts in words, for sentences on the command line: times, bytes, speeds. What is small gets a smaller
unit, rather than a nought."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """“40 s”, “12 min”, “1 h 40 min”."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{max(0, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def room(size: int) -> str:
    """So many bytes: “12 MB”, “1.5 GB”."""
    megabytes = size / (1 << 20)
    return f"{max(1, round(megabytes))} MB" if megabytes < 1000 else f"{megabytes / 1024:.1f} GB"


def speed(pictures: float) -> str:
    """So many pictures a second: “3.2 pictures/s”, “25 s a picture”."""
    if 0 < pictures < 0.95:
        return f"{duration(1 / pictures)} a picture"
    return f"{pictures:.1f} pictures/s"
