"""XML of metamodels 3.0 and 3.1 as the tree that JSON gives, within bounds.

basyx 2.2 reads the namespace of 3.1 alone and takes everything else for nothing. Here the names of
the elements lead, whatever of the two namespaces they carry; no document type is accepted, so there
are no entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

from linetwin.shells.reading.account import Place, shown
from linetwin.shells.reading.shapes import Shape, Slot, by_tag, shapes

if TYPE_CHECKING:
    from linetwin.shells.reading.account import Account
    from linetwin.shells.reading.limits import Limits

NAMESPACES: Final = ("https://admin-shell.io/aas/3/0", "https://admin-shell.io/aas/3/1")
_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_BEFORE: Final = ("/aas/1/0", "/aas/2/0")
_CHUNK: Final = 1 << 22
"""Bytes given to expat at once: small ones make it read a tag of megabytes again and again."""


def xml_tree(data: bytes, account: Account, limits: Limits) -> dict[str, Any]:
    """Return the environment in an XML document."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    reader = _Reader(account, limits)
    parser.StartDoctypeDeclHandler = reader.document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        for offset in range(0, len(data), _CHUNK):
            parser.Parse(data[offset : offset + _CHUNK], False)  # noqa: FBT003 - expat's own
        parser.Parse(b"", True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise account.refusal(f"is no well-formed XML: {error}") from error
    except (LookupError, ValueError) as error:  # an encoding that is unknown, or of several bytes
        raise account.refusal(f"is no XML that can be read: {error}") from error
    return reader.root


class _Frame:
    """An element that is open: what it stands for, and where its content goes.

    `shape`: it is an object; `slot`: it holds others (a list, or one of several classes) or a
    text; neither: it is left out with all that it holds.
    """

    __slots__ = ("into", "place", "shape", "slot", "words")

    def __init__(self, place: Place, shape: Shape | None, slot: Slot | None, into: Any) -> None:  # noqa: ANN401 - a dict, or a list
        self.place = place
        self.shape = shape
        self.slot = slot
        self.into = into
        self.words: list[str] = []


class _Reader:
    """Takes what expat meets and builds the tree from the root down."""

    def __init__(self, account: Account, limits: Limits) -> None:
        self.root: dict[str, Any] = {}
        self._account = account
        self._limits = limits
        self._open: list[_Frame] = []
        self._count = 0

    def document_type(self, name: str, *_: object) -> None:
        self._refuse_html(name)
        raise self._account.refusal(
            f"declares a document type ({shown(name)}), which may define entities",
            hint="XML of shells needs none: remove the DOCTYPE",
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self._limits.nodes:
            raise self._account.refusal(f"holds more than {self._limits.nodes:,} XML elements")
        if len(self._open) >= self._limits.depth:
            raise self._account.refusal(f"is nested more than {self._limits.depth} deep")
        namespace, _, tag = name.rpartition(" ")
        if not self._open:
            self._begin(namespace, tag)
            return
        above = self._open[-1]
        if namespace not in NAMESPACES and (above.shape or above.slot):
            self._account.note(
                above.place.at(tag), "an element of another namespace was read", shown(namespace)
            )
        for attribute in attributes:
            if not attribute.startswith(_SCHEMA_INSTANCE):
                where = above.place.at(tag)
                self._account.note(where, "an XML attribute was left out", shown(attribute))
        self._open.append(self._inside(above, tag))

    def text(self, words: str) -> None:
        if self._open:
            self._open[-1].words.append(words)

    def end(self, _name: str) -> None:
        frame = self._open.pop()
        words = "".join(frame.words)
        if frame.slot is not None and not frame.slot.classes:
            frame.into.append(words)
        elif (frame.shape or frame.slot) and words.strip():
            self._account.note(frame.place, "a text between elements was left out", shown(words))
        if frame.slot is not None and not frame.slot.many and self._open:
            self._settle(frame)

    def _begin(self, namespace: str, tag: str) -> None:
        """Take the root, which says the metamodel."""
        self._refuse_html(tag)
        if namespace not in NAMESPACES:
            old = any(namespace.endswith(end) for end in _BEFORE)
            what = "is of metamodel 1.0 or 2.0" if old else "is of a namespace that is not known"
            raise self._account.refusal(
                f"{what}: {shown(namespace) or 'none'}", hint="allowed: " + ", ".join(NAMESPACES)
            )
        if tag != "environment":
            raise self._account.refusal(
                f"begins with <{shown(tag)}>", hint="the root is <environment>"
            )
        self._open.append(_Frame(Place(), shapes()["Environment"], None, self.root))

    def _refuse_html(self, root: str) -> None:
        if root.lower() == "html":
            raise self._account.refusal("is a page of HTML", hint="XML of shells was expected")

    def _inside(self, above: _Frame, tag: str) -> _Frame:
        """Return the frame of an element within `above`."""
        place = above.place.at(tag)
        if above.shape is not None:
            slot = above.shape.slots.get(tag)
            if slot is not None and tag not in above.into:
                return self._attribute(above, tag, slot, place)
        elif above.slot is not None and above.slot.classes:
            name = by_tag().get(tag)
            if name in above.slot.classes and (above.slot.many or not above.into):
                made: dict[str, Any] = {"modelType": name} if above.slot.tagged else {}
                above.into.append(made)
                return _Frame(
                    above.place.at(f"[{len(above.into) - 1}]"), shapes()[name], None, made
                )
        elif above.slot is None:
            return _Frame(above.place, None, None, None)
        known = above.shape is not None and tag in above.shape.slots
        self._account.note(place, "was left out", "it stands there twice" if known else "not known")
        return _Frame(place, None, None, None)

    @staticmethod
    def _attribute(above: _Frame, tag: str, slot: Slot, place: Place) -> _Frame:
        if slot.many:
            into: list[Any] = []
            above.into[tag] = into
            return _Frame(place, None, slot, into)
        if slot.classes and not slot.tagged:
            (name,) = slot.classes
            made: dict[str, Any] = {}
            above.into[tag] = made
            return _Frame(place, shapes()[name], None, made)
        # One text, or one object of several classes: its value is known at its end.
        above.into[tag] = None
        return _Frame(place, None, slot, [])

    def _settle(self, frame: _Frame) -> None:
        """Put the text, or the one object, that `frame` held where it belongs."""
        above = self._open[-1]
        if above.shape is not None and frame.into:
            above.into[frame.place.label] = frame.into[0]
