"""A machine's OPC UA interface as sources and signals of a mapping file."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import SplitResult, unquote, urlsplit

from basyx.aas import model

from linetwin.errors import ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario.mapping_nodes import node_of
from linetwin.scenario.mapping_schema import Security
from linetwin.shells.joining.meanings import is_of, last, text_of
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.reading.walking import elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    """A server: its URL and how it is talked to, as a mapping file says it."""

    url: str
    policy: str
    user: str = ""


@dataclass
class Interface:
    """A source and its signals: address -> what a mapping file says of it."""

    source: Source
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Affordance:
    """A property of an interface: where it stands, what it may mean, its parts by name."""

    way: str
    element: model.SubmodelElement
    parts: dict[str, model.SubmodelElement]

    @property
    def name(self) -> str:
        return text_of(self.parts.get("key")) or str(self.element.id_short)


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
            found.append(_signals(context, (way, element), source, found, bound))
    return found


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
        text = f"{way}: wants a user; the password stands in no file"
        question = Question(text, ("name of the user",), is_free=True)
        user = str(context.ask("user", way, question) or "")
    safe = [name for name, mode in policies.items()
            if name in POLICIES and name != "None" and mode == _ENCRYPTED]  # fmt: skip
    decided = context.told("security", way)
    if len(safe) == 1 and decided is None:
        return Source(url, safe[0], user)
    if not policies:
        text = f"{way}: states no security"
    elif len(safe) > 1:
        text = f"{way}: states several policies: {', '.join(safe)}"
    else:
        said = ", ".join(f"{name} with mode {mode}" for name, mode in policies.items())
        text = f"{way}: is talked to by {said}; messages are signed and encrypted, or None by name"
    answer = context.ask("security", way, Question(text, POLICIES))
    return Source(url, str(answer or "None"), user)


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
    by_quantity: dict[str, list[_Affordance]] = {}
    for each in _affordances(context, *described):
        meant = _meant(context, each, bound)
        decided = context.told("signals", each.way)
        if decided is None and len(meant) == 1:
            by_quantity.setdefault(meant[0], []).append(each)
            continue
        said = f"means {' and '.join(meant)}" if meant else "its meaning is unknown"
        answer = _asked(context, each, said, meant)
        if answer not in {None, IGNORE}:
            by_quantity.setdefault(str(answer), []).append(each)
    for quantity, several in by_quantity.items():
        if len(several) > 1:
            _one_of(context, several, quantity)
            continue
        signal = _signal(context, several[0], quantity, source)
        address = f"{context.station}.{quantity}"
        if any(address in other.signals for other in before):
            hint = f"`signals:` of the decisions: {IGNORE} one of them"
            context.wrong(several[0].way, f"another interface has {quantity} too", hint)
        elif signal is not None:
            interface.signals[address] = signal
    return interface


def _one_of(context: Context, several: Sequence[_Affordance], quantity: str) -> None:
    """Ask which of several properties is the one; where all are decided so it is wrong."""
    ways = ", ".join(each.way for each in several)
    said = f"{len(several)} mean {quantity}: {ways}"
    undecided = [each for each in several if context.told("signals", each.way) is None]
    for each in undecided:
        question = Question(f"{each.way}: {said}", (IGNORE, quantity), takes_rest=False)
        context.ask("signals", each.way, question)
    if not undecided:
        context.wrong(several[0].way, said, f"`signals:` of the decisions: {IGNORE} all but one")


def _asked(context: Context, each: _Affordance, said: str, meant: Sequence[str]) -> str | None:
    names = [quantity.name for quantity in vocabulary() if quantity.type in {"float", "int"}]
    unit = text_of(each.parts.get("unit"))
    names = context.measured_in(names, [unit])
    close = difflib.get_close_matches(each.name.casefold(), names, n=1)
    text = f"{each.way} ({each.name}, {unit or 'no unit'}): {said}"
    allowed = (IGNORE, *meant) if meant else (IGNORE, *names)
    question = Question(text, allowed, close[0] if close else "")
    return context.ask("signals", each.way, question)  # type: ignore[no-any-return]


def _affordances(
    context: Context, way: str, element: model.SubmodelElement
) -> Iterator[_Affordance]:
    """Yield the properties of an interface."""
    interaction = _inside(context, element).get("InteractionMetadata")
    properties = _inside(context, interaction).get("properties")
    for each in getattr(properties, "value", None) or ():
        place = f"{way}/InteractionMetadata/properties/{each.id_short}"
        yield _Affordance(place, each, _inside(context, each))


def _meant(
    context: Context, each: _Affordance, bound: dict[int, list[model.SubmodelElement]]
) -> list[str]:
    """Return the quantities that a property means: itself, by its semantics, by its binding."""
    ids = context.meanings.ids(each.element)
    semantics = each.parts.get("valueSemantics")
    if isinstance(semantics, model.ReferenceElement) and semantics.value is not None:
        ids.append(last(semantics.value))
    for other in bound.get(id(each.element), ()):
        ids += context.meanings.ids(other)
    return context.meanings.quantities(ids)


def _signal(
    context: Context, each: _Affordance, quantity: str, source: Source
) -> dict[str, Any] | None:
    """Return what a mapping says of a signal; None where something of it is open or wrong."""
    forms = _inside(context, each.parts.get("forms"))
    href = text_of(forms.get("href"))
    node = _node(context, f"{each.way}/forms/href", href, source.url)
    stated = [text_of(each.parts["unit"])] if "unit" in each.parts else []
    semantics = each.parts.get("valueSemantics")
    if not any(stated) and isinstance(semantics, model.ReferenceElement) and semantics.value:
        stated = context.meanings.of_concept(last(semantics.value))
    unit = context.unit(each.way, stated, quantity)
    if node is None or unit is None:
        return None
    if text_of(each.parts.get("observable")).casefold() not in {"true", "1"}:
        context.note(each.way, "not called observable; the feed subscribes to it all the same")
    found: dict[str, Any] = {"node": node, "unit": unit}
    span = each.parts.get("min_max")
    if isinstance(span, model.Range):
        for key, end in (("minimum", span.min), ("maximum", span.max)):
            number = _finite(end)
            if number is not None:
                found[key] = repr(number) if unit == "1" else f"{number!r} {unit}"
            elif end is not None and str(end).strip():
                context.note(each.way, f"{key} '{end}' is no number, and left out")
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
        uri = context.ask("namespaces", index, Question(text, ("its URI",), is_free=True))
        if uri is None:
            return None
    node = f"nsu={uri};{rest}" if uri else rest
    try:
        node_of(node, {})
    except ScenarioError as error:
        context.wrong(way, error.problems[0].message, error.problems[0].hint)
        return None
    return node
