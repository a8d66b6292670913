"""What the program remembers between starts. Defaults stand here, in the code.

One JSON file with its ``format``. A newer program's is used as far as it is understood, and what is not
understood goes back as it came; a damaged one is set aside and the defaults serve. Two windows may be open
at a time: each writes what was changed in it, and leaves what the other wrote.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication

from engine.files.writing import first_free, replacing

log = logging.getLogger(__name__)
translate = QCoreApplication.translate

FORMAT = 4
"""Version of the file. 1 carried no number; 2 knows whether the welcome has been seen; 3 has sizes by model;
4 calls ``single_precision`` what was ``exact``."""
MOST_BYTES = 4 << 20


@dataclass
class Settings:
    """All remembered choices. Sizes are pixels, fractions 0 to 1."""

    theme: str = "system"
    """``system``, ``light`` or ``dark``."""
    live: bool = True
    single_precision: bool = False
    """Run networks in plain single precision."""
    preview_mode: str = "beside"
    """``beside``, ``over`` or ``split``."""
    preview_opacity: float = 0.6
    divider: float = 0.5
    native_size: dict[str, bool] = field(default_factory=dict)
    """By model's name, where it was changed: run it at the picture's own size rather than its own."""
    models: dict[str, str] = field(default_factory=dict)
    """By document kind: the model last used."""
    kind: str = "sketch"
    inks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By layer role: the brush as last set."""
    recent_colours: list[list[int]] = field(default_factory=list)
    """What was painted with last, the newest first; red, green and blue, 0 to 255."""
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Brushes that the user gave a name, as their settings."""
    axes: list[float] = field(default_factory=lambda: [0.5, 0.5, 0.0])
    """Of symmetry: where they cross, in parts of the picture, and how many degrees they are turned."""
    fold: int = 6
    """Of radial symmetry."""
    quick_shapes: bool = True
    """A stroke that is held still becomes a shape."""
    recent: list[str] = field(default_factory=list)
    folder: str = ""
    """Where a file was last opened or saved."""
    training: str = ""
    """Folder of the run that goes on."""
    unread_terms: list[str] = field(default_factory=list)
    """File names of models from elsewhere whose terms nobody has seen yet."""
    recipe: dict[str, float] = field(default_factory=dict)
    """Option of a training → its value, where it was chosen otherwise than the usual recipe has it."""
    pairs: dict[str, str] = field(default_factory=dict)
    """What pairs were made of last: ``photos``, the data set's ``folder``, and the ``kind`` of picture."""
    keys: dict[str, str] = field(default_factory=dict)
    """Shortcuts the user changed, by action."""
    geometry: str = ""
    window_state: str = ""
    styles: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By model's name: the styles of it that the user gave a name, as codes."""
    styles_panel: bool = True
    """The panel of styles is shown among the others."""
    exporting: dict[str, Any] = field(default_factory=dict)
    """How cut-outs and larger exports were wanted: ``frame``, ``margin``, ``cut_factor``, ``factor``."""
    film: dict[str, Any] = field(default_factory=dict)
    """How the last time-lapse was wanted: ``seconds``, ``height``, ``shown``."""
    morph: dict[str, int] = field(default_factory=dict)
    """How the last morph was wanted: ``seconds``, ``rate``, ``back`` 0 or 1."""
    paper: dict[str, int] = field(default_factory=dict)
    """How the last photo of a sketch was cleaned: ``strength`` in per cent, ``colours`` 0 or 1."""
    preparing: dict[str, int] = field(default_factory=dict)
    """How photos were prepared last: ``size`` in pixels, ``margin`` in per cent of it."""
    folded: list[str] = field(default_factory=list)
    """Panels of which only the header is shown."""
    splitter: str = ""
    """How canvas and preview share the window."""
    feather: int = 4
    """How wide the border of a hold is, pixels of the preview."""
    undo_megabytes: int = 256
    keep_ways: bool = True
    """The strokes of a drawing are kept with their times, for films of it."""
    preview_window: bool = False
    """The preview has a window of its own,"""
    preview_geometry: str = ""
    """which stood there last,"""
    preview_on_top: bool = False
    """and stays above the others."""
    new_size: list[int] = field(default_factory=lambda: [512, 512])
    welcomed: bool = False
    """The welcome has been shown once."""
    welcome_at_start: bool = False
    """It is to be shown at every start."""

    def add_recent(self, path: Path) -> None:
        """Put ``path`` first among the recent files; ten are remembered."""
        name = str(path)
        self.recent = [name, *(other for other in self.recent if other != name)][:10]


def _any(_value: object) -> bool:
    return True


def _rename(fields: dict[str, Any], old: str, new: str) -> None:
    if old in fields:
        fields[new] = fields.pop(old)


def _names(value: dict[object, object]) -> bool:
    return all(isinstance(entry, str) for entry in value.values())


def _words_and_numbers(value: dict[object, object]) -> bool:
    return all(isinstance(it, str) or (type(it) is int and 0 <= it <= 1 << 16) for it in value.values())


def _numbers(value: dict[object, object]) -> bool:
    return all(type(it) is int and 0 <= it <= 1 << 16 for it in value.values())


def _codes(value: dict[object, object]) -> bool:
    return all(
        isinstance(named, dict)
        and len(named) <= 256
        and all(
            isinstance(code, list) and all(type(it) in (int, float) and abs(it) <= 100 for it in code)
            for code in named.values()
        )
        for named in value.values()
    )


def _finite(value: object) -> bool:
    """Whether it is a number that a float can be: JSON has whole ones of any size."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def _fine(value: Any, makes_sense: Callable[[Any], bool]) -> Any:
    """Of a table, also of one in it, or of a list, those entries that make sense by themselves: one that
    doesn't costs no other."""

    def part(name: Any, it: Any) -> Any:
        if makes_sense({name: it}) or not isinstance(it, dict):
            return it
        return _fine(it, lambda inner: makes_sense({name: inner}))

    if isinstance(value, dict):
        parts = {name: part(name, it) for name, it in value.items()}
        return {name: it for name, it in parts.items() if makes_sense({name: it})}
    return [it for it in value if makes_sense([it])] if isinstance(value, list) else value


def _merged(theirs: Any, known: Any, ours: Any) -> Any:
    """``theirs`` with what was changed from ``known`` to ``ours``. Tables are merged by their entries."""
    if ours == known:
        return theirs
    if not (isinstance(theirs, dict) and isinstance(known, dict) and isinstance(ours, dict)):
        return ours
    merged = {name: it for name, it in theirs.items() if name in ours or name not in known}
    for name, it in ours.items():
        if name not in known:
            merged[name] = _merged(theirs.get(name), {}, it)
        elif it != known[name]:
            merged[name] = _merged(theirs.get(name), known[name], it)
    return merged


def _merged_names(theirs: list[Any], known: list[Any], ours: list[Any]) -> list[Any]:
    """Likewise of lists that have each entry once: ours first, with what came in theirs and without what
    went from either."""
    kept = [it for it in ours if it in theirs or it not in known]
    return kept + [it for it in theirs if it not in ours and it not in known]


_EACH_ONCE = "recent", "recent_colours", "unread_terms", "folded"

_MAKES_SENSE: dict[str, Callable[[Any], bool]] = {
    "theme": lambda value: value in ("system", "light", "dark"),
    "preview_mode": lambda value: value in ("beside", "over", "split"),
    "preview_opacity": lambda value: 0 <= value <= 1,
    "divider": lambda value: 0 <= value <= 1,
    "native_size": lambda value: all(isinstance(on, bool) for on in value.values()),
    "models": _names,
    "pairs": _names,
    "keys": _names,
    "recipe": lambda value: all(_finite(it) and it >= 0 for it in value.values()),
    "styles": _codes,
    "inks": lambda value: all(isinstance(ink, dict) for ink in value.values()),
    "exporting": _words_and_numbers,
    "film": _words_and_numbers,
    "morph": _numbers,
    "paper": lambda value: all(type(it) is int and 0 <= it <= 100 for it in value.values()),
    "preparing": _numbers,
    "folded": lambda value: all(isinstance(name, str) for name in value),
    "recent": lambda value: all(isinstance(name, str) and name and "\0" not in name for name in value),
    "unread_terms": lambda value: all(isinstance(name, str) for name in value),
    "recent_colours": lambda value: all(
        isinstance(it, list) and len(it) == 3 and all(type(part) is int and 0 <= part <= 255 for part in it)
        for it in value
    ),
    "presets": lambda value: all(isinstance(preset, dict) for preset in value.values()),
    "axes": lambda value: (
        len(value) == 3
        and all(_finite(it) for it in value)
        and all(0 <= it <= 1 for it in value[:2])
        and -360 <= value[2] <= 360
    ),
    "fold": lambda value: 2 <= value <= 12,
    "feather": lambda value: 0 <= value <= 64,
    "undo_megabytes": lambda value: 1 <= value <= 1 << 16,
    "new_size": lambda value: (
        len(value) == 2
        and all(type(it) is int and it >= 1 for it in value)
        and value[0] * value[1] <= 8192 * 4096  # as many pixels as a picture may have
    ),
}
"""What a value must be besides of the right sort; a file can be damaged and still be JSON."""


class SettingsFile:
    """The file that ``settings`` came from and goes back to.

    Attributes:
        problem: one sentence for the user where the file could not be used, else nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._format = FORMAT
        self._others: dict[str, Any] = {}
        self._strange: dict[str, Any] = {}
        self._is_written = False
        self.settings = self._read()
        self._known = dataclasses.asdict(self.settings)
        """What the file holds of ours; what is otherwise by now was changed here."""

    def save(self) -> None:
        """Write the settings in one step, if any changed. A folder that can't be written costs only them.

        What another window wrote meanwhile stays as far as nothing was changed about it here.
        A name that isn't UTF-8 is written in JSON's own escapes, as Python holds it, and comes back so.
        """
        ours, usual = dataclasses.asdict(self.settings), dataclasses.asdict(Settings())
        if self._is_written and ours == self._known:
            return
        merged = self._with_theirs(ours)
        kept = {name: value for name, value in self._strange.items() if merged[name] == usual[name]}
        fields = {"format": self._format, **self._others, **merged, **kept}
        text = json.dumps(fields, indent=1, ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as part:
                part.write_bytes(text.encode("utf-8", "backslashreplace"))
            self._is_written, self._known = True, ours
        except (OSError, ValueError) as error:
            log.warning("settings not saved: %s", error)

    def _with_theirs(self, ours: dict[str, Any]) -> dict[str, Any]:
        """What is to be written: what the file holds by now, with what was changed here."""
        try:
            theirs = dataclasses.asdict(self._understood(self._fields()))
        except (OSError, ValueError, RecursionError):  # there is none, or none of ours
            return ours
        return {
            name: _merged_names(theirs[name], self._known[name], it)
            if name in _EACH_ONCE
            else _merged(theirs[name], self._known[name], it)
            for name, it in ours.items()
        }

    def _read(self) -> Settings:
        try:
            fields = self._fields()
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError, RecursionError) as error:
            log.warning("settings set aside: %s", error)
            self._set_aside()
            return Settings()
        return self._understood(fields)

    def _understood(self, fields: dict[str, Any]) -> Settings:
        """What of the file's fields makes sense; what belongs to a newer program is put by."""
        settings = Settings()
        self._strange = {}
        for entry in dataclasses.fields(Settings):
            if entry.name not in fields:
                continue
            value, usual = fields.pop(entry.name), getattr(settings, entry.name)
            if type(value) is int and isinstance(usual, float) and abs(value) < 2:
                value = float(value)
            makes_sense = _MAKES_SENSE.get(entry.name, _any)
            if type(value) is type(usual) and makes_sense(value):
                setattr(settings, entry.name, value)
            elif self._format > FORMAT:  # it makes sense to the program that wrote it
                self._strange[entry.name] = value
            elif type(value) is type(usual) and makes_sense(kept := _fine(value, makes_sense)):
                log.warning("settings: a part of “%s” makes no sense", entry.name)
                setattr(settings, entry.name, kept)
        self._others = fields
        return settings

    def _fields(self) -> dict[str, Any]:
        """What stands in the file, brought to our format; a newer one stays as it is.

        Raises:
            OSError: it can't be read, or is not there.
            ValueError: it is damaged.
        """
        if self.path.stat().st_size > MOST_BYTES:
            raise ValueError("too large for settings")
        fields = json.loads(self.path.read_text("utf-8"))
        if not isinstance(fields, dict):
            raise ValueError("not an object")
        found = fields.pop("format", 1)
        if type(found) is not int or found < 1:
            raise ValueError("a format that makes no sense")
        if found < 2:
            fields["welcomed"] = True  # who has settings has been here before
        if found < 3:
            fields.pop("native_size", None)  # it was by kind of picture; by model it means something else
        if found < 4:
            _rename(fields, "exact", "single_precision")
            if isinstance(fields.get("keys"), dict):
                _rename(fields["keys"], "exact", "single_precision")
        self._format = max(found, FORMAT)
        return fields

    def _set_aside(self) -> None:
        # An earlier one may still be of use to somebody.
        kept = first_free(
            lambda ending: self.path.with_name(f"{self.path.stem}{ending}.damaged"), Path.exists
        )
        try:
            self.path.replace(kept)
        except OSError as error:
            log.warning("damaged settings stay where they are: %s", error)
            self.problem = translate("settings", "Your settings could not be read; the usual ones serve.")
            return
        text = translate(
            "settings",
            "Your settings could not be read; the usual ones serve. The old file is kept as “{0}”.",
        )
        self.problem = text.format(kept)
