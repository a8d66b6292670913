"""Where a user's files are, whatever the environment says of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import resources
from tests import warm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users of Unix")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is said at all."""
    for name in ("UNDERPAINT_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_an_empty_home_counts_as_none(bare: pytest.MonkeyPatch) -> None:
    import pwd

    wanted = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert resources.home().is_relative_to(wanted)
    bare.setenv("HOME", "")
    assert resources.home().is_relative_to(wanted)


def test_home_and_its_rivals(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("HOME", str(tmp_path / "anna"))
    assert resources.home("models").is_relative_to(tmp_path / "anna")
    if sys.platform == "linux":
        bare.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        assert resources.home("models") == tmp_path / "data" / "underpaint" / "models"
        bare.setenv("XDG_DATA_HOME", "relative")  # to be ignored
        assert resources.home().is_relative_to(tmp_path / "anna")
    bare.setenv("UNDERPAINT_HOME", str(tmp_path / "ours"))
    assert resources.home("models") == tmp_path / "ours" / "models"


def test_a_home_of_a_user_that_there_is_not_is_no_home(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UNDERPAINT_HOME", "~nobody-at-all/paint")
    with pytest.raises(resources.NoHomeError, match="“~nobody-at-all/paint”, but there is no such user; set"):
        resources.home("models")


@pytest.mark.parametrize("module", ["desktop", "trainer"])
def test_whoever_has_no_home_is_told_what_to_do(
    module: str, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a container, under a number that no user has."""
    words = {"desktop": ["models"], "trainer": ["export", "nobody", "--to", "pth"]}[module]
    homeless = f"import pwd; pwd.getpwuid = {{}}.__getitem__; from {module}.__main__ import main; main()"
    done = warm.run("-c", homeless, *words, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "This user has no home folder; set UNDERPAINT_HOME to a folder for Underpaint's files.\n"
    )
