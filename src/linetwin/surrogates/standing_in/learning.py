"""A stand-in of a process: a regime for each form of call at each station, and the card."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.card import Data
from linetwin.predictors.stand_in_card import AllWeights, StandInCard
from linetwin.predictors.stand_in_store import settings_digest
from linetwin.results.manifest import version_of
from linetwin.surrogates.standing_in.making import Asked, make
from linetwin.surrogates.standing_in.sweeping import parted
from linetwin.surrogates.standing_in.table import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Transform
    from linetwin.scenario.resolved import StationConfig
    from linetwin.surrogates.standing_in.recording import Call, Form
    from linetwin.surrogates.standing_in.regime import Made

    Telling = Callable[[str, int, int], None]

_LIBRARIES = ("linetwin", "numpy", "scipy")


@dataclass(frozen=True)
class Wanted:
    """How a stand-in is to be made.

    `ranges`: quantity -> range that the box is to hold, in its unit; `points`: designed points of
    each regime; `coverage`: of its intervals.
    """

    ranges: Mapping[str, tuple[float, float]]
    points: int
    coverage: float


@dataclass(frozen=True)
class Subject:
    """The FMU that a stand-in is made for: its model, token and licence, and the line it ran in."""

    kind: str
    model: str
    token: str
    licence: str
    scenario: str


def learn(
    subject: Subject,
    calls: Sequence[tuple[StationConfig, Call]],
    models: Callable[[StationConfig], Transform],
    wanted: Wanted,
    tell: Telling,
) -> tuple[StandInCard, AllWeights]:
    """Return card and numbers of a stand-in; ScenarioError where no form of call can be learnt.

    `calls`: with their stations; `models`: the FMU of a station, asked at designed points; `tell`
    hears which regime is being made, of how many.
    """
    from threadpoolctl import threadpool_limits

    forms: dict[tuple[str, str, Form], list[tuple[StationConfig, Call]]] = {}
    for config, call in calls:
        key = (config.group or config.path, settings_digest(config.processes[subject.kind]))
        forms.setdefault((*key, call.form), []).append((config, call))
    made: list[Made] = []
    said: list[str] = []
    parts = [(key, part) for key, own in forms.items() for part in parted(own)]
    for number, ((station, settings, form), own) in enumerate(parts):
        tell(f"{subject.kind} at {station}", number, len(parts))
        model, sweep = models(own[0][0]), own[0][1].sweep
        ranges = {name: ends for name, ends in wanted.ranges.items() if name != sweep}
        asked = Asked(station, settings, model, ranges, wanted.points, wanted.coverage)
        with threadpool_limits(1):  # for products so small threads only wait for each other
            found = make(asked, table_of([call for _, call in own]))
        if not isinstance(found, str):
            made += found
        else:
            phases = f"{len(form[1])} phase{'' if len(form[1]) == 1 else 's'}"
            where = f"{station}, {sweep} changed" if sweep else station
            said.append(f"{where}, calls of {phases}: no stand-in; {found}")
    if not made:
        reasons = "; ".join(said) or "the line made no call"
        hint = "a longer run, or another station"
        hint = f"a narrower --range, {hint}" if wanted.ranges else hint
        raise ScenarioError([Problem(f"{subject.kind}: {reasons}", hint=hint)])
    weights = AllWeights(regimes=[each.weights for each in made])
    return _card(subject, made, said, wanted, calls), weights


def _card(
    subject: Subject,
    made: Sequence[Made],
    said: Sequence[str],
    wanted: Wanted,
    calls: Sequence[tuple[StationConfig, Call]],
) -> StandInCard:
    digest = hashlib.sha256()
    for _, call in calls:
        for result in call.results:
            for name, column in sorted(result.items()):
                digest.update(name.encode() + column.tobytes())
    return StandInCard(
        format=1,
        process=subject.kind,
        model=subject.model,
        token=subject.token,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        coverage=wanted.coverage,
        regimes=[each.regime for each in made],
        said=list(said),
        data=Data(
            name=subject.scenario,
            source=f"simulated: what the FMU {subject.model} answered in the line, and by design",
            licence=subject.licence,
            digest=digest.hexdigest(),
            rows=sum(call.items for _, call in calls),
            groups=len({call.lot for _, call in calls}),
            group="lot",
        ),
        versions={"python": platform.python_version()}
        | {name: version_of(name) or "not installed" for name in _LIBRARIES},
        weights_digest=hashlib.sha256(b"").hexdigest(),
    )
