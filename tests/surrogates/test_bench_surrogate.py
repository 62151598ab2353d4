"""`linetwin bench surrogate`: its cells are predicted the same both ways; what has a limit."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.bench import surrogate, surrogate_line
from linetwin.bench.surrogate import Measured, describe, verdicts
from linetwin.bench.surrogate_cells import NUMBERS, FmuRows, Rate, apart, cells, predictor_of
from linetwin.bench.surrogate_set import Trained
from linetwin.cli import benching
from linetwin.predictors.evaluating import Predictor
from linetwin.surrogates.fmu.writing import evaluators, fmu_of, write_fmu

if TYPE_CHECKING:
    from pathlib import Path

RATE = Rate("trees", 9.0, 11.0, 3.0, 12.0, 1e-15, 0.94)
TRAINED = Trained(("porosity", "loading"), ("scrap",), 200.0, 320.0, "loading", 150.0)


def test_both_ways_predict_the_same_cells(tmp_path: Path) -> None:
    """To 1e-12, of 49 features and 400 training points; another number is seen as apart."""
    stored = predictor_of("linear", 400)
    file = tmp_path / "predictor.fmu"
    write_fmu(fmu_of(stored, "3", evaluators("3")), file)
    asked = cells(500, 2)
    fmu = FmuRows(file, [feature.name for feature in stored.card.features], 500)
    found = fmu.predict(asked)
    fmu.close()
    with Predictor(stored) as predictor:
        told = predictor.predict(asked)
    assert apart(told, found) < 1e-12
    assert set(np.unique(told.domain)) == {0, 1, 2}
    wrong = [each.copy() for each in found]
    wrong[0] *= 1.001
    assert apart(told, wrong) == pytest.approx(1e-3, rel=0.1)
    wrong[0][told.domain < 2] = np.nan
    assert apart(told, wrong) == np.inf
    assert len(NUMBERS) + 1 == len(found)


def _line(factor: float) -> surrogate_line.Measured:
    """Return pairs of runs whose physics take `factor` of their time with stand-ins."""
    slow = surrogate_line.Timed(10.0, 2.0, 30.0, {"order.cells_good": 100.0}, (0, 50))
    fmus = tuple(replace(slow, figures={"order.cells_good": 100.0 + at}) for at in range(3))
    quick = tuple(replace(run, transforms_s=10.0 * factor, calls=(40, 50)) for run in fmus)
    return surrogate_line.Measured((1, 2, 3), fmus, quick, 5.0)


def test_each_part_has_its_limits() -> None:
    """100,000 cells a second by either way, 300 s for the set, the line's own limits."""
    found = Measured((RATE,), TRAINED, _line(0.05))
    limits = {name: value <= most for name, (value, most) in verdicts(found).items()}
    assert limits["trees: processor time a cell by ONNX in us"]
    assert not limits["trees: the same as an FMU"]
    assert limits["trees: domain's time over that of every distance"]
    assert limits["processor time of training the shipped set in s"]
    assert len(limits) == 4 + len(surrogate_line.verdicts(found.line))
    slow = replace(found, trained=replace(TRAINED, cpu_s=301.0))
    taken, longest = verdicts(slow)["processor time of training the shipped set in s"]
    assert taken > longest


def test_figures_are_told() -> None:
    """Cells a second, how the domain's part shrank, the slowest training, what was refused."""
    text = describe(Measured((RATE,), TRAINED, _line(0.05)))
    assert "111,111 cells a second by ONNX, 90,909 as an FMU" in text
    assert "4.0 times as much" in text
    assert "2 predictors in 200 s of processor time, 320 s by the clock" in text
    assert "what 2 runs do not bear: scrap" in text


def test_each_kind_of_process_has_its_ratio() -> None:
    """Summed over the seeds, in the text of the figures."""
    line = _line(0.25)
    fmus = tuple(replace(run, kinds_s={"drying": 2.0, "ageing": 1.0}) for run in line.fmus)
    quick = tuple(replace(run, kinds_s={"drying": 0.25, "ageing": 0.5}) for run in line.stand_ins)
    found = replace(line, fmus=fmus, stand_ins=quick)
    assert found.kinds() == {"drying": (6.0, 0.75), "ageing": (3.0, 1.5)}
    text = surrogate_line.describe(found)
    assert "drying          6.000 s, with stand-ins  0.750 s:  8.0 times" in text


@pytest.mark.parametrize(("factor", "code"), [(0.05, 0), (0.25, 1)])
def test_the_exit_code_tells_whether_all_limits_are_met(
    factor: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where they are; 1 where something is slower, and it is said which."""
    quick = replace(RATE, fmu_us=9.0)
    found = Measured((quick,), TRAINED, _line(factor))
    monkeypatch.setattr(surrogate, "measure", lambda **_: found)
    try:
        benching.bench("surrogate", as_json=False)
        ended = 0
    except SystemExit as end:
        ended = int(str(end.code))
    assert ended == code
    told = "(NOT met)" if code else "0.05 of 0.1 (met)"
    assert told in capsys.readouterr().out


def test_times_are_those_of_the_calling_thread() -> None:
    """A thread that works beside a call does not count, and what a call does itself does."""
    kinds: dict[str, float] = {}
    model = surrogate_line._Timed(_Busy(), "drying", kinds)
    begun = time.thread_time()
    assert model.apply({}, []) == []
    assert 0.01 <= kinds["drying"] <= time.thread_time() - begun


class _Busy:
    """Works for 10 ms of its own, and waits for a thread that works for longer."""

    def apply(self, start: object, phases: object) -> list[dict[str, np.ndarray]]:
        """Answer nothing."""
        del start, phases
        other = threading.Thread(target=_work, args=(0.05,))
        other.start()
        other.join()
        _work(0.01)
        return []


def _work(seconds: float) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass
