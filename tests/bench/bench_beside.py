"""Whether the canvas stays smooth beside a training that was started from the window; for so many minutes as
``UNDERPAINT_BENCH_MINUTES`` in the environment says.

The training is paused and goes on in turns, in one run of the program: so both see the same machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from tests.bench.pen import Drawn, draw, opened_window, until
from tests.bench.rows import Row
from tests.trainer.made_pictures import save, thing

TURNS = 3
TURN_S = 60 * float(os.environ.get("UNDERPAINT_BENCH_MINUTES", "0.75")) / TURNS
"""Of drawing, with the training and as long without; looks and a checkpoint fall into them."""
PICTURES = 24
PATIENCE_S = 600.0


def run() -> list[Row]:
    """Longest stalls and the engine's passes."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.pop("UNDERPAINT_HURRY", None)
    with tempfile.TemporaryDirectory() as name:
        os.environ["UNDERPAINT_HOME"] = name
        photos = Path(name) / "things"
        for seed in range(PICTURES):
            save(thing(seed, 256), photos / f"{seed}.jpg", quality=90)

        from desktop.training.current import TrainingRequest
        from trainer.run.options import Options

        application, session, window = opened_window()

        training = session.training
        training.start(TrainingRequest(Options(photos, name="beside", minutes=60.0, size=(256, 256))))
        until(lambda: training.has_model, PATIENCE_S)
        alone, beside = Drawn(), Drawn()
        for _ in range(TURNS):
            training.pause()
            until(lambda: training.history.last == "paused", PATIENCE_S)
            alone.add(draw(session, window, TURN_S))
            training.go_on()
            until(lambda: training.history.last == "continued", PATIENCE_S)
            beside.add(draw(session, window, TURN_S))
        training.stop()
        until(lambda: not training.goes_on, PATIENCE_S)
        window.close()
        application.processEvents()
    return [
        *_rows(alone, "no training beside it", None),
        *_rows(beside, "beside a training", 50.0),
        Row(
            "the engine's pass beside a training, of that without",
            None,
            statistics.median(beside.passes) / statistics.median(alone.passes),
            "×",
        ),
    ]


def _rows(drawn: Drawn, where: str, most: float | None) -> list[Row]:
    seconds = TURNS * TURN_S
    return [
        *drawn.stalls(f"longest stall of the window in {seconds:.0f} s of drawing, {where}", most),
        Row(f"the engine's pass while drawing, {where}, median", None, _median_ms(drawn), "ms"),
    ]


def _median_ms(drawn: Drawn) -> float:
    return statistics.median(drawn.passes) * 1000
