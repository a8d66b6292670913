"""The line at the bottom: size and zoom, undo steps, and how fast the network answers where."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from desktop.session import Session
from desktop.widgets.canvas.view import View
from desktop.widgets.panels.file_progress import FileProgress
from desktop.widgets.parts.room import shortened


class StatusLine(QStatusBar):
    """Quiet facts; messages go to the message bar."""

    def __init__(self, session: Session, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self._session, self._view = session, view
        self._place, self._size, self._steps, self._pass = QLabel(), QLabel(), QLabel(), QLabel()
        self._style = QLabel()
        self._pass.setObjectName("pass_time")
        self._style.setObjectName("style_name")
        for label in (self._place, self._size, self._steps, self._style, self._pass):
            label.setTextFormat(Qt.TextFormat.PlainText)  # models are named by strangers
            self.addPermanentWidget(label)
        progress = FileProgress(session.file_work, self)
        self.addWidget(progress)
        self.setMinimumHeight(progress.sizeHint().height() + 4)  # the canvas stays where it is when it comes
        view.changed.connect(self._show_size)
        session.restructured.connect(self._show_size)
        session.watch("steps", self._show_steps)
        session.strokes.watch("became", self._show_shape)
        session.live.watch("card loading seconds device enabled behind", self._show_pass)
        session.library.watch("importing", self._show_pass)
        session.styles.watch("current length", self._show_style)

    def show_position(self, at: QPointF) -> None:
        """Picture coordinates under the pointer."""
        self._place.setText(f"{int(at.x())}, {int(at.y())}")

    def _show_size(self) -> None:
        if self._session.picture is None:
            return
        document = self._session.document
        turned = f"  {self._view.degrees:.0f}°" if self._view.degrees else ""
        self._size.setText(f"{document.width} × {document.height}  ·  {self._view.scale:.0%}{turned}")

    def _show_steps(self) -> None:
        steps = self._session.steps
        self._steps.setText(self.tr("%d undo, %d redo") % (steps.undo, steps.redo))

    def _show_shape(self) -> None:
        became = self._session.strokes.became
        if became:
            text = self.tr("%s – Esc or undo gives the stroke back as it was drawn")
            self.showMessage(text % became, 6000)
        else:
            self.clearMessage()

    def _show_style(self) -> None:
        styles, card = self._session.styles, self._session.live.card
        style = styles.current
        known = card is not None and style is not None and len(style.code) == styles.length
        self._style.setVisible(known)
        if card is not None and style is not None and known:
            # The model's name follows, with how long it takes.
            self._style.setText(self.tr("Style %s") % self._short(style.name or "…") + "  ·")

    def _short(self, name: str) -> str:
        """A long name must not make the window wide."""
        return shortened(name, self.fontMetrics(), 160)

    def _show_pass(self) -> None:
        live, importing = self._session.live, self._session.library.importing
        if importing is not None:
            text = self.tr("Importing “%s” …") % self._short(importing.name)
        elif live.loading:
            text = self.tr("Loading the model …")
        elif live.card is None:
            text = self.tr("No model")
        elif not live.enabled:
            text = self.tr("Live is off – F5 turns it on, Shift+F5 makes one preview")
        else:
            mark = " ●" if live.behind else ""
            where = f"{live.device} {live.precision}{mark}"
            text = f"{self._short(live.card.name)}  ·  {live.seconds * 1000:.0f} ms  ·  {where}"
        self._pass.setText(text)
