from __future__ import annotations

import pytest
import torch
from torch import nn

from trainer.evaluation.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(24, 12), (12, 108), (48, 48), (1, 9)])
def test_all_directions_become_equally_long(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    made = orthogonal(matrix)
    assert made.shape == matrix.shape and made.is_contiguous()
    strengths = torch.linalg.svdvals(made)
    assert float(strengths.min()) > 0.6 and float(strengths.max()) < 1.3
    # They are the same directions.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    through = left.T @ made @ right.T
    assert float((through - through.diag().diag()).abs().max()) < 1e-3
    assert not orthogonal(torch.zeros(shape)).any()


def test_a_step_moves_every_weight_against_its_gradient() -> None:
    torch.manual_seed(1)
    layer = nn.Conv2d(4, 8, 3, bias=False)
    photos, wanted = torch.randn(4, 4, 6, 6), torch.randn(4, 8, 4, 4)
    muon, losses = Muon(layer.parameters()), []
    for _ in range(20):
        loss = (layer(photos) - wanted).square().mean()
        losses.append(loss.item())
        layer.zero_grad()
        torch.autograd.backward(loss)
        muon.step(0.02)
    assert losses[-1] < 0.9 * losses[0]
    before = layer.weight.detach().clone()
    layer.weight.grad = None
    muon.step(1.0)
    assert torch.equal(layer.weight, before)
