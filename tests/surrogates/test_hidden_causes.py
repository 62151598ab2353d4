"""Naming what is wrong from readings: what is normal, how far chance goes, who is named first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binomtest

from linetwin.bench import causes as bench
from linetwin.errors import ScenarioError
from linetwin.results import read
from linetwin.surrogates.hidden import naming, sound
from linetwin.surrogates.hidden.conditions import CAUSES
from linetwin.surrogates.hidden.foretelling import LOST_EUR, OUTCOME, SAVED_EUR, foretell
from linetwin.surrogates.hidden.naming import Named, named
from linetwin.surrogates.hidden.normal import Normal, Usual, farthest, of_itself, of_runs
from linetwin.surrogates.hidden.readings import Stream, streams
from linetwin.surrogates.hidden.scoring import Judged, Share, Truth, confusion, shares

LOTS = 14


def _stream(values: np.ndarray, key: str = "cathode.coater/loading", items: float = 0.0) -> Stream:
    station, quantity = key.split("/")
    lots = tuple(f"{station}-{at:02d}" for at in range(len(values)))
    return Stream(station, quantity, lots, np.asarray(values, dtype=float), items=items)


def _sound(seed: int, count: int = 8) -> list[Stream]:
    """Return streams of a sound run: normal, heavy-tailed, and a share of cells with a finding."""
    rng = np.random.default_rng(seed)
    normal = [_stream(rng.normal(5, 1, LOTS), f"line.{at}/weight") for at in range(count)]
    heavy = _stream(rng.standard_t(3, LOTS), "line.dryer/water")
    share = _stream(rng.binomial(20, 0.005, LOTS) / 20, "line.welder/cold", items=20.0)
    return [*normal, heavy, share]


def test_sound_runs_are_rarely_accused() -> None:
    """By 20 sound runs, drawn anew 30 times, one in 21 of others is named, heavy tails too."""
    accused = 0
    for draw in range(30):
        normal = of_runs([_sound(1000 * draw + seed) for seed in range(20)])
        for seed in range(5):
            reach = [
                abs(farthest(stream, normal.usual[stream.key]).off)
                / normal.usual[stream.key].limit
                / normal.least
                for stream in _sound(1000 * draw + 500 + seed)
            ]
            accused += max(reach) > 1
    assert binomtest(accused, 150, 1 / 21, alternative="greater").pvalue > 0.001


def test_lots_in_a_row_are_found_together() -> None:
    """Four lots off by two deviations are farther out together than each alone; so named."""
    values = np.zeros(LOTS)
    values[5:9] = 2.0
    spreads = {width: 1 / np.sqrt(width) for width in (1, 2, 3, 4, 6)}
    found = farthest(_stream(values), Usual(0.0, spreads, 3.0))
    assert (found.first, found.last) == (5, 8)
    assert found.off == pytest.approx(4.0)


def test_findings_count_upwards_only_and_by_their_roots() -> None:
    """Eight of 40 cells where one in 200 is usual: twice the difference of roots (Anscombe)."""
    share = np.zeros(LOTS)
    share[3:5] = 0.2
    usual = Usual(0.005, dict.fromkeys((1, 2, 3, 4, 6), 1.0), 1.0)
    found = farthest(_stream(share, items=20.0), usual)
    assert (found.first, found.last) == (3, 4)
    assert found.off == pytest.approx(2 * (np.sqrt(8 + 3 / 8) - np.sqrt(0.2 + 3 / 8)))
    none = farthest(_stream(np.zeros(LOTS), items=20.0), Usual(0.5, usual.spreads, 1.0))
    assert none.off < 0


def test_without_sound_runs_a_lot_is_held_against_the_others() -> None:
    """One lot twenty deviations off is beyond the limit; of sound lots one run in twenty is."""
    rng = np.random.default_rng(3)
    beyond = {False: 0, True: 0}
    for spoilt in beyond:
        for _ in range(300):
            values = rng.normal(0, 1, LOTS)
            values[4] = 20.0 if spoilt else values[4]
            stream = _stream(values)
            usual = of_itself([stream]).usual[stream.key]
            beyond[spoilt] += abs(farthest(stream, usual).off) > usual.limit
    assert binomtest(beyond[False], 300, 0.05).pvalue > 0.001
    assert beyond[True] > 250


def _of(station: str, quantity: str, lots: list[str], off: str, *, late: bool = False) -> Stream:
    """Return readings that are usual, 0, but for one lot."""
    values = np.array([9.0 if lot == off else 0.0 for lot in lots])
    return Stream(station, quantity, tuple(lots), values, late=late)


def _told(
    monkeypatch: pytest.MonkeyPatch, read: list[Stream], above: dict[str, set[str]]
) -> list[Named]:
    """Return names from given streams, of which 3 is the limit, and given ancestors of lots."""
    usual = {stream.key: Usual(0.0, {1: 1.0}, 3.0) for stream in read}
    monkeypatch.setattr(naming, "streams", lambda _: read)
    monkeypatch.setattr(naming, "Genealogy", lambda _: None)
    monkeypatch.setattr(
        naming, "_ancestors", lambda _, each: [{lot, *above.get(lot, ())} for lot in each.lots]
    )
    return naming.named(None, Normal(usual, 1.0, 20))  # type: ignore[arg-type]


def test_what_lies_downstream_in_the_same_lots_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coater before calender on one roll; the powder in it, told by capacity alone, comes last."""
    rolls, powders = ["roll-1", "roll-2", "roll-3"], ["powder-1", "powder-2", "powder-3"]
    read = [
        _of("cathode.active_material", "capacity over loading", powders, "powder-1", late=True),
        _of("cathode.calender", "density of the coating", rolls, "roll-2"),
        _of("cathode.coater", "loading", rolls, "roll-2"),
    ]
    found = _told(monkeypatch, read, {"roll-2": {"powder-1"}})
    assert [each.station.split(".")[1] for each in found] == [
        "coater", "calender", "active_material",
    ]  # fmt: skip
    assert [each.follows for each in found] == ["", "cathode.coater", "cathode.coater"]
    assert found[0].lot == "roll-2"
    assert found[0].strength == pytest.approx(3.0)


def test_other_lots_do_not_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calender on another roll stands for itself, and so does a powder in neither."""
    rolls, powders = ["roll-1", "roll-2", "roll-3"], ["powder-1", "powder-2", "powder-3"]
    read = [
        _of("cathode.active_material", "capacity over loading", powders, "powder-3", late=True),
        _of("cathode.calender", "density of the coating", rolls, "roll-3"),
        _of("cathode.coater", "loading", rolls, "roll-2"),
    ]
    found = _told(monkeypatch, read, {"roll-2": {"powder-1"}, "roll-3": {"powder-1"}})
    assert not any(each.follows for each in found)
    assert len(found) == 3


def test_too_little_electrolyte_at_the_usual_dose_leads_to_the_calender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the rolls in those cells the least dense is named; with a small dose it is the filler."""
    rolls, trays = ["roll-1", "roll-2", "roll-3"], ["tray-1", "tray-2", "tray-3"]
    share = np.array([0.0, 0.5, 0.0])
    short = Stream(
        "cell.filler", "cells with too little electrolyte", tuple(trays), share, items=20
    )
    density = Stream(
        "cathode.calender", "density of the coating", tuple(rolls), np.array([0.0, -2.0, -2.9])
    )
    above = {"tray-2": {"roll-1", "roll-2"}}
    found = _told(monkeypatch, [short, density], above)
    assert [(each.station, each.lot) for each in found] == [("cathode.calender", "roll-2")]
    dose = _of("cell.filler", "dosed_electrolyte", trays, "tray-2")
    found = _told(monkeypatch, [short, density, dose], above)
    assert found[0].station == "cell.filler"


def _judged(truth: str, *names: str, lot: str = "a") -> Judged:
    hidden = (Truth("cause", truth, ("a", "b")),) if truth else ()
    found = tuple(Named(name, lot, "weight", 2.0, "") for name in names)
    return Judged("run", 1, hidden, found)


def test_the_table_counts_first_names_and_shares_have_their_interval() -> None:
    """Station right, lot wrong; nothing named; a false name in a control."""
    runs = [
        _judged("mixer", "mixer"),
        _judged("mixer", "mixer", lot="z"),
        _judged("mixer", "coater", "mixer"),
        _judged("mixer"),
        _judged(""),
        _judged("", "coater"),
    ]
    assert confusion(runs) == {
        "cause": {"mixer": 2, "coater": 1, "nothing": 1},
        "nothing": {"nothing": 1, "coater": 1},
    }
    found = shares(runs)
    assert (found["station named first"].hits, found["station named first"].of) == (2, 4)
    assert found["station and lot named first"].hits == 1
    assert found["something named in a control"].hits == 1
    exact = binomtest(2, 4).proportion_ci(0.95)
    assert Share(2, 4).interval == pytest.approx((exact.low, exact.high), rel=1e-9)


def _table(seed: int, rows: int = 250) -> pd.DataFrame:
    """Return cells of which those with little of a reading are scrapped, nearly all of them."""
    rng = np.random.default_rng(seed)
    dose, other = rng.normal(0, 1, rows), rng.normal(0, 1, rows)
    scrap = rng.random(rows) < expit(-12 * (dose + 1.5))
    return pd.DataFrame({"dose": dose, "other": other, OUTCOME: scrap.astype(float)})


def test_scrap_that_a_reading_tells_is_stopped_and_saves_money() -> None:
    """Most of it is found, hardly anything else; the saving is that of the counts."""
    tables = {f"run-{seed}": _table(seed) for seed in range(1, 11)}
    found = foretell(tables, {f"run-{seed}": seed for seed in range(1, 11)})
    assert found.cells == 5 * 250
    assert found.recall.hits / found.recall.of > 0.5
    assert found.precision.hits / found.precision.of > 0.8
    wrong = found.precision.of - found.precision.hits
    gain = SAVED_EUR * found.precision.hits - LOST_EUR * wrong
    assert found.saving[0] == pytest.approx(1000 * gain / found.cells)
    assert found.saving[1] <= found.saving[0] <= found.saving[2] <= found.best


def test_nothing_is_stopped_where_nothing_tells() -> None:
    """Scrap by chance alone: no cell reaches the threshold, and nothing is lost."""
    rng = np.random.default_rng(5)
    tables = {
        f"run-{seed}": _table(seed).assign(**{OUTCOME: (rng.random(250) < 0.02).astype(float)})
        for seed in range(1, 11)
    }
    found = foretell(tables, {f"run-{seed}": seed for seed in range(1, 11)})
    assert found.precision.of == 0
    assert found.saving == (0.0, 0.0, 0.0)


def test_ten_causes_of_which_each_is_planned_with_its_control() -> None:
    """Ten causes; a control of the same seed comes before the runs that need it."""
    names = [each.name for each in bench.planned([1, 2])]
    assert len(CAUSES) == 10
    assert len(set(names)) == len(names)
    for seed in (1, 2):
        first = names.index(f"control-{seed}")
        assert all(names.index(n) >= first for n in names if n.endswith(f"-{seed}"))


class _Folder:
    """A run of given cells, whatever its folder is called."""

    def __init__(self, path: Path) -> None:
        self.cells = int(path.name.split("-")[0])

    def table(self, name: str) -> pd.DataFrame:
        return pd.DataFrame({name: [self.cells, self.cells + 1]})


def test_equal_runs_are_one_sound_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder twice, and a copy of its cells, are told with both names; others are taken."""
    monkeypatch.setattr(sound, "read", _Folder)
    monkeypatch.setattr(sound, "streams", lambda each: _sound(each.cells))
    asked, own, copy = Path("9-asked"), Path("1-own"), Path("1-copy")
    others = [Path("2-b"), Path("3-c")]
    assert sound.normal_of(asked, [own, *others]).runs == 3
    with pytest.raises(ScenarioError) as caught:
        sound.normal_of(asked, [own, own, copy, *others])
    said = str(caught.value)
    assert "1-own is given twice (" in said
    assert "1-copy is given twice: its lots and cells are those of 1-own" in said
    with pytest.raises(ScenarioError, match="9-again is the run that is asked about: its lots"):
        sound.normal_of(asked, [own, *others, Path("9-again")])


@pytest.mark.slow
def test_a_hidden_dose_is_named_and_its_control_is_not(tmp_path: Path) -> None:
    """Six trays with too small a dose, among eight sound runs; named from readings alone."""
    filling = next(each for each in CAUSES if each.name == "filling")
    sound = [bench.Planned(f"sound-{seed}", seed) for seed in range(501, 505)]
    runs = [*sound, bench.Planned("control-3", 3), bench.Planned("filling-3", 3, (filling,))]
    bench.make(tmp_path, runs, lambda _: None)
    normal = of_runs([streams(read(tmp_path / each.name)) for each in sound])
    hidden = read(tmp_path / "filling-3")
    truth = bench.truth_of(hidden)
    found = named(hidden, normal)
    assert found[0].station == truth[0].station == "cell.filler"
    assert found[0].quantity == "dosed_electrolyte"
    again = bench.judge(tmp_path, runs, lambda _: None)
    assert again[1].truth[0].is_met(again[1].named[0])
