"""``update`` and ``settle`` over whatever people do: nothing stays stale, and what is settled is exact."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import resources
from engine import foreign
from engine.data.card import Card, InputKind, Statistics
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.rect import Rect
from engine.errors import DeviceError, PictureError
from engine.models import bundle
from engine.networks.unet import UNet
from engine.passes import following
from engine.passes.following import MARGIN
from engine.passes.generator import Generator
from engine.passes.incremental import Incremental
from engine.planes import codec
from tests.engine.conftest import needs_quick_bfloat16
from tests.engine.frozen import Frozen

FP32: dict[str, Any] = {"device": "cpu", "precision": "float32"}
BUNDLED = sorted(resources.path("models").glob("*.safetensors"))
NEAR_DB = 35.0


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; 99 where they are the same."""
    error = np.square(one.astype(float) - other).mean()
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def dab(picture: Pixels, rect: Rect, colour: Any) -> Rect:
    """A round dab that fills ``rect``, of which the part inside the picture is returned."""
    inside = rect.intersected(Rect(0, 0, picture.shape[1], picture.shape[0]))
    down, across = np.mgrid[inside.top : inside.bottom, inside.left : inside.right]
    middle = rect.top + (rect.height - 1) / 2, rect.left + (rect.width - 1) / 2
    distance = ((down - middle[0]) / (rect.height / 2)) ** 2 + ((across - middle[1]) / (rect.width / 2)) ** 2
    picture[inside.rows, inside.columns][distance <= 1] = colour
    return inside


class Hand:
    """Paints at random, and knows what changed since it was last asked."""

    def __init__(self, seed: int, palette: Palette | None = None) -> None:
        self.chance = random.Random(seed)
        self.palette = palette
        self.new(64, 64)

    def new(self, width: int, height: int) -> None:
        """A new picture, or another size."""
        rng = np.random.default_rng(self.chance.randrange(1 << 30))
        self.picture = np.full((height, width, 3), self.colour(), np.uint8)
        for _ in range(4):
            dab(self.picture, self.rect(80), self.colour())
        if self.palette is None:
            self.picture ^= rng.integers(0, 32, self.picture.shape, np.uint8)
        self.before: list[tuple[Pixels, Rect]] = []
        self.dirty: Rect | None = None
        self.asked = False

    def colour(self) -> tuple[int, ...]:
        if self.palette is not None:
            return tuple(int(value) for value in self.chance.choice(self.palette.colours))
        return tuple(self.chance.randrange(256) for _ in range(3))

    def rect(self, most: int) -> Rect:
        """Anywhere, over the borders too."""
        height, width = self.picture.shape[:2]
        across, down = self.chance.randint(1, most), self.chance.randint(1, most)
        left, top = self.chance.randint(-across // 2, width), self.chance.randint(-down // 2, height)
        return Rect(left, top, across, down)

    def paint(self) -> None:
        """One edit of some kind."""
        height, width = self.picture.shape[:2]
        whole = Rect(0, 0, width, height)
        before = self.picture.copy()
        match self.chance.randrange(8):
            case 0 if self.before:
                self.picture, rect = self.before.pop()
                self._touched(rect)
                return
            case 1:
                self.picture[:] = self.colour()
                rect = whole
            case 2:  # mirrored
                rect, colour = self.rect(8), self.colour()
                mirrored = Rect(width - rect.right, rect.top, rect.width, rect.height)
                rect = dab(self.picture, rect, colour).united(dab(self.picture, mirrored, colour))
            case 3:  # nothing at all, or more said than done
                rect = self.rect(30).intersected(whole)
            case _:
                rect = dab(self.picture, self.rect(16), self.colour())
        self.before.append((before, rect))
        self._touched(rect)

    def _touched(self, rect: Rect) -> None:
        if self.asked:
            self.dirty = rect if self.dirty is None else self.dirty.united(rect)

    def ask(self) -> Rect | None:
        """What changed since the last time; None: everything, or nothing is known."""
        dirty = self.dirty if self.asked else None
        if self.asked and dirty is None:
            dirty = Rect(0, 0, 0, 0)
        self.dirty, self.asked = None, True
        return dirty


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("norm", "statistics"), [("batch", "running"), ("batch", "image"), ("instance", "image")]
)
def test_whatever_is_painted_the_settled_preview_is_the_exact_frame(
    norm: str, statistics: str, seed: int, tiny, palette: Palette
) -> None:
    """Drawing, undo, fills, mirrored strokes, new pictures, sizes and models, and several edits a pass."""
    one_hot = seed % 3 == 2
    words = {"input": "labels", "palette": palette, "one_hot": True, "inputs": 4} if one_hot else {}
    shape = {"levels": 5 + seed % 4, "width": 4 + seed % 5, "norm": norm, "statistics": statistics}
    models = [Generator(*tiny(seed=number, **shape, **words), **FP32) for number in range(2)]
    hand = Hand(seed, palette if one_hot else None)
    generator = models[0]
    parts = 0
    for _ in range(40):
        match hand.chance.randrange(12):
            case 0:
                multiple = 2 ** shape["levels"]
                hand.new(*hand.chance.choice([(64, 64), (96, 128), (multiple, multiple), (41, 70)]))
            case 1:
                generator = hand.chance.choice(models)
                hand.asked = False
            case 2:
                assert (generator(hand.picture) == generator(hand.picture)).all()  # disturbs nothing
            case 3:
                hand.picture[:] = hand.picture[::-1].copy()  # said to nobody
                generator.forget()
                hand.asked = False
            case _:
                for _ in range(hand.chance.choice([1, 1, 1, 4])):
                    hand.paint()
        preview = generator.update(hand.picture, hand.ask())
        assert preview.shape == hand.picture.shape and preview.dtype == np.uint8
        parts += not generator.settled
        if hand.chance.random() < 0.3 or generator.settled:
            assert (generator.settle() == generator(hand.picture)).all()
            assert generator.settled
    assert (generator.settle() == generator(hand.picture)).all()
    assert parts >= 3


def dabbed(card: Card, seed: int) -> tuple[Pixels, list[tuple[Pixels, Rect]]]:
    """A picture that the model may be given, and what a stroke of four 32-px dabs makes of it."""
    chance = random.Random(seed)
    colours = [(0, 0, 0)] * 3 + [(200, 30, 30)] if card.palette is None else list(card.palette.colours)
    picture = np.full((256, 256, 3), 255, np.uint8)
    if card.palette is not None:
        picture[:] = colours[1]
    for _ in range(6):
        left, top = chance.randrange(20, 200), chance.randrange(20, 200)
        picture[top : top + chance.randrange(3, 60), left : left + 3] = chance.choice(colours)
        picture[top : top + 3, left : left + chance.randrange(3, 90)] = chance.choice(colours)
    start, steps = picture.copy(), []
    place = Rect(chance.randrange(0, 140), chance.randrange(0, 220), 32, 32)
    colour = chance.choice(colours)
    for step in range(4):
        rect = dab(picture, Rect(place.left + 14 * step, place.top + 2 * step, 32, 32), colour)
        steps.append((picture.copy(), rect))
    return start, steps


@pytest.mark.parametrize("statistics", ["running", "image"])
@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.stem)
def test_inside_the_change_a_bundled_model_is_near_the_exact_frame(
    file: Path, statistics: Statistics
) -> None:
    """With the statistics of the image: the frame with the moments of pen down."""
    card, tensors = bundle.read(file)
    near(card, tensors, statistics)


@pytest.mark.parametrize("statistics", ["running", "image"])
@pytest.mark.parametrize("name", ["facades", "products"])
def test_inside_the_change_a_starter_model_is_near_the_exact_frame(
    name: str, statistics: Statistics, shared: Path
) -> None:
    file = shared / "models" / f"{name}_net_G.pth"
    if not file.is_file():
        pytest.skip(f"there is no {file.name} among the starter weights")
    kind: InputKind = "sketch" if name == "products" else "image"
    near(*foreign.convert(file, name=name, input=kind, palette=None), statistics)


def near(card: Card, tensors: dict[str, torch.Tensor], statistics: Statistics) -> None:
    """A stroke of dabs: each update against the frame made by the plain network."""
    generator = Generator(card, dict(tensors), statistics=statistics, **FP32)
    plain = Frozen(card, tensors, statistics)
    start, steps = dabbed(card, int(statistics == "image"))
    exact = generator.update(start, None)
    plain.measure(planes(start, card, generator))
    for picture, rect in steps:
        made = generator.update(picture, rect)
        assert not generator.settled
        wanted = codec.to_pixels(plain.still(planes(picture, card, generator)), 256, 256)
        assert psnr(made[rect.rows, rect.columns], wanted[rect.rows, rect.columns]) >= NEAR_DB
        assert not np.array_equal(exact[rect.rows, rect.columns], wanted[rect.rows, rect.columns])
    assert (generator.settle() == generator(steps[-1][0])).all()


def planes(picture: Pixels, card: Card, generator: Generator) -> torch.Tensor:
    return codec.to_planes(codec.flat(picture, card), card, 2 ** card.network["levels"], 1)


@needs_quick_bfloat16
@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.stem)
def test_in_16_bits_too(file: Path) -> None:
    card, tensors = bundle.read(file)
    generator = Generator(card, tensors, device="cpu", precision="bfloat16")
    start, steps = dabbed(card, 1)
    generator.update(start, None)
    for picture, rect in steps:
        made, wanted = generator.update(picture, rect), generator(picture)
        assert psnr(made[rect.rows, rect.columns], wanted[rect.rows, rect.columns]) >= NEAR_DB
    assert (generator.settle() == generator(picture)).all()


def test_far_from_the_change_the_preview_stays_and_between_it_fades(tiny, picture) -> None:
    generator = Generator(*tiny(levels=6), **FP32)
    big = np.tile(picture, (2, 2, 1))
    before = generator.update(big)
    rect = Rect(30, 40, 12, 12)
    big[rect.rows, rect.columns] ^= 255
    made, exact = generator.update(big, rect), generator(big)
    beyond = np.ones(big.shape[:2], bool)
    window = rect.grown(MARGIN)
    beyond[window.rows, window.columns] = False
    assert (made[beyond] == before[beyond]).all()
    assert np.abs(made[rect.rows, rect.columns].astype(int) - exact[rect.rows, rect.columns]).max() <= 1
    assert not (made[window.rows, window.columns] == exact[window.rows, window.columns]).all()


def test_mirrored_strokes_are_two_windows(tiny) -> None:
    """And what lies between them isn't made anew, though the dirty rectangle holds it."""
    generator = Generator(*tiny(levels=5), **FP32)
    picture = np.random.default_rng(5).integers(0, 256, (64, 256, 3), np.uint8)
    before = generator.update(picture)
    left, right = Rect(20, 20, 8, 8), Rect(228, 20, 8, 8)
    for rect in (left, right):
        picture[rect.rows, rect.columns] ^= 255
    made, exact = generator.update(picture, left.united(right)), generator(picture)
    assert not generator.settled
    for rect in (left, right):
        assert np.abs(made[rect.rows, rect.columns].astype(int) - exact[rect.rows, rect.columns]).max() <= 1
    assert (made[:, 60:200] == before[:, 60:200]).all()


def test_many_far_windows_are_one_whole_pass(tiny) -> None:
    """Each is a way through all levels, however small."""
    generator = Generator(*tiny(levels=5), **FP32)
    picture = np.random.default_rng(5).integers(0, 256, (256, 256, 3), np.uint8)
    generator.update(picture)
    picture[8::60, 8::60] ^= 255
    made = generator.update(picture, Rect(0, 0, 256, 256))
    assert generator.settled
    np.testing.assert_array_equal(made, generator(picture))


def test_a_change_that_is_reflected_into_the_padding_counts(tiny) -> None:
    generator = Generator(*tiny(levels=6), **FP32)
    picture = np.random.default_rng(6).integers(0, 256, (128, 100, 3), np.uint8)
    generator.update(picture)
    rect = Rect(88, 60, 10, 10)
    picture[rect.rows, rect.columns] ^= 255
    made, exact = generator.update(picture, rect), generator(picture)
    assert not generator.settled
    assert np.abs(made[rect.rows, rect.columns].astype(int) - exact[rect.rows, rect.columns]).max() <= 1


def test_everywhere_is_all_of_the_preview_without_new_moments(tiny, picture) -> None:
    for statistics in ("running", "image"):
        card, tensors = tiny(levels=5, statistics=statistics)
        generator, plain = Generator(card, dict(tensors), **FP32), Frozen(card, tensors, statistics)
        generator.update(picture)
        plain.measure(planes(picture, card, generator))
        painted = picture.copy()
        painted[10:20, 30:40] = 0
        made = generator.retouch(painted, Rect(30, 10, 10, 10), everywhere=True)
        wanted = codec.to_pixels(plain.still(planes(painted, card, generator)), 64, 64)
        assert np.abs(made.astype(int) - wanted).max() <= 1
        assert not generator.settled


def test_a_rectangle_that_forgets_something_leaves_nothing_behind(tiny, picture) -> None:
    generator = Generator(*tiny(levels=5), **FP32)
    generator.update(picture)
    painted = picture.copy()
    painted[4:10, 4:10] = 255
    painted[50:60, 50:60] = 0
    made, exact = generator.update(painted, Rect(4, 4, 6, 6)), generator(painted)
    assert np.abs(made[50:60, 50:60].astype(int) - exact[50:60, 50:60]).max() <= 1
    assert (generator.settle() == exact).all()


def test_nothing_handed_in_or_out_is_shared(tiny, picture) -> None:
    generator = Generator(*tiny(levels=5), **FP32)
    painted = picture.copy()
    first = generator.update(painted)
    kept = first.copy()
    painted[20:28, 20:28] = 7  # the same array, written to
    second = generator.update(painted, (20, 20, 8, 8))
    assert not (second == kept).all()
    assert (first == kept).all()
    second[:] = 0
    exact = generator(painted)
    painted[:] = 0  # after the update
    assert (generator.settle() == exact).all()


def test_what_is_settled_takes_no_second_pass(tiny, picture, monkeypatch) -> None:
    generator = Generator(*tiny(levels=5), **FP32)
    passes: list[int] = []
    forward = UNet.forward
    monkeypatch.setattr(UNet, "forward", lambda *given, **named: passes.append(1) or forward(*given, **named))
    generator.update(picture)
    assert generator.settled
    generator.settle()
    assert len(passes) == 1
    painted = picture.copy()
    painted[:4, :4] ^= 255
    generator.update(painted, (0, 0, 4, 4))
    assert len(passes) == 1
    generator.settle()
    generator.settle()
    assert len(passes) == 2


@pytest.mark.parametrize(
    ("kind", "options"), [("resnet", {}), ("encoder_decoder", {}), ("unet", {"incremental": False})]
)
def test_without_parts_every_update_is_a_whole_pass(kind: str, options, tiny, picture) -> None:
    generator = Generator(*tiny(kind=kind), **FP32, **options)
    painted = picture.copy()
    for step in range(3):
        painted[step : step + 5, 9:15] ^= 255
        assert (generator.update(painted, (9, step, 6, 5)) == generator(painted)).all()
        assert generator.settled
        assert (generator.settle() == generator(painted)).all()


def test_a_picture_too_large_to_keep_its_maps_is_made_whole(tiny, picture, monkeypatch) -> None:
    monkeypatch.setattr(following, "MOST_PIXELS", 64 * 64 - 1)
    generator = Generator(*tiny(levels=5), **FP32)
    generator.update(picture)
    painted = picture.copy()
    painted[:4, :4] ^= 255
    assert (generator.update(painted, (0, 0, 4, 4)) == generator(painted)).all()
    assert generator.settled


def test_misuse_gets_a_sentence(tiny, picture) -> None:
    generator = Generator(*tiny(), **FP32)
    with pytest.raises(PictureError, match="no picture to settle; call update"):
        generator.settle()
    with pytest.raises(PictureError, match="A picture is an array uint8"):
        generator.update(picture.astype(float))
    generator.update(picture, (0, 0, 4, 4))  # the first may say anything
    assert (generator.update(picture, (900, -40, 4, 4)) == generator(picture)).all()


def test_a_changed_rectangle_is_four_whole_numbers_of_any_sort(tiny) -> None:
    rectangles: list[Any] = [np.array([100, 90, 9, 8]), [100, 90, 9, 8], np.array([100, 90, 9, 8], np.uint8)]
    for rectangle in rectangles:
        generator = Generator(*tiny(levels=5), **FP32)
        picture = np.zeros((256, 256, 3), np.uint8)
        generator.update(picture)
        picture[90:98, 100:109] = 255
        made = generator.update(picture, rectangle)
        assert not generator.settled, "a part"
        assert np.abs(made.astype(int) - generator(picture))[90:98, 100:109].max() <= 1
    strange: list[Any] = [(1, 2, 3), "abcd", (0.5, 0, 4, 4), (0, 0, float("nan"), 4), 7, np.zeros((4, 4))]
    for rectangle in strange:
        with pytest.raises(PictureError, match="left, top, width and height in whole pixels"):
            generator.update(picture, rectangle)


@pytest.mark.parametrize("step", ["renew", "window"])
def test_a_part_that_fails_is_made_good_by_the_next_pass(step, tiny, picture, monkeypatch) -> None:
    generator = Generator(*tiny(levels=5), **FP32)
    generator.update(picture)
    painted = picture.copy()
    painted[30:36, 30:36] ^= 255

    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 99 bytes")

    with monkeypatch.context() as failing:
        failing.setattr(Incremental, step, full)
        with pytest.raises(DeviceError, match="not enough memory for 64 × 64 pixels"):
            generator.update(painted, (30, 30, 6, 6))
    painted[:3, :3] ^= 255
    assert (generator.update(painted, (0, 0, 3, 3)) == generator(painted)).all()


def test_a_device_lost_between_two_strokes_costs_nothing(tiny, picture, monkeypatch) -> None:
    """The failure is staged, the moving is real."""
    said: list[str] = []
    generator = Generator(*tiny(levels=5), notice=said.append, **FP32)
    generator.update(picture)
    painted = picture.copy()
    painted[30:36, 30:36] ^= 255
    generator.update(painted, (30, 30, 6, 6))
    generator.device = "cuda"

    whole = Incremental.whole

    def lost(maps: Incremental, *given: Any) -> torch.Tensor:
        monkeypatch.setattr(Incremental, "whole", whole)
        raise RuntimeError("CUDA error: device lost")

    monkeypatch.setattr(Incremental, "whole", lost)
    settled = generator.settle()
    assert generator.device == "cpu" and len(said) == 1
    assert (settled == generator(painted)).all()
