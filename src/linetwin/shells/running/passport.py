"""Battery passport of a cell: nameplate, technical data and material composition (IDTA 02035).

What is measured stands as the plant's gauges read it at the end of the line. What a template wants
and nobody knows of a simulated cell stands without a value, or as `not stated`; nothing is made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.results.kpis import GRADES
from linetwin.results.schemas import MEASURED
from linetwin.shells import building
from linetwin.shells.building import NOT_STATED, Evidence, collection, listed, multilingual, prop
from linetwin.shells.running.carbon import DOCUMENT
from linetwin.shells.running.composition import mass_of
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.results.assumptions import Plan
    from linetwin.shells.naming import Named
    from linetwin.shells.running.composition import Part

NAMEPLATE: Final = "https://admin-shell.io/idta/digitalbatterypassport/nameplate/1/0/Nameplate"
TECHNICAL: Final = "https://admin-shell.io/idta/digitalbatterypassport/TechnicalData/1/0"
_COMPOSITION: Final = "urn:samm:io.admin-shell.idta.batterypass.material_composition:1.0."
MATERIALS: Final = f"{_COMPOSITION}0#MaterialComposition"
_PLATE: Final = "urn:samm:io.admin-shell.idta.batterypass.digital_nameplate:1.0.0#"
_TECH: Final = "urn:samm:io.admin-shell.idta.batterypass.technical_data:1.0."
_ADDRESS: Final = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation"
_J_PER_WH: Final = 3600.0
OPEN: Final = (
    "maker, address, facility, category, warranty, markings, declarations, date, lifetime, power "
    "and temperatures of a simulated cell are not known: left open, or 'not stated'"
)


@dataclass(frozen=True)
class Cell:
    """A cell as its row in the cells table has it."""

    name: str
    row: Mapping[str, Any]
    plan: Plan

    @property
    def status(self) -> str:
        """Return its grade, or what became of it."""
        return str(self.row["status"])

    def read(self, quantity: str) -> tuple[float | None, Evidence]:
        """Return a quantity as the gauge read it, else as it was; None where it has none."""
        for name, said in ((f"{MEASURED}{quantity}", "as measured"), (quantity, "true value")):
            value = self.row.get(name)
            if value is not None and value == value:  # noqa: PLR0124  NaN is not itself
                return float(value), Evidence("D", f"cells table of the run, {said}")
        return None, Evidence("D", "cells table of the run")

    def stated(self, quantity: str) -> tuple[float | None, Evidence | None]:
        """Return a parameter of the formation, or of the grading where that has it."""
        for path, config in self.plan.stations.items():
            entry = (config.get("parameters") or {}).get(quantity)
            if config.get("kind") in {"formation", "grading"} and entry:
                source = f"{path}.{quantity}: {entry['source']}"
                return float(entry["value"]), Evidence(str(entry["tag"]), source)
        return None, None


def nameplate(named: Named, cell: Cell) -> model.Submodel:
    """Return the passport's nameplate (02035-1)."""
    stage = "original" if cell.status in GRADES else "waste" if cell.status != "in_process" else ""
    marking = "0112/2///61360_7#AAS009#001"
    elements = [
        prop(
            "URIOfTheProduct",
            named.asset,
            "0112/2///61987#ABN590#002",
            value_type=datatypes.AnyURI,
        ),
        multilingual("ManufacturerName", NOT_STATED, "0112/2///61987#ABA565#009"),
        collection("AddressInformation", _ADDRESS, []),
        prop("SerialNumber", cell.name, "0112/2///61987#ABA951#009"),
        prop("DateOfManufacture", None, "0112/2///61987#ABB757#007", value_type=datatypes.Date),
        prop(
            "UniqueFacilityIdentifier",
            NOT_STATED,
            "https://admin-shell.io/idta/nameplate/3/0/UniqueFacilityIdentifier",
        ),
        prop("LifeCycleStage", stage or None, "0173-1#02-ABL841#001"),
        prop("ManufacturerIdentifier", NOT_STATED, f"{_TECH}0#manufacturerIdentifier"),
        listed(
            "Markings",
            "0112/2///61360_7#AAS006",
            [
                collection(
                    None, marking, [prop("MarkingName", NOT_STATED, "0112/2///61987#ABA231#009")]
                )
            ],
            of_meaning=marking,
        ),
        _documents("EUDeclarationOfConformity", f"{_PLATE}euDeclarationOfConformity"),
        _documents(
            "ResultsOfTestReportsProvingCompliance",
            f"{_PLATE}resultsOfTestReportsProvingCompliance",
        ),
    ]
    name = "BatteryNameplate"
    return building.submodel(named.submodel(name), name, NAMEPLATE, elements)


def _documents(name: str, means: str) -> model.SubmodelElement:
    return listed(name, means, [prop(None, NOT_STATED, DOCUMENT)], model.Property, DOCUMENT)


def technical_data(named: Named, cell: Cell, parts: list[Part]) -> model.Submodel:
    """Return the passport's technical data (02035-4)."""
    mass = mass_of(parts)
    weighed = Evidence("D", "sum of what is in the cell by its genealogy")
    general = [
        prop("ManufacturerName", NOT_STATED, "0173-1#02-AAO677#004"),
        prop("ManufacturerIdentifier", NOT_STATED, f"{_TECH}0#manufacturerIdentifier"),
        prop("BatteryCategory", NOT_STATED, f"{_TECH}0#batteryCategory"),
        _float("BatteryMass", mass, f"{_TECH}0#batteryMass", "kg", weighed),
        collection(
            "WarrantyInformation",
            f"{_TECH}1#warrantyInformation",
            [prop("WarrantyPeriod", NOT_STATED, f"{_TECH}1#warrantyPeriod")],
        ),
    ]
    areas = [
        _area("CapacityEnergyVoltage", "capacityEnergyVoltage", _electric(cell)),
        _area("RoundTripEnergyEfficiency", "roundTripEnergyEfficiency", _efficiency()),
        _area("Resistance", "resistance", _resistance(cell)),
        _area("PowerCapability", "powerCapability", _power()),
        _area("Temperature", "temperature", _temperature()),
        _area("Lifetime", "lifetime", _lifetime()),
    ]
    elements = [
        collection("GeneralInformation", "0173-1#02-ABK161#002/0173-1#01-AHX838#002", general),
        collection("TechnicalPropertyAreas", "0173-1#02-ABK163#002", areas),
    ]
    name = "TechnicalData"
    return building.submodel(named.submodel(name), name, TECHNICAL, elements)


def _area(
    name: str, means: str, children: Iterable[model.SubmodelElement]
) -> model.SubmodelElement:
    return collection(name, f"{_TECH}0#{means}", children)


def _float(
    name: str,
    value: float | None,
    means: str,
    unit: str = "",
    evidence: Evidence | None = None,
) -> model.Property:
    """Return a number of the type that the template wants; open where it is not known."""
    known = None if value is None else datatypes.Float(value)
    said = evidence if value is not None else None
    return prop(name, known, means, unit, said, value_type=datatypes.Float)


def _whole(name: str, means: str, of: Any = datatypes.Integer) -> model.Property:  # noqa: ANN401
    """Return a whole number that is not known."""
    return prop(name, None, means, value_type=of)


def _electric(cell: Cell) -> list[model.SubmodelElement]:
    charge, read = cell.read("capacity")
    energy, rated = cell.read("discharge_energy")[0], cell.stated("nominal_capacity")
    mean = energy / _J_PER_WH / charge if energy and charge else None
    discharge = Evidence("D", "energy over charge of the discharge that measured capacity")
    low, high = cell.stated("lower_voltage"), cell.stated("upper_voltage")
    return [
        _float("NominalVoltage", mean, "0173-1#02-ABL588#001", "V", discharge),
        _float("MinVoltage", low[0], "0173-1#02-ABL587#001", "V", low[1]),
        _float("MaxVoltage", high[0], "0173-1#02-ABL589#001", "V", high[1]),
        _float("RatedCapacity", rated[0], "0173-1#02-ABL869#002", "A.h", rated[1]),
        _float("MeasuredCapacity", charge, meaning("capacity"), "A.h", read),
    ]


def _efficiency() -> list[model.SubmodelElement]:
    return [
        _whole("InitialRoundTripEnergyEfficiency", "0173-1#02-ABL833#002"),
        _whole("RoundTripEnergyEfficiencyAt50PercentOfCycleLife", "0173-1#02-ABL866#002"),
    ]


def _resistance(cell: Cell) -> list[model.SubmodelElement]:
    resistance, read = cell.read("dcir")
    at_cell = "InitialInternalResistanceOnBatteryCellLevel"
    return [
        _float(at_cell, resistance, "0173-1#02-ABL844#002", "Ohm", read),
        _float("InitialInternalResistanceOnBatteryPackLevel", None, "0173-1#02-ABL846#002"),
        _float(
            "InternalResistanceIncreaseOfBatteryPackLevel",
            None,
            f"{_TECH}0#internalResistanceIncreaseOfBatteryPack",
        ),
    ]


def _power() -> list[model.SubmodelElement]:
    at = f"{_TECH}0#PowerCapabilityAt"
    point = [
        _whole("atSoc", f"{_TECH}0#atSoC", datatypes.UnsignedInt),
        _float("powerCapabilityAt", None, f"{_TECH}0#powerCapabilityAt"),
    ]
    return [
        _float("MaximumPermittedBatteryPower", None, "0173-1#02-ABL843#002"),
        _float("PowerFade", None, "0173-1#02-ABL852#002"),
        listed(
            "OriginalPowerCapability",
            "0173-1#02-ABL853#002",
            [collection(None, at, point)],
            of_meaning=at,
        ),
    ]


def _temperature() -> list[model.SubmodelElement]:
    return [
        _float("TemperatureRangeIdleState_LowerBoundary", None, "0173-1#02-ABL842#002"),
        _float("TemperatureRangeIdleState_UpperBoundary", None, "0173-1#02-ABL871#002"),
    ]


def _lifetime() -> list[model.SubmodelElement]:
    whole = datatypes.UnsignedInt
    return [
        _whole("ExpectedLifetimeInCalendarYears", f"{_TECH}0#expectedLifetime", whole),
        _whole("ExpectedNumberOfCycles", f"{_TECH}0#expectedNumberOfCycles", whole),
        _whole("CRateOfRelevantCycleLifeTest", f"{_TECH}0#cRateLifeCycleTest", datatypes.Decimal),
    ]


def material_composition(named: Named, parts: list[Part]) -> model.Submodel:
    """Return what a cell is made of (02035-6): each raw material with its mass."""
    means = f"{_COMPOSITION}1#"
    electrodes = {
        electrode: next(
            (p.substance for p in parts if p.material == f"{electrode}.active_material"), ""
        )
        for electrode in ("cathode", "anode")
    }
    known = " and ".join(text for text in electrodes.values() if text)
    chemistry = [
        prop("ShortName", NOT_STATED, f"{means}shortName"),
        prop("ClearName", known or NOT_STATED, f"{means}clearName"),
    ]
    item = f"{means}BatteryMaterial"
    elements = [
        collection("BatteryChemistry", f"{means}batteryChemistry", chemistry),
        listed(
            "BatteryMaterials",
            f"{means}batteryMaterials",
            [collection(None, item, _material(means, part)) for part in parts],
            of_meaning=item,
        ),
        listed(
            "HazardousSubstances",
            f"{means}hazardousSubstances",
            [],
            of_meaning=f"{means}HazardousSubstance",
        ),
    ]
    name = "MaterialComposition"
    return building.submodel(named.submodel(name), name, MATERIALS, elements)


def _material(means: str, part: Part) -> list[model.SubmodelElement]:
    """Return one material; its identifier is the CAS number, else the path in the line."""
    name, mass = part.substance or part.material, f"{means}batteryMaterialMass"
    place = [prop("ComponentName", part.material.partition(".")[0], f"{means}componentName")]
    return [
        collection("BatteryMaterialLocation", f"{means}batteryMaterialLocation", place),
        prop(
            "BatteryMaterialIdentifier",
            part.cas or part.material,
            f"{means}batteryMaterialIdentifier",
        ),
        prop("BatteryMaterialName", name, f"{means}batteryMaterialName"),
        _float("BatteryMaterialMass", part.mass, mass, "kg", part.evidence),
        prop("IsCriticalRawMaterial", bool(part.critical), f"{means}isCriticalRawMaterial"),
    ]
