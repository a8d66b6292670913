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
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import engine
from engine.models import bundle, catalogue
from engine.planes import codec
from tests.bench.bench_engine import drawing, wide
from tests.bench.rows import Row
from tests.bench.turns import spread
from trainer.evaluation.export import PACKAGES, export

Pass = Callable[[], Any]

BLOCKS, WARMING, PASSES = 3, 2, 10
"""Turns of each, passes of a turn that are not measured, and those that are. Not in turns pass by pass: ONNX
Runtime's threads wait for the next one at full speed for a while, and who came after them had half of the
processor."""
REST = 0.5
"""Seconds before a turn."""


def run() -> list[Row]:
    """Time the wide network and every bundled one against what is installed of the others."""
    if not all(importlib.util.find_spec(package) for package in PACKAGES):
        print("not measured: onnx and onnxscript are not installed", file=sys.stderr)
        return []
    rows: list[Row] = []
    refused: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        card, tensors = wide()
        bundle.write(Path(folder) / "unet_256.safetensors", card, tensors)
        bundled = [entry.file for entry in catalogue.entries() if entry.bundled]
        for file in [Path(folder) / "unet_256.safetensors", *bundled]:
            exported, *_ = export(file, "onnx", Path(folder) / f"{file.stem}.onnx")
            rows += compared(file, exported, refused)
    return rows


def compared(file: Path, exported: Path, refused: set[str]) -> list[Row]:
    """Rows of one model, the engine as it comes; statistics as the card says.

    Args:
        file: the model, as the engine reads it.
        exported: the same, for the others.
        refused: packages that don't start here; told of once, and joined by what is found to be so.
    """
    generator = engine.open(file)
    picture = drawing(generator.card)
    height, width = picture.shape[:2]
    network = generator.network
    flat = codec.flat(picture, generator.card)
    planes = codec.to_planes(flat, generator.card, network.multiple, network.least).contiguous()
    ways: dict[str, Pass] = {"engine": lambda: generator(picture)}
    for name, (package, begin) in OTHERS.items():
        if package in refused or not importlib.util.find_spec(package):
            continue
        try:
            ways[name] = begin(exported, planes.numpy())
        # OpenVINO's plug-in refuses a processor that is emulated; the others are measured all the same.
        except Exception as error:
            refused.add(package)
            told = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            print(f"not measured: {package} does not start on this processor ({told})", file=sys.stderr)
    wanted = codec.to_pixels(generator._pass(flat, None), height, width)
    names, timed = list(ways), in_blocks(*ways.values())
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


def in_blocks(*ways: Pass) -> tuple[list[float], ...]:
    """Milliseconds of passes of each way, in turns of some passes."""
    times: tuple[list[float], ...] = tuple([] for _ in ways)
    for _ in range(BLOCKS):
        for way, list_of in zip(ways, times, strict=True):
            time.sleep(REST)
            for number in range(WARMING + PASSES):
                start = time.perf_counter()
                way()
                if number >= WARMING:
                    list_of.append((time.perf_counter() - start) * 1000)
    return times


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


OTHERS: dict[str, tuple[str, Callable[[Path, Any], Pass]]] = {
    "ONNX Runtime, float32": ("onnxruntime", by_onnxruntime),
    "OpenVINO, f32": ("openvino", partial(by_openvino, precision="f32")),
    "OpenVINO, bf16": ("openvino", partial(by_openvino, precision="bf16")),
}
"""By name: the package that must be installed, and how its pass is made."""
