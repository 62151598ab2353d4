"""How many cells a second compact predictors take, by ONNX and as FMUs, interval and domain told.

Cells have 49 features, as those of a run have, that follow from eight causes (batch, roll and the
like) and own scatter; the domain has 2,000 training points, the most that there can be. Times are
processor time of one thread, so that others on the machine count little.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.binary import load_binary
from linetwin.cosim.rows import Rows
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire
from linetwin.errors import ResultsError
from linetwin.predictors.card import Card
from linetwin.predictors.domain import domain_of
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.links import Link
from linetwin.predictors.store import Stored
from linetwin.surrogates.fmu.writing import evaluators, fmu_of, write_fmu
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.exporting import graph_of
from linetwin.surrogates.learning.task import Learning

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.predictors.domain import Domain
    from linetwin.predictors.evaluating import Predicted

FEATURES: Final = 49
POINTS: Final = 2_000
CAUSES: Final = 8
OWN: Final = 0.3
"""Standard deviation of a feature's own scatter, where a cause has 1 [A]."""
CELLS: Final = 20_000
ROUNDS: Final = 5
KINDS: Final = ("linear", "trees", "network")
NUMBERS: Final = ("value", "low", "high", "widened")
AGREED: Final = 1e-12
"""Of a prediction: the most that both ways may differ by."""


@dataclass(frozen=True)
class Rate:
    """Processor time a cell (us) by both ways, and their largest difference, of the prediction.

    `domain_us`: the domain's part by ONNX; `whole_us`: of the same where every distance is asked
    for; `inside`: share of the cells inside of the domain.
    """

    kind: str
    onnx_us: float
    fmu_us: float
    domain_us: float
    whole_us: float
    apart: float
    inside: float


def cells(count: int, seed: int) -> np.ndarray:
    """Return features of cells, shape (count, FEATURES)."""
    effects = np.random.default_rng(0).normal(0.0, 1.0, (CAUSES, FEATURES))
    rng = np.random.default_rng(seed)
    causes = rng.normal(0.0, 1.0, (count, CAUSES))
    return causes @ effects + OWN * rng.normal(0.0, 1.0, (count, FEATURES))


def measure_cells(tell: Callable[[str], None]) -> list[Rate]:
    """Measure each kind of compact predictor; ResultsError where both ways differ."""
    found = []
    for kind in KINDS:
        tell(f"compact predictors: {kind}")
        found.append(_rate(kind))
    return found


def predictor_of(kind: str, rows: int = POINTS) -> Stored:
    """Return a predictor of a smooth target from 49 features of cells, learnt without scores."""
    features = cells(rows, 1)
    target = np.tanh(features[:, 0] / 2) + 0.1 * features[:, 1] * features[:, 2]
    learning = Learning(
        features=features,
        names=tuple(f"feature_{index + 1}" for index in range(FEATURES)),
        units=("1",) * FEATURES,
        target=target,
        target_name="capacity",
        target_unit="1",
        groups=np.arange(rows),
        labels=tuple(map(str, range(rows))),
        link=Link(),
        monotonic=(0,) * FEATURES,
        logs=(False,) * FEATURES,
    )
    candidate = next(each for each in CANDIDATES if each.name == kind)
    graph = graph_of(candidate.fit(learning, candidate.settings[0]), FEATURES)
    return Stored(card_of(kind, learning, graph), graph)


def card_of(kind: str, learning: Learning, graph: bytes) -> Card:
    """Return a card with what predicting needs; nothing was scored."""
    domain = domain_of(learning.features)
    ranges = zip(learning.names, domain.low.tolist(), domain.high.tolist(), strict=True)
    regions = [
        {"below": below, "half_width": width, "how": "conformal", "rows": 1, "groups": 1}
        for below, width in ((-0.5, 0.2), (0.5, 0.1), (None, 0.3))
    ]
    digest = hashlib.sha256(graph).hexdigest()
    return Card.model_validate(
        {
            "format": 1,
            "name": f"bench_{kind}",
            "made": "",
            "target": {"name": learning.target_name, "unit": "1", "link": {"kind": "identity"}},
            "features": [{"name": n, "unit": "1", "low": a, "high": b} for n, a, b in ranges],
            "physics": None,
            "learnt": True,
            "winner": kind,
            "said": [],
            "seen": {"points": domain.points.tolist(), "reach": domain.reach},
            "coverage": learning.coverage,
            "regions": regions,
            "covered": [],
            "score": "absolute",
            "procedure_error": 0.0,
            "noise": None,
            "candidates": [],
            "pairs": [],
            "held_out": [],
            "laws": [],
            "data": {
                "name": "bench",
                "source": "made",
                "licence": "CC0-1.0",
                "digest": digest,
                "rows": learning.rows,
                "groups": learning.rows,
                "group": "row",
            },
            "versions": {},
            "model_digest": digest,
        }
    )


class FmuRows:
    """A predictor's FMU in the compiled row loop, on one thread."""

    def __init__(self, file: Path, features: list[str], rows: int) -> None:
        """Bind to an FMU for so many rows; FmuError where it does not load."""
        binary = load_binary(file)
        description = binary.description
        names = [*features, *NUMBERS, "domain"]
        wires = [Wire(name, description.variables[name]) for name in names]
        wide = len(features)
        self._logger = logging.getLogger(f"linetwin.fmu.{description.name}")
        self._batch = Batch(binary, wires[:wide], wires[wide:], rows)
        self._batch.durations[:] = 0.0
        self._rows = Rows([make_runner(Plan(binary, rule=step_rule(description, None)))])

    def predict(self, features: np.ndarray) -> list[np.ndarray]:
        """Return value, low, high, widened and domain of rows, each of shape (rows,)."""
        for position, column in enumerate(features.T):
            self._batch.inputs.write(position, column)
        level = self._logger.level
        self._logger.setLevel(logging.CRITICAL + 1)  # that some rows are outside is the answer
        try:
            self._rows.run(len(features), [self._batch])
        finally:
            self._logger.setLevel(level)
        return [self._batch.outputs.read(position) for position in range(len(NUMBERS) + 1)]

    def close(self) -> None:
        """Free the FMU."""
        self._rows.close()


def _rate(kind: str) -> Rate:
    stored = predictor_of(kind)
    asked = cells(CELLS, 2)
    domain = stored.card.domain()
    scaled = (asked - domain.low) / (domain.high - domain.low)
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as folder:
        file = Path(folder) / "predictor.fmu"
        write_fmu(fmu_of(stored, "3", evaluators("3")), file)
        fmu = FmuRows(file, [feature.name for feature in stored.card.features], CELLS)
        with Predictor(stored) as predictor:
            told = predictor.predict(asked)
            rate = Rate(
                kind=kind,
                onnx_us=_us(lambda: predictor.predict(asked)),
                fmu_us=_us(lambda: fmu.predict(asked)),
                domain_us=_us(lambda: domain.away(scaled)),
                whole_us=_us(lambda: whole(domain, scaled)),
                apart=apart(told, fmu.predict(asked)),
                inside=float((told.domain == 0).mean()),
            )
        fmu.close()
    if not rate.apart <= AGREED:
        raise ResultsError(f"bench: ONNX and FMU differ by {rate.apart:.3g} of a prediction")
    return rate


def apart(told: Predicted, found: list[np.ndarray]) -> float:
    """Return the largest difference of an FMU's numbers, of each number's size; inf for others."""
    worst = 0.0
    for name, numbers in zip((*NUMBERS, "domain"), found, strict=True):
        wanted = np.asarray(getattr(told, name), dtype=float)
        known = np.isfinite(wanted)
        if (known != np.isfinite(numbers)).any():
            return float("inf")
        size = np.maximum(np.abs(wanted[known]), np.abs(wanted[known]).mean())
        worst = max(worst, float((np.abs(numbers[known] - wanted[known]) / (size + 1e-300)).max()))
    return worst


def whole(domain: Domain, scaled: np.ndarray) -> np.ndarray:
    """Return how far rows are from the nearest point, every distance asked for, by products."""
    own = (domain.points**2).sum(axis=1)
    parts = []
    for at in range(0, len(scaled), 512):
        rows = scaled[at : at + 512]
        squares = (own - 2 * rows @ domain.points.T).min(axis=1) + (rows**2).sum(axis=1)
        parts.append(np.sqrt(np.maximum(squares, 0.0)))
    return np.concatenate(parts) / domain.reach


def _us(call: Callable[[], object]) -> float:
    """Return the least processor time of a call, a cell (us)."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.thread_time()
        call()
        best = min(best, time.thread_time() - begun)
    return best / CELLS * 1e6
