"""Machines, gauges, inspections, defects, micro-stops and maintenance in a line file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import addresses

if TYPE_CHECKING:
    from conftest import Trap, Workbench

COATER = "    parameters:\n      roll_length: 100 m\n"
"""Where the small line's coater goes on."""
PARTS = """\
    machines: 3
    micro_stops:
      splice: {time_between_stops: 20 min, time_to_clear: 1 min, tag: D, source: counted}
    maintenance:
      service: {interval: 500 h, duration: 2 h}
    gauges:
      loading: {bias: 0.5 %, repeatability: {value: 0.3 %, tag: D, source: study}}
      film_temperature: {bias: 1.5 K}
    defects:
      pin hole: {rate: 0.1 %}
    inspections:
      pin hole: {miss: 2 %}
"""


@pytest.fixture
def factory(bench: Workbench) -> Workbench:
    """The small line with three coaters, that measure, inspect and stop."""
    bench.edit("line", COATER, PARTS + COATER)
    return bench


def test_machines_are_stations_of_one_group(factory: Workbench) -> None:
    """They share buffers, and their group's address sets all of them, one's own only itself."""
    scenario = factory.load(["cathode.coater_2.web_speed=1 m/min"])
    coaters = scenario.stations_of("coater")
    assert [c.path for c in coaters] == [f"cathode.coater_{n}" for n in (1, 2, 3)]
    assert {c.group for c in coaters} == {"cathode.coater"}
    assert coaters == scenario.stations_of("cathode.coater")
    assert {c.gives["rolls"] for c in coaters} == {"cathode.coated_rolls"}
    speeds = [round(c.parameters["web_speed"].number * 60, 9) for c in coaters]
    assert speeds == [2.1, 1.0, 2.1]
    assert [c.processes["drying"].parameters["tortuosity"].value for c in coaters] == [3] * 3
    assert [station.group for station in scenario.stations_of("cathode.mixer")] == [""]


def test_numbers_of_machines_have_equal_width(bench: Workbench) -> None:
    """So that they sort."""
    bench.edit("line", COATER, "    machines: 12\n" + COATER)
    paths = [station.path for station in bench.load().stations_of("coater")]
    assert paths == sorted(paths)
    assert (paths[0], paths[-1]) == ("cathode.coater_01", "cathode.coater_12")


def test_parts_are_read(factory: Workbench) -> None:
    """In canonical units, a gauge's percentages as such, with the evidence of each value."""
    coater = factory.load().stations["cathode.coater_3"]
    stop, service = coater.micro_stops[0], coater.maintenance[0]
    assert (stop.cause, stop.time_between_stops.value, stop.time_to_clear.value) == (
        "splice",
        1200,
        60,
    )
    assert (stop.time_to_clear.tag, stop.time_to_clear.source) == ("D", "counted")
    assert (service.interval.value, service.duration.value) == (1.8e6, 7200)
    gauge = coater.gauges["loading"]
    assert [(v.value, v.unit) for v in (gauge.bias, gauge.repeatability)] == [
        (0.5, "%"),
        (0.3, "%"),
    ]
    assert (gauge.reproducibility.value, gauge.reproducibility.unit) == (0.0, "%")
    assert (gauge.bias.tag, gauge.repeatability.source) == ("A", "study")
    assert coater.gauges["film_temperature"].bias.value == 1.5
    assert coater.defects["pin hole"].rate.value == 0.001
    assert coater.inspections["pin hole"].miss.value == 0.02
    assert coater.inspections["pin hole"].false_alarm.value == 0.0


def test_parts_have_addresses(factory: Workbench) -> None:
    """Every value of every part can be set, and is listed with unit and bounds."""
    listed = {each.address: each for each in addresses(factory.load())}
    assert listed["cathode.coater_1.loading.bias"].unit == "%"
    assert listed["cathode.coater_1.loading.bias"].minimum == -50.0
    assert listed["cathode.coater_1.pin_hole.miss"].maximum == 1.0
    overrides = [
        "cathode.coater.loading.bias=0.2 mg/cm2",
        "cathode.coater.pin_hole.rate=3 %",
        "cathode.coater_2.splice.time_to_clear=5 min",
        "cathode.coater.service.interval=10 h",
    ]
    first, second, _ = factory.load(overrides).stations_of("coater")
    assert first.gauges["loading"].bias.value == pytest.approx(0.002)
    assert first.gauges["loading"].bias.unit == "kg/m2"
    assert first.defects["pin hole"].rate.number == pytest.approx(0.03)
    assert [c.micro_stops[0].time_to_clear.value for c in (first, second)] == [60.0, 300.0]
    assert second.maintenance[0].interval.value == 36_000.0


def test_a_disturbance_of_a_group_meets_every_machine(factory: Workbench) -> None:
    """A gauge's term, a row of zones and the rate of a defect can change while the line runs."""
    factory.edit(
        "scenario",
        "disturbances:\n",
        "disturbances:\n"
        "  - {address: cathode.coater.loading.bias, value: 2 %, from: 1 d}\n"
        "  - {address: cathode.coater_1.zone_temperatures, value: [90 degC, 95 degC], from: 1 d}\n",
    )
    found = factory.load().disturbances
    assert [change.address for change in found[:4]] == [
        "cathode.coater_1.loading.bias",
        "cathode.coater_2.loading.bias",
        "cathode.coater_3.loading.bias",
        "cathode.coater_1.zone_temperatures",
    ]
    assert (found[0].value, found[3].value) == (2.0, (363.15, 368.15))


TRAPS: dict[str, Trap] = {
    "no machines": ("line", "machines: 3", "machines: 0", 35, "stations.cathode.coater.machines",
                    ("at least 1",)),
    "gauge of nothing": ("line", "      loading: {bias: 0.5 %, repeat", "      lading: {repeat", 41,
                         "stations.cathode.coater.gauges.lading", ("has no gauge", "loading")),
    "gauge without error": ("line", "film_temperature: {bias: 1.5 K}", "film_temperature: {}", 42,
                            "stations.cathode.coater.gauges.film_temperature", ("nothing is",)),
    "huge bias": ("line", "bias: 0.5 %", "bias: 60 %", 41,
                  "stations.cathode.coater.gauges.loading.bias", ("plausible", "50")),
    "negative scatter": ("line", "ability: {value: 0.3 %", "ability: {value: -0.3 %", 41,
                         "stations.cathode.coater.gauges.loading.repeatability", ("0 to 50",)),
    "unit of a gauge": ("line", "bias: 1.5 K", "bias: 1.5 m", 42,
                        "stations.cathode.coater.gauges.film_temperature.bias", ("does not fit",)),
    "unknown defect": ("line", "pin hole: {rate", "pin holes: {rate", 44,
                       "stations.cathode.coater.defects.pin holes", ("has no defect", "pin hole")),
    "two of a name": ("line", "      service: {int", "      splice: {int", 39,
                      "stations.cathode.coater.maintenance.splice", ("cannot tell",)),
    "a process's name": ("line", "      service: {int", "      drying: {int", 39,
                         "stations.cathode.coater.maintenance.drying", ("cannot tell",)),
    "no interval": ("line", "{interval: 500 h, duration: 2 h}", "{duration: 2 h}", 39,
                    "stations.cathode.coater.maintenance.service.interval", ("missing key",)),
    "a machine's name": ("line", "cathode.slitter:", "cathode.coater_2:", 50,
                         "stations.cathode.coater_2", ("name of a machine",)),
    "window": ("scenario", "seed: 7", "window: {from: 3 d, until: 2 d}\nseed: 7", 7, "window.until",
               ("ends before it begins",)),
    "plan": ("scenario", "seed: 7", "plan: {good_energy_per_day: 4 kW}\nseed: 7", 7,
             "plan.good_energy_per_day", ("does not fit",)),
    "form of a disturbance": (
        "scenario", "disturbances:\n",
        "disturbances:\n  - {address: cathode.coater.loading.bias, value: 1 mg/cm2}\n", 13,
        "disturbances.1.value", ("written in kg/m2", "in %"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_author_is_told(factory: Workbench, name: str) -> None:
    """Each mistake is told with file, line and key path, and what is allowed."""
    factory.assert_told(TRAPS[name])


def test_a_part_unknown_to_an_address_is_told(factory: Workbench) -> None:
    """With the nearest names."""
    with pytest.raises(ScenarioError, match="did you mean loading"):
        factory.load(["cathode.coater.loding.bias=1 %"])
    with pytest.raises(ScenarioError, match="did you mean repeatability"):
        factory.load(["cathode.coater.loading.repeat=1 %"])


def test_window_and_plan_are_read(bench: Workbench) -> None:
    """In ticks and joules."""
    text = "window: {from: 12 h, until: 2 d}\nplan: {good_energy_per_day: 40 kWh}\nseed: 7"
    bench.edit("scenario", "seed: 7", text)
    scenario = bench.load()
    assert scenario.window_ticks == (43_200_000, 172_800_000)
    assert scenario.good_energy_per_day is not None
    assert scenario.good_energy_per_day.value == 144e6
