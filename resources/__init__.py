"""What ships with the program, and the folder where a user's own files live. Paths only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def path(*names: str) -> Path:
    """The place of a bundled file or folder: ``path("palettes", "facades.gpl")``.

    A packaged program keeps its resources beside its code as well, so this holds there too.
    """
    return _HERE.joinpath(*names)


def home(*names: str) -> Path:
    """The place of a user's file or folder: ``home("models")``. Nothing is made.

    ``UNDERPAINT_HOME``, where set, holds everything; else the platform's own convention does.
    """
    chosen = os.environ.get("UNDERPAINT_HOME")
    root = Path(chosen).expanduser() if chosen else _platform_home()
    return root.joinpath(*names)


def _platform_home() -> Path:
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA")
        return (Path(roaming) if roaming else Path.home() / "AppData" / "Roaming") / "Underpaint"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Underpaint"
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification says to ignore relative paths.
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "underpaint"
