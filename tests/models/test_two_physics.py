"""What the two physics say of the pilot recipe: the table of docs/plant.md, reckoned anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cycler import charge, cycler, discharge, rest
from scipy.optimize import brentq
from support import fmu, parameters

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plant.md"
CATHODE, ANODE = 0.187, 0.114  # kg/m2 of a side, dry
ZONES = (383.15, 393.15, 393.15)  # K
ZONE_TIME = 94.7 / 3  # s: 3 m at 1.9 m/min
HOUR = 3600.0


def pressed(name: str, chosen: str, load: float) -> float:
    """Return the settled porosity of a side of the recipe at a line load (N/m)."""
    values = parameters(name, chosen)
    solids, coating = values["solid_density"], CATHODE if chosen == "nmc622" else ANODE
    inputs = {
        "porosity_before": 0.5,
        "coating_thickness_before": coating / (0.5 * solids),
        "line_load": load,
        "roll_temperature": 298.15,
    }
    return fmu(name).run({}, [(inputs, 1.0)], values)[0]["settled_porosity"]


def dried(name: str, hotter: float = 0.0) -> dict[str, float]:
    """Return the cathode's first side behind the dryer, whose air may be hotter by some kelvin."""
    phases = [({"loading": CATHODE, "air_temperature": air + hotter}, ZONE_TIME) for air in ZONES]
    start = {"solvent_loading": CATHODE * 33 / 67, "film_temperature": 298.15}
    return fmu(name).run(start, phases)[-1]


def solvent(name: str, seconds: float) -> float:
    """Return the percentage of solvent left in the cathode after a time at 120 Cel."""
    start = {"solvent_loading": CATHODE * 33 / 67, "film_temperature": 298.15}
    result = fmu(name).run(start, [({"loading": CATHODE}, seconds)])[0]
    return 100 * result["solvent_loading"] / (CATHODE * 33 / 67)


def soaked(name: str, wetted: float) -> float:
    """Return the hours of soak until a share of the pores is wetted."""

    def reached(hours: float) -> float:
        phases = [
            ({"pressure_setpoint": 5e3, "electrolyte_dose_rate": 0.0}, 180.0),
            ({"electrolyte_dose_rate": 0.0114 / 120.0}, 120.0),
            ({"pressure_setpoint": 101325.0, "electrolyte_dose_rate": 0.0}, hours * HOUR),
        ]
        return fmu(name).run({}, phases)[-1]["wetting_saturation"]

    return float(brentq(lambda hours: reached(hours) - wetted, 1.0, 40.0, xtol=1e-3))


def formed(name: str, rate: float, kelvin: float = 298.15) -> dict[str, float]:
    """Return a recipe cell after a first cycle at a rate (1/h), with its efficiency."""
    warm = {"chamber_temperature": kelvin}
    phases = [charge(5.0 * rate, **warm), rest(), discharge(5.0 * rate)]
    result = cycler(name).run({"cell_temperature": kelvin}, phases)[-1]
    return result | {"efficiency": result["discharged_capacity"] / result["charged_capacity"]}


def both(names: tuple[str, str], figure: Callable[[str], float]) -> tuple[float, float]:
    """Return a figure of the library's model and of the other one."""
    return figure(names[0]), figure(names[1])


def table() -> list[str]:
    """Return the rows of the page: figure, the library's, the other's."""
    press = ("calendering", "calendering_kawakita")
    dry = ("drying", "drying_capillary")
    fill = ("filling", "filling_darcy")
    form = ("formation", "formation_interstitial")
    graphite, tenth = "graphite", {name: formed(name, 0.1) for name in form}
    hot = {name: formed(name, 0.1, 308.15) for name in form}
    figures: list[tuple[str, tuple[float, float], str]] = [
        ("porosity, cathode at 600 N/mm", both(press, lambda n: pressed(n, "nmc622", 6e5)), ".3f"),
        ("the same at 700 N/mm", both(press, lambda n: pressed(n, "nmc622", 7e5)), ".3f"),
        ("porosity, anode at 150 N/mm", both(press, lambda n: pressed(n, graphite, 1.5e5)), ".3f"),
        ("residual solvent after 35 s at 120 °C, %", both(dry, lambda n: solvent(n, 35)), ".1f"),
        ("the same after 42 s", both(dry, lambda n: solvent(n, 42)), ".2f"),
        ("adhesion index, cathode", both(dry, lambda n: dried(n)["adhesion_index"]), ".3f"),
        ("the same, air 15 K hotter", both(dry, lambda n: dried(n, 15.0)["adhesion_index"]), ".3f"),
        ("soak until 90 % are wetted, h", both(fill, lambda n: soaked(n, 0.90)), ".1f"),
        ("soak until 99 % are wetted, h", both(fill, lambda n: soaked(n, 0.99)), ".1f"),
        ("capacity at C/10, A·h", both(form, lambda n: tenth[n]["discharged_capacity"]), ".3f"),
        (
            "first-cycle efficiency at C/10, 25 °C",
            both(form, lambda n: tenth[n]["efficiency"]),
            ".3f",
        ),
        ("the same at C/3", both(form, lambda n: formed(n, 1 / 3)["efficiency"]), ".3f"),
        ("the same at C/10, 35 °C", both(form, lambda n: hot[n]["efficiency"]), ".3f"),
        (
            "film resistance at C/10, mΩ",
            both(form, lambda n: 1e3 * tenth[n]["film_resistance"]),
            ".2f",
        ),
    ]  # fmt: skip
    return [f"| {what} | {own:{form}} | {other:{form}} |" for what, (own, other), form in figures]


def test_the_page_shows_both_physics() -> None:
    """Each row of the table is what the models give now."""
    page = PAGE.read_text("utf-8")
    missing = [row for row in table() if row not in page]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("name", ["drying", "drying_capillary"])
def test_the_dryer_is_long_enough(name: str) -> None:
    """At the end of the dryer less than a millionth of the solvent is left, by either physics."""
    assert dried(name)["solvent_loading"] < 1e-6 * CATHODE
