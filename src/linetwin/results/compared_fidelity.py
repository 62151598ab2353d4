"""Who answered on each side of a comparison: FMUs, or stand-ins in their place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from linetwin.results import display, fidelity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run

SHARED = (
    "The sides were not answered by the same models: what differs between them may be the "
    "stand-ins', not what was changed. Compare runs of the same fidelity, or see what a stand-in "
    "costs: docs/studies.md"
)


@dataclass(frozen=True)
class Side:
    """Who answered for a process of a station in the runs of one side.

    `fidelity`: auto or surrogate, several where runs differ, or the past of a branch; `stand_ins`:
    file and digest of each;
    `lots`: how many had a choice, `by_stand_in`, `by_fmu`, `by_both` how many of them by whom;
    `calls`, `calls_by_stand_in`. No lot is counted where the stand-in alone answers: it answered
    for all.
    """

    fidelity: str
    stand_ins: list[str]
    lots: int = 0
    by_stand_in: int = 0
    by_fmu: int = 0
    by_both: int = 0
    calls: int = 0
    calls_by_stand_in: int = 0

    def told(self, process: str) -> str:
        """Return it in words."""
        if not self.lots:
            return f"{process} all by the stand-in"
        text = f"{process} {self.by_stand_in:,} of {self.lots:,} lots by the stand-in"
        return f"{text}, {self.by_both:,} by both" if self.by_both else text


_FMU: Mapping[str, str] = {"fidelity": "fmu"}
Sides = dict[str, dict[str, Side]]
"""Title of a side -> address of a process that has a stand-in -> who answered."""


def sides(groups: Mapping[str, Sequence[int]], runs: Sequence[Run]) -> Sides:
    """Return who answered on each side; nothing of a side for which FMUs alone did."""
    return {title: _side([runs[n] for n in members]) for title, members in groups.items()}


def _side(runs: Sequence[Run]) -> dict[str, Side]:
    """Return who answered in the runs of a side, and in the pasts from which they branched off."""
    pasts = [
        past
        for run in runs
        for past in (*run.manifest.get(fidelity.BEFORE, ()), run.manifest.get(fidelity.NOW, {}))
    ]
    addresses = dict.fromkeys(address for past in pasts for address in past)
    if not addresses:
        return {}
    choices = pd.concat([fidelity.choices(run).assign(run=n) for n, run in enumerate(runs)])
    found = {}
    for address in addresses:
        station, _, process = address.rpartition(".")
        own = choices[(choices["station"] == station) & (choices["process"] == process)]
        found[address] = _answering([past.get(address, _FMU) for past in pasts], own)
    return found


def _answering(told: Sequence[Mapping[str, str]], choices: pd.DataFrame) -> Side:
    by_stand_in = choices["who"] == fidelity.BY_STAND_IN
    shares = by_stand_in.groupby([choices["run"], choices["lot"]]).mean()
    names = dict.fromkeys(f"{e['file']} {e['digest'][:12]}" for e in told if e is not _FMU)
    return Side(
        fidelity=" and ".join(dict.fromkeys(each["fidelity"] for each in told)),
        stand_ins=list(names),
        lots=len(shares),
        by_stand_in=int((shares == 1.0).sum()),
        by_fmu=int((shares == 0.0).sum()),
        by_both=int(((shares > 0.0) & (shares < 1.0)).sum()),
        calls=len(choices),
        calls_by_stand_in=int(by_stand_in.sum()),
    )


def differ(found: Sides) -> bool:
    """Say whether sides were answered by other models, or by other stand-ins."""
    models = [
        {address: (side.fidelity, side.stand_ins) for address, side in own.items()}
        for own in found.values()
    ]
    return any(each != models[0] for each in models)


def lines(found: Sides) -> list[str]:
    """Say of each side who answered; nothing where FMUs did everywhere."""
    if not any(found.values()):
        return []
    return [
        f"{title}: {'; '.join(each.told(display.name(n)) for n, each in own.items())}"
        if own
        else f"{title}: FMUs alone"
        for title, own in found.items()
    ]


def plain(found: Sides) -> dict[str, dict[str, dict[str, Any]]]:
    """Return it as JSON has it."""
    return {
        title: {address: asdict(side) for address, side in own.items()}
        for title, own in found.items()
    }
