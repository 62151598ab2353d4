"""The library built, a clerk at the command line, and one small order that has been run.

Tests are imported by path, so what they share is found through sys.path.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cli_support import Answer, Clerk, Order, linetwin
from tiny_models import write_library

if TYPE_CHECKING:
    from collections.abc import Iterator

TRAINING = """\
schema: 1
name: capacity
dataset: {run}
target: capacity
features: [cathode_loading, anode_loading]
candidates: [linear]
"""


@pytest.fixture(scope="session", autouse=True)
def library() -> None:
    """Every FMU of the library is built, which is quick where it is."""
    built = linetwin("fmu", "build")
    assert built.code == 0, built.err


@pytest.fixture(scope="session")
def clerk(library: None) -> Iterator[Clerk]:
    """Runs commands quickly; what tests a process of its own calls `linetwin`."""
    made = Clerk()
    yield made
    made.close()


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A small order that is right."""
    return Order(tmp_path)


@pytest.fixture(scope="session")
def finished(library: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Order, Answer]:
    """A small order that was run with one command, and what that said. Only to be read."""
    small = Order(tmp_path_factory.mktemp("finished"))
    return small, linetwin("run", small.file, "-o", small.run)


@pytest.fixture(scope="session")
def saved(clerk: Clerk, tmp_path_factory: pytest.TempPathFactory) -> Order:
    """The order of `finished`, saved every twelve hours. Only to be read or copied."""
    small = Order(tmp_path_factory.mktemp("saved"))
    answer = clerk("run", small.file, "-o", small.run, "--snapshot-every", "12 h")
    assert answer.code == 0, answer.err
    return small


@pytest.fixture(scope="session")
def tiny(clerk: Clerk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the FMUs of a user's own library, built by command."""
    pytest.importorskip("casadi")
    folder = tmp_path_factory.mktemp("tiny")
    models = write_library(folder / "models")
    built = clerk("fmu", "build", "--models", models, "-o", folder / "built")
    assert built.code == 0, built.err
    assert "3 built" in built.out
    return folder / "built"


@pytest.fixture(scope="session")
def predictor(
    clerk: Clerk, finished: tuple[Order, Answer], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A predictor of the capacity from both loadings, trained on the run itself."""
    folder = tmp_path_factory.mktemp("predictors")
    training = folder / "capacity.yaml"
    training.write_text(TRAINING.format(run=finished[0].run), encoding="utf-8")
    answer = clerk("surrogate", "train", training, "-o", folder / "capacity.predictor")
    assert answer.code == 0, answer.err
    return folder / "capacity.predictor"


@pytest.fixture
def run(finished: tuple[Order, Answer], tmp_path: Path) -> Path:
    """A copy of the run, in which decisions may be written."""
    return Path(shutil.copytree(finished[0].run, tmp_path / "run"))


@pytest.fixture(scope="session")
def reviewed(
    clerk: Clerk,
    finished: tuple[Order, Answer],
    predictor: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict, str]:
    """The run's review as JSON, and the text of its page."""
    page = tmp_path_factory.mktemp("page") / "review.html"
    answer = clerk("surrogate", "review", finished[0].run, "--predictors", predictor, "-o", page,
                   "--explain", "3", "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    return json.loads(answer.out), page.read_text(encoding="utf-8")
