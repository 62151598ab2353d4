"""Stand-ins of a Transform whose law is known: what they answer, and what they refuse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from standing import (
    STATION,
    Press,
    asked_of,
    at_work,
    made_of,
    porosity_of,
    recorded,
    stand_in_for,
)

from linetwin.contracts import Phase
from linetwin.errors import FmuError, OutOfDomainError
from linetwin.predictors.stand_in import SMALL, StandIn
from linetwin.predictors.stand_in_choice import Chosen
from linetwin.predictors.stand_in_terms import rescaled
from linetwin.surrogates.standing_in.making import Asked, _made
from linetwin.surrogates.standing_in.recording import Call
from linetwin.surrogates.standing_in.shaping import ALWAYS, RULE, shape_of
from linetwin.surrogates.standing_in.table import table_of

if TYPE_CHECKING:
    from linetwin.surrogates.standing_in.regime import Made


@pytest.fixture(scope="module")
def press() -> Press:
    """A press."""
    return Press()


@pytest.fixture(scope="module")
def made(press: Press) -> list[Made]:
    """What is learnt of it, the narrow box first."""
    found = made_of(press, recorded(press))
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="module")
def stand_in(press: Press) -> StandIn:
    """The same at work."""
    return stand_in_for(press)


def test_it_answers_as_the_law_does_for_lots_that_nobody_has_seen(stand_in: StandIn) -> None:
    """Porosity after both phases to 1e-4, and thickness that keeps the mass as well."""
    generator = np.random.default_rng(77)
    for _ in range(20):
        start, phases = asked_of(30, generator)
        pressed, rested = stand_in.apply(start, phases)
        load = phases[0].inputs["line_load"]
        wanted = porosity_of(np.asarray(start["porosity"]), np.asarray(load))
        np.testing.assert_allclose(pressed["porosity"], wanted, atol=1e-4)
        rise = 0.01 * (1 - np.exp(-phases[1].duration_s / 600.0))
        np.testing.assert_allclose(rested["porosity"], wanted + rise, atol=1e-4)
        mass = pressed["coating_thickness"] * (1 - pressed["porosity"])
        np.testing.assert_allclose(mass, 50e-6, rtol=1e-3)


def test_all_outputs_of_all_phases_are_there(press: Press, stand_in: StandIn) -> None:
    """The same columns as the FMU gives, each of shape (items,); large ones own their memory."""
    for items in (7, 300):
        start, phases = asked_of(items, np.random.default_rng(1))
        told = stand_in.apply(start, phases)
        for columns in told:
            assert all(column.shape == (items,) for column in columns.values())
            assert all(column.base is None or column.base.nbytes <= SMALL
                       for column in columns.values())  # fmt: skip
        assert len({id(column) for columns in told for column in columns.values()}) == sum(
            map(len, told)
        )
    start, phases = asked_of(7, np.random.default_rng(1))
    for told, true in zip(stand_in.apply(start, phases), press.apply(start, phases), strict=True):
        assert told.keys() == true.keys()
        np.testing.assert_array_equal(told["valid"], true["valid"])
        np.testing.assert_allclose(told["phase_time"], true["phase_time"], rtol=1e-12)


def test_what_the_line_never_varies_is_a_condition(stand_in: StandIn) -> None:
    """Another width is refused by name, place, and value."""
    start, phases = asked_of(3, np.random.default_rng(2))
    other = [Phase({**phase.inputs, "coating_width": 0.3}, phase.duration_s) for phase in phases]
    with pytest.raises(OutOfDomainError, match=r"coating_width in phase 1 300 mm, it was 250 mm"):
        stand_in.apply(start, other)


def test_what_lies_outside_the_box_is_refused_with_its_range(stand_in: StandIn) -> None:
    """One item is enough; so is a number that is none."""
    start, phases = asked_of(3, np.random.default_rng(2))
    for wrong in (0.9, np.nan, np.inf, -np.inf):
        values = np.array(start["porosity"])
        values[1] = wrong
        with pytest.raises(OutOfDomainError, match=r"porosity at the start .*known from \d.* to"):
            stand_in.apply({"porosity": values}, phases)


def test_a_call_of_another_form_is_refused(stand_in: StandIn) -> None:
    """Fewer phases, or a quantity that nobody gave."""
    start, phases = asked_of(3, np.random.default_rng(2))
    for other in ((start, phases[:1]), ({**start, "moisture": 0.1}, phases)):
        with pytest.raises(OutOfDomainError, match="no call that gives these quantities"):
            stand_in.apply(*other)


def test_a_range_that_is_asked_for_is_known(press: Press) -> None:
    """A load that the line never had, as --range says."""
    wide = stand_in_for(press, line_load=(100e3, 900e3))
    generator = np.random.default_rng(3)
    for load in (120e3, 880e3):
        start, phases = asked_of(20, generator, load)
        wanted = porosity_of(np.asarray(start["porosity"]), np.asarray(load))
        np.testing.assert_allclose(wide.apply(start, phases)[0]["porosity"], wanted, atol=5e-3)


def test_intervals_hold_what_they_promise(press: Press, made: list[Made]) -> None:
    """Of 600 new items at least 85 % of each learnt output lie in intervals of 90 %."""
    inside: dict[tuple[int, str], list[bool]] = {}
    generator = np.random.default_rng(6)
    for _ in range(30):
        start, phases = asked_of(20, generator)
        truth = press.apply(start, phases)
        (part,) = at_work(made).answered(start, phases).parts
        answer = part.answer
        for each, own in zip(part.regime.regime.learnt, answer.made, strict=False):
            wanted, linked = each.link.to(truth[each.phase][each.name]), each.link.to(own)
            half = each.half_widths[answer.region]
            inside.setdefault((each.phase, each.name), []).extend(
                np.abs(wanted - linked) <= half + 1e-15
            )
    assert {name for _, name in inside} >= {"porosity", "coating_thickness"}
    for hits in inside.values():
        assert np.mean(hits) > 0.85


def test_porosity_is_a_share_whatever_is_asked(made: list[Made]) -> None:
    """It is learnt as a logit, so that it stays between 0 and 1 by construction."""
    for each in made:
        for output in each.regime.learnt:
            if output.name == "porosity":
                assert output.link.kind == "logit"
            if output.name == "coating_thickness":
                assert output.bounded or output.link.kind == "log"


def test_the_card_tells_lots_points_and_coverage(made: list[Made]) -> None:
    """Counts of what it was learnt from, and coverage on what made none of the intervals."""
    narrow, wide = (each.regime for each in made)
    assert (narrow.station, narrow.lots, narrow.rows) == (STATION, 20, 240)
    assert 0 < narrow.designed <= 240
    assert [each.where for each in narrow.covered] == ["recorded items", "designed points"]
    assert all(each.low <= 0.9 <= each.high or each.inside / each.rows > 0.9
               for each in narrow.covered)  # fmt: skip
    assert {v.name for v in narrow.variables} == {"porosity", "line_load", "duration"}
    for near, far in zip(narrow.variables, wide.variables, strict=True):
        assert far.low <= near.low <= near.seen_low
        assert near.seen_high <= near.high <= far.high


def test_an_output_that_jumps_has_no_stand_in() -> None:
    """A flag that changes where the line works is named."""
    press = Press(jumps_at=350e3)
    assert "within_fit jumps between 0 and 1" in str(made_of(press, recorded(press)))


def test_the_box_is_drawn_in_where_the_model_fails_or_jumps() -> None:
    """Beyond what the line showed, but near to it."""
    for press in (Press(fails_at=420e3), Press(jumps_at=420e3)):
        found = made_of(press, recorded(press))
        assert isinstance(found, list)
        load = next(v for v in found[-1].regime.variables if v.name == "line_load")
        assert load.seen_high <= load.high <= 420e3
        assert "drawn in" in found[-1].regime.said[0]


def test_too_few_items_are_told() -> None:
    """Three items of one lot teach nothing."""
    press = Press()
    assert "8" in str(made_of(press, recorded(press, lots=1, items=3)))


class _Heard:
    """Keeps who answered."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def __call__(self, who: str, items: int) -> None:
        self.told.append((who, items))


def test_auto_asks_the_fmu_where_a_lot_lies_outside(press: Press, stand_in: StandIn) -> None:
    """The whole lot, to the bit; both choices are told with the number of items."""
    generator, heard = np.random.default_rng(8), _Heard()
    chosen = Chosen(STATION, stand_in, press).of_lot("tray-1", heard)
    inside, outside = asked_of(5, generator), asked_of(6, generator, 2000e3)
    chosen.apply(*inside)
    found = chosen.apply(*outside)
    for told, true in zip(found, press.apply(*outside), strict=True):
        for name in true:
            np.testing.assert_array_equal(told[name], true[name])
    assert heard.told[0] == ("surrogate", 5)
    who, items = heard.told[1]
    assert items == 6
    assert who.startswith("FMU: line_load in phase 1 2000 N/mm, known from")


def test_auto_asks_the_fmu_where_an_interval_is_too_wide(press: Press, made: list[Made]) -> None:
    """A limit below what the stand-in is sure of; one above it lets the stand-in answer."""
    heard = _Heard()
    asked = asked_of(5, np.random.default_rng(9))
    Chosen(STATION, at_work(made, {"porosity": 1e-12}), press).of_lot("a", heard).apply(*asked)
    Chosen(STATION, at_work(made, {"porosity": 1e-2}), press).of_lot("b", heard).apply(*asked)
    assert heard.told[0][0].startswith("FMU: the interval of porosity is too wide")
    assert heard.told[1] == ("surrogate", 5)


def test_surrogate_alone_ends_with_station_lot_quantity_and_range(stand_in: StandIn) -> None:
    """Nobody else may answer, so what is outside is an error with exit code 3."""
    alone = Chosen(STATION, stand_in, None).of_lot("tray-7", _Heard())
    asked = asked_of(2, np.random.default_rng(9), 2000e3)
    with pytest.raises(OutOfDomainError) as caught:
        alone.apply(*asked)
    text = str(caught.value)
    assert text.startswith(f"{STATION}: the stand-in does not know tray-7: line_load in phase 1")
    assert "known from" in text
    assert caught.value.exit_code == 3


def test_a_failing_fmu_is_an_error_of_the_fmu(stand_in: StandIn) -> None:
    """`auto` hides nothing."""
    chosen = Chosen(STATION, stand_in, Press(fails_at=1000e3))
    with pytest.raises(FmuError, match="the roll gives way"):
        chosen.apply(*asked_of(2, np.random.default_rng(9), 2000e3))


def test_no_phase_asks_nothing(stand_in: StandIn) -> None:
    """As of an FMU."""
    assert Chosen(STATION, stand_in, None).apply({"porosity": 0.4}, []) == []


def test_the_same_calls_teach_the_same_stand_in(press: Press, made: list[Made]) -> None:
    """Every number of it: nothing depends on chance or the clock."""
    again = made_of(press, recorded(press))
    assert isinstance(again, list)
    for one, other in zip(made, again, strict=True):
        assert one.weights == other.weights
        assert one.regime == other.regime


def test_items_that_stood_still_are_known_beside_the_others() -> None:
    """Of 100 items 4 rest for hours: a regime of their own answers them, in the same call."""
    press = Press()
    generator = np.random.default_rng(11)
    calls = []
    for number in range(25):
        start, (pressed, rested) = asked_of(20, generator)
        rest = np.full(20, 600.0)
        if number % 3 == 0:
            rest[number % 20] = generator.uniform(2000.0, 9000.0)
        phases = [pressed, Phase(rested.inputs, rest)]
        kept = {name: np.asarray(value, dtype=float) for name, value in start.items()}
        results = press.apply(start, phases)
        calls.append(Call(STATION, f"lot {number}", kept, tuple(phases), tuple(results)))
    table = table_of(calls)
    lean = shape_of(table, RULE)
    assert int((~lean.kept).sum()) == 9
    asked = Asked(STATION, "0" * 64, press, {}, 240, 0.9)
    rule, rest_ = (
        _made(asked, table, table.some(rows), shape_of(table.some(rows), ALWAYS), 1.0)
        for rows in (lean.kept, ~lean.kept)
    )
    assert not isinstance(rule, str)
    assert not isinstance(rest_, str)
    wide = dict.fromkeys(("porosity", "coating_thickness"), 1.0)
    stand_in = at_work([rule, rest_], wide)
    start, (pressed, rested) = asked_of(6, generator)
    durations = np.array([600.0, 600.0, 5000.0, 600.0, 3000.0, 600.0])
    phases = [pressed, Phase(rested.inputs, durations)]
    parts = stand_in.answered(start, phases).parts
    assert [np.flatnonzero(part.rows).tolist() for part in parts] == [[0, 1, 3, 5], [2, 4]]
    for told, true in zip(stand_in.apply(start, phases), press.apply(start, phases), strict=True):
        assert told.keys() == true.keys()
        for name, column in true.items():
            np.testing.assert_allclose(told[name], column, rtol=2e-3, err_msg=name)
    durations[1] = 90_000.0
    heard = _Heard()
    asked = Chosen(STATION, stand_in, press)
    press.calls.clear()
    both = asked.of_lot("tray-1", heard).apply(start, phases)
    assert press.calls == [1]
    assert heard.told[0] == ("surrogate", 5)
    assert heard.told[1][0].startswith("FMU: duration in phase 2 25 h")
    for told, true in zip(both, press.apply(start, phases), strict=True):
        for name, column in true.items():
            np.testing.assert_allclose(told[name], column, rtol=2e-3, err_msg=name)
            assert told[name][1] == column[1]
    with pytest.raises(OutOfDomainError, match=r"duration in phase 2 25 h, it was 0\.166667 h"):
        stand_in.apply(start, phases)


def test_arrays_and_numbers_are_answered_alike(stand_in: StandIn) -> None:
    """One value for all items, the same as an array, or the same array given in both phases."""
    start, (pressed, rested) = asked_of(4, np.random.default_rng(12), 350e3)
    width, load, seconds = (np.full(4, value) for value in (0.25, 350e3, rested.duration_s))
    given = [
        [pressed, rested],
        [Phase({"line_load": load, "coating_width": width}, np.full(4, 5.0)),
         Phase({"line_load": 0.0 * load, "coating_width": width}, seconds)],
        [Phase({"line_load": load, "coating_width": width}, 5.0),
         Phase({"line_load": 0, "coating_width": width.copy()}, seconds)],
    ]  # fmt: skip
    first, *others = [stand_in.apply(start, phases) for phases in given]
    for other in others:
        for one, same in zip(first, other, strict=True):
            for name in one:
                np.testing.assert_allclose(same[name], one[name], rtol=1e-12)


@pytest.mark.parametrize("kernel", ["", "off"])
def test_an_answer_is_the_formula_of_the_card(
    made: list[Made], monkeypatch: pytest.MonkeyPatch, kernel: str
) -> None:
    """Outputs are the card's coefficients times 1, z, z z and tanh(W z + b): computed plainly."""
    monkeypatch.setenv("LINETWIN_KERNEL", kernel)
    start, phases = asked_of(11, np.random.default_rng(13))
    each = made[0]
    (part,) = at_work([each]).answered(start, phases).parts
    given = part.regime.given(start, phases, 11)[: len(each.regime.variables)]
    x = np.array(
        [rescaled(own, of.scale) for own, of in zip(given, each.regime.variables, strict=True)]
    )
    own = each.weights
    z = (x - np.array(own.centres)[:, None]) / np.array(own.spreads)[:, None]
    terms = [np.ones(11), *z]
    if own.quadratic:
        terms += [z[i] * z[j] for i in range(len(z)) for j in range(i, len(z))]
    terms += [np.tanh(np.dot(row, z) + b) for row, b in zip(own.hidden, own.offsets, strict=True)]
    learnt = part.answer.made[: len(each.regime.learnt)]
    for found, row, of in zip(learnt, own.coefficients, each.regime.learnt, strict=True):
        wanted = of.link.back(np.dot(row, terms))
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)
    constants = part.answer.made[len(learnt) : len(learnt) + len(each.regime.constants)]
    for row, constant in zip(constants, each.regime.constants, strict=True):
        np.testing.assert_array_equal(row, constant.value)
