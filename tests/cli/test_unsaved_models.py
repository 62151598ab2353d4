"""A line with models that cannot save their state: named, recorded, and resumed with the bits."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cli_support import Order, with_capabilities
from ruamel.yaml import YAML
from test_resuming import assert_same_tables

from linetwin.cli.compose import FmuModels
from linetwin.contracts import CONTRACTS
from linetwin.cosim import find_fmu
from linetwin.results import read
from linetwin.scenario.resolved import ProcessConfig, StationConfig

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk

MACHINE = CONTRACTS["machine"]
CHANGES = ("canSerializeFMUState", "false"), ("canGetAndSetFMUState", "false")


@pytest.fixture(scope="module")
def forgetful(clerk: Clerk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Order, Answer]:
    """The small order, a machine of it without saved states; saved every day all the same."""
    order = Order(tmp_path_factory.mktemp("forgetful"))
    machine = with_capabilities(find_fmu("machine"), order.folder / "forgetful.fmu", *CHANGES)
    order.edit_line("model: machine\n", f"model: {machine.name}\n")
    return order, clerk("run", order.file, "-o", order.run, "--snapshot-every", "1 d")


def test_models_that_cannot_save_are_named_before_the_run(
    forgetful: tuple[Order, Answer],
) -> None:
    """Station and model, and what will be done about it, ahead of everything else."""
    _, answer = forgetful
    assert answer.code == 0, answer.err
    first, *rest = answer.err.splitlines()
    assert "cathode.mixer (forgetful)" in first  # as its file is called
    assert "inputs are recorded" in first
    assert not any("cannot save" in line for line in rest)


def test_a_run_with_recorded_models_is_resumed_with_the_same_bits(
    forgetful: tuple[Order, Answer], clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """The past is simulated again from its start: all tables, and those of models that save."""
    order, _ = forgetful
    copy = shutil.copytree(order.run, tmp_path / "copy")
    last = copy / "snapshots" / read(copy).manifest["snapshots"][-1]
    answer = clerk("resume", last)
    assert answer.code == 0, answer.err
    assert_same_tables(order.run, copy)
    assert_same_tables(order.run, saved.run)


def test_without_snapshots_nothing_is_recorded_and_nothing_is_said(
    forgetful: tuple[Order, Answer], clerk: Clerk, tmp_path: Path
) -> None:
    """Whoever does not ask for snapshots need not know."""
    order, _ = forgetful
    answer = clerk("run", order.file, "-o", tmp_path / "run")
    assert answer.code == 0, answer.err
    assert "cannot save" not in answer.err


@pytest.mark.parametrize("isolate", [False, True])
def test_a_member_that_cannot_save_is_named(tmp_path: Path, *, isolate: bool) -> None:
    """Of a group it is said which member it is, also of one in a process of its own."""
    group = {
        "schema": 1,
        "name": "pair",
        "step": "1 min",
        "members": {
            "able": {"fmu": str(find_fmu("machine"))},
            "unable": {
                "fmu": str(with_capabilities(find_fmu("machine"), tmp_path / "m.fmu", *CHANGES))
            },
        },
        "inputs": {name: [f"able.{name}", f"unable.{name}"] for name in MACHINE.inputs},
        "outputs": {name: f"able.{name}" for name in MACHINE.outputs},
    }
    with (tmp_path / "pair.yaml").open("w", encoding="utf-8") as stream:
        YAML().dump(group, stream)
    process = ProcessConfig("machine", "pair.yaml", isolate=isolate)
    nothing: dict[str, str] = {}
    config = StationConfig(
        *("press", "calender", "Press", "hall", "always", "", nothing, nothing, nothing),
        *({}, {}, process, ()),
    )
    models = FmuModels(tmp_path, recording=False)
    try:
        models.machine(config)
        assert models.unsaved == ["press (pair, member 'unable')"]
    finally:
        models.close()
