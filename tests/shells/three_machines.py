"""A mixer, a coater and a calender of three makers, for one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aas_core3 import types
from other_makers import (
    EMMO_POROSITY,
    OWN,
    Maker,
    affordance,
    concept,
    parts,
    prop,
    variable,
)

if TYPE_CHECKING:
    from pathlib import Path

NODE = "/?id=nsu=urn:test:plant;s="
TERMS = "https://walzwerk.example/begriffe/"
CELSIUS_IRDI = "0173-1#05-AAA567#004"
EMMO_LOADING = (
    "https://w3id.org/emmo/domain/electrochemistry#"
    "electrochemistry_c955c089_6ee1_41a2_95fc_d534c5cfd3d5"
)
PORTS = {
    "eps_ein": (f"{OWN}porosity_before", "Prozent"),
    "h_ein": (f"{OWN}coating_thickness_before", "Mikrometer"),
    "q": (f"{TERMS}linienlast", "kN/mm"),
    "v": (f"{OWN}web_speed", "Meter pro Minute"),
    "T_walze": (f"{TERMS}walzentemperatur", "Grad Celsius"),
    "breite": (f"{OWN}coating_width", "mm"),
    "reserve": ("", ""),
    "modul": (f"{TERMS}modul", "kN/mm"),
    "eps_aus": (EMMO_POROSITY, "%"),
    "h_aus": (f"{OWN}coating_thickness", "µm"),
    "rho": (f"{OWN}coating_density", "g/cm³"),
    "rueck": (f"{OWN}springback", "percent"),
    "leit": ("", ""),
    "P": (f"{OWN}rolling_power", "Kilowatt"),
}
"""Variable of the calender's FMU -> what the shell says it means, and its unit there."""
FMU = "/anlagen/kalander.fmu"


def calender(  # noqa: PLR0913  each what a test changes
    url: str,
    fmu: bytes,
    *,
    ports: dict[str, tuple[str, str]] | None = None,
    security: tuple[str, str] | None = None,
    hrefs: tuple[str, str, str] = (
        "/?id=ns=2;s=cal.v",
        "/?id=nsu=urn:test:plant;s=cal.T",
        "/?id=nsu%3Durn:test:plant;s%3Dcal.q",
    ),
    path: str = FMU,
    extra: tuple[types.SubmodelElement, ...] = (),
    said: dict[str, dict[str, str]] | None = None,
) -> Maker:  # fmt: skip
    """The calender: German, with an FMU; two terms of its own lead to those of others."""
    maker = Maker("Kalander_K7", "https://walzwerk.example/k7")
    maker.nameplate("Walzwerk Nord GmbH", de="Elektrodenkalander K7", en="Electrode calender K7")
    load = f"{TERMS}linienlast"
    maker.concepts = [
        concept(load, f"{OWN}line_load", unit="kN/mm", name="line load"),
        concept(
            f"{TERMS}walzentemperatur", f"{OWN}roll_temperature",
            unit_id=CELSIUS_IRDI, name="roll temperature",
        ),
    ]  # fmt: skip
    maker.technical(
        "Datenblatt",
        [
            prop("T_Walze_Nenn", 40.0, f"{TERMS}walzentemperatur"),
            prop("Modul", 546.0, f"{TERMS}modul", "N/mm"),
            prop("Umruestzeit", 0.25, f"{OWN}changeover_time", "Stunden"),
            prop("Gewicht", 12000.0, f"{TERMS}gewicht", "kg"),
        ],
    )
    known = PORTS | (ports or {})
    variables = [variable(n, name, *meant, **(said or {}).get(name, {}))
                 for n, (name, meant) in enumerate(known.items(), 1)]  # fmt: skip
    maker.simulation(variables, path, *extra)
    maker.files[FMU] = fmu
    tags = [
        affordance("Bahn", hrefs[0], "Meter pro Minute", f"{OWN}web_speed"),
        affordance("Walze", hrefs[1], "CEL", f"{TERMS}walzentemperatur"),
        affordance("Last", hrefs[2], "", load, span=("0", "3")),
        affordance("Schmierdruck", "/?id=nsu=urn:test:plant;s=cal.oil", "bar"),
    ]
    maker.interface(url, tags, security)
    return maker


def coater(url: str) -> Maker:
    """The coater: its tags mean what the elements mean to which a mapping configuration binds."""
    maker = Maker("Beschichter", "https://bahn.example/b2")
    maker.nameplate("Bahn und Band AG", de="Schlitzdüsenbeschichter B2")
    maker.technical(
        "TechnischeDaten",
        [
            prop("Trocknerlaenge", 2.5, f"{OWN}dryer_length", "Meter"),
            prop("Bahngeschwindigkeit", 30.0, f"{OWN}web_speed", "Meter pro Minute"),
        ],
    )
    tags = [
        affordance("v_Bahn", "/?id=nsu=urn:test:plant;s=coat.v", "Meter pro Minute"),
        affordance("Flaechenmasse", "/?id=nsu=urn:test:plant;s=coat.m", "g per m²", EMMO_LOADING),
    ]
    maker.interface(url, tags, ("None", "None"))
    tag = [
        (types.KeyTypes.SUBMODEL, f"{maker.base}/sm/Schnittstellen"),
        *(
            (types.KeyTypes.SUBMODEL_ELEMENT_COLLECTION, name)
            for name in ("Leitstand", "InteractionMetadata", "properties", "v_Bahn")
        ),
    ]
    sink = [
        (types.KeyTypes.SUBMODEL, f"{maker.base}/sm/TechnischeDaten"),
        (types.KeyTypes.SUBMODEL_ELEMENT_COLLECTION, "Werte"),
        (types.KeyTypes.PROPERTY, "Bahngeschwindigkeit"),
    ]
    configuration = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/1/0/"
    maker.submodel("Zuordnung", f"{configuration}Submodel", [_bound(configuration, tag, sink)])
    return maker


def _bound(
    base: str,
    tag: list[tuple[types.KeyTypes, str]],
    sink: list[tuple[types.KeyTypes, str]],
) -> types.SubmodelElement:
    """Return what binds a tag to an element."""
    from other_makers import means, to

    relation = types.RelationshipElement(
        first=to(*tag),
        second=to(*sink),
        id_short="Bahn",
        semantic_id=means(f"{base}MappingSourceSinkRelation"),
    )
    return parts("Alles", f"{base}MappingConfiguration", [relation])


def mixer(url: str) -> Maker:
    """The mixer: English, with codes of units, and no model."""
    maker = Maker("Mixer", "https://stir.example/m15")
    maker.nameplate("Stir Ltd", en="Planetary mixer M15")
    maker.technical("TechnicalData", [prop("MixingTime", 2.5, f"{OWN}dispersing_time", "HUR")])
    tags = [
        affordance(
            "Jacket", "/?id=nsu=urn:test:plant;s=mix.T", "Celsius", f"{OWN}jacket_temperature"
        ),
        affordance("Rotor", "?id=nsu=urn:test:plant;s=mix.n", "U/min", f"{OWN}rotor_speed"),
    ]
    maker.interface(url, tags, ("None", "None"))
    return maker


def written(folder: Path, url: str, fmu: bytes) -> list[Path]:
    """Write the three in three forms; mixer, coater, calender."""
    return [
        mixer(url).write(folder / "mixer.json"),
        coater(url).write(folder / "beschichter.xml"),
        calender(url, fmu).write(folder / "kalander.aasx"),
    ]
