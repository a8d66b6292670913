"""One line over the top of the canvas for what the user should know; gone by itself.

It lies over the canvas rather than above it: the picture must not move under the pen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from desktop.support import theme
from engine.files.writing import shown

SHORT_MS, LONG_MS = 6_000, 15_000


Answer = tuple[str, Callable[[], object]]
"""A button's text, and what it does."""


@dataclass(frozen=True)
class Message:
    """What the bar can show."""

    sentence: str
    answers: tuple[Answer, ...] = ()
    wrong: bool = False
    stays: bool = False
    """A question: it stays until it is answered or put away."""


class MessageBar(QFrame):
    """Shows one message at a time, the newest; a question comes back until it is answered."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._stage = parent
        self.setObjectName("message_bar")
        self.setAutoFillBackground(True)
        parent.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 6, 6)
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setObjectName("message_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # it may name files and models of strangers
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QHBoxLayout()
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Put away"))
        self._close.clicked.connect(self.put_away)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addLayout(self._buttons)
        row.addWidget(self._close)
        self._shown: Message | None = None
        self._waiting: list[Message] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.put_away)
        self._dress()
        self.hide()

    def say(self, sentence: str) -> None:
        """Tell something good to know."""
        self._put(Message(sentence))

    def warn(self, sentence: str) -> None:
        """Tell what went wrong and what to do."""
        self._put(Message(sentence, wrong=True))

    def offer(self, sentence: str, *answers: Answer) -> None:
        """Tell something, and what could be done about it; gone by itself."""
        self._put(Message(sentence, answers))

    def ask(self, sentence: str, *answers: Answer) -> None:
        """Ask; each answer is a button's text and what it does. Stays until answered or put away.

        Asked again in the same words, the newest answers count.
        """
        self._put(Message(sentence, answers, stays=True))

    def ask_to_replace(self, path: Path, write: Callable[[], object], another: Answer) -> None:
        """Have a file written, whose name is final; first ask where that would take another one's place.

        Args:
            path: the file.
            write: writes it.
            another: what else may be done, a button's text and that.
        """
        if not os.path.exists(path):
            write()
            return
        text = self.tr("“%s” is there already; what it holds would be replaced.") % shown(path.name)
        self.ask(text, (self.tr("&Replace it"), write), another)

    @property
    def goes_by_itself(self) -> bool:
        """Whether what is shown will be gone after a while."""
        return self._timer.isActive()

    def is_asking(self, sentence: str) -> bool:
        """Whether that question is on show, and nothing else over it."""
        shown = self._shown
        return self.isVisible() and shown is not None and shown.stays and shown.sentence == sentence

    def put_away(self) -> None:
        """Hide the message; a question that waited behind it comes up."""
        self._timer.stop()
        self._shown = None
        self.hide()
        if self._waiting:
            self._put(self._waiting.pop(0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the top, in the middle."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        room = self._stage.width() - 24
        width = min(max(self.sizeHint().width(), 560), room)
        height = self.heightForWidth(width)
        self.setGeometry((self._stage.width() - width) // 2, 8, width, height)
        self.raise_()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        self._close.setIcon(theme.icon("mdi6.close"))
        wrong = self._shown is not None and self._shown.wrong
        name = "mdi6.alert-outline" if wrong else "mdi6.information-outline"
        self._icon.setPixmap(theme.icon(name).pixmap(18, 18))

    def _put(self, message: Message) -> None:
        asked = self._shown if self._shown is not None and self._shown.stays else None
        if message.stays:
            # A sentence names a file and not its folder: of the same words only the newest question is meant.
            self._waiting = [other for other in self._waiting if other.sentence != message.sentence]
            if asked is not None and asked.sentence != message.sentence:
                self._waiting.append(message)
                return
        elif asked is not None:
            # News can't wait for an answer; the question comes back after it.
            self._waiting.insert(0, asked)
        self._shown = message
        self._text.setText(message.sentence)
        self._dress()
        while (item := self._buttons.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # it lives on until the next turn of the event loop
                widget.deleteLater()
        for text, answer in message.answers:
            button = QPushButton(text)
            button.setAutoDefault(False)  # Enter is for the dialog that it lies over
            button.clicked.connect(self._answering(answer))
            self._buttons.addWidget(button)
            button.show()  # else, in a bar that is on show, it takes its room only when the text is placed
        self._place()
        self.show()
        if message.stays:
            self._timer.stop()
        else:
            long = message.wrong or message.answers or len(message.sentence) > 80
            self._timer.start(LONG_MS if long else SHORT_MS)

    def _answering(self, answer: Callable[[], object]) -> Callable[[], None]:
        def react() -> None:
            self.put_away()
            answer()

        return react
