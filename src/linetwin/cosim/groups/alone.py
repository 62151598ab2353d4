"""An FMU whose arrays hold quantities of a line: a group of one, with a port for each element."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from linetwin.cosim.elements import elements, with_elements
from linetwin.cosim.groups.definition import Group, GroupInput, GroupOutput, Member, Terminal
from linetwin.cosim.groups.grid import LARGEST
from linetwin.cosim.presets import Preset
from linetwin.cosim.texts import TEXTUAL
from linetwin.cosim.units import SAME
from linetwin.cosim.values import given, structural_sizes
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.mapping import ProcessMap
    from linetwin.cosim.values import Value

_NAME = "fmu"


def uses_elements(description: Description, mapping: ProcessMap) -> bool:
    """Tell whether a mapping names an element of one of the FMU's arrays."""
    arrays = tuple(f"{v.name}[" for v in description.variables.values() if v.dimensions)
    links = mapping.quantities.values()
    named = {name for link in links for name in (link.variable, link.start) if name}
    return any(name.startswith(arrays) for name in named - description.variables.keys())


def group_of_one(description: Description, mapping: ProcessMap) -> tuple[Group, ProcessMap]:
    """Return the group of an FMU, and the mapping onto its ports.

    What the mapping fixes of arrays, their sizes and text is the member's own value then; the rest
    of it stays. Raises WiringError for values that do not fit.
    """
    fixed = dict(mapping.fixed)
    _check_once(description, fixed)
    structural = _taken(fixed, description, "structuralParameter")
    sizes = structural_sizes(description, structural)
    variables = with_elements(description, sizes)
    numbers: dict[str, float] = {}
    others: dict[str, Value] = {}
    for name in [name for name in fixed if name in description.variables]:
        variable = variables[name]
        if variable.type in TEXTUAL:
            others[name] = given(variable, fixed.pop(name), variable.shape)
        elif variable.shape:
            values = given(variable, fixed.pop(name), variable.shape)
            parts = [part.name for part in elements(variable, sizes)]
            numbers |= dict(zip(parts, values, strict=True))  # type: ignore[arg-type]
    member = Member(
        name=_NAME,
        description=description,
        every=1,
        values=numbers,
        depends={},
        variables=variables,
        preset=Preset(structural, others),
    )
    return _group(member), replace(mapping, fixed=fixed)


def _check_once(description: Description, fixed: Mapping[str, Any]) -> None:
    """Refuse an element that is fixed with its array too; WiringError names both."""
    wholes = [name for name in fixed if name in description.variables]
    problems = [
        Problem(f"'{name}' is fixed with '{whole}' too", f"start.{name}", "keep one of the two")
        for name in fixed.keys() - set(wholes)
        for whole in wholes
        if name.startswith(f"{whole}[")
    ]
    if problems:
        raise WiringError(problems)


def _taken(fixed: dict[str, Any], description: Description, causality: str) -> dict[str, Value]:
    """Take the values of variables of a causality out of what is fixed."""
    known = description.variables
    names = [n for n in fixed if n in known and known[n].causality == causality]
    return {name: fixed.pop(name) for name in names}


def _group(member: Member) -> Group:
    """Return the group of a member with all its numbers as ports, under their own names."""
    description = member.description
    able = description.capabilities
    own = None if able.variable_step else able.fixed_step_s or description.step_s
    scalars = [v for v in member.variables.values() if v.numeric and not v.shape]
    inputs = [v for v in scalars if _is_input(v)]
    outputs = [v for v in scalars if v.causality in {"output", "local", "calculatedParameter"}]
    parameters = [v for v in scalars if v.settable and not _is_input(v)]
    return Group(
        name=description.name,
        file=description.path,
        meaning=description.meaning,
        step=Fraction(LARGEST) if own is None else Fraction(own).limit_denominator(LARGEST),
        order="jacobi",
        linear=False,
        loops=None,
        members=(member,),
        connections=(),
        inputs={v.name: GroupInput(v.name, _port(v), ((_end(v), SAME),)) for v in inputs},
        outputs={v.name: GroupOutput(v.name, _port(v), _end(v)) for v in outputs},
        parameters=_ends(parameters, {v.name: v for v in outputs}),
    )


def _is_input(variable: Variable) -> bool:
    return variable.causality == "input"


def _port(variable: Variable) -> Variable:
    return replace(variable, array="", place=0)


def _end(variable: Variable) -> Terminal:
    return Terminal(_NAME, variable.name)


def _ends(variables: list[Variable], outputs: Mapping[str, Variable]) -> dict[str, Terminal]:
    """Return what can be set before the start; states bear their output's name already."""
    return {v.name: _end(v) for v in variables if v.name not in outputs}
