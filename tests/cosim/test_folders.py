"""Extracted FMUs lie in folders that are owned, and do not stay behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from small_fmus import run_python

from linetwin.cosim import folders
from linetwin.cosim.folders import OwnedFolder, remove_abandoned
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

LOAD = """
import os, signal, sys
from pathlib import Path
from linetwin.cosim.instance import instantiate
with instantiate(Path(sys.argv[1])) as instance:
    print(sorted(p.name for p in Path(os.environ["TMPDIR"]).iterdir()))
if "kept" in sys.argv:
    kept = instantiate(Path(sys.argv[1]))
    kept.initialise()
if "killed" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
if "raised" in sys.argv:
    raise SystemExit(3)
"""


@pytest.mark.parametrize("end", ["", "kept", "raised"])
def test_nothing_stays_after_a_process(web: Path, tmp_path: Path, end: str) -> None:
    """The folder is there while the FMU runs and gone afterwards, live instances or not."""
    printed = run_python(LOAD, str(web), end, temporary=tmp_path, check=end != "raised")
    assert "linetwin-fmu-" in printed
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_is_cleaned_up_after(web: Path, tmp_path: Path) -> None:
    """What kill -9 leaves behind is removed by the next process, and only that."""
    other = OwnedFolder(tmp_path)
    run_python(LOAD, str(web), "killed", temporary=tmp_path, check=False)
    assert len(list(tmp_path.iterdir())) == 4
    run_python(LOAD, str(web), temporary=tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {other.path.name, f"{other.path.name}.lock"}
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_own_folders_are_not_abandoned(tmp_path: Path) -> None:
    """A folder in use is never removed; removing twice does no harm."""
    folder = OwnedFolder(tmp_path)
    assert remove_abandoned(tmp_path) == []
    assert folder.path.is_dir()
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    """A missing temporary folder is named, with the way out."""
    with pytest.raises(FmuError, match="TMPDIR"):
        OwnedFolder(tmp_path / "missing")


KILLED = """
import os, signal, sys
from pathlib import Path
from linetwin.cosim import folders
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "locked":
    Path.mkdir = die
if sys.argv[1] == "extracting":
    (folders.process_folder() / "part").write_bytes(b"half")
    die()
if sys.argv[1] == "removing":
    (folders.process_folder() / "part").write_bytes(b"half")
    folders.shutil.rmtree = die
"""


@pytest.mark.parametrize("moment", ["locked", "extracting", "removing"])
def test_a_kill_at_any_moment_leaves_nothing_for_long(tmp_path: Path, moment: str) -> None:
    """Between lock and folder, half extracted, at the end: the next process finds it all."""
    script = KILLED + "folders.process_folder()\n"
    run_python(script, moment, temporary=tmp_path, check=False)
    assert any(path.suffix == ".lock" for path in tmp_path.iterdir())
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cleaner_between_making_and_locking_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process takes the new lock for an abandoned one: a second name is tried."""
    lock, met = folders._lock, []

    def cleaned_away(descriptor: int) -> bool:
        if not met:
            met.extend(tmp_path.iterdir())
            met[0].unlink()
        return lock(descriptor)

    monkeypatch.setattr(folders, "_lock", cleaned_away)
    folder = OwnedFolder(tmp_path)
    assert folder.path.is_dir()
    assert met[0].with_suffix("") != folder.path
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_another_users_is_left_alone(tmp_path: Path) -> None:
    """Neither a lock of another user nor what a link points to is touched."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can make a file of another user")
    foreign = tmp_path / "linetwin-fmu-1"
    foreign.mkdir()
    lock = tmp_path / "linetwin-fmu-1.lock"
    lock.touch()
    os.chown(lock, 12345, 12345)
    assert remove_abandoned(tmp_path) == []
    assert foreign.is_dir()
    assert lock.exists()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs links")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link with the name of a lock, or of a folder, leads nowhere."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "work").write_text("years", encoding="utf-8")
    parent = tmp_path / "temporary"
    parent.mkdir()
    (parent / "linetwin-fmu-1.lock").symlink_to(precious / "work")
    (parent / "linetwin-fmu-2.lock").touch()
    (parent / "linetwin-fmu-2").symlink_to(precious)
    remove_abandoned(parent)
    assert (precious / "work").read_text(encoding="utf-8") == "years"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lock can be made and the folder cannot, neither stays."""

    def refuse(self: Path, mode: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "mkdir", refuse)
        with pytest.raises(FmuError, match="TMPDIR"):
            OwnedFolder(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_folder_alone(tmp_path: Path) -> None:
    """The folder belongs to the process that made it."""
    script = """
import os
from linetwin.cosim import folders
from linetwin.cosim.folders import process_folder
folder = process_folder()
child = os.fork()
if child == 0:
    raise SystemExit(0)
os.waitpid(child, 0)
print(folder.is_dir(), process_folder() == folder)
"""
    assert run_python(script, temporary=tmp_path).split() == ["True", "True"]
    assert list(tmp_path.iterdir()) == []
