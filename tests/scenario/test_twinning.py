"""The section `twin` of a scenario: what it says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def test_the_shipped_twin_is_read_in_canonical_units() -> None:
    """Percent become parts, micrometres metres; the resolved text holds all of it."""
    scenario = load(SCENARIOS / "live_twin.yaml")
    assert scenario.twin is not None
    rolls = next(each for each in scenario.twin.estimates if each.name == "cathode_rolls")
    assert (rolls.station, rolls.process) == ("cathode.calender", "calendering")
    assert (rolls.prior, rolls.wanders, rolls.band) == (0.1, 0.01, 0.02)
    readers = {each.name: each for each in scenario.twin.instruments}
    assert readers["cathode_thickness"].repeatability == pytest.approx(3e-7)
    assert not readers["cathode_thickness"].relative
    assert readers["cathode_gauge"].relative
    assert readers["cathode_gauge"].prior == pytest.approx(0.005)
    assert (readers["cathode_vapour_2"].quantity, readers["cathode_vapour_2"].zone) == (
        "evaporated_solvent",
        2,
    )
    law = next(each for each in scenario.twin.estimates if each.law)
    assert law.address == "cathode.coater.drying.heat_transfer_coefficient@1"
    assert (law.acts_in(1), law.acts_in(2), rolls.acts_in(2)) == (True, False, True)
    assert scenario.twin.predicts[1].process == "drying"
    assert "cathode.calender.calendering.line_load" in scenario.text
    assert not scenario.deviations


WRONG = """twin:
  members: 4
  estimates:
    - {name: a, address: cathode.coater.coating.pump_flaw, prior: 1 %, tag: A, source: test}
    - {name: b, address: cathode.coter.coating.pump_flow, prior: 1 %, tag: A, source: test}
    - {name: c, address: cathode.coater.coating.pump_flow, prior: 0 %, tag: A, source: test}
    - {name: c, address: cathode.coater.coating.web_speed, prior: 1 %, tag: A, source: test}
    - {name: z, address: cathode.coater.drying.air_temperature@4, prior: 1 %, tag: A, source: test}
  instruments:
    - {name: y, reads: cathode.coater.evaporated_solvent, signal: y, bias: 1 %,
       repeatability: 1 %, tag: A, source: test}
    - {name: d, reads: cathode.coater.loading, signal: x, bias: 1 %,
       repeatability: 0.1 mg/cm2, tag: A, source: test}
  predicts: [cathode.coater.dried.solvent_loading, cathode.coater.loadings]
"""
TOLD = (
    "twin.estimates.0.address: cathode.coater.coating has no input 'pump_flaw' (did you mean pump",
    "twin.estimates.1.address: there is no station 'cathode.coter' (did you mean cathode.coater",
    "twin.estimates.2.prior: is not above zero (such as 2 %)",
    "twin.estimates.3.name: 'c' stands here twice (once)",
    "twin.estimates.4.address: there is no zone '4' (air_temperature@1 to air_temperature@3)",
    "twin.instruments.0.reads: of which zone is evaporated_solvent? (evaporated_solvent@1 to ",
    "twin.instruments.1: its amounts have different units (all in %, or none)",
    "twin.members: 4 members are too few for 7 estimates and instruments (at least 16)",
    "twin.predicts.0: cathode.coater has no process 'dried' (allowed: coating, drying)",
    "twin.predicts.1: no quantity 'loadings' (did you mean loading",
)


def test_what_cannot_be_is_told_with_its_key(tmp_path: Path) -> None:
    """All of it at once: key, what is wrong and what is allowed."""
    text = (SCENARIOS / "live_twin.yaml").read_text("utf-8")
    head = text[: text.index("twin:\n")].replace("lines/", f"{SCENARIOS}/lines/")
    file = tmp_path / "twin.yaml"
    file.write_text(head.replace("recipes/", f"{SCENARIOS}/recipes/") + WRONG, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    told = str(caught.value)
    assert [each for each in TOLD if each not in told] == []
    assert len(caught.value.problems) == len(TOLD)
