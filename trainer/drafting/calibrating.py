"""How certain drafts say they are is to be true: that is found out by maps that a head has not learnt from.

A head that knows a few dozen maps by heart is as sure of the next photo as of those. So heads learn from some
of the maps and draft the others; by one number, the temperature, what labels are given is then made as modest
as the share of pixels that is right (Guo et al., ICML 2017, but by that share, not by the likelihood).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

COLDEST, HOTTEST = 0.5, 16.0
_HALVINGS = 20


class HeldOut(NamedTuple):
    """What a head says of a photo that it has not learnt from."""

    logits: Tensor
    """Of the photo and of its mirror image, turned back: float32 (looks, labels, H, W)."""
    wanted: Tensor
    """Which share of each place has which label, (labels, H, W)."""


def predicted_and_true(held_out: Sequence[HeldOut], temperature: float) -> tuple[float, float]:
    """Which share of all pixels is held to be right at a temperature, and which share is."""
    predicted, true, known = 0.0, 0.0, 0.0
    for one in held_out:
        chances = (one.logits / temperature).softmax(1).mean(0)
        most, labels = chances.max(0)
        weights = one.wanted.sum(0)
        predicted += float((most * weights).sum())
        true += float(one.wanted.gather(0, labels[None]).sum())
        known += float(weights.sum())
    return predicted / max(known, 1e-9), true / max(known, 1e-9)


def temperature(held_out: Sequence[HeldOut]) -> float:
    """That at which as much is told as is true; 1 where nothing was held out."""
    if not held_out:
        return 1.0
    low, high = math.log(COLDEST), math.log(HOTTEST)
    with torch.inference_mode():
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            predicted, true = predicted_and_true(held_out, math.exp(middle))
            low, high = (middle, high) if predicted > true else (low, middle)
    return math.exp((low + high) / 2)
