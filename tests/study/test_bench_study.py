"""`linetwin bench study`: its queue is the one of theory, and what is held against a limit."""

from __future__ import annotations

import math
import statistics

from linetwin.bench.study import Measured, queue, throughput, verdicts
from linetwin.study.tasks import Task, Wanted


def test_the_queue_serves_what_theory_says() -> None:
    """Twelve seeds: the exact throughput of M/M/1/5 lies within four standard errors."""
    tasks = [Task("", (), seed, Wanted(("order.served",))) for seed in range(12)]
    rates = [queue(task).figures["order.served"] for task in tasks]
    error = statistics.stdev(rates) / math.sqrt(len(rates))
    assert abs(statistics.fmean(rates) - throughput()) < 4 * error
    states = [0.9**place for place in range(6)]  # balance: each state 0.9 times the one below
    assert math.isclose(throughput(), 0.9 * (1 - states[5] / sum(states)))


def test_limits_are_times_the_speed_of_one_core() -> None:
    """Two processes that take half of the time meet the limit; six tenths do not."""
    found = Measured(1000, 50.0, 50.0, 52.0, 26.0, 25.0, 31.2, 2.0, 1.0, 0.04, 0.2, 60, 12.0, 6.0)
    limits = verdicts(found)
    met = {name: value <= most for name, (value, most) in limits.items()}
    assert met["time on two processes over one"]
    assert not met["time on Dask with two workers over one process"]
    assert found.overhead_ms == 2.0
