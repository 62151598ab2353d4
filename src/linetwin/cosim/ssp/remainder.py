"""What a group says and SSP has no word for: kept in an annotation, for linetwin alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.ssp.kinds import connectable, parameter_connectable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.ssp.findings import Findings

_SAID: Final = ("schema", "name", "meaning", "members", "connections")
"""Keys of a group file that SSP has words for; those of ports are looked at one by one."""
_PORTS: Final = ("inputs", "outputs", "parameters")
_OF_MEMBER: Final = ("fmu", "values")


def remainder(
    group: Group, raw: Mapping[str, Any], version: str, findings: Findings
) -> dict[str, Any]:
    """Return what is left of a group file; what others will miss is noted.

    Its keys are those of the group file, so that laying them over what SSP says gives the file.
    """
    found = {key: value for key, value in raw.items() if key not in (*_SAID, *_PORTS)}
    members = {
        name: left
        for name, member in raw["members"].items()
        if (left := {k: v for k, v in member.items() if k not in _OF_MEMBER})
    }
    if members:
        found["members"] = members
    for key in ("connections", *_PORTS):
        left = {
            name: value
            for name, value in (raw.get(key) or {}).items()
            if name in unsaid(group, key, version)
        }
        if left:
            found[key] = left
            why = _WHY[key] if version == "1.0" else _WHY_2[key]
            findings.note("group-only", f"{key} {', '.join(left)}: {why}")
    if any(member.every > 1 for member in group.members):
        findings.note("group-only", "steps of different length (every)")
    if group.linear:
        findings.note("group-only", "extrapolate: linear")
    if group.order != "jacobi":
        findings.note("group-only", f"order: {group.order}")
    return found


_LATER: Final = "; SSP 2.0 has connectors of local variables"
_WHY: Final = {
    "connections": f"SSP connects outputs to inputs{_LATER}",
    "inputs": "SSP connects inputs to inputs",
    "outputs": f"SSP connects outputs to outputs{_LATER}",
    "parameters": "SSP connects parameters to parameters",
}
_WHY_2: Final = {
    **_WHY,
    "connections": "SSP connects outputs and local variables to inputs",
    "outputs": "SSP connects outputs and local variables to outputs",
}


def unsaid(group: Group, key: str, version: str) -> frozenset[str]:
    """Return the connections, or ports, of a group that SSP cannot say."""
    if key == "connections":
        return frozenset(
            str(connection.target)
            for connection in group.connections
            if not connectable(group, connection.source, version)
            or not connectable(group, connection.target, version)
        )
    if key == "inputs":
        return frozenset(
            name
            for name, found in group.inputs.items()
            if not all(connectable(group, terminal, version) for terminal, _ in found.targets)
        )
    if key == "outputs":
        return frozenset(
            name
            for name, output in group.outputs.items()
            if not connectable(group, output.source, version)
        )
    return frozenset(
        name
        for name, terminal in group.parameters.items()
        if not parameter_connectable(group, terminal)
    )
