"""What a line fixes in an FMU: text, bytes, an enumeration's item, arrays and their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from linetwin.contracts import Contract, Phase
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.mapping import process_map
from linetwin.cosim.presets import split_fixed
from linetwin.cosim.transform import FmuTransform
from linetwin.cosim.wiring import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., Path]

MACHINE = Contract("machine", "continuous", inputs=("mode",), outputs=("web_speed",))
ITEM = Contract("item", "transform", inputs=("mode",), outputs=("web_speed",))


def links(fixed: dict[str, Any], output: str = "any_flag") -> Any:  # noqa: ANN401 - a ProcessMap
    """Return the links of the types FMU; an output that comes from what is fixed."""
    table = {"variable": output, "unit": "m/s"}
    return process_map({"mode": "mode", "web_speed": table}, fixed)


@pytest.mark.parametrize(
    ("fixed", "output", "value"),
    [
        ({"flags": [False, True, False]}, "any_flag", 1.0),
        ({"flags": "0 0 0"}, "any_flag", 0.0),
        ({"counts": [7, -2], "u_String": "x", "n": 5, "vector": [1, 2, 3, 4, 5]}, "total", 5.0),
    ],
)
def test_arrays_and_text_are_set(
    feature: Build, fixed: dict[str, Any], output: str, value: float
) -> None:
    """In a machine, also after it begins again, and in items; by the compiled loop or not."""
    fmu = feature("types3")
    machine = FmuContinuous(fmu, MACHINE, mapping=links(fixed, output))
    for _ in range(2):
        machine.start(0, {"mode": 1.0})
        machine.advance(100, {})
        assert machine.read(["web_speed"]) == {"web_speed": value}
    machine.close()
    process = FmuTransform(fmu, ITEM, mapping=links(fixed, output))
    (columns,) = process.apply({}, [Phase({"mode": np.ones(4)}, 0.1)])
    np.testing.assert_array_equal(columns["web_speed"], np.full(4, value))
    process.close()


def test_text_in_fmi2_and_an_item(feature: Build) -> None:
    """Text is set in FMI 2.0 too; an enumeration's item is its number."""
    contract = Contract("machine", "continuous", inputs=(), outputs=("web_speed",))
    table = {"web_speed": {"variable": "next_mode", "unit": "m/s"}}
    mapping = process_map(table, {"u_String": "words", "mode": "on"})
    machine = FmuContinuous(feature("types2"), contract, mapping=mapping)
    machine.start(0, {})
    assert machine.read(["web_speed"]) == {"web_speed": 1.0}
    machine.close()


@pytest.mark.parametrize(
    ("fixed", "says"),
    [
        ({"flags": [True]}, "p.fixed.flags: types3: .*3 values"),
        ({"n": 0}, "p.fixed.n: types3: an array has 0 elements"),
        ({"u_Int8": "many"}, "p.fixed.u_Int8: types3: 'many' does not fit"),
        ({"sums": [1, 2, 3]}, "p.fixed.sums: types3: 'sums' is a continuous output and cannot"),
        ({"u_Strin": "x"}, "p.fixed.u_Strin: types3: it has no variable.*u_String"),
        ({"mode": "on"}, "p.fixed.mode: types3: 'mode' is set by the line as mode"),
    ],
)
def test_what_does_not_fit(feature: Build, fixed: dict[str, Any], says: str) -> None:
    """Every mistake is told with its key, before the run."""
    import re

    found = check(read_description(feature("types3")), MACHINE, links(fixed), key="p")
    assert any(re.search(says, str(problem)) for problem in found), found


def test_clocks_are_not_fixed(feature: Build) -> None:
    """A clock has no value."""
    split = split_fixed(read_description(feature("events3")), {"poke": True})
    assert "is a clock" in str(split.problems[0][1])
