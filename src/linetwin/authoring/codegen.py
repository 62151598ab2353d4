"""C code of a model: CasADi's functions, and a header of tables that the runtime is built on."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import casadi as ca

from linetwin.authoring.elimination import eliminate, written
from linetwin.authoring.layout import Layout, layout_of
from linetwin.authoring.numerics import Functions, build_functions
from linetwin.authoring.variables import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.authoring.model import Model

CODE_FILE = "model_functions.c"
CODE_HEADER = "model_functions.h"
TABLES_FILE = "model_tables.h"
ELIMINATION_FILE = "model_elimination.h"
DEFAULT_TOLERANCE = 1e-7

_COUNTS = {
    Kind.INPUT: "INPUTS",
    Kind.PARAMETER: "PARAMETERS",
    Kind.STATE: "STATES",
    Kind.ALGEBRAIC: "ALGEBRAICS",
    Kind.DISCRETE: "DISCRETES",
    Kind.OUTPUT: "OUTPUTS",
}


@dataclass(frozen=True)
class Sources:
    """Generated sources by file name, and the token that ties library and description."""

    files: dict[str, str]
    token: str
    layout: Layout
    functions: Functions


def generate(model: Model) -> Sources:
    """Generate the C sources of a model.

    Raises:
        ModelError: when the model is incomplete.
    """
    model.check()
    functions, layout = build_functions(model), layout_of(model)
    code, header = _generate_functions(functions)
    tables = _tables(model, functions, layout)
    elimination = _elimination(functions, layout)
    token = _token(model, code + tables + elimination)
    tables += f'#define MODEL_TOKEN "{token}"\n'
    files = {CODE_FILE: code, CODE_HEADER: header, TABLES_FILE: tables}
    return Sources(files | {ELIMINATION_FILE: elimination}, token, layout, functions)


def _generate_functions(functions: Functions) -> tuple[str, str]:
    generator = ca.CodeGenerator(CODE_FILE, {"with_header": True, "casadi_int": "int"})
    for function in functions.all():
        generator.add(function)
    with tempfile.TemporaryDirectory(prefix="linetwin-") as folder:
        # a path ending in a separator is a prefix; the name itself must be plain
        generator.generate(folder + os.sep)
        code = Path(folder, CODE_FILE).read_text()
        header = Path(folder, CODE_HEADER).read_text()
    return code, header


def _token(model: Model, sources: str) -> str:
    facts = "\n".join(
        repr((v.name, v.kind.value, v.unit, v.minimum, v.maximum, v.meaning))
        for v in model.variables.values()
    )
    digest = hashlib.sha256(f"{model.name}\n{model.version}\n{facts}\n{sources}".encode())
    return "{" + str(uuid.UUID(bytes=digest.digest()[:16])) + "}"


def _core(functions: Functions, layout: Layout) -> list[int]:
    """Return the unknowns that are solved for together.

    Not among them are counters: states that no equation asks for, not even their own.
    """
    _, columns = functions.sparsity.get_triplet()
    unknowns = [v for v in layout.variables if v.kind in (Kind.STATE, Kind.ALGEBRAIC)]
    return [i for i, v in enumerate(unknowns) if v.kind is Kind.ALGEBRAIC or i in columns]


def _elimination(functions: Functions, layout: Layout) -> str:
    """Return the header that eliminates the matrix of a step, or says that it does not."""
    core, states = _core(functions, layout), layout.block(Kind.STATE)[1]
    nonzeros = list(zip(*functions.sparsity.get_triplet(), strict=True))
    entries = {entry for entry in nonzeros if set(entry) <= set(core)}
    found = eliminate(core, entries | {(i, i) for i in core if i < states})
    places = (found.places.get(entry, -1) for entry in nonzeros)
    lines = [
        "#pragma once",
        f"#define N_FACTORS {len(found.places)}",
        _array("short", "FACTOR_PLACE", map(str, places)),
        _array("short", "FACTOR_DIAGONAL", (str(found.places.get((i, i), -1)) for i in core)),
    ]
    return "\n".join(lines) + "\n" + written(found)


def _tables(model: Model, functions: Functions, layout: Layout) -> str:
    lines = ["#pragma once", "#include <math.h>"]
    for kind, name in _COUNTS.items():
        first, number = layout.block(kind)
        lines += [f"#define N_{name} {number}", f"#define FIRST_{name.rstrip('S')} {first}"]
    rows, columns = functions.sparsity.get_triplet()
    unknowns = [v for v in layout.variables if v.kind in (Kind.STATE, Kind.ALGEBRAIC)]
    core = _core(functions, layout)
    counted = [k for k, row in enumerate(rows) if row not in core]
    lines += [
        f"#define N_GUARDS {len(model.transitions)}",
        f"#define N_NONZEROS {functions.sparsity.nnz()}",
        f"#define N_CONSTANTS {functions.constants.numel_out(0)}",
        f"#define DEPENDS_ON_TIME {int(functions.depends_on_time)}",
        f"#define DEFAULT_TOLERANCE {DEFAULT_TOLERANCE!r}",
        f'#define MODEL_NAME "{model.name}"',
        _array("unsigned short", "JACOBIAN_ROW", map(str, rows)),
        _array("unsigned short", "JACOBIAN_COLUMN", map(str, columns)),
        f"#define N_CORE {len(core)}",
        f"#define N_COUNTED {len(counted)}",
        _array("unsigned short", "CORE", map(str, core)),
        _array(
            "short",
            "CORE_PLACE",
            (str(core.index(i) if i in core else -1) for i in range(len(unknowns))),
        ),
        _array("unsigned short", "COUNTED_NONZERO", map(str, counted)),
        _array("double", "NOMINAL", (_c(v.nominal) for v in unknowns)),
        _array("double", "START", ["0.0", *(_c(v.start) for v in layout.variables)]),
        _array("double", "MINIMUM", ["-INFINITY", *(_c(v.minimum) for v in layout.variables)]),
        _array("double", "MAXIMUM", ["INFINITY", *(_c(v.maximum) for v in layout.variables)]),
        _array("char", "IS_INTEGER", ["0", *(str(int(v.integer)) for v in layout.variables)]),
        _array("char", "IS_TUNABLE", ["0", *(str(int(v.tunable)) for v in layout.variables)]),
        _array("char *const", "NAME", ['"time"', *(f'"{v.name}"' for v in layout.variables)]),
        _array("char *const", "GUARD_NAME", (_text(t.name) for t in model.transitions)),
        _array("char", "GUARD_STOPS", (str(int(t.stop)) for t in model.transitions)),
    ]
    return "\n".join(lines) + "\n"


def _c(number: float) -> str:
    """Write a number in C; a missing start value is zero."""
    if math.isinf(number):
        return "INFINITY" if number > 0.0 else "-INFINITY"
    return "0.0" if math.isnan(number) else repr(number)


def _text(text: str) -> str:
    plain = "".join(c if c.isalnum() or c in " _-.,()" else "_" for c in text)
    return f'"{plain.encode("ascii", "replace").decode()}"'


def _array(c_type: str, name: str, values: Iterable[str]) -> str:
    listed = ", ".join(values) or "0"  # C knows no empty arrays
    return f"static const {c_type} {name}[] = {{{listed}}};"
