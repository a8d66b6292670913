"""From a folder of pairs to painting with one's own model, in real windows on a real (virtual) screen.

It trains no longer than it takes to see that the drawing changes. ``UNDERPAINT_JOURNEY_MINUTES=2`` makes it
two minutes, as a user would (with ``-o faulthandler_timeout=600``: long tests are reported as stuck);
``UNDERPAINT_SHOTS`` names a folder for screenshots.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.messages import Pixels
from tests import warm
from tests.desktop.training_pairs import house
from tests.journeys.x_screen import Screen, keep

pytestmark = pytest.mark.xvfb

SECONDS = 60 * float(os.environ.get("UNDERPAINT_JOURNEY_MINUTES", "0"))
"""So long it trains at least, half of it before it is stopped."""

OFTEN = """
from trainer.training import validation
validation.DRAWING_SECONDS = 0.5
from desktop.__main__ import main
main()
"""


def program() -> str:
    """The program, but that a training is forked, and looks for what was drawn more often than every 4 s."""
    return f"""
from desktop.support import background
background.program = lambda: {warm.command("-c", OFTEN)!r}
from desktop.__main__ import main
main()
"""


def told(run: Path) -> list[dict]:
    """The run's events."""
    journal = run / "events.jsonl"
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]


def last(run: Path, *names: str) -> str:
    """The newest event of these names."""
    return next((event["event"] for event in reversed(told(run)) if event["event"] in names), "")


def trained(run: Path) -> float:
    """Seconds from the first step on, without what lies between a stop and the resumed training."""
    times = [event["time"] for event in told(run) if event["event"] == "step"]
    return sum(min(10.0, later - sooner) for sooner, later in pairwise(times))


def watch(screen: Screen, run: Path, seconds: float) -> None:
    """Until it has been trained for so long; with every drawing that is translated in between."""
    while trained(run) < seconds:
        before = count(run, "drawing")
        screen.wait(lambda _seen, before=before: count(run, "drawing") > before, "the drawing is translated")


def count(run: Path, name: str) -> int:
    """How often something was told."""
    return sum(event["event"] == name for event in told(run))


def test_train_watch_stop_resume_paint(screen: Screen, tmp_path: Path):
    home, houses = tmp_path / "home", tmp_path / "houses"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps({"theme": "light", "folder": str(tmp_path)}))
    for side in ("A", "B"):
        (houses / side).mkdir(parents=True)
    for number in range(24):
        for side, pixels in zip("AB", house(number), strict=True):
            large = np.kron(pixels, np.ones((2, 2, 1), np.uint8))
            Image.fromarray(large).save(houses / side / f"{number}.png")
    run = home / "runs" / "houses"

    screen.start(*(("-m", "desktop") if SECONDS else ("-c", program())), home=home)
    main = screen.focus()
    screen.still()

    # Ctrl+T, choose the folder, Train.
    screen.hand("key", "ctrl+t")
    screen.still()
    training = another(screen, main)
    screen.hand("key", "alt+f")
    another(screen, main, training)
    screen.hand("type", str(houses))
    screen.hand("key", "Return")
    screen.wait(lambda _seen: others(screen) == {main, training}, "the dialog is gone")
    screen.hand("windowfocus", "--sync", training)
    keep(screen.still(), "training-1-found")
    screen.hand("key", "alt+t")
    screen.wait(lambda _seen: last(run, "started"), "the training has begun")

    # The drawing on the canvas appears, and changes as the model learns.
    screen.wait(lambda _seen: last(run, "drawing"), "the drawing is translated")
    before = look(screen)
    for _ in range(2 if SECONDS else 1):
        changed = screen.wait(lambda seen, old=before: np.abs(here(seen) - old).mean() > 1, "it changes")
        before = here(changed)
    watch(screen, run, SECONDS / 2)
    keep(screen.see(), "training-2-watching")

    # Stop, and resume.
    screen.wait(lambda _seen: last(run, "samples"), "the first look at unknown pairs")
    screen.hand("key", "alt+s")
    screen.wait(lambda _seen: last(run, "started", "stopped") == "stopped", "it has stopped")
    keep(screen.still(), "training-3-stopped")

    def resumed(_seen: Pixels) -> bool:
        """Resume is offered once the process is gone, which comes after what it says last."""
        if last(run, "stopped", "resumed") == "resumed":
            return True
        screen.hand("key", "alt+r")
        return False

    screen.wait(resumed, "it goes on")
    watch(screen, run, SECONDS)
    keep(screen.see(), "training-4-resumed")

    # Paint with it.
    screen.hand("key", "alt+w")
    screen.wait(lambda _seen: (home / "models" / "houses.safetensors").exists(), "it is one of the models")
    screen.hand("windowclose", training)
    screen.hand("windowfocus", "--sync", main)
    keep(screen.still(), "training-5-painting")

    # Whoever closes twice lets it go on; here it is stopped at the end.
    (run / "stop").touch()
    screen.wait(lambda _seen: last(run, "resumed", "stopped") == "stopped", "it has stopped again")
    assert not (tmp_path / "errors").read_text().count("Traceback")


def others(screen: Screen) -> set[str]:
    """The windows that are seen."""
    return set(screen.hand("search", "--onlyvisible", "--class", "underpaint").split())


def another(screen: Screen, *known: str) -> str:
    """Wait for one more window and give it the keyboard."""
    screen.wait(lambda _seen: others(screen) - set(known), "there is one more window")
    (window,) = others(screen) - set(known)
    screen.hand("windowfocus", "--sync", window)
    return window


def here(seen: Pixels) -> np.ndarray:
    """Where the translated drawing is."""
    return seen[100:360, 325:595].astype(np.int16)


def look(screen: Screen) -> np.ndarray:
    """The translated drawing as soon as there is one: it has colours."""
    return here(screen.wait(lambda seen: here(seen).std(2).mean() > 3, "the translated drawing is seen"))
