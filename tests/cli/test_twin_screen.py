"""What stands on the screen of a twin: units that people read, and which instrument has read."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np

from linetwin.cli.twin_screen import _behind, _estimate, _innovation, _predicted, _readings, _words
from linetwin.cli.twin_state import State
from linetwin.cli.twin_status import Telling
from linetwin.cli.twin_view import StationNow, View
from linetwin.scenario import load
from linetwin.twin.assimilating.belonging import Waiting
from linetwin.twin.assimilating.rows import Estimated, Finding, Innovations, Outcome, Prediction
from linetwin.twin.board.alerts import Alert
from linetwin.twin.writing.status import STATUS, StatusFile

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cli.twin_clock import WallClock
    from linetwin.twin.assimilating import Assimilator
    from linetwin.twin.board.board import Board
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.session import Session

COATER = "cathode.coater"
LOADING = Prediction("p1", 0, COATER, "roll-7", "loading", "kg/m2", 0.185, 0.183, 0.187, 0.19)
SESSION = cast("Session", SimpleNamespace(called=lambda _station, lot: lot))


def view() -> View:
    """Return a view without a board."""
    return View(cast("Board", SimpleNamespace()))


def test_each_instrument_stands_by_name_below_what_it_has_read() -> None:
    """Gauge and scale read one lot: two rows, each with the lot that was read last."""
    seen = view()
    seen.take([LOADING], [])
    for number, (gauge, value) in enumerate([("gauge", 0.1862), ("scale", 0.1851)]):
        seen.take([], [Outcome("p1", number, number, gauge, value, 1e-3, "R-7")])
    rows = list(_predicted(seen, SESSION))
    assert rows == [
        ["cathode.coater, lot roll-7", "", "", "", "", ""],
        ["  loading", "18.5", "18.3 to 18.7", "mg/cm²", "19", ""],
        ["    R-7 by gauge", "", "", "mg/cm²", "", "18.62"],
        ["    R-7 by scale", "", "", "mg/cm²", "", "18.51"],
    ]


def test_each_quantity_stands_below_its_own_lot() -> None:
    """Stations take turns in predicting, and one may have predicted another lot since."""
    seen = view()
    soak = replace(LOADING, station="cell.soak", lot="tray-3", quantity="wetting_time", unit="s")
    length = replace(LOADING, lot="roll-8", quantity="drying_length", unit="m")
    seen.take([LOADING, soak, length], [])
    assert [row[0].partition(",")[0].strip() for row in _predicted(seen, SESSION)] == [
        "cathode.coater", "loading", "cathode.coater", "drying_length", "cell.soak", "wetting_time",
    ]  # fmt: skip


def test_of_a_dryers_zones_those_are_shown_behind_which_the_film_is_wet() -> None:
    """What is left behind the last ones is nothing that a laboratory would see."""
    seen = view()
    zone = replace(LOADING, quantity="solvent_loading", kind="drying", open_loop=math.nan)
    left = (0.03, 1e-9, 1e-17)
    seen.take(
        [
            replace(zone, place=place, median=each, low=0.9 * each, high=1.1 * each)
            for place, each in enumerate(left, start=1)
        ],
        [],
    )
    assert [row[:4] for row in _predicted(seen, SESSION)][1:] == [
        ["  solvent_loading, zone 1", "30", "27 to 33", "g/m²"]
    ]


def test_estimates_stand_in_percent_or_in_display_units() -> None:
    """Never a kilogram on a square metre."""
    config = load("live_twin").twin
    assert config is not None
    states = {each.name: each for each in config.states}
    rolls = Estimated("cathode_rolls", "factor", "a", "1", 0.95, 0.93, 0.97, 0.1, 0.02)
    assert _estimate(rolls, states["cathode_rolls"]) == [
        "cathode_rolls", "-5", "-7 to -3", "%", "±19.6",
    ]  # fmt: skip
    loose = replace(rolls, low=0.75, high=1.15)
    assert _estimate(loose, states["cathode_rolls"])[1:3] == ["not measured", ""]
    scale = Estimated("cathode_scale", "bias", "a", "kg/m2", 1e-4, 0.0, 2e-4, 2e-4, 2e-4)
    assert _estimate(scale, states["cathode_scale"]) == [
        "cathode_scale", "+0.01", "+0 to +0.02", "mg/cm²", "±0.0392",
    ]  # fmt: skip
    wide = replace(scale, median=-0.113, low=-0.12, high=-0.106)  # as wide as before, yet off
    assert _estimate(wide, states["cathode_scale"])[1] == "-11.3"
    refused = replace(scale, refused="1000 times too little")
    assert _estimate(refused, states["cathode_scale"])[1:3] == [
        "refused: 1000 times too little",
        "",
    ]


def test_innovations_stand_beside_their_limit() -> None:
    """Of one reading neither spread nor correlation is known; 0.01 of chi-squared of 1 is 6.63."""
    one = Innovations(1, 2.0, math.nan, math.nan, 4.0, 1, 0.95, "gauge", "a", 5, 1)
    assert _innovation(one) == ["gauge", "1", "2.00", "", "", "4.0", "6.6"]
    refused = replace(one, refused="1000 times too little")
    assert _innovation(refused)[:4] == ["gauge", "1", "refused: 1000 times too little", ""]


def test_a_refused_instrument_stands_beside_the_state_on_every_surface() -> None:
    """What the server and JSON give as the reason is what the screen's first line says."""
    gauge = Innovations(1, 2.0, math.nan, math.nan, 4.0, 1, 0.95, "gauge", "a", 5, 1)
    read_by = [replace(gauge, refused="1,000 times too little"), replace(gauge, instrument="scale")]
    assimilator = SimpleNamespace(innovations=lambda: read_by)
    session = cast("Session", SimpleNamespace(parts=SimpleNamespace(assimilator=assimilator)))
    for state, reason in (
        (State("in step"), "readings of gauge refused"),
        (State("stale", reason="old"), "old, readings of gauge refused"),
    ):
        assert view().reason(session, state) == reason
    read_by[0] = gauge
    assert view().reason(session, State("in step")) == ""


def read(*waiting: Waiting, **counts: int) -> Assimilator:
    """Return what stands in for an assimilator whose readings wait or were set aside."""
    told = SimpleNamespace(
        waiting=lambda: waiting, counts=Counter(counts), set_aside="scale read 9 of R-3: too much"
    )
    return cast("Assimilator", told)


def test_readings_say_for_which_lot_they_wait_and_which_were_set_aside() -> None:
    """A lot that can come is waited for, one that cannot is not known; one thing is no plural."""
    told = read(
        Waiting("scale", "roll-0013", 3, can_come=True),
        Waiting("scale", "roll-0014", 1, can_come=True),
        Waiting("scale", "XY-1", 1, can_come=False),
        Waiting("gauge", "roll-0013", 1, can_come=True),
        **{"set aside": 1, "half made": 2},
    )
    assert list(_readings(told)) == [
        "scale: 4 readings wait until roll-0013, roll-0014 are handed over",
        "scale: 1 reading of lots that are not known: XY-1; look at their names",
        "gauge: 1 reading waits until roll-0013 is handed over",
        "1 reading set aside; the last: scale read 9 of R-3: too much",
        "2 readings of lots half made as the twin joined: not learnt from",
    ]
    assert list(_readings(read())) == []
    many = (Waiting("scale", f"XY-{number}", 1, can_come=False) for number in range(7))
    (words,) = _readings(read(*many))
    assert words.endswith(
        "not known: XY-0, XY-1, XY-2, XY-3, XY-4 and 2 others; look at their names"
    )


def test_the_screen_says_which_time_a_row_of_a_file_would_have() -> None:
    """Beside line time the plant's, and of each file in its zone, by its clock and its format."""
    table = SimpleNamespace(time_format="")
    lab = SimpleNamespace(table=table, zone="Europe/Berlin", clock_offset_s=60.0)
    other = SimpleNamespace(
        table=SimpleNamespace(time_format="%d.%m.%Y %H:%M"), zone="UTC", clock_offset_s=0.0
    )
    plant = SimpleNamespace(table=None)
    sources = {"lab": lab, "other": other, "plant": plant}
    latest = cast("Latest", SimpleNamespace(mapping=SimpleNamespace(sources=sources)))
    seen, tick = view(), 11 * 3_600_000 + 25 * 60_000 + 53_000
    assert (seen.plant_time(tick), seen.row_time(latest, "lab", tick)) == ("", "")
    seen.origin = 1_795_392_000 * 10**9  # Monday 2026-11-23, 00:00 UTC
    assert seen.line_time(tick) == "day 0 11:25:53"
    assert seen.plant_time(tick) == "(2026-11-23 11:25:53 UTC)"
    assert seen.row_time(latest, "lab", tick) == "2026-11-23 12:26:53 (Europe/Berlin)"
    assert seen.row_time(latest, "other", tick) == "23.11.2026 11:25 (UTC)"
    assert seen.row_time(latest, "plant", tick) == ""


def test_a_finding_that_an_alert_tells_is_told_once() -> None:
    """Of two findings with one alert between them the other stands for itself."""
    bias = Finding("bias", ("gauge",), 0, "gauge is off")
    one_of = Finding("ambiguous", ("pump", "scale"), 0, "one of two is off")
    drift = Finding("drift", ("rolls",), 0, "rolls are off", "look")
    alerts = [
        Alert(f"A{n}", n, each.kind, "medium", each.text, "do", 0, 0.0, 0.0, names=[*each.names])
        for n, each in (("one", bias), ("two", one_of))
    ]
    view = cast("View", SimpleNamespace(alerts=alerts))
    parts = SimpleNamespace(assimilator=read())
    session = SimpleNamespace(findings=lambda: [bias, one_of, drift], parts=parts)
    told = [each.plain for each in _words(view, cast("Session", session))]
    assert [each.split(":")[0] for each in told] == [
        "Aone medium new", "Atwo medium new", "drift",
    ]  # fmt: skip


def test_stations_that_are_behind_are_told_by_lots() -> None:
    """The furthest behind first."""
    stations = [StationNow("mixer", "", "", 1), StationNow("soak", "", "", 3)]
    assert _behind(stations) == "soak by 3 lots, mixer by 1 lot"


def test_all_lots_that_readings_wait_for_are_in_the_status(tmp_path: Path) -> None:
    """However many they are; a reader of the status passes them over."""
    assimilator = read(*(Waiting("scale", f"XY-{n}", 1, can_come=False) for n in range(7)))
    leader = SimpleNamespace(apart=dict)
    told = SimpleNamespace(
        parts=SimpleNamespace(assimilator=assimilator),
        follower=SimpleNamespace(leader=leader),
        findings=list,
    )
    mapping = SimpleNamespace(signals=[], sources={})
    nothing = np.zeros(0, np.uint32)
    latest = SimpleNamespace(
        mapping=mapping, health={}, flags=nothing, changes=nothing, stale=lambda _: nothing > 0
    )
    clock = SimpleNamespace(steady_s=lambda: 5.0, utc_s=lambda: 7.0, utc_ns=lambda: 7)
    state = State("in step")
    telling = Telling(tmp_path, cast("WallClock", clock), load("live_twin"), lambda: state)
    telling.tell(cast("Session", told), cast("Latest", latest), 0.0)
    content = json.loads((tmp_path / STATUS).read_text())
    assert content["waiting"] == {"scale": [f"XY-{n}" for n in range(7)]}
    said = StatusFile(tmp_path).read()
    assert said is not None
    assert said.state == "in step"
