"""What is measured of a model's styles; that trained ones obey is tested where they are trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ModelError
from engine.models import bundle
from engine.passes.generator import Generator
from tests.trainer.small_runs import pictures, small, things, untrained
from trainer.data.pairs import DataSet
from trainer.evaluation import styles
from trainer.evaluation.export import export
from trainer.run.config import Config
from trainer.training.state import State


def styled(data: DataSet, loud: float, **changes: object) -> tuple[Config, dict[str, torch.Tensor]]:
    """A model that has learnt nothing, in which styles change so much, and dropout something."""
    torch.manual_seed(1)
    config = small(data, styles=8, style_encoder=4, **changes)
    state = State(config)
    assert state.encoder is not None
    tensors = {
        name: tensor * 5 if name.endswith("convolution.weight") else tensor
        for name, tensor in state.generator.state_dict().items()
    }
    tensors["styling.head.weight"] = torch.randn_like(tensors["styling.head.weight"]) * loud
    return config, tensors | {
        bundle.STYLE_ENCODER + name: it for name, it in state.encoder.state_dict().items()
    }


def generator(data: DataSet, loud: float, **changes: object) -> Generator:
    config, tensors = styled(data, loud, **changes)
    return Generator(config.card(), tensors, precision="float32")


def test_diversity_is_what_styles_change_and_dropout_has_its_own(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 2, 64)
    told: list[tuple[int, int]] = []
    quiet = styles.measure_styles(
        generator(data, 0, size=(64, 64)), data, progress=lambda done, total: told.append((done, total))
    )
    loud = styles.measure_styles(generator(data, 0.3, size=(64, 64)), data).scores
    assert quiet.notes == []
    assert quiet.scores["diversity"] == pytest.approx(0, abs=1e-6)
    assert quiet.scores["obedience"] == 0  # no nearer than a stranger's
    assert quiet.scores["dropout_diversity"] > 0
    assert loud["diversity"] > quiet.scores["dropout_diversity"]
    assert (
        told[-1] == (2 * 16 + 2 * 3, 2 * 16 + 2 * 3)
        and styles.count_comparisons(generator(data, 0), data) == 22
    )


def test_only_the_inside_counts_and_counts_as_if_it_were_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a plain background what happens beside the object is no diversity."""
    data = things(tmp_path / "data", 2, 32)
    model = generator(data, 0, dropout=False)
    random = np.random.default_rng(0)

    def beside(prepared: np.ndarray, *, style: object = None, seed: int | None = None) -> np.ndarray:
        picture = np.full((32, 32, 3), 255, np.uint8)
        picture[:2] = random.integers(0, 256, (2, 32, 3))
        return picture

    monkeypatch.setattr(model, "translate", beside)
    assert styles.measure_styles(model, data).scores["diversity"] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_measured_has_its_reason(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 3)
    plain = styles.measure_styles(untrained(data), data)
    assert plain.scores == {} and "the model has none" in plain.notes[0]
    config, tensors = styled(data, 0.3)
    unread = Generator(
        replace(config.card(), style_encoder=0), bundle.split_tensors(tensors)[0], precision="float32"
    )
    found = styles.measure_styles(unread, data)
    assert found.scores.keys() == {"diversity", "dropout_diversity"}
    assert "can't read styles of photos" in found.notes[0]


def test_the_reference_project_gets_no_model_with_styles(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3)
    config, tensors = styled(data, 0.3)
    file = tmp_path / "model.safetensors"
    bundle.write(file, config.card(), tensors)
    with pytest.raises(ModelError, match="knows no styles"):
        export(file, "pth", tmp_path / "x.pth")
    assert not (tmp_path / "x.pth").exists()
