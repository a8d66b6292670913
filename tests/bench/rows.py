"""What a benchmark reports: one number against the bar that it was promised to clear."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One measured number. ``bar`` is the most it may be, or the ``least``; None: nothing was promised."""

    what: str
    bar: float | None
    value: float
    unit: str
    least: bool = False
    span: tuple[float, float] | None = None
    """Least and greatest of what ``value`` is the median of."""

    @property
    def cleared(self) -> bool:
        """Whether the number keeps its promise."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.least else self.value <= self.bar
