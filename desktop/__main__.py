"""The command line ``underpaint``; without a sub-command it opens the window.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 something failed, 2 wrong
usage. Whatever takes time to import is imported inside the command that needs it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from desktop.comparison.command import compare
from engine.errors import ModelError, PictureError, UnderpaintError
from resources import NoHomeError
from trainer.__main__ import commands as training
from trainer.cli.messages import say
from trainer.cli.options import OutOption, one_out, refuse_unwritable

if TYPE_CHECKING:
    from torch import Tensor

    from engine.data.card import Card
    from engine.data.palette import Palette

OWN_WINDOW = "--new-window"
SAMPLE_EDGE = 128
"""Longer edge, in pixels, of the sample picture in a model's card."""


class Statistics(StrEnum):
    """Which moments the network's norms use."""

    image = "image"
    running = "running"


class Shown(StrEnum):
    """What a time-lapse shows."""

    both = "both"
    drawing = "drawing"
    preview = "preview"


class Input(StrEnum):
    """What a model wants painted."""

    sketch = "sketch"
    labels = "labels"
    image = "image"


commands = typer.Typer(
    name="underpaint",
    help="Paint, and see the photograph. Without a command the window opens: underpaint [FILE].",
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.add_typer(training)  # without a name: its commands become ours
commands.command()(compare)


def main() -> None:
    """What the installed program ``underpaint`` runs."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # names may hold what a console can't show
    if sys.__stderr__ is not None and not faulthandler.is_enabled():
        faulthandler.enable(sys.__stderr__)  # a training that dies of a native fault says where, in its log
    words = sys.argv[1:]
    own_window = words[:1] == [OWN_WINDOW]
    if own_window:
        del words[0]
    try:
        named = words[:1] == ["--"]  # what follows is a file, whatever it is called
        if named:
            del words[0]
        if own_window or named or not words or not (words[0].startswith("-") or words[0] in command_names()):
            if len(words) > 1:
                say(f"One picture a window: don't know what to do with “{words[1]}”.")
                sys.exit(2)
            sys.exit(_window(Path(words[0]) if words else None, own_window=own_window))
        commands(prog_name="underpaint")
    except (UnderpaintError, NoHomeError) as error:
        say(str(error))
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        sys.exit(130)


@commands.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
    new_window: Annotated[
        bool,
        typer.Option(
            OWN_WINDOW,
            help="Open one more window: underpaint --new-window [FILE]; else a file goes to "
            "the one that is open.",
        ),
    ] = False,
) -> None:
    if version:
        from resources.version import VERSION

        print(f"underpaint {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(_window(None, own_window=new_window))


@commands.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects instead of a table.")] = False,
    catalogue: Annotated[Path | None, typer.Option(help="Those that a shared folder's file lists.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write that file anew first.")] = False,
) -> None:
    """List the models: those that came with the program and your own, or those of a shared folder."""
    from engine.models import shared
    from engine.models.catalogue import described, entries

    if catalogue is not None:
        raise typer.Exit(0 if shared.show_list(catalogue, print, say, anew=write, as_json=as_json) else 1)
    if write:
        raise typer.BadParameter("say which file to write", param_hint="--catalogue")
    listed = entries()
    if as_json:
        print(json.dumps([described(entry) for entry in listed], ensure_ascii=False, indent=2))
        return
    for entry in listed:
        if entry.card is None:
            print(f"{entry.name:<20}  unusable  {entry.problem}")
        else:
            size = "{} × {}".format(*entry.card.size)
            hints = ", colour hints" if entry.card.hints else ""
            print(f"{entry.name:<20}  {entry.card.input + hints:<20}  {size:<11}  {entry.card.task}")


@commands.command()
def translate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or file, or a run folder.")],
    input: Annotated[Path, typer.Argument(metavar="INPUT", help="A picture, an .ora project, or a folder.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The PNG to write, or a folder.")],
    statistics: Annotated[Statistics | None, typer.Option(help="Instead of the model's own.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Switch dropout on, by this seed.")] = None,
    style: Annotated[
        str | None,
        typer.Option(help="Of models with styles: a number to draw one by, one of its names, or a photo."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
    cut_out: Annotated[
        bool, typer.Option("--cut-out", help="Only the object, on a transparent background.")
    ] = False,
    room: Annotated[
        str, typer.Option(help="Around a cut-out: picture, square (85 % of one), or a margin in pixels.")
    ] = "picture",
    enclosed: Annotated[
        str,
        typer.Option(help="Parts in lines that look like background: seen (by their colour), kept or cut."),
    ] = "seen",
    larger: Annotated[int, typer.Option(help="2 or 4 times as large as the picture.")] = 1,
) -> None:
    """Translate a picture, a project or a whole folder.

    A picture keeps its size; a project is translated as the window would.
    """
    import engine
    from desktop import translating

    if not os.path.exists(input):
        raise PictureError(f"There is no “{input}”; check its name.")
    jobs = translating.jobs(input, output)
    finishing = translating.finishing(cut_out, room, larger, enclosed)
    generator = engine.open(
        model, device=device, statistics=statistics.value if statistics else None, notice=say
    )
    code = translating.code(generator, style)
    for folder in {target.parent for _, target in jobs}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"The folder “{folder}” can't be made ({error.strerror or error}).") from error
    if not os.path.isdir(input):
        translating.translate(generator, *jobs[0], seed, code, finishing)
        return
    failures = translating.translate_all(generator, jobs, seed, code, finishing)
    for sentence in failures:
        say(sentence)
    if failures:
        say(f"{len(failures)} of {len(jobs)} files were passed over.")
        raise typer.Exit(1)


@commands.command()
def replay(
    drawing: Annotated[Path, typer.Argument(metavar="DRAWING", help="An .ora project of ours.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A .webp, .gif, or .png for a folder of PNGs.")],
    seconds: Annotated[int, typer.Option(min=5, max=60, help="How long it is.")] = 20,
    shown: Annotated[Shown, typer.Option(help="What there is to see.")] = Shown.both,
    height: Annotated[int, typer.Option(min=0, max=2048, help="In pixels; 0 as the network paints it.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="A model's name or file; by default the drawing's own.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
) -> None:
    """Make a time-lapse of a drawing, and of what a model paints of it on the way."""
    from desktop import replaying

    print(replaying.replay(drawing, out, seconds, height, shown.value, model, device, say))


@commands.command()
def colourways(
    drawing: Annotated[Path, typer.Argument(metavar="DRAWING", help="An .ora project with colour hints.")],
    sets: Annotated[Path, typer.Option(help="Sets (.json), a palette (.gpl, .aco, .ase, .hex) or a photo.")],
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="The folder for the sheet and the pictures.")
    ] = None,
    by_option: OutOption = None,
    model: Annotated[str | None, typer.Option(help="Instead of the one it was painted with.")] = None,
    count: Annotated[int, typer.Option(min=4, max=16, help="How many sets to draw of colours.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="By which they are drawn.")] = 1,
) -> None:
    """Translate one drawing in several sets of colours: a labelled sheet, and a PNG of each."""
    from desktop.colourways import command

    for written in command.run(drawing, one_out(out, by_option), sets, model, count, seed):
        print(written)


@commands.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Weights, such as latest_net_G.pth, a model file, or a run folder."
        ),
    ],
    to: Annotated[Path | None, typer.Option(help="The model file to write (.safetensors).")] = None,
    name: Annotated[str | None, typer.Option(help="The model's name; by default the file's.")] = None,
    input: Annotated[Input | None, typer.Option(help="By default image, or labels with a palette.")] = None,
    palette: Annotated[
        str | None, typer.Option(help="Labels, or named colours of images: name or .gpl file.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="JSON with more fields of the model's card.")] = None,
    sample: Annotated[Path | None, typer.Option(help="A drawing; the model's picture is of it.")] = None,
    statistics: Annotated[
        Statistics | None,
        typer.Option(help="Whose moments the norms use; of weights, by default the image's."),
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="Which one, where a checkpoint holds several.", metavar="NAME")
    ] = None,
) -> None:
    """Make a model file of the weights that a pix2pix project trained: .pth, a checkpoint, or .safetensors.

    A model file, such as a training leaves, may be given another name, card, palette or sample picture.
    """
    from engine import foreign
    from engine.data.card import amended_by
    from engine.models import bundle, catalogue

    if to is not None and to.suffix.lower() != bundle.SUFFIX:
        raise typer.BadParameter(f"a model file's name ends in {bundle.SUFFIX}", param_hint="--to")
    if palette is not None and input is Input.sketch:
        raise typer.BadParameter("a sketch model has no palette", param_hint="--palette")
    refuse_unwritable(to, made=True)
    colours = _palette(palette) if palette is not None else None
    whose: Literal["image", "running"] | None = statistics.value if statistics else None
    if catalogue.is_run(file):
        file = catalogue.find(file)
    if file.suffix.lower() == bundle.SUFFIX and not bundle.is_bare(file):
        if input is not None:
            raise typer.BadParameter("a model file says itself what it wants painted", param_hint="--input")
        made, tensors = bundle.read(file)
        if colours is not None and made.input != "image":
            raise typer.BadParameter("only an image model takes another palette", param_hint="--palette")
        if whose == "running" and made.network.get("norm") == "instance":
            raise typer.BadParameter("instance norms know no running statistics", param_hint="--statistics")
        made = replace(
            made,
            name=name or made.name,
            palette=colours or made.palette,
            statistics=whose or made.statistics,
        )
    else:
        made, tensors = foreign.convert(
            file,
            name=name,
            input=input.value if input else None,
            palette=colours,
            statistics=whose,
            generator=generator,
        )
    if card is not None:
        made = amended_by(made, card)
    if sample is not None:
        made = replace(made, sample=_sampled(made, tensors, sample))
    target = to or catalogue.free_model_file(made.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"The folder “{target.parent}” can't be made ({error.strerror or error})."
        ) from error
    bundle.write(target, made, tensors)
    print(target)


@commands.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="The folder for screenshots and animation.")] = None,
    guide: Annotated[Path | None, typer.Option(help="The folder for the guide's pictures.")] = None,
) -> None:
    """Draw the recorded drawings in the real window, without a display, and take screenshots."""
    if out is None and guide is None:
        raise typer.BadParameter("say where the pictures are to go", param_hint="--out, --guide")
    refuse_unwritable(folders=[out, guide])
    _torch_before_qt()
    from desktop.demo import replay as demonstration

    try:
        for written in demonstration.run(out, guide):
            print(written)
    except OSError as error:
        place = error.filename or out or guide
        raise PictureError(f"“{place}” can't be written ({error.strerror or error}).") from error


@commands.command()
def devices() -> None:
    """Tell which devices there are for networks, and why others are not used."""
    from engine.devices.hardware import find_devices

    for found in find_devices():
        print(f"{found.kind}: {'; '.join(found.names) or found.reason}")


@commands.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects instead of sentences.")] = False,
) -> None:
    """Measure how quickly each installed model answers on this machine."""
    from engine.models.catalogue import entries
    from engine.passes.speed import measured

    results = []
    failed = False
    for entry in entries():
        try:
            result = measured(entry, notice=say)
        except UnderpaintError as error:
            say(f"{entry.name}: {error}")
            failed = True
            continue
        results.append(result)
        if not as_json:
            print(
                "{name}: {verdict} ({dab_milliseconds:.0f} ms for a dab, {milliseconds:.0f} ms for all of a "
                "picture of {width} × {height}; {device}, {precision}).".format(**result),
                flush=True,
            )
    if as_json:
        print(json.dumps(results, ensure_ascii=False, indent=2))
    if failed:
        raise typer.Exit(1)


# --- opening the window --------------------------------------------------------------------------


def command_names() -> set[str]:
    """Of all sub-commands."""
    return set(typer.main.get_group(commands).commands)


def _window(file: Path | None, *, own_window: bool = False) -> int:
    _torch_before_qt()
    from desktop import single_instance

    claim = single_instance.claim(file, own_window=own_window)
    if claim is None:  # the window that is open took it
        return 0
    from desktop import app

    try:
        return app.run(file, claim)
    finally:
        claim.give_up()


def _torch_before_qt() -> None:
    """On Windows torch ≥ 2.9 can't be loaded after Qt (pytorch issue 166628)."""
    if sys.platform == "win32":
        import torch  # noqa: F401


# --- import ---------------------------------------------------------------------------------------


def _sampled(card: Card, tensors: dict[str, Tensor], file: Path) -> str:
    """What a model makes of a recorded drawing, as a card carries it: a small PNG in base64."""
    import base64

    from desktop.paint.files.drawing import Drawing
    from engine.data.picture import to_png_bytes
    from engine.passes.generator import Generator
    from engine.planes import codec

    drawing = Drawing.load(file)
    document = drawing.document(card.palette)
    drawing.replay(document)
    picture = document.picture()
    prepared = codec.prepare(picture, card, codec.working_size(picture.size, card))
    # In plain single precision on the CPU, so that every machine makes the same card.
    preview = Generator(card, dict(tensors), device="cpu", precision="float32").translate(prepared)
    height, width = preview.shape[:2]
    scale = SAMPLE_EDGE / max(width, height)
    small = codec.scaled_preview(preview, (max(1, round(width * scale)), max(1, round(height * scale))))
    return base64.b64encode(to_png_bytes(small)).decode("ascii")


def _palette(wanted: str) -> Palette:
    """A palette by its file, or by the name under which one is bundled or in the user's folder."""
    import resources
    from engine.data.palette import read_gpl

    if wanted.lower().endswith(".gpl"):
        return read_gpl(Path(wanted))
    folders = (resources.home("palettes"), resources.path("palettes"))
    for folder in folders:
        if os.path.isfile(folder / f"{wanted}.gpl"):
            return read_gpl(folder / f"{wanted}.gpl")
    known = sorted({file.stem for folder in folders for file in folder.glob("*.gpl")})
    raise PictureError(f"There is no palette “{wanted}”; known are {', '.join(known)}, or name a .gpl file.")


if __name__ == "__main__":
    main()
