"""A proposed mapping as a file that a person reads, corrects and confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.scenario.emit import flow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.twin.opcua.browsing import Variable
    from linetwin.twin.opcua.proposing import Proposal

SOURCE = "plant"
"""Name of the server in the file; each signal names it, so that further sources can be added."""
_MOST_LEFT = 500
"""Variables that nothing fits, listed at the end."""


@dataclass(frozen=True)
class Draft:
    """Whose proposal it is, for which server and scenario.

    `line_start`, `played`: what a server that plays a line says of its clock.
    """

    name: str
    owner: str
    endpoint: str
    scenario: str
    policy: str
    user: str = ""
    line_start: str = ""
    played: bool = False


def draft(about: Draft, proposals: Sequence[Proposal]) -> str:
    """Return the text of a mapping file; what is in doubt stands in comments."""
    aliases = _aliases([each.variable for each in proposals])
    sure = _unique([each for each in proposals if each.target is not None and not each.doubt])
    doubtful = [each for each in proposals if each.target is not None and each.doubt]
    left = [each for each in proposals if each.target is None]
    user = f", user: {flow(about.user)}" if about.user else ""
    lines = [
        f"# Proposed for {about.scenario} from {about.endpoint}: {len(sure)} signals,",
        f"# {len(doubtful)} in doubt (commented out), {len(left)} that nothing of the line fits.",
        "# Read every line before it is used, and name owner, clock and version.",
        "schema: 1",
        f"name: {about.name}",
        f"owner: {flow(about.owner)}",
        'version: "0 (proposed, not confirmed)"',
        *([f"line_start: {flow(about.line_start)}"] if about.line_start else []),
        "sources:",
        f"  {SOURCE}:",
        f"    endpoints: [{flow(about.endpoint)}]",
        f"    namespaces: {flow({alias: uri for uri, alias in aliases.items()})}",
        f"    security: {{policy: {flow(about.policy)}{user}}}",
        f"    clock: {{owner: to be named{', played: true' if about.played else ''}}}",
        "states: {packml: {codes: packml}}",
        "modes: {packml_modes: {codes: packml}}",
        "signals:" if sure else "signals: {}",
    ]
    for name, each in sure.items():
        lines += _lines(name, each, aliases)
    if doubtful:
        lines += ["# In doubt:"]
    for name, each in _unique(doubtful).items():
        lines += ["#" + line for line in _lines(name, each, aliases)]
    if left:
        lines += ["# Not of this line, as far as names tell:"]
        lines += [f"#   {each.variable.node}  {each.variable.name}" for each in left[:_MOST_LEFT]]
        if len(left) > _MOST_LEFT:
            lines += [f"#   and {len(left) - _MOST_LEFT} more"]
    return "".join(f"{_shown(line)}\n" for line in lines)


def _unique(proposals: Sequence[Proposal]) -> dict[str, Proposal]:
    """Return the proposals by a name of their own."""
    found: dict[str, Proposal] = {}
    for each in proposals:
        name, number = each.name, 2
        while name in found:
            name, number = f"{each.name}.{number}", number + 1
        found[name] = each
    return found


def _aliases(variables: Sequence[Variable]) -> dict[str, str]:
    """Return namespace URI -> alias, for those that occur."""
    uris = {variable.node.uri for variable in variables}
    uris |= {uri for variable in variables for uri, _ in variable.path}
    return {uri: f"n{number}" for number, uri in enumerate(sorted(uris - {""}), 1)}


def _lines(name: str, proposal: Proposal, aliases: Mapping[str, str]) -> list[str]:
    variable, target = proposal.variable, proposal.target
    if target is None:
        return []
    node = f"nsu={aliases[variable.node.uri]};" if variable.node.uri else ""
    path = [f"{aliases[uri]}:{each}" if uri else each for uri, each in variable.path]
    lines = [
        f"  {flow(name)}:",
        f"    source: {SOURCE}",
        f"    node: {flow(node + variable.node.identifier)}",
        f"    path: {flow(path)}",
        f"    address: {target.address}",
        f"    kind: {target.kind}",
    ]
    if target.quantity is not None and target.quantity.name != target.address.rpartition(".")[2]:
        lines += [f"    quantity: {target.quantity.name}"]
    if proposal.unit and proposal.unit != "1":
        lines += [f"    unit: {flow(proposal.unit)}"]
    if target.kind in {"state", "mode"}:
        lines += [f"    states: {'packml' if target.kind == 'state' else 'packml_modes'}"]
    shown = f"{variable.value!s:.40}" if variable.value is not None else "no value"
    said = f"{variable.type} {shown} {variable.unit}".strip()
    lines[0] += f"  # {said}" + (f"; in doubt: {proposal.doubt}" if proposal.doubt else "")
    return lines


def _shown(line: str) -> str:
    """Return a line whose comment may hold a server's text: what YAML has no place for replaced.

    Values have none of it, for `flow` writes such signs by their numbers.
    """
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
