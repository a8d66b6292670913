"""The bars that depend on the instructions in force: a processor without AVX-512 has half the arithmetic."""

from __future__ import annotations

import os

import torch

from engine.data.card import Statistics

NARROW = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2")
"""What ``ONEDNN_MAX_CPU_ISA`` may be held to that has no AVX-512."""


def wide_instructions() -> bool:
    """Whether AVX-512 is in force, in torch and in oneDNN alike."""
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    return "AVX512" in torch.backends.cpu.get_cpu_capability() and held not in NARROW


def bundled() -> float:
    """A bundled model's frame, of the reference way's time."""
    return 0.45 if wide_instructions() else 0.58


def wide(kind: Statistics) -> float:
    """The same of ``unet_256`` with 64 channels outside."""
    narrow: dict[Statistics, float] = {"running": 0.50, "image": 0.52}
    broad: dict[Statistics, float] = {"running": 0.28, "image": 0.30}
    return (broad if wide_instructions() else narrow)[kind]


def dab() -> float:
    """A dab of 32 pixels on that, of the reference frame's time."""
    return 0.12 if wide_instructions() else 0.16
