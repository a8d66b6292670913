"""What ships with the program, and the folder where a user's own files live. Paths only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


class NoHomeError(RuntimeError):
    """Nobody knows where this user's files are to be; its text is a sentence."""


def path(*names: str) -> Path:
    """The place of a bundled file or folder: ``path("palettes", "facades.gpl")``.

    A packaged program keeps its resources beside its code as well, so this holds there too.
    """
    return _HERE.joinpath(*names)


def home(*names: str) -> Path:
    """The place of a user's file or folder: ``home("models")``. Nothing is made.

    ``UNDERPAINT_HOME``, where set, holds everything; else the platform's own convention does.

    Raises:
        NoHomeError: neither tells.
    """
    chosen = os.environ.get("UNDERPAINT_HOME")
    root = _of_user(chosen) if chosen else _platform_home()
    return root.joinpath(*names)


def _of_user(chosen: str) -> Path:
    try:
        return Path(chosen).expanduser()
    except RuntimeError as error:
        raise NoHomeError(
            f"UNDERPAINT_HOME is “{chosen}”, but there is no such user; set it to a folder for Underpaint's "
            "files."
        ) from error


def _platform_home() -> Path:
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA")
        return (Path(roaming) if roaming else _user() / "AppData" / "Roaming") / "Underpaint"
    if sys.platform == "darwin":
        return _user() / "Library" / "Application Support" / "Underpaint"
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification says to ignore relative paths.
    return (Path(data) if data.startswith("/") else _user() / ".local" / "share") / "underpaint"


def _user() -> Path:
    """The user's own folder; an empty ``HOME`` counts as none, as in a shell without one."""
    try:
        if sys.platform == "win32" or os.environ.get("HOME"):
            return Path.home()
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (RuntimeError, KeyError) as error:
        raise NoHomeError(
            "This user has no home folder; set UNDERPAINT_HOME to a folder for Underpaint's files."
        ) from error
