"""Layers are tried as they run in passes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from tests import warm


@pytest.fixture
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


QUESTIONS = {"halved": "halved.works()", "winograd": "winograd.right()"}


@pytest.fixture(
    scope="session", params=[{"ATEN_CPU_CAPABILITY": "default"}, {"ONEDNN_MAX_CPU_ISA": "SSE41"}], ids=str
)
def without_avx2(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """The answers to ``QUESTIONS`` of a program whose torch, or oneDNN, was told to do without AVX2."""
    parts = (f"{name}={question}" for name, question in QUESTIONS.items())
    program = f"from engine.layers import halved, winograd; print(dict({', '.join(parts)}))"
    if "ONEDNN_MAX_CPU_ISA" in request.param:  # which is read when something is first computed
        done = warm.run("-c", program, folder=tmp_path_factory.mktemp("told"), **request.param)
    else:
        words, environment = [sys.executable, "-c", program], {**os.environ, **request.param}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers: dict[str, bool] = ast.literal_eval(done.stdout)
    return answers
