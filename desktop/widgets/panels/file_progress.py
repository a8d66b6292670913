"""What is being read or written, how far that is, and a button that ends it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from desktop.support import theme
from desktop.support.file_work import FileWork, Job
from desktop.widgets.parts.room import shortened

SHOWN_AFTER_MS = 600
"""What is done by then needs no bar."""
_STEPS = 1000
_WIDTH = 260
"""Pixels that the text may take; names of files have no end."""


class FileProgress(QWidget):
    """The oldest of the jobs that go on, once it takes a while; the others are counted."""

    def __init__(self, file_work: FileWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("file_progress")
        self._file_work = file_work
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # files are named by strangers
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(110, 12)
        self._cancel = QToolButton()
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay with the canvas
        self._cancel.clicked.connect(self._give_up)
        for widget in (self._text, self._bar, self._cancel):
            row.addWidget(widget)
        row.addStretch(1)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SHOWN_AFTER_MS)
        self._soon.timeout.connect(self._appear)
        self.hide()
        file_work.watch("jobs", self._take_up)
        file_work.progressed.connect(self._show, Qt.ConnectionType.QueuedConnection)

    @property
    def job(self) -> Job | None:
        """The one that is told of."""
        return next(iter(self._file_work.jobs), None)

    def _take_up(self) -> None:
        if self.job is None:
            self._soon.stop()
            self.hide()
        elif not self.isVisible() and not self._soon.isActive():
            self._soon.start()
        self._show()

    def _appear(self) -> None:
        self._show()
        self.show()

    def _show(self) -> None:
        job = self.job
        if job is None:
            return
        more = len(self._file_work.jobs) - 1
        # A file is written whole or not at all, so the end of it may be a moment away.
        text = self.tr("Giving up: %s …") if job.is_cancelled else "%s …"
        text %= shortened(job.text, self.fontMetrics(), _WIDTH)
        self._text.setText(self.tr("%s and %d more") % (text, more) if more else text)
        self._bar.setRange(0, _STEPS if job.share else 0)  # 0 to 0 is drawn as “busy”
        self._bar.setValue(round(job.share * _STEPS))
        self._cancel.setEnabled(not job.is_cancelled)
        self._cancel.setToolTip(theme.plain(self.tr("Give up: %s") % job.text))

    def _give_up(self) -> None:
        if self.job is not None:
            self.job.cancel()
