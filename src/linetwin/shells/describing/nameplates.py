"""Nameplate (IDTA 02006 3.0) and the frame of TechnicalData (IDTA 02003 2.0).

linetwin knows no maker of a machine and no order code: where a template wants one, the text says
that it is not stated, and the environment's notes say so once. Nothing is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from basyx.aas.model import datatypes

from linetwin.shells import building
from linetwin.shells.building import NOT_STATED, collection, multilingual, prop
from linetwin.shells.terms import SUBMODELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from basyx.aas import model

    from linetwin.shells.naming import Named

NOTE: Final = (
    f"maker, order code, article number and address are '{NOT_STATED}': linetwin does not know them"
)
_ADDRESS: Final = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation"
_GENERAL: Final = "0173-1#02-ABK161#002/0173-1#01-AHX838#002"
_AREAS: Final = "0173-1#02-ABK163#002"
_AREA: Final = "0173-1#02-ABL358#002/0173-1#01-AHX773#002"


def nameplate(named: Named, designation: str, maker: str = NOT_STATED) -> model.Submodel:
    """Return the nameplate of an asset; `designation`: what it is called."""
    elements: list[model.SubmodelElement] = [
        prop(
            "URIOfTheProduct",
            named.asset,
            "0112/2///61987#ABN590#002",
            value_type=datatypes.AnyURI,
        ),
        multilingual("ManufacturerName", maker, "0112/2///61987#ABA565#009"),
        multilingual("ManufacturerProductDesignation", designation, "0112/2///61987#ABA567#009"),
        _address(),
        prop("OrderCodeOfManufacturer", NOT_STATED, "0112/2///61987#ABA950#008"),
    ]
    return building.submodel(
        named.submodel("Nameplate"), "Nameplate", SUBMODELS["Nameplate"], elements
    )


def _address() -> model.SubmodelElement:
    return collection("AddressInformation", _ADDRESS, [])


def technical_data(
    named: Named, designation: str, sections: Iterable[model.SubmodelElement]
) -> model.Submodel:
    """Return TechnicalData with one area of technical properties, which holds the sections."""
    general = [
        prop("ManufacturerName", NOT_STATED, "0173-1#02-AAO677#004"),
        multilingual("ManufacturerProductDesignation", designation, "0173-1#02-AAW338#003"),
        prop("ManufacturerArticleNumber", NOT_STATED, "0173-1#02-AAO676#005"),
        prop("ManufacturerOrderCode", NOT_STATED, "0173-1#02-AAO227#004"),
    ]
    areas = building.listed(
        "TechnicalPropertyAreas", _AREAS, [collection(None, _AREA, sections)], of_meaning=_AREA
    )
    elements = [collection("GeneralInformation", _GENERAL, general), areas]
    return building.submodel(
        named.submodel("TechnicalData"), "TechnicalData", SUBMODELS["TechnicalData"], elements
    )
