"""System structure packages written by hand, and small FMUs of FMI 2.0 for them."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from group_fmus import LAG_MODEL, MASS_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups import Group

_SPACES = " ".join(
    f'xmlns:{prefix}="http://ssp-standard.org/SSP1/SystemStructure{name}"'
    for prefix, name in {
        "ssc": "Common",
        "ssd": "Description",
        "ssv": "ParameterValues",
        "ssm": "ParameterMapping",
        "ssb": "SignalDictionary",
    }.items()
)
MASS = '<ssd:Component name="{name}" source="resources/mass.fmu">{inside}</ssd:Component>'
"""A component with the FMU `mass`."""


def build_old(folder: Path) -> Path:
    """Build the FMUs `mass` and `lag` in FMI 2.0; return their folder."""
    from linetwin.authoring.build import build_fmu
    from linetwin.authoring.standards import STANDARDS

    for name, text in {"mass": MASS_MODEL, "lag": LAG_MODEL}.items():
        model = folder / name / "model.py"
        model.parent.mkdir()
        model.write_text(text, encoding="utf-8")
        build_fmu(model, folder / "fmus", standard=STANDARDS["2"])
    return folder / "fmus"


def structure(system: str, rest: str = "", version: str = "1.0", name: str = "plant") -> str:
    """Return an .ssd: the inside of its system, and what comes after the system."""
    return (
        f'<ssd:SystemStructureDescription {_SPACES} version="{version}" name="{name}">'
        f'<ssd:System name="{name}">{system}</ssd:System>{rest}</ssd:SystemStructureDescription>'
    )


def parameter_set(parameters: str, rest: str = "", version: str = "1.0") -> str:
    """Return an .ssv."""
    return (
        f'<ssv:ParameterSet {_SPACES} version="{version}" name="set">'
        f"<ssv:Parameters>{parameters}</ssv:Parameters>{rest}</ssv:ParameterSet>"
    )


def real(name: str, value: float, unit: str = "") -> str:
    """Return a parameter."""
    own = f' unit="{unit}"' if unit else ""
    return f'<ssv:Parameter name="{name}"><ssv:Real value="{value}"{own}/></ssv:Parameter>'


def mapping(entries: str) -> str:
    """Return an .ssm."""
    return f'<ssm:ParameterMapping {_SPACES} version="1.0">{entries}</ssm:ParameterMapping>'


def connectors(*pairs: str) -> str:
    """Return connectors from texts such as `input u`, `output y m`, with a unit at the end."""
    found = []
    for pair in pairs:
        kind, name, *unit = pair.split()
        own = f' unit="{unit[0]}"' if unit else ""
        inside = f"<ssc:Real{own}/>" if unit else ""
        found.append(f'<ssd:Connector name="{name}" kind="{kind}">{inside}</ssd:Connector>')
    return f"<ssd:Connectors>{''.join(found)}</ssd:Connectors>"


def connection(start: str, end: str, inside: str = "", **attributes: str) -> str:
    """Return a connection between `element.connector`, or `connector` of the system."""
    ends = []
    for role, text in (("start", start), ("end", end)):
        element, _, name = text.rpartition(".")
        ends += [f'{role}Element="{element}"'] if element else []
        ends.append(f'{role}Connector="{name}"')
    ends += [f'{key}="{value}"' for key, value in attributes.items()]
    return f"<ssd:Connection {' '.join(ends)}>{inside}</ssd:Connection>"


def component(name: str, fmu: str, inside: str = "") -> str:
    """Return a component with an FMU."""
    return f'<ssd:Component name="{name}" source="resources/{fmu}.fmu">{inside}</ssd:Component>'


def elements(*inside: str) -> str:
    """Return the elements of a system."""
    return f"<ssd:Elements>{''.join(inside)}</ssd:Elements>"


def connections(*inside: str) -> str:
    """Return the connections of a system."""
    return f"<ssd:Connections>{''.join(inside)}</ssd:Connections>"


def bound(*inside: str, **attributes: str) -> str:
    """Return parameter bindings, each with a parameter set inline."""
    own = "".join(f' {key}="{value}"' for key, value in attributes.items())
    each = [
        f"<ssd:ParameterBinding{own}><ssd:ParameterValues>{text}</ssd:ParameterValues>"
        "</ssd:ParameterBinding>"
        for text in inside
    ]
    return f"<ssd:ParameterBindings>{''.join(each)}</ssd:ParameterBindings>"


def pack(file: Path, ssd: str | None, content: Mapping[str, str | bytes | Path]) -> Path:
    """Write a package; a value is a file's content, or the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if ssd is not None:
            archive.writestr("SystemStructure.ssd", ssd)
        for name, value in content.items():
            archive.writestr(name, value.read_bytes() if isinstance(value, Path) else value)
    return file


def plain(group: Group) -> Group:
    """Return a group for comparison: all that it is, but where its files lie."""
    members = tuple(
        replace(member, description=replace(member.description, path=Path("any")))
        for member in group.members
    )
    return replace(group, file=Path("any"), members=members)
