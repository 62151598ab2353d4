"""Lines drawn as text: what may be wired, and which cycles are found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.scenario.kinds import parse_kinds, shipped_kinds
from linetwin.scenario.wiring import find_cycles

if TYPE_CHECKING:
    from conftest import Workbench

REWORK = """
[reworker]
title = "Takes rolls and gives them back, at most so often"
takes = { rolls = "mother_roll" }
gives = { rolls = "mother_roll" }
machine = false
parameters.rework_limit = { value = 2, tag = "A", source = "made up" }
"""


def _graph(text: str) -> dict[str, list[str]]:
    """`a>b b>c` -> {"a": ["b"], "b": ["c"], "c": []}."""
    graph: dict[str, list[str]] = {}
    for edge in text.split():
        start, _, end = edge.partition(">")
        graph.setdefault(start, []).append(end)
        graph.setdefault(end, [])
    return graph


@pytest.mark.parametrize(
    ("text", "cycles"),
    [
        ("a>b b>c", []),
        ("a>b a>c b>d c>d", []),
        ("a>a", [["a"]]),
        ("a>b b>a", [["a", "b"]]),
        ("a>b b>c c>d d>b", [["b", "c", "d"]]),
        ("a>b b>a c>d d>c", [["a", "b"], ["c", "d"]]),
        ("a>b a>c c>e e>a b>e", [["a", "c", "e"]]),
    ],
)
def test_cycles(text: str, cycles: list[list[str]]) -> None:
    """The stations of a cycle are named in the order in which material passes them."""
    assert find_cycles(_graph(text)) == cycles


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16))
def test_a_cycle_is_found_exactly_where_there_is_no_order(edges: list[tuple[int, int]]) -> None:
    """Oracle: stations can be ordered (Kahn) if and only if no cycle is reported."""
    graph = {str(n): sorted({str(b) for a, b in edges if a == n}) for n in range(8)}
    left = dict(graph)
    while free := [n for n in left if not any(n in after for after in left.values())]:
        for node in free:
            del left[node]
    cycles = find_cycles(graph)
    assert bool(cycles) == bool(left)
    for cycle in cycles:
        assert all(b in graph[a] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def test_several_alike_stations_share_their_buffers(bench: Workbench) -> None:
    """Two mixers may fill one tank."""
    bench.edit(
        "line",
        "  cathode.coater:\n",
        "  cathode.second_mixer:\n    kind: mixer\n    gives: {slurry: cathode.tank}\n"
        "  cathode.coater:\n",
    )
    assert len(bench.load().stations) == 4


def test_a_role_that_may_stay_open(bench: Workbench, small_kinds: dict[str, object]) -> None:
    """An optional role is known, and need not be wired."""
    assert "waste" in small_kinds["coater"].optional  # type: ignore[attr-defined]
    assert "waste" not in bench.load().stations["cathode.coater"].gives


def test_a_cycle_with_a_counter_is_allowed(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rework may go round where its station counts the rounds, and share the buffer it fills."""
    counting = parse_kinds(REWORK.replace("rework_limit", "lane_count"), Path("k.toml"))
    monkeypatch.setattr("linetwin.scenario.wiring.REWORK_COUNTER", "lane_count")
    # the coater has a lane_count too, so that the counter is named per kind: take it away
    coater = bench.kinds["coater"]
    plain = {n: p for n, p in coater.parameters.items() if n != "lane_count"}
    kinds = {**bench.kinds, **counting}
    kinds["coater"] = type(coater)(**{**vars(coater), "parameters": plain})
    bench.kinds = kinds
    bench.edit(
        "line",
        "  cathode.slitter:\n",
        "  rework:\n    kind: reworker\n    takes: {rolls: cathode.coated_rolls}\n"
        "    gives: {rolls: cathode.coated_rolls}\n  cathode.slitter:\n",
    )
    assert "rework" in bench.load().stations


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[a\n", "TOML syntax"),
        ("[a]\n", "title: field required"),
        ('[a]\ntitle = "A"\nfoo = 1\n', "a.foo: extra inputs"),
        ('[a]\ntitle = "A"\nparameters.webspeed = {}\n', "not in the vocabulary (did you mean web"),
        ('[a]\ntitle = "A"\nparameters.web_speed = { value = "1 m/min" }\n', "tag and source"),
        (
            '[a]\ntitle = "A"\nparameters.web_speed = { value = "1", tag = "A", source = "s" }\n',
            "has no unit",
        ),
    ],
)
def test_a_bad_table_of_kinds_is_told(toml: str, says: str) -> None:
    """The table of kinds is checked as strictly as what users write."""
    with pytest.raises(ScenarioError) as caught:
        parse_kinds(toml, Path("own.toml"))
    assert says in str(caught.value)
    assert "own.toml" in str(caught.value)


def test_the_shipped_kinds_are_right() -> None:
    """Every default that ships can be read, with its unit, in its plausible range."""
    assert {"mixer", "coater", "building"} <= shipped_kinds().keys()
