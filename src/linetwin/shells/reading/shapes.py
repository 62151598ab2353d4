"""What each class of the metamodel may hold, taken from aas-core 3.1.

3.1 has every attribute of 3.0 under the same name and asks for less, so one table reads both.
"""

from __future__ import annotations

import enum
import inspect
import typing
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = "text"
TRUTH: Final = "truth"
BYTES: Final = "bytes"
WORD: Final = "word"


@dataclass(frozen=True)
class Slot:
    """One attribute: `kind` is TEXT, TRUTH, BYTES, WORD (one of `words`) or the name of a class.

    `many`: a list of them. `needed`: the metamodel asks for it. `classes`: what may stand here,
    empty unless `kind` is a class. `tagged`: an object here says its class.
    """

    kind: str
    many: bool
    needed: bool
    words: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    tagged: bool = False


@dataclass(frozen=True)
class Shape:
    """One class: its name as `modelType` writes it, and its attributes by their JSON keys."""

    name: str
    slots: Mapping[str, Slot]
    referable: bool


@cache
def shapes() -> Mapping[str, Shape]:
    """Return every class that a file can hold, by name; `Environment` is the root."""
    from aas_core3_1 import types

    classes = [
        value
        for value in vars(types).values()
        if inspect.isclass(value)
        and issubclass(value, types.Class)
        and not inspect.isabstract(value)
    ]
    made = (
        Shape(_name(cls), MappingProxyType(_slots(cls)), issubclass(cls, types.Referable))
        for cls in classes
    )
    return MappingProxyType({shape.name: shape for shape in made})


@cache
def by_tag() -> Mapping[str, str]:
    """Return the class of each XML tag (`submodelElementList`: SubmodelElementList)."""
    return MappingProxyType({name[0].lower() + name[1:]: name for name in shapes()})


def _name(cls: type) -> str:
    """Return the class as files write it: IEC61360 is Iec61360 there, and ID is Id."""
    return cls.__name__.replace("IEC", "Iec").replace("ID", "Id")


def _slots(cls: type) -> dict[str, Slot]:
    """Return the attributes of a class, read from the annotations of its constructor."""
    return {
        _camel(name): _slot(parameter.annotation, parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(cls).parameters.items()
    }


def _slot(annotation: Any, needed: bool) -> Slot:  # noqa: ANN401, FBT001 - what typing makes
    """Return a slot for `X`, `List[X]`, or either as `Optional`.

    Names are looked up here, not by `typing.get_type_hints`: that keeps what a name meant in
    an object which all modules share, and aas-core 3.0 and aas-test-engines have the same names.
    """
    from aas_core3_1 import types

    inner = [part for part in typing.get_args(annotation) if part is not type(None)]
    if typing.get_origin(annotation) is typing.Union:
        return _slot(inner[0], needed)
    many = typing.get_origin(annotation) is list
    cls = inner[0] if many else annotation
    if isinstance(cls, (str, typing.ForwardRef)):
        cls = getattr(types, cls if isinstance(cls, str) else cls.__forward_arg__)
    if cls in (str, bool, bytes):
        return Slot({str: TEXT, bool: TRUTH, bytes: BYTES}[cls], many, needed)
    if issubclass(cls, enum.Enum):
        return Slot(WORD, many, needed, words=frozenset(word.value for word in cls))
    fitting = frozenset(
        _name(other)
        for other in vars(types).values()
        if inspect.isclass(other) and issubclass(other, cls) and not inspect.isabstract(other)
    )
    tagged = issubclass(cls, (types.Referable, types.DataSpecificationContent))
    return Slot(_name(cls), many, needed, classes=fitting, tagged=tagged)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
