"""The welcome’s tiles: what each bundled model makes of its drawing, when nobody waits for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import (
    QApplication,
)

from desktop.preview.gallery import FIRST, rank
from desktop.widgets.main_window import MainWindow
from engine.models import catalogue
from engine.models.bundle import read_card
from tests.desktop.widgets.welcome.welcome_hands import (
    LEFT,
    NONE,
    SHOWN,
    click,
    complete,
    place,
    tile_of,
    tiles,
)
from tests.desktop.window_hands import drag, send, settle, until


def test_the_first_start_shows_it_beside_a_live_drawing(window: MainWindow):
    assert window.welcome.isVisible()
    assert QApplication.activeModalWidget() is None
    settle(window.session)
    for part in (window.canvas, window.preview):
        assert part.isVisible() and part.height() > 250
        assert not place(window, part).intersects(place(window, window.welcome))


def test_each_bundled_model_with_drawings_is_a_picture(window: MainWindow):
    settle(window.session)
    assert [tile.exhibit.card.name for tile in complete(window)] == SHOWN
    shown = window.session.gallery.shown
    assert [shown[tile.exhibit.model].title for tile in tiles(window)] == ["Bag", "Boot", "House"]
    for tile in tiles(window):
        seen = tile.grab().toImage()
        across = tile.width() // 2
        halves = (seen.copy(4, 4, across - 8, across - 20), seen.copy(across + 4, 4, across - 8, across - 20))
        for half in halves:
            step = range(0, min(half.width(), half.height()), 3)
            colours = {half.pixel(x, y) for x in step for y in step}
            assert len(colours) > 2, tile.text()


def test_what_is_understood_at_first_sight_goes_first(bundle: Path, window: MainWindow):
    """The bundled ones by their names, then all others as before; every bundled one has its place."""
    gallery = window.session.gallery
    own = [exhibit.card for exhibit in gallery.exhibits]
    known = [dataclasses.replace(own[0], name=name) for name in reversed(FIRST)]
    shown = sorted([*own, *known], key=rank)
    assert [card.name for card in shown[: len(FIRST)]] == ["shoes", "glossy", *FIRST[2:]]
    assert shown[len(FIRST) :] == own
    files = (Path(catalogue.__file__).parents[2] / "resources" / "models").glob("*.safetensors")
    assert {read_card(file).name for file in files} <= set(FIRST)


@pytest.mark.parametrize("model", SHOWN)
def test_a_tile_shows_what_the_canvas_will_show(window: MainWindow, model: str):
    settle(window.session)
    complete(window)
    tile = tile_of(window, model)
    promised = window.session.gallery.shown[tile.exhibit.model]
    click(window, tile)
    session = window.session
    settle(session)
    assert session.title == promised.title
    assert session.live.model_file == tile.exhibit.model
    np.testing.assert_array_equal(session.document.picture_flat(), promised.drawn)
    np.testing.assert_array_equal(session.live.preview, promised.preview)
    assert not window.welcome.isVisible()
    assert window.canvas.hasFocus()
    assert not session.document.can_undo
    drag(window, (10, 10), (80, 80))
    settle(session)
    assert (session.live.preview != promised.preview).any(), "ready to be painted on"


def test_a_click_before_the_pictures_are_there_works_too(window: MainWindow):
    click(window, tile_of(window, "tiny lines"))
    settle(window.session)
    assert (window.session.title, window.session.live.card.name) == ("Bag", "tiny lines")


def test_damaged_drawings_and_models_cost_only_their_tile(
    bundle: Path, started: Callable[[], MainWindow], caplog: pytest.LogCaptureFixture
):
    window = started()  # it begins with the bag and “tiny lines”
    (bundle / "samples" / "2.json").write_text("{")
    (bundle / "models" / "tiny labels.safetensors").write_bytes(b"not a model")
    settle(window.session)
    gallery = window.session.gallery
    # The labels come last, and are refused.
    until(lambda: gallery.shown and any(record.name.endswith("tryouts") for record in caplog.records))
    assert {file.stem: shown.title for file, shown in gallery.shown.items()} == {"tiny sketch": "Boot"}
    assert [tile.exhibit.card.name for tile in tiles(window)] == ["tiny sketch", "tiny labels"]
    assert [tile.complete for tile in tiles(window)] == [True, False]
    assert not window.messages.isVisible(), "nobody asked, so nobody is told"
    assert "trying out “tiny labels.safetensors”" in caplog.text


def test_pictures_are_not_made_while_somebody_draws(window: MainWindow):
    session = window.session
    settle(session)
    complete(window)
    gallery = session.gallery
    gallery.shown, gallery._found = {}, None
    send(window, QEvent.Type.MouseButtonPress, (20, 20), LEFT, LEFT)
    send(window, QEvent.Type.MouseMove, (60, 50), NONE, LEFT)
    settle(session)
    until(lambda: not gallery.busy)
    assert gallery.shown == {}
    send(window, QEvent.Type.MouseButtonRelease, (60, 50), LEFT, NONE)
    until(lambda: len(gallery.shown) == len(SHOWN))
