"""A hand that labels photos in the real window, with every key, click and drag counted and given its time.

Times are those of the keystroke-level model: S. K. Card, T. P. Moran and A. Newell, The keystroke-level model
for user performance time with interactive systems, Communications of the ACM 23 (7), 1980.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from scipy import ndimage  # at once: two threads that import it at the same time can fail

from desktop.paint.gestures.superpixels import Regions, regions_in
from desktop.paint.layers.composite import from_straight
from engine.data.messages import Pixels
from tests.bench.pen import event

KEY, POINT, BUTTON, THINK = 0.28, 1.1, 0.1, 1.35
"""Seconds: of a key by a typist who is no secretary (K), to point with a mouse (P), to press or release its
button (B), to make up one's mind (M)."""
CLICK, DRAG = POINT + 2 * BUTTON, 2 * (POINT + BUTTON)
TOLERANCE = 32
"""Of smart fill, as it comes."""
BOX, FILL = "rectangle", "smart_fill"
KEYS = {BOX: Qt.Key.Key_R, FILL: Qt.Key.Key_A}

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Step:
    """One drag of a filled rectangle, or one click of smart fill."""

    tool: str
    label: int
    points: tuple[tuple[float, float], ...]
    """In the picture: the rectangle's corners, or where to click."""
    ctrl: bool = False
    """Smart fill goes by the draft, …"""
    shift: bool = False
    """… farther."""


def plan(
    photo: Pixels, truth: Labels, begun: Labels, count: int, goal: float, by_draft: bool = False
) -> list[Step]:
    """What a hand does to a label map: always what puts most pixels right for its time, until a share
    ``goal`` of them are, or nothing helps.

    Args:
        photo: uint8 (H, W, 3), whose regions are clicked on.
        truth, begun: what is wanted and what is there, indices (H, W).
        count: of labels.
        by_draft: what is there is a draft, whose chances smart fill has found last.
    """
    now = begun.copy()
    boxes: list[tuple[int, int, int, int, int]] = []
    for label in range(count):
        found, _ = ndimage.label(truth == label)
        boxes += [(label, y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(found)]
    of_boxes = np.array(boxes)
    would_box = np.array([(truth[a:b, c:d] == label).sum() for label, a, b, c, d in boxes])
    regions = regions_in(from_straight(photo))
    numbers = np.asarray(regions.numbers)
    total = len(regions.colours)
    there = np.zeros((total, count), np.float32)
    np.add.at(there, (numbers.reshape(-1), truth.reshape(-1)), 1)
    reach, seeds = np.unique(
        np.stack([regions.around(seed, TOLERANCE) for seed in range(total)]), axis=0, return_index=True
    )
    wide = reach.astype(np.float32)
    would_fill = wide @ there
    by_draft = by_draft and regions.likely is not None
    reaches = [alike(regions, far) for far in (False, True)] if by_draft else []
    useless: set[tuple[int, int, int]] = set()
    steps: list[Step] = []
    label, tool = -1, ""
    while (now == truth).mean() < goal:
        right = now == truth
        summed = np.pad(right.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        _, top, bottom, left, end = of_boxes.T
        held = summed[bottom, end] - summed[top, end] - summed[bottom, left] + summed[top, left]
        of_regions = np.bincount(numbers.reshape(-1), right.reshape(-1), total).astype(np.float32)
        gain_box = (would_box - held) / _seconds(BOX, of_boxes[:, 0] != label, tool)
        gain_fill = would_fill - (wide @ of_regions)[:, None]
        gain_fill = gain_fill / _seconds(FILL, np.arange(count) != label, tool)[None]
        most, by_likely, seed, far, other = max(gain_box.max(), gain_fill.max()), 0.0, -1, 0, -1
        held_now = regions.of_labels(now, count) if reaches else None
        took = KEY + _seconds(FILL, np.arange(count) != label, tool)
        for number, within in enumerate(reaches):
            assert regions.likely is not None
            untouched = regions.likely.argmax(1) == held_now
            gains = within @ ((there - of_regions[:, None]) * untouched[:, None])
            gains = gains / (took + number * KEY)[None]
            for one, of, which in useless:
                gains[one, which] *= of != number
            if gains.max() > by_likely:
                seed, other = divmod(int(gains.argmax()), count)
                by_likely, far = float(gains.max()), number
        if max(most, by_likely) <= 0:
            break
        if by_likely > most:
            assert held_now is not None
            reached = regions.alike(seed, bool(far), held_now)
            # What is there by now may cut it short.
            if (there[reached, other] - of_regions[reached]).sum() < 0.5 * by_likely * took[other]:
                useless.add((seed, far, other))
                continue
            label, tool = other, FILL
            now[reached[numbers]] = label
            steps.append(Step(FILL, label, (_inside(numbers, seed),), ctrl=True, shift=bool(far)))
        elif gain_box.max() >= gain_fill.max():
            label, a, b, c, d = boxes[int(gain_box.argmax())]
            now[a:b, c:d] = label
            tool = BOX
            steps.append(Step(BOX, label, ((c, a), (d, b))))
        else:
            place, chosen = np.unravel_index(int(gain_fill.argmax()), gain_fill.shape)
            label, tool = int(chosen), FILL
            now[reach[place][numbers]] = label
            steps.append(Step(FILL, label, (_inside(numbers, int(seeds[place])),)))
    return steps


def alike(regions: Regions, far: bool) -> npt.NDArray[np.float32]:
    """What a click with Ctrl, or with Ctrl and Shift, reaches from each region, (n, n), as long as nobody has
    changed anything."""
    assert regions.likely is not None
    drafted = regions.likely.argmax(1)
    reach = [regions.alike(seed, far, drafted) for seed in range(len(drafted))]
    return np.stack(reach).astype(np.float32)


def _inside(numbers: npt.NDArray[np.int32], region: int) -> tuple[float, float]:
    """A point in a region."""
    rows, columns = np.nonzero(numbers == region)
    middle = len(rows) // 2
    return columns[middle] + 0.5, rows[middle] + 0.5


def _seconds(tool: str, others: npt.NDArray[np.bool_], held: str) -> npt.NDArray[np.float64]:
    return np.asarray((DRAG if tool == BOX else CLICK) + (THINK + KEY) * others + KEY * (tool != held))


def seconds_of(steps: list[Step]) -> float:
    """How long a hand is at these steps, with the choice of labels and tools."""
    total, label, tool = 0.0, -1, ""
    for step in steps:
        total += float(_seconds(step.tool, np.array([step.label != label]), tool)[0]) + KEY * (
            step.ctrl + step.shift
        )
        label, tool = step.label, step.tool
    return total


class Hand:
    """Works the window by events, and keeps count.

    Attributes:
        counts: of keys, clicks, drags and thoughts.
    """

    def __init__(self, window) -> None:
        self._window = window
        self._label, self._tool = -1, ""
        self.counts: Counter[str] = Counter()

    @property
    def seconds(self) -> float:
        """At work so far."""
        times = {"key": KEY, "click": CLICK, "drag": DRAG, "thought": THINK}
        return sum(times[what] * count for what, count in self.counts.items())

    def think(self) -> None:
        """Look, and make up one's mind."""
        self.counts["thought"] += 1

    def key(self, key: Qt.Key, *held: Qt.KeyboardModifier) -> None:
        """A key, with others held."""
        self.counts["key"] += 1 + len(held)
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= one
        QTest.keyClick(self._window.canvas, key, modifiers)

    def click(self, widget: QWidget) -> None:
        """A click on the middle of a widget."""
        self.counts["click"] += 1
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def paint(self, steps: list[Step]) -> None:
        """Do what was planned."""
        self._label, self._tool = -1, ""  # another photo, and whatever was held is looked at again
        for step in steps:
            if step.tool != self._tool:
                self.key(KEYS[step.tool])
            if step.label != self._label:
                self.think()
                self._choose(step.label)
            self._label, self._tool = step.label, step.tool
            self.counts["drag" if step.tool == BOX else "click"] += 1
            self.counts["key"] += step.ctrl + step.shift
            kinds, points = QEvent.Type, step.points
            moves = [(kinds.MouseMove, points[-1])] if len(points) > 1 else []
            for kind, at in (
                (kinds.MouseButtonPress, points[0]),
                *moves,
                (kinds.MouseButtonRelease, points[-1]),
            ):
                sent = event(self._window, kind, *at, ctrl=step.ctrl, shift=step.shift)
                QApplication.sendEvent(self._window.canvas, sent)

    def _choose(self, label: int) -> None:
        digit = Qt.Key(Qt.Key.Key_0 + (label + 1) % 10)
        self.key(digit, *([Qt.KeyboardModifier.ShiftModifier] if label >= 10 else []))
