"""The bar above the canvas: size, hardness, opacity and the other settings of the tool in hand."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolBar,
    QWidget,
)

from desktop.paint.brushes import brushes
from desktop.paint.tools import Setting, tools
from desktop.session import Session
from desktop.widgets.hand.presets import Presets
from desktop.widgets.hand.selecting import SelectBar
from desktop.widgets.hand.transforming import TransformBar

_STEPS = 1000
_LARGEST = 500.0
_NOT_FOR_LABELS: tuple[Setting, ...] = ("brush", "hardness", "opacity")
"""Labels are hard and opaque, whatever they are drawn with."""


class BrushBar(QToolBar):
    """Settings of the tool; what a tool or layer has no use for is hidden."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("brush_bar")
        self.setWindowTitle(self.tr("Brush"))
        self.setMovable(False)
        self.setFixedHeight(38)  # another tool must not move the picture
        self._session = session
        self._filling = False
        self._brush = QComboBox()
        for name, brush in brushes().items():
            self._brush.addItem(brush.title, name)
        self._brush.setToolTip(self.tr("Kind of brush"))
        self._brush.activated.connect(lambda: self._set(brush=self._brush.currentData()))
        self.presets = Presets(session)
        self._presets_action = self.addWidget(self.presets)
        brush_action = self.addWidget(self._brush)
        self._size = QSlider(Qt.Orientation.Horizontal)
        self._size.setRange(0, _STEPS)
        self._size.setFixedWidth(130)
        self._size_box = QSpinBox()
        self._size_box.setRange(1, int(_LARGEST))
        self._size_box.setSuffix(self.tr(" px"))
        self._size.valueChanged.connect(lambda step: self._set(size=_size_of(step)))
        self._size_box.valueChanged.connect(lambda size: self._set(size=float(size)))
        for slider in (self._size, self._size_box):
            slider.setToolTip(self.tr("Size of the brush in picture pixels ([ and ], Shift and wheel)"))
        size_action = self._group(self.tr("Size"), self._size, self._size_box)
        self._hardness, hardness_action = self._fraction(
            self.tr("Hardness"), "hardness", self.tr("How sharp the edge of the stroke is")
        )
        self._opacity, opacity_action = self._fraction(
            self.tr("Opacity"),
            "opacity",
            self.tr("A stroke never gets denser than this, even where it crosses itself"),
        )
        self._stabiliser, stabiliser_action = self._fraction(
            self.tr("Steady"),
            "stabiliser",
            self.tr("Takes the trembling out of the line; it then follows a little behind"),
        )
        self._pressure_size = QCheckBox(self.tr("size"))
        self._pressure_size.setToolTip(self.tr("The pen's pressure sets the size"))
        self._pressure_size.toggled.connect(lambda on: self._set(pressure_size=on))
        self._pressure_opacity = QCheckBox(self.tr("opacity"))
        self._pressure_opacity.setToolTip(self.tr("The pen's pressure sets the opacity"))
        self._pressure_opacity.toggled.connect(lambda on: self._set(pressure_opacity=on))
        pressure_action = self._group(self.tr("Pressure:"), self._pressure_size, self._pressure_opacity)
        self._filled = QCheckBox(self.tr("Filled"))
        self._filled.setToolTip(self.tr("Fill the shape rather than draw its outline"))
        self._filled.toggled.connect(lambda on: self._set(filled=on))
        filled_action = self.addWidget(self._filled)
        self._tolerance = QSpinBox()
        self._tolerance.setRange(0, 255)
        self._tolerance.setToolTip(
            self.tr("How far a colour may differ and be filled; smart fill with Ctrl goes by the draft")
        )
        self._tolerance.valueChanged.connect(lambda value: self._set(tolerance=value))
        self._gap = QSpinBox()
        self._gap.setRange(0, 12)
        self._gap.setSuffix(self.tr(" px"))
        self._gap.setToolTip(self.tr("Openings up to this width don't let the fill out"))
        self._gap.valueChanged.connect(lambda value: self._set(gap=value))
        fill_action = self._group(
            self.tr("Tolerance"), self._tolerance, QLabel(self.tr("Close gaps")), self._gap
        )
        self._fold = QSpinBox()
        self._fold.setObjectName("fold")
        self._fold.setRange(2, 12)
        self._fold.setToolTip(self.tr("How many of each stroke radial symmetry makes"))
        self._fold.valueChanged.connect(self._set_fold)
        self._fold_action = self._group(self.tr("Radial"), self._fold)
        self._shown: dict[Setting, QAction] = {
            "brush": brush_action,
            "size": size_action,
            "hardness": hardness_action,
            "opacity": opacity_action,
            "stabiliser": stabiliser_action,
            "pressure": pressure_action,
            "filled": filled_action,
            "tolerance": fill_action,
            "selects": self.addWidget(SelectBar(session)),
            "placement": self.addWidget(TransformBar(session)),
        }
        session.watch("picture", self._show)
        session.strokes.watch("ink tool", self._show)
        session.restructured.connect(self._show)

    def _group(self, text: str, *widgets: QWidget):  # type: ignore[no-untyped-def]
        box = QWidget()
        box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(box)
        row.setContentsMargins(8, 0, 8, 0)
        label = QLabel(text)
        row.addWidget(label)
        label.setBuddy(widgets[0])
        for widget in widgets:
            row.addWidget(widget)
        return self.addWidget(box)

    def _fraction(self, text: str, field: str, tip: str):  # type: ignore[no-untyped-def]
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setFixedWidth(72)
        slider.setToolTip(tip)
        slider.setAccessibleName(text)
        slider.valueChanged.connect(lambda value: self._set(**{field: value / 100}))
        return slider, self._group(text, slider)

    def _set(self, **fields: object) -> None:
        if not self._filling:
            self._session.strokes.set_ink(**fields)

    def _set_fold(self, fold: int) -> None:
        if not self._filling:
            self._session.strokes.set_everywhere(fold=fold)

    def _show(self) -> None:
        """Fill in what the session has; done quietly, so that nothing is set in return."""
        session = self._session
        if session.picture is None:
            return
        ink = session.strokes.ink
        tool = tools()[session.strokes.tool]
        labels = session.document.active.role == "labels"
        self._filling = True
        self._brush.setCurrentIndex(self._brush.findData(ink.brush))
        self._size.setValue(_step_of(ink.size))
        self._size_box.setValue(round(ink.size))
        self._hardness.setValue(round(ink.hardness * 100))
        self._opacity.setValue(round(ink.opacity * 100))
        self._stabiliser.setValue(round(ink.stabiliser * 100))
        self._pressure_size.setChecked(ink.pressure_size)
        self._pressure_opacity.setChecked(ink.pressure_opacity)
        self._pressure_opacity.setVisible(not labels)
        self._filled.setChecked(ink.filled)
        self._tolerance.setValue(ink.tolerance)
        self._gap.setValue(ink.gap)
        self._fold.setValue(ink.fold)
        self._fold_action.setVisible(ink.symmetry == "radial" and bool(tool.settings))
        self._filling = False
        self._presets_action.setVisible("brush" in tool.settings)
        for setting, action in self._shown.items():
            action.setVisible(setting in tool.settings and not (labels and setting in _NOT_FOR_LABELS))


def _size_of(step: int) -> float:
    """The slider is logarithmic: as many steps from 1 to 2 pixels as from 100 to 200."""
    return float(round(math.exp(step / _STEPS * math.log(_LARGEST)), 1))


def _step_of(size: float) -> int:
    return round(math.log(max(size, 1.0)) / math.log(_LARGEST) * _STEPS)
