"""Settings that the report says to try are settings that the scenario takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from line_support import pilot

from linetwin.results.assumptions import Plan
from linetwin.results.lever import (
    _SCRAP,
    SEPARATOR,
    against_loss,
    against_scrap,
    pace,
    purchase,
    quicker,
)
from linetwin.scenario import addresses, reread

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts


@pytest.fixture(scope="module")
def facts() -> Facts:
    """Return the plan of the pilot line with no event."""
    import pandas as pd

    events = pd.DataFrame({"station": [], "event": [], "amount": []})
    return cast("Facts", SimpleNamespace(plan=Plan(reread.load(pilot().text)), events=events))


def _values(scenario: Any) -> dict[str, Any]:  # noqa: ANN401 - any scenario
    return {each.address: each.value for each in addresses(scenario)}


@pytest.mark.parametrize("reason", _SCRAP)
def test_a_setting_against_scrap_changes_its_addresses(facts: Facts, reason: str) -> None:
    """Loaded with the settings, just those addresses differ, by the factor stated."""
    kind, quantities, factor = _SCRAP[reason]
    place = "cell.ocv_test" if not kind else "cathode.slitter"
    group = next((g for g in facts.plan.members if facts.plan.kind(g) == kind), place)
    if group.startswith("cell."):
        place = group
    setting = against_scrap(facts, place, reason)
    assert setting.startswith(f"{group}.{quantities[0]}=")
    before, after = _values(pilot()), _values(pilot(60, *setting.split(SEPARATOR)))
    changed = {name: after[name] / before[name] for name in after if after[name] != before[name]}
    wanted = {f"{group}.{quantity}": factor for quantity in quantities}
    assert changed == pytest.approx(wanted, rel=2e-3)


def test_the_pace_of_every_group_can_be_set(facts: Facts) -> None:
    """A tenth more: each group of the pilot line has settings, and the scenario takes them."""
    settings = {group: pace(facts, group, stay=True)[1] for group in facts.plan.members}
    assert all(settings.values())
    pilot(60, *(each for setting in settings.values() for each in setting.split(SEPARATOR)))


@pytest.mark.parametrize(
    ("group", "loss", "halved"),
    [
        (
            "cathode.coater",
            "setting up",
            ["changeover_time", "unload_time", "die_cleaning_time"],
        ),
        ("cathode.coater", "failed", ["breakdown.time_to_repair", "web_break.time_to_repair"]),
        ("cell.stacker", "micro-stop", ["jam.time_to_clear"]),
        ("cell.stacker", "setting up", ["changeover_time"]),
    ],
)
def test_a_setting_against_a_loss_of_time_halves_it(
    facts: Facts, group: str, loss: str, halved: list[str]
) -> None:
    """Loaded with the settings, just those addresses differ, by a half."""
    setting = against_loss(facts, group, loss)
    before, after = _values(pilot()), _values(pilot(60, *setting.split(SEPARATOR)))
    changed = {name: after[name] / before[name] for name in after if after[name] != before[name]}
    assert changed == pytest.approx({f"{group}.{name}": 0.5 for name in halved}, rel=2e-3)


def test_more_places_are_bought_at_their_depreciation(facts: Facts) -> None:
    """A tenth more places, whole ones, at their price over the depreciation time of the table."""
    bought = purchase(facts, "cell.formation")
    has = facts.plan.number("cell.formation", "parallel_places")
    assert bought is not None
    assert has is not None
    assert bought.places == round(0.1 * has)
    years = facts.plan.content["prices"]["capital"]["depreciation_time"]["value"]["value"]
    price = facts.plan.content["prices"]["equipment"]["formation"]["price"]["value"]
    assert price == 20_000
    assert bought.depreciation == pytest.approx(bought.places * price / years / 365)
    assert quicker(facts, ["cell.formation", "cathode.coater"]) == (
        f"buy {bought.places} more places (10 %) for cell formation and make cathode coater 10 % "
        "faster (web speed)"
    )
    assert purchase(facts, "cathode.coater") is None


@pytest.mark.parametrize(
    ("group", "setting"),
    [
        ("cell.ageing", "cell.ageing.ageing_time=2.7 h"),
        ("cathode.coater", "cathode.coater.web_speed=2.09 m/min"),
        ("cell.soak", "cell.soak.soak_time=18 h"),
    ],
)
def test_a_tenth_is_a_tenth_and_a_number_a_person_writes(
    facts: Facts, group: str, setting: str
) -> None:
    """0.9 of a time, 1.1 of a speed, in three digits."""
    assert pace(facts, group)[1] == setting


def test_a_reason_without_a_setting_has_none(facts: Facts) -> None:
    """Offcuts follow from the geometry of rolls and sheets: no one setting is named."""
    assert against_scrap(facts, "cell.stacker", "offcuts and remainders") == ""
    assert against_scrap(facts, "cell.grading", "capacity; self-discharge").startswith(
        "cell.stacker.particle_rate="
    )
