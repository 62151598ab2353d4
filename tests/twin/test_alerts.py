"""Alerts: one for what holds, a budget, acknowledgement and shelving by name, all of it audited."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.results.audit import entries
from linetwin.results.audit_check import verify
from linetwin.scenario import load
from linetwin.scenario.twin import AlertConfig, TwinConfig, WindowConfig
from linetwin.twin.assimilating.rows import Finding, Prediction
from linetwin.twin.board.alerts import DAY_S, GATHERED, Alerts
from linetwin.twin.board.desk import ASKED, Desk, ask
from linetwin.twin.board.signs import OUT_OF_STEP_S, Sign, SignKind, Situation, signs

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600.0
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
CLEARS = AlertConfig().clears_after_s


def sign(key: str, kind: SignKind = "drift", delay: float = 0.0) -> Sign:
    """Return a sign."""
    return Sign(key, kind, f"text of {key}", f"do something about {key}", 0, delay)


def look(alerts: Alerts, found: list[Sign], now: float) -> None:
    """Take what holds, where the line's time is ours [s]."""
    alerts.look(found, now, round(now * 1000))


def shown(alerts: Alerts) -> list[str]:
    """Return what people see: keys."""
    return [each.key for each in alerts.shown()]


def test_what_holds_is_told_once_and_again_after_it_has_cleared() -> None:
    """A sign that flickers stays one alert; after clearing it is another, with a new name."""
    alerts = Alerts(AlertConfig())
    for second in range(0, 3600, 10):
        look(alerts, [sign("pump")] if second % 60 < 30 else [], second)
    assert [each.id for each in alerts.shown()] == ["a0001"]
    look(alerts, [], 3600 + CLEARS)
    assert [each.state for each in alerts.shown()] == ["cleared"]
    look(alerts, [sign("pump")], 3700 + CLEARS)
    assert [(each.id, each.state) for each in alerts.shown()] == [("a0002", "new")]


@pytest.mark.parametrize("pace", [1.0, 120.0])
def test_an_alert_clears_after_a_time_of_the_line(pace: float) -> None:
    """Beside a plant that is played faster it takes as much less of our time."""
    alerts = Alerts(AlertConfig())
    alerts.look([sign("pump")], 0.0, 0)
    for line_s, state in ((CLEARS - 1, "new"), (CLEARS, "cleared")):
        alerts.look([], line_s / pace, round(line_s * 1000))
        assert [each.state for each in alerts.shown()] == [state]


def test_what_a_correction_has_taken_back_clears_at_once_with_that_word() -> None:
    """Only where its sign has gone; what is seen again after that is another alert."""
    told: list[str] = []
    alerts = Alerts(AlertConfig(), lambda _who, what, *_: told.append(what))
    for found in ([sign("pump"), sign("rolls")], [sign("rolls")]):
        alerts.look(found, 0.0, 0, {"pump", "rolls"} if len(found) == 1 else ())
    assert [(each.key, each.state) for each in alerts.shown()] == [
        ("rolls", "new"), ("pump", "withdrawn"),
    ]  # fmt: skip
    assert told[-1] == "alert withdrawn"
    alerts.look([sign("pump"), sign("rolls")], 1.0, 1000)
    assert [(e.id, e.key, e.state) for e in alerts.shown()][-1] == ("a0003", "pump", "new")


def test_an_acknowledged_alert_goes_when_its_sign_does() -> None:
    """One that nobody has acknowledged stays in sight; each needs a name, and is met once."""
    alerts = Alerts(AlertConfig())
    look(alerts, [sign("pump"), sign("rolls")], 0)
    first = next(each for each in alerts.shown() if each.key == "pump")
    alerts.acknowledge(first.id, "anna", 1)
    look(alerts, [], CLEARS + 1)
    assert shown(alerts) == ["rolls"]
    (rolls,) = alerts.shown()
    with pytest.raises(ScenarioError, match="who does it"):
        alerts.acknowledge(rolls.id, " ", 2)
    alerts.acknowledge(rolls.id, "anna", 3)
    assert shown(alerts) == []
    with pytest.raises(ScenarioError, match="there is no alert 'a0009'"):
        alerts.acknowledge("a0009", "anna", 4)


def test_a_shelf_ends_by_itself() -> None:
    """Shelving asks for a reason and has an end; what holds comes back, what does not is told."""
    alerts = Alerts(AlertConfig(shelve_at_most_s=2 * HOUR))
    look(alerts, [sign("pump"), sign("rolls")], 0)
    for each in alerts.shown():
        alerts.shelve(each.id, HOUR, "anna", "being repaired", 0)
    assert (shown(alerts), len(alerts.shelved())) == ([], 2)
    name = alerts.shelved()[0].id
    for seconds, reason, message in (
        (3 * HOUR, "why not", "cannot be shelved for 10800 s"),
        (0.0, "why not", "cannot be shelved for 0 s"),
        (HOUR, " ", "why is"),
    ):
        with pytest.raises(ScenarioError, match=message):
            alerts.shelve(name, seconds, "anna", reason, 0)
    look(alerts, [sign("pump")], HOUR - 1)
    assert shown(alerts) == []
    look(alerts, [sign("pump")], HOUR)
    assert sorted((e.key, e.state) for e in alerts.shown()) == [
        ("pump", "new"), ("rolls", "cleared"),
    ]  # fmt: skip


def test_beyond_the_budget_all_but_the_urgent_are_one() -> None:
    """The most urgent are told first; what was gathered is told when there is room again."""
    alerts = Alerts(AlertConfig(budget_per_day=2))
    found = [sign(f"p{n}") for n in range(4)] + [sign("shift", "change"), sign("link", "stale")]
    look(alerts, found, 0)
    assert shown(alerts) == ["link", "p0", GATHERED]
    assert alerts.shown()[-1].text.startswith("4 more")
    look(alerts, [*found, sign("disk", "unsaved")], 10)
    assert set(shown(alerts)) == {"link", "disk", "p0", GATHERED}
    look(alerts, found, DAY_S + 11)
    assert {"p1", "p2"} <= set(shown(alerts))
    assert alerts.shown()[-1].text.startswith("2 more")


def test_a_sign_may_have_to_hold_for_a_while() -> None:
    """What passes in less is not told; the while is the line's, whatever the plant's pace."""
    alerts = Alerts(AlertConfig())
    behind = sign("behind", delay=60)
    for second in (0, 50, 100):
        held = [replace(behind, since=second * 1000)] if second != 50 else []
        look(alerts, held, second / 60)
    assert shown(alerts) == []
    look(alerts, [replace(behind, since=160_000)], 160 / 60)
    assert shown(alerts) == ["behind"]
    assert alerts.shown()[0].since == 100_000


@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from("abcdefgh")),
            st.integers(1, 40_000),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_no_day_has_more_than_its_budget(steps: list[tuple[set[str], int, bool]]) -> None:
    """Whatever holds and whatever people do: no 24 h see more raised than the budget has.

    A saved state goes on as if nothing had been.
    """
    raised: list[float] = []
    now = 0.0
    alerts = Alerts(
        AlertConfig(budget_per_day=3),
        lambda _who, what, _alert, _: raised.append(now) if what == "alert raised" else None,
    )
    for keys, wait, acknowledge in steps:
        now += wait
        look(alerts, [sign(key) for key in sorted(keys)], now)
        again = Alerts(alerts.config, alerts.tell)
        again.load(json.loads(json.dumps(alerts.save())))
        assert again.shown() == alerts.shown()
        alerts = again
        for each in alerts.shown() if acknowledge else []:
            if each.id != GATHERED and not each.acknowledged_by:
                alerts.acknowledge(each.id, "anna", now)
        assert len({each.key for each in alerts.shown()}) == len(alerts.shown())
    for at in raised:
        assert sum(at - DAY_S < each <= at for each in raised) <= 3


def test_another_process_asks_and_the_twin_does(tmp_path: Path) -> None:
    """Requests come through a file; what is asked, refused and done stands in the audit log."""
    now = 1000.0
    desk = Desk(tmp_path, AlertConfig(), lambda: now)
    desk.look([sign("pump"), sign("rolls")], 0)
    ask(tmp_path, {"what": "acknowledge", "id": "a0001", "by": "anna"})
    shelf = {"what": "shelve", "id": "a0002", "by": "ben", "seconds": HOUR, "reason": "known"}
    ask(tmp_path, shelf)
    with pytest.raises(ScenarioError, match=r"no alert 'a7' \(alerts: a0001, a0002\)"):
        ask(tmp_path, shelf | {"id": "a7"})
    with pytest.raises(ScenarioError, match="too long"):
        ask(tmp_path, shelf | {"seconds": 9 * HOUR})
    with (tmp_path / ASKED).open("ab") as stream:
        stream.write(b'rubbish\n{"what": "acknowledge", "id": "a0001", "by": "eve"}\n{"half')
    now += 1
    desk.look([sign("pump"), sign("rolls")], 0)
    assert [(e.key, e.acknowledged_by) for e in desk.alerts.shown()] == [("pump", "anna")]
    assert [each.shelved_by for each in desk.alerts.shelved()] == ["ben"]
    assert any("no request" in each for each in desk.notices)
    again = Desk(tmp_path, AlertConfig(), lambda: now)
    assert again.alerts.shown() == desk.alerts.shown()
    now += HOUR
    again.look([sign("pump"), sign("rolls")], 0)
    assert len(again.alerts.shown()) == 2
    said = [(each.who, each.what) for each in entries(tmp_path / "audit.jsonl")]
    assert said.count(("anna", "alert acknowledged")) == 1
    assert ("ben", "alert shelved") in said
    assert ("eve", "alert request refused") in said
    assert ("twin", "alert back from the shelf") in said
    verify(tmp_path / "audit.jsonl")


def prediction(median: float, spread: float, **changes: object) -> Prediction:
    """Return a prediction of porosity."""
    fields = {
        "id": "p1", "made_tick": 7, "station": "cathode.calender", "lot": "roll-3",
        "quantity": "porosity", "unit": "1", "median": median, "low": median - 1.96 * spread,
        "high": median + 1.96 * spread, "open_loop": median,
    }  # fmt: skip
    return Prediction(**(fields | changes))  # type: ignore[arg-type]


WINDOW = WindowConfig(
    "cathode.calender", "porosity", "", 0.30, 0.36, 0.5, "change the line load", "A", "recipe"
)


@pytest.mark.parametrize(
    ("median", "spread", "told"),
    [(0.33, 0.01, 0), (0.37, 0.01, 1), (0.359, 0.01, 0), (0.33, 0.2, 1)],
)
def test_a_lot_that_will_lie_outside_is_told(median: float, spread: float, told: int) -> None:
    """More likely outside than in, by the normal distribution of the prediction."""
    config = TwinConfig(alerts=AlertConfig(windows=(WINDOW,)))
    found = signs(Situation(9, predictions=[prediction(median, spread)]), config)
    assert len(found) == told
    if told:
        assert (found[0].priority, found[0].action) == ("high", "change the line load")
        assert "roll-3" in found[0].text


def test_within_a_process_the_last_phase_counts() -> None:
    """The solvent that is left after the last zone has a window, that before it has none."""
    changes = {"quantity": "solvent_loading", "kind": "drying", "station": "cathode.coater"}
    zones = [prediction(0.1 / place, 0.001, place=place, **changes) for place in (1, 2, 3)]
    window = WindowConfig(
        "cathode.coater",
        "solvent_loading",
        "drying",
        -float("inf"),
        0.03,
        0.5,
        "dry",
        "A",
        "recipe",
    )
    found = signs(
        Situation(9, predictions=zones), TwinConfig(alerts=AlertConfig(windows=(window,)))
    )
    assert len(found) == 1
    assert "at most" in found[0].text


def test_a_station_in_step_again_is_no_alert_any_more() -> None:
    """Whatever the pace: told after an hour of the line, cleared at the next look in step."""
    alerts, hour = Alerts(AlertConfig()), round(OUT_OF_STEP_S * 1000)
    for tick in (0, hour):
        behind = signs(Situation(tick, behind={"anode.mixer": 1}), TwinConfig())
        alerts.look(behind, tick / 60_000, tick)
    assert [each.state for each in alerts.shown()] == ["new"]
    alerts.look([], hour / 60_000 + 1, hour + 60_000)
    assert [each.state for each in alerts.shown()] == ["cleared"]


def test_findings_and_the_twins_own_state_are_signs() -> None:
    """Each has an action; being behind is told once it lasts, a fresh source never."""
    finding = Finding("bias", ("gauge",), 5, "gauge +1 % to +2 % (95 %)")
    unsure = Finding("ambiguous", ("gauge", "pump"), 5, "either", "a scale would tell")
    situation = Situation(
        9,
        findings=[finding, unsure],
        silent={"plc": 61.0, "lab": 1.0},
        behind={"cathode.coater": 2, "anode.coater": 0},
        unsaved="no space left",
    )
    found = {each.kind: each for each in signs(situation, TwinConfig())}
    assert set(found) == {"bias", "ambiguous", "stale", "out_of_step", "unsaved"}
    assert all(each.action for each in found.values())
    assert found["ambiguous"].action == "a scale would tell"
    assert found["out_of_step"].delay_s == OUT_OF_STEP_S
    assert found["out_of_step"].key == "out of step cathode.coater"


@pytest.fixture
def live_twin(tmp_path: Path) -> Callable[[str], Path]:
    """Return how to write the shipped twin with other alerts."""
    text = (SCENARIOS / "live_twin.yaml").read_text()
    text = text.replace(": lines/", f": {SCENARIOS}/lines/")
    text = text.replace(": recipes/", f": {SCENARIOS}/recipes/")
    head, _, rest = text.partition("  alerts:")
    rest = "".join(line for line in rest.splitlines(keepends=True)[1:] if line[0] != " ")

    def write(alerts: str) -> Path:
        (tmp_path / "twin.yaml").write_text(f"{head}  alerts: {{{alerts}}}\n{rest}")
        return tmp_path / "twin.yaml"

    return write


def test_the_scenario_says_what_is_allowed(live_twin: Callable[[str], Path]) -> None:
    """Budget, shelf and windows are read; what is wrong names file, key and what is allowed."""
    scenario = load(live_twin("budget: 4, shelve_at_most: 2 h, windows: [{address: "
        "cathode.calender.porosity, low: 30 %, action: act, tag: A, source: recipe}]"))  # fmt: skip
    assert scenario.twin is not None
    alerts = scenario.twin.alerts
    assert (alerts.budget_per_day, alerts.shelve_at_most_s) == (4, 7200.0)
    assert (alerts.windows[0].low, alerts.windows[0].high) == (0.3, float("inf"))
    with pytest.raises(ScenarioError) as refused:
        load(live_twin("windows: [{address: cathode.calender.porosty, high: 1 %, action: act, "
            "tag: A, source: x}, {address: anode.calender.porosity, low: 40 %, high: 30 %, "
            "action: act, tag: A, source: x}]"))  # fmt: skip
    text = str(refused.value)
    assert "twin.alerts.windows" in text
    assert "cathode.calender.porosity" in text
    assert "is not above low" in text


def test_a_source_that_is_heard_again_has_no_alert_and_the_next_outage_has_its_own() -> None:
    """Silence is seen as it is: its alert has cleared at once, and is another one after that."""
    alerts = Alerts(AlertConfig())

    def names(age_s: float, now: float) -> list[tuple[str, str]]:
        look(alerts, signs(Situation(9, silent={"plc": age_s}), TwinConfig()), now)
        return [(each.id, each.state) for each in alerts.shown()]

    assert names(61.0, 0.0) == [("a0001", "new")]
    assert names(0.2, 1.0) == [("a0001", "cleared")]
    assert names(61.0, 70.0) == [("a0002", "new")]


def test_a_file_is_silent_only_by_its_own_limit_and_open_loop_is_said_where_it_is() -> None:
    """A laboratory that has nothing to tell is no outage."""
    silent, limits = {"lab": 4000.0, "log": 4000.0}, {"lab": math.inf, "log": 3600.0}
    for open_loop in (False, True):
        situation = Situation(9, silent=silent, limits=limits, open_loop=open_loop)
        (found,) = signs(situation, TwinConfig())
        assert found.text == "nothing has come from log for longer than 3600 s"
        assert ("open loop" in found.action) == open_loop


def test_one_of_several_stays_one_alert_while_its_rivals_come_and_go() -> None:
    """The likeliest cause names the alert; the text, and who is meant, are those of now."""
    alerts = Alerts(AlertConfig())
    for names in (("dryer", "vapour"), ("dryer", "exhaust", "vapour"), ("dryer", "rolls")):
        finding = Finding("ambiguous", names, 5, "either", "another would tell")
        look(alerts, signs(Situation(10, [finding]), TwinConfig()), 100.0)
    (found,) = alerts.shown()
    assert found.names == ["dryer", "rolls"]
    assert "dryer or rolls" in found.text
