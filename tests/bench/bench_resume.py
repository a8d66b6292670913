"""Whether a training that is killed again and again ends with the weights of one that was not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

from tests.bench.rows import Row
from tests.trainer.small_runs import differing, killed_at_random, small, things, trained

KILLS = 20
STEPS = 400


def run() -> list[Row]:
    """A small network, killed with SIGKILL at random moments and resumed from where its checkpoint stood."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = things(folder / "data", 7)
        config = small(data, steps=STEPS, log_every=1, checkpoint_every=3, sample_every=9)
        whole = trained(folder / "whole", data, config)
        killed, reached = killed_at_random(folder / "killed", config, KILLS, seed=0)
        print(f"  killed at steps {', '.join(map(str, reached))} of {STEPS}", file=sys.stderr)
        different = differing(whole, killed)
    return [
        Row(f"tensors that differ after {len(reached)} kills and resumes", 0, len(different), "tensors"),
    ]
