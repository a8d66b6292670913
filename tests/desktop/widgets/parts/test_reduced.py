"""Pictures shown smaller than they are: nothing thin is lost, and what was drawn is seen at once."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize, QSizeF
from PySide6.QtGui import QImage

from desktop.paint.editing.document import Document
from desktop.paint.layers.layer import Role
from desktop.session import OpenPicture
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts import reduced
from engine.data.rect import Rect
from tests.desktop.window_hands import drag, until


@pytest.fixture(autouse=True)
def _as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen is a matter of the picture, not of what else the machine does."""
    monkeypatch.setattr(reduced, "BUDGET_S", 60.0)


def shown(window: MainWindow, widget: str = "canvas") -> np.ndarray:
    """What a widget looks like, int (H, W) lightness, one value a pixel of the screen."""
    image = QImage(getattr(window, widget).grab().toImage()).convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(int)


def at_scale(window: MainWindow, scale: float) -> None:
    size = QSizeF(window.canvas.size())
    window.view.set_scale(scale, QPointF(size.width() / 2, size.height() / 2), size)


def put_up(window: MainWindow, document: Document) -> None:
    """Show an image that no model paints: only the canvas counts."""
    window.session.put_up(OpenPicture(document, translated=False))
    window.canvas.fit()


def striped(edge: int, thick: int, paper: int = 255) -> Document:
    """Black lines of ``thick`` pixels, 97 apart, straight down."""
    document = Document.new("image", edge, edge)
    for left in range(48, edge - thick, 97):
        document.layers[0].pixels[:, left : left + thick] = (0, 0, 0, 255)
    return document


@pytest.mark.parametrize("degrees", [0, 30])
def test_a_thin_line_is_seen_everywhere_at_every_scale(window: MainWindow, degrees: int) -> None:
    document = Document.new("image", 1200, 1200)
    document.layers[0].pixels[:, 600:603] = (0, 0, 0, 255)
    put_up(window, document)
    for scale in (0.05, 0.13, 0.2, 0.26, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97):
        window.canvas.fit()
        at_scale(window, scale)
        window.canvas.rotate(degrees)
        # Across the line, what is missing of white is the line's own width, wherever it is measured.
        ink = _ink_across(shown(window), scale, degrees)
        expected = 255 * 3 * scale / np.cos(np.radians(degrees))
        assert ink.min() > (0.6 if degrees else 0.8) * expected, scale
        assert degrees or ink.max() < 1.2 * expected, scale


def _ink_across(seen: np.ndarray, scale: float, degrees: int) -> np.ndarray:
    """In each row of the middle of a picture of 1200 × 1200, how much darker than white it is around a line
    through its middle."""
    middle = np.array(seen.shape) // 2
    reach = int(min(*middle, 600 * scale) * 0.8)
    half = min(int(6 + 3 * scale) + reach * (degrees != 0), middle[1] - 1)
    rows = slice(middle[0] - int(reach * 0.8), middle[0] + int(reach * 0.8))
    return (255 - seen[rows, middle[1] - half : middle[1] + half]).sum(1)


def test_what_is_drawn_on_a_reduced_picture_is_seen_as_if_painted_anew(window: MainWindow) -> None:
    put_up(window, Document.new("image", 1100, 900))
    at_scale(window, 0.37)
    shown(window)  # all levels are there
    window.session.strokes.set_ink(size=20.0)
    drag(window, (300, 300), (700, 500), (500, 650))
    at_once = shown(window)
    window.session.put_up(OpenPicture(Document.new("image", 50, 50), translated=False))
    window.session.put_up(window.session.pictures[1])  # painted anew
    at_scale(window, 0.37)
    assert (at_once < 150).sum() > 20
    assert np.array_equal(at_once, shown(window))
    window.session.undo()
    assert (shown(window) < 150).sum() < (at_once < 150).sum()


def test_layers_hidden_and_shown_are_so_in_a_reduced_picture(window: MainWindow) -> None:
    document = Document.new("image", 900, 900)
    document.add_layer(Role.REFERENCE, "photo", np.zeros((900, 900, 3), np.uint8), opacity=0.5)
    put_up(window, document)
    at_scale(window, 0.4)
    middle = tuple(np.array(shown(window).shape) // 2)
    assert shown(window)[middle] == pytest.approx(127, abs=2)
    window.session.show_reference(document.layers[-1].id, visible=False)
    assert shown(window)[middle] == 255


def test_a_picture_too_large_to_average_at_once_comes_in_instalments(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduced, "BUDGET_S", 0.0)
    document = striped(1500, 3)
    put_up(window, document)
    at_scale(window, 0.13)
    seen = shown(window)
    assert (seen == 255).any(), "coarsely is better than not at all"
    monkeypatch.undo()
    until(lambda: not np.array_equal(seen, shown(window)))


def test_the_preview_loses_no_thin_line_either(window: MainWindow) -> None:
    preview = np.full((1200, 1200, 3), 255, np.uint8)
    preview[:, 600:603] = 0
    window.session.live.preview = preview
    seen = shown(window, "preview")
    middle = seen.shape[1] // 2
    scale = window.view.scale * window.session.document.width / 1200
    assert scale < 0.6
    rows = slice(seen.shape[0] // 2 - 60, seen.shape[0] // 2 + 60)
    ink = (255 - seen[rows, middle - 8 : middle + 8]).sum(1)
    assert ink.min() > 0.8 * 255 * 3 * scale and ink.max() < 1.2 * 255 * 3 * scale


def test_levels_are_means() -> None:
    rng = np.random.default_rng(3)
    document = Document.new("image", 70, 50)
    document.layers[0].pixels[..., :3] = rng.integers(0, 256, (50, 70, 3))
    document.layers[0].pixels[..., 3] = 255
    levels = reduced.Reduced()
    image = levels.image(2, (70, 50), document.layers, document.paper, Rect(0, 0, 70, 50))
    assert image is not None and image.size() == QSize(18, 13)
    mean = document.layers[0].pixels[8:12, 4:8, 2].mean()
    assert image.pixelColor(1, 2).red() == pytest.approx(mean, abs=1)
    edge = document.layers[0].pixels[48:50, 68:70, 1].mean()
    assert image.pixelColor(17, 12).green() == pytest.approx(edge, abs=1)


def test_scales_have_levels_with_one_or_two_pixels_for_one_of_the_screen() -> None:
    for scale, level in ((1, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.24, 2), (0.13, 2), (0.02, 5), (3, 0)):
        assert reduced.level_of(scale) == level


def test_a_reduced_picture_follows_size_and_paper(window: MainWindow) -> None:
    put_up(window, striped(900, 90))
    at_scale(window, 0.4)
    shown(window)
    window.session.edit(lambda document: document.resize(450, 450))
    window.canvas.fit()
    at_scale(window, 0.4)
    dark = (shown(window) < 60).sum()
    assert dark > 0
    window.session.undo()
    window.canvas.fit()
    at_scale(window, 0.4)
    assert (shown(window) < 60).sum() == pytest.approx(4 * dark, rel=0.1)
