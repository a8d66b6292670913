"""``underpaint compare``: a sheet, a table, and what is wrong in one sentence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from desktop.__main__ import commands
from desktop.comparison.sheet import MOST_SIDE, Sheet, to_png
from desktop.paint.editing.document import Document
from desktop.paint.files.project import save
from engine.errors import UnderpaintError
from tests.desktop.comparison.made_photos import photos
from trainer.comparison.table import rows

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def models(tiny_models: Path) -> list[str]:
    return [str(tiny_models / f"{name}.safetensors") for name in ("tiny sketch", "tiny lines")]


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    document = Document.new("sketch", 96, 64, None)
    path = tmp_path / "shoe.ora"
    save(document, path)
    return path


def run(*words: str) -> str:
    result = CliRunner().invoke(commands, ["compare", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_a_sheet_has_a_column_a_model_and_the_table_marks_the_best(
    tmp_path: Path, models: list[str], drawing: Path
) -> None:
    sheet, table, told = tmp_path / "sheet.png", tmp_path / "table.json", tmp_path / "told"
    data = photos(tmp_path / "data")
    words = (*models, "--drawing", str(drawing), "--data", str(data), "--sheet", str(sheet))
    printed = run(
        *words, "--perceptual-pairs", "0", "--json", "--table", str(table), "--progress-file", str(told)
    )
    fields = json.loads(printed)
    assert fields == json.loads(table.read_text("utf-8"))
    assert [one["name"] for one in fields["models"]] == ["tiny sketch", "tiny lines"]
    assert all(one["pairs"] == 3 and one["scores"]["psnr"] > 0 for one in fields["models"])
    assert set(fields["best"]["psnr"]) <= {"tiny sketch", "tiny lines"} and fields["best"]["psnr"]
    assert told.read_text() == "6 6"
    as_before = json.loads(run(*words, "--looks", "0", "--json"))  # as it was called
    assert [one["scores"] for one in as_before["models"]] == [one["scores"] for one in fields["models"]]
    with Image.open(sheet) as image:
        assert image.width > 4 * 256 and image.height > 4 * 256  # drawn, two models, photo; 1 + 3 rows


def test_a_drawing_alone_is_painted_by_each_model_that_can(
    tmp_path: Path, models: list[str], drawing: Path, tiny_models: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    labels = str(tiny_models / "tiny labels.safetensors")
    assert run(*models, labels, "--drawing", str(drawing), "--sheet", str(sheet)).strip() == str(sheet)
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert image.height < 2 * 256 and (pixels[60:, -200:] == 240).mean() > 0.5  # labels: nothing to be seen
    with pytest.raises(UnderpaintError, match="none of these models"):
        run(labels, "--drawing", str(drawing), "--sheet", str(sheet))


def test_what_cannot_be_compared_is_one_sentence(tmp_path: Path, models: list[str], drawing: Path) -> None:
    result = CliRunner().invoke(commands, ["compare", *models])
    assert result.exit_code == 2 and "what to compare them by" in result.output
    result = CliRunner().invoke(commands, ["compare", *models, "--drawing", "a.ora", "--sheet", "b.jpg"])
    assert result.exit_code == 2 and "ends in .png" in result.output
    for words, sentence in (
        ((models[0], "--drawing", str(tmp_path / "shoe.png")), "no .ora project"),
        (("nobody", "--drawing", str(drawing)), "There is no model “nobody”"),
        ((models[0], "--data", str(tmp_path / "nowhere")), "does not exist"),
        (
            (models[0], "--drawing", str(drawing), "--sheet", str(tmp_path / "no" / "s.png")),
            "can't be written",
        ),
        ((models[0], "--drawing", str(drawing), "--table", str(drawing)), "one of the files to compare"),
        ((models[0], "--drawing", str(drawing), "--table", str(models[0])), "one of the files to compare"),
        ((models[0], "--data", str(tmp_path), "--sheet", str(tmp_path / "1.png")), "lies in the data set"),
        (
            (models[0], "--drawing", str(drawing), *("--sheet", "./s.png", "--table", "s.png")),
            "both the sheet and the table",
        ),
    ):
        with pytest.raises(UnderpaintError, match=sentence):
            run(*words)


def test_a_name_is_written_on_a_sheet_of_any_width() -> None:
    picture = np.zeros((40, 30, 3), np.uint8)
    count = 300
    scores = [{"l1": number / count} for number in range(count)]
    sheet = Sheet("many", ("drawn", *["x" * 200] * count), ((picture,) * (count + 1),), rows(scores))
    with Image.open(io.BytesIO(to_png(sheet))) as image:
        assert 4000 < image.width <= MOST_SIDE
