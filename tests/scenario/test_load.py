"""A scenario that is right: layers, origins, conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Workbench


def test_later_layers_win(bench: Workbench) -> None:
    """Default, line, recipe, scenario, --set: the later wins and says who it was."""
    coater = bench.load().stations["cathode.coater"].parameters
    assert coater["residual_solvent_limit"].origin == "default"
    assert coater["loading_target"].origin == "recipes/recipe.yaml:4"
    assert coater["web_speed"].origin == "small.yaml:10"
    over = bench.load(["cathode.coater.web_speed=2.2 m/min"]).stations["cathode.coater"]
    assert over.parameters["web_speed"].origin == "--set"
