"""Edge maps of a training's photos, made before its first step; trainings of the same photos share them."""

from __future__ import annotations

import threading
import time

from trainer.data.pairs import DataSet
from trainer.loading.augment import load
from trainer.machine.distributed import World
from trainer.run.config import Config
from trainer.run.events import EventLog
from trainer.run.folder import Run

REPORT_SECONDS = 1.0
"""Between two words on how far it is."""


def make_edge_maps(
    run: Run,
    config: Config,
    data: DataSet,
    log: EventLog,
    world: World,
    signalled: threading.Event,
    step: int = 0,
) -> bool:
    """Have the edge map of every photo made that has none yet; several processes share them.

    Args:
        signalled: set where the process is to end; it is heeded, and so is the run's file ``stop``.
        step: where the training stands.

    Returns:
        Whether all are there.

    Raises:
        PictureError: a photo can't be read, or a map not written.
    """
    augment = config.augment(run.edge_maps)
    if augment.edge_maps is None:
        return True
    mine = data.pairs[world.rank :: world.size]
    begun = reported = time.monotonic()
    for done, pair in enumerate(mine, 1):
        load(pair, augment)
        now = time.monotonic()
        # Where it took no time nothing is reported; else the last word is that all is done.
        if now - reported >= REPORT_SECONDS or (done == len(mine) and reported > begun):
            left = (now - begun) / done * (len(mine) - done)
            log.write("edges", step, done=done, total=len(mine), seconds_left=round(left, 1))
            reported = now
        if signalled.is_set() or run.asked("stop"):
            break
    # Several processes agree, and none begins before all maps are there.
    return not world.agreed(signalled.is_set() or run.asked("stop"))
