"""A machine's OPC UA interface as sources and signals of a mapping file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import SplitResult, unquote, urlsplit

from basyx.aas import model

from linetwin.errors import ScenarioError
from linetwin.scenario.mapping_nodes import node_of
from linetwin.scenario.mapping_schema import Security
from linetwin.shells import building
from linetwin.shells.describing.interfaces import LINE_START, PLAYED
from linetwin.shells.joining.meanings import is_of, last, text_of
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.joining.signals import PACKML, Affordance, Meant, Signals
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.shells.joining.context import Context

_AID: Final = "https://admin-shell.io/idta/AssetInterfacesDescription/"
_AIMC: Final = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/"
_WOT: Final = "https://www.w3.org/2019/wot/"
_UA: Final = "http://opcfoundation.org/UA/WoT-Binding/"
POLICIES: Final[tuple[str, ...]] = get_args(Security.model_fields["policy"].annotation)
_NODE: Final = re.compile(r"(?:ns=(?P<index>\d+);|nsu=(?P<uri>[^;]+);)?(?P<rest>[isgb]=.+)\Z")
_HREF: Final = "/?id=nsu=URI;s=name, or ns=2 with the namespace under `namespaces:`"
_ENCRYPTED: Final = "SignAndEncrypt"


@dataclass(frozen=True)
class Source:
    """A server: its URL and how it is talked to, as a mapping file says it.

    `played`: its plant's time does not pass as ours does.
    """

    url: str
    policy: str
    user: str = ""
    played: bool = False


@dataclass
class Interface:
    """A source and its signals: name -> what a mapping file says of it.

    `states`, `modes`: tables of codes by name; `line_start`: of a simulated plant, "" where nobody
    said.
    """

    source: Source
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    modes: dict[str, dict[str, Any]] = field(default_factory=dict)
    line_start: str = ""


def interfaces(context: Context, submodels: Sequence[model.Submodel]) -> list[Interface]:
    """Return the OPC UA interfaces of a machine; interfaces of other kinds are noted."""
    found: list[Interface] = []
    bound = _bindings(context, submodels)
    for submodel in submodels:
        for way, element in elements(submodel, str(submodel.id_short)):
            if not any(
                id_.startswith(_AID) and id_.endswith("/Interface")
                for id_ in context.meanings.ids(element)
            ):
                continue
            parts = dict(_inside(context, element))
            endpoint = parts.get("EndpointMetadata")
            url = text_of(_inside(context, endpoint).get("base")) if endpoint else ""
            if _split(url).scheme != "opc.tcp":
                context.note(way, f"no OPC UA interface ('{url or 'no base'}'), and not joined")
                continue
            source = _source(context, f"{way}/EndpointMetadata", url, endpoint)
            said = _said(submodels)
            source = replace(source, played=said.get(PLAYED) == "true")
            found.append(_signals(context, (way, element), source, found, bound))
            found[-1].line_start = said.get(LINE_START, "")
    return found


def _said(submodels: Sequence[model.Submodel]) -> dict[str, str]:
    """Return what is said of the servers' clock: qualifiers of signals."""
    of_signals = [each for each in submodels if building.meaning_of(each) == meaning("signals")]
    return {each.type: str(each.value) for found in of_signals for each in found.qualifier}


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; empty ones where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _inside(
    context: Context, holder: model.SubmodelElement | None
) -> dict[str, model.SubmodelElement]:
    """Return the parts of a collection by the names that the template gives them."""
    found: dict[str, model.SubmodelElement] = {}
    for each in getattr(holder, "value", None) or ():
        found[_NAMES.get(_first(context, each), str(each.id_short))] = each
    return found


def _first(context: Context, element: model.SubmodelElement) -> str:
    return next(iter(context.meanings.ids(element)), "")


_NAMES: Final = {
    f"{_AID}1/0/EndpointMetadata": "EndpointMetadata",
    f"{_AID}1/0/InteractionMetadata": "InteractionMetadata",
    f"{_AID}1/0/key": "key",
    f"{_AID}1/0/minMaxRange": "min_max",
    f"{_AID}1/0/valueSemantics": "valueSemantics",
    f"{_WOT}td#baseURI": "base",
    f"{_WOT}td#definesSecurityScheme": "securityDefinitions",
    f"{_WOT}td#hasSecurityConfiguration": "security",
    f"{_WOT}td#PropertyAffordance": "properties",
    f"{_WOT}td#hasForm": "forms",
    f"{_WOT}td#isObservable": "observable",
    f"{_WOT}hypermedia#hasTarget": "href",
    "https://schema.org/unitCode": "unit",
    f"{_UA}securityMode": "uav_securityMode",
    f"{_UA}securityPolicy": "uav_securityPolicy",
    f"{_UA}userIdentityToken": "uav_userIdentityToken",
}


def _source(context: Context, way: str, url: str, endpoint: model.SubmodelElement | None) -> Source:
    """Return a server; how it is protected is asked where it is not said, or said to be None."""
    if _split(url).password is not None:
        context.wrong(f"{way}/base", "has a password", "a URL without one")
    schemes = _schemes(context, endpoint)
    policies = {
        each["uav_securityPolicy"].rpartition("#")[2]: each.get("uav_securityMode", "") or "unsaid"
        for each in schemes
        if each.get("uav_securityPolicy")
    }
    users = {each["uav_userIdentityToken"] for each in schemes if "uav_userIdentityToken" in each}
    user = ""
    if any("user" in each.casefold() for each in users):
        text = f"{way}: wants a user, the password stands in no file{_for_all(url)}"
        question = Question(text, ("name of the user",), is_free=True, common=url)
        user = str(context.ask("user", way, question) or "")
    safe = [name for name, mode in policies.items()
            if name in POLICIES and name != "None" and mode == _ENCRYPTED]  # fmt: skip
    decided = context.told("security", way)
    if len(safe) == 1 and decided is None:
        return Source(url, safe[0], user)
    if not policies:
        text = "states no security"
    elif len(safe) > 1:
        text = f"states several policies: {', '.join(safe)}"
    else:
        said = ", ".join(f"{name} with mode {mode}" for name, mode in policies.items())
        text = f"is talked to by {said}; messages are signed and encrypted, or None by name"
    question = Question(f"{way}: {text}{_for_all(url)}", POLICIES, common=f"{url}: {text}")
    answer = context.ask("security", way, question)
    return Source(url, str(answer or "None"), user)


def _for_all(url: str) -> str:
    return f"; one answer counts for all stations at {url}"


def _schemes(context: Context, endpoint: model.SubmodelElement | None) -> list[dict[str, str]]:
    """Return the security schemes in force: those the endpoint names, else all it defines."""
    parts = _inside(context, endpoint)
    defined = {
        str(each.id_short): {name: text_of(part) for name, part in _inside(context, each).items()}
        for each in getattr(parts.get("securityDefinitions"), "value", None) or ()
    }
    named = {
        last(each.value)
        for each in getattr(parts.get("security"), "value", None) or ()
        if isinstance(each, model.ReferenceElement) and each.value is not None
    }
    return [scheme for name, scheme in defined.items() if name in named] or list(defined.values())


def _bindings(
    context: Context, submodels: Sequence[model.Submodel]
) -> dict[int, list[model.SubmodelElement]]:
    """Return what the mapping configuration binds: identity of a property -> what it stands for."""
    found: dict[int, list[model.SubmodelElement]] = {}
    for submodel in submodels:
        for way, element in elements(submodel, str(submodel.id_short)):
            if not isinstance(element, model.RelationshipElement) or not is_of(
                context.meanings, element, f"{_AIMC}1/0/MappingSourceSinkRelation", ""
            ):
                continue
            ends = [_resolved(context, each) for each in (element.first, element.second)]
            if None in ends:
                context.wrong(way, "leads to nothing in this file", "two elements of this file")
            elif ends[0] is not None and ends[1] is not None:
                found.setdefault(id(ends[0]), []).append(ends[1])
                found.setdefault(id(ends[1]), []).append(ends[0])
    return found


def _resolved(context: Context, reference: model.Reference | None) -> model.SubmodelElement | None:
    """Return the element that a reference leads to; None for none."""
    if not isinstance(reference, model.ModelReference):
        return None
    try:
        found = reference.resolve(context.meanings.environment.objects)
    except (KeyError, IndexError, TypeError, ValueError, model.UnexpectedTypeError):
        return None
    return found if isinstance(found, model.SubmodelElement) else None


def _signals(
    context: Context,
    described: tuple[str, model.SubmodelElement],
    source: Source,
    before: Sequence[Interface],
    bound: dict[int, list[model.SubmodelElement]],
) -> Interface:
    """Return an interface with its signals; two for one address are asked for.

    `described`: the way to its element, and that; `before`: the machine's other interfaces.
    """
    interface = Interface(source)
    meanings, by_key = Signals(context), dict[str, list[tuple[Affordance, Meant]]]()
    left = 0
    for each in _affordances(context, *described, bound):
        meant = meanings.meant(each)
        if meant is not None:
            by_key.setdefault(meant.key, []).append((each, meant))
        elif meanings.is_left(each):
            left += 1
    if left:
        context.note(described[0], f"left: {left} properties that a mapping has no place for")
    for key, several in by_key.items():
        if len(several) > 1:
            _one_of(context, [each for each, _ in several], several[0][1])
            continue
        each, meant = several[0]
        if any(key in other.signals for other in before):
            hint = f"`signals:` of the decisions: {IGNORE} one of them"
            context.wrong(each.way, f"another interface has {meant.answer} too", hint)
            continue
        signal = _signal(context, each, meant, source)
        if signal is not None and _coded(context, each, meant, signal, interface):
            interface.signals[key] = signal
    return interface


def _one_of(context: Context, several: Sequence[Affordance], meant: Meant) -> None:
    """Ask which of several properties is the one; where all are decided so it is wrong."""
    ways = ", ".join(each.way for each in several)
    said = f"{len(several)} mean {meant.answer}: {ways}"
    undecided = [each for each in several if context.told("signals", each.way) is None]
    names = context.instruments.get(meant.quantity, ()) if meant.kind == "measurement" else ()
    for each in undecided:
        allowed = dict.fromkeys((IGNORE, meant.answer, *names))
        context.ask("signals", each.way, Question(f"{each.way}: {said}", tuple(allowed)))
    if not undecided:
        context.wrong(several[0].way, said, f"`signals:` of the decisions: {IGNORE} all but one")


def _affordances(
    context: Context,
    way: str,
    element: model.SubmodelElement,
    bound: dict[int, list[model.SubmodelElement]],
) -> Iterator[Affordance]:
    """Yield the properties of an interface."""
    interaction = _inside(context, element).get("InteractionMetadata")
    properties = _inside(context, interaction).get("properties")
    for each in getattr(properties, "value", None) or ():
        place = f"{way}/InteractionMetadata/properties/{each.id_short}"
        yield Affordance(place, each, _inside(context, each), bound.get(id(each), ()))


def _signal(
    context: Context, each: Affordance, meant: Meant, source: Source
) -> dict[str, Any] | None:
    """Return what a mapping says of a signal; None where something of it is open or wrong."""
    forms = _inside(context, each.parts.get("forms"))
    href = text_of(forms.get("href"))
    node = _node(context, f"{each.way}/forms/href", href, source.url)
    unit = _unit(context, each, meant.quantity) if meant.quantity else ""
    if node is None or unit is None:
        return None
    if text_of(each.parts.get("observable")).casefold() not in {"true", "1"}:
        context.note(each.way, "not called observable; the feed subscribes to it all the same")
    found: dict[str, Any] = {"node": node, "address": meant.address, "kind": meant.kind}
    if not unit:
        return found
    found["unit"] = unit
    if meant.address.rpartition(".")[2] != meant.quantity:
        found["quantity"] = meant.quantity
    span = each.parts.get("min_max")
    if isinstance(span, model.Range):
        for key, end in (("minimum", span.min), ("maximum", span.max)):
            number = _finite(end)
            if number is not None:
                found[key] = repr(number) if unit == "1" else f"{number!r} {unit}"
            elif end is not None and str(end).strip():
                context.note(each.way, f"{key} '{end}' is no number, and left out")
    return found


def _unit(context: Context, each: Affordance, quantity: str) -> str | None:
    """Return the unit that a property states, or that its semantics do; None where it is open."""
    stated = [each.unit] if "unit" in each.parts else []
    semantics = each.parts.get("valueSemantics")
    if not any(stated) and isinstance(semantics, model.ReferenceElement) and semantics.value:
        stated = context.meanings.of_concept(last(semantics.value))
    return context.unit(each.way, stated, quantity)


def _coded(
    context: Context, each: Affordance, meant: Meant, signal: dict[str, Any], interface: Interface
) -> bool:
    """Name a table of codes where one is needed; False where nobody says what codes mean."""
    if meant.kind not in {"state", "mode"}:
        return True
    codes, suspends = meant.codes, meant.suspends
    if codes is None:
        codes = context.told("codes", each.way)
    if not isinstance(codes, dict) and codes != PACKML:
        text = f"{each.way}: codes of a {meant.kind}, and nobody says what they mean"
        allowed = (PACKML, "{code: name of PackML}")
        context.ask("codes", each.way, Question(text, allowed))
        return False
    tables = interface.states if meant.kind == "state" else interface.modes
    own = f"{context.station.replace('.', '_')}_{meant.kind}"
    name = own if isinstance(codes, dict) else f"{PACKML}_{meant.kind}s"
    tables[name] = {"codes": codes}
    if suspends:
        tables[name]["suspend"] = _by_reason(suspends)
    signal["states"] = name
    return True


def _by_reason(suspends: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, reason in suspends.items():
        found.setdefault(reason, []).append(code)
    return found


def _finite(text: object) -> float | None:
    """Return the number that an end of a range is; None for none."""
    try:
        number = float(str(text))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _node(context: Context, way: str, href: str, base: str) -> str | None:
    """Return the NodeId that a form leads to; None where it is open or wrong."""
    parts = _split(href)
    if (
        parts.scheme
        and f"{parts.scheme}://{parts.netloc}"
        != base.rstrip("/")[: len(f"{parts.scheme}://{parts.netloc}")]
    ):
        context.wrong(way, f"'{href}' is of another server than {base}", _HREF)
        return None
    query = href.partition("?")[2]
    name, _, value = query.partition("=")
    match = _NODE.match(unquote(value)) if name == "id" else None
    if match is None:
        context.wrong(way, f"'{href or 'no href'}' leads to no NodeId", _HREF)
        return None
    uri, rest = match["uri"], match["rest"]
    if match["index"] not in {None, "0"}:
        index = match["index"]
        text = f"{way}: which namespace is {index}? The index changes when a server restarts"
        common = f"{base} {index}"
        question = Question(text + _for_all(base), ("its URI",), is_free=True, common=common)
        uri = context.ask("namespaces", index, question)
        if uri is None:
            return None
    node = f"nsu={uri};{rest}" if uri else rest
    try:
        node_of(node, {})
    except ScenarioError as error:
        context.wrong(way, error.problems[0].message, error.problems[0].hint)
        return None
    return node
