"""A mixer that disperses until its slurry is fine enough: the group of the documentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from line_support import BASELINE, HOUR, Memory, pilot

from linetwin.cli.compose import make_world, release
from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from linetwin.line.world import World


def mixing(model: str, **events: str) -> tuple[World, Memory]:
    """Return the small order on FMUs, with this model of the cathode's slurry."""
    scenario, name = pilot(), "cathode.mixer"
    station = scenario.stations[name]
    process = replace(station.processes["mixing"], model=model, events=events)
    station = replace(station, processes={"mixing": process})
    scenario = replace(scenario, stations={**scenario.stations, name: station})
    sink = Memory()
    return make_world(scenario, BASELINE.parent / scenario.files[1], sink), sink


def documented(folder: Path) -> Path:
    """Write the group of the documentation."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "master.md").read_text("utf-8")
    file = folder / "mixing_to_fineness.yaml"
    text = page.split(f"```yaml\n# {file.name}")[1].split("```")[0]
    file.write_text(text, encoding="utf-8")
    return file


def told(sink: Memory) -> list[int]:
    """Return the ticks of the mixer's events."""
    return [row["tick"] for row in sink.rows["events"] if row["cause"] == "mixing.dispersed"]


def until(world: World, tick: int) -> None:
    """Serve what comes before a tick."""
    while (coming := world.next_tick()) is not None and coming < tick:
        world.step()


def test_the_mixer_of_the_documentation(tmp_path: Path) -> None:
    """It disperses until it is fine enough: then the same mixer without a group is, too."""
    file = documented(tmp_path)
    world, sink = mixing(str(file), dispersed="disperse")
    world.begin()
    until(world, 8 * HOUR)  # it doses from six to seven
    while not (ticks := told(sink)):
        assert world.step()
    (tick,) = ticks
    assert 8 * HOUR < tick < 9 * HOUR  # by the recipe until ten
    until(world, tick + 1)
    mixer = world.station("cathode.mixer")
    assert (mixer.state.operation, mixer.state.began) == ("discharge", tick)
    lots = [lot for lot in world.lots.open_lots() if lot.kind == "slurry_batch"]
    (batch,) = [lot for lot in lots if lot.maker == mixer.name]
    assert batch.properties["mixed_at"] == tick / 1000
    assert batch.properties["agglomerate_size"] == pytest.approx(3.5e-7, rel=1e-6)
    plain, _ = mixing("mixing")
    plain.begin()
    until(plain, tick)
    (slurry,) = [m for n, m in plain.station("cathode.mixer").models().items() if n == "mixing"]
    slurry.advance(tick, {})
    size = slurry.read(["agglomerate_size"])["agglomerate_size"]
    assert size == pytest.approx(3.5e-7, rel=1e-4)
    release(world)
    release(plain)


def test_an_operation_that_no_event_ends(tmp_path: Path) -> None:
    """Dosing is refused by name, with what can be ended."""
    file = documented(tmp_path)
    with pytest.raises(ScenarioError, match="no event ends 'dose'") as found:
        mixing(str(file), dispersed="dose")
    (problem,) = found.value.problems
    assert problem.key.endswith("processes.mixing.events.dispersed.ends")
    assert "disperse, clean" in problem.hint
