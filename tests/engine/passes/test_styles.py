"""Styles through the engine: folded into whole passes and windows, the same bytes for the same style."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import engine
from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.style import drawn
from engine.devices import device, trials
from engine.errors import DeviceError, PictureError, StyleError
from engine.layers import quantised
from engine.layers.blocks import Layer, Translator
from engine.models import bundle
from engine.networks.unet import UNet
from engine.passes.generator import Generator
from engine.planes import codec

STYLED: dict[str, Any] = {"style": 8, "style_encoder": 4, "styles": {"suede": (1.0,) * 8}}
STYLES: list[Any] = [None, 3, "suede", (0.5, -0.5) * 4]
FP32: dict[str, Any] = {"device": "cpu", "precision": "float32"}


def plainly(
    card: Card, tensors: dict[str, torch.Tensor], statistics: Any, picture: Pixels, style: Any
) -> Pixels:
    """By the network as it was trained, unfolded, its style computed in the pass."""
    network = bundle.blank(card).eval()
    assert isinstance(network, Translator)
    weights, _ = bundle.split_tensors(tensors)
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    network.use_statistics(statistics)
    padded = codec.padded(codec.flat(picture, card), card, network.multiple, network.least)
    valid = None if padded.shape[:2] == picture.shape[:2] else picture.shape[:2]
    with torch.inference_mode():
        made = network(codec.planes(padded, card), valid, style=torch.tensor([card.code(style)]))
    return codec.to_pixels(made, *picture.shape[:2])


def difference(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("kind", ["unet", "resnet", "encoder_decoder"])
@pytest.mark.parametrize(
    ("norm", "statistics"), [("batch", "running"), ("batch", "image"), ("instance", "image")]
)
def test_a_style_is_as_the_network_was_trained_with_it(kind: str, norm: str, statistics: Any, tiny, picture):
    card, tensors = tiny(kind=kind, norm=norm, **STYLED)
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    generator = Generator(card, tensors, statistics=statistics, **FP32)
    for shown in (picture, picture[:50, :41]):
        made = [generator(shown, style=style) for style in STYLES]
        for style, one in zip(STYLES, made, strict=True):
            assert difference(one, plainly(card, kept, statistics, shown, style)) <= 1
            assert (generator(shown, style=style) == one).all(), "the same bytes, whatever came before"
        assert min(difference(one, other) for n, one in enumerate(made) for other in made[:n]) > 3
    assert all(torch.equal(tensors[name], kept[name]) for name in kept), "the file's weights stay"


@pytest.mark.parametrize("statistics", ["running", "image"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_what_settles_is_exact_in_every_style(precision: str, statistics: Any, tiny, picture):
    """Strokes and changes of style at random; after each the preview settles, bit for bit as by a call."""
    if precision == "bfloat16" and not device.computes(torch.bfloat16):
        pytest.skip("torch refuses bfloat16 on this processor")
    if precision == "int8" and not quantised.right():
        pytest.skip("this processor multiplies no integers rightly")
    # Two styles and less wide layers are enough where a pass takes seconds.
    emulated = precision == "bfloat16" and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    card, tensors = tiny(levels=6, width=16 if emulated else 32, **STYLED)
    generator = Generator(card, tensors, device="cpu", precision=precision, statistics=statistics)
    rng = np.random.default_rng(1)
    canvas = np.tile(picture, (2, 2, 1))
    seen = []
    for turn in range(4 if emulated else 8):
        style = STYLES[turn // 2]
        top, left = rng.integers(0, 100, 2)
        canvas[top : top + 12, left : left + 12] = rng.integers(0, 256, 3)
        followed = generator.follows(style) and turn > 0
        generator.update(canvas, (int(left), int(top), 12, 12), style=style)
        assert generator.settled != followed, "another style is a whole pass, a stroke in the same is not"
        if turn == 5:
            generator(canvas, style=7)  # as of another window: what is followed stays
        seen.append(generator.settle())
        assert (seen[-1] == generator(canvas, style=style)).all()
    assert difference(seen[1], seen[2]) > 5


def test_strokes_in_a_style_are_as_whole_passes(tiny, picture):
    card, tensors = tiny(levels=6, width=8, statistics="running", **STYLED)
    generator = Generator(card, tensors, **FP32)
    canvas = np.tile(picture, (2, 2, 1))
    generator.update(canvas, style=5)
    canvas[60:70, 60:70] = 9
    preview = generator.update(canvas, (60, 60, 10, 10), style=5)
    assert not generator.settled
    assert difference(preview[60:70, 60:70], generator(canvas, style=5)[60:70, 60:70]) <= 1


def test_styles_without_effect_leave_every_byte_as_it_was(tiny, picture):
    """A model begun from one without styles answers as that, also folded, packed and in 16 bits."""
    plain_card, plain = tiny(levels=6, width=32)
    card, tensors = tiny(levels=6, width=32, style=8)
    tensors |= plain
    for name in ("styling.head.weight", "styling.head.bias"):
        tensors[name] = torch.zeros_like(tensors[name])
    for precision in ("float32", "bfloat16") if device.computes(torch.bfloat16) else ("float32",):
        for statistics in ("running", "image"):
            where: dict[str, Any] = {"device": "cpu", "precision": precision, "statistics": statistics}
            wanted = Generator(plain_card, dict(plain), **where)(picture)
            assert (Generator(card, dict(tensors), **where)(picture, style=4) == wanted).all()


def test_a_change_of_style_tries_nothing(tiny, picture, monkeypatch):
    card, tensors = tiny(levels=6, width=16, statistics="running", **STYLED)
    generator = Generator(card, tensors, device="cpu")
    generator.warm_up()
    monkeypatch.setattr(trials, "plan", None)
    monkeypatch.setattr(trials, "time_algorithms", None)
    assert difference(generator.update(picture, style=1), generator.update(picture, style=2)) > 3
    assert generator.tried


def test_a_model_made_ready_later_keeps_its_style(tiny, picture):
    card, tensors = tiny(levels=6, width=16, statistics="running", **STYLED)
    generator = Generator(card, tensors, device="cpu", hasty=True)
    before = generator.update(picture, style=6)
    assert generator.make_ready()
    assert (generator.settle() == generator(picture, style=6)).all()
    assert difference(before, generator.settle()) <= 3 < difference(before, generator(picture))


def test_dropout_and_a_style_go_together(tiny, picture):
    card, tensors = tiny(levels=6, **STYLED)
    generator = Generator(card, tensors, **FP32)
    made = [generator(picture, seed=seed, style=style) for seed in (1, 2) for style in (1, 2)]
    assert len({one.tobytes() for one in made}) == 4
    assert (generator(picture, seed=1, style=1) == made[0]).all()


def test_what_a_style_may_be(tiny, picture):
    card, tensors = tiny(default_style=drawn(4, 8), **STYLED)
    generator = Generator(card, tensors, **FP32)
    assert (generator(picture) == generator(picture, style=4)).all()
    assert (generator(picture) == generator(picture, style=np.array(drawn(4, 8), np.float64))).all()
    assert (generator(picture, style="suede") == generator(picture, style=[1.0] * 8)).all()
    wrong: list[tuple[Any, str]] = [
        ("satin", "no style “satin”; known are suede. A seed, such as 7, gives one, too"),
        ([1.0] * 7, "8 numbers, not 7"),
        (np.full(8, np.nan), "nan is none"),
        ([0.0] * 7 + [np.inf], "inf is none"),
        (np.zeros((1, 8)), "in a row"),
        (True, "not bool"),
        (0.5, "not float"),
        (np.zeros(8, complex), "8 numbers; .*0j"),
        ([10**5000] * 8, "none of them"),
    ]
    for style, words in wrong:
        for ask in (generator, generator.update):
            with pytest.raises(StyleError, match=words):
                ask(picture, style=style)
    plain = Generator(*tiny(), **FP32)
    with pytest.raises(StyleError, match="“tiny” knows no styles"):
        plain(picture, style=1)
    with pytest.raises(StyleError, match="knows no styles"):
        plain.style_of(picture)


def test_the_style_of_a_photo(tiny, picture):
    card, tensors = tiny(**STYLED)
    generator = Generator(card, tensors, **FP32)
    code = generator.style_of(picture)
    assert code.dtype == np.float32 and code.shape == (8,)
    assert (generator.style_of(picture) == code).all()
    assert generator(picture, style=code).shape == picture.shape
    _, weights = bundle.split_tensors(tensors)
    encoder = bundle.blank_encoder(card)
    encoder.load_state_dict(weights, assign=True)
    planes = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    np.testing.assert_allclose(code, encoder(planes)[0][0].detach().numpy(), atol=1e-5)
    large = picture.repeat(20, 0).repeat(20, 1)
    np.testing.assert_allclose(
        generator.style_of(large), generator.style_of(picture.repeat(2, 0).repeat(2, 1)), atol=0.02
    )
    for odd in (picture[:1, :1], picture[:1], picture[:, :, ::-1]):
        assert np.isfinite(generator.style_of(odd)).all()
    with pytest.raises(PictureError, match="uint8"):
        generator.style_of(picture.astype(float))
    card, tensors = tiny(style=8)
    with pytest.raises(StyleError, match="can't read styles of photos"):
        Generator(card, tensors, **FP32).style_of(picture)
    grey = Generator(*tiny(outputs=1, **STYLED), **FP32)
    assert grey.style_of(picture).shape == (8,)


def test_open_takes_a_style(tiny_file, picture):
    generator = engine.open(tiny_file(**STYLED), device="cpu")
    assert difference(generator(picture, style=1), generator(picture, style=2)) > 3


def test_a_photo_that_damaged_weights_make_no_style_of_is_refused(tiny, picture):
    """Such a code would be kept in a document, and refused with it ever after."""
    card, tensors = tiny(**STYLED)
    name = bundle.STYLE_ENCODER + "mean.bias"
    tensors[name] = torch.full_like(tensors[name], torch.nan)
    with pytest.raises(StyleError, match="“tiny” makes no style of this photo"):
        Generator(card, tensors, **FP32).style_of(picture)


@pytest.mark.parametrize("statistics", ["running", "image"])
def test_a_style_that_failed_half_way_leaves_nothing_behind(statistics, tiny, picture, monkeypatch):
    """Out of memory at some layer: the styles before and after it are as if that had not been."""
    card, tensors = tiny(levels=6, statistics=statistics, **STYLED)
    generator = Generator(card, tensors, **FP32)
    wanted = [generator(picture, style=style) for style in (1, 2)]
    generator.update(picture, style=1)
    restyle, done = Layer.restyle, []

    def full(layer: Layer, modulation: Any) -> None:
        done.append(layer)
        if len(done) == 4:
            raise MemoryError
        restyle(layer, modulation)

    monkeypatch.setattr(Layer, "restyle", full)
    with pytest.raises(DeviceError, match="not enough memory"):
        generator.update(picture, (3, 3, 1, 1), style=2)
    painted = picture.copy()
    painted[3, 3] ^= 255
    generator.update(painted, (3, 3, 1, 1), style=1)
    assert (generator.settle() == generator(painted, style=1)).all()
    assert [(generator(picture, style=n + 1) == one).all() for n, one in enumerate(wanted)] == [True] * 2


def test_a_lost_device_keeps_the_style(tiny, picture, monkeypatch):
    card, tensors = tiny(statistics="running", **STYLED)
    generator = Generator(card, tensors, **FP32, notice=lambda sentence: None)
    wanted = generator.update(picture, style=2)

    forward = UNet.forward

    def lost(*_: object) -> None:
        monkeypatch.setattr(UNet, "forward", forward)
        raise RuntimeError("CUDA error: device lost")

    generator.device = "cuda"
    monkeypatch.setattr(UNet, "forward", lost)
    assert (generator(picture, style=2) == wanted).all()
    assert generator.device == "cpu" and (generator.update(picture, style=2) == wanted).all()
