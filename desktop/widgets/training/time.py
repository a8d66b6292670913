"""How long to train: a slider through the times there are, with what each one means in words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from desktop.widgets.parts.pictures import faint, title
from desktop.widgets.training.words import TIMES, chosen_time, quality


class HowLong(QWidget):
    """Words at the left, the slider at the right.

    Args:
        name: of the slider.
        minutes: one of ``TIMES``, to begin with.
        promising: whether it says what can be hoped for; of so long a training from its start.
    """

    def __init__(self, name: str, minutes: int, promising: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._time = title("", 1.15 if promising else 1.0)
        self._promise = faint()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName(name)
        self._slider.setRange(0, len(TIMES) - 1)
        self._slider.setPageStep(1)
        self._slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self._slider.setAccessibleName(self.tr("How long to train"))
        self._slider.valueChanged.connect(self._show)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._time)
        if promising:
            words.addWidget(self._promise)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(words, 1)
        row.addWidget(self._slider, 1)
        self._slider.setValue(TIMES.index(minutes))
        self._show()

    @property
    def minutes(self) -> int:
        """What is chosen."""
        return TIMES[self._slider.value()]

    @property
    def words(self) -> str:
        """What is said of it: “About 40 minutes here”."""
        return self._time.text()

    def _show(self) -> None:
        self._time.setText(chosen_time(self.minutes).capitalize())
        self._promise.setText(quality(self.minutes))
