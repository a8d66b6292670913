"""The losses of a training as curves. pyqtgraph is loaded when the first one is shown, not before."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop.support import theme
from desktop.training.history import TrainingHistory

Numbers = npt.NDArray[np.float64]

MOST_POINTS = 160
"""A longer curve is drawn through means."""


class Curves(QWidget):
    """Two plots, one above the other: how near the photos, and the two networks against each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curves")
        self.setMinimumSize(260, 220)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._plots: list[tuple[QLabel, Any, dict[str, str]]] = []
        self._lines: dict[str, Any] = {}

    def show_curves(self, told: TrainingHistory) -> None:
        """Draw what a training has told so far."""
        if not self._plots:
            self._build()
        times = np.asarray(told.times, np.float64)
        for name, values in told.curves.items():
            self._lines[name].setData(*smoothed(times, np.asarray(values, np.float64)))
        for name in ("unknown", "known"):
            dots = [
                (one.step, getattr(one, name)) for one in told.validations if getattr(one, name) is not None
            ]
            self._lines[name].setData([step for step, _ in dots], [value for _, value in dots])

    def points(self, name: str) -> int:
        """How many points a curve is drawn through."""
        xs = self._lines[name].getData()[0] if self._lines else None
        return 0 if xs is None else len(xs)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        if event.type() == QEvent.Type.PaletteChange and self._plots:
            self._dress()
        super().changeEvent(event)

    def _build(self) -> None:
        import pyqtgraph

        for number, (text, curves) in enumerate(self._texts().items()):
            heading = QLabel()
            heading.setTextFormat(Qt.TextFormat.RichText)
            heading.setWordWrap(True)
            heading.setProperty("heading", text)
            plot = pyqtgraph.PlotWidget()
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            plot.setFrameShape(plot.Shape.NoFrame)
            plot.getAxis("left").setWidth(38)
            plot.plotItem.vb.setLimits(yMin=0)
            self._plots.append((heading, plot, curves))
            if number:
                self._column.addSpacing(6)
            self._column.addWidget(heading)
            self._column.addWidget(plot, 1)
            for name in curves:
                self._lines[name] = plot.plot()
        self._dress()

    def _texts(self) -> dict[str, dict[str, str]]:
        """Plot → curve → what it is called; the heading is the legend too."""
        return {
            self.tr("Distance from photos"): {
                "l1": self.tr("in training"),
                "known": self.tr("known"),
                "unknown": self.tr("unknown pairs"),
            },
            self.tr("Generator, discriminator"): {
                "adversarial": self.tr("generator"),
                "discriminator_real": self.tr("discriminator: photos"),
                "discriminator_fake": self.tr("generated"),
            },
        }

    def _dress(self) -> None:
        dark = theme.colour("window").lightness() < 128
        accent, blue = theme.colour("accent"), QColor("#6aa9e0" if dark else "#2b6ca8")
        green = QColor("#7fbf6b" if dark else "#3d7f2c")
        pens = {
            "l1": (theme.colour("faint"), 1.2),
            "known": (blue, 1.8),
            "unknown": (accent, 2.2),
            "adversarial": (accent, 2.0),
            "discriminator_real": (blue, 1.6),
            "discriminator_fake": (green, 1.6),
        }
        for heading, plot, curves in self._plots:
            names = " · ".join(
                f"<span style='color: {pens[name][0].name()}'>{text}</span>" for name, text in curves.items()
            )
            heading.setText(f"<b>{heading.property('heading')}</b>&nbsp; {names}")
            plot.setBackground(theme.colour("raised"))
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.colour("line"))
                plot.getAxis(side).setTextPen(theme.colour("faint"))
        for name, (colour, width) in pens.items():
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            self._lines[name].setPen(pen)
            if name in ("known", "unknown"):
                self._lines[name].setSymbol("o")
                self._lines[name].setSymbolSize(5)
                self._lines[name].setSymbolBrush(colour)
                self._lines[name].setSymbolPen(None)


def smoothed(times: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """A curve of at most ``MOST_POINTS`` means; losses of single steps jump about."""
    group = -(-len(times) // MOST_POINTS)
    if group < 2:
        return times, values
    first = len(times) % group  # so that the newest are all in
    return times[first:].reshape(-1, group).mean(1), values[first:].reshape(-1, group).mean(1)
