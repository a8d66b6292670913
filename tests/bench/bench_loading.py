"""How quickly samples are made for a training: pictures a second, and what share of a core they cost."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from engine.data.card import Card
from tests.bench.rows import Row
from tests.trainer.made_pictures import save, side_by_side, thing
from trainer.data import pairs
from trainer.data.pairs import Task
from trainer.loading.augment import Augment
from trainer.loading.pair_loader import PairLoader

PICTURES = 24
BATCHES = 30


def run() -> list[Row]:
    """Lines with hints, and labels, at 256 × 256 with everything switched on."""
    rows = []
    tasks: tuple[Task, ...] = ("hints", "labels")
    for task in tasks:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for seed in range(PICTURES):
                picture = thing(seed, 256) if task == "hints" else side_by_side(seed, 256)
                save(picture, folder / f"{seed}.jpg", quality=90)
            rows.append(
                Row(f"a sample of {task}, 256², one thread", 100.0, _milliseconds(folder, task), "ms")
            )
    return rows


def _milliseconds(folder: Path, task: Task) -> float:
    """Of the processor's time for one picture, once all are in memory."""
    data = pairs.find(folder, task=task)
    hints = task == "hints"
    network = {"inputs": 5 if hints else 3, "outputs": 3}
    width = 1.5 if hints else None
    card = Card("made", "unet", network, data.input, hints=hints, line_width=width, palette=data.palette)
    with PairLoader(data, Augment(card, task), batch=4, seed=0, threads=1) as loader:
        for _ in range(PICTURES // 4 + 2):
            next(loader)
        begun = time.process_time()
        for _ in range(BATCHES):
            next(loader)
        return (time.process_time() - begun) * 1000 / (4 * BATCHES)
