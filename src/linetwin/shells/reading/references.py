"""References of foreign files: what their keys make them, whatever the file calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.reading.account import shown

if TYPE_CHECKING:
    from linetwin.shells.reading.account import Account, Place

_IDENTIFIABLES: Final = ("AssetAdministrationShell", "Submodel", "ConceptDescription")
_TO: Final = {"submodels": "Submodel", "derivedFrom": "AssetAdministrationShell"}
"""Attributes that refer to one class only."""


def mended_reference(made: dict[str, Any], place: Place, account: Account) -> dict[str, Any] | None:
    """Return a reference as basyx takes it, or None where it leads nowhere.

    `made`: its sound attributes. Blanks around a key's value are taken away; a first key that is
    a `GlobalReference` makes it external, one that is a shell, a submodel or a concept description
    makes it a reference to a model (constraints AASd-122, AASd-123).
    """
    keys = made.get("keys")
    if not keys:
        account.note(place, "was left out", "a reference without keys")
        return None
    for key in keys:
        if key["value"] != key["value"].strip():
            account.note(place, "blanks around a key were taken away", shown(key["value"]))
            key["value"] = key["value"].strip()
    first = keys[0]["type"]
    kind = made.get("type")
    if first == "GlobalReference":
        meant = "ExternalReference"
    elif first in _IDENTIFIABLES:
        meant = "ModelReference"
    else:
        meant = kind or "ExternalReference"
    if kind != meant:
        account.note(place, "a reference was read as another kind", f"{kind or 'none'} as {meant}")
        made["type"] = meant
    asked = _TO.get(place.label) or _TO.get(place.parent.label if place.parent else "")
    if asked is not None and keys[-1]["type"] != asked:
        account.note(place, "was left out", f"it refers to a {keys[-1]['type']}, not a {asked}")
        return None
    return made
