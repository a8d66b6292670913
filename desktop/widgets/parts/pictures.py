"""The pictures of the training window: cards, pairs with their direction, one picture with its caption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from desktop.support import theme
from desktop.widgets.parts.reduced import paint_small
from engine.data.messages import Pixels

ROUND = 6.0
GAP = 6


def as_image(pixels: Pixels) -> QImage:
    """uint8 (H, W, 3) as an image of its own."""
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB888).copy()


class Shrunk:
    """Previews as pixmaps of the size in which they are shown, each made once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Pixels, QPixmap]] = {}

    def of(self, preview: Pixels, edge: int) -> QPixmap:
        """uint8 (H, W, 3) as large as ``edge`` pixels allow."""
        known = self._known.get(id(preview))
        if known is None or known[0] is not preview or max(known[1].width(), known[1].height()) != edge:
            image = as_image(preview).scaled(
                edge, edge, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            known = preview, QPixmap.fromImage(image)
            self._known[id(preview)] = known
        return known[1]

    def keep(self, previews: Iterable[Pixels | None]) -> None:
        """Forget all but these."""
        shown = {id(preview) for preview in previews}
        self._known = {key: known for key, known in self._known.items() if key in shown}


def inside(size: QSize, room: QRectF) -> QRectF:
    """The largest area of these proportions in the middle of ``room``."""
    scale = min(room.width() / max(1, size.width()), room.height() / max(1, size.height()))
    width, height = size.width() * scale, size.height() * scale
    return QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)


def put(painter: QPainter, image: QImage, area: QRectF) -> None:
    """Draw an image with slightly rounded corners, and a line round it: paper is white, and so are panels."""
    painter.save()
    path = QPainterPath()
    path.addRoundedRect(area, 3, 3)
    painter.setClipPath(path)
    paint_small(painter, area, image)
    painter.restore()
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


def put_excuse(painter: QPainter, excuse: str, area: QRectF) -> None:
    """Say in the middle of ``area`` why there is no image."""
    painter.setPen(theme.colour("faint"))
    words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(14, 0, -14, 0), int(words), excuse)


def smooth(widget: QWidget) -> QPainter:
    """A painter for pictures."""
    painter = QPainter(widget)
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing
        | QPainter.RenderHint.SmoothPixmapTransform
        | QPainter.RenderHint.TextAntialiasing
    )
    return painter


class Card(QFrame):
    """A panel that lifts its content off the window, in either theme."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), ROUND, ROUND)


class MainButton(QPushButton):
    """The one thing to do next, in the accent colour."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        room = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        return QSize(room.width() + 44, room.height() + 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        background = theme.colour("accent") if self.isEnabled() else theme.colour("line")
        if self.underMouse() and self.isEnabled():
            background = background.lighter(112)
        painter.setPen(QPen(theme.colour("text"), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(background.darker(115) if self.isDown() else background)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), ROUND, ROUND)
        painter.setPen(theme.colour("on_accent" if self.isEnabled() else "faint"))
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextShowMnemonic, self.text()
        )


def title(text: str = "", larger: float = 1.0) -> QLabel:
    """A heading."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of strangers' files are among them
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * larger)
    label.setFont(font)
    return label


def faint(text: str = "") -> QLabel:
    """Something said quietly; wraps."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of strangers' files are among them
    label.setProperty("faint", True)
    label.setWordWrap(True)
    return label


class Pairs(QWidget):
    """As many pairs as there is room for, each as input → photo."""

    ROW, ARROW, BETWEEN, WIDEST = 128, 26, 24, 190

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pairs")
        self.setMinimumHeight(self.ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pairs: list[tuple[QImage, QImage]] = []
        self._excuse = ""

    @property
    def count(self) -> int:
        """How many are at hand."""
        return len(self._pairs)

    def show_pairs(self, pairs: Sequence[tuple[Pixels, Pixels]], excuse: str = "") -> None:
        """Show these, or say why there are none."""
        self._pairs = [(as_image(a), as_image(b)) for a, b in pairs]
        self._excuse = excuse
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(900, self.ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        if not self._pairs:
            painter.setPen(theme.colour("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._excuse)
            return
        rows = max(1, (self.height() + GAP) // (self.ROW + GAP))
        high = (self.height() - (rows - 1) * GAP) / rows
        left = top = 0.0
        for pair in self._pairs:
            widths = [min(high * image.width() / max(1, image.height()), self.WIDEST) for image in pair]
            if left and left + sum(widths) + self.ARROW > self.width():
                left, top = 0.0, top + high + GAP
                if top + high > self.height() + 1:
                    break
            self._pair(painter, pair, widths, QRectF(left, top, 0, high))
            left += sum(widths) + self.ARROW + self.BETWEEN

    def _pair(
        self, painter: QPainter, pair: tuple[QImage, QImage], widths: list[float], room: QRectF
    ) -> None:
        for image, width, left in zip(
            pair, widths, (room.left(), room.left() + widths[0] + self.ARROW), strict=True
        ):
            put(painter, image, inside(image.size(), QRectF(left, room.top(), width, room.height())))
        middle, left = room.center().y(), room.left() + widths[0]
        painter.setPen(QPen(theme.colour("accent"), 2, c=Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        tip = QPointF(left + self.ARROW - 6, middle)
        painter.drawLine(QPointF(left + 6, middle), tip)
        painter.drawPolyline(QPolygonF([tip + QPointF(-5, -5), tip, tip + QPointF(-5, 5)]))


class Picture(QWidget):
    """One picture with a caption under it, or a sentence on why there is none."""

    def __init__(self, caption: str, excuse: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption, self.excuse = caption, excuse
        self.image = QImage()
        self.setMinimumSize(120, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage) -> None:
        """Show this one."""
        self.image = image
        self.update()

    def explain(self, excuse: str) -> None:
        """Say why there is nothing, where there is nothing."""
        self.excuse = excuse
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 260)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        line = self.fontMetrics().height() + 6
        room = QRectF(self.rect()).adjusted(0, 0, 0, -line)
        if self.image.isNull():
            painter.setPen(QPen(theme.colour("line"), 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), ROUND, ROUND)
            put_excuse(painter, self.excuse, room)
        else:
            room = inside(self.image.size(), room)
            put(painter, self.image, room)
        painter.setPen(theme.colour("faint"))
        below = QRectF(0, room.bottom(), self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.caption)
