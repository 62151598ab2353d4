"""FMUs that cannot save their state: simulated again from their recorded inputs, same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from group_fmus import write_group
from hypothesis import given, settings
from hypothesis import strategies as st
from small_fmus import OVEN, rewritten

from linetwin.contracts import Continuous
from linetwin.cosim import FmuContinuous, RecordedContinuous
from linetwin.cosim.groups import read_group
from linetwin.cosim.groups.continuous import GroupContinuous
from linetwin.cosim.recorded import InputRecord
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

HOT = {"air_temperature": 400.0, "mode": 1.0}
NAMES = ("film_temperature", "solvent_loading")
STEPS = st.lists(
    st.tuples(
        st.integers(0, 5_000),
        st.dictionaries(st.just("air_temperature"), st.floats(300.0, 450.0))
        | st.fixed_dictionaries({"air_temperature": st.floats(300.0, 450.0), "mode": st.just(1.0)}),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def forgetful(web: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web without the functions of saved states."""

    def unable(text: str) -> str:
        for able in ("canSerializeFMUState", "canGetAndSetFMUState"):
            assert f'{able}="true"' in text
            text = text.replace(f'{able}="true"', "")
        return text

    return rewritten(web, tmp_path_factory.mktemp("forgetful") / "web.fmu", unable)


def test_is_continuous_and_can_save(forgetful: Path) -> None:
    """The line sees a model like any other, though the FMU itself refuses."""
    inner = FmuContinuous(forgetful, OVEN)
    assert not inner.can_save
    model = RecordedContinuous(inner)
    assert isinstance(model, Continuous)
    assert model.can_save
    with pytest.raises(FmuError, match="not been started"):
        model.save()


@settings(max_examples=25, deadline=None)
@given(before=STEPS, after=STEPS)
def test_a_second_instance_goes_on_with_the_same_bits(
    forgetful: Path,
    before: list[tuple[int, dict[str, float]]],
    after: list[tuple[int, dict[str, float]]],
) -> None:
    """Whatever was done before the save and is done after it, also with steps of no length."""
    one, other = (RecordedContinuous(FmuContinuous(forgetful, OVEN)) for _ in range(2))
    one.start(7, HOT)
    tick = 7
    for length, inputs in before:
        tick += length
        one.advance(tick, inputs)
    state = one.save()
    other.restore(state)
    assert other.save() == state
    for model in (one, other):
        now = tick
        for length, inputs in after:
            now += length
            model.advance(now, inputs)
    assert one.read(NAMES) == other.read(NAMES)
    assert one.save() == other.save()
    for model in (one, other):
        model.close()


def test_it_gives_what_a_model_gives_that_can_save(web: Path, forgetful: Path) -> None:
    """Recorded and restored, or saved and restored: equal to the last bit."""
    saving, recorded = FmuContinuous(web, OVEN), RecordedContinuous(FmuContinuous(forgetful, OVEN))
    for model in (saving, recorded):
        model.start(0, HOT)
        model.advance(1_234, {"air_temperature": 350.0})
        model.advance(77_777, {"mode": 0.0})
        state = model.save()
        model.advance(90_000, HOT)
        model.restore(state)
        model.advance(91_000, {})
    assert saving.read(NAMES) == recorded.read(NAMES)


def test_a_group_with_a_member_that_cannot_save_is_recorded_too(
    forgetful: Path, web: Path, tmp_path: Path
) -> None:
    """Two webs, one of which cannot save: restored in a second group with the same bits."""
    members = {"able": {"fmu": str(web)}, "unable": {"fmu": str(forgetful)}}
    file = write_group(
        tmp_path,
        step="1/60 s",
        members=members,
        connections={"unable.air_temperature": "able.film_temperature"},
        inputs={"air_temperature": "able.air_temperature", "mode": ["able.mode", "unable.mode"]},
        outputs={name: f"unable.{name}" for name in NAMES},
    )
    groups = [GroupContinuous(read_group(file), OVEN) for _ in range(2)]
    assert not any(group.can_save for group in groups)
    one, other = map(RecordedContinuous, groups)
    one.start(0, HOT)
    one.advance(1_234, {"air_temperature": 350.0})
    other.restore(one.save())
    for model in (one, other):
        model.advance(2_345, {"mode": 0.0})
        model.advance(3_456, {})
    assert one.read(NAMES) == other.read(NAMES)
    for model in (one, other):
        model.close()


def test_a_new_start_forgets_the_record(forgetful: Path) -> None:
    """A model that is started for every batch keeps the record of one batch."""
    model = RecordedContinuous(FmuContinuous(forgetful, OVEN))
    sizes = []
    for start in (0, 1_000_000):
        model.start(start, HOT)
        for step in range(1, 1_000):
            model.advance(start + 10 * step, {})
        sizes.append(len(model.save()))
    assert sizes[1] < 1.2 * sizes[0]


def test_a_state_of_another_kind_or_fmu_is_refused(
    web: Path, forgetful: Path, tmp_path: Path
) -> None:
    """A record is not replayed into something else."""
    model = RecordedContinuous(FmuContinuous(forgetful, OVEN))
    model.start(0, HOT)
    with pytest.raises(FmuError, match="no record of inputs"):
        model.restore(b"something else")
    with pytest.raises(FmuError, match="another FMU"):
        RecordedContinuous(FmuContinuous(web, OVEN)).restore(model.save())


def test_memory_is_bounded_and_a_row_costs_a_few_bytes() -> None:
    """300,000 advances of five inputs: at most 1.2 MB in memory, all of them come back exactly."""
    record = InputRecord(0, HOT)

    def row(number: int) -> dict[str, float]:
        return {"load": (number * 7919 % 1000) / 1000, "mode": 6.0, "a": 0.0, "b": 1.5, "c": 293.15}

    for number in range(300_000):
        record.add(number * 60_000 + number % 977, row(number))
        if number % 50_000 == 0:
            assert len(record._rows) < 70_000
    assert record._blocks._rolled
    content = record.content()
    assert len(content["blocks"]) < 20 * 300_000
    again = InputRecord.of(content)
    record.close()
    assert again.advances == 300_000
    for number, (tick, inputs) in enumerate(again):
        assert tick == number * 60_000 + number % 977
        assert inputs == row(number)
    again.close()
