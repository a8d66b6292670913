"""From a folder of photos to label maps, by a hand in the real window, with drafts; the time it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from engine.data.messages import Pixels
from tests.bench.labelling import BOX, KEY, KEYS, THINK, Hand, Labels, plan, seconds_of
from tests.bench.pen import until

CTRL = Qt.KeyboardModifier.ControlModifier
HANDED_OVER = THINK + 2 * KEY
"""Seconds at each photo that are no painting: a look, and Ctrl+D."""


@dataclass
class Journey:
    """What was counted."""

    hands: list[float] = field(default_factory=list)
    """Seconds at each photo, in the order that they were done in, …"""
    bare: list[float] = field(default_factory=list)
    """… and what it would have been without a draft."""
    drafted: list[bool] = field(default_factory=list)
    """Whether it came with a draft, …"""
    right: list[float] = field(default_factory=list)
    """… and which share of its pixels were right in the end."""
    waited: float = 0.0
    """Seconds that drafts were learnt and read; nobody need watch."""


def label_all(
    window, hand: Hand, photos: Path, truths: dict[str, tuple[Pixels, Labels]], goal: float, most: int
) -> Journey:
    """Make maps of ``most`` of the photos, in the order in which the window offers them.

    Args:
        truths: by a photo's stem, the photo and its labels, indices (H, W) of the window's palette.
        goal: share of the pixels at which a map is good enough.
    """
    session = window.session
    pair_drawing, journey = session.pair_drawing, Journey()
    pair_drawing.begin([photos], "labels", pair_drawing.folder(photos.name))
    ready: Callable[[], bool] = lambda: pair_drawing.here and not pair_drawing.busy  # noqa: E731
    until(ready)
    count = len(session.document.palette.labels)
    window.activateWindow()
    until(lambda: window.isActiveWindow() and window.canvas.hasFocus())
    hand.key(KEYS[BOX])
    filled = next(box for box in window.brush_bar.findChildren(QCheckBox) if box.text() == "Filled")
    if not filled.isChecked():
        hand.click(filled)
    for number in range(most):
        photo, truth = truths[pair_drawing.photo.file.stem]
        document = session.document
        begun = np.asarray(document.palette.indices(document.picture_flat()), np.uint8)
        before = hand.seconds
        hand.think()
        hand.paint(plan(photo, truth, begun, count, goal))
        reached = document.palette.indices(document.picture_flat())
        journey.right.append(float((reached == truth).mean()))
        journey.drafted.append(bool(document.extras.get("draft")))
        pairs = pair_drawing.roll.pairs
        hand.key(Qt.Key.Key_D, CTRL)
        journey.hands.append(hand.seconds - before)
        paper = np.empty_like(photo)
        paper[...] = document.paper
        bare = journey.hands[-1]
        if journey.drafted[-1]:
            blank = np.asarray(document.palette.indices(paper), np.uint8)
            bare = seconds_of(plan(photo, truth, blank, count, goal)) + HANDED_OVER
        journey.bare.append(bare)
        until(lambda pairs=pairs: pair_drawing.roll.pairs > pairs and ready(), 60)
        if number + 1 < most:
            started = time.perf_counter()
            until(lambda: not pair_drawing.labels.learning and ready(), 900)
            drafts = pair_drawing.labels.drafts
            if drafts is not None and pair_drawing.photo.mark in dict(drafts.doubts):
                until(lambda: not session.document.is_blank)  # it is being laid
            journey.waited += time.perf_counter() - started
    return journey
