"""Lines of the line's own stations against exact queueing: throughput, and the best speed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from small_line import Setting, Worker, draw
from study_oracles import FIGURE, SECOND, SPANS, carried, study_text

from linetwin.line.world import World
from linetwin.study.analysing.inferring import mean_of
from linetwin.study.analysing.optimum import optimum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ARRIVALS_S, SERVICE_S = 12.0, 10.0
WARM_S, MEASURED_S = 1200, 7200
PLACES = 2


class Counting:
    """A sink that keeps when the last station was done."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def add(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Note the ends of work at the last station."""
        if table == "events" and columns["station"] == ["sink"] and columns["cause"] == ["done"]:
            self.done += columns["tick"]  # type: ignore[arg-type]


class Losing(Worker):
    """A station that throws away what finds no place."""

    def deliver(self) -> bool:
        """Hand the part over, or lose it."""
        if not super().deliver():
            self.world.end_lot(self.state.job.pop("done"), "scrap", self.name)
        return True


def throughput(seed: int, mean_s: Mapping[str, float], station: type[Worker] = Worker) -> float:
    """Return parts an hour of exponential stations in a row, with PLACES between them."""
    names = list(mean_s)
    rng = np.random.default_rng(seed)
    count = int(3 * (WARM_S + MEASURED_S) / min(mean_s.values()))
    script = {
        (name, "duration.work"): np.maximum(1, 1000 * mean * rng.exponential(size=count)).round()
        for name, mean in mean_s.items()
    }
    topology = f" -> ({PLACES}) -> ".join(f"{name}[1 s]" for name in names)
    setting = Setting(parts=10**9, script=script, duration_s=WARM_S + MEASURED_S)
    drawn, sink = draw(topology, setting), Counting()
    world = World(drawn.scenario, setting.models, drawn.driver, sink, station)
    world.begin()
    while world.step():
        pass
    measured = sum(tick >= 1000 * WARM_S for tick in sink.done)
    return measured / (MEASURED_S / 3600)


def stationary(rates: np.ndarray) -> np.ndarray:
    """Return the probabilities of a Markov chain from its rates (from, to)."""
    generator = rates - np.diag(rates.sum(axis=1))
    system = np.vstack([generator.T, np.ones(len(rates))])
    found: np.ndarray = np.linalg.lstsq(system, np.eye(len(rates) + 1)[-1], rcond=None)[0]
    return found


def exact_loss(arrival_s: float, service_s: float, places: int) -> float:
    """Return parts an hour of M/M/1/K, with K = places + the one in work (Kleinrock 1975)."""
    load, most = service_s / arrival_s, places + 1
    lost = load**most / sum(load**n for n in range(most + 1))
    return 3600 / arrival_s * (1 - lost)


def exact_three(mean_s: Sequence[float], places: int) -> float:
    """Return parts an hour of three machines in a row that block after service, from its chain.

    State: parts between the first and second, and second and third, the one in work and the one
    that a blocked machine still holds counted; whether the second is blocked.
    """
    most = places + 1
    rate = [3600 / mean for mean in mean_s]
    states = [(a, b, h) for a in range(most + 2) for b in range(most + 1) for h in (0, 1)]
    states = [(a, b, h) for a, b, h in states if not h or (b == most and a > 0)]
    index = {state: n for n, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for (a, b, h), n in index.items():
        if a <= most:  # the first works; at most + 1 it is blocked
            rates[n, index[a + 1, b, h]] += rate[0]
        if a > 0 and not h:
            rates[n, index[(a - 1, b + 1, 0) if b < most else (a, b, 1)]] += rate[1]
        if b > 0:
            rates[n, index[(a - 1, b, 0) if h else (a, b - 1, 0)]] += rate[2]
    chances = stationary(rates)
    return float(sum(chances[n] for (_, b, _), n in index.items() if b > 0)) * rate[2]


def test_throughput_is_the_exact_one_within_its_interval(tmp_path: Path) -> None:
    """M/M/1/K by its formula; three machines that block by their Markov chain; 10 replications."""
    means = {"source": ARRIVALS_S, "sink": SERVICE_S}
    three = {"source": 11.0, "middle": 10.0, "sink": 9.0}

    def lines(shares: np.ndarray, seed: int) -> dict[str, float]:
        del shares
        return {
            FIGURE: throughput(seed, means, Losing),
            SECOND: throughput(seed, three),
        }

    text = study_text(0, "{kind: replications}", "replications: 10")
    observed = carried(tmp_path, text, lines)
    for figure, exact in (
        (FIGURE, exact_loss(ARRIVALS_S, SERVICE_S, PLACES)),
        (SECOND, exact_three(list(three.values()), PLACES)),
    ):
        found = mean_of(observed.values(figure)[0])
        assert found.low <= exact <= found.high
        assert found.high - found.low < 0.06 * exact
    chain = exact_two(ARRIVALS_S, SERVICE_S, PLACES)
    runs = mean_of(np.array([throughput(seed, means) for seed in range(6)]))
    assert runs.low <= chain <= runs.high
    assert chain > exact_loss(ARRIVALS_S, SERVICE_S, PLACES)


def exact_two(first_s: float, second_s: float, places: int) -> float:
    """Return parts an hour of two machines, the first of which blocks after service.

    Closed form of the birth and death chain of parts that the first has made and the second not:
    0 to places + 2, the last with the first machine blocked (Buzacott and Shanthikumar 1993, M).
    """
    load, most = second_s / first_s, places + 2
    busy = 1 - 1 / sum(load**n for n in range(most + 1))
    return 3600 / second_s * busy


def test_the_best_speed_of_a_line_is_that_of_its_closed_form(tmp_path: Path) -> None:
    """Worth of what M/M/1/K lets through, less the cost of speed: noise, and a known optimum."""

    @cache
    def rate(per_hour: float) -> float:
        return exact_loss(ARRIVALS_S, 3600 / per_hour, PLACES)

    cost = 0.35

    def worth(shares: np.ndarray, seed: int) -> dict[str, float]:
        speed = 150 + 450 * shares[0]
        noise = np.random.default_rng(seed).normal()
        made = throughput(seed, {"source": ARRIVALS_S, "sink": 3600 / speed}, Losing)
        return {FIGURE: made - cost * speed, SECOND: noise}

    best = minimize_scalar(lambda s: cost * s - rate(s), bounds=(150, 600), method="bounded")
    more = f"objectives: [{{maximise: {FIGURE}}}]"
    text = study_text(1, "{kind: optimise, trials: 20, fresh: 8, finalists: 2}", more)
    observed = carried(tmp_path, text, worth)
    found = optimum(observed)
    assert found is not None
    top = found.finalists[0]
    low, high = SPANS[0]
    share = (observed.study.points.iloc[top.point, 0] - low) / (high - low)
    speed = 150 + 450 * share
    truth = rate(speed) - cost * speed
    assert top.figures[0].low <= truth <= top.figures[0].high
    assert -best.fun - truth < 0.03 * -best.fun
    assert speed == pytest.approx(best.x, rel=0.25)
