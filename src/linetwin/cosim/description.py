"""What an FMU says of itself: its variables, units, ranges and capabilities."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.attributes import check_attributes
from linetwin.cosim.clocks import read_clocks
from linetwin.cosim.contents import ANYTHING, Content, read_contents
from linetwin.cosim.unsigned import read_ranges
from linetwin.errors import Problem, WiringError
from linetwin.quantities.ucum import BASES, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.clocks import Clock

NUMERIC: Final = frozenset(
    {"Real", "Float32", "Float64", "Integer", "Boolean", "Enumeration"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)
"""FMI types whose values are numbers to linetwin."""
_REALS: Final = {"Real", "Float64", "Float32"}


@dataclass(frozen=True)
class Variable:
    """One variable; `start`, `minimum` and `maximum` are in `unit` (None: none is declared).

    `type` is FMI's own name of it (`Float64`, `Real`, `Boolean`). `shape` is () for a scalar;
    `dimensions` names the structural parameters that decide it. An element of an array is a scalar
    of its own, at `place` of the variable `array` (see elements.py). `clocks`: those with which it
    changes. `content`: of a binary one.
    `nominal`: a size that it usually has, in `unit`.
    `relative`: a difference (of temperatures), whose unit's offset does not count.
    """

    name: str
    reference: int
    type: str
    causality: str
    variability: str
    initial: str | None = None
    unit: str | None = None
    start: float | str | None = None
    minimum: float = -math.inf
    maximum: float = math.inf
    shape: tuple[int, ...] = ()
    dimensions: tuple[int | str, ...] = ()
    meaning: str = ""
    enumeration: Mapping[str, int] = field(default_factory=dict)
    relative: bool = False
    array: str = ""
    place: int = 0
    clocks: tuple[str, ...] = ()
    content: Content = ANYTHING
    tag: str = ""
    source: str = ""
    nominal: float = 1.0

    @property
    def numeric(self) -> bool:
        """Whether its value is a number (or a Boolean, or an enumeration)."""
        return self.type in NUMERIC

    @property
    def continuous(self) -> bool:
        """Whether its value is a real number that may change at any time."""
        return self.type in _REALS and self.variability == "continuous"

    @property
    def settable(self) -> bool:
        """Whether a value may be set before the start."""
        if self.variability == "constant" or self.causality == "independent":
            return False
        return self.causality in {"input", "parameter"} or self.initial in {"exact", "approx"}

    def holds(self, value: float) -> bool:
        """Tell whether `value` (in `unit`) lies in the declared range."""
        return self.minimum <= value <= self.maximum

    def shown(self, number: float) -> str:
        """Return a number with the unit, where it has one."""
        return f"{number:g}" if self.unit in {None, "", "1"} else f"{number:g} {self.unit}"

    @property
    def span(self) -> str:
        """The declared range as people read it: `0.1 to 1000 s`, `at least 0 K`."""
        if math.isinf(self.minimum):
            return (
                "any number" if math.isinf(self.maximum) else f"at most {self.shown(self.maximum)}"
            )
        if math.isinf(self.maximum):
            return f"at least {self.shown(self.minimum)}"
        return f"{self.minimum:g} to {self.shown(self.maximum)}"


@dataclass(frozen=True)
class Capabilities:
    """What an FMU can do beyond stepping.

    `needs_tool`: it runs where the tool that made it is installed.
    `completed_step`: a model-exchange FMU that wants to know of every step of the integrator.
    `intermediate_update`: an FMI 3.0 FMU that shows values within its steps.
    """

    variable_step: bool
    save_state: bool
    serialise_state: bool
    once_per_process: bool
    fixed_step_s: float | None
    needs_tool: bool = False
    completed_step: bool = False
    intermediate_update: bool = False


@dataclass(frozen=True)
class Description:
    """An FMU's description: FMI major version, capabilities, units and variables by name.

    `name` is the file's without its suffix, as messages say it; `model` the model identifier, a
    short name without blanks; `title` what people read; `tolerance` is relative. `dependencies`:
    output -> variables on which it depends at once, for the outputs of which the FMU says so.
    `exchange`: it only gives derivatives, and is integrated here; FMI 2.0 says beforehand how many
    states and event indicators it has. `event_mode`: its events are gone through from here, since
    it has clocks.
    """

    path: Path
    version: int
    name: str
    model: str
    title: str
    token: str
    meaning: str
    variables: Mapping[str, Variable]
    units: Mapping[str, Unit]
    capabilities: Capabilities
    categories: tuple[str, ...]
    step_s: float | None
    stop_time_s: float | None
    tolerance: float | None
    evidence: Mapping[str, Any]
    dependencies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    exchange: bool = False
    states: int = 0
    indicators: int = 0
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    event_mode: bool = False

    @property
    def plain(self) -> bool:
        """Whether stepping it is nothing but calls of DoStep."""
        return not self.exchange and not self.event_mode

    def of(self, causality: str) -> list[Variable]:
        """Return the variables of a causality, in the FMU's order."""
        return [v for v in self.variables.values() if v.causality == causality]


def read_description(path: Path) -> Description:
    """Read the description of the FMU at `path`; a repeated call costs nothing.

    Raises WiringError when the file is missing, is no FMU, or is of a kind that cannot take part
    (FMI 1.0, scheduled execution only).
    """
    path = Path(path).resolve()
    try:
        status = path.stat()
    except OSError as error:
        raise _refuse(path, "there is no such FMU", "check the path") from error
    return _read(path, status.st_mtime_ns, status.st_size)


def _refuse(path: Path, message: str, hint: str = "") -> WiringError:
    return WiringError([Problem(f"{path}: {message}", hint=hint)])


@lru_cache(maxsize=64)
def _read(path: Path, _mtime_ns: int, _size: int) -> Description:
    """Read; the file's time and size are part of the cache's key."""
    import fmpy

    evidence = _check_archive(path)
    written = _written(path)
    try:
        # from memory: FMPy leaves a file open behind when it fails
        found = fmpy.read_model_description(io.BytesIO(path.read_bytes()), validate=False)
        clocks, contents = read_clocks(written), read_contents(written)
        ranges = read_ranges(written)
    except Exception as error:  # FMPy raises bare Exception, and what lxml and attrs raise
        raise _refuse(path, f"its modelDescription.xml cannot be read: {error}") from error
    # what steps itself is preferred to what has to be integrated, but not with a tool
    offered = [part for part in (found.coSimulation, found.modelExchange) if part is not None]
    interface = min(offered, key=lambda part: part.needsExecutionTool, default=None)
    if interface is None:
        raise _refuse(path, "it is for scheduled execution only", "export it for co-simulation")
    _check_names(path, [variable.name for variable in found.modelVariables])
    exchange = interface is found.modelExchange
    event_mode = bool(clocks and not exchange and interface.hasEventMode)
    if not event_mode and any(clock.activated_here for clock in clocks.values()):
        hint = "export it for co-simulation with event mode"
        raise _refuse(path, f"its clock '{next(iter(clocks))}' needs event mode", hint)
    experiment = found.defaultExperiment
    return Description(
        path=path,
        version=found.fmiMajorVersion,
        name=path.stem,
        model=interface.modelIdentifier,
        title=found.modelName or "",
        token=found.guid or "",
        meaning=found.description or "",
        variables=_variables(found, evidence, contents, ranges),
        units=_units(found),
        capabilities=_capabilities(interface),
        categories=tuple(category.name for category in found.logCategories),
        step_s=_number(experiment.stepSize) if experiment else None,
        stop_time_s=_number(experiment.stopTime) if experiment else None,
        tolerance=_number(experiment.tolerance) if experiment else None,
        evidence=evidence,
        dependencies={
            unknown.variable.name: frozenset(other.name for other in unknown.dependencies)
            for unknown in found.outputs
            if unknown.dependencies is not None
        },
        exchange=exchange,
        states=found.numberOfContinuousStates,
        indicators=found.numberOfEventIndicators,
        clocks=clocks,
        event_mode=event_mode,
    )


_VERSIONS: Final = "export it as FMI 2.0 or 3.0"
_VERSION: Final = re.compile(rb"""fmiVersion\s*=\s*["']([\w.-]+)["']""")


def _check_archive(path: Path) -> dict[str, Any]:
    """Check that the file is an FMU of a known version; return the evidence that ours carry."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "modelDescription.xml" not in names:
                hint = "an FMU has one at its top"
                if "SystemStructure.ssd" in names:
                    hint = f"it is a system structure: linetwin ssp import {path.name} -o FOLDER"
                raise _refuse(path, "it has no modelDescription.xml", hint)
            version = _VERSION.search(archive.read("modelDescription.xml"))
            if version is not None and not version[1].startswith((b"2.0", b"3.")):
                raise _refuse(path, f"FMI {version[1].decode()} is not supported", _VERSIONS)
            if "resources/evidence.json" not in names:
                return {}
            content = json.loads(archive.read("resources/evidence.json"))
    except (OSError, zipfile.BadZipFile) as error:
        raise _refuse(path, "it is not an FMU: no zip archive", "an FMU is a zip file") from error
    except ValueError:  # anybody's FMU may have a file of this name that means something else
        return {}
    return content if isinstance(content, dict) else {}


def _check_names(path: Path, names: list[str]) -> None:
    """Refuse variables of one name: nobody can say which of them is meant."""
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        message = f"it has several variables named '{twice[0]}'"
        raise _refuse(path, message, "export it with a name for each")


def _written(path: Path) -> bytes:
    """Return modelDescription.xml; WiringError for what in it is no number, or names nothing."""
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        found = archive.read("modelDescription.xml")
    try:
        problems = check_attributes(found)
    except etree.XMLSyntaxError as error:
        raise _refuse(path, f"its modelDescription.xml cannot be read: {error}") from error
    if problems:
        raise WiringError([replace(p, message=f"{path}: {p.message}") for p in problems])
    return found


def _number(text: str | float | None) -> float | None:
    """Return a number written in XML; None where there is none or where it is no number."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _bound(own: str | None, declared: str | None, otherwise: float) -> float:
    value = _number(own)
    if value is None:
        value = _number(declared)
    return otherwise if value is None else value


def _variables(
    found: Any,  # noqa: ANN401 - FMPy has no types
    evidence: Mapping[str, Any],
    contents: Mapping[str, Content],
    ranges: Mapping[str, Mapping[str, float]],
) -> dict[str, Variable]:
    carried = evidence.get("variables", {})
    carried = carried if isinstance(carried, dict) else {}
    variables = {v.name: _variable(v, carried.get(v.name, {})) for v in found.modelVariables}
    for name, content in contents.items():
        variables[name] = replace(variables[name], content=content)
    for name, declared in ranges.items():
        least, most = (declared.get(bound) for bound in ("min", "max"))
        known = variables[name]
        least = known.minimum if least is None else least
        most = known.maximum if most is None else most
        variables[name] = replace(known, minimum=least, maximum=most)
    return variables


def _variable(found: Any, carried: Any) -> Variable:  # noqa: ANN401 - FMPy has no types
    declared = found.declaredType
    carried = carried if isinstance(carried, dict) else {}
    return Variable(
        name=found.name,
        reference=found.valueReference,
        type=found.type,
        causality=found.causality,
        variability=found.variability,
        initial=found.initial,
        unit=found.unit or (declared.unit if declared else None),
        start=_start(found),
        minimum=_bound(found.min, declared.min if declared else None, -math.inf),
        maximum=_bound(found.max, declared.max if declared else None, math.inf),
        shape=tuple(found.shape or ()),
        dimensions=tuple(
            part.variable.name if part.start is None else part.start for part in found.dimensions
        ),
        meaning=found.description or "",
        enumeration=_enumeration(declared, carried),
        relative=bool(found.relativeQuantity or (declared and declared.relativeQuantity)),
        clocks=tuple(clock.name for clock in found.clocks or ()),
        tag=str(carried.get("tag", "")),
        source=str(carried.get("source", "")),
        nominal=abs(_bound(found.nominal, declared.nominal if declared else None, 1.0)) or 1.0,
    )


def _start(found: Any) -> float | str | None:  # noqa: ANN401 - FMPy has no types
    if found.start is None or found.type not in NUMERIC or found.shape:
        return None if found.start is None else str(found.start)
    if found.type == "Boolean":
        return float(str(found.start).lower() in {"true", "1"})
    return _number(found.start)


def _enumeration(declared: Any, carried: Mapping[str, Any]) -> dict[str, int]:  # noqa: ANN401
    if declared is not None and declared.items:
        return {item.name: int(item.value) for item in declared.items}
    own = carried.get("enumeration")
    return {str(k): int(v) for k, v in own.items()} if isinstance(own, dict) else {}


def _units(found: Any) -> dict[str, Unit]:  # noqa: ANN401 - FMPy has no types
    units = {}
    for unit in found.unitDefinitions:
        base = unit.baseUnit
        if base is not None:
            exponents = tuple(int(getattr(base, name)) for name in BASES)
            units[unit.name] = Unit(float(base.factor), exponents, float(base.offset))
    return units


def _capabilities(interface: Any) -> Capabilities:  # noqa: ANN401
    saved = bool(interface.canGetAndSetFMUstate)
    integrated = not hasattr(interface, "canHandleVariableCommunicationStepSize")
    return Capabilities(
        variable_step=integrated or bool(interface.canHandleVariableCommunicationStepSize),
        save_state=saved,
        serialise_state=saved and bool(interface.canSerializeFMUstate),
        once_per_process=bool(interface.canBeInstantiatedOnlyOncePerProcess),
        needs_tool=bool(interface.needsExecutionTool),
        fixed_step_s=None if integrated else _number(interface.fixedInternalStepSize),
        intermediate_update=not integrated and bool(interface.providesIntermediateUpdate),
        completed_step=bool(integrated and interface.needsCompletedIntegratorStep),
    )
