"""Photos of houses' fronts, to be drawn over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desktop.pairs.test_label_drafts import write_fronts


@pytest.fixture
def fronts(tmp_path: Path) -> Path:
    return write_fronts(tmp_path / "fronts", 8)
