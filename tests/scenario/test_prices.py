"""Price tables: units, evidence, what is refused, and how they reach the resolved scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
HEAD = """schema: 1
name: own
date: "2026-11-01"
currency: CHF
energy:
  electricity: {price: 120 CHF/MWh, emission: 30 g/kWh, tag: V, source: contract 7, date: 2026-10}
  gas: {price: 0.09 CHF/kWh, source: guess}
"""


def scenario(folder: Path, prices: str) -> Path:
    """Write the shipped baseline with a price table of its own."""
    text = (SCENARIOS / "baseline.yaml").read_text(encoding="utf-8")
    text = text.replace("prices/prices_2026.yaml", "own.yaml")
    for name in ("lines/pilot.yaml", "recipes/nmc622_graphite_5ah.yaml"):
        text = text.replace(name, str(SCENARIOS / name))
    (folder / "own.yaml").write_text(prices, encoding="utf-8")
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return folder / "mine.yaml"


def test_prices_keep_unit_source_and_date(tmp_path: Path) -> None:
    """120 CHF/MWh are 0.12 CHF/kWh; source and date stand with the value."""
    found = load(scenario(tmp_path, HEAD)).prices
    assert found is not None
    value = found.sections["energy"]["electricity"]["price"]
    assert (value.number, value.unit, value.tag) == (pytest.approx(0.12), "CHF/kWh", "V")
    assert value.source == "contract 7 (2026-10)"
    emission = found.sections["energy"]["electricity"]["emission"]
    assert (emission.number, emission.unit) == (pytest.approx(0.03), "kg/kWh")
    assert found.sections["energy"]["gas"]["price"].source == "guess (2026-11-01)"


def test_materials_are_priced_in_the_unit_in_which_they_are_counted(tmp_path: Path) -> None:
    """Tonnes and grams become kilograms; a material the line does not have is left out."""
    more = """materials:
  cathode.active_material: {price: 24000 CHF/t, source: quotation}
  cathode.foil: {price: 0.3 CHF/m2, source: quotation}
  cell.unheard_of: {price: 1 CHF/kg, source: quotation}
"""
    found = load(scenario(tmp_path, HEAD + more)).prices
    assert found is not None
    prices = {name: entry["price"].number for name, entry in found.sections["materials"].items()}
    assert prices == {"cathode.active_material": pytest.approx(24.0), "cathode.foil": 0.3}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("materials:\n  cathode.foil: {price: 5 CHF/kg, source: x}\n", "'5 CHF/kg' is not read"),
        ("materials:\n  cathode.foil: {price: 5 EUR/m2, source: x}\n", "'5 EUR/m2' is not read"),
        ("materials:\n  cathode.foil: {price: -5 CHF/m2, source: x}\n", "is negative"),
        ("materials:\n  cathode.foil: {price: 5 CHF/m2}\n", "missing key"),
        (
            "materials:\n  cathode.foil: {price: 5 CHF/m2, mass: 3 g, source: x}\n",
            "'3 g' is not read",
        ),
        ("labor: {}\n", "unknown key"),
        ("equipment:\n  pilot:\n    coater: {price: much, source: x}\n", "'much' is not read"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, wrong: str, told: str) -> None:
    """File, line and key are named, and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        load(scenario(tmp_path, HEAD + wrong))
    problem = caught.value.problems[0]
    assert told in problem.message
    assert problem.file is not None
    assert problem.file.name == "own.yaml"
    assert problem.hint


def test_shipped_prices_are_assumptions_in_the_resolved_scenario() -> None:
    """Every entry of the shipped table is tagged A, and stands in the run folder's scenario."""
    found = load(SCENARIOS / "baseline.yaml")
    assert found.prices is not None
    for section in found.prices.sections.values():
        for entry in section.values():
            assert {value.tag for value in entry.values()} == {"A"}
    assert "EUR/kWh" in found.text
    missing = set(found.materials) - set(found.prices.sections["materials"])
    assert not missing


def test_materials_say_what_they_are(tmp_path: Path) -> None:
    """Mass of a unit as it is counted, substance, CAS number and strategic raw materials in it."""
    about = "mass: 40 g/m2, substance: aluminium, cas: 7429-90-5, critical: aluminium"
    text = f"materials:\n  cathode.foil: {{price: 5 CHF/m2, {about}, tag: M, source: x}}\n"
    with pytest.raises(ScenarioError):
        load(scenario(tmp_path, HEAD + text))
    found = load(scenario(tmp_path, HEAD + text.replace("40 g/m2", "0.04 kg/m2")))
    assert found.prices is not None
    foil = found.prices.sections["materials"]["cathode.foil"]
    assert (foil["mass"].value, foil["mass"].unit, foil["mass"].tag) == (0.04, "kg/m2", "M")
    assert [foil[name].value for name in ("substance", "cas", "critical")] == [
        *("aluminium", "7429-90-5", "aluminium")
    ]


def test_how_a_price_file_is_written_is_told(tmp_path: Path) -> None:
    """A CAS number that is none, with how one looks; no word of names."""
    text = "materials:\n  cathode.foil: {price: 5 CHF/kg, cas: 7429905, tag: M, source: x}\n"
    with pytest.raises(ScenarioError) as caught:
        load(scenario(tmp_path, HEAD + text.replace("7429905", "'7429905'")))
    told = [(each.message, each.hint) for each in caught.value.problems]
    assert ("'7429905' is no CAS number", "as 7440-44-0") in told


def test_shipped_cas_numbers_are_well_formed() -> None:
    """The last digit is the check digit: the sum of digit times place from behind, modulo 10."""
    prices = load(SCENARIOS / "baseline.yaml").prices
    assert prices is not None
    numbers = [
        entry["cas"].value for entry in prices.sections["materials"].values() if "cas" in entry
    ]
    assert len(numbers) >= 8
    for number in map(str, numbers):
        digits = [int(digit) for digit in reversed(number.replace("-", ""))]
        assert sum(place * digit for place, digit in enumerate(digits)) % 10 == digits[0]
