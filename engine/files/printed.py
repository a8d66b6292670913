"""What a child process printed into its log: the last sentence of it, for people."""

from __future__ import annotations

from pathlib import Path

TAIL_BYTES = 16 << 10
"""So much of the end of what was printed is looked at."""

_CRASHED = ("Traceback (most recent call last):", "Fatal Python error:", "Windows fatal exception:")


def last_line(log: Path) -> str:
    """The last sentence that the child printed; nothing where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    if is_crash_report(text):
        return f"It ended unexpectedly; “{log}” says more."
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def is_crash_report(text: str) -> bool:
    """Whether Python itself, rather than the program, told of the end."""
    return any(sign in text for sign in _CRASHED)
