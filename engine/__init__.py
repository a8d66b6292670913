"""The network, live: open a model and translate pictures. Knows nothing of windows.

    import engine
    photo = engine.open("products")(drawing)

Importing this package brings neither torch nor Qt; ``open`` and ``Generator`` fetch torch when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.generator import Generator, open

__all__ = ["Generator", "open"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from engine import generator

        return getattr(generator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
