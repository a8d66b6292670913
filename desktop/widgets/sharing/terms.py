"""Above the canvas: what a model from elsewhere says of itself and its terms, before it is used first."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout

from desktop.session import Session
from desktop.widgets.panels.model_dock import sample_picture
from desktop.widgets.parts.pictures import Card, MainButton, faint, title
from engine.models.catalogue import Entry

_HIGHEST = 132
"""Pixels that the words may take; longer ones are scrolled."""
_EDGE = 64


class TermsBar(Card):
    """It takes room of its own and comes between strokes only; the model waits until somebody says so."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("terms_bar")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._session, self._sharing = session, session.models.sharing
        self._picture, self._name, self._words = QLabel(), title(), faint()
        self._words.setObjectName("terms_words")
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area = QScrollArea()
        self._area.setWidget(self._words)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for part in (self._area, self._area.viewport(), self._words):
            part.setAutoFillBackground(False)
        self._use = MainButton(self.tr("&Use it under these terms"))
        self._use.setObjectName("terms_use")
        self._later = QPushButton(self.tr("Not &now"))
        self._later.setObjectName("terms_later")
        self._later.setToolTip(self.tr("It stays in the list; its terms come up when you choose it"))
        self._away = QPushButton(self.tr("Rem&ove it"))
        self._away.setObjectName("terms_remove")
        self._away.setToolTip(self.tr("Delete the copy that was made here; the file that you have stays"))
        self._use.clicked.connect(lambda _checked=False: self._sharing.accept())
        self._later.clicked.connect(lambda _checked=False: self._sharing.put_off())
        self._away.clicked.connect(self._remove)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._area)
        buttons = QVBoxLayout()
        for button in (self._use, self._later, self._away):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys but those with Alt belong to the canvas
            buttons.addWidget(button)
        buttons.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(buttons)
        self.hide()
        self._sharing.watch("asked", self._show)

    def sizeHint(self) -> QSize:
        """As high as the buttons."""
        return QSize(super().sizeHint().width(), _HIGHEST)

    def _show(self) -> None:
        entry: Entry | None = self._sharing.asked
        card = entry.card if entry is not None else None
        self.setVisible(card is not None)
        if card is None:
            return
        picture = sample_picture(card, _EDGE)
        self._picture.setPixmap(picture)
        self._picture.setVisible(not picture.isNull())
        self._name.setText(self.tr("“%s” comes from elsewhere; read its terms before you use it") % card.name)
        parts = (
            (self.tr("What it is"), card.description),
            (self.tr("Learnt from"), card.data or self.tr("it doesn't say")),
            (self.tr("Terms"), card.licence or self.tr("it names none; ask whoever gave it to you")),
        )
        self._words.setText("\n".join(f"{what}: {text.strip()}" for what, text in parts if text.strip()))
        self._area.verticalScrollBar().setValue(0)

    def _remove(self) -> None:
        entry = self._sharing.asked
        self._sharing.put_off()
        if entry is not None:
            self._session.models.remove(entry)
