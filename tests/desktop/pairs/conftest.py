"""Photos of houses' fronts, to be drawn over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import warm
from tests.desktop.pairs.test_label_drafts import write_fronts


@pytest.fixture
def fronts(tmp_path: Path) -> Path:
    # With five maps of them a process learns drafts. What it is forked from takes seconds to begin, the first
    # time: longer than a window waits for a thread when it closes.
    warm.command("-m", "desktop")
    return write_fronts(tmp_path / "fronts", 8)
