from __future__ import annotations

import threading
from functools import partial

import torch.distributed as dist

from trainer.machine.lookout import Lookout, LostError

DEADLINE = 30.0


class Told(threading.Event):
    """Whether somebody was said to be lost, and what was said."""

    sentence = ""

    def __call__(self, error: LostError) -> None:
        self.sentence = str(error)
        self.set()


def test_who_falls_silent_is_lost_and_who_leaves_is_not() -> None:
    store, told, unmoved = dist.HashStore(), Told(), Told()  # type: ignore[attr-defined]
    listens = Lookout(store, 0, 3, told, quiet=0.6, beat=0.02)
    leaves = Lookout(store, 1, 3, unmoved, quiet=DEADLINE, beat=0.02)
    store.set("alive 2", "17")  # and never again
    leaves.leave()
    assert told.wait(DEADLINE)
    assert told.sentence == (
        "Another of the 3 processes that share this training has not been heard of for 1 seconds; "
        "the last checkpoint is whole. Start all of them again, with resume."
    )
    listens.leave()

    stays = Told()
    alone = Lookout(store, 0, 2, stays, quiet=0.1, beat=0.02)  # the other one has left long since
    assert not stays.wait(0.5)
    alone.leave()
    assert not unmoved.is_set()


def test_a_store_that_is_gone_is_silence() -> None:
    connected = partial(dist.TCPStore, "127.0.0.1", wait_for_workers=False)  # type: ignore[attr-defined]
    store, told = connected(port=0, is_master=True), Told()
    guest = connected(port=store.port, is_master=False)
    lookout = Lookout(guest, 1, 2, told, quiet=0.5, beat=0.02)
    del store
    assert told.wait(DEADLINE)
    lookout.leave()
