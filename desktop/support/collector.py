"""Python's cycle collector, held to the UI thread.

Left alone it runs on whatever thread happens to allocate, the engine's as well as the window's. If it
then finds a cycle with a Qt object in it, that object is destroyed on the wrong thread, under the
hands of the one that paints: a rare crash that no stack trace explains.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QCoreApplication, QObject, QTimer

INTERVAL_MS = 400
"""Between two looks whether there is enough to collect; the thresholds are Python's own."""

_is_set_aside = False


class Collector(QObject):
    """Collects from a timer, in place of the automatic collector."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        timer = QTimer(self)
        timer.setInterval(INTERVAL_MS)
        timer.timeout.connect(collect_what_is_due)
        timer.start()


def hold_collector() -> None:
    """Collect on the thread of the application from now on, and on no other; again does nothing more."""
    gc.disable()
    application = QCoreApplication.instance()
    assert application is not None
    if application.findChild(Collector) is None:
        Collector(application)


def collect_what_is_due() -> None:
    """Collect the oldest generation that is over its threshold."""
    due = [number for number, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
           if count > most]  # fmt: skip
    if due:
        gc.collect(due[-1])


def set_aside() -> None:
    """Once, after torch is loaded: never look at it again; with it a full collection takes 0.1 s."""
    global _is_set_aside
    if not _is_set_aside:  # to count what is frozen takes 20 ms
        _is_set_aside = True
        gc.collect()
        gc.freeze()
