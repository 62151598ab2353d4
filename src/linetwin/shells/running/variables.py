"""Variables from which key figures of ISO 22400-2 are computed (IDTA 02066), by group of machines.

The times and quantities are those of the run's own key figures over the whole run.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from basyx.aas.model import datatypes

from linetwin.results.kpis_iso import Budget
from linetwin.shells import building
from linetwin.shells.building import Evidence, collection, multilingual, prop
from linetwin.shells.naming import id_short
from linetwin.shells.running.values import decimal, duration
from linetwin.shells.terms import SUBMODELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from basyx.aas import model

    from linetwin.results.kpis import Facts
    from linetwin.shells.naming import Named

NAME: Final = "ProcessVariablesForManufacturingKPICalculation"
_STANDARD: Final = "http://www.w3id.org/hsu-aut/ISO22400-2#"
_BASE: Final = f"https://admin-shell.io/idta/{NAME}/"
_REASON: Final = Evidence("D", "events of the run within the station's calendar")
_TIMES: Final = {
    "APT": ("ActualProductionTime", "", "in Execute"),
    "AUPT": ("ActualUnitProcessingTime", "", "production and set-up"),
    "AUBT": ("ActualUnitBusyTime", "", "production, set-up, failures and micro-stops"),
    "AUST": ("ActualUnitSetupTime", "ActualSetupTime", "set-up"),
    "ADET": ("ActualUnitDelayTime", "", "failures and micro-stops"),
    "ADOT": ("ActualUnitDownTime", "", "available and without work: starved or blocked"),
    "AOET": ("ActualOrderExecutionTime", "", "the whole run"),
    "PBT": ("PlannedBusyTime", "", "staffed, less preventive maintenance and time after the order"),
}
"""Key -> element, what it is called in the standard's ontology where that differs, what it is."""
_AMOUNTS: Final = {
    "PQ": ("ProducedQuantity", "handed over, and cells scrapped here"),
    "GQ": ("GoodQuantity", "of it good, as found later"),
    "SQ": ("ScrapQuantity", "produced less good"),
}


def variables(named: Named, facts: Facts) -> Iterator[model.Submodel]:
    """Yield the variables of each group of machines over the run."""
    if facts.spans.empty:
        return
    for group, (times, _) in Budget(facts).by_group((0, facts.end)).items():
        name = f"{NAME}_{id_short(group)}"
        yield building.submodel(
            named.submodel(name), name, SUBMODELS[NAME], _elements(times, _unit(facts, group))
        )


def _unit(facts: Facts, group: str) -> str:
    """Return in what a group counts: slurry in kg, web in m, all else in cells."""
    kind = facts.plan.kind(group)
    web = {"coater", "rewinder", "calender", "slitter", "notcher"}
    dries = kind == "vacuum_dryer"
    return "kg" if kind == "mixer" else "m" if kind in web or dries else "1"


def _elements(times: Mapping[str, float], unit: str) -> list[model.SubmodelElement]:
    known = {name: float(times.get(name, 0.0)) for name in ("APT", "AUST", "ADOT", "AOET", "PBT")}
    known["ADET"] = float(times.get("failed", 0.0)) + float(times.get("micro-stop", 0.0))
    known["AUPT"] = known["APT"] + known["AUST"]
    known["AUBT"] = known["AUPT"] + known["ADET"]
    found = [
        _variable(key, element, ontology or element, meant, duration(known[key]))
        for key, (element, ontology, meant) in _TIMES.items()
    ]
    produced, good = (float(times.get(name, 0.0)) for name in ("PQ", "GQ"))
    amounts = {"PQ": produced, "GQ": good, "SQ": produced - good}
    for key, (element, meant) in _AMOUNTS.items():
        found.append(_variable(key, element, element, meant, decimal(amounts[key]), unit))
    return found


def _variable(
    key: str,
    element: str,
    ontology: str,
    meant: str,
    value: model.ValueDataType,
    unit: str = "s",
) -> model.SubmodelElement:
    of = datatypes.Decimal if isinstance(value, Decimal) else datatypes.Duration
    shown = unit if isinstance(value, Decimal) else ""
    children = [
        prop("key", key, f"{_BASE}key/1/0"),
        prop("currentValue", value, f"{_BASE}currentValue/1/0", shown, _REASON, of),
        multilingual("comment", meant, f"{_BASE}comment/1/0"),
    ]
    return collection(element, f"{_STANDARD}{ontology}", children)
