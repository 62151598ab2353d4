"""However a line ends, the processes of its models and their folders end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from small_fmus import SOURCE
from troubled_fmus import OVEN_UNITS, assert_gone, build_troubled, is_running, opened, pid_of

from linetwin.cosim.isolated import frames
from linetwin.errors import FmuError


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMU that hangs on demand."""
    pytest.importorskip("ziglang")
    return build_troubled(tmp_path_factory.mktemp("troubled"), "troubled", *OVEN_UNITS)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the temporary files of a test's processes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_second_ctrl_c_ends_the_process(troubled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leaves in the middle of a call leaves no process that still answers."""
    model = opened(troubled)
    pid = pid_of(model)

    ends = iter([KeyboardInterrupt, EOFError])

    def interrupt(stream: object) -> None:
        raise next(ends)

    with monkeypatch.context() as patch:
        patch.setattr(frames, "receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            model.advance(1_000, {})
    assert_gone(pid)
    model.close()


def test_a_dropped_model_leaves_no_process(troubled: Path, own_folder: Path) -> None:
    """Closed, or simply dropped: process and folder are gone."""
    for drop in (False, True):
        model = opened(troubled)
        pid = pid_of(model)
        assert list(own_folder.iterdir())
        if not drop:
            model.close()
            with pytest.raises(FmuError, match="it is closed"):
                model.advance(1_000, {})
        del model
        assert_gone(pid)
        assert list(own_folder.iterdir()) == []


PARENT = """
import os, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from troubled_fmus import OVEN, TROUBLES
from linetwin.cosim import open_continuous
from linetwin.scenario.resolved import ProcessConfig, Value
numbers = {"trouble": TROUBLES.index("hang"), "trouble_time": 1.5}
parameters = {n: Value(v, "", "A", "", "") for n, v in numbers.items()}
config = ProcessConfig("oven", sys.argv[2], parameters=parameters, isolate=True)
model = open_continuous(config, OVEN)
model.start(0, {"air_temperature": 300.0})
print(model._process._child.pid, flush=True)
if sys.argv[3] == "hangs":
    model.advance(2000, {})
else:
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
@pytest.mark.parametrize("moment", ["hangs", "waits"])
def test_no_orphan_after_a_kill(troubled: Path, own_folder: Path, moment: str) -> None:
    """kill -9 of the line: its model's process ends too, with its folder, FMU hanging or not."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(Path(__file__).parent), str(troubled), moment],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    assert_gone(pid)
    assert list(own_folder.iterdir()) == []
