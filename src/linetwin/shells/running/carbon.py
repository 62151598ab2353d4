"""Carbon footprint of a cell (IDTA 02035-3, on 02023) and of a run, and how it was reckoned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from basyx.aas.model import datatypes

from linetwin.results.costs import J_PER_KWH
from linetwin.results.kpis import GRADES
from linetwin.shells import building
from linetwin.shells.building import NOT_STATED, Evidence, collection, listed, prop
from linetwin.shells.naming import id_short
from linetwin.shells.running.footprint import GOOD, Carried
from linetwin.shells.running.values import decimal
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from basyx.aas import model

    from linetwin.shells.naming import Named
    from linetwin.shells.running.footprint import Footprints, OfCells

_BASE: Final = "https://admin-shell.io/idta/CarbonFootprint/"
_BATTERY: Final = "urn:samm:io.admin-shell.idta.batterypass.carbon_footprint:1.0.0#"
DOCUMENT: Final = "urn:samm:io.admin-shell.idta.handover_documentation:2.0.0#DocumentIdentifier"
METHOD: Final = (
    "own calculation, cradle to gate, not verified: charged with the plant's scrap, losses and "
    "unused stations"
)
NO_PRODUCT: Final = (
    "no product ({status}): charged with nothing, as good cells carry what was scrapped and the "
    "run carries what is in process"
)
PHASES: Final = ("A1 - raw material supply (and upstream production)", "A3 - production")
"""Words of DIN DKE SPEC 99100 for the two phases: materials, and energy of production."""
RULE: Final = (
    "materials in the cell by its genealogy times their factors, cradle to gate; energy of each "
    "station that it passed by the active material in it; rooms and utilities by the stations' own "
    "energy. Charged: good cells carry scrap, losses and unused stations, materials and energy "
    "each by one factor; scrapped and unfinished cells nothing. Not counted: buildings, "
    "machines, transport, waste, use, end of life"
)
_REASON: Final = Evidence(
    "A", "genealogy, ledger and meters of the run; emission factors and allocation are assumed"
)
NOTHING: Final = Carried(0.0, 0.0)


def charge_of(footprints: Footprints, status: str) -> Carried:
    """Return the factors for a cell: those of good cells, or nought for what is no product.

    So all passports and what is in process sum to what the run emitted.
    """
    return footprints.charge if status in GRADES else NOTHING


def carbon_footprint(named: Named, charged: Carried, status: str) -> model.Submodel:
    """Return the footprint of one cell (02035-3), by phase of its life as far as this factory."""
    method = METHOD if status in GRADES else NO_PRODUCT.format(status=status)
    per = _Reference("piece", "0173-1#02-ABG858#004", method)
    return _footprint(named, charged, per, _of_battery)


@dataclass(frozen=True)
class _Reference:
    """What a footprint is of: unit, meaning of a phase of life, and how it was reckoned."""

    unit: str
    phase_means: str
    method: str = METHOD


def _of_battery() -> list[model.SubmodelElement]:
    study = "WebLinkToPublicCarbonFootprintStudy"
    means = f"{_BATTERY}webLinkToPublicCarbonFootprintStudy"
    return [
        prop("PerformanceClass", NOT_STATED, f"{_BATTERY}performanceClass"),
        _texts(study, means, NOT_STATED, DOCUMENT),
    ]


def carbon_footprint_of_run(
    named: Named, footprints: Footprints, published: str
) -> model.Submodel | None:
    """Return what a kWh of good cells of a run emitted (02023); None where none is good.

    `published`: the moment of the run's end, by ISO 8601.
    """
    good = footprints.facts.good_energy_j
    if not good:
        return None
    charged = footprints.by_outcome[GOOD] * footprints.charge
    each = Carried(*(amount * J_PER_KWH / good for amount in (charged.materials, charged.energy)))
    moment, means = datetime.fromisoformat(published), f"{_BASE}PublicationDate/1/0"

    def added() -> list[model.SubmodelElement]:
        return [prop("PublicationDate", moment, means, value_type=datatypes.DateTime)]

    return _footprint(named, each, _Reference("kWh", "0173-1#02-ABG858#003"), added)


def _footprint(
    named: Named,
    charged: Carried,
    per: _Reference,
    added: Callable[[], list[model.SubmodelElement]],
) -> model.Submodel:
    """Return emissions by phase; `added`: what a template wants besides of each."""
    element = f"{_BASE}ProductCarbonFootprint/1/0"
    phases = zip(PHASES, (charged.materials, charged.energy), strict=True)
    found = [
        collection(None, element, [*_phase(phase, amount, per), *added()])
        for phase, amount in phases
    ]
    footprints = listed(
        "ProductCarbonFootprints",
        f"{_BASE}ProductCarbonFootprints/1/0",
        found,
        of_meaning=element,
    )
    name = "CarbonFootprint"
    return building.submodel(named.submodel(name), name, SUBMODELS[name], [footprints])


def _phase(phase: str, amount: float, per: _Reference) -> list[model.SubmodelElement]:
    return [
        _texts(
            "PcfCalculationMethods",
            f"{_BASE}PcfCalculationMethods/1/0",
            per.method,
            "0173-1#02-ABG854#003",
        ),
        prop(
            "PcfCO2eq",
            decimal(amount),
            "0173-1#02-ABG855#003",
            "kg",
            _REASON,
            datatypes.Decimal,
        ),
        prop("ReferenceImpactUnitForCalculation", per.unit, "0173-1#02-ABG856#003"),
        prop("QuantityOfMeasureForCalculation", 1.0, "0173-1#02-ABG857#003"),
        _texts("LifeCyclePhases", f"{_BASE}LifeCyclePhases/1/0", phase, per.phase_means),
    ]


def _texts(name: str, means: str, text: str, of_meaning: str) -> model.SubmodelElement:
    """Return a list of one text."""
    from basyx.aas import model

    return listed(name, means, [prop(None, text, of_meaning)], model.Property, of_meaning)


def by_lot(own: OfCells, cell: str, lots: pd.DataFrame | None) -> dict[str, float]:
    """Return the emissions of materials in a cell by the lots that they are of [kg].

    `lots`: columns material, lot, share; None where nothing is known.
    """
    if lots is None:
        return {}
    emitted = own.materials.loc[cell]
    return {
        lot: float(emitted[material]) * share
        for material, lot, share in zip(lots["material"], lots["lot"], lots["share"], strict=True)
        if material in emitted.index
    }


def by_carrier(own: OfCells, cell: str, electric: Mapping[str, float]) -> dict[str, float]:
    """Return the emissions of energy put to a cell by its carriers [kg].

    `electric`: station -> part of its emissions that is of electricity, the rest of gas.
    """
    energy = own.energy.loc[cell]
    electricity = sum(float(amount) * electric[str(name)] for name, amount in energy.items())
    return {"electricity": electricity, "gas": float(energy.sum()) - electricity}


def breakdown(
    named: Named,
    carried: Carried,
    parts: Mapping[str, Mapping[str, float]],
    charge: Carried,
    missing: list[str],
) -> model.Submodel:
    """Return both views of a cell's footprint: its own with its parts, and charged with scrap."""
    rows = [
        _view("Own", carried, parts),
        _view("Charged", carried * charge),
        *_said(charge, missing),
    ]
    return _breakdown(named, rows)


def breakdown_of_run(named: Named, footprints: Footprints) -> model.Submodel:
    """Return what a run emitted, by carrier of energy, and what carries it."""
    outcomes = [
        _view(name, carried) for name, carried in footprints.by_outcome.items() if carried.whole
    ]
    rows = [
        _view("Emitted", footprints.emitted),
        _parts("carriers", footprints.by_carrier),
        collection("Outcomes", meaning("footprint.outcomes"), outcomes),
        *_said(footprints.charge, footprints.missing),
    ]
    return _breakdown(named, rows)


def _breakdown(named: Named, rows: list[model.SubmodelElement]) -> model.Submodel:
    name = "FootprintBreakdown"
    return building.submodel(named.submodel(name), name, meaning("footprint"), rows)


def _said(charge: Carried, missing: list[str]) -> list[model.SubmodelElement]:
    """Return the rule, the factors of the charged view, and what has no emission factor."""
    factor = meaning("footprint.factor")
    return [
        prop("Rule", RULE, meaning("footprint.rule")),
        prop("ChargeOfMaterials", charge.materials, factor, "1", _REASON),
        prop("ChargeOfEnergy", charge.energy, factor, "1", _REASON),
        *[
            prop("NotCounted", ", ".join(missing), meaning("footprint.missing"))
            for _ in missing[:1]
        ],
    ]


def _view(
    name: str, carried: Carried, parts: Mapping[str, Mapping[str, float]] | None = None
) -> model.SubmodelElement:
    """Return emissions in one view, with their parts where these are known."""
    children: list[model.SubmodelElement] = [
        prop("whole", carried.whole, meaning("footprint.sum"), "kg", _REASON),
        prop("of_materials", carried.materials, meaning("footprint.of_materials"), "kg", _REASON),
        prop("of_energy", carried.energy, meaning("footprint.of_energy"), "kg", _REASON),
    ]
    children += [_parts(part, amounts) for part, amounts in (parts or {}).items() if amounts]
    return collection(id_short(name), meaning("footprint.view"), children)


def _parts(name: str, amounts: Mapping[str, float]) -> model.SubmodelElement:
    found = [
        prop(id_short(str(part)), float(amount), meaning("footprint.part"), "kg", _REASON)
        for part, amount in amounts.items()
        if amount
    ]
    return collection(name, meaning(f"footprint.{name}"), found)
