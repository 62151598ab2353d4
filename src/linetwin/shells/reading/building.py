"""The tree of a file as basyx objects: bottom up, each fault at its own place.

basyx's own readers refuse the whole file for one fault, or leave out what is faulty and more
(`failsafe`), and drop keys that they do not know without a word. Here each object is built alone
by basyx's decoder and hung into its parent; what fails is noted with its place and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model
from basyx.aas.adapter.json import StrictAASFromJsonDecoder

from linetwin.shells.reading import attributes, mending
from linetwin.shells.reading.account import Place, shown
from linetwin.shells.reading.references import mended_reference
from linetwin.shells.reading.shapes import TEXT, shapes
from linetwin.shells.reading.walking import CHILDREN, elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.shells.reading.account import Account
    from linetwin.shells.reading.limits import Limits
    from linetwin.shells.reading.shapes import Shape, Slot

LEFT_OUT: Final = "was left out"
_FAULTS: Final = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    model.AASConstraintViolation,
)
"""What basyx raises over a bad object, found by reading it and by fuzzing."""


def count(tree: object) -> int:
    """Return how many shells, submodels, concept descriptions and elements a tree names."""
    number = 0
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = node.get("modelType")
            number += isinstance(name, str) and name in shapes() and shapes()[name].referable
            waiting.extend(value for value in node.values() if isinstance(value, (dict, list)))
        elif isinstance(node, list):
            waiting.extend(value for value in node if isinstance(value, (dict, list)))
    return number


class Builder:
    """Builds the objects of one document."""

    def __init__(self, account: Account, limits: Limits) -> None:
        self._account = account
        self._limits = limits
        self._refused = 0

    def identifiables(self, tree: dict[str, Any]) -> Iterator[model.Identifiable]:
        """Yield the shells, submodels and concept descriptions of an environment."""
        for key, items in tree.items():
            slot = shapes()["Environment"].slots.get(key)
            if slot is None or not isinstance(items, list):
                self._note(Place(key), "not known, or no list")
                continue
            for index, item in enumerate(items):
                made = self._object(item, slot, Place(f"{key}[{index}]"))
                if made is not None:
                    yield made

    def _note(self, place: Place, reason: str) -> None:
        self._account.note(place, LEFT_OUT, reason)

    # ------------------------------------------------------------------------------ objects

    def _object(self, node: object, slot: Slot, place: Place) -> Any:  # noqa: ANN401 - basyx, or a dict
        """Return what stands in a slot for one object: a basyx object, a dict, or None."""
        if not isinstance(node, dict):
            self._note(place, "an object was expected")
            return None
        name = self._class(node, slot, place)
        if name is None:
            return None
        shape = shapes()[name]
        if shape.referable:
            return self._referable(node, shape, place)
        made = self._attributes(node, shape, place)
        if name == "Reference":
            return mended_reference(made, place, self._account)
        if self._lacks(made, shape, place):
            return None
        return self._decoded({**made, "modelType": name}, shape, place) if slot.tagged else made

    def _class(self, node: dict[str, Any], slot: Slot, place: Place) -> str | None:
        """Return the class of an object; where it does not say it, the one its keys allow."""
        if not slot.tagged:
            return next(iter(slot.classes))
        name = node.get("modelType")
        if isinstance(name, str) and name in slot.classes:
            return name
        fitting = [each for each in slot.classes if _fits(node, shapes()[each])]
        if name is None and len(fitting) == 1:
            self._account.note(place, "modelType is missing", f"read as {fitting[0]}")
            self._account.found += shapes()[fitting[0]].referable
            return fitting[0]
        self._note(place, f"its modelType ({shown(name)}) is none that may stand here")
        return None

    def _lacks(self, made: dict[str, Any], shape: Shape, place: Place) -> bool:
        """Return whether an attribute that the metamodel asks for is not there."""
        for key, slot in shape.slots.items():
            if slot.needed and key not in made:
                self._note(place, f"it has no {key}")
                return True
        return False

    def _referable(self, node: dict[str, Any], shape: Shape, place: Place) -> Any:  # noqa: ANN401 - basyx is loosely typed
        """Return a shell, submodel, concept description or element with all that it holds."""
        short = node.get("idShort")
        if isinstance(short, str) and short:
            place = Place(f"{place.label} ({short})", place.parent)
        kinds = CHILDREN.get(shape.name, {})
        own = {key: value for key, value in node.items() if key not in kinds}
        head = self._attributes(own, shape, place)
        attributes.settle(head, shape, place, self._account, self._limits)
        if shape.name == "SubmodelElementList":
            attributes.settle_list(head, node.get("value"), place, self._account)
        if self._lacks(head, shape, place):
            return None
        made = self._decoded({**head, "modelType": shape.name}, shape, place)
        if made is not None:
            for key, attribute in kinds.items():
                if node.get(key) is not None:
                    where = place.at(key)
                    self._fill(made, getattr(made, attribute), node[key], shape.slots[key], where)
        return made

    def _decoded(self, made: dict[str, Any], shape: Shape, place: Place) -> Any:  # noqa: ANN401 - as above
        """Let basyx build an object; where it refuses, without the attributes that it refuses."""
        whole, reason = _built(made)
        if whole is not None:
            return whole
        self._refused += 1
        if self._refused > self._limits.repairs:
            self._note(place, reason)
            return None
        optional = [key for key in made if key in shape.slots and not shape.slots[key].needed]
        core = {key: value for key, value in made.items() if key not in optional}
        alone = {key: _built({**core, key: made[key]})[1] for key in optional}
        sound = {key: value for key, value in made.items() if not alone.get(key)}
        whole, reason = _built(sound)
        if whole is None:
            self._note(place, reason)
            return None
        for key, fault in alone.items():
            if fault:  # alone it may have failed for want of another
                again, _ = _built({**sound, key: made[key]})
                if again is None:
                    self._note(place.at(key), fault)
                else:
                    whole, sound = again, {**sound, key: made[key]}
        return whole

    # ----------------------------------------------------------------------------- children

    def _fill(self, made: Any, into: Any, items: object, slot: Slot, place: Place) -> None:  # noqa: ANN401 - as above
        """Hang the elements of a list into their parent."""
        if not isinstance(items, list):
            self._note(place, "a list was expected")
            return
        ordered = isinstance(made, model.SubmodelElementList)
        names = _Names(self._account)
        stated = made.semantic_id_list_element if ordered else None
        for index, item in enumerate(items):
            where = place.at(f"[{index}]")
            child = self._child(item, slot, where)
            if child is None:
                continue
            if not ordered or child.id_short is not None:
                names.settle(child, index, where)
            try:
                into.add(child)
            except _FAULTS as error:
                self._note(where, f"{_reason(error)} ({1 + _size(child)} elements)")
                continue
            if ordered and stated is None and child.semantic_id is not None:
                # Without it basyx compares each child with all before it (constraint AASd-114):
                # half a minute for 10,000 of them.
                made._semantic_id_list_element = child.semantic_id  # noqa: SLF001 - as said
        if ordered:
            made._semantic_id_list_element = stated  # noqa: SLF001 - as said

    def _child(self, item: object, slot: Slot, place: Place) -> Any:  # noqa: ANN401 - as above
        """Return an element of a list; an operation's variable is its value."""
        if slot.kind == "OperationVariable":
            slot = shapes()[slot.kind].slots["value"]
            if not isinstance(item, dict) or set(item) != {"value"}:
                self._note(place, "an object with `value` was expected")
                return None
            item = item["value"]
        return self._object(item, slot, place)

    # --------------------------------------------------------------------------- attributes

    def _attributes(self, node: dict[str, Any], shape: Shape, place: Place) -> dict[str, Any]:
        """Return the attributes that a class knows, each checked; the others are noted."""
        made: dict[str, Any] = {}
        for key, value in node.items():
            slot = shape.slots.get(key)
            if slot is None:
                if key != "modelType":
                    self._note(place.at(key), f"not known to {shape.name}")
            elif type(value) is str and _is_sound(value, slot):  # nearly all: no place is made
                made[key] = value
            elif value is not None:
                found = self._attribute(value, slot, place.at(key))
                if found is not None:
                    made[key] = found
        return made

    def _attribute(self, value: object, slot: Slot, place: Place) -> Any:  # noqa: ANN401 - as above
        if not slot.many:
            if slot.classes:
                return self._object(value, slot, place)
            return mending.scalar(value, slot, place, self._account)
        if not isinstance(value, list):
            self._note(place, "a list was expected")
            return None
        made = (
            self._object(item, slot, place.at(f"[{index}]")) for index, item in enumerate(value)
        )
        sound = [item for item in made if item is not None]
        return attributes.distinct(sound, slot, place, self._account) or None


class _Names:
    """Names the elements of one parent: each has one, and no two the same."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def settle(self, child: model.SubmodelElement, index: int, place: Place) -> None:
        """Give an element that has no name, or its neighbour's, one of its own."""
        name = child.id_short
        if name is None:
            name = f"{type(child).__name__}_{index}"
            self._account.note(place, "an element without idShort was named", name)
        if name in self._taken:
            other = self._free(name)
            self._account.note(place, "an idShort stands twice", f"{name}, read as {other}")
            name = other
        self._taken.add(name)
        if name != child.id_short:
            child.id_short = name

    def _free(self, name: str) -> str:
        """Return the name with the next number that is free; no number is tried twice."""
        stem = name[:118]
        number = self._last.get(stem, 1) + 1
        while f"{stem}_{number}" in self._taken:
            number += 1
        self._last[stem] = number
        return f"{stem}_{number}"


def _built(made: dict[str, Any]) -> tuple[Any, str]:
    """Return what basyx builds of the attributes of an object, or None and why not."""
    try:
        return StrictAASFromJsonDecoder.object_hook(made), ""
    except _FAULTS as error:
        return None, _reason(error)


def _is_sound(text: str, slot: Slot) -> bool:
    """Return whether a text is surely what its slot wants."""
    return text in slot.words or (slot.kind == TEXT and text.isprintable())


def _fits(node: dict[str, Any], shape: Shape) -> bool:
    """Return whether the keys of an object are those of a class."""
    needed = all(key in node for key, slot in shape.slots.items() if slot.needed)
    return needed and all(key in shape.slots for key in node if key != "modelType")


def _size(child: model.Referable) -> int:
    return sum(1 for _ in elements(child))


def _reason(error: BaseException) -> str:
    """Return basyx's own words; the decoder wraps them together with the whole object."""
    cause = error.__cause__ if error.__cause__ is not None else error
    return shown(cause) or type(cause).__name__
