"""`linetwin bench causes`: runs with something hidden in them, and whether it is named.

Ten causes and twenty seeds, pairs of causes, controls with nothing hidden, and sound runs that say
what is normal. Runs are kept in a folder and made once: an interrupted bench goes on where it was.
"""

from __future__ import annotations

import gc
import itertools
import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.cli import OBJECTS_BETWEEN_LOOKS
from linetwin.cli.study_running import simulate
from linetwin.contracts import CONTRACTS
from linetwin.errors import ResultsError
from linetwin.line.checks import disturbable_inputs
from linetwin.results import read
from linetwin.scenario.loading import Asked, find_scenario, open_scenario
from linetwin.surrogates.hidden.conditions import (
    CAUSES,
    LINE_LOTS,
    SCENARIO,
    delivery,
    given_by,
    window,
    written_settings,
)
from linetwin.surrogates.hidden.foretelling import foretell, known_before
from linetwin.surrogates.hidden.naming import named
from linetwin.surrogates.hidden.normal import of_runs
from linetwin.surrogates.hidden.readings import streams
from linetwin.surrogates.hidden.scoring import Judged, Truth, confusion, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from linetwin.results.reader import Run
    from linetwin.surrogates.hidden.conditions import Cause
    from linetwin.surrogates.hidden.foretelling import Foretold

SOUND_SEEDS: Final = range(501, 521)
"""Seeds of the runs that say what is normal; none of them is scored."""
SEEDS: Final = range(1, 21)
PAIR_SEEDS: Final = 4
"""Seeds of each pair; every second pair of ten causes is made."""
TRUTH: Final = "hidden.json"
FOLDER: Final = "runs/hidden_causes"
"""Where the runs are kept, from where the bench is called."""


@dataclass(frozen=True)
class Planned:
    """A run: its seed and what is hidden in it, nothing in a control."""

    name: str
    seed: int
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True)
class Hidden:
    """What was hidden in a run: cause, station, and the seconds or the lot of a delivery."""

    cause: str
    station: str
    after_s: int = 0
    until_s: int = 0
    lot: str = ""


def planned(seeds: Sequence[int] = SEEDS, causes: Sequence[Cause] = CAUSES) -> Iterator[Planned]:
    """Yield all runs: what a cause needs of its control comes first, and each seed is whole."""
    for seed in SOUND_SEEDS:
        yield Planned(f"sound-{seed}", seed)
    pairs = list(itertools.combinations(causes, 2))[::4]
    for index, seed in enumerate(seeds):
        yield Planned(f"control-{seed}", seed)
        for cause in causes:
            yield Planned(f"{_slug(cause.name)}-{seed}", seed, (cause,))
        if index < PAIR_SEEDS:
            for first, second in pairs:
                name = f"{_slug(first.name)}+{_slug(second.name)}-{seed}"
                yield Planned(name, seed, (first, second))


def make(folder: Path, runs: Sequence[Planned], tell: Callable[[str], None]) -> None:
    """Make the runs that are not there yet."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)  # as the command does
    _write_line(folder)
    for number, each in enumerate(runs):
        if not (folder / each.name / TRUTH).is_file():
            tell(f"{number + 1} of {len(runs)}: {each.name}")
            _make(folder, each)


def _make(folder: Path, each: Planned) -> None:
    """Make one run, with the truth beside it once it is whole."""
    settings, hidden, deliveries = [], [], {}
    for number, cause in enumerate(each.causes):
        sound = read(folder / f"control-{each.seed}")
        if cause.is_delivery:
            lot = delivery(cause, sound, each.seed)
            deliveries[lot] = cause.does
            hidden.append(Hidden(cause.name, cause.station, lot=lot))
            continue
        times = window(cause, sound, each.seed)
        settings.append(written_settings(cause, f"hidden_{number}", *times))
        hidden.append(Hidden(cause.name, cause.station, *times))
    file = folder / "scenario.yaml"
    if deliveries:
        file = folder / "delivered.yaml"
        lots = "".join(f"  {lot}: {{{does}}}\n" for lot, does in deliveries.items())
        file.write_text(_scenario() + f"deliveries:\n{lots}", encoding="utf-8")
    inputs = {kind: disturbable_inputs(kind) for kind in CONTRACTS}
    target = folder / each.name
    shutil.rmtree(target, ignore_errors=True)  # what an interruption left
    scenario = open_scenario(file).scenario(Asked(settings, each.seed, inputs=inputs))
    simulate(scenario, file, target)
    truth = {"seed": each.seed, "hidden": [asdict(one) for one in hidden]}
    (target / TRUTH).write_text(json.dumps(truth, indent=1), encoding="utf-8")


def truth_of(run: Run) -> list[Hidden]:
    """Return what was hidden in a run of this bench."""
    content = json.loads((run.path / TRUTH).read_text(encoding="utf-8"))
    return [Hidden(**each) for each in content["hidden"]]


def _write_line(folder: Path) -> None:
    """Write the scenario and the pilot line with small lots of powder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (_shipped() / "lines" / "pilot.yaml").read_text(encoding="utf-8")
    for material, (written, small) in LINE_LOTS.items():
        before, name, rest = text.partition(f"  {material}:\n")
        if not name or written not in rest:
            raise ResultsError(f"the pilot line has no {material} with {written}")
        text = before + name + rest.replace(written, small, 1)
    (folder / "line.yaml").write_text(text, encoding="utf-8")
    (folder / "scenario.yaml").write_text(_scenario(), encoding="utf-8")


def _scenario() -> str:
    return SCENARIO.format(shipped=_shipped())


def _shipped() -> Path:
    return find_scenario("baseline").resolve().parent


def _slug(name: str) -> str:
    return name.replace(" ", "_")


def judge(folder: Path, runs: Sequence[Planned], tell: Callable[[str], None]) -> list[Judged]:
    """Name what is wrong in each run, by what the sound ones show, and put the truth beside it."""
    sound = [streams(read(folder / each.name)) for each in runs if each.name.startswith("sound")]
    normal = of_runs(sound)
    found = []
    for each in runs:
        if each.name.startswith("sound"):
            continue
        tell(f"naming {each.name}")
        run = read(folder / each.name)
        truth = tuple(_truth(run, one) for one in truth_of(run))
        found.append(Judged(each.name, each.seed, truth, tuple(named(run, normal))))
    return found


def _truth(run: Run, hidden: Hidden) -> Truth:
    """Return the lots that a hidden cause touched in its own run."""
    if hidden.lot:
        return Truth(hidden.cause, hidden.station, (hidden.lot,))
    begin, end = 1000 * hidden.after_s, 1000 * hidden.until_s
    lots = tuple(lot for lot, tick in given_by(run, hidden.station) if begin <= tick <= end)
    return Truth(hidden.cause, hidden.station, lots)


@dataclass(frozen=True)
class Figures:
    """What the bench found: names of all runs, and how scrap was foretold."""

    judged: list[Judged]
    foretold: Foretold

    def content(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "runs": len(self.judged),
            "first_named": confusion(self.judged),
            "shares": {name: share.content() for name, share in shares(self.judged).items()},
            "scrap_before_formation": self.foretold.content(),
        }


def measure(folder: Path, tell: Callable[[str], None]) -> Figures:
    """Make what runs are missing, name what is wrong in each, and foretell scrap."""
    runs = list(planned())
    make(folder, runs, tell)
    return figures(folder, runs, tell)


def figures(folder: Path, runs: Sequence[Planned], tell: Callable[[str], None]) -> Figures:
    """Return the figures of runs that are there; scrap is foretold in those without pairs."""
    alone = [each for each in runs if len(each.causes) < 2 and each.seed not in SOUND_SEEDS]  # noqa: PLR2004
    tables = {}
    for each in alone:
        tell(f"reading {each.name}")
        tables[each.name] = known_before(read(folder / each.name))
    return Figures(
        judge(folder, runs, tell), foretell(tables, {each.name: each.seed for each in alone})
    )


def described(found: Figures) -> list[str]:
    """Return what the bench found, line by line."""
    lines = ["first named, by what was hidden:"]
    for cause, stations in confusion(found.judged).items():
        counts = sorted(stations.items(), key=lambda each: -each[1])
        lines.append(f"  {cause}: " + ", ".join(f"{name} {count}" for name, count in counts))
    lines += [f"{name}: {share.text}" for name, share in shares(found.judged).items()]
    scrap = found.foretold
    mean, low, high = scrap.saving
    lines += [
        (
            f"scrap foretold before formation ({scrap.winner}, stopped from"
            f" {100 * scrap.threshold:.0f} %), {scrap.cells:,} cells of unseen seeds:"
            f" precision {scrap.precision.text}, recall {scrap.recall.text}"
        ),
        (
            f"expected saving {mean:.0f} EUR per 1,000 cells ({low:.0f} to {high:.0f}), at best"
            f" {scrap.best:.0f}; costs are assumed"
        ),
    ]
    lines += [
        f"  stopped from {100 * at:.0f} %: precision {precision.text}, recall {recall.text}"
        for at, precision, recall in scrap.others
    ]
    return lines
