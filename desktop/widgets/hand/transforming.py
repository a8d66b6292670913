"""What is transformed, in numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QToolButton, QWidget

from desktop.session import Session
from desktop.support import theme


class TransformBar(QWidget):
    """Numbers, mirrors, and the two ways to end."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("transform_bar")
        self._strokes = session.strokes
        self._filling = False
        self._icons: list[tuple[QToolButton, str]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 0, 4, 0)
        px, percent, degrees = self.tr(" px"), self.tr(" %"), self.tr("°")
        tip = self.tr("How far it has moved to the right")
        self._across = self._number("across", self.tr("Right"), px, 100_000, tip)
        self._down = self._number("down", self.tr("Down"), px, 100_000, self.tr("How far it has moved down"))
        self._wide = self._number("wide", self.tr("Width"), percent, 10_000, self.tr("Negative: mirrored"))
        self._high = self._number("high", self.tr("Height"), percent, 10_000, self.tr("Negative: mirrored"))
        self._degrees = self._number("degrees", self.tr("Turn"), degrees, 360, self.tr("Clockwise"))
        self._button(
            "mdi6.reflect-horizontal", self.tr("Mirror left and right"), lambda: self._turned("wide")
        )
        self._button("mdi6.reflect-vertical", self.tr("Mirror top and bottom"), lambda: self._turned("high"))
        self._button("mdi6.check", self.tr("Keep it (Enter)"), self._strokes.finish)
        self._button("mdi6.close", self.tr("Take it back (Esc)"), self._cancel)
        for reaction in (self._strokes.shown, self._strokes.touched):
            reaction.connect(self._show)
        self._strokes.watch("drawing", self._show)

    def _number(self, field: str, text: str, unit: str, most: float, tip: str) -> QDoubleSpinBox:
        label, box = QLabel(text), QDoubleSpinBox()
        label.setBuddy(box)
        box.setObjectName(f"transform_{field}")
        box.setRange(-most, most)
        box.setDecimals(1)
        box.setSuffix(unit)
        box.setKeyboardTracking(False)
        box.setMaximumWidth(96)
        box.setToolTip(tip)
        factor = 0.01 if field in ("wide", "high") else 1.0
        box.valueChanged.connect(lambda value: self._set(field, value * factor))
        for widget in (label, box):
            self._row.addWidget(widget)
        return box

    def _button(self, icon: str, tip: str, reaction: Callable[[], object]) -> None:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: reaction())
        self._icons.append((button, icon))
        self._row.addWidget(button)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has icons of other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for button, icon in self._icons:
                button.setIcon(theme.icon(icon))

    def _set(self, field: str, value: float) -> None:
        if self._filling:
            return
        if value or field not in ("wide", "high"):
            self._strokes.place(**{field: value})
        else:  # nothing is 0 pixels wide, and the field must not say so
            self._show()

    def _turned(self, field: str) -> None:
        placement = self._strokes.placement
        if placement is not None:
            self._strokes.place(**{field: -getattr(placement, field)})

    def _cancel(self) -> None:
        self._strokes.cancel()
        self._strokes.shown.emit()

    def _show(self) -> None:
        """Fill in what is so; done quietly, so that nothing is set in return."""
        self.setEnabled(self._strokes.placement is not None)
        # Of the last box nothing stays.
        across, down, wide, high, degrees = self._strokes.placement or (0.0, 0.0, 1.0, 1.0, 0.0)
        self._filling = True
        self._across.setValue(across)
        self._down.setValue(down)
        self._wide.setValue(wide * 100)
        self._high.setValue(high * 100)
        self._degrees.setValue(degrees)
        self._filling = False
