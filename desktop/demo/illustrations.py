"""The pictures of the user guide, taken in the real window: ``underpaint demo --guide docs/pictures``.

Everything in them is our own: recorded drawings, what the bundled models make of these, and house fronts put
together here by rule. The training in them was really made, for some minutes.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox, QWidget

import resources
from desktop.demo.stage import Stage
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.paint.files.drawing import Drawing
from desktop.paint.layers.layer import Role
from desktop.training.current import Training
from desktop.widgets.dialogs.pair_start import PairStartDialog
from desktop.widgets.training.window import TrainingWindow
from engine.data.messages import Pixels
from engine.data.palette import Colour, Palette
from engine.errors import ModelError
from engine.files.writing import replacing

MOST_BYTES = 120_000
"""Of one picture: a guide is looked through, also where the line is thin."""
QUALITIES = (88, 80, 70, 60, 45, 30)

SKETCH, LABELS, MAP = "06-navy-bucket-bag", "14-town-house", "26-motorway"
WATCHED = "13-small-house"
"""The drawings that are shown: with colours, in labels, a map, and what a training paints meanwhile."""

FRONTS = 24
EDGE = 256
TRAINING_EDGE, TRAINING_WIDTH = 128, 16
"""Pixels, and channels: small, so that something is to be seen soon."""
TRAINING_STEPS, SHOWN_AT = 500, 400
"""How long the training is to be, and the step at which it is worth a picture."""
TRAINING_S = 1800.0
"""How long that may take."""


def take(stage: Stage, folder: Path) -> list[Path]:
    """Write every picture of the guide into a folder; returns the files.

    Raises:
        ModelError: no model answers, or a training does not get anywhere.
        OSError: the folder can't be written.
    """
    written = [of_welcome(stage, folder), *of_sketches(stage, folder, sample(SKETCH))]
    if stage.open_model_for("image"):
        written.append(of_maps(stage, folder, sample(MAP)))
    if stage.open_model_for("labels"):
        written += of_labels(stage, folder, sample(LABELS))
        with tempfile.TemporaryDirectory() as name:
            written += of_training(stage, folder, _house_fronts(stage, Path(name, "house fronts")))
    return written


def write(picture: Image.Image, path: Path) -> Path:
    """Write a WebP of at most ``MOST_BYTES``, as good as that allows."""
    content = b""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        content = buffer.getvalue()
        if len(content) <= MOST_BYTES:
            break
    with replacing(path) as part:
        part.write_bytes(content)
    return path


def _shoot(stage: Stage, folder: Path, name: str, widget: QWidget | None = None) -> Path:
    stage.window.messages.put_away()
    return write(stage.seen(widget), folder / f"guide-{name}.webp")


def sample(name: str) -> Drawing:
    """A recorded drawing by the name of its file."""
    return Drawing.load(resources.path("samples", f"{name}.json"))


# --- drawing -------------------------------------------------------------------------------------


def of_welcome(stage: Stage, folder: Path) -> Path:
    """The window at its first start, as soon as all models are on show."""
    gallery = stage.session.gallery
    stage.window.actions_table["welcome"].trigger()
    stage.wait(
        lambda: (
            bool(gallery.exhibits)
            and all(exhibit.drawing and exhibit.model in gallery.shown for exhibit in gallery.exhibits)
        )
    )
    shot = _shoot(stage, folder, "welcome")
    stage.window.welcome.leave()
    return shot


def of_sketches(stage: Stage, folder: Path, drawing: Drawing) -> list[Path]:
    """A drawing half done, one with variations of it, one drawn over a photo."""
    shelf = stage.session.shelf
    stage.put_up(drawing)
    written = []
    for number, stroke in enumerate(drawing.strokes):
        stage.play(stroke)
        if number == len(drawing.strokes) // 2:
            stage.wait_for_preview()
            written.append(_shoot(stage, folder, "half-drawn"))
    stage.wait_for_preview()
    shelf.keep()
    stage.wait(lambda: not stage.session.file_work.jobs)
    shelf.vary()
    stage.wait(lambda: shelf.awaited == 0)
    written.append(_shoot(stage, folder, "first-drawing"))
    shelf.clear_variations()
    for frame in shelf.kept:
        shelf.drop(frame)
    written.append(_traced(stage, folder, drawing))
    return written


def _traced(stage: Stage, folder: Path, drawing: Drawing) -> Path:
    """Pairs made by painting: over a “photo” that is the preview of a drawing, its first lines once more."""
    pair_drawing = stage.session.pair_drawing
    with tempfile.TemporaryDirectory() as name:
        photos = Path(name, "bags")
        photos.mkdir()
        for number in (1, 2, 3):
            stage.export("preview", photos / f"bag-{number}.png")
        stage.window.make_pairs([photos])
        stage.wait(lambda: pair_drawing.scanned is not None)
        _part(stage.window, PairStartDialog, "pair_start").accept()
        stage.wait(lambda: pair_drawing.here and not pair_drawing.busy)
        lines = [stroke for stroke in drawing.strokes if stroke.role is Role.LINES]
        for stroke in lines[: 2 * len(lines) // 3]:
            stage.play(stroke)
        stage.wait_for_preview()
        shot = _shoot(stage, folder, "pair-drawing")
        pair_drawing.finish()
        return shot


def of_labels(stage: Stage, folder: Path, drawing: Drawing) -> list[Path]:
    """A house front, and its door corrected in the preview."""
    session, teaching = stage.session, stage.session.teaching
    stage.put_up(drawing)
    for stroke in drawing.strokes:
        stage.play(stroke)
    palette = session.document.palette
    assert palette is not None
    session.strokes.choose_tool("rectangle")
    session.strokes.choose_colour(_colour_of("window", palette))
    stage.wait_for_preview()
    written = [_shoot(stage, folder, "facades")]
    left, top, right, bottom = _bounds_of("door", session.document.picture_flat(), palette)
    teaching.begin()
    session.strokes.choose_tool("rectangle")
    session.strokes.set_ink(colour=(112, 34, 30), filled=True, opacity=1.0)
    stage.drag((left, top), ((left + right) / 2, (top + bottom) / 2), (right, bottom))
    written.append(_shoot(stage, folder, "teaching"))
    teaching.cancel()
    session.strokes.choose_tool("pen")
    return written


def of_maps(stage: Stage, folder: Path, drawing: Drawing) -> Path:
    """A map painted, and the colours that the model knows."""
    strokes = stage.session.strokes
    stage.put_up(drawing)
    for stroke in drawing.strokes:
        stage.play(stroke)
    strokes.choose_tool("pen")
    strokes.set_ink(colour=drawing.strokes[0].ink.colour)
    stage.wait_for_preview()
    return _shoot(stage, folder, "maps")


def _colour_of(label: str, palette: Palette) -> Colour:
    return next(entry.colour for entry in palette.labels if entry.name == label)


def _bounds_of(label: str, pixels: Pixels, palette: Palette) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is painted in a label."""
    rows, columns = np.nonzero((pixels == _colour_of(label, palette)).all(2))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


# --- training ------------------------------------------------------------------------------------


def _house_fronts(stage: Stage, folder: Path) -> Path:
    """Pairs to train on, exported side by side: house fronts put together here, and what is made of them."""
    session = stage.session
    palette = session.document.palette
    assert palette is not None
    folder.mkdir()
    for number in range(FRONTS):
        document = Document.from_picture("labels", house_front(number, palette), palette)
        session.put_up(OpenPicture(document, title=f"Front {number + 1}"))
        stage.wait_for_preview()
        stage.export("pair", folder / f"front-{number + 1:02}.png")
    return folder


def house_front(number: int, palette: Palette) -> Pixels:
    """A made-up label map, uint8 (EDGE, EDGE, 3): storeys of windows over a door, no two numbers alike.

    Args:
        palette: has at least background, wall, window, door, cornice, sill, balcony and shop.
    """
    rng = np.random.default_rng(number)
    colours = {label.name: label.colour for label in palette.labels}
    picture = np.full((EDGE, EDGE, 3), colours["background"], np.uint8)

    def put(label: str, left: float, top: float, width: float, height: float) -> None:
        picture[round(top) : round(top + height), round(left) : round(left + width)] = colours[label]

    storeys, bays = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    left, roof = (int(rng.integers(0, 3)) * 8, int(rng.integers(10, 40)))
    across, ground = EDGE - 2 * left, int(rng.integers(50, 64))
    put("wall", left, roof, across, EDGE - roof)
    put("cornice", left, roof, across, 9)
    high, wide = (EDGE - roof - 12 - ground) / storeys, across / bays
    with_balcony = int(rng.integers(0, storeys))
    glass = float(rng.uniform(0.42, 0.58))
    for storey in range(storeys):
        for bay in range(bays):
            x, y = left + (bay + (1 - glass) / 2) * wide, roof + 16 + storey * high
            put("window", x, y, glass * wide, 0.62 * high)
            if storey == with_balcony:
                put("balcony", x - 4, y + 0.44 * high, glass * wide + 8, 0.24 * high)
            else:
                put("sill", x - 3, y + 0.62 * high, glass * wide + 6, 4)
    put("cornice", left, EDGE - ground, across, 6)
    way_in = int(rng.integers(0, bays))
    for bay in range(bays):
        x, y = left + (bay + 0.2) * wide, EDGE - ground + 14
        label = "door" if bay == way_in else "shop" if number % 2 else "window"
        put(label, x, y, 0.6 * wide, ground - 14 if label == "door" else 0.55 * ground)
    return picture


def of_training(stage: Stage, folder: Path, data: Path) -> list[Path]:
    """The training window: what it found in a folder, and a training that goes on."""
    session, training = stage.session, stage.session.training
    drawing = sample(WATCHED)
    document = drawing.document(session.document.palette)
    drawing.replay(document)
    session.put_up(OpenPicture(document, title=drawing.title))
    stage.window.training.prepare(data)
    window = stage.window.training.window
    assert window is not None
    stage.wait(lambda: session.dataset_scan.checked == 1, TRAINING_S)
    written = [_shoot(stage, folder, "prepare", window)]
    _begin(window)
    stage.wait(lambda: not training.goes_on or _is_worth_a_picture(training), TRAINING_S)
    if training.phase in ("failed", "interrupted"):
        raise ModelError(training.line)
    written.append(_shoot(stage, folder, "training", window))
    training.stop()
    stage.wait(lambda: not training.goes_on, TRAINING_S)
    window.close()
    return written


def _is_worth_a_picture(training: Training) -> bool:
    history = training.history
    return history.step >= SHOWN_AT and history.drawings > 0


def _begin(window: TrainingWindow) -> None:
    """Choose what was said above in the window, and press its button."""
    sizes = _part(window, QComboBox, "size")
    sizes.setCurrentIndex(sizes.findData((TRAINING_EDGE, TRAINING_EDGE)))
    _part(window, QSpinBox, "width").setValue(TRAINING_WIDTH)
    _part(window, QSpinBox, "steps").setValue(TRAINING_STEPS)
    _part(window, QPushButton, "train").click()


_Part = TypeVar("_Part", bound=QWidget)


def _part(window: QWidget, kind: type[_Part], name: str) -> _Part:
    part = window.findChild(kind, name)
    assert part is not None, f"the window has no {kind.__name__} “{name}”"
    return part
