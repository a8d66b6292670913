"""A picture file that another program writes: read again whenever it has changed, off the UI thread."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from desktop.documents.saving import Stamp, stamp_of
from desktop.paint.files import project
from desktop.support.report_errors import sentence_for
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Pixels
from engine.data.picture import read
from engine.errors import PictureError
from engine.files.writing import shown

SOON_MS = 40
"""After news of a change: programs write in several pieces."""
AGAIN_MS = 150
"""Until a file that can't be read, or is gone, is looked at again: it is being written, or renamed."""
PATIENCE = 12
"""So often, if nothing changes meanwhile; then it is told."""
SLOW_MS = 1500
"""Looked at all the same: folders elsewhere in the net send no news."""


class Look(NamedTuple):
    """What came of a look at the file."""

    stamp: Stamp | None
    """None: it isn't there."""
    pixels: Pixels | None
    trouble: str = ""
    """Why it can't be read, a sentence."""


class FileSource(QObject):
    """Looks after one file until it is stopped.

    Args:
        path: the file.
        stamp: of what is known of it.
        most: pixels that it may have; its header is asked before any are decoded.
        queue: reads it.
        parent: owns it.
    """

    came = Signal(object)
    """The picture, uint8 (H, W, 3), after a change."""
    gone = Signal(bool)
    """The file isn't there any more; False: it is again."""
    troubled = Signal(str)
    """It can't be read, and isn't being written either; a sentence, once."""

    def __init__(self, path: Path, stamp: Stamp | None, most: int, queue: TaskQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._path, self._known, self._most, self._queue = path, stamp, most, queue
        self._odd: Stamp | None = None
        self._tries = 0
        self._missing = self._stopped = self._looking = self._once_more = False
        self._news = QFileSystemWatcher(self)
        self._soon, self._slow = QTimer(self), QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.look)
        self._slow.timeout.connect(self.look)
        self._news.fileChanged.connect(self._hear)
        self._news.directoryChanged.connect(self._hear)
        self._listen()
        self._slow.start(SLOW_MS)
        self._soon.start(SOON_MS)  # it may have changed between being read and being watched

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        for timer in (self._soon, self._slow):
            timer.stop()
        self._news.deleteLater()

    def look(self) -> None:
        """See whether the file has changed."""
        if self._stopped:
            return
        if self._looking:
            self._once_more = True
            return
        self._looking = True
        path, known, most = self._path, self._known, self._most
        self._queue.do(lambda: look(path, known, most), self._take)

    def _hear(self, _path: str) -> None:
        self._tries = 0
        self._soon.start(SOON_MS)

    def _listen(self) -> None:
        """A file that is replaced, or a folder made anew, is another one to the system."""
        for place in (self._path, self._path.parent):
            if str(place) not in (*self._news.files(), *self._news.directories()) and place.exists():
                self._news.addPath(str(place))

    def _take(self, found: Look | None) -> None:
        self._looking = False
        if self._stopped:
            return
        self._listen()
        if self._once_more:
            self._once_more = False
            self._soon.start(SOON_MS)
        if found is None:
            self._tries = 0
            self._set_missing(False)
        elif found.pixels is not None:
            self._known, self._tries = found.stamp, 0
            self._set_missing(False)
            self.came.emit(found.pixels)
        else:
            self._wait(found)

    def _wait(self, found: Look) -> None:
        if found.stamp != self._odd:  # it is being written
            self._odd, self._tries = found.stamp, 0
        self._tries += 1
        if self._tries < PATIENCE:
            self._soon.start(AGAIN_MS)
        elif found.stamp is None:
            self._known = None
            self._set_missing(True)
        else:
            self._known = found.stamp
            self._set_missing(False)
            self.troubled.emit(found.trouble)

    def _set_missing(self, missing: bool) -> None:
        if missing != self._missing:
            self._missing = missing
            self.gone.emit(missing)


def look(path: Path, known: Stamp | None, most: int) -> Look | None:
    """Read a file if it isn't what is known already; on any thread. None where it is.

    Args:
        path: the file.
        known: its stamp when it was read last.
        most: pixels.
    """
    stamp = stamp_of(path)
    if stamp is None:
        return Look(None, None)
    if stamp == known:
        return None
    try:
        pixels = seen(path, most)
    except (PictureError, MemoryError) as error:
        return Look(stamp_of(path), None, sentence_for(error))
    after = stamp_of(path)
    if after != stamp:  # half of it may be of one picture, half of the other
        return Look(after, None, f"“{shown(path.name)}” is being written.")
    return Look(stamp, pixels)


def seen(path: Path, most: int) -> Pixels:
    """What is seen of a picture file or an OpenRaster project, uint8 (H, W, 3); on any thread.

    Raises:
        PictureError: it can't be read, or is larger than ``most`` pixels.
    """
    if path.suffix.lower() != ".ora":
        return read(path, most=most).pixels
    document = project.load(path).document
    if document.width * document.height > most:
        raise PictureError(
            f"“{shown(path.name)}” has {document.width} × {document.height} pixels; "
            f"at most {most // 1_000_000} million can be watched. Scale it down first."
        )
    return document.picture_flat()
