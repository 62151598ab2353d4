"""Shells of machines as other makers write them, by aas-core 3.0: no code of linetwin's is used.

Their idShorts, languages and units are their own; what they mean is said by ids, of which some are
those that linetwin's documents publish and some lead to these through concept descriptions.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aas_core3 import jsonization, types, verification, xmlization

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

OWN = "https://linetwin.example/terms/1/"
EMMO_POROSITY = "https://w3id.org/emmo#EMMO_3a6578ac_aee0_43b9_9bc6_1eb208c8c9a9"
SIMULATION = "https://admin-shell.io/idta/SimulationModels/"
AID = "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/"
WOT = "https://www.w3.org/2019/wot/"
UA = "http://opcfoundation.org/UA/WoT-Binding/"
SPECIFICATION = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3/0"
Element = types.SubmodelElement
DOUBLE, STRING = types.DataTypeDefXSD.DOUBLE, types.DataTypeDefXSD.STRING


def means(iri: str) -> types.Reference:
    """Return a reference to something outside."""
    key = types.Key(types.KeyTypes.GLOBAL_REFERENCE, iri)
    return types.Reference(types.ReferenceTypes.EXTERNAL_REFERENCE, [key])


def to(*keys: tuple[types.KeyTypes, str]) -> types.Reference:
    """Return a reference to something in the file."""
    return types.Reference(types.ReferenceTypes.MODEL_REFERENCE, [types.Key(*key) for key in keys])


def prop(name: str, value: object, iri: str = "", unit: str = "", **more: Any) -> types.Property:  # noqa: ANN401
    """Return a property; its unit stands in a qualifier."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return types.Property(
        value_type=DOUBLE if number else STRING,
        id_short=name,
        value=None if value is None else str(value).lower() if value is True else str(value),
        semantic_id=means(iri) if iri else None,
        qualifiers=[types.Qualifier("Einheit", STRING, value=unit)] if unit else None,
        **more,
    )


def parts(name: str, iri: str, value: Iterable[Element]) -> types.SubmodelElementCollection:
    """Return a collection."""
    return types.SubmodelElementCollection(
        id_short=name, semantic_id=means(iri) if iri else None, value=list(value) or None
    )


def texts(name: str, iri: str, **languages: str) -> types.MultiLanguageProperty:
    """Return a text in several languages."""
    value = [types.LangStringTextType(language, text) for language, text in languages.items()]
    return types.MultiLanguageProperty(id_short=name, semantic_id=means(iri), value=value)


def specified(unit: str = "", unit_id: str = "", name: str = "x") -> list[Any]:
    """Return a data specification by IEC 61360 with a unit."""
    content = types.DataSpecificationIEC61360(
        [types.LangStringPreferredNameTypeIEC61360("en", name)],
        unit=unit or None,
        unit_id=means(unit_id) if unit_id else None,
        data_type=types.DataTypeIEC61360.REAL_MEASURE,
        definition=[types.LangStringDefinitionTypeIEC61360("en", name)],
    )
    return [
        types.EmbeddedDataSpecification(
            data_specification=means(SPECIFICATION), data_specification_content=content
        )
    ]


def concept(iri: str, case_of: str = "", **specification: str) -> types.ConceptDescription:
    """Return the description of a maker's own term."""
    return types.ConceptDescription(
        iri,
        embedded_data_specifications=specified(**specification),
        is_case_of=[means(case_of)] if case_of else None,
    )


@dataclass
class Maker:
    """One machine's shell in the making."""

    name: str
    base: str
    submodels: list[types.Submodel] = field(default_factory=list)
    concepts: list[types.ConceptDescription] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def submodel(self, name: str, iri: str, elements: Sequence[Element]) -> None:
        """Add a submodel."""
        self.submodels.append(
            types.Submodel(
                f"{self.base}/sm/{name}",
                id_short=name,
                semantic_id=means(iri),
                submodel_elements=list(elements),
            )
        )

    def nameplate(self, maker: str, **product: str) -> None:
        """Add a nameplate."""
        iri = "https://admin-shell.io/idta/nameplate/3/0/Nameplate"
        plate = [
            texts("Hersteller", "0173-1#02-AAO677#004", de=maker),
            texts("Produkt", "0173-1#02-AAW338#003", **product),
        ]
        self.submodel("Typenschild", iri, plate)

    def technical(self, name: str, elements: Sequence[Element]) -> None:
        """Add technical data."""
        self.submodel(name, "0173-1#01-AHX837#002", [parts("Werte", "", elements)])

    def simulation(self, variables: Sequence[Element], path: str, *extra: Element) -> None:
        """Add a model with its variables and its file."""
        digital = types.File(
            "application/x-fmu", id_short="Datei", value=path,
            semantic_id=means(f"{SIMULATION}DigitalFile/1/0"),
        )  # fmt: skip
        version = parts("V7", f"{SIMULATION}ModelFileVersion/1/0", [digital, *extra])
        port = parts("Alle", f"{SIMULATION}PortsConnector/1/0", variables)
        self.submodel(
            "Simulationsmodelle",
            "https://admin-shell.io/idta/SubmodelTemplate/SimulationModels/1/1",
            [
                parts(
                    "Walzspalt",
                    f"{SIMULATION}SimulationModel/1/1",
                    [
                        parts("Modelldatei", f"{SIMULATION}ModelFile/1/0", [version]),
                        parts("Anschluesse", f"{SIMULATION}Ports/1/0", [port]),
                    ],
                )
            ],
        )

    def interface(
        self,
        url: str,
        properties: Sequence[Element],
        security: tuple[str, str] | None,
        name: str = "Schnittstellen",
    ) -> None:
        """Add an OPC UA interface; `security`: mode and policy."""
        schemes = []
        if security is not None:
            said = [
                prop("uav_securityMode", security[0], f"{UA}securityMode"),
                prop("uav_securityPolicy", security[1], f"{UA}securityPolicy"),
            ]
            schemes = [parts("kanal", f"{UA}OPCUASecurityChannelScheme", said)]
        endpoint = [
            prop("base", url, f"{WOT}td#baseURI"),
            parts("securityDefinitions", f"{WOT}td#definesSecurityScheme", schemes),
        ]
        holder = parts("properties", f"{WOT}td#PropertyAffordance", properties)
        self.submodel(
            name,
            "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/Submodel",
            [
                parts(
                    "Leitstand",
                    f"{AID}Interface",
                    [
                        parts("EndpointMetadata", f"{AID}EndpointMetadata", endpoint),
                        parts("InteractionMetadata", f"{AID}InteractionMetadata", [holder]),
                    ],
                )
            ],
        )

    def environment(self) -> types.Environment:
        """Return the whole, which aas-core finds to be sound."""
        information = types.AssetInformation(types.AssetKind.INSTANCE, f"{self.base}/asset")
        shell = types.AssetAdministrationShell(
            f"{self.base}/aas",
            information,
            id_short=self.name,
            submodels=[to((types.KeyTypes.SUBMODEL, each.id)) for each in self.submodels],
        )
        found = types.Environment([shell], self.submodels, self.concepts or None)
        assert [str(error) for error in verification.verify(found)] == []
        return found

    def write(self, file: Path) -> Path:
        """Write a file by its ending."""
        found = self.environment()
        if file.suffix == ".xml":
            file.write_text(xmlization.to_str(found), encoding="utf-8")
        else:
            text = json.dumps(jsonization.to_jsonable(found), ensure_ascii=False)
            content = text.encode()
            file.write_bytes(content if file.suffix == ".json" else package(content, self.files))
        return file


def affordance(name: str, href: str, unit: str, iri: str = "", **more: object) -> Element:
    """Return a property of an interface."""
    said: list[Element] = [prop("type", "number"), prop("observable", value=True)]
    if unit:
        said.append(prop("unit", unit, "https://schema.org/unitCode"))
    if iri:
        said.append(
            types.ReferenceElement(
                id_short="Bedeutung", value=means(iri), semantic_id=means(f"{AID}valueSemantics")
            )
        )
    if "span" in more:
        low, high = more["span"]  # type: ignore[misc]  # a pair
        said.append(
            types.Range(STRING, id_short="min_max", min=low, max=high,
                        semantic_id=means(f"{AID}minMaxRange"))
        )  # fmt: skip
    said.append(
        parts("forms", f"{WOT}td#hasForm", [prop("href", href, f"{WOT}hypermedia#hasTarget")])
    )
    return parts(name, f"{AID}PropertyDefinition", said)


def variable(place: int, name: str, iri: str, unit: str, **more: str) -> Element:
    """Return a variable of a model, with what it means; `more`: of the template, by its names."""
    said = [prop("Bezeichner", name, f"{SIMULATION}VariableName/1/0")]
    said += [prop(f"X{key}", text, f"{SIMULATION}{key}/1/0") for key, text in more.items()]
    if unit:
        said.append(prop("Masseinheit", unit, f"{SIMULATION}UnitList/1/0"))
    found = parts(f"Groesse{place:02}", f"{SIMULATION}Variable/1/0", said)
    found.supplemental_semantic_ids = [means(iri)] if iri else None
    return found


def package(document: bytes, files: dict[str, bytes]) -> bytes:
    """Return an AASX package by hand."""
    kind = "http://admin-shell.io/aasx/relationships/"
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    kinds = {"rels": rels, "json": "application/json", "fmu": "application/x-fmu"}
    types_ = "".join(
        f'<Default Extension="{ending}" ContentType="{each}"/>' for ending, each in kinds.items()
    )
    types_ += '<Override PartName="/aasx/aasx-origin" ContentType="text/plain"/>'
    space = "http://schemas.openxmlformats.org/package/2006"
    buffer = io.BytesIO()

    def links(*targets: tuple[str, str]) -> str:
        rows = "".join(
            f'<Relationship Id="R{n}" Type="{kind}{what}" Target="{target}"/>'
            for n, (what, target) in enumerate(targets)
        )
        return f'<Relationships xmlns="{space}/relationships">{rows}</Relationships>'

    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", f'<Types xmlns="{space}/content-types">{types_}</Types>'
        )
        archive.writestr("_rels/.rels", links(("aasx-origin", "/aasx/aasx-origin")))
        archive.writestr("aasx/aasx-origin", "")
        archive.writestr("aasx/_rels/aasx-origin.rels", links(("aas-spec", "/aasx/maschine.json")))
        archive.writestr("aasx/maschine.json", document)
        supplements = [("aas-suppl", name) for name in files]
        archive.writestr("aasx/_rels/maschine.json.rels", links(*supplements))
        for name, content in files.items():
            archive.writestr(name.removeprefix("/"), content)
    return buffer.getvalue()
