"""About Underpaint: versions, devices, the models' terms, and the licences of everything that comes along."""

from __future__ import annotations

import platform

from PySide6.QtCore import QProcess, Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support.background import program
from desktop.support.licences import Part, parts
from desktop.support.task_queue import TaskQueue
from desktop.widgets.parts.room import fit

WIDTH, HEIGHT = 780, 520


class AboutDialog(QDialog):
    """What this is, what it runs on, and on what terms.

    Args:
        session: tells which model runs where, and which models there are.
        version: the program's.
    """

    def __init__(self, session: Session, version: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Underpaint"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, WIDTH, HEIGHT)
        self._tasks = TaskQueue("licences", self)
        self.finished.connect(self._leave)
        self._devices = self._paragraph(self.tr("Looking …"))
        self._devices.setTextFormat(Qt.TextFormat.PlainText)
        self.pages = QTabWidget()
        self.pages.addTab(self._about(session, version), self.tr("&Program"))
        self.pages.addTab(self._models(session), self.tr("&Models"))
        self.pages.addTab(self._licences(), self.tr("&Licences"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.pages)
        column.addWidget(buttons)
        self._ask_for_devices()

    # --- the pages ------------------------------------------------------------------------------

    def _about(self, session: Session, version: str) -> QWidget:
        live = session.live
        running = (
            self.tr("%s, %s") % (live.device, live.algorithms or live.precision)
            if live.device
            else self.tr("not loaded yet")
        )
        text = self._paragraph(
            self.tr(
                "<h3>Underpaint %s</h3>"
                "<p>Sketch, or paint labels; a neural network paints the photograph over your strokes.</p>"
                "<p>The idea is pix2pix: Isola, Zhu, Zhou and Efros, <i>Image-to-Image Translation with "
                "Conditional Adversarial Networks</i>, CVPR 2017.</p>"
                "<p>The program is free under the MIT licence; each model has terms of its own. It opens no "
                "network connection.</p>"
                "<p>Network runs on: %s<br>Python %s, Qt %s</p>"
                "<p><b>Devices</b></p>"
            )
            % (version, running, platform.python_version(), qVersion())
        )
        text.setTextFormat(Qt.TextFormat.RichText)
        return self._page(text, self._devices)

    def _models(self, session: Session) -> QWidget:
        rows = []
        for entry in session.library.models:
            card = entry.card
            if card is None:
                continue
            terms = card.licence or self.tr("Nothing is said of its terms; ask whoever made it.")
            data = self.tr("Learned from: %s") % card.data if card.data else ""
            rows.append("\n".join(line for line in (entry.name, terms, data) if line))
        shown = QPlainTextEdit("\n\n".join(rows))  # plain: models are made by strangers
        shown.setReadOnly(True)
        said = self._paragraph(self.tr("Each model tells on what terms it may be used."))
        return self._page(said, shown, stretch=False)

    def _licences(self) -> QWidget:
        self._names = QListWidget()
        self._names.setFixedWidth(210)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._names)
        row.addWidget(self._text, 1)
        said = self._paragraph(self.tr("Underpaint is built of the work of others. What comes with it:"))
        self._tasks.do(parts, self._list)
        return self._page(said, both, stretch=False)

    def _page(self, *widgets: QWidget, stretch: bool = True) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        for widget in widgets:
            column.addWidget(widget)
        if stretch:
            column.addStretch(1)
        return page

    def _paragraph(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    # --- what is found out ----------------------------------------------------------------------

    def _list(self, found: list[Part]) -> None:
        for part in found:
            self._names.addItem(f"{part.name} {part.version}".strip())
        self._names.currentRowChanged.connect(lambda row: self._show(found[row]))
        self._names.setCurrentRow(0)

    def _show(self, part: Part) -> None:
        head = self.tr("%s %s\nTerms: %s") % (part.name, part.version, part.terms)
        self._text.setPlainText(f"{head}\n\n{part.text}")

    def _ask_for_devices(self) -> None:
        """Asking a card's driver may take seconds, and may end the process that asks: a child does it."""
        command, *words = program()
        self._child = QProcess(self)
        self._child.finished.connect(self._show_devices)
        self._child.errorOccurred.connect(lambda _error: self._show_devices())
        self._child.start(command, [*words, "devices"])

    def _show_devices(self) -> None:
        output = bytes(self._child.readAllStandardOutput().data()).decode("utf-8", "replace").strip()
        self._devices.setText(output or self.tr("It could not be found out which devices there are."))

    def _leave(self) -> None:
        self._tasks.give_up()  # nothing is written
        self._child.finished.disconnect()
        self._child.errorOccurred.disconnect()
        if self._child.state() != QProcess.ProcessState.NotRunning:
            self._child.kill()
            self._child.waitForFinished()
