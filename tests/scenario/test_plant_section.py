"""The section `plant` of a scenario: read in ticks, and every mistake told in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.hiding import PlantConfig
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from pathlib import Path

BASELINE = find_scenario("baseline").resolve()


def written(folder: Path, plant: str) -> Path:
    """Return a scenario with this section."""
    text = BASELINE.read_text("utf-8")
    for name in ("line", "recipe", "prices"):
        text = text.replace(f"\n{name}: ", f"\n{name}: {BASELINE.parent}/")
    file = folder / "shown.yaml"
    file.write_text(text.replace("name: baseline", "name: shown") + plant, "utf-8")
    return file


def test_without_a_section_nothing_is_hidden() -> None:
    """A scenario without the section opens at once, and its text says that there is none."""
    scenario = load(BASELINE)
    assert scenario.plant == PlantConfig()
    assert "\nplant: null" in scenario.text


def test_times_are_ticks_and_shares_are_parts(tmp_path: Path) -> None:
    """Times of each hiding are ticks of 1 ms, a drifting clock gains seconds a day."""
    section = """
plant:
  opens: 6 h
  starved_after: 10 min
  hides:
    - {tags: "*/Energy/*", kind: late, delay: 20 s, share: 10 %, from: 1 h, until: 2 h}
    - {tags: cathode.mixer/*, kind: clock, offset: -90 s, per_day: 8.64 s}
"""
    plant = load(written(tmp_path, section)).plant
    late, clock = plant.hides
    assert (plant.opens_tick, plant.starved_after) == (21_600_000, 600_000)
    assert (late.delay_ticks, late.share, late.start_tick, late.end_tick) == (
        20_000, 0.1, 3_600_000, 7_200_000,
    )  # fmt: skip
    assert (clock.offset_ticks, clock.rate, clock.end_tick) == (-90_000, pytest.approx(1e-4), None)


def test_an_instrument_has_terms_as_a_gauge(tmp_path: Path) -> None:
    """A bias or scatter is in the quantity's unit or, all of it, in percent of the reading."""
    section = """
plant:
  instruments:
    - {name: scale, address: cathode.coater.loading, bias: 0.1 mg/cm2, repeatability: 0.2 mg/cm2}
    - {address: cathode.calender.coating_thickness, repeatability: 1 %}
"""
    scale, gauge = load(written(tmp_path, section)).plant.instruments
    assert (scale.name, scale.station, scale.quantity) == ("scale", "cathode.coater", "loading")
    assert (scale.bias, scale.repeatability) == pytest.approx((0.001, 0.002))
    assert (gauge.name, gauge.repeatability, gauge.percent) == ("coating_thickness", 1.0, True)


@pytest.mark.parametrize(
    ("instrument", "told"),
    [
        ("{address: cathode.press.loading}", "no station 'cathode.press'"),
        ("{address: cathode.coater.weight}", "no quantity 'weight'"),
        ("{address: cathode.coater.evaporated_solvent@4}", "no zone '4'.*@1 to .*@3"),
        ("{address: cathode.coater.evaporated_solvent}", "of which zone"),
        ("{address: cathode.calender.porosity@1}", "no zone '1'.*a dryer has zones"),
        ("{address: cathode.coater.loading, bias: 1 mg/cm2, repeatability: 1 %}", "units"),
    ],
)
def test_a_wrong_instrument_is_told_with_its_key(
    tmp_path: Path, instrument: str, told: str
) -> None:
    """File, key path and what is allowed."""
    with pytest.raises(ScenarioError, match=told) as error:
        load(written(tmp_path, f"\nplant:\n  instruments:\n    - {instrument}\n"))
    assert "plant.instruments" in str(error.value)


WRONG = {
    "late needs delay": "{tags: a, kind: late}",
    "missing has no delay": "{tags: a, kind: missing, delay: 1 s}",
    "clock has no share": "{tags: a, kind: clock, offset: 1 s, share: 10 %}",
    "ends before it begins": "{tags: a, kind: missing, from: 2 h, until: 1 h}",
    "kind": "{tags: a, kind: lost}",
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_hiding_is_told_with_its_key(tmp_path: Path, message: str) -> None:
    """File, key path and what is allowed."""
    file = written(tmp_path, f"\nplant:\n  hides:\n    - {WRONG[message]}\n")
    with pytest.raises(ScenarioError, match=message) as told:
        load(file)
    assert "plant.hides" in str(told.value)
    assert "shown.yaml" in str(told.value)
