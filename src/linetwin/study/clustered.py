"""Runs on a Dask cluster: the files of the scenario go there once, only figures come back."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import re
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.errors import LinetwinError, LinkError, Problem, ScenarioError
from linetwin.study.greeting import check_scheduler
from linetwin.study.local import LOOK_EVERY_S, TRIES, made
from linetwin.study.tasks import Inputs, Outcome, Task, failed, known_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from linetwin.study.tasks import Runner

LOCAL = "local"
"""In place of an address: a cluster on this machine, for as long as the study takes."""
CONNECT_S = 5
WORKERS_S = 10
LOST_S = 10.0
"""Wall time for which a scheduler may be silent before it counts as gone."""
_AHEAD = 3
"""Batches given out for each thread of the cluster: nobody waits, and the scheduler holds few."""
BATCH_S = 0.5
"""What a batch of runs is to take: Dask's own messages cost some 5 ms for each, however short."""
_MOST_OF_A_BATCH = 64
_ADDRESS = re.compile(
    r"(?P<scheme>(?:tcp|tls|wss?|ucxx?)://)?(?:[\w.-]+|\[[\da-fA-F:.]+\])"
    r"(?(scheme)(?::(?P<port>\d{1,5}))?|:(?P<alone>\d{1,5}))"
)
"""What Dask's own client takes: the scheme may be left out, or the port, not both."""
_LAST_PORT = 65_535
_AGAIN = "again"
"""A run made alone brings its files along: shared ones, lost with a worker, would be blamed too."""
_NO_DASK = "--dask needs Dask: pip install linetwin[dask]"
_GONE = "the Dask scheduler has gone; what came back is kept"
_ONE_AT_A_TIME = threading.Lock()


def check_address(address: str) -> None:
    """Raise a ScenarioError for what is no address of a scheduler, whoever may listen there."""
    found = _ADDRESS.fullmatch(address)
    if address == LOCAL or (found and int(found["port"] or found["alone"] or 0) <= _LAST_PORT):
        return
    hint = "allowed: tcp://host:8786 or local"
    raise ScenarioError([Problem(f"'{address}' is no address of a scheduler", "--dask", hint)])


def check_answers(address: str) -> None:
    """Raise a LinkError where no scheduler answers at an address; nothing of one to be started."""
    if address == LOCAL:
        return
    try:
        check_scheduler(address, CONNECT_S)
    except ImportError as error:
        raise LinetwinError(_NO_DASK) from error
    except (OSError, ValueError, TypeError) as error:
        raise LinkError(_no_answer(address, error)) from error


def _no_answer(address: str, error: Exception) -> str:
    return f"no Dask scheduler answers at {address}: {error}"


class DaskExecutor:
    """Makes runs on the cluster at `address`, or on one of `workers` processes here.

    `versions`: what a worker says of its linetwin, a module-level function; it must be what the
    inputs were made with. LinkError where nobody answers, LinetwinError where versions differ.
    """

    def __init__(
        self,
        run: Runner,
        inputs: Inputs,
        address: str,
        workers: int,
        versions: Callable[[], Mapping[str, str]],
    ) -> None:
        self._run = run
        self._most = _AHEAD
        self._slowest_s = 0.0
        self._given: dict[str, tuple[Any, tuple[Task, ...]]] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._cluster, self._client = _connected(address, workers)
        try:
            _check_versions(self._client, versions, inputs)
            self._inputs, self._shared = inputs, self._share(inputs)
        except BaseException:
            self.close()
            raise

    def outcomes(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield outcomes as runs end; see `Executor`.

        Dask gives up all that a dying worker had before it: such runs are suspects, which are made
        again one by one when the others have ended, so that none is blamed for its neighbour.
        """
        waiting, suspects = iter(tasks), list[Task]()
        self._give(waiting)
        while (self._given or suspects) and not stop():
            alone = not self._given
            if alone:
                self._submit((suspects.pop(),), _AGAIN)
            given = self._next_ended(stop)
            if given is None:
                break
            future, batch = given
            if not alone:
                self._give(waiting)
            outcomes = _answer(future, batch, alone=alone)
            if outcomes is None:
                suspects.extend(batch)
                continue
            for outcome in outcomes:
                if outcome.status != "failed":
                    self._slowest_s = max(self._slowest_s, outcome.wall_s)
                yield outcome
        for future, _ in self._given.values():
            future.cancel()
        self._given.clear()

    def _next_ended(self, stop: Callable[[], bool]) -> tuple[Any, tuple[Task, ...]] | None:
        """Wait for a batch to end; None where the user asks to end. LinkError: nobody is there."""
        silent_s = 0.0
        while not stop():
            with contextlib.suppress(queue.Empty):
                return self._given.pop(self._done.get(timeout=LOOK_EVERY_S))
            silent_s = 0.0 if self._client.status == "running" else silent_s + LOOK_EVERY_S
            if silent_s > LOST_S:
                raise LinkError(_GONE)
        return None

    def _give(self, waiting: Iterator[Task]) -> None:
        """Keep the cluster supplied with batches of runs."""
        if not self._given:  # workers may have come since
            self._most = max(sum(self._client.nthreads().values()), 1) * _AHEAD
        while len(self._given) < self._most:
            batch = tuple(itertools.islice(waiting, self._size()))
            if not batch:
                return
            self._submit(batch, "run")

    def _size(self) -> int:
        """Return how many runs take `BATCH_S`, as slow as the slowest so far; one at first."""
        if not self._slowest_s:
            return 1
        return min(max(int(BATCH_S / self._slowest_s), 1), _MOST_OF_A_BATCH)

    def _share(self, inputs: Inputs) -> Any:  # noqa: ANN401  a future of Dask
        """Send the files once; a future, so that the scheduler can make it again where it dies."""
        return self._client.submit(_same, inputs, key=f"linetwin-{inputs.digest}")

    def _submit(self, batch: tuple[Task, ...], word: str) -> None:
        key = f"linetwin-{word}-{batch[0].run}"
        if self._shared.status == "error":  # workers died as they fetched it: not its fault
            self._client.retry([self._shared])
        inputs = self._inputs if word == _AGAIN else self._shared
        future = self._client.submit(_made, self._run, batch, inputs, key=key, pure=False)
        self._given[key] = (future, batch)
        future.add_done_callback(lambda done: self._done.put(done.key))

    def processes(self) -> list[int]:
        """Return the numbers of the workers' processes."""
        found: dict[str, int] = self._client.run(os.getpid)
        return list(found.values())

    def close(self) -> None:
        """Leave the cluster; end it where it was started here."""
        for part in (self._client, self._cluster):
            if part is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    part.close()


def _connected(address: str, workers: int) -> tuple[Any, Any]:
    """Return a cluster of our own or None, and a client; LinkError where there is no cluster."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise LinetwinError(_NO_DASK) from error
    check_answers(address)
    cluster = None
    if address == LOCAL:
        dask.config.set({"distributed.scheduler.allowed-failures": TRIES - 1})
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    try:
        client = Client(cluster or address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise LinkError(_no_answer(address, error)) from error
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        client.close()
        raise LinkError(f"the Dask cluster at {address} has no workers") from error
    return cluster, client


def _check_versions(
    client: Any,  # noqa: ANN401  a client of Dask
    versions: Callable[[], Mapping[str, str]],
    inputs: Inputs,
) -> None:
    """Refuse a cluster that would make other runs than this machine."""
    try:
        found: dict[str, Mapping[str, str]] = client.run(versions)
    except Exception as error:
        message = f"a worker of the Dask cluster cannot run linetwin: {error!r}"
        raise LinkError(message) from error
    for worker, told in found.items():
        for name, version in told.items():
            if inputs.made_with.get(name, version) != version:
                here = inputs.made_with[name]
                message = f"{name} is {here} here, and {version} on the worker at {worker}"
                raise LinkError(f"{message}: install the same on both")


def _same(inputs: Inputs) -> Inputs:
    return inputs


def _made(run: Runner, batch: tuple[Task, ...], inputs: Inputs) -> list[Outcome]:
    """Make runs on a worker; the first ones of a study unpack its files there.

    Models and signals belong to a process, so a worker of several threads makes one at a time.
    """
    with _ONE_AT_A_TIME:
        if not known_here(inputs.digest):
            from distributed import get_worker

            folder = get_worker().local_directory
            tempfile.tempdir = folder
            inputs.unpack(Path(tempfile.mkdtemp(prefix="inputs-")))
        return [made(run, task) for task in batch]


def _answer(
    future: Any,  # noqa: ANN401  a future of Dask
    batch: tuple[Task, ...],
    *,
    alone: bool,
) -> list[Outcome] | None:
    """Return the outcomes of a batch; None where one of it, not yet `alone`, may be to blame."""
    from distributed import KilledWorker

    if future.status == "cancelled":
        raise LinkError(_GONE)
    try:
        outcomes: list[Outcome] = future.result()
    except KilledWorker:
        error = "every worker that made this run died"
    except Exception as raised:  # noqa: BLE001  what a worker could not even begin, or send back
        error = f"on the cluster: {raised!r}"
    else:
        return outcomes
    return [failed(task, error) for task in batch] if alone else None
