"""Groups where a line and the command line meet them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import lags, write_group

from linetwin.contracts import CONTRACTS, Continuous, Contract
from linetwin.cosim import (
    check_process,
    find_fmu,
    model_descriptions,
    open_continuous,
    read_description,
)
from linetwin.cosim.groups import (
    GroupContinuous,
    group_findings,
    read_group,
    simulate_group,
)
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Contract(
    "oven",
    "continuous",
    inputs=("air_temperature",),
    outputs=("film_temperature", "cooling_power"),
    optional=("cooling_power",),
)


def test_a_group_fulfils_a_contract(tmp_path: Path, lag: Path) -> None:
    """The line sees quantities in canonical units; ports are found by name, or mapped."""
    description = lags(
        tmp_path,
        lag,
        inputs={"air_temperature": "first.inlet"},
        outputs={"film_temperature": "third.level"},
    )
    model = GroupContinuous(description, CONTRACT, {"third.time_constant": 2.0})
    assert isinstance(model, Continuous)
    assert model.can_save
    model.start(0, {"air_temperature": 373.15})
    model.advance(1000, {})
    expected = 373.15 + (300.0 - 373.15) * math.exp(-0.5)
    assert model.read(["film_temperature", "cooling_power"]) == {
        "film_temperature": pytest.approx(expected, rel=1e-6),
        "cooling_power": 0.0,
    }
    state = model.save()
    model.advance(2000, {"air_temperature": 300.0})
    model.advance(3000, {})
    after = model.read(["film_temperature"])
    model.restore(state)
    model.advance(2000, {"air_temperature": 300.0})
    model.advance(3000, {})
    assert model.read(["film_temperature"]) == after
    with pytest.raises(FmuError, match="lacks air_temperature"):
        model.start(0, {})
    model.close()
    with pytest.raises(WiringError, match="film_temperature"):
        GroupContinuous(lags(tmp_path, lag), CONTRACT)


def test_a_group_is_simulated_from_the_command_line(
    tmp_path: Path, lag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`linetwin fmu simulate GROUP.yaml` writes a row per communication point; mistakes are 2."""
    from linetwin.cli import main

    file, csv = str(lags(tmp_path, lag).file), tmp_path / "out.csv"
    arguments = ["fmu", "simulate", file, "--until", "1 s", "--start", "air=100", "--csv", str(csv)]
    assert _code(main, [*arguments, "--start", "third.time_constant=2"]) == 0
    rows = np.genfromtxt(csv, delimiter=",", names=True)
    assert _code(main, ["fmu", "simulate", file, "--until", "1/2 s", "--csv", str(csv)]) == 0
    assert (
        np.genfromtxt(csv, delimiter=",", names=True)["time"].tolist() == rows["time"][:6].tolist()
    )
    assert rows.dtype.names == ("time", "end", "level")
    assert rows["time"].tolist() == [k / 10 for k in range(11)]
    expected = 373.15 + (300.0 - 373.15) * np.exp(-rows["time"] / 2.0)
    assert rows["level"] == pytest.approx(expected, rel=1e-6)
    capsys.readouterr()
    assert _code(main, ["fmu", "simulate", file, "--stop", "soon"]) == 2
    assert "--stop: 'soon'" in capsys.readouterr().err
    for text in ("soon", "1/0 s"):  # the option that was written is the one that is named
        assert _code(main, ["fmu", "simulate", file, "--until", text]) == 2
        assert f"--until: '{text}'" in capsys.readouterr().err
    assert _code(main, [*arguments, "--stop", "1 s"]) == 2
    assert "--until: the stop time is given twice" in capsys.readouterr().err
    assert _code(main, [*arguments, "--step", "1"]) == 2
    assert "a group steps as its file says" in capsys.readouterr().err
    assert _code(main, [*arguments, "--output", "ende"]) == 2
    assert "did you mean end" in capsys.readouterr().err


def test_a_group_is_shown_and_validated(
    tmp_path: Path, lag: Path, decay: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fmu info` shows members, connections and ports; `fmu validate` runs and saves the group."""
    from linetwin.cli import main

    file = lags(tmp_path, lag).file
    assert _code(main, ["fmu", "info", str(file)]) == 0
    shown = capsys.readouterr().out
    for text in ("every 1/10 s, jacobi", "second.inlet <- first.passed", "inputs       air"):
        assert text in shown
    assert _code(main, ["fmu", "info", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"]["level"] == "third.level"
    assert _code(main, ["fmu", "validate", str(file)]) == 0
    assert "no findings" in capsys.readouterr().out
    stops = {"limit": 0.25, "on": 1, "T": 20, "mode": 2}
    members = {"one": {"fmu": str(decay), "values": stops}}
    assert (
        _code(main, ["fmu", "validate", str(write_group(tmp_path, step="1 s", members=members))])
        == 3
    )
    assert "member 'one': it ended a step of 1 s before its time" in capsys.readouterr().out
    members["one"]["fmu"] = "nowhere.fmu"
    assert (
        _code(main, ["fmu", "validate", str(write_group(tmp_path, step="1 s", members=members))])
        == 3
    )
    assert "members.one.fmu: there is no FMU" in capsys.readouterr().out


def test_the_group_of_the_documentation(tmp_path: Path) -> None:
    """It reads as it stands there, and the hall warms while the machines run."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "master.md").read_text("utf-8")
    file = tmp_path / "hall.yaml"
    file.write_text(page.split("```yaml")[1].split("```")[0], encoding="utf-8")
    assert group_findings(file) == []
    group = read_group(file)
    idle, busy = (
        simulate_group(group, 7200.0, {"packml_state": state, "load": 1.0, "area": 300.0})
        for state in (4.0, 6.0)
    )
    assert len(busy) == 721
    assert busy["hall_temperature"].iloc[-1] > idle["hall_temperature"].iloc[-1] + 0.5
    assert busy["electric_power"].iloc[-1] > 3 * idle["electric_power"].iloc[-1]


def _code(main: Callable[[], object], arguments: list[str]) -> int:
    """Return the exit code of the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["linetwin", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_a_station_can_have_a_group_for_its_machine(tmp_path: Path) -> None:
    """A group is a model by its file's name, with the same numbers as the FMU that it holds."""
    fmu = find_fmu("machine")
    description = read_description(fmu)
    contract = CONTRACTS["machine"]
    outputs = [v.name for v in description.of("output") if v.name in contract.outputs]
    file = write_group(
        tmp_path,
        step="1 min",
        members={"only": {"fmu": "machine"}},
        inputs={v.name: f"only.{v.name}" for v in description.of("input")},
        outputs={name: f"only.{name}" for name in outputs},
        parameters={"standby_power": "only.standby_power"},
    )
    power = {"standby_power": Value(800.0, "W", "A", "test", "test")}
    config = ProcessConfig("machine", str(file), parameters=power, fixed={"only.off_power": 9.0})
    assert check_process(config, contract) == []
    single = open_continuous(
        ProcessConfig("machine", str(fmu), parameters=power, fixed={"off_power": 9.0}), contract
    )
    grouped = open_continuous(config, contract)
    inputs = {v.name: float(v.start or 0.0) for v in description.of("input")}
    inputs |= {"packml_state": 6.0, "load": 0.5}
    results = []
    for model in (single, grouped):
        model.start(1000, inputs)
        for tick in range(61_000, 600_000, 60_000):
            model.advance(tick, {"load": tick / 1e6})
        results.append(model.read(outputs))
        model.close()
    assert results[1] == results[0]
    assert results[0]["electric_energy"] > 0.0
    assert [d.model for d in model_descriptions(config)] == ["machine"]
    wrong = ProcessConfig("machine", str(file), fixed={"only.idle": 800.0}, key="machine")
    assert [p.key for p in check_process(wrong, contract)] == ["machine.fixed.only.idle"]
    other = check_process(replace(config, kind="drying"), CONTRACTS["drying"])
    assert "is a group of FMUs" in str(other[0])
