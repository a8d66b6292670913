from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import engine
import resources
from engine.data.card import Statistics
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.devices import device
from engine.errors import DeviceError, ModelError, PictureError, StyleError
from engine.layers import packed
from engine.layers.blocks import Norm
from engine.models import bundle
from engine.passes.generator import Generator
from engine.planes import codec
from tests.engine.conftest import needs_bfloat16, needs_quick_bfloat16

FP32: dict[str, Any] = {"device": "cpu", "precision": "float32"}
BUNDLED = sorted(resources.path("models").glob("*.safetensors"))


def plain_pass(card, tensors, picture: Pixels, statistics: str, *, valid=None) -> torch.Tensor:
    """The network run straight, without folding, packing or padding of the generator's own."""
    network = bundle.blank(card)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
    network.eval().use_statistics(statistics)
    with torch.inference_mode():
        return network(torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1, valid)


@pytest.mark.parametrize("kind", ["unet", "resnet"])
@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("statistics", ["image", "running"])
def test_a_generator_is_its_network(kind, norm, statistics, tiny, picture) -> None:
    card, tensors = tiny(kind=kind, norm=norm)
    wanted = codec.to_pixels(plain_pass(card, tensors, picture, statistics), 64, 64)
    made = Generator(card, tensors, statistics=statistics, **FP32)(picture)
    assert made.shape == (64, 64, 3) and made.dtype == np.uint8
    assert np.abs(made.astype(int) - wanted).max() <= 1
    assert made.std() > 5


VIEWS: dict[str, Callable[[Pixels], Pixels]] = {
    "BGR": lambda picture: picture[..., ::-1],
    "mirrored": lambda picture: picture[:, ::-1],
    "upside down": lambda picture: picture[::-1],
    "turned": np.rot90,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("work", [Generator.__call__, Generator.update])
def test_pictures_may_be_views_of_others(work, view, tiny, picture) -> None:
    """Torch takes no arrays that run backwards; those of OpenCV, turned to RGB, do."""
    generator = Generator(*tiny(), **FP32)
    made = work(generator, view(picture))
    assert (made == work(generator, np.ascontiguousarray(view(picture)))).all()


@pytest.mark.parametrize("kind", ["unet", "resnet"])
@pytest.mark.parametrize("statistics", ["image", "running"])
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (33, 7), (31, 65), (64, 64)])
def test_any_size_answers_and_is_cropped_back(kind, statistics, size, tiny) -> None:
    card, tensors = tiny(kind=kind)
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    generator = Generator(card, tensors, statistics=statistics, **FP32)
    made = generator(pixels)
    assert made.shape == (*size, 3)
    multiple, least = (32, 1) if kind == "unet" else (4, 8)
    height, width = (max(-(-edge // multiple) * multiple, least) for edge in size)
    padded = np.pad(pixels, ((0, height - size[0]), (0, width - size[1]), (0, 0)), mode="reflect")
    wanted = codec.to_pixels(plain_pass(card, tensors, padded, statistics, valid=size), *size)
    assert np.abs(made.astype(int) - wanted).max() <= 1


def test_padding_never_counts_into_the_statistics_of_the_image(tiny) -> None:
    """Whatever stands in the padding, the moments of the first norm are those of the picture."""
    card, tensors = tiny(norm="instance", levels=5)
    network = bundle.blank(card)
    network.load_state_dict(tensors, assign=True)
    seen: list[torch.Tensor] = []
    network.eval().downs[1].norm.register_forward_hook(lambda module, given, made: seen.append(made.clone()))
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        network(x, (32, 40))
    inside = seen[0][:, :, :8, :10]
    assert inside.mean((2, 3)).abs().max() < 1e-5
    assert (inside.var((2, 3), correction=0) - 1).abs().max() < 1e-3
    assert seen[0].mean((2, 3)).abs().max() > 1e-3


def test_running_statistics_hold_far_pixels_still_and_image_statistics_do_not(tiny, picture) -> None:
    card, tensors = tiny(levels=5)
    dabbed = picture.copy()
    dabbed[:4, :4] = 255
    far = np.s_[48:, 48:]
    moved = {}
    for statistics in ("running", "image"):
        generator = Generator(card, tensors, statistics=statistics, **FP32)
        moved[statistics] = np.abs(generator(picture)[far].astype(int) - generator(dabbed)[far]).mean()
    assert moved["image"] > moved["running"]


def test_the_same_picture_gives_the_same_bytes_and_seeds_vary_it(tiny, picture) -> None:
    card, tensors = tiny(levels=6)
    generator = Generator(card, tensors, **FP32)
    assert generator.varies
    still = generator(picture)
    assert (generator(picture) == still).all()
    first, second = generator(picture, seed=1), generator(picture, seed=2)
    assert (generator(picture, seed=1) == first).all()
    assert not (first == second).all() and not (first == still).all()
    assert (generator(picture) == still).all()
    assert not Generator(*tiny(levels=5), **FP32).varies


def test_norms_are_folded_where_running_statistics_serve(tiny) -> None:
    card, tensors = tiny()
    cases: tuple[tuple[Statistics, int], ...] = (("running", 0), ("image", 7))
    for statistics, left in cases:
        network = Generator(card, tensors, statistics=statistics, **FP32).network
        assert sum(isinstance(module, Norm) for module in network.modules()) == left


def test_without_the_packing_operators_plain_convolutions_do_the_work(tiny, picture, monkeypatch) -> None:
    card, tensors = tiny()
    packed_made = Generator(card, tensors, **FP32)(picture)
    monkeypatch.setattr(packed, "packing_works", lambda: False)
    plain_made = Generator(card, tensors, **FP32)(picture)
    assert np.abs(packed_made.astype(int) - plain_made).max() <= 1


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=needs_bfloat16)])
def test_every_number_format_paints_nearly_the_same(precision, tiny, picture) -> None:
    card, tensors = tiny()
    exact = Generator(card, tensors, **FP32)
    other = Generator(card, tensors, device="cpu", precision=precision)
    other.warm_up()
    assert other.precision == precision
    error = np.abs(exact(picture).astype(int) - other(picture))
    assert np.quantile(error, 0.5) <= 8


@pytest.mark.parametrize(
    "file",
    [
        # Where it is emulated one stands for all.
        pytest.param(
            file, marks=needs_bfloat16 if file.stem == "streets" else needs_quick_bfloat16, id=file.stem
        )
        for file in BUNDLED
    ],
)
def test_bfloat16_is_near_enough_on_the_models_that_ship(file: Path) -> None:
    """At most 0.02 of the range at the 99.9th percentile, on a picture that the model knows."""
    card, tensors = bundle.read(file)
    pixels = np.full((256, 256, 3), 255, np.uint8)
    if card.palette is not None:
        pixels[:] = card.palette.colours[0]
        stripes = np.array_split(np.arange(256), len(card.palette.labels))
        for stripe, colour in zip(stripes, card.palette.colours, strict=True):
            pixels[32:224, stripe] = colour
    else:
        pixels[60:62, 40:220] = pixels[180:182, 40:220] = pixels[60:180, 40:42] = pixels[60:180, 218:220] = 0
        pixels[100:140, 80:180] = (180, 30, 30)
    prepared = codec.flat(pixels, card)
    made = []
    for precision in ("float32", "bfloat16"):
        generator = Generator(card, dict(tensors), device="cpu", precision=precision)
        made.append(generator.translate(prepared).astype(float))
    assert made[0].std() > 13
    assert np.quantile(np.abs(made[0] - made[1]), 0.999) / 255 <= 0.02


@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.stem)
def test_every_bundled_model_opens_by_name_and_paints(file: Path) -> None:
    card = bundle.read_card(file)
    generator = engine.open(card.name, device="cpu")
    assert generator.card == card
    assert card.licence and card.task and card.data and card.statistics == "running"
    colour = card.palette.colours[1] if card.palette else (255, 255, 255)
    picture = np.broadcast_to(np.array(colour, np.uint8), (100, 130, 3))
    assert generator(picture).shape == (100, 130, 3)


def test_one_plane_networks_answer_with_three(tiny, picture) -> None:
    made = Generator(*tiny(inputs=1, outputs=1), **FP32)(picture)
    assert made.shape == (64, 64, 3)
    assert (made[..., 0] == made[..., 2]).all()


def test_hints_and_labels_reach_the_network(tiny, palette: Palette) -> None:
    sketch = Generator(*tiny(inputs=5, input="sketch", hints=True), **FP32)
    paper = np.full((32, 32, 3), 255, np.uint8)
    red, grey = paper.copy(), paper.copy()
    red[8:24, 8:24] = (255, 0, 0)
    grey[8:24, 8:24] = 128
    answers = [sketch(picture) for picture in (paper, red, grey)]
    assert not (answers[0] == answers[1]).all() and not (answers[1] == answers[2]).all()
    hot = Generator(*tiny(inputs=4, input="labels", palette=palette, one_hot=True), **FP32)
    assert hot(palette.colours[np.eye(32, dtype=int)]).shape == (32, 32, 3)


def test_one_notice_of_colours_off_the_palette(tiny, palette: Palette) -> None:
    said: list[str] = []
    generator = Generator(*tiny(input="labels", palette=palette), notice=said.append, **FP32)
    clean = palette.colours[np.eye(32, dtype=int)]
    generator(clean)
    assert said == []
    off = clean ^ np.uint8(1)
    assert (generator(off) == generator(clean)).all()
    assert len(said) == 1 and "1024 pixels are of no colour" in said[0]
    loud = Generator(*tiny(input="labels", palette=palette), **FP32)
    with pytest.warns(UserWarning, match="taken for the nearest"):
        loud(off)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loud(off)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
        [[[0, 0, 0]]],
        Image.new("RGB", (8, 8)),
        "drawing.png",
        None,
    ],
)
def test_what_is_no_picture_gets_a_sentence(array, tiny) -> None:
    with pytest.raises(PictureError, match="A picture is an array uint8"):
        Generator(*tiny(), **FP32)(array)


def test_seeds_are_whole_numbers_of_any_sort(tiny, picture) -> None:
    generator = Generator(*tiny(), **FP32)
    seeds: list[Any] = [np.int64(-5), np.uint8(251), 1 << 70]
    for seed in seeds:
        assert (generator(picture, seed=seed) == generator(picture, seed=int(seed))).all()
    others: list[Any] = [1.5, "1", np.float32(1), [1]]
    for strange in others:
        with pytest.raises(StyleError, match=r"A seed is a whole number, not .*; give one, or none"):
            generator(picture, seed=strange)


def test_wrong_wishes_get_a_sentence(tiny, tiny_file) -> None:
    file = tiny_file()
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"device": "toaster"}, "no device “toaster”|not available"),
        ({"precision": "float7"}, "no precision “float7”"),
        ({"device": "meta"}, "not available"),
    )
    for given, sentence in refused:
        with pytest.raises(DeviceError, match=sentence):
            engine.open(file, **given)
    with pytest.raises(ModelError, match="no “mean” statistics"):
        engine.open(file, statistics="mean")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no model “unheard-of”; known are"):
        engine.open("unheard-of")


def test_a_discriminator_paints_nothing(tmp_path) -> None:
    from engine.data.card import Card
    from engine.networks import build

    settings = {"receptive_field": 16, "width": 2, "inputs": 3, "norm": "batch"}
    card = Card("discriminator", "patchgan", settings, "image")
    state = build("patchgan", **settings).state_dict()
    with pytest.raises(ModelError, match="no picture"):
        Generator(card, state, **FP32)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("hasty", [False, True])
def test_weights_that_are_no_numbers_are_refused_in_a_sentence(number: float, hasty: bool, tiny) -> None:
    """A training that ran away leaves such: all its previews would be black, and nobody says why."""
    card, tensors = tiny()
    name = next(name for name in tensors if name.endswith("convolution.weight"))
    tensors[name] = tensors[name].clone()
    tensors[name].view(-1)[-1] = number
    with pytest.raises(ModelError, match=f"“{card.name}” holds weights that are no numbers"):
        Generator(card, tensors, hasty=hasty, **FP32)


def test_running_statistics_that_are_no_numbers_cost_only_those_who_use_them(tiny, picture) -> None:
    card, tensors = tiny(norm="batch")
    name = next(name for name in tensors if name.endswith("running_mean"))
    tensors[name] = torch.full_like(tensors[name], float("nan"))
    assert Generator(card, dict(tensors), statistics="image", **FP32)(picture).std() > 5
    with pytest.raises(ModelError, match="no numbers"):
        Generator(card, dict(tensors), statistics="running", **FP32)


@needs_bfloat16
def test_a_network_that_runs_over_in_16_bits_goes_on_in_32(tiny, picture) -> None:
    card, tensors = tiny()
    generator = Generator(card, tensors, device="cpu", precision="bfloat16")
    generator.network.ups[0].convolution.forward = lambda x: torch.full((1, 3, 32, 32), float("nan"))
    generator.warm_up()
    assert generator.precision == "float32"
    assert generator(picture).std() > 5


def test_devices_are_chosen_in_order() -> None:
    assert device.choose("cpu") == torch.device("cpu")
    best = device.choose()
    assert best.type in device.KINDS
    assert device.number_format(torch.device("cuda")) == torch.float16
    assert device.number_format(torch.device("cpu")) in (torch.float32, torch.bfloat16)
    assert device.number_format(torch.device("cpu"), "float16") == torch.float16


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["unet", "resnet"])
@pytest.mark.parametrize("statistics", ["image", "running"])
def test_a_graphics_card_paints_what_the_cpu_paints(kind, statistics, tiny, picture) -> None:
    card, tensors = tiny(kind=kind)
    exact = Generator(card, dict(tensors), statistics=statistics, **FP32)(picture).astype(int)
    full = Generator(card, dict(tensors), statistics=statistics, device="cuda", precision="float32")
    assert np.abs(full(picture) - exact).max() <= 1
    half = Generator(card, dict(tensors), statistics=statistics, device="cuda")
    half.warm_up()
    assert (half.device, half.precision) == ("cuda", "float16")
    assert np.quantile(np.abs(half(picture) - exact), 0.99) <= 4


def test_importing_engine_brings_neither_torch_nor_qt(tiny_file: Callable[..., Path]) -> None:
    script = (
        "import sys, engine, engine.data.messages, engine.thread.worker, engine.planes.codec\n"
        "print('torch' in sys.modules, 'PySide6' in sys.modules)\n"
        "import numpy as np\n"
        "print(engine.open(sys.argv[1])(np.zeros((5, 6, 3), np.uint8)).shape, 'PySide6' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tiny_file())], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["False False", "(5, 6, 3) False"]
    with pytest.raises(AttributeError, match="no attribute 'close'"):
        _ = engine.close


def test_a_model_opened_by_path_stays_open_when_its_file_goes(tiny_file, picture) -> None:
    file = tiny_file()
    generator = engine.open(file, **FP32)
    file.unlink()
    assert generator(picture).shape == (64, 64, 3)
    assert dataclasses.asdict(generator.card)["name"] == "tiny"
