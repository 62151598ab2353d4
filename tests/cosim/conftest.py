"""FMUs built once for the session: two from linetwin.authoring, one from C in FMI 2.0.

Tests are imported by path, so what they share is found through sys.path.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from decay_source import build_fmi2
from feature_fmus import build_feature
from group_fmus import LAG_MODEL, MASS_MODEL
from small_fmus import FOREIGN_MODEL, WEB_MODEL, build_model
from ssp_packages import build_old

from linetwin.authoring.kernel import FOLDER, build_kernel
from linetwin.authoring.toolchain import host_target
from linetwin.cosim.kernel import library

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = ("compiled", "Python")


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """pytest's own, after the instances of earlier tests are gone.

    The last instance of an FMU tells how many messages were held back, whenever it is collected.
    """
    gc.collect()
    caplog.clear()
    return caplog


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU that speaks the vocabulary: a web that warms and dries."""
    pytest.importorskip("casadi")
    return build_model(WEB_MODEL, tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU with other names, degC and g/m2, and an enumeration that counts from 1."""
    pytest.importorskip("casadi")
    return build_model(FOREIGN_MODEL, tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="session")
def decay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 2.0 FMU made outside linetwin."""
    pytest.importorskip("ziglang")
    return build_fmi2(tmp_path_factory.mktemp("decay"))


@pytest.fixture(scope="session")
def kernel_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the kernel's library, built as the package's own is."""
    pytest.importorskip("ziglang")
    package = tmp_path_factory.mktemp("package")
    build_kernel(package)
    return package


@pytest.fixture
def use_loop(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """A function that chooses the loop of Transforms made from then on: compiled or Python."""

    def use(loop: str) -> None:
        monkeypatch.setenv(library.SWITCH, "on" if loop == "compiled" else "off")
        if loop == "compiled":
            folder = request.getfixturevalue("kernel_package") / FOLDER / host_target()
            path = next(folder.iterdir())
            monkeypatch.setattr(library, "library_path", lambda: path)
        assert library.row_loop().startswith(loop)

    return use


@pytest.fixture(params=LOOPS)
def row_loop(request: pytest.FixtureRequest, use_loop: Callable[[str], None]) -> str:
    """Both loops that take items through their phases, one after the other."""
    use_loop(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def mass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU for groups: a mass on springs, through which nothing passes at once."""
    pytest.importorskip("casadi")
    return build_model(MASS_MODEL, tmp_path_factory.mktemp("mass"))


@pytest.fixture(scope="session")
def lag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU for groups: a lag in two units, with outputs that pass inputs on."""
    pytest.importorskip("casadi")
    return build_model(LAG_MODEL, tmp_path_factory.mktemp("lag"))


@pytest.fixture(scope="session")
def old_fmus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the FMUs `mass` and `lag` in FMI 2.0, for system structures."""
    pytest.importorskip("casadi")
    return build_old(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="session")
def feature(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that builds a feature FMU, once for each way that its description is written."""
    pytest.importorskip("ziglang")
    built: dict[tuple[str, str, str], Path] = {}

    def build(name: str, old: str = "", new: str = "") -> Path:
        key = (name, old, new)
        if key not in built:
            folder = tmp_path_factory.mktemp(name)
            built[key] = build_feature(name, folder, lambda text: _replaced(text, old, new))
        return built[key]

    return build


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)
