"""Groups whose FMUs have clocks are saved and go on with the same bits, wherever they are cut."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import write_group

from linetwin.contracts import Contract
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.groups import FmuGroup, read_group, simulate_group
from linetwin.cosim.mapping import process_map

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

    Build = Callable[..., Path]

MODE = 'hasEventMode="true"'
SAVES = f'{MODE} canGetAndSetFMUState="true" canSerializeFMUState="true"'
END = 9_900


@pytest.fixture
def clocked(tmp_path: Path, feature: Build) -> Group:
    """Two FMUs that poke each other, and one with clocks of every kind that ends steps early."""
    poking, ticking = feature("clocks3", MODE, SAVES), feature("events3", MODE, SAVES)
    content: dict[str, object] = {
        "step": "500 ms",
        "early_return": True,
        "members": {
            "slow": {"fmu": str(poking), "values": {"rate": 0.7}},
            "fast": {"fmu": str(poking), "values": {"rate": 1.1}},
            "alarm": {"fmu": str(ticking), "values": {"rate": 0.9, "pace": 0.0371}},
        },
        "connections": {
            "fast.poke": "slow.crossed",
            "fast.told": "slow.whole",
            "slow.poke": "fast.crossed",
            "slow.told": "fast.whole",
        },
        "inputs": {"armed": "alarm.armed"},
        "outputs": {"alarmed": "alarm.alarmed", "kept": "slow.kept"},
    }
    return read_group(write_group(tmp_path, **content))


def touches(count: int) -> list[int]:
    """Return ticks at which the group is touched, the last of them the end."""
    random = np.random.default_rng(20261121)
    return [*sorted(int(t) for t in random.choice(END - 1, count, replace=False) + 1), END]


def go_on(running: FmuGroup, ticks: list[int]) -> bytes:
    """Advance through touches, some of which arm the alarm; return the state at the end."""
    for tick in ticks:
        running.advance(tick, {"armed": tick % 7} if tick % 3 == 0 else {})
    return running.save()


def test_cut_anywhere_it_goes_on_with_the_same_bits(clocked: Group) -> None:
    """Saved after each of thirty touches at random, each time restored into another group."""
    ticks = touches(30)
    whole = FmuGroup(clocked)
    whole.start(0, {"armed": 0})
    states = []
    for place in range(len(ticks) - 1):
        go_on(whole, ticks[place : place + 1])
        states.append(whole.save())
    expected = go_on(whole, ticks[-1:])
    assert whole.read(["alarmed"])["alarmed"] > 1.0
    whole.close()
    other = FmuGroup(clocked)
    for place, state in enumerate(states):
        other.restore(state)
        assert go_on(other, ticks[place + 1 :]) == expected
    other.close()


_ELSEWHERE = """
import sys
from pathlib import Path
from linetwin.cosim.groups import FmuGroup, read_group
running = FmuGroup(read_group(Path(sys.argv[1])))
running.restore(Path(sys.argv[2]).read_bytes())
running.advance(int(sys.argv[4]), {})
Path(sys.argv[3]).write_bytes(running.save())
running.close()
"""


def test_another_process_goes_on_with_the_same_bits(tmp_path: Path, clocked: Group) -> None:
    """From bytes in a file, with times that no float of tenths holds."""
    running = FmuGroup(clocked)
    running.start(0, {"armed": 0})
    running.advance(3_333, {"armed": 1})
    (tmp_path / "state").write_bytes(running.save())
    running.advance(END, {})
    arguments = [str(part) for part in (clocked.file, tmp_path / "state", tmp_path / "end", END)]
    subprocess.run([sys.executable, "-c", _ELSEWHERE, *arguments], check=True, timeout=60)
    assert (tmp_path / "end").read_bytes() == running.save()
    running.close()


def test_a_machine_with_clocks_is_saved_in_a_line(feature: Build) -> None:
    """An FMU alone: the ticks after the restored state are those that it would have made."""
    line = Contract("machine", "continuous", inputs=(), outputs=("coating_thickness",))
    mapping = process_map({"coating_thickness": {"variable": "varied", "unit": "m"}})
    fmu = feature("events3", MODE, SAVES)
    machine = FmuContinuous(fmu, line, mapping=mapping)
    machine.start(1_000, {})
    machine.advance(1_333, {})
    state = machine.save()
    found = []
    for _ in range(2):
        found.append([])
        for tick in (1_599, 1_601, 2_500, 3_700):
            machine.advance(tick, {})
            found[-1].append(machine.read(["coating_thickness"])["coating_thickness"])
        machine.restore(state)
    machine.close()
    assert found[0] == found[1] == pytest.approx([0.3, 0.6, 1.5, 2.1])


def test_steps_are_taken_back_with_the_clocks(tmp_path: Path, feature: Build) -> None:
    """An adaptive group's member goes through events of its own; each tick counts once."""
    fmu, plain = feature("events3", MODE, SAVES), {"armed": 0}
    content: dict[str, object] = {
        "step": "50 ms",
        "members": {"one": {"fmu": str(fmu), "values": plain}},
        "adaptive": {"relative": 1e-4, "most": "200 ms"},
        "outputs": {name: f"one.{name}" for name in ("x", "samples", "variations", "own")},
    }
    frame = simulate_group(read_group(write_group(tmp_path, **content)), 3.0)
    last = frame.iloc[-1]
    assert last["x"] == pytest.approx(3.0, rel=1e-12)
    assert (last["samples"], last["variations"], last["own"]) == (12, 7, 1)
