"""The first preview waits for nothing that can be put off: trials of algorithms, and getting ready for
strokes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn

from engine.data.messages import ModelOpened, OpenModel, Pixels, Ticket, Translated, Varied, Vary
from engine.devices import trials
from engine.layers import packed
from engine.passes.following import Following
from engine.passes.generator import Generator
from engine.thread import worker
from tests import warm
from tests.engine.desk import PATIENCE, Desk, picture, translate


@pytest.fixture
def tried(nothing_tried: None, monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The layers that were tried so far, of which nothing is known; what is plain is quicker by far."""
    monkeypatch.setattr(worker, "FIRST_S", 10 * PATIENCE)
    layers: list[nn.Module] = []

    def answer(convolution, shape, dtype, bits, algorithms):
        layers.append(convolution)
        return {algorithm: 0.001 if algorithm == "plain" else 1.0 for algorithm in algorithms}

    monkeypatch.setattr(trials, "time_algorithms", answer)
    return layers


def opened(desk: Desk, file) -> ModelOpened:
    reply = desk.ask(OpenModel(1, file, device="cpu", precision="float32"))
    assert isinstance(reply, ModelOpened)
    return reply


@pytest.mark.skipif(not packed.packing_works(), reason="there is one algorithm only")
def test_the_first_preview_comes_before_any_trial_and_the_exact_frame_after_all(
    desk: Desk, tiny_file, tiny, tried
) -> None:
    desk.keep_moving()
    reply = opened(desk, tiny_file())
    assert not reply.ready and "packed" in reply.algorithms and "plain" not in reply.algorithms
    first = desk.ask(translate(1))
    assert isinstance(first, Translated) and not first.settled and not tried
    desk.rest()
    second = desk.next()
    assert isinstance(second, Translated) and (second.ticket, second.settled) == (first.ticket, True)
    tuned = desk.tuned.get(timeout=PATIENCE)
    assert tuned.generation == 1 and "packed" not in tuned.algorithms
    patient = Generator(*tiny(), device="cpu", precision="float32")
    assert patient.algorithms == tuned.algorithms
    assert (second.preview == patient.translate(patient.prepare(picture()))).all()


@pytest.mark.skipif(not packed.packing_works(), reason="there is one algorithm only")
def test_a_frame_that_was_exact_already_keeps_the_time_it_took(
    desk: Desk, tiny_file, tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        trials,
        "time_algorithms",
        lambda _layer, _shape, _dtype, _bits, algorithms: {
            algorithm: float(algorithm != "packed") for algorithm in algorithms
        },
    )
    desk.keep_moving()
    opened(desk, tiny_file())
    first = desk.ask(translate(1))
    passes: list[object] = []
    desk.network.register_forward_pre_hook(lambda *_: passes.append(None))
    desk.rest()
    second = desk.next()
    assert isinstance(second, Translated) and second.settled and not first.settled
    assert (second.preview == first.preview).all() and not passes, "there was nothing to do"
    assert second.seconds == first.seconds > 0


def test_what_is_known_is_exact_at_once(desk: Desk, tiny_file, tiny, tried) -> None:
    Generator(*tiny(), device="cpu", precision="float32")
    known = len(tried)
    opened(desk, tiny_file())
    assert desk.ask(translate(1)).settled
    assert desk.tuned.get(timeout=PATIENCE).generation == 1
    assert len(tried) == known


def test_variations_wait_for_the_trials(desk: Desk, tiny_file, tiny, tried) -> None:
    """Else the same seed would mean another picture a second later."""
    opened(desk, tiny_file(levels=6))
    desk.worker.send(Vary(Ticket(1, 1), picture(), (64, 64), (5,)))
    varied = desk.next()
    assert isinstance(varied, Varied) and tried
    assert "packed" not in desk.tuned.get(timeout=PATIENCE).algorithms
    patient = Generator(*tiny(levels=6), device="cpu", precision="float32")
    wanted = patient.translate(patient.prepare(picture(), (64, 64)), seed=5)
    assert (varied.preview == wanted).all()


@pytest.mark.skipif(not packed.packing_works(), reason="there is one algorithm only")
def test_trials_break_off_for_the_pen_and_go_on_where_they_were(tiny, tried) -> None:
    generator = Generator(*tiny(), device="cpu", precision="float32", hasty=True)
    prepared = generator.prepare(picture())
    frame = generator.retouch(prepared, None)
    assert not generator.tried and not generator.settled and not tried
    assert not generator.make_ready(lambda: len(tried) < 18)  # nine a layer, as plain has to win each
    once = list(tried)
    assert len(once) == 18 and not generator.settled
    assert (generator.retouch(prepared, None) == frame).all(), "it runs as before until all is known"
    assert generator.make_ready() and generator.ready and generator.settled
    assert not set(map(id, once)) & set(map(id, tried[len(once) :]))
    assert (
        generator.settle() == Generator(*tiny(), device="cpu", precision="float32")(picture().pixels)
    ).all()


def test_where_trials_fail_it_goes_on_as_it_is(tiny, tried, monkeypatch, caplog) -> None:
    generator = Generator(*tiny(), device="cpu", precision="float32", hasty=True)
    frame = generator.retouch(generator.prepare(picture()), None)

    def mistake(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(trials, "time_algorithms", mistake)
    assert generator.make_ready() and generator.settled
    assert "could not be made ready" in caplog.text
    assert (generator.settle() == frame).all()


def test_where_getting_ready_fails_after_the_trials_it_goes_on_as_it_was(tiny, tried, monkeypatch) -> None:
    generator = Generator(*tiny(style=8), device="cpu", precision="float32", hasty=True)
    prepared = generator.prepare(picture())
    frame, algorithms = generator.retouch(prepared, None, style=1), generator.algorithms
    other = generator.translate(prepared, style=2)

    def full(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Following, "follow", full)
        assert generator.make_ready()
    assert tried and generator.algorithms == algorithms
    assert (generator.settle() == frame).all(), "the picture is still followed"
    assert (generator.retouch(prepared, None, style=2) == other).all()
    assert (generator.settle() == generator.translate(prepared, style=2)).all()


def test_a_device_lost_while_getting_ready_costs_nothing(tiny, tried, monkeypatch) -> None:
    """The failure is staged, the moving is real."""
    said: list[str] = []
    generator = Generator(*tiny(), device="cpu", precision="float32", notice=said.append)
    frame = generator.retouch(generator.prepare(picture()), None)
    follow, followed = Following.follow, []

    def lost(following: Following, prepared: Pixels, *rest: Any) -> Pixels:
        followed.append(following)
        if len(followed) == 2:  # the first warms up
            raise RuntimeError("CUDA error: device lost")
        return follow(following, prepared, *rest)

    monkeypatch.setattr(Following, "follow", lost)
    generator.device = "cuda"
    assert generator.make_ready() and generator.ready
    assert generator.device == "cpu" and len(said) == 1
    assert generator.settled and (generator.settle() == frame).all()


SCRIPT = """
import sys
from engine.models import bundle, catalogue
from engine.layers import packed
from engine.passes.generator import Generator
entry = next(entry for entry in catalogue.entries() if entry.bundled)
generator = Generator(*bundle.read(entry.file), device="cpu", hasty=True)
print([name for name in ("sympy", "torch._dynamo", "torch._inductor") if name in sys.modules])
"""


def test_opening_a_model_loads_nothing_that_only_compilers_need(tmp_path: Path) -> None:
    """Torch loads it by itself before some steps, and it takes longer than all the rest."""
    done = warm.run("-c", SCRIPT, folder=tmp_path / "told")
    assert done.stdout.strip() == "[]"
