"""What a benchmark reports: one number against the bar that it was promised to clear."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One measured number. ``bar`` is the most it may be; None where nothing was promised."""

    what: str
    bar: float | None
    value: float
    unit: str

    @property
    def cleared(self) -> bool:
        """Whether the number keeps its promise."""
        return self.bar is None or self.value <= self.bar
