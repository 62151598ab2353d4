"""Advice is right where the law is known, and is not shown before the twin has earned it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_assimilating import CALENDER, LOAD, Law, Press, scenario
from twinned import LIVE_TWIN

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.twin import AdviceConfig
from linetwin.twin.advising.advice import Adviser, Weighed, shadow
from linetwin.twin.advising.effects import Foresight
from linetwin.twin.assimilating.rows import Finding
from linetwin.twin.board.tally import Score
from linetwin.twin.writing.policy import panel_of

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000
CONFIG = AdviceConfig(shadow_s=7 * 86_400.0, predictions=50, coverage=0.9, ratio=1.0)
GOOD = Score(
    station=CALENDER,
    quantity="coating_thickness",
    place=0,
    kind="coating_thickness",
    unit="m",
    instrument="cathode_thickness",
    span="all",
    since=DAY,
    count=60,
    inside=57,
    share=0.95,
    low=0.86,
    high=0.99,
    error=1e-7,
    open_error=3e-7,
    ratio=3.0,
    crps=1e-7,
    brier=math.nan,
    open_brier=math.nan,
)


def adviser(off: float) -> tuple[Adviser, Press]:
    """Return who advises after a dozen rolls of a calender whose load is off."""
    press = Press(off)
    for number in range(1, 13):
        press.twin.measured(press.roll(number))
    config = scenario().twin
    assert config is not None
    foresight = Foresight(config, press.twin.estimator.save(), lambda *_: Law())
    found = Adviser(foresight, lambda _: "calender", panel_of(scenario()), lambda *_: LOAD)
    return found, press


def test_a_load_that_is_lost_is_set_again() -> None:
    """A tenth too little load: a ninth more is advised; the interval holds the law."""
    found, press = adviser(-0.1)
    (advice,) = found.weighed(press.twin.findings()).advice
    assert advice.name == "cathode_rolls"
    assert advice.lever.address == f"{CALENDER}.line_load"
    assert advice.lever.after == pytest.approx(LOAD / 0.9, rel=0.02)
    assert advice.target == pytest.approx(0.3, abs=1e-3)
    median, low, high = advice.change
    assert low - 1e-9 <= -0.08 * math.log(advice.lever.after / LOAD) <= high + 1e-9
    assert median < 0


def test_what_was_made_good_is_not_advised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the load that was advised the lots are as they should be, though the drift is there."""
    found, press = adviser(-0.1)
    (advice,) = found.weighed(press.twin.findings()).advice
    made_good = found.foresight.as_pulled(advice.lever)
    monkeypatch.setattr(Foresight, "as_set", lambda *_: made_good)
    weighed = found.weighed(press.twin.findings())
    assert weighed.advice == []
    assert "porosity may be as it should be" in weighed.barred["cathode_rolls"]


SHIFT = Finding("change", ("cathode_thickness",), 1, "readings of cathode_thickness have shifted")


@pytest.mark.parametrize("kind", ["ambiguous", "change", "mismatch", "bias"])
def test_advice_is_withheld_while_the_station_is_in_doubt(kind: str) -> None:
    """A drift that may be a gauge's bias, or stands beside what nothing explains, gives none."""
    found, press = adviser(-0.1)
    drifts = press.twin.findings()
    doubt = {
        "ambiguous": [
            replace(
                drifts[0],
                kind="ambiguous",
                names=("cathode_rolls", "cathode_thickness"),
                advice="another, independent measurement would tell",
            )
        ],
        "change": [*drifts, SHIFT],
        "mismatch": [*drifts, replace(SHIFT, kind="mismatch", names=())],
        "bias": [*drifts, replace(SHIFT, kind="bias")],
    }[kind]
    names = [each.name for each in found.weighed(doubt).advice]
    held = found.withheld(doubt)
    if kind == "bias":
        assert (names, held) == (["cathode_rolls"], {})
    else:
        assert (names, list(held)) == ([], ["cathode_rolls"])
        assert held["cathode_rolls"].startswith(f"{kind}: ")
        assert ("would tell" in held["cathode_rolls"]) == (kind == "ambiguous")


def test_nothing_is_advised_without_a_drift() -> None:
    """A machine as it should be: there is nothing to tell."""
    found, press = adviser(0.0)
    assert found.weighed(press.twin.findings()) == Weighed([], {})


def test_a_drift_that_only_more_than_is_allowed_makes_good_is_told() -> None:
    """The drift by name, what would be needed by the law, and the limit that forbids it."""
    found, press = adviser(-0.3)
    (drift,) = press.twin.findings()
    weighed = found.weighed([drift])
    assert weighed.advice == []
    told = weighed.barred["cathode_rolls"]
    assert told.startswith(drift.text)
    needed = float(told.partition("would have to be about ")[2].partition(" N/mm")[0])
    assert needed * 1e3 == pytest.approx(LOAD / 0.7, rel=0.03)
    (panel,) = (e for name, e in found.panel.items() if name == f"{CALENDER}.line_load")
    assert told.endswith(f"range ends at {panel.takes[1] / 1e3:g} N/mm")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"since": 2 * DAY}, "6.0 days (at least 7)"),
        ({"count": 49}, "49 predictions scored (at least 50)"),
        ({"share": 0.89}, "89% inside their intervals (at least 90%)"),
        ({"ratio": 0.8}, "0.8 times the twin's (at least 1)"),
    ],
)
def test_advice_is_not_shown_before_its_scores_are_met(change: dict[str, float], told: str) -> None:
    """One score of the station that falls short keeps it back, and says by how much."""
    now = 8 * DAY
    assert shadow(CONFIG, [GOOD], CALENDER, now).is_over
    short = shadow(CONFIG, [GOOD, replace(GOOD, **change)], CALENDER, now)  # type: ignore[arg-type]
    assert not short.is_over
    assert "not yet" in short.text
    assert told in short.text
    assert shadow(CONFIG, [GOOD, replace(GOOD, station="a", **change)], CALENDER, now).is_over  # type: ignore[arg-type]
    for never in ([], [replace(GOOD, ratio=math.nan)], [replace(GOOD, span="30 d")]):
        assert not shadow(CONFIG, never, CALENDER, now).is_over


def test_the_plant_sets_the_limits(tmp_path: Path) -> None:
    """They stand in the section `twin`; what is no limit, and a wrong one, are told."""

    def limits(written: str) -> AdviceConfig:
        lines = LIVE_TWIN.read_text("utf-8").splitlines()
        lines = [each for each in lines if not each.startswith("  advice:")]
        text = "\n".join(lines).replace("\ntwin:\n", f"\ntwin:\n  advice: {written}\n")
        for name in ("line: ", "recipe: "):
            text = text.replace(f"\n{name}", f"\n{name}{LIVE_TWIN.parent.as_posix()}/")
        file = tmp_path / "own.yaml"
        file.write_text(text, encoding="utf-8")
        twin = load(file).twin
        assert twin is not None
        return twin.advice

    assert limits("{}") == AdviceConfig()
    assert limits("{shadow: 14 d, predictions: 80, coverage: 85 %, ratio: 1.5}") == AdviceConfig(
        14 * 86_400.0, 80, 0.85, 1.5
    )
    for wrong in ("{shadow: 7 kg}", "{sure: 3}", "{coverage: 130 %}"):
        with pytest.raises(ScenarioError, match="advice"):
            limits(wrong)
