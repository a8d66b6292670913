"""A real session and window on tiny real models."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

import desktop.__main__ as command_line
from desktop.app import begin, open_window
from desktop.documents import samples
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.session import Session
from desktop.support import background
from desktop.support.settings import Settings, SettingsFile
from desktop.widgets.main_window import MainWindow
from engine.data.card import Card
from engine.data.palette import Label, Palette
from tests import warm
from tests.desktop.command_hands import Done
from tests.desktop.window_hands import files_done, settle, until

PALETTE = Palette(
    "test", (Label("sky", (10, 20, 200)), Label("wall", (200, 180, 20)), Label("door", (90, 0, 0)))
)
CARDS: dict[str, dict[str, Any]] = {
    "tiny sketch": {"input": "sketch", "hints": True, "line_width": 1.5, "inputs": 5},
    "tiny lines": {"input": "sketch", "hints": False, "line_width": 1.5, "inputs": 3},
    "tiny labels": {"input": "labels", "palette": PALETTE, "inputs": 3},
    "tiny image": {"input": "image", "inputs": 3},
    "tiny map": {"input": "image", "palette": PALETTE, "inputs": 3},
}


@pytest.fixture(scope="session", autouse=True)
def application(qapp: QApplication) -> None:
    """It is there for every test: signals, timers and pictures are used without asking for it."""


@pytest.fixture(autouse=True)
def held_collector() -> Iterator[None]:
    """As in the program, no cycle with a Qt object in it is collected on a thread beside the test's.

    Left alone, a pool that decodes pictures destroyed the parts of an earlier test, and the process died.
    Between two tests there are no threads (see the outer ``conftest.py``), and many windows are let go of.
    """
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def warmed_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the window starts in the background is forked from a process that has torch, not begun anew.

    How it is begun in truth is for ``test_training_parts.py``, and for the journeys.
    """
    monkeypatch.setattr(background, "program", lambda: warm.command("-m", "desktop"))


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tiny model of each kind, with random weights: real files for the real engine."""
    import torch

    from engine import networks
    from engine.models import bundle

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("models")
    for name, fields in CARDS.items():
        fields = dict(fields)
        settings = {
            "levels": 5,
            "width": 4,
            "inputs": fields.pop("inputs"),
            "outputs": 3,
            "norm": "batch",
            "dropout": True,
        }
        network = networks.build("unet", **settings)
        card = Card(name=name, kind="unet", network=settings, size=(64, 64), statistics="running", **fields)
        bundle.write(folder / f"{name}.safetensors", card, network.state_dict())
    return folder


@pytest.fixture
def short_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program comes with one drawing, of one line: those that are bundled take half a second to draw."""
    ends = Sample(20, 70), Sample(70, 20)
    file = tmp_path / "short.json"
    Drawing("sketch", 96, 96, strokes=[Played("pen", Role.LINES, Ink(size=3), ends)]).save(file)
    monkeypatch.setattr(samples, "samples", lambda *_: iter([file]))
    return file


@pytest.fixture
def stocked_home(home: Path, tiny_models: Path) -> Path:
    """The user's folder with the tiny models in it, chosen as the ones last used."""
    (home / "models").mkdir()
    for file in tiny_models.iterdir():
        (home / "models" / file.name).write_bytes(file.read_bytes())
    settings = SettingsFile(home / "settings.json")
    settings.settings = Settings(
        theme="light",
        models={"sketch": "tiny sketch", "labels": "tiny labels", "image": "tiny image"},
        new_size=[96, 80],
    )
    settings.save()
    return home


@pytest.fixture
def window(qapp: QApplication, stocked_home: Path) -> Iterator[MainWindow]:
    """The window, shown, with a first picture and its preview."""
    session, window = open_window()
    window.resize(1280, 800)
    window.show()
    session.new_picture("sketch", 96, 80)  # already there, it is begun with: no sample need be drawn
    begin(session, window, None)
    settle(session)
    yield window
    files_done(session)  # while something is being written the window would stay open
    closed = window.close()
    window.deleteLater()
    session.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()
    assert closed, "the window stayed open, since it asks something"


@pytest.fixture
def session(window: MainWindow) -> Session:
    """The session of ``window``."""
    return window.session


@pytest.fixture
def told(session: Session) -> list[str]:
    """All that the program says from now on, of what went wrong as well."""
    sentences: list[str] = []
    for signal in (session.notice, session.error_reported, session.training.error_reported):
        signal.connect(sentences.append)
    return sentences


@pytest.fixture
def underpaint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command in this process."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["underpaint", *map(str, words)])
        code = 0
        try:
            command_line.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)


@pytest.fixture
def no_training_is_left(home: Path) -> Iterator[None]:
    """Whatever a test does: its training ends with it."""
    yield
    for log in (home / "runs").glob("*.log"):
        background.end(log)
        until(lambda log=log: not background.is_running(log), 60)
