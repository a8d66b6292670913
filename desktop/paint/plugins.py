"""Finding what lies in a package, so that a new brush or tool is one new file and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield every module that lies directly in ``package``, in alphabetical order.

    ``build.spec`` walks the same way, so that a packaged program has the same modules.
    """
    for found in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{found.name}")
