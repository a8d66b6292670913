"""Times and states of a training in plain words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop.training.dataset_scan import ScanResult
from desktop.training.runs import Phase

CONTEXT = "training"

TIMES = (2, 5, 10, 20, 40, 60, 120, 240, 480)
"""Minutes that can be chosen."""
USUAL = 40
MORE = 10
"""To begin with, where a training is made longer."""


def _(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


def phase_in_words(phase: Phase | None) -> str:
    """What a training is doing."""
    words: dict[Phase | None, str] = {
        None: "",
        "starting": _("starting"),
        "running": _("training"),
        "paused": _("paused"),
        "stopping": _("stopping"),
        "stopped": _("stopped"),
        "interrupted": _("interrupted"),
        "failed": _("could not start"),
        "finished": _("finished"),
    }
    return words[phase]


def found_in_words(result: ScanResult) -> str:
    """What a data set is: how many pairs, how they lie in the folder, and what becomes of what."""
    layouts = {
        "side by side": _("pairs side by side in one file"),
        "stacked": _("pairs one above the other in one file"),
        "panels": _("pairs out of three pictures in one file"),
        "two folders": _("pairs in two folders"),
        "suffixes": _("pairs by their names"),
        "photos": _("photos alone"),
        "kept": _("pairs kept by Underpaint"),
    }
    tasks = {
        "labels": _("labels become a photo"),
        "lines": _("lines become a photo"),
        "hints": _("lines and colour hints become a photo"),
        "image": _("one picture becomes another"),
        "grey": _("grey becomes colour"),
        "small": _("small becomes sharp"),
    }
    layout = layouts.get(result.layout, result.layout)
    return f"{result.count} × {layout} · {tasks.get(result.task, result.task)}"


def duration(seconds: float) -> str:
    """“40 s”, “12 min”, “1 h 40 min”."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return _("%d s") % max(0, round(seconds))
    if minutes < 60:
        return _("%d min") % minutes
    return _("%d h") % (minutes // 60) + (" " + _("%d min") % (minutes % 60) if minutes % 60 else "")


def photo_look(photos: int, seconds: float) -> str:
    """What is done before the first step, and that a second training of the same photos needn't."""
    if photos == 1:
        return _("The edges of the photo are found first, once.")
    return _("Edges of {0:,} photos are found first: about {1}, once.").format(photos, duration(seconds))


def ago(seconds: float) -> str:
    """How long it is past."""
    if seconds < 90:
        return _("just now")
    if seconds < 48 * 3600:
        return _("%s ago") % duration(seconds)
    return _("%d days ago") % round(seconds / 86400)


def room(size: int) -> str:
    """What so many bytes are on a disk."""
    megabytes = size / (1 << 20)
    if megabytes < 1000:
        return _("%d MB") % max(1, round(megabytes))
    return _("%.1f GB") % (megabytes / 1024)


def quality(minutes: int) -> str:
    """What can be hoped for from a training of so many minutes on this machine."""
    for most, words in (
        (5, _("A try: to see whether the pairs are right and the colours begin to come.")),
        (20, _("A first impression: shapes and colours, blurred where it is not sure.")),
        (60, _("Good to paint with, for things that resemble each other.")),
        (240, _("Crisp: textures and small parts come out.")),
    ):
        if minutes <= most:
            return words
    return _("The best that this machine does in a night.")


def chosen_time(minutes: int) -> str:
    """A time to choose: “about 40 minutes here”."""
    if minutes == TIMES[-1]:
        return _("a night (8 hours)")
    if minutes < 60:
        return _("about %d minutes here") % minutes
    hours = minutes // 60
    return _("about an hour here") if hours == 1 else _("about %d hours here") % hours
