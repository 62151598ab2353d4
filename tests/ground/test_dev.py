"""`dev.py`: what it says, when it installs, and that it needs nothing but Python."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

CLOSING = "===== 12 passed, 3 deselected in 4.56s ====="


@pytest.fixture
def commands(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record the commands that dev.py would run; each succeeds, a new .venv gets its Python."""
    seen: list[list[str]] = []

    def run(command: list[Any]) -> int:
        seen.append([str(part) for part in command])
        if "venv" in seen[-1]:
            dev.PYTHON.parent.mkdir(parents=True)
            dev.PYTHON.touch()
        return 0

    monkeypatch.setattr(dev, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "uv" else name)
    return seen


def test_only_the_standard_library_is_imported(root: Path) -> None:
    """A fresh machine has only Python: every import of dev.py is of the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((root / "dev.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_old_python_can_read_the_file(root: Path) -> None:
    """An old Python must get as far as the message, so the syntax stays that of Python 3.6."""
    text = (root / "dev.py").read_text("utf-8")
    ast.parse(text, feature_version=(3, 6))
    assert "from __future__ import annotations" not in text.splitlines()  # 3.6 does not know it


@pytest.mark.parametrize(
    ("version", "complains"), [((3, 10), True), ((3, 11), False), ((4, 0), False)]
)
def test_an_old_python_is_refused_by_name(
    dev: ModuleType, version: tuple[int, int], *, complains: bool
) -> None:
    """The message names the version needed and the one found."""
    message = dev.complaint_about_python(version)
    assert bool(message) is complains
    if complains:
        assert "3.11 or newer" in message
        assert "3.10" in message


def test_an_old_python_ends_with_code_2(root: Path) -> None:
    """The version is checked before anything that an old Python could stumble over."""
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 0, 'final', 0);"
        f"runpy.run_path({str(root / 'dev.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is Python 3.8" in done.stderr
    assert "Traceback" not in done.stderr


def test_set_up_installs_once(dev: ModuleType, commands: list[list[str]]) -> None:
    """The first set-up makes .venv, installs pinned packages, then linetwin; the second nothing."""
    dev.set_up(dev=False)
    made, packages, itself = commands
    assert made[:3] == [sys.executable, "-m", "venv"]
    assert str(dev.CONSTRAINTS) in packages
    assert not any(requirement.startswith("pytest") for requirement in packages)
    assert itself[-4:] == ["--no-build-isolation", "--no-deps", "--editable", "."]
    commands.clear()
    dev.set_up(dev=False)
    assert commands == []


def test_an_environment_for_tests_serves_the_demo(
    dev: ModuleType, commands: list[list[str]]
) -> None:
    """The demo needs fewer packages than the tests, so it takes their environment as it is."""
    dev.set_up(dev=True)
    assert any(part.startswith("pytest") for part in commands[1])
    commands.clear()
    dev.set_up(dev=False)
    assert commands == []


def test_tests_after_the_demo_add_their_packages(
    dev: ModuleType, commands: list[list[str]]
) -> None:
    """The environment of the demo is completed for the tests, not made anew."""
    dev.set_up(dev=False)
    commands.clear()
    dev.set_up(dev=True)
    assert len(commands) == 2
    assert not any("venv" in command for command in commands)


def test_new_pins_are_installed(
    dev: ModuleType,
    commands: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other constraints make the environment stale, but it is not made anew."""
    dev.set_up(dev=True)
    commands.clear()
    pins = tmp_path / "constraints.txt"
    pins.write_text("numpy==2.4.5\n", "utf-8")
    monkeypatch.setattr(dev, "CONSTRAINTS", pins)
    dev.set_up(dev=False)
    assert len(commands) == 2
    assert json.loads(dev.STAMP.read_text("utf-8"))["dev"], "what tests need is kept"


def test_another_python_makes_the_environment_anew(
    dev: ModuleType, commands: list[list[str]]
) -> None:
    """An environment of another Python, or moved to another folder, is replaced."""
    dev.set_up(dev=False)
    commands.clear()
    stamp = json.loads(dev.STAMP.read_text("utf-8"))
    stamp["home"][1] = [3, 11, 99]
    dev.STAMP.write_text(json.dumps(stamp), "utf-8")
    dev.set_up(dev=False)
    assert "venv" in commands[0]


@pytest.mark.parametrize("content", ["", "[]", "{half"])
def test_a_damaged_stamp_counts_as_none(
    dev: ModuleType, commands: list[list[str]], content: str
) -> None:
    """A stamp that cannot be read leads to a new environment, not to a crash."""
    dev.set_up(dev=False)
    commands.clear()
    dev.STAMP.write_text(content, "utf-8")
    dev.set_up(dev=False)
    assert len(commands) == 3


def test_a_failed_installation_is_tried_again(
    dev: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment whose installation failed does not count as current."""
    recording = dev.run
    monkeypatch.setattr(dev, "run", lambda command: recording(command) or int("pip" in command))
    with pytest.raises(dev.CannotStart, match="package index"):
        dev.set_up(dev=False)
    assert commands[-1][1:4] == ["-m", "pip", "install"]
    assert dev.read_stamp() == {}


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(
    dev: ModuleType,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Debian ships Python without venv: the message names the package, the exit code is 2."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    find_spec = dev.importlib.util.find_spec
    monkeypatch.setattr(
        dev.importlib.util, "find_spec", lambda name: None if name == missing else find_spec(name)
    )
    assert dev.main(["setup"]) == 2
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"apt install python{version}-venv" in capsys.readouterr().err
    assert not dev.VENV.exists()


def test_uv_is_preferred_and_gets_the_index_settings_of_pip(
    dev: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where uv is on the PATH it installs, from the index that the user set for pip."""
    monkeypatch.setattr(shutil, "which", lambda _: "uv")
    monkeypatch.setenv("PIP_INDEX_URL", "file:///mirror")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    dev.set_up(dev=False)
    assert [command[0] for command in commands] == ["uv", "uv", "uv"]
    assert dev.environment()["UV_DEFAULT_INDEX"] == "file:///mirror"
    assert dev.environment()["PIP_INDEX_URL"] == "file:///mirror"


def test_caches_stay_in_the_folder_of_the_project(
    dev: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler's cache lies in the repository; a Python path of the user does not leak in."""
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert dev.environment()["ZIG_GLOBAL_CACHE_DIR"].startswith(str(root))
    assert "PYTHONPATH" not in dev.environment()


def test_all_steps_run_and_the_failed_ones_are_listed(
    dev: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A failing step does not hide the next ones; extra arguments reach pytest."""
    recording = dev.run
    monkeypatch.setattr(dev, "set_up", lambda **_: None)
    monkeypatch.setattr(dev, "run", lambda command: recording(command) or int("mypy" in command))
    echoed: list[list[str]] = []
    monkeypatch.setattr(
        dev,
        "run_echoed",
        lambda command: (echoed.append([str(c) for c in command]), (0, CLOSING))[1],
    )
    assert dev.main(["test", "-k", "ground"]) == 1
    assert len(commands) == 5
    assert echoed[0][-2:] == ["-k", "ground"]
    lines = capsys.readouterr().out.splitlines()
    assert "failed: mypy" in lines
    assert lines[-1] == "12 passed, 1 failed"


@pytest.mark.parametrize(
    ("codes", "output", "last"),
    [
        ({"mypy": 0, "pytest": 0}, f"tests...\n{CLOSING}\n", CLOSING),
        ({"mypy": 0, "pytest": 0}, f"\x1b[32m{CLOSING}\x1b[0m\n", CLOSING),
        ({"mypy": 0, "pytest": 1}, "1 failed, 2 passed in 1.00s", "1 failed, 2 passed in 1.00s"),
        ({"mypy": 1, "pytest": 1}, "== 1 failed, 2 passed in 1.0s ==", "2 passed, 2 failed"),
        ({"mypy": 1, "pytest": 0}, CLOSING, "12 passed, 1 failed"),
        ({"mypy": 0, "pytest": 4}, "ERROR: usage", "0 passed, 1 failed"),
        ({"mypy": 0, "pytest": 1}, "== 2 errors in 0.10s ==", "== 2 errors in 0.10s =="),
        ({"mypy": 1, "pytest": 1}, "== 2 errors in 0.10s ==", "0 passed, 3 failed"),
    ],
)
def test_the_last_line_tells_how_many_passed(
    dev: ModuleType, codes: dict[str, int], output: str, last: str
) -> None:
    """The last line is pytest's own, or counts in which a failed step is a failure."""
    results = [(name, 1.0, code) for name, code in codes.items()]
    assert dev.report(results, output)[-1] == last


def test_output_is_passed_on_as_it_comes(
    dev: ModuleType, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The tests' output is shown unchanged and its end is kept for the closing line."""
    code, tail = dev.run_echoed([sys.executable, "-c", "print('dots ...'); raise SystemExit(3)"])
    assert code == 3
    assert tail.strip() == "dots ..."
    assert b"dots ..." in capfdbinary.readouterr().out


@pytest.fixture
def interrupted_child(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what becomes of a child when Ctrl-C meets it while dev.py waits."""
    seen: list[str] = []

    class Child:
        def __init__(self, *_: object, **__: object) -> None:
            seen.append("started")

        def wait(self) -> int:
            if seen[-1] == "started":
                seen.append("Ctrl-C")
                raise KeyboardInterrupt
            return 0

        def communicate(self) -> tuple[None, None]:
            seen.append("let end")
            if "second Ctrl-C" in seen:
                raise KeyboardInterrupt
            return None, None

        def kill(self) -> None:
            seen.append("killed")

    monkeypatch.setattr(dev, "set_up", lambda **_: None)
    monkeypatch.setattr(subprocess, "Popen", Child)
    return seen


def test_ctrl_c_lets_the_child_close_its_files(
    dev: ModuleType, interrupted_child: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first Ctrl-C waits for the child (a run closes its folder); no traceback follows."""
    assert dev.main(["fmus"]) == dev.INTERRUPTED
    assert interrupted_child == ["started", "Ctrl-C", "let end"]
    assert "interrupted" in capsys.readouterr().err


def test_a_second_ctrl_c_kills_the_child(dev: ModuleType, interrupted_child: list[str]) -> None:
    """Who presses Ctrl-C twice does not want to wait."""
    interrupted_child.append("second Ctrl-C")
    assert dev.main(["fmus"]) == dev.INTERRUPTED
    assert interrupted_child[-1] == "killed"


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["no such"], 2), (["--help"], 0)])
def test_usage_is_printed(
    dev: ModuleType, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help on request ends with 0, on a mistake with 2; both show the commands."""
    assert dev.main(arguments) == code
    captured = capsys.readouterr()
    assert "dev.py demo" in captured.out + captured.err


def test_a_failed_build_ends_the_demo(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo does not run a line on stale models, and passes its arguments on."""
    seen: list[list[str]] = []
    monkeypatch.setattr(dev, "set_up", lambda **_: None)
    monkeypatch.setattr(dev, "run", lambda c: (seen.append([str(p) for p in c]), len(c) == 3)[1])
    assert dev.main(["demo"]) == 1
    assert len(seen) == 1
    monkeypatch.setattr(dev, "run", lambda c: (seen.append([str(p) for p in c]), 0)[1])
    assert dev.main(["demo", "--seed", "7"]) == 0
    assert seen[-1][1:] == ["run", "baseline", "--seed", "7"]
