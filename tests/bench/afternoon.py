"""From a folder of photos to label maps, by a hand in the real window, with drafts; the time it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QPushButton, QSpinBox

from engine.data.messages import Pixels
from tests.bench.labelling import BOX, KEY, KEYS, THINK, Hand, Labels, plan, seconds_of
from tests.bench.pen import until
from trainer.files import pair_store

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
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
    taken: int = 0
    """Drafts that went into the data set as they were, …"""
    certainty: float = 0.0
    """… which share of their pixels was held to be right, …"""
    taken_right: float = 0.0
    """… and which share was."""


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
        drafted = bool(document.extras.get("draft"))
        hand.paint(plan(photo, truth, begun, count, goal, drafted))
        reached = document.palette.indices(document.picture_flat())
        journey.right.append(float((reached == truth).mean()))
        journey.drafted.append(drafted)
        pairs = pair_drawing.photo_set.pairs
        hand.key(Qt.Key.Key_D, CTRL)
        journey.hands.append(hand.seconds - before)
        paper = np.empty_like(photo)
        paper[...] = document.paper
        bare = journey.hands[-1]
        if journey.drafted[-1]:
            blank = np.asarray(document.palette.indices(paper), np.uint8)
            bare = seconds_of(plan(photo, truth, blank, count, goal)) + HANDED_OVER
        journey.bare.append(bare)
        until(lambda pairs=pairs: pair_drawing.photo_set.pairs > pairs and ready(), 60)
        if number + 1 < most:
            started = time.perf_counter()
            until(lambda: not pair_drawing.labels.learning and ready(), 900)
            drafts = pair_drawing.labels.drafts
            if drafts is not None and pair_drawing.photo.mark in dict(drafts.doubts):
                until(lambda: not session.document.is_blank)  # it is being laid
            journey.waited += time.perf_counter() - started
    return journey


def add_the_rest(
    window, hand: Hand, truths: dict[str, tuple[Pixels, Labels]], journey: Journey, least: int = 0
) -> None:
    """Take the drafts of all photos that have no map as they are: a glance at each, and one press.

    Args:
        truths: as in ``label_all``.
        journey: what is counted goes there.
        least: how certain they have to be, per cent.
    """
    pair_drawing = window.session.pair_drawing
    rest = pair_drawing.bulk_drafts
    started = time.perf_counter()
    until(lambda: not pair_drawing.labels.learning and not pair_drawing.busy, 900)
    window.activateWindow()
    window.canvas.setFocus()
    until(lambda: window.isActiveWindow() and window.canvas.hasFocus())
    before = hand.seconds
    hand.key(Qt.Key.Key_D, CTRL, SHIFT)
    until(lambda: rest.proposals and not rest.busy, 300)
    journey.waited += time.perf_counter() - started
    dialog = window.findChild(QDialog, "rest_of_drafts")
    box = dialog.findChild(QSpinBox, "rest_least")
    if box.value() != least:
        hand.counts["click"] += 1
        hand.counts["key"] += 2
        box.setValue(least)
    for _ in rest.proposals:
        hand.think()
    hand.think()
    hand.click(dialog.findChild(QPushButton, "rest_add"))
    until(lambda: not rest.busy and pair_drawing.photo_set.drafts, 900)
    journey.hands.append(hand.seconds - before)
    photo_set, right = pair_drawing.photo_set, []
    palette, noted = photo_set.palette, pair_store.manifest_of(photo_set.folder).drafts
    for photo in photo_set.photos:
        if photo.draft:
            drawn, _ = pair_store.read_back(photo_set.folder, photo.pair)
            right.append(float((palette.indices(drawn.pixels) == truths[photo.file.stem][1]).mean()))
    journey.taken, journey.taken_right = len(right), float(np.mean(right))
    journey.certainty = float(np.mean(list(noted.values())))
