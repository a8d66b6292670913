"""The network, live: open a model and translate pictures. Knows nothing of windows.

    import engine
    photo = engine.open("shoes")(drawing)

Importing this package brings neither torch nor Qt; ``open`` and ``Generator`` fetch torch when first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Torch's threads (GNU OpenMP's on Linux) wait for one another by spinning, by default so long that a pass
# takes ten times its time as soon as another program wants a processor. Measured on two cores, one frame:
# 17 ms alone with either setting; beside a busy program 220 to 530 ms by default, 50 to 75 ms with this.
# Read when torch is first imported; a user's own setting stands.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

if TYPE_CHECKING:
    from engine.passes.generator import Generator
    from engine.passes.opening import open

__all__ = ["Generator", "open"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from engine.passes import opening

        return getattr(opening, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
