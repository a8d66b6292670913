"""The very first start, in a real window on a real (virtual) screen, with a real pointer and real keys."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.journeys.x_screen import Screen, keep, paper

pytestmark = pytest.mark.xvfb

DRAWN, MADE, FOOT = np.s_[600:690, 70:165], np.s_[600:690, 245:270], np.s_[752:768, 60:460]
"""In the halves of the first tile, however large it is; and the line of folders under it."""
RED = (200, 30, 30)


def test_first_start_by_pointer(screen: Screen, tmp_path: Path):
    home = tmp_path / "home"
    picture = tmp_path / "mine.png"
    Image.new("RGB", (64, 64), RED).save(picture)

    # Who opens a file wants to see that.
    program = screen.start("-m", "desktop", str(picture), home=home)
    screen.focus()
    screen.hand("mousemove", 1270, 400)
    seen = screen.wait(lambda seen: (seen[300:500, 200:400] == RED).all(), "the file is on the canvas")
    assert (seen[645:655, 100:400] == RED).all(), "and has all the room"
    screen.hand("key", "ctrl+q")
    assert program.wait(60) == 0

    # The drawing is on the canvas, translated, and the tiles show what they promise.
    program = screen.start("-m", "desktop", home=home)
    screen.focus()
    seen = screen.wait(
        lambda seen: paper(seen)[2] and seen[120:450, 640:960].std() > 20, "a drawing, and its preview"
    )
    keep(seen, "welcome-1-drawing")
    seen = screen.wait(
        lambda seen: seen[DRAWN].std() > 30 and seen[MADE].std() > 20, "the first tile has its pictures"
    )
    keep(seen, "welcome-2-tiles")
    foot = seen[FOOT].copy()
    colours = np.unique(seen[DRAWN].reshape(-1, 3), axis=0, return_counts=True)
    most = colours[0][colours[1].argmax()].astype(np.int16)

    # A click, and it is there to be painted on.
    screen.hand("mousemove", 130, 630, "click", 1, "mousemove", 1270, 400)
    seen = screen.wait(lambda seen: (seen[FOOT] != foot).mean() > 0.5, "the welcome is gone")
    seen = screen.wait(lambda seen: seen[200:660, 600:1000].std() > 20, "its preview")
    assert (np.abs(seen[210:660, 70:510].astype(np.int16) - most).sum(2) < 24).mean() > 0.1
    keep(seen, "welcome-3-chosen")
    screen.hand("key", "ctrl+q")
    assert program.wait(60) == 0
    assert json.loads((home / "settings.json").read_text("utf-8"))["welcomed"] is True

    # Once is enough.
    program = screen.start("-m", "desktop", home=home)
    screen.focus()
    seen = screen.wait(lambda seen: seen[200:660, 600:1000].std() > 20, "a preview")
    keep(seen, "welcome-4-again")
    assert (seen[FOOT] != foot).mean() > 0.5
    screen.hand("key", "ctrl+q")
    assert program.wait(60) == 0
