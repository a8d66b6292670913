"""A folder of photos, and what is proposed for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trainer.made_pictures import blob, house, save
from trainer.preparing import proposals
from trainer.preparing.cutting import Frame

COUNT = 10
SMALL = Frame(64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photos that can be used, and one of each sort that can't."""
    made = tmp_path_factory.mktemp("photos") / "objects"
    for seed in range(COUNT):
        save(blob(seed), made / f"{seed}.png")
    brighter = np.clip(blob(1).astype(int) + 2, 0, 255).astype(np.uint8)
    save(brighter, made / "copy.png")
    save(house(1)[1], made / "view.png")
    two = np.full((128, 256, 3), 255, np.uint8)
    two[:, :128], two[:, 128:] = blob(50), blob(51)
    save(two, made / "two.png")
    cut = blob(52)
    cut[:, 76:] = 255
    save(cut, made / "cut.png")
    save(blob(53)[:, 22:], made / "beyond.png")
    (made / "torn.png").write_bytes((made / "1.png").read_bytes()[:400])
    return made


@pytest.fixture(scope="module")
def plan(folder: Path) -> proposals.PreparationPlan:
    return proposals.propose(folder, SMALL)
