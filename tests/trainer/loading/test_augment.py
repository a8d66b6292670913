from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.errors import PictureError
from engine.planes import codec
from tests.trainer.made_pictures import house, save, thing
from trainer.data import pairs
from trainer.data.pairs import DataSet, Task
from trainer.files import pair_store
from trainer.loading import augment as augmenting
from trainer.loading.augment import Augment, Sample, chance, sample, still
from trainer.loading.pair_loader import PairLoader
from trainer.machine import memory
from trainer.pictures import sketch

COUNT = 6
STILL: dict[str, Any] = {"jitter": 1.0, "flip": False, "rotation": 0.0, "zoom": 0.0, "roam": False}


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("houses")
    for seed in range(COUNT):
        labels, photo = house(seed, 96)
        save(np.concatenate([labels, photo], 1), folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("things")
    for seed in range(COUNT):
        save(thing(seed, 96), folder / f"{seed}.png")
    return folder


def for_task(
    folder: Path, task: Task, size: tuple[int, int] = (64, 64), **changes: Any
) -> tuple[DataSet, Augment]:
    """A data set, and how samples are made of it for a model with a matching card."""
    data = pairs.find(folder, task=task)
    one_hot, outputs = changes.pop("one_hot", False), changes.pop("outputs", 3)
    inputs = changes.pop("inputs", {"hints": 5, "lines": 1}.get(task, 3))
    card = Card(
        "made", "unet", {"inputs": inputs, "outputs": outputs}, data.input, size, hints=task == "hints",
        line_width=1.5 if data.input == "sketch" else None, palette=data.palette, one_hot=one_hot,
    )  # fmt: skip
    return data, Augment(card, task, **changes)


EVERY_TASK = pytest.mark.parametrize("task", ["labels", "lines", "hints", "grey", "small"])


# --- chance --------------------------------------------------------------------------------------


@EVERY_TASK
def test_sample_follows_from_seed_epoch_and_index(houses: Path, task: Task) -> None:
    data, augment = for_task(houses, task)
    one, same = sample(data, 2, 3, 1, augment), sample(data, 2, 3, 1, augment)
    assert (one.prepared == same.prepared).all() and (one.target == same.target).all()
    for other in (
        sample(data, 2, 4, 1, augment),
        sample(data, 2, 3, 5, augment),
        sample(data, 1, 3, 1, augment),
    ):
        assert (one.target != other.target).any()


def test_no_two_samples_share_their_chance() -> None:
    drawn = {
        chance(seed, epoch, index).integers(1 << 62)
        for seed in range(5) for epoch in range(5) for index in range(-1, 8)
    }  # fmt: skip
    assert len(drawn) == 5 * 5 * 9


# --- what a sample looks like --------------------------------------------------------------------


@EVERY_TASK
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (96, 64), (64, 160), (128, 128)])
def test_any_size_and_rectangles(houses: Path, task: Task, size: tuple[int, int]) -> None:
    data, augment = for_task(houses, task, size)
    channels = {"hints": 5, "lines": 1}.get(task, 3)
    for index in range(3):
        made = sample(data, index, 0, 0, augment)
        assert made.prepared.shape == (size[1], size[0], channels) and made.prepared.dtype == np.uint8
        assert made.target.shape == (size[1], size[0], 3) and made.target.dtype == np.uint8


def test_labels_stay_labels(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (80, 80), rotation=8.0, zoom=0.2)
    _, one_hot = for_task(houses, "labels", (80, 80), rotation=8.0, zoom=0.2, one_hot=True, inputs=5)
    assert data.palette is not None
    colours = {tuple(colour) for colour in data.palette.colours.tolist()}
    for index in range(COUNT):
        coloured = sample(data, index, 0, 0, augment).prepared
        assert {tuple(colour) for colour in coloured.reshape(-1, 3).tolist()} <= colours
        indices = sample(data, index, 0, 0, one_hot).prepared
        assert (data.palette.colours[indices[..., 0]] == coloured).all()


@pytest.mark.parametrize("seed", range(5))
def test_both_sides_move_together(tmp_path: Path, seed: int) -> None:
    """Where both sides are one picture, every sample's sides are."""
    for index in range(COUNT):
        photo = house(index, 96)[1]
        save(photo, tmp_path / "one" / f"{index}.png")
        save(photo, tmp_path / "two" / f"{index}.png")
    data, augment = for_task(tmp_path, "image", rotation=10.0, zoom=0.2)
    made = sample(data, seed, seed, seed, augment)
    assert (made.prepared == made.target).all()
    assert (made.target != still(data.pairs[seed], augment).target).any()


def test_labels_lie_where_the_photo_has_them(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (96, 96), rotation=8.0, zoom=0.1, one_hot=True, inputs=5)
    for index in range(COUNT):
        made = sample(data, index, 1, 0, augment)
        labels = made.prepared[..., 0]
        inside = [made.target[labels == label].astype(float) for label in np.unique(labels)]
        within = sum(((part - part.mean(0)) ** 2).sum() for part in inside)
        whole = made.target.reshape(-1, 3).astype(float)
        # The label says nearly all of the photo's colour; shifted by two pixels it would not.
        assert within / ((whole - whole.mean(0)) ** 2).sum() < 0.3


def test_without_chance_the_pair_is_as_it_was(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (96, 96))
    for index, pair in enumerate(data.pairs):
        made = still(pair, augment)
        labels, photo = house(index, 96)
        assert (made.prepared == labels).all() and (made.target == photo).all()


def test_flip_mirrors_half(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (96, 96), **{**STILL, "flip": True})
    plain = still(data.pairs[0], augment).target
    mirrored = 0
    for epoch in range(80):
        target = sample(data, 0, epoch, 0, augment).target
        mirrored += int((target == plain[:, ::-1]).all())
        assert (target == plain).all() or (target == plain[:, ::-1]).all()
    assert 25 < mirrored < 55
    data, augment = for_task(houses, "labels", (96, 96), **STILL)
    assert all((sample(data, 0, epoch, 0, augment).target == plain).all() for epoch in range(10))


@pytest.mark.parametrize("shape", [(96, 96), (70, 130), (300, 200)])
@pytest.mark.parametrize("size", [(64, 64), (96, 48), (128, 128)])
def test_window_never_leaves_the_picture(
    tmp_path: Path, shape: tuple[int, int], size: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    photo = random.integers(180, 256, (*shape, 3), np.uint8)
    photo[: shape[0] // 2, :, 0] = 180  # no plain background
    save(photo, tmp_path / "1.png")
    data, augment = for_task(tmp_path, "grey", size, rotation=15.0, zoom=0.3)
    for epoch in range(40):
        assert sample(data, 0, epoch, 0, augment).target.min() > 100  # outside would be black


def test_jitter_moves_the_window(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (96, 96), **{**STILL, "jitter": 1.2})
    targets = {sample(data, 0, epoch, 0, augment).target.tobytes() for epoch in range(8)}
    assert len(targets) == 8


def test_things_on_plain_background_move_about(things: Path) -> None:
    data, augment = for_task(things, "grey", (96, 96), **{**STILL, "roam": True})
    sizes = []
    for epoch in range(60):
        target = sample(data, 1, epoch, 0, augment).target
        assert (target[[0, -1]] > 240).all()  # the background goes on where the picture ends
        sizes.append(int((target.min(2) < 200).sum()))
    whole = int((still(data.pairs[1], augment).target.min(2) < 200).sum())
    assert min(sizes) < 0.75 * whole and max(sizes) <= 1.1 * whole
    data, augment = for_task(things, "grey", (96, 96), **STILL)
    assert len({sample(data, 1, epoch, 0, augment).target.tobytes() for epoch in range(8)}) == 1


# --- sketches ------------------------------------------------------------------------------------


def test_hints_are_as_the_canvas_sends_them(things: Path) -> None:
    data, augment = for_task(things, "hints")
    some = 0
    for index in range(COUNT):
        made = sample(data, index, 0, 0, augment)
        ink_plane, colours, mask = made.prepared[..., 0], made.prepared[..., 1:4], made.prepared[..., 4]
        assert set(np.unique(mask)) <= {0, 255} and (colours[mask == 0] == 0).all()
        assert ink_plane.max() == 255
        some += int(mask.any())
        # The very codec of the canvas would make the same of the same painting.
        hints = np.dstack([colours, mask])
        card = replace(augment.card, line_width=None)
        assert (codec.prepare(Picture(lines=ink_plane, hints=hints), card) == made.prepared).all()
    assert 2 <= some <= COUNT


def test_most_lines_are_as_wide_as_the_card_says(things: Path) -> None:
    data, augment = for_task(things, "lines", (96, 96))
    pens = [np.unique(sample(data, 1, epoch, 0, augment).prepared).tolist() for epoch in range(60)]
    # A pen of 1.5 pixels leaves half-dark edges and nothing else; any other pen other ones.
    assert 0.6 < np.mean([pen == [0, 127, 255] for pen in pens]) < 0.9


def test_still_lines_are_those_of_evaluation(things: Path) -> None:
    data, augment = for_task(things, "lines", (96, 96))
    assert (still(data.pairs[1], augment).prepared[..., 0] == sketch.lines(thing(1, 96))).all()
    data, augment = for_task(things, "hints", (96, 96))
    one, same = still(data.pairs[1], augment), still(data.pairs[1], augment)
    assert (one.prepared == same.prepared).all() and one.prepared[..., 4].any()


def test_drawn_hints_move_with_their_lines(tmp_path: Path) -> None:
    lines = np.full((96, 96), 255, np.uint8)
    lines[30:66, [30, 65]] = lines[[30, 65], 30:66] = 0
    hints = np.zeros((96, 96, 4), np.uint8)
    hints[34:62, 34:62] = (200, 30, 40, 255)
    pair_store.keep(tmp_path, Picture(lines=lines, hints=hints), house(1, 96)[1], "hints")
    data, augment = for_task(tmp_path, "hints", (96, 96), rotation=8.0, drawing=sketch.PLAIN)
    for epoch in range(8):
        made = sample(data, 0, epoch, 0, augment).prepared
        mask = made[..., 4] > 0
        assert (made[mask][:, 1:4] == (200, 30, 40)).all()
        rows, columns = np.nonzero(made[..., 0] < 128)
        inside = np.nonzero(mask)
        for drawn, hinted in zip((rows, columns), inside, strict=True):
            assert drawn.min() < hinted.min() < hinted.max() < drawn.max()


def test_lines_drawn_by_others_are_brought_to_the_cards_width(tmp_path: Path) -> None:
    for index in range(COUNT):
        photo = thing(index, 128)
        thick = 255 - (255 - sketch.lines(photo, 3.0)) // 2  # a broad grey pencil
        save(thick, tmp_path / "drawn" / f"{index}.png")
        save(photo, tmp_path / "photo" / f"{index}.png")
    data, augment = for_task(tmp_path, "lines", (128, 128))
    made = still(data.pairs[0], augment).prepared[..., 0]
    assert made.min() == 0
    wanted = sketch.lines(thing(0, 128))
    assert (made < 255).sum() == pytest.approx((wanted < 255).sum(), rel=0.15)


# --- batches -------------------------------------------------------------------------------------


def batches(loader: PairLoader, count: int) -> list[torch.Tensor]:
    return [torch.cat([side.flatten() for side in next(loader)]) for _ in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(things: Path, threads: int) -> None:
    data, augment = for_task(things, "hints")
    with (
        PairLoader(data, augment, batch=4, seed=1, threads=0) as plain,
        PairLoader(data, augment, batch=4, seed=1, threads=threads) as threaded,
    ):
        for one, other in zip(batches(plain, 5), batches(threaded, 5), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("most_bytes", [0, 40_000, None])
def test_memory_changes_nothing(houses: Path, most_bytes: int | None) -> None:
    data, augment = for_task(houses, "labels")
    with PairLoader(data, augment, batch=4, seed=1, most_bytes=most_bytes) as loader:
        made = batches(loader, 4)
    with PairLoader(data, augment, batch=4, seed=1, threads=0) as loader:
        assert all(torch.equal(one, other) for one, other in zip(made, batches(loader, 4), strict=True))


@pytest.mark.parametrize("step", [1, 2, 7])
def test_loader_goes_on_where_it_stood(houses: Path, step: int) -> None:
    data, augment = for_task(houses, "labels")
    with PairLoader(data, augment, batch=4, seed=3) as loader:
        made = batches(loader, step + 2)[step:]
    with PairLoader(data, augment, batch=4, seed=3, step=step) as loader:
        resumed = batches(loader, 2)
    assert all(torch.equal(one, other) for one, other in zip(made, resumed, strict=True))


@pytest.mark.parametrize("batch", [1, 4, 6, 13])
def test_each_epoch_has_each_pair_once(houses: Path, batch: int) -> None:
    data, augment = for_task(houses, "labels")
    with PairLoader(data, augment, batch=batch, seed=0) as loader:
        indices = [index for step in range(30) for index in loader.indices(step)]
    orders = set()
    for epoch in range(30 * batch // COUNT):
        order = [index.pair for index in indices if index.epoch == epoch]
        assert sorted(order) == list(range(COUNT))
        orders.add(tuple(order))
    assert len(orders) > 1


def test_parts_make_up_the_batch(houses: Path) -> None:
    data, augment = for_task(houses, "labels")
    with (
        PairLoader(data, augment, batch=4, seed=0) as whole,
        PairLoader(data, augment, batch=4, seed=0, part=slice(0, 2)) as one,
        PairLoader(data, augment, batch=4, seed=0, part=slice(2, 4)) as other,
    ):
        for _ in range(3):
            together = next(whole)
            parts = next(one), next(other)
            assert torch.equal(together.inputs, torch.cat([part.inputs for part in parts]))
            assert torch.equal(together.targets, torch.cat([part.targets for part in parts]))


def test_planes_are_the_engines(houses: Path) -> None:
    data, augment = for_task(houses, "labels", one_hot=True, inputs=5)
    with PairLoader(data, augment, batch=2, seed=0) as loader:
        batch, indices = next(loader), loader.indices(0)
    assert batch.inputs.shape == (2, 5, 64, 64) and (batch.inputs.sum(1) == 1).all()
    assert batch.targets.shape == (2, 3, 64, 64)
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    for number, index in enumerate(indices):
        made = sample(data, index.pair, index.epoch, 0, augment)
        assert torch.equal(batch.inputs[number], codec.to_planes(made.prepared, augment.card, 1, 1)[0])
        assert (codec.to_pixels(batch.targets[number : number + 1], 64, 64) == made.target).all()


def test_inputs_are_padded_as_asked(houses: Path) -> None:
    data, augment = for_task(houses, "labels", (72, 40))
    with PairLoader(data, augment, batch=2, seed=0, multiple=32, least=64) as loader:
        batch = next(loader)
    assert batch.inputs.shape == (2, 3, 64, 96) and batch.targets.shape == (2, 3, 40, 72)


def test_grey_output_is_one_plane(houses: Path) -> None:
    data, augment = for_task(houses, "grey", inputs=1, outputs=1)
    with PairLoader(data, augment, batch=2, seed=0) as loader:
        batch = next(loader)
    assert batch.inputs.shape == (2, 1, 64, 64)
    # Grey to grey: both planes are the photo's luma.
    assert torch.equal(batch.inputs, batch.targets)


def test_unreadable_file_is_said_and_no_thread_is_left(houses: Path, tmp_path: Path) -> None:
    for file in houses.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data, augment = for_task(tmp_path, "labels")
    (tmp_path / "3.png").write_bytes(b"gone bad")
    before = threading.active_count()
    with (
        PairLoader(data, augment, batch=COUNT, seed=0, threads=2) as loader,
        pytest.raises(PictureError, match=r"3\.png"),
    ):
        next(loader)
    assert threading.active_count() == before


def test_no_pairs_is_said(houses: Path) -> None:
    data, augment = for_task(houses, "labels")
    with pytest.raises(PictureError, match="no pairs"):
        PairLoader(replace(data, pairs=()), augment, batch=1, seed=0)


def test_closing_twice_is_no_harm(houses: Path) -> None:
    data, augment = for_task(houses, "labels")
    loader = PairLoader(data, augment, batch=2, seed=0, threads=2)
    next(loader)
    loader.close()
    loader.close()


def test_large_photos_are_kept_reduced(tmp_path: Path) -> None:
    photo = np.asarray(house(1, 800)[1])
    save(photo, tmp_path / "1.png")
    data, augment = for_task(tmp_path, "grey", (64, 64))
    memory = augmenting.Memory(data, augment, 1 << 30)
    assert memory[0].b.shape[0] < 64 * augment.jitter * 1.3 + 1
    assert memory[0] is memory[0]
    none = augmenting.Memory(data, augment, 0)
    assert none[0] is not none[0] and np.array_equal(none[0].b, memory[0].b)


def test_still_sample_is_a_small_version_of_the_photo(tmp_path: Path) -> None:
    photo: Pixels = np.asarray(house(1, 800)[1])
    save(photo, tmp_path / "1.png")
    data, augment = for_task(tmp_path, "grey", (80, 80))
    made: Sample = still(data.pairs[0], augment)
    blocks = photo.reshape(80, 10, 80, 10, 3).mean((1, 3))
    assert np.abs(made.target - blocks).mean() < 4


def test_free_memory_is_a_number() -> None:
    assert memory.free() > 1 << 20
