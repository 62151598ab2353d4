from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ResultsError
from linetwin.results import read
from linetwin.results.genealogy import Branch, Genealogy
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

NAN = math.nan
PLACELESS = (NAN, NAN, NAN, NAN)
# child, parent, role, share, then the stretch on the parent and on the child
GRAPH = [
    ("batch-1", "powder-1", "active_material", 1.0, NAN, NAN, NAN, NAN),
    ("batch-2", "powder-1", "active_material", 0.25, NAN, NAN, NAN, NAN),
    ("batch-2", "powder-2", "active_material", 0.75, NAN, NAN, NAN, NAN),
    ("charge-1", "batch-1", "slurry", 1.0, NAN, NAN, NAN, NAN),
    ("charge-2", "batch-1", "slurry", 0.6, NAN, NAN, NAN, NAN),
    ("charge-2", "batch-2", "slurry", 0.4, NAN, NAN, NAN, NAN),
    # Coated block by block: the first 21 m hold charge-1, the rest charge-2.
    ("mother-1", "charge-1", "slurry side a", 21 / 40, NAN, NAN, 0.0, 21.0),
    ("mother-1", "charge-2", "slurry side a", 19 / 40, NAN, NAN, 21.0, 40.0),
    ("mother-1", "charge-2", "slurry side b", 1.0, NAN, NAN, 0.0, 40.0),
    ("mother-1", "foil-1", "foil", 1.0, 100.0, 140.0, NAN, NAN),
    # Rewound: the daughter begins at the mother's end; then a splice with mother-2.
    ("daughter-1", "mother-1", "web", 0.8, 40.0, 20.0, 0.0, 20.0),
    ("daughter-1", "mother-2", "web", 0.2, 0.0, 5.0, 20.0, 25.0),
    ("mother-2", "batch-2", "slurry side a", 1.0, NAN, NAN, NAN, NAN),
    ("cell-1", "daughter-1", "cathode", 1.0, 15.0, 22.0, NAN, NAN),
    ("cell-1", "anode-1", "anode", 1.0, 0.0, 2.0, NAN, NAN),
    ("cell-1", "acid-1", "electrolyte", 1.0, NAN, NAN, NAN, NAN),
    ("cell-2", "daughter-1", "cathode", 1.0, 0.0, 7.0, NAN, NAN),
]
SEGMENTS = [
    # roll, start, end, status, loading_a
    ("mother-1", 0.0, 20.0, "good", 9.0),
    ("mother-1", 20.0, 22.0, "good", 1.0),
    ("mother-1", 22.0, 24.0, "scrap", 50.0),
    ("mother-1", 24.0, 26.0, "good", 3.0),
    ("mother-1", 26.0, 40.0, "good", 7.0),
    ("mother-2", 0.0, 10.0, "good", 5.0),
    ("anode-1", 0.0, 10.0, "good", 0.1),
]


def write(folder: Path, graph: list[tuple[str | float, ...]]) -> Genealogy:
    """A run that consists of a genealogy."""
    run = RunWriter(folder, {"scenario": "graph", "seed": 1}, "schema: 1\n")
    names = ("child", "parent", "role", "share", "start_m", "end_m")
    links: dict[str, list[object]] = {
        name: [row[number] for row in graph]
        for number, name in enumerate((*names, "child_start_m", "child_end_m"))
    }
    run.add("links", {**links, "relation": ["made_from"] * len(graph)})
    run.add("links", {"child": ["cell-1"], "parent": ["tray-1"], "relation": ["carried_in"]})
    run.add(
        "lots",
        {
            "lot": ["batch-1", "batch-2", "powder-1", "tray-1"],
            "kind": ["slurry_batch", "slurry_batch", "material", "tray"],
            "created": [0, 0, 0, 0],
            "status": ["used", "in_process", "used", "in_process"],
            "place": ["tank", "tank", "", "store"],
            "viscosity": [1.0, 2.0, NAN, NAN],
        },
    )
    run.add(
        "cells",
        {
            "cell": ["cell-1", "cell-2"],
            "started": [5, 6],
            "status": ["A", "B"],
            "station": ["grading", "grading"],
            "capacity": [5.0, 4.0],
        },
    )
    columns = ("roll", "start_m", "end_m", "status", "loading_a")
    segments: dict[str, list[object]] = {
        name: [row[number] for row in SEGMENTS] for number, name in enumerate(columns)
    }
    count = len(SEGMENTS)
    run.add("segments", {**segments, "segment": list(range(count)), "tick": [0] * count})
    run.finish("complete")
    return Genealogy(read(folder))


@pytest.fixture
def genealogy(tmp_path: Path) -> Genealogy:
    """The hand-built graph."""
    return write(tmp_path / "graph", GRAPH)


def test_backward_multiplies_shares_along_role_paths(genealogy: Genealogy) -> None:
    """15 to 22 m of the daughter: 5 of 7 m are mother-1's 20 to 25 m, of these 1 m charge-1."""
    found = {(a.path, a.lot): a.share for a in genealogy.backward("cell-1") if a.share == a.share}
    assert found["cathode.web", "mother-1"] == pytest.approx(5 / 7)
    side_a, side_b = "cathode.web.slurry side a", "cathode.web.slurry side b"
    assert found[side_a, "charge-1"] == pytest.approx(5 / 7 * 1 / 5)
    assert found[side_a, "charge-2"] == pytest.approx(5 / 7 * 4 / 5)
    assert found[side_a, "batch-2"] == pytest.approx(2 / 7)
    assert found[side_b, "charge-2"] == pytest.approx(5 / 7)
    first = 1 / 7 + 4 / 7 * 0.6
    assert found[f"{side_a}.slurry", "batch-1"] == pytest.approx(first)
    assert found[f"{side_a}.slurry", "batch-2"] == pytest.approx(4 / 7 * 0.4)
    assert found[f"{side_a}.active_material", "powder-2"] == pytest.approx(2 / 7 * 0.75)
    assert found["cathode.web.foil", "foil-1"] == pytest.approx(5 / 7)
    assert found["electrolyte", "acid-1"] == 1.0


def test_slurry_shares_sum_to_one_over_both_sides(genealogy: Genealogy) -> None:
    """cell-2 lies on 33 to 40 m of mother-1: charge-2 on both sides."""
    assert genealogy.slurry_shares("cell-2") == {
        "cathode": {"batch-1": pytest.approx(0.6), "batch-2": pytest.approx(0.4)}
    }
    table = genealogy.sources()
    assert table["item"].unique().tolist() == ["cell-1", "cell-2"]


def test_carriers_are_shown_apart(genealogy: Genealogy) -> None:
    """A tray has no share and its contents are found from it."""
    (tray,) = [a for a in genealogy.backward("cell-1") if a.relation == "carried_in"]
    assert (tray.lot, tray.kind) == ("tray-1", "tray")
    assert math.isnan(tray.share)
    (cell,) = genealogy.forward("tray-1")
    assert (cell.lot, cell.relation, cell.status) == ("cell-1", "carried_in", "A")


def test_forward_finds_descendants_and_where_they_are(genealogy: Genealogy) -> None:
    """A powder lot is followed to batches, rolls and cells."""
    found = {d.lot: d for d in genealogy.forward("powder-1")}
    assert set(found) == {
        "batch-1", "batch-2", "charge-1", "charge-2", "mother-1", "mother-2", "daughter-1",
        "cell-1", "cell-2",
    }  # fmt: skip
    assert (found["batch-2"].status, found["batch-2"].place) == ("in_process", "tank")
    assert found["batch-2"].share == 0.25
    assert (found["cell-1"].status, found["cell-1"].place) == ("A", "grading")
    # Half of the slurry on cell-1 and cell-2 is that of side a, half that of side b.
    batch = {d.lot: d for d in genealogy.forward("batch-1")}
    assert batch["cell-2"].share == pytest.approx(0.6)
    assert batch["cell-2"].path == "cathode.web.slurry.slurry"
    assert len(batch) == len(genealogy.forward("batch-1"))
    # Only the cell whose own metres hold it: cell-2 lies behind the last of charge-1.
    charged = {d.lot for d in genealogy.forward("charge-1")}
    assert charged == {"mother-1", "daughter-1", "cell-1"}


def test_conditions_follow_rewound_and_spliced_webs(genealogy: Genealogy) -> None:
    """15 to 22 m of the daughter are 25 to 20 m of mother-1 and 0 to 2 m of mother-2."""
    seen = genealogy.conditions("cell-1")
    # mother-1: 2 m of 1.0, 2 m cut out, 1 m of 3.0; mother-2: 2 m of 5.0
    assert seen["cathode.web"]["loading_a"] == pytest.approx((2 * 1.0 + 1 * 3.0 + 2 * 5.0) / 5)
    assert seen["anode"]["loading_a"] == pytest.approx(0.1)
    # side a beyond charge-1: 0.6 of batch-1 and 0.4 of batch-2
    slurry = seen["cathode.web.slurry side b.slurry"]
    assert slurry["viscosity"] == pytest.approx(0.6 * 1.0 + 0.4 * 2.0)
    assert seen["cell"] == {"capacity": 5.0}


def test_one_cell_alone_has_the_ancestry_that_it_has_among_others(
    genealogy: Genealogy, tmp_path: Path
) -> None:
    """Links of other cells are left out, those of lots that no table knows are not."""
    alone = Genealogy(read(tmp_path / "graph"), ["cell-1"])
    assert str(alone.tree("cell-1")) == str(genealogy.tree("cell-1"))
    assert str(alone.backward("cell-1")) == str(genealogy.backward("cell-1"))
    assert alone.conditions("cell-1") == genealogy.conditions("cell-1")
    with pytest.raises(ResultsError, match="cell-2"):
        alone.backward("cell-2")


def test_unknown_names_and_circles_are_refused(genealogy: Genealogy, tmp_path: Path) -> None:
    """A circle would be walked for ever."""
    with pytest.raises(ResultsError, match="knows no cell or lot 'cell-9'"):
        genealogy.backward("cell-9")
    circle = write(
        tmp_path / "circle", [("a", "b", "x", 1.0, *PLACELESS), ("b", "a", "x", 1.0, *PLACELESS)]
    )
    for ask in (circle.backward, circle.forward, circle.tree):
        with pytest.raises(ResultsError, match="circle"):
            ask("a")


def test_the_tree_shows_only_what_reaches_into_the_cell(genealogy: Genealogy) -> None:
    """cell-2 lies behind charge-1: its tree does not name it."""
    (daughter,) = genealogy.tree("cell-2").parents
    (mother,) = daughter.parents
    assert (mother.lot, mother.start_m, mother.end_m) == ("mother-1", 33.0, 40.0)
    assert [(above.lot, above.role, above.share) for above in mother.parents] == [
        ("charge-2", "slurry side a", 1.0),
        ("charge-2", "slurry side b", 1.0),
        ("foil-1", "foil", 1.0),
    ]


def leaves(branch: Branch, path: tuple[str, ...], share: float) -> dict[tuple[str, str], float]:
    """Accumulated shares where a role ends, by plain recursion."""
    total: dict[tuple[str, str], float] = {}
    for parent in branch.parents:
        longer = path if path[-1:] == (parent.role,) else (*path, parent.role)
        if all(above.role != parent.role for above in parent.parents):
            key = (".".join(longer), parent.lot)
            total[key] = total.get(key, 0.0) + share * parent.share
        for key, part in leaves(parent, longer, share * parent.share).items():
            total[key] = total.get(key, 0.0) + part
    return total


@st.composite
def blended_lines(draw: st.DrawFn) -> list[tuple[str | float, ...]]:
    """Layers of lots, each blended from lots of the layer above or from its own layer."""
    roles = ["cathode", "web", "slurry", "powder"]
    layers = [["cell-1"]] + [
        [f"{role}-{n}" for n in range(draw(st.integers(1, 4)))] for role in roles
    ]
    graph = []
    for depth, role in enumerate(roles):
        for number, child in enumerate(layers[depth]):
            parents = draw(
                st.lists(st.sampled_from(layers[depth + 1]), min_size=1, max_size=3, unique=True)
            )
            weights = [draw(st.integers(1, 9)) for _ in parents]
            # A tank may be topped up: part of the blend is what an earlier charge was.
            earlier = layers[depth][:number]
            rest = 0.5 if earlier and draw(st.booleans()) else 1.0
            if rest < 1.0:
                graph.append((child, draw(st.sampled_from(earlier)), role, 0.5, *PLACELESS))
            graph += [
                (child, parent, role, rest * weight / sum(weights), *PLACELESS)
                for parent, weight in zip(parents, weights, strict=True)
            ]
    return graph


@settings(max_examples=20, deadline=None)
@given(graph=blended_lines())
def test_shares_at_the_ends_of_each_role_sum_to_one(
    graph: list[tuple[str | float, ...]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever is blended with whatever, the array walk equals plain recursion."""
    genealogy = write(tmp_path_factory.mktemp("walk") / "run", graph)
    found = {
        (a.path, a.lot): a.share
        for a in genealogy.backward("cell-1")
        if a.relation == "made_from" and a.last
    }
    expected = leaves(genealogy.tree("cell-1"), (), 1.0)
    assert found.keys() == expected.keys()
    for key, share in expected.items():
        assert found[key] == pytest.approx(share, abs=1e-12)
    sums: dict[str, float] = {}
    for (path, _), share in found.items():
        sums[path] = sums.get(path, 0.0) + share
    assert set(sums) == {
        "cathode", "cathode.web", "cathode.web.slurry", "cathode.web.slurry.powder",
    }  # fmt: skip
    assert all(total == pytest.approx(1.0, abs=1e-12) for total in sums.values())


# A lane of 20 m whose positions on the mother roll are known to 0.25 m; charges meet at 10 m.
UNSURE = [
    ("mother-1", "charge-1", "slurry side a", 0.5, NAN, NAN, 0.0, 10.0),
    ("mother-1", "charge-2", "slurry side a", 0.5, NAN, NAN, 10.0, 20.0),
    ("lane-1", "mother-1", "web", 1.0, 20.0, 0.0, 0.0, 20.0),
    ("cell-1", "lane-1", "cathode", 1.0, 9.0, 9.6, NAN, NAN),
    ("cell-2", "lane-1", "cathode", 1.0, 9.6, 10.4, NAN, NAN),
    ("cell-3", "lane-1", "cathode", 1.0, 11.0, 11.6, NAN, NAN),
]
PLANT = "schema: 1\nbuffers: {store: {capacity: 3}}\n"


def unsure(folder: Path) -> Genealogy:
    """A run of three cells: one shipped in a box, one in a buffer, one scrapped."""
    run = RunWriter(folder, {"scenario": "unsure", "seed": 1}, PLANT)
    names = ("child", "parent", "role", "share", "start_m", "end_m", "child_start_m", "child_end_m")
    links: dict[str, list[object]] = {
        name: [row[number] for row in UNSURE] for number, name in enumerate(names)
    }
    doubts = [0.25 if row[2] == "web" else NAN for row in UNSURE]
    count = len(UNSURE)
    run.add("links", {**links, "relation": ["made_from"] * count, "position_uncertainty": doubts})
    run.add("links", {"child": ["cell-1"], "parent": ["box-1"], "relation": ["carried_in"]})
    run.add(
        "lots",
        {
            "lot": ["box-1", "lane-1"],
            "kind": ["box", "daughter_roll"],
            "created": [0, 0],
            "status": ["shipped", "used"],
            "place": ["binning", "stacker"],
        },
    )
    run.add(
        "cells",
        {
            "cell": ["cell-1", "cell-2", "cell-3"],
            "started": [5, 6, 7],
            "status": ["A", "in_process", "scrap"],
            "station": ["grading", "store", "filler"],
        },
    )
    run.add(
        "operations",
        {
            "lot": ["mother-1", "lane-1", "other-1"],
            "station": ["coater", "slitter", "slitter"],
            "operation": ["coat side a", "slit", "slit"],
            "start": [0, 10, 10],
            "end": [9, 20, 20],
            "shift": ["day 1 early", "day 1 late", "day 1 late"],
            "tool": ["die-001", "knife-002", "knife-002"],
            "place": [1, 2, 1],
        },
    )
    run.finish("complete")
    return Genealogy(read(folder))


def test_forward_trace_widens_stretches_by_what_is_uncertain(tmp_path: Path) -> None:
    """A cell 0.4 m from a charge's end may hold it, one a metre away may not; both are told apart.

    The lane is rewound: its metre 9.6 is metre 10.4 of the mother roll.
    """
    found = {each.lot: each for each in unsure(tmp_path).forward("charge-1")}
    cells = {name: each.certain for name, each in found.items() if each.kind == "cell"}
    assert cells == {"cell-1": False, "cell-2": True, "cell-3": True}
    assert found["cell-1"].share == 0
    assert found["cell-2"].share == pytest.approx(0.5)
    assert found["cell-3"].share == pytest.approx(1.0)


def test_forward_trace_says_where_things_are(tmp_path: Path) -> None:
    """A boxed cell left with its box; others wait in a buffer or were scrapped."""
    found = {each.lot: each.where for each in unsure(tmp_path).forward("mother-1")}
    assert found == {
        "lane-1": "used",
        "cell-1": "shipped",
        "cell-2": "buffer",
        "cell-3": "scrap",
    }


def test_backward_trace_names_tool_lane_and_shift(tmp_path: Path) -> None:
    """What was done to the cell's own lots, in time; what was done to others is left out."""
    done = unsure(tmp_path).operations("cell-2")
    columns = ["operation", "path", "tool", "place", "shift"]
    assert list(done[columns].itertuples(index=False, name=None)) == [
        ("coat side a", "cathode.web", "die-001", 1, "day 1 early"),
        ("slit", "cathode", "knife-002", 2, "day 1 late"),
    ]
