"""What was made of a preview, on its way into a file or into the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.documents.moment import Moment
from desktop.paint.editing.arranging import Ready
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.files import export, project
from desktop.paint.layers.finish import over
from desktop.paint.layers.frozen import Frozen
from engine.data.messages import Picture, Pixels
from engine.errors import PictureError
from engine.files.writing import shown
from engine.finishing.foreground import Enclosed
from engine.finishing.framing import Room
from engine.finishing.making import FinishOptions, made

Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""

CLEAR = (".png", ".webp", ".tif", ".tiff")
"""Formats that know transparency."""
PROJECT = ".ora"


@dataclass(frozen=True, eq=False)
class Source:
    """A preview, and what it was made of, as they are when this is made."""

    preview: Pixels
    picture: Picture
    size: tuple[int, int]
    finish: tuple[Frozen, ...] = ()
    """The layers that the preview is finished by."""

    def made(self, options: FinishOptions, step: Step) -> Pixels:
        """What is wanted of it, on any thread; see ``engine.finishing.making``."""
        layers = [one.layer() for one in self.finish]
        return made(self.preview, self.picture, self.size, options, step, lambda frame: over(layers, frame))


def check_path(path: Path, options: FinishOptions) -> None:
    """Raises PictureError: no file of that name can hold what is wanted."""
    translate, suffix = QCoreApplication.translate, path.suffix.lower()
    if suffix == PROJECT:
        if not options.cut:
            raise PictureError(
                translate(
                    "exporting", "Only a cut-out goes into an .ora file; choose PNG, or save the picture."
                )
            )
    elif suffix not in export.FORMATS:
        text = translate("exporting", "“{0}” is no picture's name; let it end in .png.")
        raise PictureError(text.format(shown(path.name)))
    elif options.cut and suffix not in CLEAR:
        text = translate("exporting", "“{0}” can't be transparent; let its name end in .png, .webp or .ora.")
        raise PictureError(text.format(shown(path.name)))


def write(source: Source, moment: Moment, options: FinishOptions, path: Path, step: Step) -> None:
    """Make what is wanted and write it, on any thread; an ``.ora`` file gets the whole picture, the cut-out
    as a layer above the others where it lies in the picture.

    Raises:
        PictureError: see ``check_path`` and ``made``, or the place can't be written.
    """
    check_path(path, options)
    if path.suffix.lower() != PROJECT:
        pixels = source.made(options, step)
        if options.cut:
            export.write_clear(pixels, path, step)
        else:
            export.write_preview(pixels, path, step)
        return
    cut = layer_of(source, step, options.enclosed)
    document = moment.document()
    lay(document, cut)
    project.save(document, path, step)


def layer_of(source: Source, step: Step, enclosed: Enclosed = "seen") -> Pixels:
    """The cut-out as a layer of the picture: uint8 (H, W, 4) straight RGBA of the picture's size.

    Raises:
        PictureError: no object can be told from its background.
    """
    options = FinishOptions(cut=True, room=Room("picture"), enclosed=enclosed)
    return source.made(options, step)


def lay(document: Document, cut: Pixels | Ready) -> Change:
    """Lay a cut-out over the picture, as one step; the network never sees it."""
    name = QCoreApplication.translate("exporting", "Cut-out")
    return document.add_layer(Role.FINISH, name, cut, 1.0)
