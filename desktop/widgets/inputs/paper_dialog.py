"""Cleaning the photo of a sketch: at the left the sheet's corners, to be dragged, at the right the lines."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from desktop.inputs.paper import Paper
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.dialogs.picture_dialogs import Form
from desktop.widgets.parts.pictures import Picture, as_image, faint, inside, put, smooth
from desktop.widgets.parts.room import fit

_GRIP = 7.0
"""Radius of a corner's handle, pixels of the window."""


class CornerView(QWidget):
    """The photo with the sheet's outline; corners are dragged; space chooses one, arrow keys move it."""

    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self.setObjectName("paper_corners")
        self.setMinimumSize(260, 260)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setToolTip(
            self.tr("Drag the corners to those of the sheet; arrow keys move one, space the next")
        )
        self._paper = paper
        self._image = QImage()
        self._held: int | None = None
        self._chosen = 0
        paper.watch("photo", self._take_photo)
        paper.watch("settings", self.update)

    def sizeHint(self) -> QSize:
        return QSize(440, 440)

    def corner(self, number: int) -> QPointF:
        """Where a corner's handle lies in this widget."""
        settings = self._paper.settings
        assert settings is not None
        x, y = settings.corners[number]
        area = self._area()
        scale = area.width() / max(1, self._image.width())
        return QPointF(area.left() + x * scale, area.top() + y * scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._paper.settings is None or event.button() != Qt.MouseButton.LeftButton:
            return
        distances = [(self.corner(number) - event.position()).manhattanLength() for number in range(4)]
        nearest = distances.index(min(distances))
        if distances[nearest] <= 4 * _GRIP:
            self._held = self._chosen = nearest
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            area = self._area()
            scale = self._image.width() / max(1.0, area.width())
            at = (event.position() - area.topLeft()) * scale
            self._paper.move_corner(self._held, at.x(), at.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if self._paper.settings is None:
            return
        if key in ways:
            step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            x, y = self._paper.settings.corners[self._chosen]
            self._paper.move_corner(self._chosen, x + step * ways[key][0], y + step * ways[key][1])
        elif key == Qt.Key.Key_Space:
            self._chosen = (self._chosen + 1) % 4
            self.update()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        if self._image.isNull() or self._paper.settings is None:
            return
        put(painter, self._image, self._area())
        corners = [self.corner(number) for number in range(4)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((theme.colour("on_accent"), 4), (theme.colour("accent"), 2)):
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(QPolygonF(corners))
        for number, at in enumerate(corners):
            chosen = number == self._chosen and self.hasFocus()
            painter.setPen(QPen(theme.colour("on_accent"), 2))
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(at, _GRIP + 2 * chosen, _GRIP + 2 * chosen)

    def _take_photo(self) -> None:
        photo = self._paper.photo
        self._image = as_image(photo) if photo is not None else QImage()
        self.update()

    def _area(self) -> QRectF:
        room = QRectF(self.rect()).adjusted(_GRIP + 2, _GRIP + 2, -_GRIP - 2, -_GRIP - 2)
        return inside(self._image.size(), room)


class PaperDialog(Form):
    """Live: whatever is changed, the lines follow a moment later."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent.tr("From a photo of a sketch"), parent.tr("Take the lines"), parent)
        self.setObjectName("paper")
        self._session, self._paper = session, session.paper
        paper = self._paper
        self._corners = CornerView(paper)
        self._lines = Picture("", self.tr("Cleaning …"))
        self._lines.setObjectName("paper_lines")
        self._lines.setMinimumSize(260, 260)
        sides = QHBoxLayout()
        sides.addWidget(self._corners, 1)
        sides.addWidget(self._lines, 1)
        self.form.addRow(sides)
        self._said = faint()
        self._said.setObjectName("paper_said")
        self.form.addRow(self._said)
        row = QHBoxLayout()
        for text, tip, do in (
            (
                self.tr("&Find the sheet again"),
                self.tr("Corners as they were found in the photo"),
                paper.find_again,
            ),
            (
                self.tr("&Whole photo"),
                self.tr("For a scan, or where the sheet fills the photo"),
                paper.take_all,
            ),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, do=do: do())
            row.addWidget(button)
        row.addStretch(1)
        self.form.addRow(row)
        self._strength = QSlider(Qt.Orientation.Horizontal)
        self._strength.setObjectName("paper_strength")
        self._strength.setRange(0, 100)
        self._strength.setValue(round(paper.settings.strength * 100) if paper.settings else 50)
        self._strength.setToolTip(self.tr("From firm lines alone, at the left, to the faintest pencil"))
        self._strength.valueChanged.connect(lambda value: paper.set_strength(value / 100))
        self.form.addRow(self.tr("&Strength"), self._strength)
        self._colours = QCheckBox(self.tr("&Coloured marks become colour hints"))
        self._colours.setChecked(paper.settings is None or paper.settings.colours)
        self._colours.toggled.connect(paper.set_colours)
        self.form.addRow(self._colours)
        self._target = QComboBox()
        self._target.setObjectName("paper_target")
        self._target.addItem(self.tr("A sketch of its own"), None)
        if session.document.kind == "sketch":
            self._target.addItem(self.tr("Layers of the sketch on the canvas"), session.picture)
        self.form.addRow(self.tr("&Becomes"), self._target)
        paper.watch("result behind found", self._show)
        session.error_reported.connect(self._said.setText)
        self.rejected.connect(paper.leave_it)
        self._corners.setFocus()  # else “Cancel” has it, as the other button has to wait
        fit(self, 980, 700)

    def _show(self) -> None:
        paper = self._paper
        if paper.photo is None:
            return
        self.do.setEnabled(paper.result is not None and not paper.behind)
        self.do.setDefault(True)  # which a button that can't be pressed loses
        if paper.result is not None:
            self._lines.show_image(as_image(paper.result.flat))
        self._said.setText(
            self.tr("The sheet was found; drag its corners where they are not right.")
            if paper.found
            else self.tr("No sheet was found for sure: drag the corners to those of the sheet.")
        )

    def accept(self) -> None:
        """Take the lines, unless there is no room for them; then they can still become something else."""
        if self._paper.finish(self._target.currentData()):
            super().accept()
