"""Extracted FMUs lie in folders that are owned, and do not stay behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from small_fmus import run_python

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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_folder_alone(tmp_path: Path) -> None:
    """The folder belongs to the process that made it."""
    script = """
import os
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
