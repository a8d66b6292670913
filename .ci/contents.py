"""What of all that PyInstaller finds goes into the packaged program. ``build.spec`` asks.

What may be left out was tried, not guessed: torch.testing, torch._dynamo, torch._inductor and sympy look idle
and are loaded by the optimisers; torch cannot be imported without bin/torch_shm_manager.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

Entry = tuple[str, str, str]
"""As PyInstaller has it: the name in the folder, the file it comes from, what it is."""

PYQTGRAPHS = ("QtOpenGL", "QtOpenGLWidgets")
"""pyqtgraph loads these by name with every curve, and never uses them."""
QT = {"QtCore", "QtGui", "QtNetwork", "QtSvg", "QtWidgets", *PYQTGRAPHS}
"""The modules of Qt that are used."""

_LIBRARIES = {name.removeprefix("Qt") for name in QT} | {"DBus", "XcbQpa", "WaylandClient"}
_PLUGINS = re.compile(
    r"plugins/(platforms/(lib)?q(xcb|wayland|offscreen|windows|cocoa)\b"
    r"|(imageformats|iconengines)/(lib)?q(svg|svgicon|ico|icns|jpeg)\b"
    r"|platformthemes/libqxdgdesktopportal|platforminputcontexts/lib(compose|ibus)"
    r"|wayland-(shell-integration/libxdg-shell|decoration-client/)|styles/)"
)
_LEFT_OUT = re.compile(
    r"^torch/(include|share|test)/|^torch/bin/(?!torch_shm_manager)|\.(a|lib|h|hpp|cuh|cmake)$"
    r"|^torch/lib/lib(jitbackend_test|backend_with_compiler|torchbind_test|aoti_custom_ops)"
    r"|^(?!skimage/).*\.pyi$"  # skimage reads its own to know what it has
    r"|^PIL/_avif|^PySide6/QtDBus|^caffe2/"
    r"|^(numpy|scipy|skimage|sympy|networkx|pyqtgraph|tifffile|imageio|fsspec)/(.*/)?tests?/"
    r"|^pyqtgraph/(examples|colors/maps)/|^PySide6/(Qt/)?(translations|qml)/|__pycache__/|\.dist-info/(RECORD|INSTALLER)$"
)
_TEST_MODULE = re.compile(
    r"(numpy|scipy|skimage|sympy|networkx|tifffile|imageio|fsspec)\.(.+\.)?tests?(\.|$)"
)
_LIBRARY = re.compile(r"(PySide6/Qt/lib/|\w+\.libs/)?lib[^/]*\.so[^/]*")
_STARTED_BY_NAME = re.compile(r"libpython")
"""What the program itself loads, and no other library names."""


def stays(name: str) -> bool:
    """Whether the file that would be called ``name`` in the folder is wanted there."""
    name = name.replace("\\", "/")
    if name.startswith("PySide6/") and "plugins/" in name:
        return _PLUGINS.search(name) is not None
    if _LEFT_OUT.search(name):
        return False
    library = re.match(r"(?:lib)?Qt6?([A-Z]\w*?)(?:\.|$)", PurePosixPath(name).name)
    theirs = name.startswith("PySide6/") or "/" not in name
    return library is None or not theirs or library[1] in _LIBRARIES


def is_test_module(name: str) -> bool:
    """Whether a Python module is some package's tests of itself."""
    return _TEST_MODULE.match(name) is not None


def needed(entries: Sequence[Entry]) -> list[Entry]:
    """Without the libraries that nothing which stays is linked against: those of plug-ins that went."""
    if sys.platform != "linux":
        return list(entries)
    libraries = [entry for entry in entries if _LIBRARY.fullmatch(entry[0])]
    kept = [entry for entry in entries if not _LIBRARY.fullmatch(entry[0])]
    kept += [entry for entry in libraries if _STARTED_BY_NAME.match(PurePosixPath(entry[0]).name)]
    waiting, seen = list(kept), set(kept)
    while waiting:
        wanted = linked(waiting.pop()[1])
        # One library may be there twice: as a file in its package, and as a link to it at the top.
        found = [it for it in libraries if PurePosixPath(it[0]).name in wanted and it not in seen]
        waiting += found
        seen.update(found)
    return [entry for entry in entries if entry in seen]


def linked(file: str) -> set[str]:
    """The libraries that a program or library is linked against, by name."""
    if not Path(file).is_file():  # a link's target, relative to the folder
        return set()
    answer = subprocess.run(["readelf", "--dynamic", file], capture_output=True, text=True, check=False)
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", answer.stdout))
