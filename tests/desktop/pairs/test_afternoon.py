"""The afternoon's journey in small: photos labelled by a counted hand in the real window, with drafts."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.widgets.main_window import MainWindow
from tests.bench.afternoon import add_the_rest, label_all
from tests.bench.labelling import Hand
from tests.desktop.pairs.test_label_drafts import front, soon_learnt, write_fronts
from trainer.data import pairs

__all__ = ["soon_learnt"]


@pytest.mark.usefixtures("soon_learnt")
def test_drafts_spare_the_hand_most_of_its_steps(window: MainWindow, tmp_path: Path) -> None:
    photos = write_fronts(tmp_path / "fronts", 8)
    truths = {}
    for number in range(1, 9):
        labels, photo = front(number)
        truths[f"front {number}"] = photo, labels
    hand = Hand(window)
    journey = label_all(window, hand, photos, truths, goal=0.95, most=7)
    assert journey.drafted == [False] * 5 + [True] * 2
    assert min(journey.right) >= 0.95
    assert max(journey.hands[5:]) <= 0.5 * min(journey.hands[:5])
    assert sum(journey.hands) < sum(journey.bare) and hand.counts["key"] and hand.counts["thought"]
    folder = window.session.pair_drawing.folder("fronts")
    assert len(pairs.find(folder).pairs) == 7
    add_the_rest(window, hand, truths, journey)
    assert journey.taken == 1 and journey.taken_right > 0.8 and 0.3 < journey.certainty <= 1
    assert len(journey.hands) == 8 and 0 < journey.hands[-1] < 10
    assert len(pairs.find(folder).pairs) == 8
