"""The whole way of a user, in a real window on a real (virtual) screen, with real pointer events."""

from __future__ import annotations

import json
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.journeys.x_screen import Pixels, Screen, keep, paper

pytestmark = pytest.mark.xvfb


def right_half(seen: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The preview: as far to the right of the paper as the canvas is wide."""
    return seen[box[1] : box[3], 560:1020].astype(np.int16)


def test_draw_see_undo_save_crash_recover(screen: Screen, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps({"theme": "light", "folder": str(tmp_path)}))
    program = screen.start("-m", "desktop", home=home)
    screen.focus()
    screen.hand("mousemove", 1270, 400)

    # It opens with an example, translated.
    seen = screen.wait(
        lambda seen: paper(seen)[2] and right_half(seen, paper(seen)).std() > 20, "it shows an example"
    )
    keep(seen, "1-start")

    # An empty picture by the keyboard: New, Enter.
    without = screen.see()
    screen.hand("key", "ctrl+n")
    middle = np.s_[330:390, 560:720]
    screen.wait(lambda seen: (seen[middle] != without[middle]).mean() > 0.2, "the dialog is there")
    screen.focus()
    screen.hand("key", "Return")

    def blank(seen: Pixels) -> bool:
        left, top, right, bottom = paper(seen)
        return right - left > 200 and (seen[top + 9 : bottom - 9, left + 9 : right - 9] == 255).all()

    seen = screen.wait(blank, "the paper is empty")
    screen.focus()
    left, top, right, bottom = box = paper(seen)
    across, down = (right - left) / 10, (bottom - top) / 10
    points = [(2, 6), (3, 4), (4, 5), (6, 5.5), (8, 6), (8.5, 7.5), (5, 7.6), (2, 7.5), (2, 6)]
    # Its own, not the example's: of empty paper the model makes white.
    empty_preview = screen.wait(
        lambda seen: blank(seen) and right_half(seen, box).mean() > 245, "a preview of nothing"
    )

    # Draw, and the preview follows.
    screen.drag(*[(left + x * across, top + y * down) for x, y in points])
    screen.hand("mousemove", 1270, 400)
    before = right_half(empty_preview, box)
    drawn = screen.wait(
        lambda seen: np.abs(right_half(seen, box) - before).mean() > 1 and not blank(seen),
        "the preview follows",
    )
    keep(drawn, "2-drawn")
    canvas = np.s_[top + 4 : bottom - 4, left + 4 : right - 4]

    def as_drawn(seen: Pixels) -> bool:
        # Scaled to the window, a part painted anew may differ from the whole by a level or two.
        return bool(np.abs(seen[canvas].astype(np.int16) - drawn[canvas]).max() <= 8)

    # Save.
    screen.hand("key", "ctrl+s")
    screen.focus_dialog("it is asked where")
    target = tmp_path / "shoe.ora"
    screen.hand("type", str(target))
    screen.hand("key", "Return")
    screen.wait(lambda _seen: target.exists(), "the project is saved")
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist()[0] == "mimetype"

    # Another stroke, taken back; and one more that is never saved.
    screen.focus_back("the dialog is gone")
    screen.wait(as_drawn, "nothing of it is left")
    screen.drag((left + across, top + down), (left + 9 * across, top + down))
    screen.hand("mousemove", 1270, 400)
    screen.wait(lambda seen: not as_drawn(seen), "the stroke is there")
    screen.hand("key", "ctrl+z")
    screen.wait(as_drawn, "it is taken back")
    screen.drag((left + 2 * across, top + 2 * down), (left + 8 * across, top + 2 * down))
    screen.hand("mousemove", 1270, 400)

    # The power fails a second after the stroke.
    log = home / "recovery"
    screen.wait(lambda _seen: any(file.stat().st_size for file in log.rglob("*")), "the journal is written")
    screen.hand("sleep", 1)
    keep(screen.see(), "3-before-the-crash")
    program.send_signal(signal.SIGKILL)
    program.wait()

    # The next start offers the drawing; Alt+B brings it back.
    screen.start("-m", "desktop", home=home)
    screen.focus()
    seen = screen.wait(lambda seen: paper(seen)[2] and right_half(seen, box).std() > 20, "it starts again")
    screen.hand("mousemove", 1270, 400)
    keep(seen, "4-offer")
    screen.focus()
    screen.hand("key", "alt+b")

    def is_back(seen: Pixels) -> bool:
        left, top, right, bottom = paper(seen)
        if not right:
            return False
        row = round(top + 0.2 * (bottom - top))
        line = seen[row - 3 : row + 4, left + (right - left) // 4 : right - (right - left) // 4]
        return bool((line.min(0).max(1) < 128).mean() > 0.9)

    keep(screen.wait(is_back, "the drawing is back"), "5-recovered")
    assert not (tmp_path / "errors").read_text().count("Traceback")
