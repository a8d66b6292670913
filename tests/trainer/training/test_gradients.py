from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests import warm
from tests.engine.conftest import needs_bfloat16
from tests.trainer.small_runs import small, things
from trainer.machine.distributed import World
from trainer.training.fit import pair_loader
from trainer.training.objective import l1_distance, rows
from trainer.training.state import State
from trainer.training.step import train_step

NUMBERS = torch.tensor([0, 3, 2])


def maps(seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    made = torch.rand(4, 6, 8, 10, generator=torch.Generator().manual_seed(seed)) - 0.5
    return made.to(dtype).contiguous(memory_format=torch.channels_last).requires_grad_()


def gradient(loss: Callable[[Tensor], Tensor], of: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(loss(of), of)
    return found


def test_rows_are_those_of_indexing_and_their_gradient_lies_as_the_maps_do() -> None:
    weights = torch.rand(3, 6, 8, 10)
    one = maps(1)
    assert torch.equal(rows(one, NUMBERS), one[NUMBERS])
    found = gradient(lambda x: (rows(x, NUMBERS) * weights).sum(), one)
    assert torch.equal(found, gradient(lambda x: (x[NUMBERS] * weights).sum(), one))
    assert found.is_contiguous(memory_format=torch.channels_last)


AT_WORK = """
import sys, torch
from trainer.training.objective import rows
maps = torch.rand(4, 6, 8, 10, requires_grad=True)
rows(maps, torch.tensor([0, 3, 2])).sum().backward()
print(maps.grad.shape, "sympy" in sys.modules)
"""


def test_their_gradient_has_torch_import_no_algebra(tmp_path: Path) -> None:
    """It would cost each training a second of its beginning."""
    done = warm.run("-c", AT_WORK, folder=tmp_path)
    assert done.stdout == "torch.Size([4, 6, 8, 10]) False\n", done.stderr


def test_the_l1_distance_is_torchs_and_its_gradient_lies_as_the_maps_do() -> None:
    one, other = maps(1), maps(2)
    torch.testing.assert_close(l1_distance(one, other), F.l1_loss(one, other))
    found = gradient(lambda x: 3 * l1_distance(x, other), one)
    torch.testing.assert_close(found, gradient(lambda x: 3 * F.l1_loss(x, other), one))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_the_l1_distance_of_16_bits_is_added_up_in_32() -> None:
    one, other = maps(1, torch.bfloat16), maps(2, torch.bfloat16)
    away = l1_distance(one, other)
    assert away.dtype == torch.float32
    assert away.item() == pytest.approx(F.l1_loss(one.float(), other.float()).item(), rel=1e-3)


class Crosswise(TorchDispatchMode):
    """Counts what goes through maps of two memory formats at once, of those operations that lead back."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(word in str(op) for word in ("leaky_relu_backward", "convolution_backward", "batch_norm")):
            found = [it for it in tree_leaves(args) if isinstance(it, Tensor) and it.dim() == 4]
            large = [it for it in found[:2] if min(it.shape[1:]) > 3]  # smaller ones are of either format
            lain = {it.is_contiguous(memory_format=torch.channels_last) for it in large}
            if lain != {True} and large:
                self.seen.append(f"{op} {[tuple(it.shape) for it in large]}")
        return op(*args, **(kwargs or {}))


@needs_bfloat16
@pytest.mark.parametrize("styles", [0, 8])
def test_gradients_of_a_step_lie_as_its_maps_do(styles: int, tmp_path: Path) -> None:
    losses = {"perceptual": 15.0, "feature_matching": 10.0, "l1": 40.0}
    config = small(
        things(tmp_path / "data", 8), batch=4, styles=styles, style_encoder=8, precision="bfloat16", **losses
    )
    state, crosswise = State(config), Crosswise()
    with pair_loader(things(tmp_path / "data", 8), state, World()) as loader:
        batch = next(loader)
    with crosswise:
        train_step(state, config, World(), batch.inputs, batch.targets)
    assert crosswise.seen == []
