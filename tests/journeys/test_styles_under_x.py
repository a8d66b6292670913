"""Styles on a real (virtual) screen: draw, take the style of a photo, another, undo, save, and open again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.paint.editing.document import Document
from desktop.paint.files import project
from tests.desktop.styled_models import write_styled
from tests.journeys.x_screen import Pixels, Screen, keep, paper

pytestmark = pytest.mark.xvfb


def of_preview(seen: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The preview: as far to the right of the paper as the canvas is wide."""
    return seen[box[1] : box[3], 560:1000].astype(np.int16)


def place_of(screen: Screen, window: str) -> list[str]:
    """Left, top, width and height of a window."""
    told = dict(line.split("=") for line in screen.hand("getwindowgeometry", "--shell", window).splitlines())
    return [told[name] for name in ("X", "Y", "WIDTH", "HEIGHT")]


def test_draw_take_the_style_of_a_photo_undo_save_open_again(screen: Screen, tmp_path: Path):
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    write_styled(home / "models" / "styled.safetensors", "styled")
    settings = {"format": 4, "theme": "light", "folder": str(tmp_path), "models": {"sketch": "styled"}}
    settings |= {"welcomed": True}
    (home / "settings.json").write_text(json.dumps(settings))
    rng = np.random.default_rng(7)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "boot.png")
    target = tmp_path / "drawn.ora"
    project.save(Document.new("sketch", 256, 256), target)
    program = screen.start("-m", "desktop", str(target), home=home)
    screen.focus()
    screen.hand("mousemove", 1270, 795)

    # An empty picture, and what the model makes of it; then a stroke.
    def ready(seen: Pixels) -> bool:
        left, top, right, bottom = paper(seen)
        if right - left < 200:
            return False
        blank = (seen[top + 9 : bottom - 9, left + 9 : right - 9] == 255).all()
        return bool(blank and of_preview(seen, (left, top, right, bottom)).std() > 20)

    screen.wait(ready, "the paper is empty, and there is a preview")
    left, top, right, bottom = box = paper(screen.still())
    across, down = (right - left) / 10, (bottom - top) / 10
    screen.drag(*[(left + x * across, top + y * down) for x, y in [(2, 6), (4, 3), (7, 5), (8, 8), (2, 7)]])
    screen.hand("mousemove", 1270, 795)
    usual = screen.still()
    keep(usual, "styles-1-drawn")

    # The style of a photo, by keys.
    screen.focus()
    screen.hand("key", "ctrl+shift+o")
    screen.focus_dialog("it is asked which photo")
    screen.hand("type", str(tmp_path / "boot.png"))
    screen.hand("key", "Return")
    screen.focus_back("the photo is taken")  # a dialog over the preview would pass for another style

    def differs(seen: Pixels, from_what: Pixels) -> bool:
        return bool(np.abs(of_preview(seen, box) - of_preview(from_what, box)).mean() > 3)

    screen.wait(lambda seen: differs(seen, usual), "it has the photo's style")
    photo = screen.still()
    keep(photo, "styles-2-photo")

    # Another by its key; undo goes back to the photo's.
    screen.hand("key", "period")
    screen.wait(lambda seen: differs(seen, photo), "it has another style")
    screen.hand("key", "ctrl+z")
    screen.wait(lambda seen: not differs(seen, photo), "the photo's style is back")
    before = of_preview(screen.still(), box)
    place = place_of(screen, screen.focus())

    # Save, and open it in another program.
    was = target.stat().st_mtime_ns
    screen.hand("key", "ctrl+s")
    screen.wait(lambda _seen: target.stat().st_mtime_ns != was, "the project is saved")
    screen.hand("key", "ctrl+q")
    program.wait(timeout=20)
    screen.start("-m", "desktop", str(target), home=home)
    again = screen.focus()
    screen.wait(lambda seen: paper(seen)[2] > 0, "the paper is there again")
    screen.hand("windowsize", again, *place[2:])
    screen.hand("windowmove", again, *place[:2])
    screen.wait(lambda _seen: place_of(screen, again) == place, "the window is where the other was")
    screen.hand("mousemove", 1270, 795)

    def same(seen: Pixels) -> bool:
        return bool((of_preview(seen, box) == before).all())

    keep(screen.wait(same, "the same preview, to the byte"), "styles-3-again")
    assert not (tmp_path / "errors").read_text().count("Traceback")
