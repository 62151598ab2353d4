"""What a plant shows follows from the scenario, and from nothing else."""

from __future__ import annotations

import math

import pytest
from plant_support import HOUR, panelled, scenario_of, with_plant

from linetwin.errors import ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario import load
from linetwin.scenario.hiding import Instrument
from linetwin.twin.plant.making import HIDDEN_SIGNALS, information_model, panels
from linetwin.twin.plant.model import LINE


def test_every_tag_has_a_name_of_its_own_and_the_same_in_every_run() -> None:
    """Names come from paths and quantities alone: no count, no seed, no time."""
    names = [tag.node for tag in information_model(load("baseline")).tags()]
    assert len(names) == len(set(names))
    assert names == [tag.node for tag in information_model(load("baseline", seed=7)).tags()]
    assert "cathode.coater/Measurements/loading" in names


def test_each_machine_of_a_group_stands_for_itself() -> None:
    """A group of machines is shown machine by machine."""
    scenario = load("gigafactory_week")
    shown = information_model(scenario).machines
    assert set(shown) == {LINE, *scenario.stations, "building"}


def test_set_values_are_those_of_the_scenario_in_its_units() -> None:
    """A set value shows the scenario's number; of a row each number has its own tag."""
    scenario = load("baseline", ["cathode.coater.zone_temperatures=[100 degC, 110 degC, 120 degC]"])
    machine = information_model(scenario).machines["cathode.coater"]
    shown = {each.tag.name: each.tag for each in machine.setpoints}
    assert shown["web_speed"].constant == pytest.approx(1.9 / 60)
    rows = [shown[f"zone_temperatures_{place}"].constant for place in (1, 2, 3)]
    assert rows == pytest.approx([373.15, 383.15, 393.15])
    for setpoint in machine.setpoints:
        value = scenario.stations["cathode.coater"].parameters[setpoint.address.split(".")[-1]]
        assert setpoint.tag.unit == value.unit
        assert setpoint.tag.low <= float(setpoint.tag.constant or 0.0) <= setpoint.tag.high


def test_a_measurement_needs_a_gauge_or_a_recorded_signal() -> None:
    """What the model knows of the material is shown only where a gauge reads it."""
    scenario = load("baseline")
    for path, machine in information_model(scenario).machines.items():
        shown = {tag.name for tag in machine.tags if tag.folder == "Measurements"}
        config = scenario.stations.get(path)
        gauges = set(config.gauges) if config else set()
        assert gauges <= shown
        assert not shown & {"wear", "heat_emission", "porosity_before", "adhesion_index"}


def test_every_recorded_signal_is_shown_or_known_to_be_hidden() -> None:
    """The columns of the signals table are exactly what is shown, beside what no sensor shows."""
    world, _, rows, model = panelled(scenario_of(duration_ticks=8 * HOUR, order_cells=None))
    world.begin()
    while world.step():
        pass
    shown = {tag.node for tag in model.tags()}
    seen = set()
    for row in rows.of("signals"):
        if row["station"] not in model.machines:
            continue
        named = {name for name, value in row.items() if name not in {"tick", "station"}}
        seen |= {(row["station"], name) for name in named if not math.isnan(row[name])}
    for station, name in seen:
        folders = ("Measurements", "Energy")
        is_shown = any(f"{station}/{folder}/{name}" in shown for folder in folders)
        assert is_shown != (name in HIDDEN_SIGNALS or name == "packml_state"), (station, name)


def test_panels_name_parameters_that_their_kinds_have() -> None:
    """Every set value of a panel is a parameter of its kind of station, and of one sort only."""
    from linetwin.scenario.kinds import shipped_kinds

    for kind, sections in panels().items():
        names = [name for section in sections.values() for name in section]
        assert len(names) == len(set(names))
        assert set(names) <= set(shipped_kinds()[kind].parameters), kind


def test_a_tag_with_a_unit_says_what_the_vocabulary_says() -> None:
    """Unit, UN/ECE code and range of a measurement are those of its quantity."""
    for tag in information_model(load("baseline")).tags():
        if tag.folder not in {"Measurements", "Energy"}:
            continue
        word = vocabulary()[tag.name]
        assert (tag.unit, tag.unece, tag.ceiling) == (word.unit, word.unece, word.maximum)
        assert tag.floor <= word.minimum


@pytest.mark.parametrize(
    ("quantity", "name", "told"),
    [
        ("porosity", "porosity", "lots of cathode.coater carry no porosity"),
        ("loading", "web_speed", "has a tag 'web_speed' already"),
    ],
)
def test_an_instrument_that_cannot_be_is_told(quantity: str, name: str, told: str) -> None:
    """It needs a quantity that lots of the station carry, and a name of its own."""
    odd = Instrument(name, "cathode.coater", quantity)
    with pytest.raises(ScenarioError, match=told):
        information_model(with_plant(load("baseline"), instruments=(odd,)))
