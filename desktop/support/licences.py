"""The terms of everything that comes with the program, read from what the packages say of themselves.

Packages carry their licences in their metadata. The packaged program brings more: Python, and libraries of
the system it was packed on. Their texts lie in the resources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution

import resources
from resources.version import VERSION

QT = ("pyside6-essentials", "shiboken6")
"""What is under the LGPL; its packages bring no text of it."""
_QT_TERMS = """\
%s %s is used under the GNU Lesser General Public License, version 3.

You may replace Qt and PySide6 by your own builds: from source, install another PySide6; in the packaged \
program, replace the libraries in the folder “PySide6”. Their source code:

    https://download.qt.io/official_releases/qt/%s/
    https://download.qt.io/official_releases/QtForPython/pyside6/

"""
_OWN_TEXTS = ("LGPL-3.0", "GPL-3.0")
_LONGEST_NAME = 70


@dataclass(frozen=True)
class Part:
    """Something that comes with the program."""

    name: str
    version: str
    terms: str
    """The licence's name, as the package says it; “see its text” where it doesn't."""
    text: str
    """The whole licence."""


def parts() -> list[Part]:
    """Everything, the program itself first, then by name. Reads many small files: not on the UI thread."""
    found = {_plain("underpaint"): distribution("underpaint")}
    waiting = ["underpaint"]
    while waiting:
        for line in found[_plain(waiting.pop())].requires or []:
            name = _plain(re.split(r"[^\w.-]", line, maxsplit=1)[0])
            if name in found or re.search(r"\bextra\s*==", line):
                continue
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:  # for another system or Python
                continue
            waiting.append(name)
    ours = _part(found.pop("underpaint"))
    others = [_part(found[name]) for name in sorted(found)]
    return [ours, *others, *_brought_along()]


def _part(package: Distribution) -> Part:
    about = package.metadata
    name, version = about["Name"], package.version
    if name == "underpaint":  # what is noted of it may be of an older day
        version = VERSION
    text = _text(package, about)
    if _plain(name) in QT:
        text = _QT_TERMS % (name, version, ".".join(version.split(".")[:2])) + "\n\n".join(
            resources.path("licences", f"{wanted}.txt").read_text("utf-8") for wanted in _OWN_TEXTS
        )
    return Part(name, version, _terms(about), text)


def _text(package: Distribution, about: PackageMetadata) -> str:
    """Every licence file that the metadata names, else what stands in the metadata itself."""
    texts = []
    for file in about.get_all("License-File") or []:
        text = package.read_text(f"licenses/{file}") or package.read_text(file)
        if text and text.strip() not in texts:
            texts.append(text.strip())
    if not texts:
        for file in ("LICENSE.txt", "LICENSE", "LICENCE", "COPYING"):
            text = package.read_text(file)
            if text:
                texts.append(text.strip())
                break
    if not texts and "License" in about:
        texts = [about["License"].strip()]
    return f"\n\n{'—' * 40}\n\n".join(texts)


def _terms(about: PackageMetadata) -> str:
    if "License-Expression" in about:
        return about["License-Expression"]
    if "License" in about and len(about["License"]) <= _LONGEST_NAME and "\n" not in about["License"]:
        return about["License"]
    for line in about.get_all("Classifier") or []:
        if line.startswith("License :: ") and line.count("::") > 1:
            return str(line.rpartition(":: ")[2])
    return "see its text"


def _brought_along() -> list[Part]:
    """Python and the system's libraries, in a packaged program."""
    files = sorted(resources.path("licences").glob("*.txt"), key=lambda file: file.name.casefold())
    return [
        Part(file.stem, "", "see its text", file.read_text("utf-8", "replace"))
        for file in files
        if file.stem not in _OWN_TEXTS
    ]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
