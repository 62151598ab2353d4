"""Which process of a station a model answers for, and which of its variables are which quantities.

The FMU's own description says what variables there are, in what unit and of what causality; the
shell says what they mean. Where the two contradict each other nothing is chosen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from linetwin.contracts import CONTRACTS
from linetwin.cosim import check, process_map
from linetwin.cosim.units import conversion, parse_name, unit_of
from linetwin.cosim.wiring import near
from linetwin.errors import WiringError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.shells.joining.contradictions import CORRECT, agrees
from linetwin.shells.joining.files import BASE
from linetwin.shells.joining.meanings import below, first_text
from linetwin.shells.joining.questions import IGNORE, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.contracts import Contract
    from linetwin.cosim.description import Description, Variable
    from linetwin.shells.joining.context import Context
    from linetwin.shells.joining.files import FoundModel

WITHOUT: Final = "without"
_OUTPUTS: Final = frozenset({"output", "local", "calculatedParameter"})
_START: Final = "start"


@dataclass(frozen=True)
class Port:
    """A variable of an FMU: the way to its description, what it means, its unit in the shell."""

    way: str
    variable: Variable
    ids: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]


@dataclass
class Fitted:
    """A process of a station as a line file has it, but for the model's path.

    `parameters`: id of a meaning -> port that is a parameter of the model.
    """

    process: str
    found: FoundModel
    map: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Port] = field(default_factory=dict)


def fitted_models(context: Context, found: Sequence[FoundModel]) -> list[Fitted]:
    """Return the processes that a machine's models answer for; what is unclear is asked."""
    fitted: list[Fitted] = []
    taken: dict[str, str] = {}
    for each in found:
        ports = list(_ports(context, each))
        process = _process(context, each, ports)
        if process is None:
            continue
        if process in taken:
            message = f"a second model for {process}, beside {taken[process]}"
            context.wrong(each.way, message, f"`models:` of the decisions: {IGNORE} one of them")
            continue
        taken[process] = each.way
        fitted.append(_Fit(context, each, process, ports).fit())
    return fitted


def _ports(context: Context, found: FoundModel) -> Iterator[Port]:
    """Yield the variables that a shell describes and the FMU has; others are wrong."""
    meanings, variables = context.meanings, found.description.variables
    for way, element in below(meanings, found.element, f"{BASE}Variable/", "", found.way):
        name = first_text(below(meanings, element, f"{BASE}VariableName/", "VariableName", way))
        if name not in variables:
            hint = (
                near(name, variables) or f"variables of the FMU: {', '.join(list(variables)[:12])}"
            )
            context.wrong(way, f"the FMU has no variable '{name}'", hint)
            continue
        unit = first_text(below(meanings, element, f"{BASE}UnitList/", "UnitList", way))
        agrees(context, way, element, variables[name])
        ids = meanings.ids(element)
        units = tuple(filter(None, [unit])) or tuple(meanings.units(element))
        yield Port(way, variables[name], tuple(ids), tuple(meanings.quantities(ids)), units)


def _process(context: Context, found: FoundModel, ports: Sequence[Port]) -> str | None:
    """Return the process that a model is for; None where that is open or it is left out."""
    means = {name for port in ports if port.variable.causality in _OUTPUTS
             for name in port.quantities}  # fmt: skip
    candidates = [kind for kind in context.kind.models if means & set(CONTRACTS[kind].outputs)]
    decided = context.told("models", found.way)
    if len(candidates) == 1 and decided is None:
        return candidates[0]
    names = set(found.description.variables)
    by_name = sorted(
        context.kind.models, key=lambda kind: -len(names & set(CONTRACTS[kind].outputs))
    )
    best = by_name[0] if by_name and names & set(CONTRACTS[by_name[0]].outputs) else ""
    said = f"its outputs are of {', '.join(candidates)}" if candidates else "no output says"
    text = f"{found.way}: which process is it a model of? By meaning {said}"
    answer = context.ask("models", found.way, Question(text, (*context.kind.models, IGNORE), best))
    return None if answer is None else str(answer)


@dataclass
class _Fit:
    """Joins the quantities of one contract to the variables of one FMU."""

    context: Context
    found: FoundModel
    process: str
    ports: Sequence[Port]

    def fit(self) -> Fitted:
        fitted = Fitted(self.process, self.found)
        contract = CONTRACTS[self.process]
        for quantity in contract.inputs:
            self._join(fitted, quantity, self._inputs(), quantity in contract.optional, WITHOUT)
        for quantity in contract.outputs:
            self._join(fitted, quantity, self._outputs(), quantity in contract.optional)
            if quantity in contract.start:
                self._begin(fitted, quantity)
        for quantity in contract.start:
            if quantity not in contract.outputs:
                self._join(fitted, quantity, self._settable(), is_optional=False)
        fitted.parameters |= {
            id_: port
            for port in self.ports
            if port.variable.causality == "parameter"
            for id_ in port.ids
        }
        self._compare_units(fitted)
        self._say_unset(fitted)
        self._check(fitted, contract)
        return fitted

    @property
    def _description(self) -> Description:
        return self.found.description

    def _inputs(self) -> dict[str, Variable]:
        return {
            name: each
            for name, each in self._description.variables.items()
            if each.causality == "input"
            or (each.causality == "parameter" and each.variability == "tunable")
        }

    def _outputs(self) -> dict[str, Variable]:
        variables = self._description.variables
        return {name: each for name, each in variables.items() if each.causality in _OUTPUTS}

    def _settable(self) -> dict[str, Variable]:
        return {n: each for n, each in self._description.variables.items() if each.settable}

    def _join(
        self,
        fitted: Fitted,
        quantity: str,
        among: Mapping[str, Variable],
        is_optional: bool,  # noqa: FBT001
        otherwise: str = "",
    ) -> None:
        """Join a quantity to the variable that means it; where none or several do, ask."""
        name = f"{self.process}.{quantity}"
        decided = self.context.told("ports", name)
        if isinstance(decided, dict):
            fitted.map[quantity] = decided
            return
        meant = [port for port in self.ports
                 if quantity in port.quantities and port.variable.name in among]  # fmt: skip
        sure = [port for port in meant if len(port.quantities) == 1]
        if decided is None and len(meant) == 1 and sure:
            self._link(fitted, quantity, meant[0].variable.name)
            return
        if decided is None and not meant and is_optional and quantity not in among:
            return
        if len(meant) > 1:
            text = f"{self.found.way}: {len(meant)} variables mean {quantity}: " + ", ".join(
                port.variable.name for port in meant
            )
        elif meant:
            text = f"{meant[0].way}: means {' and '.join(meant[0].quantities)}; which one?"
        else:
            text = f"{self.found.way}: no variable means {quantity}"
        may_lack = (otherwise or WITHOUT) if otherwise or is_optional else ""
        allowed = (*among, *([may_lack] if may_lack else []))
        answer = self.context.ask(
            "ports", name, Question(text, allowed, self._proposal(quantity, among))
        )
        if answer == WITHOUT and may_lack:
            fitted.map[quantity] = None
        elif answer is not None:
            self._link(fitted, quantity, str(answer))

    def _proposal(self, quantity: str, among: Mapping[str, Variable]) -> str:
        """Return the variable that a quantity's name is the name of, or like it."""
        folded = {name.casefold(): name for name in among}
        close = near(quantity, folded).removeprefix("did you mean ").partition("?")[0]
        return ", ".join(folded[each] for each in close.split(", ") if each in folded)

    def _begin(self, fitted: Fitted, quantity: str) -> None:
        """Name the variable that sets the beginning, where it is not the output itself."""
        link = fitted.map.get(quantity)
        outputs = self._outputs()
        if not isinstance(link, dict) or outputs[str(link["variable"])].settable:
            return
        settable = self._settable()
        meant = [port.variable.name for port in self.ports
                 if quantity in port.quantities and port.variable.name in settable]  # fmt: skip
        if len(meant) == 1:
            link[_START] = meant[0]
            return
        text = f"{self.found.way}: which variable sets {quantity} at the beginning?"
        name = f"{self.process}.{quantity}.{_START}"
        answer = self.context.ask("ports", name, Question(text, tuple(settable)))
        if answer is not None:
            link[_START] = str(answer)

    def _link(self, fitted: Fitted, quantity: str, name: str) -> None:
        variable = self._description.variables[name]
        unit = self._unit(quantity, variable)
        if unit is not None:
            fitted.map[quantity] = {"variable": name, **({"unit": unit} if unit else {})}

    def _unit(self, quantity: str, variable: Variable) -> str | None:
        """Return the unit to write beside a variable, "" where the FMU's own says it."""
        key = f"{self.process}.{variable.name}"
        port = next((each for each in self.ports if each.variable is variable), None)
        stated = port.units if port is not None else ()
        decided = self.context.told("units", key)
        own = self._own_unit(variable)
        if decided is not None or not own:
            said = [variable.unit] if variable.unit and not own else list(stated)
            return self.context.unit(key, said, quantity)
        shell = {self.context.meanings.understood(text) for text in stated}
        for text in filter(None, shell):
            if not _same(text, variable, self._description):
                way = port.way if port is not None else self.found.way
                message = f"'{', '.join(stated)}' here, '{variable.unit}' in the FMU"
                hint = f"one unit; `units:` of the decisions may say which: {key}"
                self.context.wrong(way, message, hint)
                return None
        canonical = vocabulary()[quantity].unit
        try:
            conversion(unit_of(variable, self._description.units, None), parse_unit(canonical))
        except ValueError as error:
            way = port.way if port is not None else self.found.way
            message = f"'{variable.name}' in {variable.unit} does not fit {quantity}: {error}"
            self.context.wrong(way, message, f"a unit that converts to {canonical}, as {key}")
            return None
        return ""

    def _compare_units(self, fitted: Fitted) -> None:
        """Refuse units that a shell states of variables that stand for nothing of the contract."""
        linked = {link["variable"] for link in fitted.map.values() if isinstance(link, dict)}
        for port in self.ports:
            variable = port.variable
            if variable.name in linked or not self._own_unit(variable):
                continue
            for text in filter(None, map(self.context.meanings.understood, port.units)):
                if not _same(text, variable, self._description):
                    message = f"'{', '.join(port.units)}' here, '{variable.unit}' in the FMU"
                    self.context.wrong(port.way, message, CORRECT)

    def _own_unit(self, variable: Variable) -> bool:
        """Say whether the FMU itself says a unit that is understood."""
        if not variable.unit:
            return False
        try:
            unit_of(variable, self._description.units, None)
        except ValueError:
            return False
        return True

    def _say_unset(self, fitted: Fitted) -> None:
        """Note the inputs that nobody sets: they keep the FMU's start values."""
        linked = {link["variable"] for link in fitted.map.values() if isinstance(link, dict)}
        own = [v.name for v in self._description.of("input") if v.name not in linked]
        if own and not self.context.questions.open:
            self.context.note(self.found.way, f"inputs that keep their start: {', '.join(own)}")

    def _check(self, fitted: Fitted, contract: Contract) -> None:
        """Hold the whole against the contract once more, when nothing of it is open."""
        open_ = any(
            station == self.context.station and topic in {"ports", "units"}
            for station, topic, _ in self.context.questions.open
        )
        if open_ or self.context.problems or self.context.questions.problems:
            return
        try:
            mapping = process_map(fitted.map)
        except WiringError as error:
            self.context.problems.keep(error.problems)
            return
        for problem in check(self._description, contract, mapping):
            self.context.wrong(self.found.way, f"{problem.key}: {problem.message}", problem.hint)


def _same(text: str, variable: Variable, description: Description) -> bool:
    """Say whether a unit as UCUM is that of a variable."""
    one, other = parse_name(text), unit_of(variable, description.units, None)
    return one.exponents == other.exponents and conversion(one, other).identity


def by_id(fitted: Sequence[Fitted]) -> dict[str, list[tuple[Fitted, Port]]]:
    """Return the parameters of models by the ids of their meanings."""
    found: defaultdict[str, list[tuple[Fitted, Port]]] = defaultdict(list)
    for each in fitted:
        for id_, port in each.parameters.items():
            found[id_].append((each, port))
    return dict(found)
