"""Passes from bytes to bytes; recorded ones as far as that goes without a graphics card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.passes import whole
from engine.passes.generator import Generator

Model = tuple[Card, dict[str, Tensor]]
SIZES = [(64, 64), (50, 70), (64, 64), (20, 20), (50, 70)]


def drawn(card: Card, height: int, width: int, seed: int) -> Pixels:
    """A picture that the model could be given."""
    rng = np.random.default_rng(seed)
    if card.palette is not None:
        return card.palette.colours[rng.integers(0, len(card.palette.labels), (height, width))]
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def opened(model: Model, **more: Any) -> Generator:
    card, tensors = model
    return Generator(card, dict(tensors), precision="float32", **more)


@pytest.fixture
def kinds(tiny: Callable[..., Model], palette: Palette) -> Callable[[str], Model]:
    """Models of each way in which pictures become planes."""
    fields: dict[str, dict[str, Any]] = {
        "sketch": {"input": "sketch", "inputs": 5, "hints": True},
        "labels": {"input": "labels", "palette": palette},
        "one-hot": {"input": "labels", "palette": palette, "one_hot": True, "inputs": len(palette.labels)},
    }
    return lambda kind: tiny(**fields[kind])


class Replayed:
    """Records without a card: a replay does the work anew. Counts recordings, and replays."""

    def __init__(self) -> None:
        self.recordings = self.replays = 0

    def record(self, work: Callable[[], Tensor], where: torch.device) -> tuple[Tensor, Callable[[], None]]:
        self.recordings += 1
        made = torch.zeros_like(work())

        def replay() -> None:
            self.replays += 1
            made.copy_(work())

        return made, replay

    def wait(self, where: torch.device) -> None:
        pass


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """As if there were a card, which replays what is recorded from here on."""
    recorder = Replayed()
    monkeypatch.setattr(whole, "RECORDERS", {"cpu": recorder})
    return recorder


@pytest.mark.parametrize("kind", ["sketch", "labels", "one-hot"])
def test_recorded_passes_make_what_plain_ones_make(
    kind: str, kinds: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, replayed = opened(kinds(kind), device="cpu"), Replayed()
    monkeypatch.setattr(whole, "RECORDERS", {"cpu": replayed})
    recorded = opened(kinds(kind), device="cpu")
    answers = []
    for seed, (height, width) in enumerate(SIZES):
        picture = drawn(plain.card, height, width, seed)
        for _ in range(2):  # recorded at the second time
            made = recorded(picture)
            np.testing.assert_array_equal(made, plain(picture))
        np.testing.assert_array_equal(recorded.update(picture, (0, 0, 3, 3)), made)
        assert recorded.settled
        answers.append((made, made.copy()))
    for made, then in answers:  # an answer belongs to who asked, whatever is replayed later
        np.testing.assert_array_equal(made, then)
    assert replayed.recordings == 4  # the last one had been let go of, as no more than two are kept
    assert replayed.replays == 3 * len(SIZES) - 3  # but for the first time of each size


def test_a_size_that_has_no_room_leaves_the_others_recorded(
    kinds: Callable[[str], Model], replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replayed.record

    def small_alone(work: Callable[[], Tensor], where: torch.device) -> tuple[Tensor, Callable[[], None]]:
        if work().shape[0] > 40:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return record(work, where)

    monkeypatch.setattr(replayed, "record", small_alone)
    generator = opened(kinds("sketch"), device="cpu")
    large, small = (drawn(generator.card, edge, edge, 0) for edge in (64, 32))
    for picture in (large, large, small, small):
        generator(picture)
    assert (replayed.recordings, replayed.replays) == (1, 1)


def test_where_recording_fails_passes_are_made_plainly(
    kinds: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(work: Callable[[], Tensor], where: torch.device) -> None:
        attempts.append(where)
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    attempts: list[torch.device] = []
    picture = drawn(kinds("sketch")[0], 64, 64, 0)
    wanted = opened(kinds("sketch"), device="cpu")(picture)
    recorder = Replayed()
    monkeypatch.setattr(recorder, "record", refused)
    monkeypatch.setattr(whole, "RECORDERS", {"cpu": recorder})
    generator = opened(kinds("sketch"), device="cpu")
    for _ in range(6):
        np.testing.assert_array_equal(generator(picture), wanted)
    assert len(attempts) == 1, "once refused, it is not tried again"


@pytest.mark.gpu
@pytest.mark.parametrize("precision", [None, "float32"])
@pytest.mark.parametrize("statistics", ["image", "running"])
@pytest.mark.parametrize("kind", ["sketch", "labels", "one-hot"])
def test_a_card_replays_what_it_has_recorded(
    kind: str,
    statistics: str,
    precision: str | None,
    kinds: Callable[[str], Model],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = whole.CudaRecorder()
    record, recordings = recorder.record, []

    def counted(work: Callable[[], Tensor], where: torch.device) -> tuple[Tensor, Callable[[], None]]:
        recordings.append(where)
        return record(work, where)

    def on_the_card() -> Generator:
        return Generator(card, dict(tensors), device="cuda", statistics=statistics, precision=precision)  # type: ignore[arg-type]

    monkeypatch.setattr(recorder, "record", counted)
    monkeypatch.setitem(whole.RECORDERS, "cuda", recorder)
    card, tensors = kinds(kind)
    recorded = on_the_card()
    monkeypatch.setattr(whole, "RECORDERS", {})
    plain = on_the_card()
    recorded.warm_up()
    assert (recorded.device, recorded.precision) == ("cuda", precision or "float16")
    assert recordings
    for seed, (height, width) in enumerate(SIZES):
        picture = drawn(card, height, width, seed)
        for _ in range(2):
            made, wanted = recorded(picture).astype(int), plain(picture).astype(int)
            assert np.abs(made - wanted).max() <= 1
    assert len(recordings) > 1
