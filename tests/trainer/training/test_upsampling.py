from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import networks
from engine.models import bundle
from engine.networks.unet import UNet
from tests.trainer.small_runs import small, things
from tests.trainer.training.test_state import stepped
from trainer.run.fitting import LATTICE_EDGE
from trainer.training import ema
from trainer.training.state import State
from trainer.training.upsampling import lattice_loss, project_upsampling, stripe_loss


def resized(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Each pixel twice in both directions, then a convolution with a kernel of 3: (O, I, 3, 3)."""
    return F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)


def test_an_even_transposed_convolution_is_a_resize_and_a_convolution() -> None:
    torch.manual_seed(0)
    transposed = nn.ConvTranspose2d(5, 7, 4, 2, 1, bias=False)
    project_upsampling(transposed)
    x = torch.randn(2, 5, 6, 9)
    # The kernel of 3 whose resize makes this kernel of 4: along each axis (w2, w1 + w2, w0 + w1, w0).
    back = torch.tensor([[0.0, 0, 0, 1], [-1, 1, 0, 0], [1, 0, 0, 0]])
    weight = torch.einsum("iokl,ak,bl->oiab", transposed.weight, back, back)
    assert torch.allclose(transposed(x), resized(x, weight), atol=1e-5)


def test_it_is_the_nearest_one() -> None:
    """What is taken away stands at a right angle to what is left, and nothing is left to take."""
    torch.manual_seed(1)
    transposed = nn.ConvTranspose2d(3, 4, 4, 2, 1)
    before = transposed.weight.detach().clone()
    project_upsampling(transposed)
    after = transposed.weight.detach().clone()
    assert abs(float(((before - after) * after).sum())) < 1e-5
    assert not torch.allclose(before, after)
    project_upsampling(transposed)
    assert torch.allclose(transposed.weight, after, atol=1e-7)


def test_plain_background_stays_plain() -> None:
    torch.manual_seed(2)
    free, held = (nn.ConvTranspose2d(4, 3, 4, 2, 1) for _ in range(2))
    project_upsampling(held)
    plain = torch.randn(1, 4, 1, 1).expand(1, 4, 8, 8)

    @torch.no_grad()
    def unrest(transposed: nn.Module) -> float:
        return float(transposed(plain)[..., 4:-4, 4:-4].std((2, 3)).max())

    assert unrest(held) < 1e-5 < 1e-2 < unrest(free)


def test_other_kernels_are_left_alone() -> None:
    other = nn.ConvTranspose2d(3, 4, 3, 2, 1, output_padding=1)
    before = other.weight.detach().clone()
    project_upsampling(other)
    assert torch.equal(other.weight, before)


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_training_holds_the_decoder_to_it(tmp_path: Path, upsampling: str) -> None:
    state = stepped(
        small(things(tmp_path / "data", 4), upsampling=upsampling), things(tmp_path / "data", 4), 3
    )
    written = ema.finished(state, state.config, [torch.randn(2, *planes(state), 32, 32)])
    network = networks.build(state.config.kind, **state.config.network)
    assert isinstance(network, UNet)
    network.load_state_dict(written)
    for up in network.ups:
        weight: torch.Tensor = up.convolution.weight  # type: ignore[assignment]
        before = weight.detach().clone()
        project_upsampling(up)
        assert torch.allclose(weight, before, atol=1e-6) == (upsampling == "resize")


def test_a_model_to_begin_from_is_brought_to_it(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 4)
    free = State(small(data))
    file = tmp_path / "free.safetensors"
    bundle.write(file, free.config.card(), dict(free.generator.state_dict()))
    state = State(small(data, upsampling="resize", from_model=str(file)))
    state.begin_from(str(file))
    for network in (state.generator, state.ema):
        for module in network.modules():
            if isinstance(module, nn.ConvTranspose2d):
                before = module.weight.detach().clone()
                project_upsampling(module)
                assert torch.allclose(module.weight, before, atol=1e-6)


def test_stripes_are_found_and_slopes_edges_and_grain_are_none() -> None:
    generator = torch.Generator().manual_seed(3)
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    grain = torch.rand(64, 64, generator=generator)
    fine, coarse = ((rows // width % 2) * 2 - 1 for width in (1, 2))
    pictures = {
        "fine": fine,
        "across": fine.T,
        "coarse": coarse,
        "slope": rows / 32 - 1,
        "edge": (columns > 31).float(),
        "line": (rows == 31).float(),
        "grain": grain * 2 - 1,
        "broad": torch.sin(rows / 2),
    }
    found = {name: float(stripe_loss(picture.expand(1, 3, 64, 64))) for name, picture in pictures.items()}
    assert found["fine"] == pytest.approx(found["across"]) and found["fine"] > 0.3
    assert found["coarse"] > 0.3
    assert all(found[name] < 0.08 for name in ("slope", "edge", "line", "grain", "broad")), found


def test_a_loss_of_stripes_takes_them_away() -> None:
    """A decoder that is to enlarge a shade does so in steps at first."""
    torch.manual_seed(4)
    transposed = nn.ConvTranspose2d(4, 3, 4, 2, 1)
    project_upsampling(transposed)
    shades = torch.arange(32.0)[:, None].expand(1, 4, 32, 32) / 32

    def striped() -> torch.Tensor:
        return stripe_loss(transposed(shades)[..., 2:-2, 2:-2])

    before = striped().item()
    optimiser = torch.optim.SGD(transposed.parameters(), 0.5)
    for _ in range(40):
        optimiser.zero_grad()
        striped().backward()
        optimiser.step()
        project_upsampling(transposed)
    assert striped().item() < 0.2 * before


def test_a_lattice_is_found_and_slopes_colours_and_grain_are_none() -> None:
    generator = torch.Generator().manual_seed(5)
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    pictures = {
        "threads": torch.sin(columns * 2 * torch.pi * 3 / 16),
        "weave": torch.sin(columns * 2 * torch.pi / 4) * torch.sin(rows * 2 * torch.pi / 4),
        "slope": rows / 48 + columns / 96 - 1,
        "level": torch.ones(96, 96),
        "grain": torch.rand(96, 96, generator=generator) * 2 - 1,
        "line": (rows == columns).float(),
    }
    found = {name: float(lattice_loss(picture.expand(2, 3, 96, 96))) for name, picture in pictures.items()}
    assert found["threads"] > 0.5 and found["weave"] > 0.2
    assert all(found[name] < 1e-5 for name in ("slope", "level")), found
    assert found["grain"] < 0.2 and found["line"] < 0.15, found
    smallest = torch.rand(1, 3, LATTICE_EDGE, LATTICE_EDGE + 5, generator=generator)
    assert lattice_loss(smallest).item() > 0


def test_a_loss_of_lattices_takes_them_away_and_leaves_the_rest() -> None:
    rows = torch.arange(96.0)[:, None].expand(96, 96)
    rest = torch.rand(96, 96, generator=torch.Generator().manual_seed(6)) + rows / 96
    lattice = torch.sin(rows * 2 * torch.pi * 3 / 16) / 4
    picture = (rest + lattice).clone().requires_grad_()
    for _ in range(60):
        (gradient,) = torch.autograd.grad(lattice_loss(picture[None, None]), picture)
        picture = (picture - 40 * gradient).detach().requires_grad_()
    left = picture.detach() - rest
    assert (left * lattice).sum() < 0.4 * lattice.square().sum()
    assert torch.corrcoef(torch.stack([picture.detach().flatten(), rest.flatten()]))[0, 1] > 0.9


def planes(state: State) -> tuple[int]:
    return (state.config.network["inputs"],)
