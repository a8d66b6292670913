"""Opens a model that lies in a file, ready for its first pass."""

from __future__ import annotations

from pathlib import Path

from engine.data.card import Statistics
from engine.models import bundle, catalogue
from engine.passes.generator import Generator, Notice


def open(
    name_or_path: str | Path,
    *,
    device: str | None = None,
    statistics: Statistics | None = None,
    precision: str | None = None,
    incremental: bool = True,
    notice: Notice | None = None,
) -> Generator:
    """Open a model.

        import engine
        shoe = engine.open("shoes")
        photo = shoe(drawing)          # uint8 (H, W, 3) -> uint8 (H, W, 3)

    Args:
        name_or_path: a name as ``underpaint models`` lists it, or a model file.
        device: ``cuda``, ``mps``, ``xpu`` or ``cpu``; by default the first of these that there is.
        statistics: ``image`` or ``running``, see ``Card.statistics``, which is the default.
        precision: ``float32``, ``float16``, ``bfloat16`` or, on the CPU, ``int8``; by default the quickest
            that serves. ``float32`` forces plain single precision everywhere.
        incremental: whether ``update`` may make parts of a preview anew; else each is a whole pass.
        notice: receives sentences on what the user should know; by default they become warnings.

    Raises:
        ModelError: no such model, or the file is damaged or from a newer version.
        DeviceError: no such device or precision here, or not enough memory.
    """
    card, tensors = bundle.read(catalogue.find(name_or_path))
    generator = Generator(
        card,
        tensors,
        device=device,
        statistics=statistics,
        precision=precision,
        incremental=incremental,
        notice=notice,
    )
    generator.warm_up()
    return generator
