from __future__ import annotations

import pytest

from tests.journeys.x_screen import Screen

pytestmark = pytest.mark.xvfb


def test_the_screen_stays_when_its_last_program_ends(screen: Screen):
    screen.hand("mousemove", 10, 20)  # a server that starts anew puts the pointer into the middle
    assert screen.hand("getmouselocation").startswith("x:10 y:20 ")
