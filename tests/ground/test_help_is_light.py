"""Asking for help must not load what simulating needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "casadi",
    "fmpy",
    "lxml",
    "numpy",
    "pandas",
    "pint",
    "plotly",
    "pyarrow",
    "pydantic",
    "ruamel",
    "scipy",
    "simpy",
}
PROBE = """
import runpy, sys
sys.argv = ["linetwin", *{arguments!r}]
try:
    runpy.run_module("linetwin.cli", run_name="__main__", alter_sys=True)
except SystemExit as end:
    code = end.code
print("LOADED", code, *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded_by(arguments: list[str]) -> set[str]:
    """Return the top-level modules that `linetwin ARGUMENTS` has loaded when it ends well."""
    code = PROBE.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    word, exit_code, *loaded = done.stdout.splitlines()[-1].split()
    assert (word, exit_code) == ("LOADED", "0")
    return set(loaded)


def test_help_imports_nothing_heavy() -> None:
    """`linetwin --help` loads no numerics, no tables and no models."""
    assert loaded_by(["--help"]) & HEAVY == set()


@pytest.mark.parametrize("arguments", [["run", "--help"], ["fmu", "--help"]])
def test_help_of_a_part_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help of a part loads nothing heavy either, but pydantic, by which typer reads parameters."""
    assert loaded_by(arguments) & HEAVY <= {"pydantic"}


def test_the_package_itself_is_light() -> None:
    """`import linetwin` loads nothing of its own but the package."""
    code = "import linetwin, sys; print(*[m for m in sys.modules if m.startswith('linetwin')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["linetwin"]


def test_the_version_is_that_of_the_installed_package() -> None:
    """`linetwin.__version__` is read from the metadata; other names are refused as usual."""
    from importlib.metadata import PackageNotFoundError, version

    import linetwin

    try:
        installed = version("linetwin")
    except PackageNotFoundError:
        pytest.skip("linetwin is not installed in this environment, only on its path")
    assert linetwin.__version__ == installed
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = linetwin.no_such_name
