"""PySide6 6.12.0 lost references to None and True; such a binding crashes the program on Python 3.11."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Signal

TIMES = 500


class Bell(QObject):
    rang = Signal(str)


def ring() -> None:
    bell = Bell()
    bell.rang.connect(lambda text: None)
    for _ in range(TIMES):
        bell.rang.emit("x")


def turn() -> None:
    for _ in range(TIMES):
        QCoreApplication.processEvents()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal here")
@pytest.mark.parametrize("use", [ring, turn])
def test_the_binding_gives_back_no_reference_that_it_never_had(qapp, use):
    before = [sys.getrefcount(single) for single in (None, True, False)]
    use()
    after = [sys.getrefcount(single) for single in (None, True, False)]
    assert all(now > then - TIMES / 2 for now, then in zip(after, before, strict=True))
