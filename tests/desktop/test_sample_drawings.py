"""The drawings that come along, also where one of them is damaged."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt

import resources
from desktop.documents.samples import bundled, samples
from desktop.paint.files.drawing import Drawing
from desktop.preview.gallery import Exhibit
from desktop.session import Session
from desktop.support.task_queue import TaskQueue
from desktop.widgets.main_window import MainWindow
from engine.data.palette import Label, Palette
from engine.errors import PictureError
from tests.desktop.window_hands import message, model, send, settle, until


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """One of the drawings is torn; how many are whole."""
    shutil.copytree(resources.path("samples"), tmp_path / "samples")
    first = min((tmp_path / "samples").glob("*.json"))
    first.write_bytes(first.read_bytes()[:100])
    monkeypatch.setattr(resources, "path", lambda *names: tmp_path.joinpath(*names))
    return len(list((tmp_path / "samples").glob("*.json"))) - 1


def test_a_damaged_drawing_is_passed_over(damaged: int, caplog: pytest.LogCaptureFixture) -> None:
    assert len(list(bundled())) == damaged
    assert "01-red-sneaker.json" in caplog.text
    assert "01-red-sneaker.json" not in [path.name for path in samples("sketch", "shoes")]


def test_pictures_in_the_colours_of_one_image_model_are_for_that_and_its_children() -> None:
    maps = Palette("maps", (Label("ground", (233, 228, 222)), Label("road", (255, 255, 251))))
    own = list(samples("image", "aerial", maps))
    assert own == list(samples("image", "aerial"))
    assert list(samples("image", "aerial, taught", maps)) == own
    assert list(samples("image", "somebody’s")) == []
    assert list(samples("image", "somebody’s", dataclasses.replace(maps, name="plans"))) == []


def test_a_model_without_drawings_gets_all_of_its_kind() -> None:
    every = [path for path, drawing in bundled() if drawing.kind == "sketch"]
    assert list(samples("sketch", "nobody's")) == every
    own = list(samples("sketch", "shoes"))
    assert own and set(own) < set(every)


def test_listing_the_drawings_reads_no_stroke() -> None:
    """A start waits for the list, and there are tens of thousands of samples in all."""
    assert not any(drawing.strokes for _, drawing in bundled())


@pytest.mark.parametrize("model", ["shoes", "handbags"])
def test_a_models_drawings_begin_with_the_first_of_its_files(model: str) -> None:
    """So the welcome's tile, the first canvas and lessons stay as they are, however many there are."""
    own = list(samples("sketch", model))
    assert own == sorted(own)
    assert {int(path.name[:2]) for path in own[:6]} < set(range(1, 24))


def open_other_kind(session: Session, _sample: Path) -> None:
    session.open_model(model(session, "tiny lines"))


def put_up_from_gallery(session: Session, sample: Path) -> None:
    file, card = session.live.model_file, session.live.card
    assert file is not None and card is not None
    session.gallery.put_up(Exhibit(file, card, sample))


def next_example(session: Session, _sample: Path) -> None:
    session.example()


Way = Callable[[Session, Path], None]
WAYS = [next_example, put_up_from_gallery, open_other_kind]


class Slow:
    """Drawing a sample is held up until it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[threading.Thread] = []
        self.let = threading.Event()
        replay = Drawing.replay

        def slowly(drawing: Drawing, *given: object) -> object:
            self.threads.append(threading.current_thread())
            assert threading.current_thread() is not threading.main_thread(), "the window stands still"
            assert self.let.wait(20)
            return replay(drawing, *given)  # type: ignore[arg-type]

        monkeypatch.setattr(Drawing, "replay", slowly)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(monkeypatch)


@pytest.mark.parametrize("way", WAYS)
def test_a_sample_is_drawn_while_the_window_goes_on(
    way: Way, short_sample: Path, window: MainWindow, session: Session, slow: Slow
) -> None:
    if way is open_other_kind:  # whose picture there is none of
        sketch = session.picture
        session.new_picture("labels", 96, 80)
        assert sketch is not None
        session.close_picture(sketch)
        settle(session)
    before = session.picture
    way(session, short_sample)
    until(lambda: slow.threads)
    assert session.picture is before and session.samples.drawing
    slow.let.set()
    settle(session)
    assert session.picture is not before
    assert (session.document.width, session.document.height) == (96, 96) and not session.document.is_blank


def test_of_samples_asked_for_only_the_last_comes_and_none_over_what_came_since(
    short_sample: Path, window: MainWindow, session: Session, slow: Slow
) -> None:
    session.example()
    until(lambda: slow.threads)
    session.example()
    session.new_picture("sketch", 64, 64)
    mine = session.picture
    slow.let.set()
    assert not session.samples.drawing
    session.samples.have(lambda: None, lambda _none: None)  # behind the one that is dropped
    settle(session)
    assert session.picture is mine and len(slow.threads) == 1


def test_a_sample_waits_for_the_end_of_a_stroke(
    short_sample: Path, window: MainWindow, session: Session, slow: Slow
) -> None:
    before = session.picture
    session.example()
    until(lambda: slow.threads)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, QEvent.Type.MouseButtonPress, (10, 10), left, left)
    send(window, QEvent.Type.MouseMove, (30, 30), none, left)
    slow.let.set()
    queue = session.samples.findChild(TaskQueue)
    assert queue is not None
    queue.finish()
    assert session.picture is before and session.strokes.drawing
    send(window, QEvent.Type.MouseButtonRelease, (30, 30), left, none)
    settle(session)
    assert session.picture is not before
    assert before in session.pictures and before.document.can_undo


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_sample_that_cannot_be_drawn_is_a_sentence(
    way: Way, short_sample: Path, window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(_file: Path) -> None:
        raise PictureError("The sample is torn.")

    before = session.picture
    monkeypatch.setattr(Drawing, "load", torn)
    way(session, short_sample)
    until(lambda: "The sample is torn." in message(window))
    assert session.picture is before and not session.samples.drawing
