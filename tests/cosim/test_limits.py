"""Tables of a simulation that would not fit into memory are refused before or while they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from group_fmus import write_group

from linetwin.cosim.groups import read_group, recorder, simulate_group
from linetwin.cosim.limits import MOST_NUMBERS
from linetwin.cosim.simulation import simulate
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.groups import Group


def moving(folder: Path, fmu: Path, **changes: object) -> Group:
    """Return a group of one mass that gives its position, in steps of 10 ms."""
    members = {"one": {"fmu": str(fmu), "values": {"neighbour": 0.0, "position": 1.0}}}
    content: dict[str, object] = {"members": members, "outputs": {"at": "one.position"}}
    return read_group(write_group(folder, step="10 ms", **{**content, **changes}))


def test_what_a_table_takes_is_told_before_the_start(tmp_path: Path, mass: Path) -> None:
    """Two columns of 10^8 numbers in all: 500,000 s of 10 ms; four of an FMU: 25,000 s of 1 ms."""
    group = moving(tmp_path, mass)
    with pytest.raises(WiringError, match=r"1e\+11 rows of 2 numbers .* 500000 s here"):
        simulate_group(group, 1e9)
    with pytest.raises(WiringError, match=r"1e\+12 rows of 4 numbers .* 25000 s here"):
        simulate(mass, 1e9, 1e-3)
    with pytest.raises(WiringError, match="cannot stop at inf s"):
        simulate_group(group, float("inf"))
    assert len(simulate_group(group, 1.0)) == 101
    assert MOST_NUMBERS == 10**8


def test_a_table_that_grows_beyond_it_ends_the_group(
    tmp_path: Path, mass: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of a tolerance's choice cannot be counted beforehand; they end at the same number."""
    monkeypatch.setattr(recorder, "MOST_NUMBERS", 50)
    coupled = {
        "members": {
            "one": {"fmu": str(mass), "values": {"position": 1.0}},
            "two": {"fmu": str(mass)},
        },
        "connections": {"one.neighbour": "two.position", "two.neighbour": "one.position"},
    }
    group = moving(tmp_path, mass, adaptive={"relative": 1e-6, "most": "10 s"}, **coupled)
    with pytest.raises(FmuError, match="26 rows of 2 numbers: at most 50 numbers are recorded"):
        simulate_group(group, 10.0)
