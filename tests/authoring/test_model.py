from __future__ import annotations

from typing import TYPE_CHECKING

import casadi as ca
import pytest

from linetwin.authoring import Model
from linetwin.authoring.build import build_library, load_model
from linetwin.authoring.codegen import generate
from linetwin.authoring.numerics import build_functions, input_dependencies
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _two_equations(m: Model) -> None:
    x = m.state("x", "1")
    m.der(x, 0)
    m.der(x, 1)


def _foreign_symbol(m: Model) -> None:
    m.der(m.state("x", "1"), ca.SX.sym("y"))
    m.check()


def _same_name_elsewhere(m: Model) -> None:
    m.der(m.state("x", "1"), Model("other").state("x", "1"))
    m.check()


def _missing_derivative(m: Model) -> None:
    m.state("x", "1")
    m.check()


def _missing_residual(m: Model) -> None:
    m.algebraic("x", "1")
    m.check()


def _assigned_input(m: Model) -> None:
    m.when("e", 1, {m.input("u", "1"): 1})


def _same_name(m: Model) -> None:
    m.input("u", "1")
    m.state("U", "1")


MISTAKES: list[tuple[Callable[[Model], object], str]] = [
    (_two_equations, "'x' has two equations"),
    (_foreign_symbol, "derivative of 'x' uses the symbol 'y'"),
    (_same_name_elsewhere, "uses the symbol 'x', which the model did not declare"),
    (_missing_derivative, r"no der\(\) for x"),
    (_missing_residual, r"no residual\(\) for x"),
    (_assigned_input, "assigns 'u', which is input"),
    (_same_name, "two variables are called 'U'"),
    (lambda m: m.check(), "has no variables"),
    (lambda m: m.input("time", "1"), "reserved"),
    (lambda m: m.input("a b", "1"), "letters, digits"),
    (lambda m: m.input("u", "furlong"), "'furlong' is not a UCUM unit"),
    (lambda m: m.input("u", "m", start=2.0, maximum=1.0), r"start 2.0 is outside \[-inf, 1.0\] m"),
    (lambda m: m.input("u", "m", minimum=2.0, maximum=1.0), "range"),
    (lambda m: m.input("u", "1", start=0.5, integer=True), "not an integer"),
    (lambda m: m.input("u", "1", start=float("nan")), "not finite"),
    (lambda m: m.input("u", "1", tag="X"), "none of V, D, M, A"),
    (lambda m: m.input("u", "1", sauce="x"), "unknown keyword sauce"),
    (lambda m: m.state("x", "1", nominal=0.0), "nominal 0.0 is not positive"),
    (lambda m: m.output("y", "1", ca.SX.sym("v", 2)), "the expression is 2x1"),
    (lambda m: m.output("y", "1", "text"), "not a CasADi SX expression"),
    (lambda m: m.der(m.input("u", "1"), 1), "'u' is input, not state"),
    (lambda m: m.der(ca.SX.sym("x"), 1), "not a variable of model"),
    (lambda m: m.when("e", 1, {}), "assigns nothing"),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_an_authors_mistake_is_named(mistake: Callable[[Model], object], message: str) -> None:
    """Each mistake raises ModelError with the variable and what is wrong with it."""
    with pytest.raises(ModelError, match=message):
        mistake(Model("m"))


def test_dependencies_run_through_algebraic_variables() -> None:
    """An output depends on what determines the algebraic variables it uses, and on nothing else."""
    m = Model("m")
    u, w = m.input("u", "1"), m.input("w", "1")
    x, a = m.state("x", "1"), m.algebraic("a", "1")
    m.der(x, u + w)
    m.residual(a, a - u)
    for name, expression in {"direct": w, "through": a, "held": x, "both": a * w}.items():
        m.output(name, "1", expression)
    assert input_dependencies(m, build_functions(m)) == {
        "a": ["u"],
        "direct": ["w"],
        "through": ["u"],
        "held": [],
        "both": ["u", "w"],
    }


def test_the_same_model_gives_the_same_token(model: Callable[[str], Model]) -> None:
    """The token depends on the contents alone: equal for equal models, else different."""
    tokens = {name: generate(model(name)).token for name in ("circuit", "ball")}
    assert generate(model("circuit")).token == tokens["circuit"] != tokens["ball"]


def test_faults_of_a_model_file_are_told_with_its_name(tmp_path: Path) -> None:
    """A file that raises, or builds no model, ends in a ModelError that names it."""
    file = tmp_path / "bad" / "model.py"
    file.parent.mkdir()
    with pytest.raises(ModelError, match="no such model file"):
        load_model(file)
    for code, message in {
        "1/0": "ZeroDivisionError",
        "def build(): return 5": "returned int",
        "x = 1": "AttributeError",
    }.items():
        file.write_text(code)
        with pytest.raises(ModelError, match=message):
            load_model(file)
    with pytest.raises(ModelError, match=r"no model other in .* there are: bad"):
        build_library(tmp_path, tmp_path, ["other"])
