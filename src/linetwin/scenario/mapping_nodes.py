"""NodeIds and browse names as a mapping file writes them, with aliases for URIs of namespaces."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.mapped import NodeAddress
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

_NODE = re.compile(r"(?:nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<identifier>.+)\Z", re.DOTALL)
_HINT = "nsu=URI;s=name or nsu=URI;i=7, the URI written out or by its alias"
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_GREATEST = 2**32 - 1
"""Of a numeric identifier (OPC 10000-3, 8.2.3: UInt32 [M])."""
_FORMS = {
    "i": f"i= and a number from 0 to {_GREATEST}",
    "g": "g= and a GUID such as 09087e75-8e5e-499b-954f-f2a9603db28a",
    "b": "b= and base64 such as M/RbKBsRVkePCePcx24oRA==",
}


def node_of(text: str, namespaces: Mapping[str, str]) -> NodeAddress:
    """Return a NodeId; ScenarioError with the allowed form where it is none.

    namespaces: alias -> URI; what has no colon and is no such URI is taken for an alias.
    """
    match = _NODE.match(text)
    if match is None:
        hint = _HINT
        if text.startswith("ns="):
            hint = f"the index of a namespace changes when a server restarts: {_HINT}"
        raise _refusal(f"'{text}' is no NodeId", hint)
    kind, identifier = match["kind"], match["identifier"]
    if not _is_well_formed(kind, identifier):
        raise _refusal(f"'{kind}={identifier}' is no identifier", _FORMS[kind])
    uri = match["uri"] or ""
    if uri and uri not in namespaces and uri not in namespaces.values() and ":" not in uri:
        raise _no_alias(uri, namespaces)
    return NodeAddress(namespaces.get(uri, uri), f"{kind}={identifier}")


def browse_name_of(text: str, namespaces: Mapping[str, str]) -> tuple[str, str]:
    """Return namespace URI and name of `alias:name`; without an alias it is OPC UA's own.

    ScenarioError where the alias stands for nothing or there is no name.
    """
    alias, colon, name = text.partition(":")
    if not colon:
        alias, name = "", text
    elif alias not in namespaces:
        raise _no_alias(alias, namespaces)
    if not name:
        raise _refusal(f"'{text}' is no browse name", "alias:name, or a name of OPC UA's own")
    return namespaces.get(alias, ""), name


def _is_well_formed(kind: str, identifier: str) -> bool:
    if kind == "i":
        return bool(_NUMBER.match(identifier)) and int(identifier) <= _GREATEST
    if kind == "g":
        return bool(_GUID.match(identifier))
    if kind == "b":
        try:
            return bool(base64.b64decode(identifier, validate=True))
        except (binascii.Error, ValueError):
            return False
    return True


def _no_alias(alias: str, namespaces: Mapping[str, str]) -> ScenarioError:
    hint = nearest(alias, namespaces) or "write namespaces: {ALIAS: URI} for the source"
    return _refusal(f"no namespace '{alias}'", hint)


def _refusal(message: str, hint: str) -> ScenarioError:
    return ScenarioError([Problem(message, hint=hint)])
