"""From a folder of 60 photos to a first model under the pen: how long the hands are at it, and the machine.

Facades are labelled in the real window by events that are counted (``labelling.py`` says what each takes):
``BY_HAND`` of them in the order that is offered, the first five from nothing, the others from drafts, until
``GOAL`` of their pixels are right, which is compared with the known map; the drafts of all others are taken
as they are, after a glance at each. Learning drafts is waited for here, and counted for the machine alone:
nobody need watch. Then a short training is begun in the window, and its model painted with. The photos lie
beside the project; without them there is no row. What is counted is of a hand that always sees what helps
most: a person errs, and looks longer. Strokes, keys, “Filled” and “Train” are real events; clicks in dialogs
and on offers of the message bar are counted, and done by calls. Maps without drafts are planned, not painted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.pen import event, opened_window, until
from tests.bench.rows import Row

FACADES = Path(__file__).resolve().parents[3] / "shared" / "data" / "facades"
COUNT = int(os.environ.get("UNDERPAINT_AFTERNOON", "60"))
"""Photos; fewer to try it out."""
BY_HAND = int(os.environ.get("UNDERPAINT_AFTERNOON_BY_HAND", "10"))
"""Of them: corrected; as many as there are, and none is taken as it is."""
GOAL = 0.8
"""As ``bench_drafts.py`` has it."""
TRAINING_STEPS = 60
"""Only until there is a model to paint with: how good one gets in which time, others measure."""


def run() -> list[Row]:
    """Minutes."""
    if not FACADES.is_dir():
        print(f"there is no “{FACADES}”; the afternoon is not measured", file=sys.stderr)
        return []
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="underpaint-") as name:
        os.environ["UNDERPAINT_HOME"] = str(Path(name, "home"))
        return _journey(Path(name))


def _journey(place: Path) -> list[Row]:
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtWidgets import QApplication, QPushButton, QSpinBox

    from engine.data.picture import write_png
    from tests.bench.afternoon import add_the_rest, label_all
    from tests.bench.labelling import BOX, KEYS, Hand
    from trainer.data import pairs
    from trainer.files import layouts
    from trainer.pictures import palettes

    application, session, window = opened_window()
    data = pairs.find(FACADES, task="labels")
    assert data.palette is not None
    palette = session.matching.palette_for("labels")
    assert palette is not None
    same = palette.indices(data.palette.colours[None])[0]
    photos, truths = place / "fronts", {}
    photos.mkdir()
    for number, pair in enumerate(layouts.spread(data.of_split("train").pairs, COUNT)):
        drawn, photo = pairs.load(pair)
        write_png(photos / f"{number}.png", photo)
        truths[str(number)] = photo, np.asarray(same[palettes.labelled(drawn, data.palette)], np.uint8)

    hand, started = Hand(window), time.perf_counter()
    for _ in range(2):  # which folder, and what for
        hand.think()
    hand.counts["drag"] += 1  # the folder is dropped on the window
    hand.counts["click"] += 3  # the kind from its list, and “Begin”
    journey = label_all(window, hand, photos, truths, GOAL, min(BY_HAND, COUNT))
    if BY_HAND < COUNT:
        add_the_rest(window, hand, truths, journey)
    labelled = time.perf_counter() - started
    print("seconds at each photo:", *(f"{seconds:.0f}" for seconds in journey.hands), file=sys.stderr)
    print(
        f"{sum(journey.drafted)} of {len(journey.right)} came with a draft; "
        f"{np.mean(journey.right):.2f} of the pixels right in the end; {dict(hand.counts)}",
        file=sys.stderr,
    )

    folder = session.pair_drawing.photo_set.folder
    window.training.prepare(folder)
    until(lambda: session.dataset_scan.result is not None and session.dataset_scan.checked == 1.0, 120)
    page = window.training.window.prepare_page
    page.findChild(QSpinBox, "steps").setValue(TRAINING_STEPS)
    hand.think()
    hand.counts["click"] += 1  # “Train on them”
    train = page.findChild(QPushButton, "train")
    until(train.isEnabled, 120)
    began = time.perf_counter()
    hand.think()
    hand.click(train)
    training = session.training
    until(lambda: training.phase == "finished" and training.has_model, 1800)
    trained = time.perf_counter() - began
    before = session.live.card.name
    hand.counts["click"] += 1  # “Paint with it”
    training.take_over()
    until(lambda: session.live.card is not None and session.live.card.name != before, 120)
    session.new_picture("labels", 256, 256)
    until(lambda: session.live.preview is not None and not session.live.behind, 120)
    shown = session.live.preview.copy()
    window.activateWindow()
    window.canvas.setFocus()
    until(lambda: window.isActiveWindow() and window.canvas.hasFocus())
    hand.key(KEYS[BOX])
    hand.key(Qt.Key.Key_3)  # windows, on a ground that is none
    hand.counts["drag"] += 1
    kinds = QEvent.Type
    for kind, x, y in (
        (kinds.MouseButtonPress, 60, 60),
        (kinds.MouseMove, 200, 200),
        (kinds.MouseButtonRelease, 200, 200),
    ):
        QApplication.sendEvent(window.canvas, event(window, kind, x, y))
    until(lambda: not session.live.behind and (session.live.preview != shown).any(), 60)
    window.close()
    application.processEvents()

    rest = hand.seconds - sum(journey.hands)
    hands = journey.hands[: len(journey.drafted)]
    with_drafts = [seconds for seconds, drafted in zip(hands, journey.drafted, strict=True) if drafted]
    bare = [seconds for seconds, drafted in zip(journey.bare, journey.drafted, strict=True) if drafted]
    what = f"{COUNT} photos of facades to a first model"
    rows = [
        Row(f"{what}, hands on, with drafts", 25, (sum(journey.hands) + rest) / 60, "min"),
        Row(f"{what}, drafts learnt beside that", None, journey.waited / 60, "min"),
        Row(
            f"{what}, by the clock until all are labelled, by a hand that is quick",
            None,
            labelled / 60,
            "min",
        ),
        Row(f"{what}, {TRAINING_STEPS} steps of training", None, trained / 60, "min"),
    ]
    if with_drafts:
        rows += [
            Row("hands at a photo that comes with a draft", None, float(np.mean(with_drafts)), "s"),
            Row("hands at the same photos without it", None, float(np.mean(bare)), "s"),
        ]
    if journey.taken:
        what = f"{journey.taken} drafts by {BY_HAND} maps, taken as they are"
        rows += [
            Row(f"{what}, hands on", None, journey.hands[-1] / 60, "min"),
            Row(f"{what}, pixels right", None, journey.taken_right, ""),
            Row(f"{what}, pixels held to be right", None, journey.certainty, ""),
        ]
    return rows
