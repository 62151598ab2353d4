"""Validators that others wrote, each as one function that returns its complaints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import aas_core3
import aas_core3.jsonization
import aas_core3.verification
import aas_core3_1
import aas_core3_1.jsonization
import aas_core3_1.verification
from aas_test_engines import file as engines

from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.shells.environment import Environment

Generation = Literal["3.0", "3.1"]


def complaints_of_aas_core(environment: Environment, generation: Generation) -> list[str]:
    """Return what aas-core says of an environment under a metamodel: path and cause."""
    return complaints_about(as_tree(environment), generation)


def complaints_about(tree: dict[str, Any], generation: Generation) -> list[str]:
    """Return what aas-core says of a JSON tree of shells under a metamodel."""
    library: Any = {"3.0": aas_core3, "3.1": aas_core3_1}[generation]
    try:
        whole = library.jsonization.environment_from_jsonable(json.loads(json.dumps(tree)))
    except library.jsonization.DeserializationException as error:
        return [f"{error.path}: {error.cause}"]
    return [f"{error.path}: {error.cause}" for error in library.verification.verify(whole)]


def complaints_of_engines(file: Path) -> list[str]:
    """Return what aas-test-engines says of a file (.aasx, .json or .xml) under metamodel 3.0.

    It checks the package, the metamodel and the submodel templates that it knows; warnings count.
    """
    checks: dict[str, Any] = {
        ".aasx": engines.check_aasx_file,
        ".json": engines.check_json_file,
        ".xml": engines.check_xml_file,
    }
    with file.open("rb") as content:
        result = checks[file.suffix](content)
    return [] if result.ok() else _leaves(result.to_dict())


def _leaves(result: dict[str, Any]) -> list[str]:
    """Return the messages of a result that are no information, the innermost alone."""
    inner = [line for each in result.get("s", []) for line in _leaves(each)]
    return inner or ([str(result["m"])] if result["l"] > 0 else [])
