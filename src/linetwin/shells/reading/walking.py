"""The elements within a shell, a submodel or another element, with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

if TYPE_CHECKING:
    from collections.abc import Iterator

CHILDREN: Final[dict[str, dict[str, str]]] = {
    "Submodel": {"submodelElements": "submodel_element"},
    "SubmodelElementCollection": {"value": "value"},
    "SubmodelElementList": {"value": "value"},
    "Entity": {"statements": "statement"},
    "AnnotatedRelationshipElement": {"annotations": "annotation"},
    "Operation": {
        "inputVariables": "input_variable",
        "outputVariables": "output_variable",
        "inoutputVariables": "in_output_variable",
    },
}
"""Where a class holds submodel elements: the key in a file, the set in basyx."""


def elements(
    holder: model.Referable, place: str = ""
) -> Iterator[tuple[str, model.SubmodelElement]]:
    """Yield every submodel element below `holder` with its place, such as `Motor/Limits[2]`.

    `basyx.aas.util.traversal` passes over what operations and annotated relationships hold.
    """
    for attribute in CHILDREN.get(type(holder).__name__, {}).values():
        within: Any = getattr(holder, attribute)
        for index, child in enumerate(within):
            if isinstance(holder, model.SubmodelElementList):
                where = f"{place}[{index}]"
            else:
                where = f"{place}/{child.id_short}" if place else str(child.id_short)
            yield where, child
            yield from elements(child, where)
