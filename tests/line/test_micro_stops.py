"""Short stops and maintenance: what the engine does, told as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from doubles import DoubleContinuous, Doubles
from small_line import HOUR, Setting, number, play, story, told

from linetwin.scenario.resolved import MaintenanceConfig, MicroStopConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.contracts import Continuous
    from linetwin.scenario.resolved import StationConfig

JAM = MicroStopConfig("jam", number(1), number(60), number(0, "1"))
SERVED = {"a": {"maintenance": (MaintenanceConfig("service", number(15), number(30)),)}}


def test_the_operator_clears_a_micro_stop_without_the_crew() -> None:
    """Held for the time it takes, even while the crew is at home; the work goes on after it."""
    script = {("a", "failure.jam"): [4000], ("a", "repair.jam"): [3000]}
    setting = Setting(
        parts=1,
        script=script,
        calendars={"night": ((20 * HOUR, 21 * HOUR),)},
        crew_calendar="night",
        extra={"a": {"micro_stops": (JAM,)}},
        duration_s=HOUR,
    )
    world = play("a[10 s]", setting)
    assert story(world) == told("""
        0 a Execute
        4 a micro_stop jam
        4 a Held (jam)
        7 a Execute
        13 a done part-0001
        13 a Complete (order covered)
    """)


def test_maintenance_waits_for_the_end_of_an_operation_and_counts_work_only() -> None:
    """Due after 15 s of work, done after the second part; the next one 15 s of work later."""
    world = play("a[10 s]", Setting(parts=4, extra=SERVED))
    assert story(world) == told("""
        0 a Execute
        10 a done part-0001
        20 a done part-0002
        20 a maintenance service
        20 a Stopped (maintenance: service)
        50 a Execute
        60 a done part-0003
        70 a done part-0004
        70 a Complete (order covered)
    """)


def test_maintenance_waits_for_the_crew() -> None:
    """One technician repairs b; a, whose service is due, stands until the repair is done."""
    script = {("b", "failure.jam"): [5000], ("b", "repair.jam"): [40_000]}
    setting = Setting(parts=3, script=script, failing={"b": ["jam"]}, extra=SERVED)
    world = play("a[10 s] -> (5) -> b[10 s]", setting)
    lines = [line for line in story(world).splitlines() if " a " in line]
    assert lines[4:8] == [
        "20 a give part-0002",
        "20 a Stopped (maintenance: service)",
        "55 a maintenance service",
        "85 a Execute",
    ]


@pytest.mark.parametrize("calendar", ["always", "days"])
def test_a_service_that_has_begun_is_finished(calendar: str) -> None:
    """The shift ends during a service: the crew finishes it, then the station is off shift."""
    setting = Setting(
        parts=4, calendars={"days": ((0, 30),)}, works_by={"a": calendar}, extra=SERVED
    )
    world = play("a[10 s]", setting)
    after = [line for line in story(world).splitlines() if line.startswith("50 a")]
    assert after == [{"always": "50 a Execute", "days": "50 a Stopped (off shift)"}[calendar]]


class Wearing(DoubleContinuous):
    """A machine that wears by a tenth an operation; maintenance takes it away."""

    def __init__(self) -> None:
        super().__init__("machine")
        self.total = 0.0
        self.removed: list[float] = []

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Wear at the end of each operation of ten seconds."""
        self.total = tick // 10_000 / 10
        if inputs["wear_removed"] not in self.removed:
            self.removed.append(inputs["wear_removed"])
        super().advance(tick, inputs)

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Wear since the last service, beside what every machine tells."""
        asked = list(names)
        return super().read(asked) | {"wear": self.total - self.removed[-1]} if asked else {}


class WornModels(Doubles):
    """Every station has the same machine."""

    def __init__(self) -> None:
        super().__init__()
        self.wearing = Wearing()

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return the machine."""
        del config
        return self.wearing


def test_maintenance_takes_the_wear_of_the_machine_away() -> None:
    """What the machine says that it is worn is taken away, and never twice."""
    models = WornModels()
    play("a[10 s]", Setting(parts=6, extra=SERVED, models=models, duration_s=300))
    first, *services = models.wearing.removed
    assert first == 0.0
    # served after 20 s of work at 50 s, after 20 s more at 100 s: no wear is taken away twice
    assert services == pytest.approx([0.5, 1.0])
