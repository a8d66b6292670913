"""The same weights in ONNX Runtime and OpenVINO, if they are installed; nothing of Underpaint needs them.

``pip install onnx onnxscript onnxruntime openvino`` into a folder of their own, and its name into PYTHONPATH.
All take the same planes in turns, with as many threads as the engine; in the time of the engine lies the way
from pixels to pixels besides.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import engine
from engine.models import bundle, catalogue
from engine.planes import codec
from tests.bench.bench_engine import drawing, wide
from tests.bench.rows import Row
from tests.bench.turns import alternating, spread
from trainer.evaluation.export import PACKAGES, export

Pass = Callable[[], Any]


def run() -> list[Row]:
    """Time the wide network and every bundled one against what is installed of the others."""
    if not all(importlib.util.find_spec(package) for package in PACKAGES):
        print("not measured: onnx and onnxscript are not installed", file=sys.stderr)
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        card, tensors = wide()
        bundle.write(Path(folder) / "unet_256.safetensors", card, tensors)
        bundled = [entry.file for entry in catalogue.entries() if entry.bundled]
        for file in [Path(folder) / "unet_256.safetensors", *bundled]:
            exported, *_ = export(file, "onnx", Path(folder) / f"{file.stem}.onnx")
            rows += compared(file, exported)
    return rows


def compared(file: Path, exported: Path) -> list[Row]:
    """Rows of one model, the engine as it comes; statistics as the card says."""
    generator = engine.open(file)
    picture = drawing(generator.card)
    height, width = picture.shape[:2]
    network = generator._network
    flat = codec.flat(picture, generator.card)
    planes = codec.to_planes(flat, generator.card, network.multiple, network.least).contiguous()
    ways: dict[str, Pass] = {"engine": lambda: generator(picture)}
    if importlib.util.find_spec("onnxruntime"):
        ways["ONNX Runtime, float32"] = by_onnxruntime(exported, planes.numpy())
    if importlib.util.find_spec("openvino"):
        for precision in ("f32", "bf16"):
            ways[f"OpenVINO, {precision}"] = by_openvino(exported, planes.numpy(), precision)
    wanted = codec.to_pixels(generator._pass(flat, None), height, width)
    names, timed = list(ways), alternating(*ways.values())
    rows = []
    for name, times in zip(names, timed, strict=True):
        what = f"full frame of {file.stem}, {generator.card.statistics} statistics: {name}"
        if name == "engine":
            what += f" ({generator.precision})"
        else:
            made = codec.to_pixels(torch.from_numpy(np.array(ways[name]())), height, width)
            assert np.abs(made.astype(int) - wanted).mean() < 3, f"{name} makes another picture"
        rows.append(Row(what, None, *spread(times)))
    ours, *others = (statistics.median(times) for times in timed)
    if others:
        quickest = min(others)
        rows.append(
            Row(f"full frame of {file.stem}: engine against the quickest other", 1, ours / quickest, "×")
        )
    return rows


def by_onnxruntime(exported: Path, planes: Any) -> Pass:
    """A pass of ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"planes": planes})[0]


def by_openvino(exported: Path, planes: Any, precision: str) -> Pass:
    """A pass of OpenVINO."""
    import openvino

    core = openvino.Core()
    model = core.read_model(str(exported))
    model.reshape({0: list(planes.shape)})
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer([planes])[0]
