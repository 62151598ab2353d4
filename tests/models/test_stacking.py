"""Stacking: the pilot cell by hand, and what overhang, N/P ratio and volumes must do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fmu

Values = dict[str, float]


def stack(inputs: Values, values: Values | None = None) -> Values:
    """Return the stacked cell."""
    return fmu("stacking").run({}, [(inputs, 1.0)], values)[0]


CELL = {
    "cathode_loading": 0.185,
    "anode_loading": 0.112,
    "cathode_porosity": 0.30,
    "anode_porosity": 0.32,
    "cathode_coating_thickness": 59.2e-6,
    "anode_coating_thickness": 74.1e-6,
    "stacking_offset": 0.3e-3,
}


def test_pilot_cell_has_five_ampere_hours() -> None:
    """The sheets of the pilot cell give 5.04 A.h on 0.165 m2, as calculated by hand."""
    cell = stack(CELL)
    assert cell["electrode_area"] == pytest.approx(16 * 0.118 * 0.0873, rel=1e-12)
    assert cell["design_capacity"] == pytest.approx(5.035, abs=0.001)
    assert cell["cathode_areal_capacity"] == pytest.approx(30.55, abs=0.01)
    assert cell["overhang_margin"] == pytest.approx(0.95e-3, rel=1e-9)
    by_hand = 8 * (2 * 59.2 + 15) + 9 * (2 * 74.1 + 10) + 18 * 16
    assert cell["stack_thickness"] == pytest.approx(by_hand * 1e-6, rel=1e-9)
    pores = (
        16 * 0.118 * 0.0873 * 59.2e-6 * 0.30
        + 18 * 0.1205 * 0.0898 * 74.1e-6 * 0.32
        + 18 * 0.1235 * 0.0928 * 16e-6 * 0.41
    )
    assert cell["pore_volume"] == pytest.approx(pores, rel=1e-9)


@pytest.mark.parametrize(
    ("anode_loading", "ratio"), [(0.10, 0.952), (0.11, 1.047), (0.112, 1.066), (0.115, 1.094)]
)
def test_np_ratio_of_the_recipe_window(anode_loading: float, ratio: float) -> None:
    """Target: 11-11.5 mg/cm2 of anode give N/P 1.01-1.10; 10 mg/cm2 would give 0.95."""
    found = stack(CELL | {"anode_loading": anode_loading})["np_ratio"]
    assert found == pytest.approx(ratio, abs=1e-3)
    assert (1.01 <= found <= 1.10) == (anode_loading >= 0.11)


def test_volume_fractions_of_a_coating_sum_to_one() -> None:
    """Active material, the rest of the solids and pores fill a coating that conserves solids."""
    cell = stack(CELL)
    solids = 0.96 / 4750 + 0.02 / 1900 + 0.02 / 1770
    thickness = CELL["cathode_loading"] * solids / (1 - CELL["cathode_porosity"])
    assert thickness == pytest.approx(CELL["cathode_coating_thickness"], rel=1e-3)
    rest = CELL["cathode_loading"] * (solids - 0.96 / 4750) / CELL["cathode_coating_thickness"]
    total = cell["cathode_active_fraction"] + rest + CELL["cathode_porosity"]
    assert total == pytest.approx(1.0, abs=1e-3)
    assert 0.55 < cell["anode_active_fraction"] < 0.70


def test_anode_limits_the_capacity_below_np_one() -> None:
    """Above N/P = 1 the cathode alone sets the capacity, below it falls with the anode."""
    full = stack(CELL)["design_capacity"]
    assert stack(CELL | {"anode_loading": 0.13})["design_capacity"] == pytest.approx(full)
    poor = stack(CELL | {"anode_loading": 0.08})
    assert poor["np_ratio"] < 1
    assert poor["design_capacity"] == pytest.approx(full * poor["np_ratio"], rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 0.01), st.floats(0.0, 0.01))
def test_offset_costs_overhang(one: float, other: float) -> None:
    """The margin falls one to one with the offset and is negative beyond 1.25 mm."""
    near, far = (stack(CELL | {"stacking_offset": x}) for x in sorted((one, other)))
    lost = near["overhang_margin"] - far["overhang_margin"]
    assert lost == pytest.approx(abs(one - other), abs=1e-12)
    assert (far["overhang_margin"] < 0) == (max(one, other) > 0.00125 + 1e-15)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_capacity_grows_with_sheets_and_loading(sheets: int, one: float, other: float) -> None:
    """Capacity is proportional to the sheets and never falls with the cathode's loading."""
    values = {"cathode_sheets": float(sheets)}
    low, high = (stack(CELL | {"cathode_loading": x}, values) for x in sorted((one, other)))
    assert low["design_capacity"] <= high["design_capacity"] * (1 + 1e-12)
    single = stack(CELL | {"cathode_loading": max(one, other)}, {"cathode_sheets": 1.0})
    assert high["design_capacity"] == pytest.approx(sheets * single["design_capacity"], rel=1e-9)


def test_electrolyte_resistance_grows_as_pores_close() -> None:
    """The pilot cell has the factor 1; each layer counts as thickness x tortuosity / porosity."""
    recipe = fmu("stacking").run({}, [({}, 1.0)])[0]
    assert recipe["electrolyte_resistance_factor"] == pytest.approx(1.0, rel=2e-3)
    dense = fmu("stacking").run({}, [({"cathode_porosity": 0.25}, 1.0)])[0]
    path = 16e-6 * 2.5 / 0.41 + 59.2e-6 / 3 * 0.25**-1.5 + 74.1e-6 / 3 * 0.32**-1.5
    assert dense["electrolyte_resistance_factor"] == pytest.approx(path / 3.54e-4, rel=1e-9)
    assert dense["electrolyte_resistance_factor"] > 1.09
