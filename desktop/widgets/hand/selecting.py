"""How one selects: by what, and what becomes of the selection that is there."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from desktop.session import Session
from desktop.support import theme


class SelectBar(QWidget):
    """Two rows of switches, and what matters to selecting by colour."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._icons: list[tuple[QToolButton, str]] = []
        self.setObjectName("select_bar")
        self._session = session
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 0, 4, 0)
        self._row.setSpacing(2)
        self._buttons: dict[str, dict[str, QToolButton]] = {"selects": {}, "combine": {}}
        group = QButtonGroup(self)
        self._add(group, "selects", "rectangle", "mdi6.selection", self.tr("By a rectangle (Shift+R)"))
        self._add(group, "selects", "hand", "mdi6.lasso", self.tr("By hand (Shift+P)"))
        self._add(group, "selects", "polygon", "mdi6.vector-polygon", self.tr("Corner by corner (Shift+G)"))
        self._add(group, "selects", "colour", "mdi6.auto-fix", self.tr("By colour (Shift+F)"))
        self._row.addSpacing(12)
        group = QButtonGroup(self)
        self._add(group, "combine", "replace", "mdi6.square-outline", self.tr("Select anew"))
        self._add(group, "combine", "add", "mdi6.plus-box-outline", self.tr("Add to the selection (Shift)"))
        text = self.tr("Take from the selection (Alt)")
        self._add(group, "combine", "subtract", "mdi6.minus-box-outline", text)
        self._colour = QWidget()
        row = QHBoxLayout(self._colour)
        row.setContentsMargins(8, 0, 0, 0)
        label = QLabel(self.tr("Tolerance"))
        self._tolerance = QSpinBox()
        self._tolerance.setRange(0, 255)
        self._tolerance.setToolTip(self.tr("How far a colour may differ and still be selected"))
        self._tolerance.valueChanged.connect(self._set_tolerance)
        label.setBuddy(self._tolerance)
        self._contiguous = QCheckBox(self.tr("Only what hangs together"))
        self._contiguous.setToolTip(self.tr("Off: the colour is selected wherever it is in the picture"))
        self._contiguous.clicked.connect(lambda on: session.strokes.set_everywhere(contiguous=on))
        for widget in (label, self._tolerance, self._contiguous):
            row.addWidget(widget)
        self._row.addWidget(self._colour)
        session.strokes.watch("ink", self._show)

    def _add(self, group: QButtonGroup, field: str, value: str, icon: str, tip: str) -> None:
        button = QToolButton()
        button.setObjectName(f"{field}_{value}")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setIcon(theme.icon(icon))
        self._icons.append((button, icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: self._session.strokes.set_everywhere(**{field: value}))
        group.addButton(button)
        self._buttons[field][value] = button
        self._row.addWidget(button)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has icons of other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for button, icon in self._icons:
                button.setIcon(theme.icon(icon))

    def _set_tolerance(self, value: int) -> None:
        if value != self._session.strokes.ink.tolerance:
            self._session.strokes.set_ink(tolerance=value)

    def _show(self) -> None:
        ink = self._session.strokes.ink
        self._buttons["selects"][ink.selects].setChecked(True)
        self._buttons["combine"][ink.combine].setChecked(True)
        self._tolerance.setValue(ink.tolerance)
        self._contiguous.setChecked(ink.contiguous)
        self._colour.setVisible(ink.selects == "colour")
