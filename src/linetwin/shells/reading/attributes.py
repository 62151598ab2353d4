"""Attributes that only make sense together with their object: names, typed values, sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.reading import mending
from linetwin.shells.reading.account import shown

if TYPE_CHECKING:
    from linetwin.shells.reading.account import Account, Place
    from linetwin.shells.reading.limits import Limits
    from linetwin.shells.reading.shapes import Shape, Slot

_SETS: Final = frozenset(
    {"submodels", "specificAssetIds", "isCaseOf", "valueReferencePairs", "refersTo"}
)
"""Lists that basyx holds as sets."""
_MARKS: Final = {"Qualifier": "type", "Extension": "name"}
"""What tells the members of a list apart."""


def distinct(made: list[Any], slot: Slot, place: Place, account: Account) -> list[Any]:
    """Leave out what basyx would merge without a word: a language, a type, a name twice.

    Of qualifiers or extensions that contradict each other the first two values stay, as one that
    means nothing: whoever needs it refuses it or asks.
    """
    mark = "language" if slot.kind.startswith("LangString") else _MARKS.get(slot.kind)
    if mark is None and place.label not in _SETS:
        return made
    kept: dict[str, Any] = {}
    doubted: set[str] = set()
    for item in made:
        which = item[mark] if mark else repr(item)
        if which not in kept:
            kept[which] = item
        elif slot.kind in _MARKS and which not in doubted and (both := _values(kept[which], item)):
            doubted.add(which)
            kept[which] = {**kept[which], "value": both, "valueType": "xs:string"}
            account.note(place, "contradict each other", f"{shown(which)}: {shown(both)}")
        else:
            account.note(place, "was left out", f"it stands twice: {shown(which)}")
    return list(kept.values())


def _values(first: dict[str, Any], second: dict[str, Any]) -> str:
    """Return both values of what has one name; "" where they are the same."""
    one, other = (str(each.get("value", "")).strip() for each in (first, second))
    return f"{one} or {other}" if one != other else ""


def settle(
    made: dict[str, Any], shape: Shape, place: Place, account: Account, limits: Limits
) -> None:
    """Check identifiers, names and typed values of an object, and mend them in place."""
    if "id" in made and made["id"] != made["id"].strip():
        account.note(place, "blanks around an id were taken away", shown(made["id"]))
        made["id"] = made["id"].strip()
    if "idShort" in made:
        mended = mending.id_short(made["idShort"])
        if mended != made["idShort"]:
            account.note(place, "an idShort that is not allowed was read as another", mended)
            made["idShort"] = mended
    if "valueType" in shape.slots:
        if "valueType" not in made:
            account.note(place, "valueType is missing", "read as xs:string")
        _typed(made, made.setdefault("valueType", "xs:string"), place, account, limits)
    for key in ("qualifiers", "extensions"):
        for index, item in enumerate(made.get(key, ())):
            where = place.at(f"{key}[{index}]")
            _typed(item, item.get("valueType", "xs:string"), where, account, limits)
    about = made.get("administration")
    if about and "revision" in about and "version" not in about:
        account.note(place.at("administration"), "was left out", "a revision without version")
        del about["revision"]


def _typed(
    made: dict[str, Any], value_type: str, place: Place, account: Account, limits: Limits
) -> None:
    for key in ("value", "min", "max"):
        if key in made:
            text, reason = mending.typed(made[key], value_type, limits)
            if text is not None:
                made[key] = text
                continue
            del made[key]
            if reason:
                account.note(place.at(key), "was left out", reason)


def settle_list(made: dict[str, Any], children: object, place: Place, account: Account) -> None:
    """Give a list of properties or ranges the value type that it does not name: its children's."""
    if made.get("typeValueListElement") not in ("Property", "Range"):
        return
    if "valueTypeListElement" in made:
        return
    found = {
        str(child.get("valueType"))
        for child in (children if isinstance(children, list) else ())
        if isinstance(child, dict)
    }
    made["valueTypeListElement"] = found.pop() if len(found) == 1 else "xs:string"
    account.note(
        place, "a list names no type of its values", f"read as {made['valueTypeListElement']}"
    )
