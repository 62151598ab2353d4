"""What a shell says of a model's variable, held against what its FMU says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.shells.joining.files import BASE
from linetwin.shells.joining.meanings import below, first_text

if TYPE_CHECKING:
    from basyx.aas import model

    from linetwin.cosim.description import Variable
    from linetwin.shells.joining.context import Context

CORRECT: Final = "the shell corrected, or the FMU that it describes"
_CAUSALITIES: Final = frozenset(
    {
        *("input", "output", "parameter", "calculatedparameter", "structuralparameter"),
        *("local", "internal", "independent"),
    }
)
_TYPES: Final = {
    "real": "number", "double": "number", "float": "number", "float64": "number",
    "float32": "number", "number": "number",
    "integer": "integer", "int": "integer", "long": "integer",
    **{f"{sign}int{bits}": "integer" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "boolean": "boolean", "bool": "boolean", "string": "string",
    "enumeration": "enumeration", "enum": "enumeration",
    "binary": "binary", "clock": "clock",
}  # fmt: skip
"""Name of a type in FMI 2, FMI 3 or a programming language -> what it is."""
_INSIDE: Final = frozenset({"local", "internal", "calculatedparameter"})
"""What is computed within a model, which shells have other words for than FMI."""


_ALIKE: Final = frozenset(
    {("input", "parameter"), ("input", "structuralparameter"), ("integer", "enumeration")}
)
"""What the template's coarser words, in the shell, leave open."""


def agrees(context: Context, way: str, element: model.SubmodelElement, variable: Variable) -> None:
    """Refuse a causality or type that a shell states and the FMU contradicts; note strange ones."""
    own = {
        "VariableCausality": (variable.causality, _causality),
        "VariableType": (variable.type, _type),
    }
    for name, (of_fmu, meant) in own.items():
        text = first_text(below(context.meanings, element, f"{BASE}{name}/", name, way)).strip()
        if not text:
            continue
        if not meant(text):
            context.note(way, f"{name} '{text}' is none of FMI; the FMU says {of_fmu}")
        elif (meant(text), meant(of_fmu)) not in _ALIKE and meant(text) != meant(of_fmu):
            message = f"{name} '{text}' here, '{of_fmu}' of '{variable.name}' in the FMU"
            context.wrong(way, message, CORRECT)


def _causality(text: str) -> str:
    folded = text.casefold().replace("_", "").replace(" ", "")
    return "local" if folded in _INSIDE else folded if folded in _CAUSALITIES else ""


def _type(text: str) -> str:
    return _TYPES.get(text.casefold(), "")
