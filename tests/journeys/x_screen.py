"""A virtual X screen with a hand (xdotool moves the real pointer) and an eye (its frame buffer)."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
from PIL import Image

Pixels = npt.NDArray[np.uint8]

PATIENCE_S = 60.0
TRIES = 9
"""Searches for a window in a row that may fail."""
_AGAIN_S, _STILL_S = 0.3, 0.6


class Screen:
    """An Xvfb of 1280 × 800 and the programs shown on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(writer),
                "-screen",
                "0",
                "1280x800x24",
                "-fbdir",
                str(folder),
                "-nolisten",
                "tcp",
                "-noreset",  # else it starts anew when the last program ends, and the next finds no screen
            ],
            pass_fds=[writer],
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        with os.fdopen(reader) as answer:
            self.display = f":{answer.readline().strip()}"
        self._programs: list[subprocess.Popen[bytes]] = []
        self._homes: set[str] = set()

    def start(self, *command: str, home: Path, program: str = sys.executable) -> subprocess.Popen[bytes]:
        """Start a program, by default Python, on this screen, with its files in ``home``."""
        environment = {**os.environ, "DISPLAY": self.display, "UNDERPAINT_HOME": str(home)}
        environment.pop("QT_QPA_PLATFORM", None)
        environment.pop("WAYLAND_DISPLAY", None)
        with (self.folder / "errors").open("ab") as errors:
            child = subprocess.Popen([program, *command], env=environment, stderr=errors)
        self._programs.append(child)
        self._homes.add(str(home))
        return child

    def hand(self, *words: object) -> str:
        """What xdotool says to ``words``."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        return done.stdout.strip()

    def focus(self, name: str = "underpaint") -> str:
        """Wait for the window of class ``name`` and give it the keyboard; there is no window manager."""
        try:
            window = self._windows(name, "--sync")[-1]
        except (subprocess.TimeoutExpired, IndexError):
            ended = [program.poll() for program in self._programs]
            said = (self.folder / "errors").read_text()[-2000:]
            raise AssertionError(f"no window {name}; the programs ended with {ended}:\n{said}") from None
        self.hand("windowfocus", "--sync", window)
        return window

    def focus_dialog(self, what: str) -> None:
        """Wait until a window stands before the first one, and give it the keyboard; ``what`` is awaited."""
        self.wait(lambda _seen: len(self._windows("underpaint")) > 1, what)
        self.focus()

    def focus_back(self, what: str) -> None:
        """Wait until the dialog is gone, which ``what`` says, and give the keyboard to the window below."""
        self.wait(lambda _seen: len(self._windows("underpaint")) == 1, what)
        self.focus()

    def _windows(self, name: str, *words: str) -> list[str]:
        """Those of class ``name``; a search fails if one is closed under its eyes, and is made again."""
        for _ in range(TRIES):
            try:
                return self.hand("search", *words, "--onlyvisible", "--class", name).splitlines()
            except subprocess.CalledProcessError:
                continue
        return []

    def drag(self, *points: tuple[float, float]) -> None:
        """Press at the first point, move through the others, release at the last."""
        (x, y), *others = points
        words: list[object] = ["mousemove", round(x), round(y), "mousedown", 1]
        for x, y in others:
            words += ["mousemove", round(x), round(y)]
        self.hand(*words, "mouseup", 1)

    def see(self) -> Pixels:
        """The screen, uint8 (800, 1280, 3)."""
        return _decoded(self._dump())

    def _dump(self) -> bytes:
        """The screen as the server writes it, as an X window dump (XWDFile.h)."""
        return (self.folder / "Xvfb_screen0").read_bytes()

    def wait(self, done: Callable[[Pixels], object], what: str) -> Pixels:
        """Look until ``done(screen)``; the screen then."""
        deadline = time.monotonic() + PATIENCE_S
        dump, seen, looked = b"", np.empty(0, np.uint8), 0.0
        while True:
            # The program wants the processor too: what is the same is looked at again only now and then, for
            # the sake of who waits for a file.
            new = self._dump()
            if new != dump or time.monotonic() - looked > _AGAIN_S:
                if new != dump:
                    dump, seen = new, _decoded(new)
                looked = time.monotonic()
                if done(seen):
                    return seen
            if time.monotonic() > deadline:
                Image.fromarray(seen).save(self.folder / "in-vain.png")
                raise AssertionError(f"waited in vain until {what}; see {self.folder}")
            time.sleep(0.06)  # polls another process's screen; nothing tells when it paints

    def still(self) -> Pixels:
        """Wait until nothing on the screen changes any more; the screen then."""
        last, since = np.empty(0, np.uint8), 0.0

        def nothing_changes(seen: Pixels) -> bool:
            nonlocal last, since
            if seen is not last:
                last, since = seen, time.monotonic()
            return time.monotonic() - since > _STILL_S

        return self.wait(nothing_changes, "the screen is still")

    def close(self) -> None:
        """End everything, however the test went: trainings outlive the window that started them."""
        for program in self._programs:
            if program.poll() is None:
                program.send_signal(signal.SIGKILL)
            program.wait()
        ended: list[psutil.Process] = []
        while left := [child for child in psutil.process_iter() if self._is_ours(child)]:
            for child in left:
                child.kill()
            psutil.wait_procs(left, timeout=0.1)
            ended += left
        # One that is about to end has no environment any more, and is nobody's.
        while left := [child for child in ended if _runs(child)]:
            psutil.wait_procs(left, timeout=0.1)
        self._server.terminate()
        self._server.wait()

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether a process that still runs has its files where our programs have theirs."""
        try:
            home = process.environ().get("UNDERPAINT_HOME")
            return home in self._homes and _runs(process)
        except (psutil.Error, OSError):  # it is another user's, or gone
            return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _decoded(dump: bytes) -> Pixels:
    header = struct.unpack(">25I", dump[:100])
    size, width, height, stride, colours = header[0], header[4], header[5], header[12], header[19]
    rows = np.frombuffer(dump, np.uint8, height * stride, size + colours * 12).reshape(height, stride)
    return rows[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1].copy()


def keep(seen: Pixels, name: str) -> None:
    """Store a screenshot where ``UNDERPAINT_SHOTS`` points to, for people to look at."""
    folder = os.environ.get("UNDERPAINT_SHOTS")
    if folder:
        Image.fromarray(seen).save(Path(folder) / f"journey-{name}.png")


def paper(seen: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the white paper in the left half of the window; zeros if none."""
    white = (seen[:, 40:540] == 255).all(2)
    rows = np.flatnonzero(white.sum(1) > 200)
    columns = np.flatnonzero(white.sum(0) > 200)
    if not len(rows) or not len(columns):
        return 0, 0, 0, 0
    return int(columns[0]) + 40, int(rows[0]), int(columns[-1]) + 41, int(rows[-1]) + 1
