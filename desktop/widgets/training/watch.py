"""The third page of the training window: how a training goes, on the user's own drawing first of all."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.training.current import Which
from desktop.widgets.parts.pictures import Card, MainButton, Picture, as_image, faint, title
from desktop.widgets.training.curves import Curves
from desktop.widgets.training.sheet import Sheet
from desktop.widgets.training.time import HowLong
from desktop.widgets.training.words import MORE, duration, phase_in_words
from engine.data.messages import Pixels
from engine.files.writing import shown

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
        column.addWidget(self._longer())
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self._drawing(), 3)
        middle.addWidget(self._losses(), 2)
        column.addLayout(middle, 3)
        column.addWidget(self._samples(), 3)
        training = self._training
        training.watch("run", self._clear)
        training.watch("phase plan line host away has_model has_best chosen", self._show_state)
        training.history_changed.connect(self._show_history)
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
        self._resume.setToolTip(self.tr("Go on to the end that was planned"))
        self._again = self._button("again", self.tr("&Change the settings"), self.again.emit)
        self._paint = MainButton(self.tr("Paint &with it"))
        self._paint.setObjectName("paint_with_it")
        self._paint.setToolTip(self.tr("Take the model over into your own, and open it"))
        self._paint.clicked.connect(self._training.take_over)
        self._which = QComboBox()
        self._which.setObjectName("which_model")
        self._which.setToolTip(
            self.tr("Best is the model whose pictures of unknown pairs have come nearest to the photos")
        )
        self._which.activated.connect(lambda: self._choose(self._which.currentData()))
        for widget in (self._pause, self._go_on, self._stop, self._resume, self._again):
            row.addWidget(widget)
        row.addWidget(self._which)
        row.addWidget(self._paint)
        return row

    def _longer(self) -> QWidget:
        self._more = Card()
        row = QHBoxLayout(self._more)
        row.setContentsMargins(14, 8, 8, 8)
        self._how_long = HowLong("more", MORE, promising=False)
        row.addWidget(self._how_long, 1)
        row.addSpacing(14)
        button = self._button("train_on", self.tr("Train &on"), self._train_on)
        button.setToolTip(self.tr("Go on from where it stands for so long, and finish then"))
        row.addWidget(button)
        return self._more

    def _train_on(self) -> None:
        self._training.train_on(self._how_long.minutes)

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
        self._drawn.setObjectName("drawing")
        self._made = Picture(self.tr("What the newest weights make of it"), "")
        self._made.setObjectName("translated_drawing")
        row.addWidget(self._drawn, 1)
        row.addWidget(self._made, 1)
        column.addLayout(row, 1)
        self._health = faint()
        self._health.setObjectName("health")
        self._enough = self._button(
            "stop_with_best", self.tr("Stop here, with the &best one"), self._training.stop_with_best
        )
        below = QHBoxLayout()
        below.addWidget(self._health, 1)
        below.addWidget(self._enough)
        column.addLayout(below)
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
        self._show_history()

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
        self._pause.setVisible(phase == "running" and training.history.edges is None)
        self._go_on.setVisible(phase == "paused")
        self._stop.setVisible(phase in ("starting", "running", "paused"))
        self._resume.setVisible(phase in ("stopped", "interrupted"))
        self._again.setVisible(phase == "failed")
        self._more.setVisible(phase in ("stopped", "interrupted", "finished"))
        self._paint.setVisible(phase != "failed")
        self._paint.setEnabled(training.has_model and not training.away)
        for button in (self._pause, self._go_on, self._stop, self._resume, self._more):
            button.setEnabled(not training.away)
        self._show_choice()
        self._show_status()
        self._explain()

    def _show_choice(self) -> None:
        """Which of the two models is painted with, where they differ."""
        training = self._training
        history = training.history
        steps = history.best_step, history.model_step
        self._enough.setVisible(
            history.overfits and training.has_best and training.phase in ("running", "paused")
        )
        self._which.setVisible(training.has_model and training.has_best and steps[0] != steps[1])
        texts = self.tr("the best, step %d"), self.tr("the newest, step %d")
        for index, (which, text, step) in enumerate(zip(("best", "newest"), texts, steps, strict=True)):
            if self._which.count() <= index:
                self._which.addItem("", which)
            self._which.setItemText(index, text % (step or 0))
        self._which.setCurrentIndex(self._which.findData(training.which))

    def _choose(self, which: Which) -> None:
        self._training.chosen = which

    def _show_history(self) -> None:
        self._show_status()
        history = self._training.history
        # Without end while nothing is known: the machine is being measured.
        done, total = history.edges or (
            history.step,
            history.steps or int(self._training.phase != "starting"),
        )
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._pause.setVisible(self._training.phase == "running" and history.edges is None)
        self._health.setText(history.message if history.message and not history.health else history.health)
        self._show_choice()
        if not self.isVisible():
            return
        self._curves.show_curves(history)
        newest, count = self._past.value() == self._past.maximum(), len(history.validations)
        if (count and self._past.maximum() != count - 1) or (count and "made" not in self._sheet.rows):
            self._past.setRange(0, count - 1)
            for row in ("inputs", "targets"):
                self._training.read(f"{row}.png", ROW_PIXELS)
            if newest:
                self._past.setValue(count - 1)
            self._show_look()

    def _show_status(self) -> None:
        training = self._training
        history, phase = training.history, training.phase
        if training.away:
            self._status.setText(
                self.tr("Its folder can't be reached just now; when it is back, this goes on.")
            )
            return
        if phase in ("starting", "failed"):
            begins = training.plan is None or not history.step
            text = (
                self.tr("Starting; soon it measures how fast this machine is …")
                if begins
                else self.tr("Going on from step %d …") % history.step
            )
            self._status.setText(training.line or text)
            return
        words = [phase_in_words(phase).capitalize()]
        if training.host:
            words.append(self.tr("on “%s”") % shown(training.host))
        if history.edges and phase in ("running", "stopping"):
            # Not steps yet: what drawings are made of is being found in the photos.
            words = [self.tr("Finding edges as people draw them: %d of %d photos") % history.edges]
            if phase == "stopping":
                words.append(phase_in_words(phase))
            else:
                words.append(self.tr("%s left, then the training begins") % duration(history.edges_seconds))
            self._status.setText(" · ".join(words))
            return
        if history.steps:
            words.append(self.tr("step %d of %d") % (history.step, history.steps))
        if phase in ("running", "paused", "stopping"):
            if history.speed:
                slow = history.speed < 0.95
                words.append(
                    self.tr("%s a picture") % duration(1 / history.speed)
                    if slow
                    else self.tr("%.1f pictures a second") % history.speed
                )
            if phase == "running" and history.seconds_left is not None:
                words.append(self.tr("%s left") % duration(history.seconds_left))
        if phase == "interrupted" and training.line:
            words.append(training.line)
        self._status.setText(" · ".join(words))

    def _show_look(self) -> None:
        validations = self._training.history.validations
        if not validations:
            return
        validation = validations[min(self._past.value(), len(validations) - 1)]
        plan = self._training.plan
        epoch = validation.step * plan.batch / plan.pairs if plan else 0
        self._when.setText(self.tr("step %d, epoch %.1f") % (validation.step, epoch))
        self._training.read(validation.picture, ROW_PIXELS)

    def _show_picture(self, name: str, image: QImage) -> None:
        row = {"inputs.png": "inputs", "targets.png": "targets"}.get(name, "made")
        validations = self._training.history.validations
        if validations:  # what was given and the photos are those of the newest validation
            validation = next((one for one in validations if one.picture == name), validations[-1])
            self._sheet.show_row(row, image, validation.count, validation.held_back)

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
