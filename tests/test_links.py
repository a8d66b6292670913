"""What the papers lead to and speak of is there: links, headings, pictures, commands, menus and keys."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from desktop.__main__ import commands as program
from desktop.demo.illustrations import MOST_BYTES
from desktop.paint.tools import tools
from desktop.widgets.parts.actions import ALSO, MENUS, TABLE
from trainer.__main__ import commands as trainer

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(
    page
    for part in (".", "docs", "resources", "tests")
    for page in (ROOT / part).glob("*.md" if part == "." else "**/*.md")
)
GUIDE_PAGES = [page for page in PAGES if page.is_relative_to(GUIDE)]
MANUALS = [*GUIDE_PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PROGRAM = ("underpaint", ".venv/bin/underpaint", r".venv\Scripts\underpaint")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# --- reading -------------------------------------------------------------------------------------

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")


@cache
def prose(page: Path) -> str:
    """A page without its code."""
    return _INLINE.sub("`code`", _FENCED.sub("", page.read_text("utf-8")))


class Link(NamedTuple):
    target: Path
    anchor: str
    text: str


def links(page: Path) -> list[Link]:
    """Those that lead to another file of ours, or another place in this one."""
    found = []
    for text in _LINK.findall(prose(page)):
        if "://" not in text and not text.startswith("mailto:"):
            place, _, anchor = text.partition("#")
            found.append(Link((page.parent / place).resolve() if place else page, anchor, text))
    return found


@cache
def anchors(page: Path) -> frozenset[str]:
    """What GitHub makes of the headings: small letters, hyphens for spaces, no punctuation."""
    seen: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", _FENCED.sub("", page.read_text("utf-8")), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        made.add(f"{slug}-{count}" if count else slug)
    return frozenset(made)


# --- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    dead = [
        link.text
        for link in links(page)
        if not link.target.exists() or (link.anchor and link.anchor not in anchors(link.target))
    ]
    assert not dead


def test_headings_become_anchors_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What, `now`?\n## A–B [or](x.md) C_d\n## Twice\n```\n# no heading\n```\n## Twice\n", "utf-8"
    )
    assert anchors(page) == {"what-now", "ab-or-c_d", "twice", "twice-1"}


def test_every_page_of_the_guide_is_reached_from_the_readme() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        waiting += [
            link.target for link in links(page) if link.target.suffix == ".md" and link.target not in seen
        ]
    assert len(GUIDE_PAGES) > 20
    assert [named(page) for page in GUIDE_PAGES if page not in seen] == []


def test_the_guides_pictures_are_shown_and_small() -> None:
    there = set((ROOT / "docs" / "pictures").glob("guide-*.webp"))
    shown = {link.target for page in GUIDE_PAGES for link in links(page) if link.target.suffix == ".webp"}
    assert shown == there
    assert [named(picture) for picture in there if picture.stat().st_size > MOST_BYTES] == []


# --- commands ------------------------------------------------------------------------------------


@cache
def group(app: typer.Typer):  # type: ignore[no-untyped-def]
    return typer.main.get_group(app)


def fenced_commands(text: str) -> Iterator[tuple[typer.Typer, list[str]]]:
    """The program's and the trainer's command lines in fenced blocks, as the words after their names."""
    for block in _FENCED.findall(text):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            first, _, rest = line.strip().partition(" ")
            if first in PROGRAM:
                yield program, shlex.split(rest, comments=True)
            elif "-m trainer " in line:
                yield trainer, shlex.split(line.partition("-m trainer ")[2], comments=True)


def fault(app: typer.Typer, words: list[str]) -> str:
    """Why a command line would be refused, if so. Nothing is run."""
    everything = group(app)
    if not words or words in (["--help"], ["--version"]):
        return ""
    if words[0] not in everything.commands:
        return f"there is no command {words[0]}"
    command = everything.commands[words[0]]
    if words[1:] and hasattr(command, "commands"):  # one of several words: “queue add”
        words = words[1:]
        if words[0] not in command.commands:
            return f"there is no command {words[0]}"
        command = command.commands[words[0]]
    try:
        command.make_context(words[0], words[1:])
    except Exception as error:  # typer's click, or the click that is installed
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return ""


@pytest.mark.parametrize("page", MANUALS, ids=named)
def test_fenced_commands_would_be_understood(page: Path) -> None:
    wrong = {
        shlex.join(words): reason
        for app, words in fenced_commands(page.read_text("utf-8"))
        if (reason := fault(app, words))
    }
    assert not wrong


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("underpaint trian fronts", "no command trian"),
        ("underpaint train fronts --rounds 200", "--rounds"),
        ("underpaint queue ad fronts", "no command ad"),
        ("underpaint queue add fronts --rounds 200", "--rounds"),
        ("underpaint train fronts --steps many", "--steps"),
        ("underpaint train", "DATA"),
        ("underpaint train fronts backs", "backs"),
        (".venv/bin/underpaint export facades --to tensorflow", "tensorflow"),
        (".venv/bin/torchrun -m trainer train fronts --gpu_ids 0,1", "--gpu_ids"),
    ],
)
def test_a_wrong_command_is_seen(line: str, reason: str) -> None:
    ((app, words),) = fenced_commands(f"```\n{line}  # so\n```\n")
    assert reason in fault(app, words)


@pytest.mark.parametrize("page", MANUALS, ids=named)
def test_commands_named_in_the_text_exist(page: Path) -> None:
    """There they are cut short: the command and its options count."""
    strange = []
    for quoted in re.findall(
        r"`(?:\.venv/bin/)?underpaint ([^`\n]+)`", _FENCED.sub("", page.read_text("utf-8"))
    ):
        words = quoted.split()
        command = group(program).commands.get(words[0])
        if words[1:] and hasattr(command, "commands"):
            command = command.commands.get(words[1])
        known = {
            name
            for option in (command or group(program)).params
            for name in (*option.opts, *option.secondary_opts)
        }
        if (command is None and not words[0].startswith("-")) or not {
            word for word in words if word.startswith("--")
        } <= known:
            strange.append(quoted)
    assert not strange


# --- menus and keys ------------------------------------------------------------------------------


def plain(text: str) -> str:
    return text.replace("&", "")


MENU_TITLES = {name: plain(title) for name, title in MENUS}
ACTIONS = {plain(spec.text): spec for spec in TABLE}
PATHS = {f"{MENU_TITLES[spec.menu]} › {text}" for text, spec in ACTIONS.items()}
KEYS = {text.removesuffix(" …"): {spec.key, ALSO.get(spec.id, spec.key)} for text, spec in ACTIONS.items()}
KEYS |= {tool.title: {tool.key} for tool in tools().values()}


def emphasised(page: Path) -> list[tuple[str, str]]:
    """What stands between asterisks, and what in brackets right after it."""
    text = " ".join(prose(page).split())
    return re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)(?: \(([^()]+)\))?", text)


@pytest.mark.parametrize("page", MANUALS, ids=named)
def test_menu_paths_are_those_of_the_window(page: Path) -> None:
    said = [
        text
        for text, _ in emphasised(page)
        if text.partition(" › ")[0] in MENU_TITLES.values() and " › " in text
    ]
    assert [path for path in said if not {path, f"{path} …"} & PATHS] == []


@pytest.mark.parametrize("page", MANUALS, ids=named)
def test_keys_are_those_of_the_window(page: Path) -> None:
    wrong = []
    for text, key in emphasised(page):
        action = text.rpartition(" › ")[2].removesuffix(" …")
        is_key = re.fullmatch(r"(?:Ctrl\+|Shift\+|Alt\+)*(?:[A-Z0-9\[\]]|F\d+|PgUp|PgDown|Del|Tab)", key)
        if action in KEYS and is_key and key not in KEYS[action]:
            wrong.append(f"{action} ({key})")
    assert not wrong
