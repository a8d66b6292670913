"""``underpaint prepare``: a folder of photos made fit to train on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.files.writing import shown
from trainer.cli.messages import print_path, say
from trainer.cli.options import OutOption, one_out, refuse_unwritable

if TYPE_CHECKING:
    from trainer.preparing.proposals import PreparationPlan


def prepare(
    photos: Annotated[
        Path, typer.Argument(help="A folder of photos, or a zip file of one.", metavar="PHOTOS")
    ],
    out: Annotated[Path | None, typer.Argument(help="The new folder.", metavar="OUT")] = None,
    by_option: OutOption = None,
    size: Annotated[int, typer.Option(min=32, max=2048, help="Edge of the squares that are made.")] = 256,
    margin: Annotated[
        float, typer.Option(min=0.0, max=0.4, help="Around the object, as a share of the edge.")
    ] = 0.06,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Keep this photo whatever is found; may be given several times.", metavar="NAME"),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Leave this photo out; may be given several times.", metavar="NAME"),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of what is proposed, as PNG.", metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Propose, and make no folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell everything as one JSON object.")] = False,
) -> None:
    """Cut out the objects of photos on a plain background, centre them on white, leave odd photos out.

    Near-duplicates, second views, lettering, photos with a background of their own, cut-off objects and
    unreadable files are left out, a line each. The folder of photos stays as it is; what was interrupted goes
    on with the same command. Exit code 1 when a photo can't be read, or a sub-folder whose disk fails.
    """
    from engine.errors import PictureError
    from trainer.dataset_check.counting import counting
    from trainer.files import pair_store
    from trainer.preparing import contact, proposals, writing
    from trainer.preparing.cutting import Frame

    out = one_out(out, by_option)
    if sheet is not None:
        _refuse_sheet(sheet, photos, out)
    if both := set(keep or ()) & set(drop or ()):  # before the photos are looked at
        raise _contradicting(min(both))
    if not dry_run:
        pair_store.refuse_used(out, photos)
        refuse_unwritable(folders=[out])
    with counting("Looking") as progress:
        plan = proposals.propose(photos, Frame(size, margin), progress)
    kept = _chosen(plan, keep or (), drop or ())
    if sheet is not None:  # before anything is written
        contact.refuse_existing(contact.files(sheet, len(plan.proposals)))
    if not as_json:
        _report(plan, kept)
    unwritten: list[str] = []
    if not dry_run:
        with counting("Preparing") as progress:
            _, unwritten = writing.write(plan, kept, out, progress)
    if sheet is not None:  # last: where writing was interrupted, the same command goes on
        try:
            sheets = contact.write(plan, kept, sheet)
        except OSError as error:
            raise PictureError(f"“{sheet}” can't be written ({error.strerror or error}).") from error
        say(f"contact sheet: {', '.join(map(str, sheets))}")
    for sentence in unwritten:
        say(f"error: {sentence}")
    say(_summary(plan, kept))
    if as_json:
        typer.echo(json.dumps(_described(plan, kept, None if dry_run else out), indent=1))
    elif not dry_run:
        print_path(out)
    failed = any(severe for _, severe in plan.unread)
    if failed or unwritten or not all(one.readable for one in plan.proposals):
        raise typer.Exit(1)


def _refuse_sheet(sheet: Path, photos: Path, out: Path) -> None:
    """Make sure that a contact sheet can be written, and is taken for no photo."""
    from engine.errors import PictureError
    from trainer.preparing import contact

    if sheet.suffix.lower() != ".png":
        raise typer.BadParameter("a contact sheet’s name ends in .png", param_hint="--sheet")
    for folder in (photos, out):
        if sheet.resolve().is_relative_to(folder.resolve()):
            raise PictureError(f"“{sheet}” lies in “{folder}”; choose another place for the sheet.")
    contact.refuse_existing([sheet])
    refuse_unwritable(sheet)


def _chosen(plan: PreparationPlan, keep: Collection[str], drop: Collection[str]) -> frozenset[str]:
    """The names of the photos that are taken, by what is proposed and what was said."""
    wanted, unwanted = ({word: plan.named([word]) for word in words} for words in (keep, drop))
    for word, meant in unwanted.items():  # of all that are called “1” one may well be left out
        if meant in wanted.values():
            raise _contradicting(word)
    return plan.kept.union(*wanted.values()).difference(*unwanted.values())


def _contradicting(word: str) -> typer.BadParameter:
    text = f"“{shown(word)}” is to be kept and to be left out; say which"
    return typer.BadParameter(text, param_hint="--keep, --drop")


def _report(plan: PreparationPlan, kept: frozenset[str]) -> None:
    for one in plan.proposals:
        if one.name not in kept:
            kind = "left out" if one.readable else "error"
            typer.echo(f"{kind}: {one.said or shown(f'“{one.name}” by your own wish.')}")
    for file in plan.foreign:
        typer.echo(f"left out: {shown(f'“{file.name}”')} is no file that is read here; save it as PNG.")
    for sentence, severe in plan.unread:
        typer.echo(f"{'error' if severe else 'left out'}: {sentence}")


def _summary(plan: PreparationPlan, kept: frozenset[str]) -> str:
    how = Counter(one.how for one in plan.proposals if one.name in kept)
    words = {"cut": "cut out", "centred": "centred", "whole": "taken whole"}
    counts = ", ".join(f"{words[name]}: {count}" for name, count in how.most_common())
    said = f"kept: {len(kept)} of {len(plan.proposals)} photos ({counts or 'none'})"
    if not plan.cuts:
        said += "; most have a background of their own, so nothing is cut out"
    return said


def _described(plan: PreparationPlan, kept: frozenset[str], out: Path | None) -> dict[str, object]:
    from trainer.preparing.writing import made_names

    names = made_names(plan.proposals)
    return {
        "folder": str(plan.folder),
        "out": None if out is None else str(out),
        "size": plan.frame.size,
        "margin": plan.frame.margin,
        "cuts": plan.cuts,
        "kept": len(kept),
        "unread": [sentence for sentence, _ in plan.unread],
        "photos": [
            {
                "photo": one.name,
                "kept": one.name in kept,
                "made": names[one.name] if one.name in kept else None,
                "how": one.how if one.readable else None,
                "why": list(one.why),
            }
            for one in plan.proposals
        ],
    }
