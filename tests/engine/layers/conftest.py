"""Layers are tried as they run in passes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch


@pytest.fixture
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(params=[{"ATEN_CPU_CAPABILITY": "default"}, {"ONEDNN_MAX_CPU_ISA": "SSE41"}], ids=str)
def without_avx2(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """What a program prints whose torch, or oneDNN, was told to do without AVX2."""

    def printed(program: str) -> str:
        environment = {**os.environ, **request.param}
        words = [sys.executable, "-c", program]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout.strip()

    return printed
