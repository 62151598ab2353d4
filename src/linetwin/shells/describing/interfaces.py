"""AssetInterfacesDescription and -MappingConfiguration: OPC UA tags, and what they stand for.

The tags come from a plant's mapping, or from the information model of `linetwin plant`; whoever
knows these gives them as plain data. What a tag is bound to is an element of the submodel Signals,
whose idShort is the tag's address: it has meaning and unit, and no value. What it tells, a
quantity, a state, a count or a lot, is its semanticId; codes of a maker are a qualifier of it, and
what is said of the server's clock are qualifiers of Signals.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.quantities import vocabulary
from linetwin.shells import building
from linetwin.shells.building import collection, prop
from linetwin.shells.naming import id_short
from linetwin.shells.terms import SUBMODELS, has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.scenario.mapped import SignalKind
    from linetwin.shells.naming import Named

AID: Final = "AssetInterfacesDescription"
AIMC: Final = "AssetInterfacesMappingConfiguration"
SIGNALS: Final = "Signals"
INTERFACE: Final = "InterfaceOPCUA"
CODES: Final = "Codes"
"""Qualifier of a state or mode: code of the maker -> name of PackML's, as JSON."""
SUSPENDS: Final = "Suspends"
"""Qualifier of a state or mode: code -> why nothing is learnt meanwhile, as JSON."""
PLAYED: Final = "Played"
"""Qualifier of Signals: the plant's time does not pass as ours does, for it is played."""
LINE_START: Final = "LineStart"
"""Qualifier of Signals: the instant of the line's Monday 00:00."""
_AID: Final = "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/"
_AIMC: Final = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/1/0/"
_WOT: Final = "https://www.w3.org/2019/wot/"
_BINDING: Final = "http://opcfoundation.org/UA/WoT-Binding/"
_DEFINED_BY: Final = f"{_WOT}td#definesSecurityScheme"
_SECURED_BY: Final = f"{_WOT}td#hasSecurityConfiguration"
_CHANNEL: Final = "opcua_channel_sc"
_TYPES: Final = {"Double": "number", "Int64": "integer", "Int32": "integer", "Boolean": "boolean"}

_VALUE_TYPES: Final[dict[str, type[model.ValueDataType]]] = {
    "number": datatypes.Double,
    "integer": datatypes.Long,
    "boolean": datatypes.Boolean,
    "string": datatypes.String,
}
"""Type in the description of an interface -> type of the signal."""


@dataclass(frozen=True)
class Endpoint:
    """A server: its URL and how it is talked to. With policy None nothing is signed.

    `played`, `line_start` (ISO 8601, "" where nobody said): of a plant that is simulated.
    """

    url: str
    policy: str = "Basic256Sha256"
    played: bool = False
    line_start: str = ""

    @property
    def mode(self) -> str:
        """The mode of its secure channel."""
        return "None" if self.policy == "None" else "SignAndEncrypt"


@dataclass(frozen=True)
class Tag:
    """A variable of a server.

    `address`: what it stands for; `node`: its NodeId, with the URI of its namespace; `type`: of
    OPC UA, without its prefix; `unit`: as UCUM. Infinite bounds are not told. `kind`: as a mapping
    file has it, None for what none takes; `quantity`: by name, where the address does not end in
    it; `codes`, `suspends`: of a state or mode, None for PackML's own.
    """

    address: str
    node: str
    type: str = "Double"
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    title: str = ""
    kind: SignalKind | None = "measurement"
    quantity: str = ""
    codes: Mapping[str, str] | None = None
    suspends: Mapping[str, str] = field(default_factory=dict)


def interfaces(named: Named, endpoint: Endpoint, tags: Sequence[Tag]) -> list[model.Submodel]:
    """Return the description of an asset's interface, what it is bound to, and the binding."""
    return [
        _signals(named, endpoint, tags),
        building.submodel(
            named.submodel(AID), AID, SUBMODELS[AID], [_interface(named, endpoint, tags)]
        ),
        building.submodel(named.submodel(AIMC), AIMC, SUBMODELS[AIMC], [_binding(named, tags)]),
    ]


def _signals(named: Named, endpoint: Endpoint, tags: Sequence[Tag]) -> model.Submodel:
    signals = [_signal(each) for each in tags]
    found = building.submodel(named.submodel(SIGNALS), SIGNALS, meaning("signals"), signals)
    said = {PLAYED: "true" if endpoint.played else "", LINE_START: endpoint.line_start}
    for kind, text in said.items():
        if text:
            found.qualifier.add(building.qualifier(kind, text))
    return found


def _quantity(tag: Tag) -> str:
    """Return what a tag's value means: its quantity, else what a mapping file calls it."""
    name = tag.address.rpartition(".")[2]
    if tag.kind in {"state", "mode"}:
        return meaning(f"signal.{'packml_' if tag.codes is None else ''}{tag.kind}")
    if tag.kind == "lot":
        return meaning(f"signal.{name}" if has_term(f"signal.{name}") else "signal.lot")
    for each in (tag.quantity, name):
        if each in vocabulary():
            return meaning(each)
    is_count = tag.kind == "counter" and has_term(f"signal.{name}")
    return meaning(f"signal.{name}" if is_count else "signal")


def _signal(tag: Tag) -> model.Property:
    value_type = _VALUE_TYPES[_TYPES.get(tag.type, "string")]
    name, means = id_short(tag.address), _quantity(tag)
    found = prop(name, None, means, tag.unit, value_type=value_type)
    if tag.kind in {"setpoint", "counter"} and means != meaning("signal"):
        found.supplemental_semantic_id.append(building.semantic(meaning(f"signal.{tag.kind}")))
    for kind, codes in ((CODES, tag.codes), (SUSPENDS, tag.suspends)):
        if codes:
            found.qualifier.add(building.qualifier(kind, json.dumps(dict(codes))))
    return found


def _interface(named: Named, endpoint: Endpoint, tags: Sequence[Tag]) -> model.SubmodelElement:
    properties = [_property(named, each) for each in tags]
    interaction = collection(
        "InteractionMetadata",
        f"{_AID}InteractionMetadata",
        [collection("properties", f"{_WOT}td#PropertyAffordance", properties)],
    )
    found = collection(
        INTERFACE,
        f"{_AID}Interface",
        [
            prop("title", f"OPC UA of {endpoint.url}", f"{_WOT}td#title"),
            _endpoint(named, endpoint),
            interaction,
        ],
    )
    for iri in (_BINDING, f"{_WOT}td"):
        found.supplemental_semantic_id.append(building.semantic(iri))
    return found


def _endpoint(named: Named, endpoint: Endpoint) -> model.SubmodelElement:
    scheme = [
        prop("scheme", "ua_channelsec", f"{_WOT}security#SecurityScheme"),
        prop("uav_securityMode", endpoint.mode, f"{_BINDING}securityMode"),
        prop("uav_securityPolicy", endpoint.policy, f"{_BINDING}securityPolicy"),
    ]
    channel = collection(_CHANNEL, f"{_BINDING}OPCUASecurityChannelScheme", scheme)
    url = prop("base", endpoint.url, f"{_WOT}td#baseURI", value_type=datatypes.AnyURI)
    return collection(
        "EndpointMetadata",
        f"{_AID}EndpointMetadata",
        [
            url,
            prop("contentType", "application/opcua+uadp", f"{_WOT}hypermedia#forContentType"),
            _security(named),
            collection("securityDefinitions", _DEFINED_BY, [channel]),
        ],
    )


def _security(named: Named) -> model.SubmodelElement:
    """Return the list that names the one way in which the server is talked to."""
    way = [INTERFACE, "EndpointMetadata", "securityDefinitions", _CHANNEL]
    target = building.to_element(named.submodel(AID), _collections(way))
    chosen = building.reference(None, target, _SECURED_BY)
    return building.listed(
        "security", _SECURED_BY, [chosen], model.ReferenceElement, of_meaning=_SECURED_BY
    )


def _property(named: Named, tag: Tag) -> model.SubmodelElement:
    children: list[model.SubmodelElement] = [
        prop("key", tag.address, f"{_AID}key"),
        prop(
            "type",
            _TYPES.get(tag.type, "string"),
            "https://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        ),
    ]
    if tag.title:
        children.append(prop("title", tag.title, f"{_WOT}td#title"))
    children.append(prop("observable", value=True, meaning=f"{_WOT}td#isObservable"))
    if tag.unit:
        children.append(prop("unit", tag.unit, "https://schema.org/unitCode"))
    low, high = (None if math.isinf(end) else end for end in (tag.low, tag.high))
    if low is not None or high is not None:
        children.append(_range(low, high))
    semantics = building.semantic(_quantity(tag))
    children.append(building.reference("valueSemantics", semantics, f"{_AID}valueSemantics"))
    form = [
        prop("href", f"/?id={tag.node}", f"{_WOT}hypermedia#hasTarget"),
        _security(named),
    ]
    children.append(collection("forms", f"{_WOT}td#hasForm", form))
    return collection(id_short(tag.address), f"{_AID}PropertyDefinition", children)


def _range(low: float | None, high: float | None) -> model.Range:
    """Return a range as the template has it: as text."""
    least, most = (None if end is None else repr(end) for end in (low, high))
    means = building.semantic(f"{_AID}minMaxRange")
    return model.Range("min_max", datatypes.String, least, most, semantic_id=means)


def _binding(named: Named, tags: Sequence[Tag]) -> model.SubmodelElement:
    """Return the list with the one interface and, tag by tag, what it is bound to."""
    description, signals = named.submodel(AID), named.submodel(SIGNALS)
    means = f"{_AIMC}MappingSourceSinkRelation"
    relations = []
    for tag in tags:
        name = id_short(tag.address)
        source = [INTERFACE, "InteractionMetadata", "properties", name]
        relations.append(
            building.relationship(
                None,
                building.to_element(description, _collections(source)),
                building.to_element(signals, [(model.KeyTypes.PROPERTY, name)]),
                means,
            )
        )
    interface = building.to_element(description, _collections([INTERFACE]))
    configuration = collection(
        None,
        f"{_AIMC}MappingConfiguration",
        [
            building.reference("InterfaceReference", interface, f"{_AIMC}InterfaceReference"),
            building.listed(
                "MappingSourceSinkRelations",
                f"{_AIMC}MappingSourceSinkRelations",
                relations,
                model.RelationshipElement,
                of_meaning=means,
            ),
        ],
    )
    return building.listed(
        "MappingConfigurations",
        f"{_AIMC}MappingConfigurations",
        [configuration],
        of_meaning=f"{_AIMC}MappingConfiguration",
    )


def _collections(names: Sequence[str]) -> list[tuple[model.KeyTypes, str]]:
    return [(model.KeyTypes.SUBMODEL_ELEMENT_COLLECTION, name) for name in names]
