"""The third page of the training window: how a training goes, on the user's own drawing first of all."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.session import Session
from desktop.widgets.training_curves import Curves
from desktop.widgets.training_pictures import Card, MainButton, Picture, Sheet, as_image, faint, title
from desktop.widgets.training_words import duration, phase_in_words
from engine.messages import Pixels

ROW_PIXELS = 256
"""Height at which samples are read; they are shown smaller."""


class WatchPage(QWidget):
    """Shows ``session.training`` and steers it."""

    left = Signal()
    """Another training is wanted."""
    again = Signal()
    """This one could not start; its settings are to be changed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = session.training
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(12)
        column.addLayout(self._head())
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        column.addWidget(self._bar)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self._drawing(), 3)
        middle.addWidget(self._losses(), 2)
        column.addLayout(middle, 3)
        column.addWidget(self._samples(), 3)
        training = self._training
        training.watch("run", self._clear)
        training.watch("phase plan line has_model", self._show_state)
        training.told.connect(self._show_told)
        training.translated.connect(self._show_drawing)
        training.pictured.connect(self._show_picture)
        session.watch("picture", self._explain)

    # --- building -------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._back = QToolButton()
        self._back.setAutoRaise(True)
        self._back.setToolTip(self.tr("Other trainings; this one goes on"))
        self._back.clicked.connect(self.left)
        words = QVBoxLayout()
        words.setSpacing(0)
        self._name = title("", 1.3)
        self._status = faint()
        self._status.setObjectName("training_status")
        words.addWidget(self._name)
        words.addWidget(self._status)
        row.addWidget(self._back)
        row.addLayout(words, 1)
        self._pause = self._button("pause", self.tr("&Pause"), self._training.pause)
        self._go_on = self._button("go_on", self.tr("&Continue"), self._training.go_on)
        self._stop = self._button("stop", self.tr("&Stop"), self._training.stop)
        self._resume = self._button("resume", self.tr("&Resume"), self._training.resume)
        self._again = self._button("again", self.tr("&Change the settings"), self.again.emit)
        self._paint = MainButton(self.tr("Paint &with it"))
        self._paint.setObjectName("paint_with_it")
        self._paint.setToolTip(self.tr("Take the newest model over into your own, and open it"))
        self._paint.clicked.connect(self._training.take_over)
        for button in (self._pause, self._go_on, self._stop, self._resume, self._again, self._paint):
            row.addWidget(button)
        return row

    def _button(self, name: str, text: str, do: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(do)
        return button

    def _drawing(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 10, 14, 10)
        row = QHBoxLayout()
        row.setSpacing(12)
        self._drawn = Picture(self.tr("Your drawing"), "")
        self._made = Picture(self.tr("What the newest weights make of it"), "")
        self._made.setObjectName("translated_drawing")
        row.addWidget(self._drawn, 1)
        row.addWidget(self._made, 1)
        column.addLayout(row, 1)
        self._health = faint()
        self._health.setObjectName("health")
        column.addWidget(self._health)
        return card

    def _losses(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(8, 8, 8, 8)
        self._curves = Curves()
        column.addWidget(self._curves)
        return card

    def _samples(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 10, 14, 10)
        self._sheet = Sheet()
        self._past = QSlider(Qt.Orientation.Horizontal)
        self._past.setObjectName("past")
        self._past.setAccessibleName(self.tr("Through the past of these pictures"))
        self._past.setPageStep(1)
        self._past.setRange(0, 0)
        self._past.valueChanged.connect(self._show_look)
        self._when = faint()
        self._when.setMinimumWidth(150)
        row = QHBoxLayout()
        row.addWidget(self._past, 1)
        row.addWidget(self._when)
        column.addWidget(self._sheet, 1)
        column.addLayout(row)
        return card

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self._back.setIcon(theme.icon("mdi6.arrow-left"))
        for button, name in (
            (self._pause, "mdi6.pause"),
            (self._go_on, "mdi6.play"),
            (self._stop, "mdi6.stop"),
            (self._resume, "mdi6.play"),
        ):
            button.setIcon(theme.icon(name))

    # --- showing --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Curves are drawn only while somebody sees them."""
        super().showEvent(event)
        self._show_told()

    def _clear(self) -> None:
        for picture in (self._drawn, self._made):
            picture.show_image(QImage())
        self._sheet.clear()
        self._past.setRange(0, 0)
        self._when.clear()
        self._health.clear()
        run = self._training.run
        self._name.setText(run.name if run else "")
        self._explain()

    def _show_state(self) -> None:
        training = self._training
        phase, plan = training.phase, training.plan
        if plan is not None:
            self._name.setText(plan.name)
        self._pause.setVisible(phase == "running")
        self._go_on.setVisible(phase == "paused")
        self._stop.setVisible(phase in ("starting", "running", "paused"))
        self._resume.setVisible(phase in ("stopped", "interrupted"))
        self._again.setVisible(phase == "failed")
        self._paint.setVisible(phase != "failed")
        self._paint.setEnabled(training.has_model)
        self._show_status()
        self._explain()

    def _show_told(self) -> None:
        self._show_status()
        told = self._training.chronicle
        # Without end while nothing is known: the machine is being measured.
        self._bar.setRange(0, told.steps or int(self._training.phase != "starting"))
        self._bar.setValue(told.step)
        self._health.setText(told.message if told.message and not told.health else told.health)
        if not self.isVisible():
            return
        self._curves.show_curves(told)
        newest, count = self._past.value() == self._past.maximum(), len(told.looks)
        if (count and self._past.maximum() != count - 1) or (count and "made" not in self._sheet.rows):
            self._past.setRange(0, count - 1)
            for row in ("inputs", "targets"):
                self._training.read(f"{row}.png", ROW_PIXELS)
            if newest:
                self._past.setValue(count - 1)
            self._show_look()

    def _show_status(self) -> None:
        training = self._training
        told, phase = training.chronicle, training.phase
        if phase in ("starting", "failed"):
            text = training.line or self.tr("Starting; soon it measures how fast this machine is …")
            self._status.setText(text)
            return
        words = [phase_in_words(phase).capitalize()]
        if told.steps:
            words.append(self.tr("step %d of %d") % (told.step, told.steps))
        if phase in ("running", "paused", "stopping"):
            if told.speed:
                words.append(self.tr("%.1f pictures a second") % told.speed)
            if phase == "running" and told.seconds_left is not None:
                words.append(self.tr("%s left") % duration(told.seconds_left))
        if phase == "interrupted" and training.line:
            words.append(training.line)
        self._status.setText(" · ".join(words))

    def _show_look(self) -> None:
        looks = self._training.chronicle.looks
        if not looks:
            return
        look = looks[min(self._past.value(), len(looks) - 1)]
        plan = self._training.plan
        sweep = look.step * plan.batch / plan.pairs if plan else 0
        self._when.setText(self.tr("step %d, sweep %.1f") % (look.step, sweep))
        self._training.read(look.picture, ROW_PIXELS)

    def _show_picture(self, name: str, image: QImage) -> None:
        row = {"inputs.png": "inputs", "targets.png": "targets"}.get(name, "made")
        looks = self._training.chronicle.looks
        count = next((look.count for look in looks if look.picture == name), looks[-1].count if looks else 1)
        self._sheet.show_row(row, image, count)

    def _show_drawing(self, drawn: Pixels | None, made: QImage) -> None:
        if drawn is not None:
            self._drawn.show_image(as_image(drawn))
        self._made.show_image(made)

    def _explain(self) -> None:
        """Why there is no translated drawing, where there is none."""
        kinds = {
            "sketch": self.tr("a sketch"),
            "labels": self.tr("a label picture"),
            "image": self.tr("an image"),
        }
        plan = self._training.plan
        if plan is not None and not self._training.fits():
            excuse = (
                self.tr("Put %s on the canvas to watch how this model learns to see it.") % kinds[plan.input]
            )
        elif self._training.goes_on:
            excuse = self.tr("What is on the canvas appears here, every few seconds anew.")
        else:
            excuse = ""
        self._drawn.explain(excuse)
        self._made.explain("" if plan is not None and not self._training.fits() else excuse and "…")
