"""Styles on a real (virtual) screen: draw, take the style of a photo, another, undo, save, and open again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.desktop.styled_models import write_styled
from tests.journeys.x_screen import Pixels, Screen, keep, paper

pytestmark = pytest.mark.xvfb


def of_preview(seen: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The preview: as far to the right of the paper as the canvas is wide."""
    return seen[box[1] : box[3], 560:1000].astype(np.int16)


def windows(screen: Screen, count: int) -> None:
    """Wait for so many windows, a dialog among them or not, and give the newest the keyboard."""
    words = "search", "--onlyvisible", "--class", "underpaint"
    screen.wait(lambda _seen: len(screen.hand(*words).splitlines()) == count, f"there are {count} windows")
    screen.focus()


def test_draw_take_the_style_of_a_photo_undo_save_open_again(screen: Screen, tmp_path: Path):
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    write_styled(home / "models" / "styled.safetensors", "styled")
    settings = {"format": 4, "theme": "light", "folder": str(tmp_path), "models": {"sketch": "styled"}}
    settings |= {"welcomed": True, "new_size": [256, 256]}
    (home / "settings.json").write_text(json.dumps(settings))
    rng = np.random.default_rng(7)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "boot.png")
    program = screen.start("-m", "desktop", home=home)
    screen.focus()
    screen.hand("mousemove", 1270, 795)

    # A new picture, and a stroke.
    screen.wait(lambda seen: paper(seen)[2], "there is paper")
    screen.hand("key", "ctrl+n")
    windows(screen, 2)
    screen.hand("key", "Return")
    windows(screen, 1)

    def blank(seen: Pixels) -> bool:
        left, top, right, bottom = paper(seen)
        return right - left > 200 and (seen[top + 9 : bottom - 9, left + 9 : right - 9] == 255).all()

    left, top, right, bottom = box = paper(screen.wait(blank, "the paper is empty"))
    across, down = (right - left) / 10, (bottom - top) / 10
    screen.drag(*[(left + x * across, top + y * down) for x, y in [(2, 6), (4, 3), (7, 5), (8, 8), (2, 7)]])
    screen.hand("mousemove", 1270, 795)
    usual = screen.still()
    keep(usual, "styles-1-drawn")

    # The style of a photo, by keys.
    screen.hand("key", "ctrl+alt+o")
    windows(screen, 2)
    screen.hand("type", str(tmp_path / "boot.png"))
    screen.hand("key", "Return")

    def differs(seen: Pixels, from_what: Pixels) -> bool:
        return bool(np.abs(of_preview(seen, box) - of_preview(from_what, box)).mean() > 3)

    windows(screen, 1)
    screen.wait(lambda seen: differs(seen, usual), "it has the photo's style")
    photo = screen.still()
    keep(photo, "styles-2-photo")

    # Another by its key; undo goes back to the photo's.
    screen.hand("key", "period")
    screen.wait(lambda seen: differs(seen, photo), "it has another style")
    screen.hand("key", "ctrl+z")
    screen.wait(lambda seen: not differs(seen, photo), "the photo's style is back")
    before = of_preview(screen.still(), box)

    # Save, and open it in another program.
    screen.hand("key", "ctrl+s")
    windows(screen, 2)
    target = tmp_path / "drawn.ora"
    screen.hand("type", str(target))
    screen.hand("key", "Return")
    windows(screen, 1)
    screen.wait(lambda _seen: target.exists(), "the project is saved")
    screen.hand("key", "ctrl+q")
    program.wait(timeout=20)
    screen.start("-m", "desktop", str(target), home=home)
    screen.focus()
    screen.hand("mousemove", 1270, 795)

    def same(seen: Pixels) -> bool:
        return bool((of_preview(seen, box) == before).all())

    keep(screen.wait(same, "the same preview, to the byte"), "styles-3-again")
    assert not (tmp_path / "errors").read_text().count("Traceback")
