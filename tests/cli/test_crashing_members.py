"""A crash within a group is told by the group's name and the member's, not by those of files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from cli_support import linetwin, of_cosim

from linetwin.cli.hanging import Alarm, ModelWatch
from linetwin.contracts import Contract
from linetwin.cosim.groups import read_group
from linetwin.cosim.groups.continuous import GroupContinuous
from linetwin.cosim.mapping import process_map

if TYPE_CHECKING:
    from pathlib import Path

troubled_fmus = of_cosim("troubled_fmus")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A group `plant` in a file of another name; `ill` crashes on demand, `well` comes after it."""
    pytest.importorskip("ziglang")
    folder = tmp_path_factory.mktemp("plant")
    units = {"air_temperature": "K"}, {"film_temperature": "K"}
    fmu = troubled_fmus.build_troubled(folder, "bad_oven", *units)
    well = of_cosim("feature_fmus").build_feature("vdp3", folder)
    members = {
        "ill": {"fmu": str(fmu), "values": {"air_temperature": 300.0}},
        "well": {"fmu": str(well)},
    }
    content = {"name": "plant", "step": "100 ms", "members": members}
    file: Path = of_cosim("group_fmus").write_group(
        folder, **content, outputs={"film_temperature": "ill.film_temperature"}
    )
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no guard")
@pytest.mark.parametrize(
    ("call", "words"),
    [("load", "loading"), ("Terminate", "terminating")],
)
def test_the_member_is_named_whoever_came_last(plant: Path, call: str, words: str) -> None:
    """Not the last one of the file, and not `bad_oven` of `group.yaml`."""
    answer = linetwin("fmu", "simulate", plant, "--until", "0.5 s", TROUBLED_CALL=call)
    assert answer.code == 3, answer.err
    assert f"linetwin: plant: ill: {words} crashed: SIGABRT (aborted)" in answer.err


def test_a_line_names_the_member_too(plant: Path) -> None:
    """Where a group's call hangs or crashes: station, group, member, call."""
    contract = Contract("oven", "continuous", inputs=(), outputs=("film_temperature",))
    model = GroupContinuous(read_group(plant), contract, mapping=process_map({}))
    watch = ModelWatch("cathode.coater", model.model, 600.0, Alarm())
    watch.member = model.under_way
    model.start(0, {})
    assert watch.named("start") == "cathode.coater: plant: start"
    model.advance(200, {})
    assert watch.named("advance") in {
        f"cathode.coater: plant: {name}: advance" for name in ("ill", "well")
    }
    told = str(watch.crash_of("advance", "crashed"))
    assert told.startswith(watch.named("advance").replace("advance", "advance crashed"))
    model.close()
    assert watch.named("close") == "cathode.coater: plant: close"
