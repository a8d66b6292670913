"""An evaluation as a page that opens in any browser: one folder, no script, nothing from elsewhere."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

from engine.data import picture
from engine.files.writing import replacing, shown
from trainer.evaluation.evaluate import Evaluation
from trainer.machine.errors import TrainingError
from trainer.training import sheet

MEANINGS = {
    "l1": "mean absolute difference, pixels in [−1, 1]; less is better",
    "psnr": "peak signal to noise ratio in decibels; more is better",
    "ssim": "structural similarity, up to 1",
    "histogram_L": "overlap of the lightness histograms, up to 1",
    "histogram_a": "overlap of the green–red histograms, up to 1",
    "histogram_b": "overlap of the blue–yellow histograms, up to 1",
    "stripes": "steps of even from odd rows or columns amid smooth parts of generated photos, levels of 255",
    "real_stripes": "the same in real photos",
    "lattice": "texture that recurs from 16 pixels to 16 where generated photos are not white, levels of 255",
    "real_lattice": "the same in real photos",
    "lightness": "mean lightness (CIE Lab), 0 to 100, of generated photos",
    "real_lightness": "the same of real photos",
    "chroma": "mean chroma (CIE Lab), 0 for grey, of generated photos",
    "real_chroma": "the same of real photos",
    "line_precision": "share of the lines found in generated photos that were drawn, within 2 pixels",
    "line_recall": "share of the drawn lines that are found in generated photos, within 2 pixels",
    "hint_difference": "median colour difference (CIEDE2000) of generated photos from hints; less is better",
    "colour_difference": "median difference (CIEDE2000) of generated photos from what is painted, amid areas",
    "real_colour_difference": "the same of real photos: no model is asked to be nearer",
    "paper_kept": "share of paper around what is painted that stays near-white in generated photos, up to 1",
    "real_paper_kept": "the same in real photos",
    "perceptual": "mean distance of deep features (VGG16, blocks 1 to 4) from the photos'; less is better",
    "kernel": "kernel distance of generated photos from real ones as sets, by deep features; less is better",
    "holes": "share of near-white among what the outline encloses, without hints, in generated photos",
    "real_holes": "the same in real photos",
    "unhinted_holes": "share of near-white among what the outline encloses, where there are no hints at all",
    "real_unhinted_holes": "the same in real photos",
    "one_dab": "share of the object that turns red by one red dab on bare lines, up to 1; more is better",
    "dab_outline": "how much stronger that dab's outline is than what lies beside it; 1 is not to be seen",
    "hint_outline": "the same of round dabs in the photo's own colours",
    "diversity": "mean deep distance of any two of eight styles of a drawing, inside the object",
    "dropout_diversity": "the same of eight throws of dropout, which any model has",
    "obedience": "share of photos that pictures in their own style are nearer to than in a stranger's",
    "pixel_accuracy": "pixels of generated maps that are nearest to the class of the real map, up to 1",
    "mean_iou": "mean over classes of intersection over union of made and real maps, up to 1",
    "label_score": "mean IoU of labels read in generated photos, as a share of that in real ones",
    "real_pixel_accuracy": "pixels whose label is read rightly in real photos",
    "made_pixel_accuracy": "the same in generated photos",
    "real_class_accuracy": "the same, as a mean over labels, in real photos",
    "made_class_accuracy": "the same in generated photos",
    "real_mean_iou": "mean intersection over union of labels read in real photos",
    "made_mean_iou": "the same in generated photos",
}

FOUND = "share of this class's pixels that are nearest to its colour in generated maps too, up to 1"

FILES = PAGE, SCORES, SHEET = "report.html", "scores.json", "sheet.png"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "td,th{padding:.2rem 1rem .2rem 0;text-align:left}td:nth-child(2){text-align:right}img{max-width:100%}"
)


def write(folder: Path, evaluation: Evaluation) -> Path:
    """Write ``FILES`` into a folder; return the page.

    Raises:
        TrainingError, PictureError: the folder can't be written.
    """
    page = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        picture.write_png(folder / SHEET, sheet.sheet(evaluation.examples))
        with replacing(folder / SCORES) as part:
            part.write_text(to_json(evaluation), "utf-8")
        with replacing(page) as part:
            part.write_text(_page(evaluation), "utf-8")
    except OSError as error:
        raise TrainingError(f"“{folder}” can't be written ({error.strerror or error}).") from error
    return page


def to_json(evaluation: Evaluation) -> str:
    """The numbers, for programs."""
    return json.dumps(
        {
            "model": shown(evaluation.name),
            "pairs": evaluation.pairs,
            "statistics": evaluation.statistics,
            "scores": {name: round(value, 5) for name, value in evaluation.scores.items()},
            "found": [[shown(name), round(share, 5)] for name, share in evaluation.found],
            "notes": [shown(note) for note in evaluation.notes],
        },
        ensure_ascii=False,
        indent=2,
    )


def to_lines(evaluation: Evaluation) -> list[str]:
    """The numbers, for people."""
    return [f"{value:9.4f}  {name}: {meaning}" for name, value, meaning in _rows(evaluation)]


def _rows(evaluation: Evaluation) -> Iterator[tuple[str, float, str]]:
    """Name, value and meaning of each number."""
    for name, value in evaluation.scores.items():
        yield name, value, MEANINGS[name]
    for name, share in evaluation.found:
        yield f"found “{shown(name)}”", share, FOUND


def _page(evaluation: Evaluation) -> str:
    rows = "\n".join(
        f"<tr><td>{html.escape(name)}</td><td>{value:.4f}</td><td>{html.escape(meaning)}</td></tr>"
        for name, value, meaning in _rows(evaluation)
    )
    notes = "\n".join(f"<p>{html.escape(shown(note))}</p>" for note in evaluation.notes)
    name = html.escape(shown(evaluation.name))
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>
<h1>{name}</h1>
<p>Judged by {evaluation.pairs} pairs, with {evaluation.statistics} statistics, as on the canvas.</p>
{notes}
<table>{rows}</table>
<h2>Input, generated, target</h2>
<img src="sheet.png" alt="contact sheet: input, generated, target">
</html>
"""
