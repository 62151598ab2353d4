"""Values of a twin's signals, by the board and the word of itself that it writes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from linetwin.cli.aas_interfaces import of_plant
from linetwin.cli.aas_twin import TwinValues, add_twin, scenario_of, signals_of
from linetwin.errors import ScenarioError
from linetwin.quantities import vocabulary
from linetwin.results.audit import AuditLog, sealed
from linetwin.scenario import load
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import Names, id_short
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.roles import read_roles
from linetwin.shells.serving.view import View
from linetwin.twin.board.board import LOG, MEASURED, PREDICTED
from linetwin.twin.writing.status import STATUS, Status, StatusFile

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.shells.serving.values import Reading

NOW = 1_000_000.0
MADE = {
    "id": "p1", "made_tick": 5_000, "station": "cathode.calender", "lot": "cathode.roll-0001",
    "called": "cathode.roll-0003",
    "quantity": "porosity", "unit": "1", "median": 0.3, "low": 0.29, "high": 0.31,
    "open_loop": 0.32, "place": 0,
}  # fmt: skip
READ = "cathode.calender.porosity"
SCALE = "cathode.calender.porosity_scale"
SIGNALS = {"laser": READ, "scale": SCALE}


def write(log: AuditLog, what: str, rows: list[dict[str, Any]]) -> None:
    """Write what a twin's board writes."""
    told = [{"plant_lot": ""} | row for row in rows] if what == MEASURED else rows
    log.append(who="twin", what=what, after={"tick": 0, "rows": told})


def tell(folder: Path, state: str = "in step", at: float = NOW, **more: Any) -> None:  # noqa: ANN401
    """Write what a twin says of itself."""
    StatusFile(folder).tell(Status(at, state, at, **more))


def twin_of(folder: Path) -> TwinValues:
    """Return the values of a twin, asked at one instant."""
    return TwinValues(folder, SIGNALS, lambda: NOW)


def shown(values: TwinValues, address: str = READ) -> Reading:
    """Return what an address is shown to be."""
    found = values.value(address)
    assert found is not None
    return found


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """The board of a running twin that has predicted a lot."""
    found = AuditLog(tmp_path / LOG)
    write(found, PREDICTED, [MADE])
    tell(tmp_path)
    return found


def test_a_signal_has_what_was_read_last(tmp_path: Path, log: AuditLog) -> None:
    """While the twin writes, each read gives the newest reading of its address, with its time."""
    values = twin_of(tmp_path)
    assert values.value(READ) is None
    for tick, porosity in ((6_000, 0.28), (7_000, 0.305)):
        write(
            log,
            MEASURED,
            [{"prediction": "p1", "instrument": "laser", "tick": tick, "value": porosity}],
        )
        found = shown(values)
        assert (found.value, found.tick, found.quality) == (porosity, tick, "good")
    assert values.value("cathode.coater.nothing") is None
    write(
        log, MEASURED, [{"prediction": "p1", "instrument": "laser", "tick": 8_000, "value": None}]
    )
    assert shown(values).value == 0.305


@pytest.mark.parametrize("order", [("laser", "scale"), ("scale", "laser")])
def test_each_instrument_has_its_own_signal(
    tmp_path: Path, log: AuditLog, order: tuple[str, str]
) -> None:
    """Two that read one quantity of a lot are shown apart, whichever is told last."""
    values, read = twin_of(tmp_path), {"laser": 0.28, "scale": 0.3, "nobody": 0.9}
    rows = [{"prediction": "p1", "tick": 6_000, "instrument": name, "value": read[name]}
            for name in (*order, "nobody")]  # fmt: skip
    write(log, MEASURED, rows)
    assert (shown(values).value, shown(values, SCALE).value) == (0.28, 0.3)


def test_the_instruments_are_those_of_the_twin_s_scenario(tmp_path: Path) -> None:
    """A twin that was not saved yet is taken for that of a served scenario, else a note says so."""
    scenario, note = scenario_of(tmp_path, ["live_plant", "live_twin"])
    assert "live_twin" in note
    found = signals_of(scenario)
    assert found["cathode_gauge"] == "cathode.coater.loading"
    assert found["cathode_scale"] == "cathode.coater.loading_scale"
    nobody, note = scenario_of(tmp_path, ["live_plant"])
    assert nobody is None
    assert "name its scenario" in note
    assert signals_of(nobody) == {}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("served", ["live_twin", "nothing"])
def test_each_reading_has_a_tag_whichever_scenario_is_served(tmp_path: Path, served: str) -> None:
    """A plant's own instruments have tags where only the twin's scenario names them, units too."""
    scenario = load("live_twin")
    assert scenario.twin is not None
    tags = {} if served == "nothing" else of_plant(load(served))
    whole = describe(scenario, Wanted(with_ports=False, with_files=False, interfaces=tags))
    add_twin(whole, scenario, Names())
    values = TwinValues(tmp_path, signals_of(scenario), lambda: NOW)
    read = {each.name: 0.001 * n for n, each in enumerate(scenario.twin.instruments, start=1)}
    rows = [{"prediction": "p1", "instrument": name, "tick": 6_000, "value": value}
            for name, value in read.items()]  # fmt: skip
    write(AuditLog(tmp_path / LOG), MEASURED, rows)
    view = View(Catalogue(whole), read_roles()["engineer"], values)
    for each in scenario.twin.instruments:
        own = f"https://linetwin.example/lines/pilot/machines/{each.station}/submodels/Signals"
        shown = view.element(own, id_short(each.signal))
        said = {every["type"]: every["value"] for every in shown["qualifiers"]}
        assert (float(shown["value"]), said["Quality"]) == (read[each.name], "good")
        assert said["Unit"] == vocabulary()[each.quantity].unit
    assert not [note for note in whole.notes if "no reading" in note]


def test_readings_without_a_shell_are_noted() -> None:
    """Where a machine's shell is not served, its instruments are named."""
    scenario = load("live_twin")
    whole = describe(scenario, Wanted(with_ports=False, with_files=False))
    shell = whole.objects.get(Names().machine("pilot", "cathode.calender").shell)
    assert shell is not None
    whole.objects.discard(shell)
    add_twin(whole, scenario, Names())
    (note,) = [each for each in whole.notes if "no reading" in each]
    assert "of cathode_thickness, cathode_micrometer:" in note


def test_predictions_have_their_intervals(tmp_path: Path, log: AuditLog) -> None:
    """Median, bounds, open loop and lot of the newest prediction, and when it was made.

    The lot has the plant's name as far as it was known, and that by which it was read later.
    """
    values, begin = twin_of(tmp_path), "cathode.calender.Predictions.porosity_"
    for part, told in {
        "low": "low",
        "high": "high",
        "open_loop": "open_loop",
        "lot": "called",
    }.items():
        assert shown(values, begin + part).value == MADE[told]
        assert shown(values, begin + part).tick == 5_000
    read = {"instrument": "laser", "tick": 6_000, "value": 0.3}
    write(log, MEASURED, [read | {"prediction": "p0", "plant_lot": "cathode.roll-0009"}])
    assert shown(values, f"{begin}lot").value == "cathode.roll-0003"
    write(log, MEASURED, [read | {"prediction": "p1", "plant_lot": "cathode.roll-0004"}])
    assert shown(values, f"{begin}lot").value == "cathode.roll-0004"
    write(log, PREDICTED, [MADE | {"id": "p2", "median": 0.295, "place": 2}])
    assert shown(values, f"{begin}median").value == 0.3
    after = "cathode.calender.Predictions.porosity_after_2_median"
    assert shown(values, after).value == 0.295


def test_the_quality_says_how_the_twin_is(tmp_path: Path, log: AuditLog) -> None:
    """In step it is good; else why not, and without a word of the twin there is no value."""
    values, address = twin_of(tmp_path), "cathode.calender.Predictions.porosity_median"
    row = {"prediction": "p1", "instrument": "laser", "tick": 6_000, "value": 0.28}
    write(log, MEASURED, [row])
    tell(tmp_path, held={"cathode.calender": "stale: web_speed"}, age_s=12.5)
    assert shown(values, address).quality == "uncertain: stale: web_speed"
    assert shown(values, "cathode.calender.Twin.held").value == "stale: web_speed"
    assert shown(values, "line.Twin.state").value == "in step"
    assert shown(values, "line.Twin.data_age").value == 12.5
    assert shown(values, "line.Twin.state").quality == "good"
    tell(tmp_path, "open loop")
    assert shown(values, address).quality == "uncertain: the twin is open loop"
    assert shown(values, address).value == 0.3
    tell(tmp_path, "out of step", held={"cathode.calender": "a lot behind"})
    assert shown(values, address).quality == "uncertain: a lot behind"
    tell(tmp_path, "out of step", held={"anode.calender": "a lot behind"})
    assert shown(values, address).quality == "uncertain: the twin is out of step"
    assert shown(values, address).value == 0.3
    assert shown(values).quality == "good"
    tell(tmp_path, at=NOW - 60)
    assert shown(values, address).value is None
    assert shown(values, address).quality == "bad: the twin: no word for 60 s"
    assert shown(values, "line.Twin.state").value is None
    tell(tmp_path, at=NOW + 60)
    ahead = "bad: the twin: its clock is 60 s ahead of this machine's"
    assert (shown(values, address).value, shown(values, address).quality) == (None, ahead)
    (tmp_path / STATUS).unlink()
    for each in (address, "line.Twin.state", "line.Twin.data_age"):
        assert shown(values, each).value is None
        assert shown(values, each).quality == "bad: the twin does not run"
    tell(tmp_path)
    assert shown(values, address).value == 0.3


def damage(file: Path, line: int, text: bytes) -> bytes:
    """Put a text in place of a line; what the file was."""
    before = file.read_bytes()
    lines = before.splitlines(keepends=True)
    lines[line] = text
    file.write_bytes(b"".join(lines))
    return before


@pytest.mark.parametrize(
    "text",
    [b"{}\n", b"\xff\x00\n", b"[1]\n", b"[" * 99_999 + b"\n", b"\n", "sealed", "number"],
    ids=lambda text: str(text)[:12],
)
def test_a_damaged_board_is_bad_until_it_is_mended(
    tmp_path: Path, log: AuditLog, text: bytes | str
) -> None:
    """Whatever follows a bad line is not known: no value, and why, however often it is asked."""
    values, predicted = twin_of(tmp_path), "cathode.calender.Predictions.porosity_median"
    row = {"prediction": "p1", "instrument": "laser", "tick": 6_000, "value": 0.28}
    write(log, MEASURED, [row])
    assert shown(values).value == 0.28
    write(log, MEASURED, [row | {"tick": 7_000, "value": 0.29}])
    last = log.newest()
    assert last is not None
    fields = asdict(last)
    fields.pop("hash")
    rows = 5 if text == "sealed" else [row | {"value": "much"}]
    forged = sealed(fields | {"after": {"tick": 0, "rows": rows}}).line()
    before = damage(tmp_path / LOG, -1, text if isinstance(text, bytes) else forged)
    asked_later = twin_of(tmp_path)
    for each in (values, values, asked_later, asked_later):
        for address in (READ, SCALE, predicted):
            assert shown(each, address).value is None
            assert shown(each, address).quality.startswith("bad: board.jsonl cannot be read from")
        assert each.value("cathode.calender.web_speed") is None
        assert shown(each, "line.Twin.state").quality == "good"
    with (tmp_path / LOG).open("ab") as stream:
        stream.write(before.splitlines(keepends=True)[-1])
    assert shown(values).quality.startswith("bad: board")
    (tmp_path / STATUS).unlink()
    assert shown(values).quality.startswith("bad: ")
    tell(tmp_path)
    (tmp_path / LOG).write_bytes(before)
    for each in (values, asked_later):
        assert (shown(each).value, shown(each).quality) == (0.29, "good")
        assert shown(each, predicted).value == 0.3


def test_half_a_line_is_no_fault(tmp_path: Path, log: AuditLog) -> None:
    """A line that is being written counts when it is whole."""
    values, row = twin_of(tmp_path), {"prediction": "p1", "instrument": "laser", "tick": 6_000}
    write(log, MEASURED, [row | {"value": 0.28}])
    write(log, MEASURED, [row | {"value": 0.29}])
    whole = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(whole[:-20])
    for _ in range(2):
        assert (shown(values).value, shown(values).quality) == (0.28, "good")
    (tmp_path / LOG).write_bytes(whole)
    assert (shown(values).value, shown(values).quality) == (0.29, "good")


def test_another_twin_in_the_folder_is_seen(tmp_path: Path, log: AuditLog) -> None:
    """A board that follows none that was read tells nothing of the twin before."""
    values = twin_of(tmp_path)
    write(
        log, MEASURED, [{"prediction": "p1", "instrument": "laser", "tick": 6_000, "value": 0.28}]
    )
    assert shown(values).value == 0.28
    for each in tmp_path.glob(f"{LOG}*"):
        each.unlink()
    assert values.value(READ) is None
    other = AuditLog(tmp_path / LOG)
    write(other, PREDICTED, [MADE | {"id": "q1", "station": "anode.calender"}])
    assert values.value(READ) is None
    assert shown(values, "anode.calender.Predictions.porosity_median").value == 0.3
    assert values.value("cathode.calender.Predictions.porosity_median") is None


@pytest.mark.usefixtures("log")
def test_values_reach_the_shells(tmp_path: Path) -> None:
    """What a twin predicts and says of itself has elements of its own, in the line's shells."""
    scenario = load("live_twin")
    whole = describe(scenario, Wanted(with_ports=False, with_files=False))
    add_twin(whole, scenario, Names())
    view = View(Catalogue(whole), read_roles()["operator"], twin_of(tmp_path))
    begin = "https://linetwin.example/lines/pilot"
    twin = f"{begin}/machines/cathode.calender/submodels/Twin"
    found = {each["idShort"]: each for each in view.submodel(twin)["submodelElements"]}
    median = found["cathode__calender__Predictions__porosity_median"]
    assert median["value"] == "0.3"
    said = {each["type"]: each["value"] for each in median["qualifiers"]}
    assert said == {"Unit": "1", "Time": "PT5S", "Quality": "good"}
    state = view.element(f"{begin}/submodels/Twin", "line__Twin__state")
    assert state["value"] == "in step"
    refs = [each["keys"][0]["value"] for each in view.shell(f"{begin}/machines/cathode.calender")[
        "submodels"]]  # fmt: skip
    assert twin in refs


def test_a_folder_without_a_twin_is_refused(tmp_path: Path) -> None:
    """No board, no values: said before anything is served."""
    with pytest.raises(ScenarioError, match="no twin has predicted here"):
        TwinValues(tmp_path, {})
