"""The losses of a training as curves. pyqtgraph is loaded when the first one is shown, not before."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop.support import theme
from trainer.run.history import TrainingHistory

Numbers = npt.NDArray[np.float64]

NEAR = ("l1", "perceptual")
"""Losses of the first plot; all others are in the second."""

USUAL = ("l1", "known", "unknown", "adversarial", "discriminator_real", "discriminator_fake")
"""Curves of any training."""

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
        self._plots: list[tuple[QLabel, Any, list[str]]] = []
        self._lines: dict[str, Any] = {}

    def show_curves(self, history: TrainingHistory) -> None:
        """Draw what a training has told so far."""
        if not self._plots:
            self._build()
        self._have(list(history.curves))
        times = np.asarray(history.times, np.float64)
        for name, values in history.curves.items():
            self._lines[name].setData(*smoothed(times, np.asarray(values, np.float64)), connect="finite")
        for name in ("unknown", "known"):
            dots = [
                (one.step, getattr(one, name))
                for one in history.validations
                if getattr(one, name) is not None
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

        headings = {
            self.tr("Distance from photos"): ["l1", "known", "unknown"],
            self.tr("Generator, discriminator"): ["adversarial", "discriminator_real", "discriminator_fake"],
        }
        for number, (text, curves) in enumerate(headings.items()):
            heading = QLabel()
            heading.setObjectName(("near", "adversaries")[number])
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

    def _have(self, names: list[str]) -> None:
        """Lines for these losses, and for no others that only some trainings have."""
        shown = [name for name in self._lines if name not in USUAL]
        wanted = [name for name in names if name not in USUAL]
        if shown == wanted:
            return
        for _heading, plot, curves in self._plots:
            for name in shown:
                if name in curves:
                    curves.remove(name)
                    plot.removeItem(self._lines.pop(name))
        for name in wanted:
            _heading, plot, curves = self._plots[name not in NEAR]
            curves.append(name)
            self._lines[name] = plot.plot()
        self._dress()

    def _explained(self, name: str) -> tuple[str, str]:
        """What a curve is called, and what it tells."""
        known = {
            "l1": (
                self.tr("in training"),
                self.tr("how far colours are from the photos' in training (L1), pixel by pixel"),
            ),
            "known": (self.tr("known"), self.tr("the same of a few pairs that are trained on")),
            "unknown": (
                self.tr("unknown pairs"),
                self.tr("the same of pairs that are held back: what counts for your drawings"),
            ),
            "perceptual": (
                self.tr("perceptual"),
                self.tr("how unlike the photos it looks to a trained eye, textures and shapes, not pixels"),
            ),
            "adversarial": (
                self.tr("generator"),
                self.tr("its error in passing its pictures off as photos; lower is better"),
            ),
            "discriminator_real": (
                self.tr("discriminator: photos"),
                self.tr("the discriminator's error about photos"),
            ),
            "discriminator_fake": (
                self.tr("generated"),
                self.tr("its error about what was generated; where both are near 0 it always wins"),
            ),
            "kl": (
                self.tr("codes of photos"),
                self.tr("how far the styles of photos are from being spread as random ones are"),
            ),
            "latent": (
                self.tr("styles unread"),
                self.tr("how far random styles are from what is read in pictures made of them"),
            ),
            "diversity": (
                self.tr("diversity"),
                self.tr("how far apart pictures in two styles are; higher is better"),
            ),
        }
        readable = name.replace("_", " ")
        return known.get(name, (readable, self.tr("another loss of this training")))

    def _dress(self) -> None:
        dark = theme.colour("window").lightness() < 128
        accent, blue = theme.colour("accent"), QColor("#6aa9e0" if dark else "#2b6ca8")
        green, violet = QColor("#7fbf6b" if dark else "#3d7f2c"), QColor("#b58be0" if dark else "#7a4cb0")
        pens = {
            "l1": (theme.colour("faint"), 1.2),
            "known": (blue, 1.8),
            "unknown": (accent, 2.2),
            "perceptual": (violet, 1.6),
            "adversarial": (accent, 2.0),
            "discriminator_real": (blue, 1.6),
            "discriminator_fake": (green, 1.6),
        }
        others = [name for name in self._lines if name not in pens]
        for number, name in enumerate(others):  # each another hue, beginning where no other curve is
            hue = (180 + 360 * number // len(others)) % 360
            pens[name] = (QColor.fromHsl(hue, 130, 165 if dark else 95), 1.4)
        for heading, plot, curves in self._plots:
            texts = {name: self._explained(name) for name in curves}
            legend = " · ".join(
                f"<span style='color: {pens[name][0].name()}'>{text}</span>"
                for name, (text, _) in texts.items()
            )
            tip = "<br>".join(
                f"<b style='color: {pens[name][0].name()}'>{text}</b>: {meaning}"
                for name, (text, meaning) in texts.items()
            )
            heading.setText(f"<b>{heading.property('heading')}</b>&nbsp; {legend}")
            for widget in (heading, plot):
                widget.setToolTip(tip)
            plot.setBackground(theme.colour("raised"))
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.colour("line"))
                plot.getAxis(side).setTextPen(theme.colour("faint"))
        for name, line in self._lines.items():
            colour, width = pens[name]
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            line.setPen(pen)
            if name in ("known", "unknown"):
                line.setSymbol("o")
                line.setSymbolSize(5)
                line.setSymbolBrush(colour)
                line.setSymbolPen(None)


def smoothed(times: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """A curve of at most ``MOST_POINTS`` means; losses of single steps jump about."""
    group = -(-len(times) // MOST_POINTS)
    if group < 2:
        return times, values
    first = len(times) % group  # so that the newest are all in
    return times[first:].reshape(-1, group).mean(1), values[first:].reshape(-1, group).mean(1)
